"""What a reader can search for: the places of the site that an address can name, each with its heading and its text.

In: pages as HTML. Out: of a page its places, in their order; of all pages, the text of data/search.js.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from report.play.networks import script
from report.site.pages import Page

FILE = "data/search.js"
Places = list[list[str]]  # [[anchor, heading, text], ...], the page's beginning with ""
PLACES = {"figure", "entry", "unit", "unit-layer"}  # elements with an id and one of these classes are places, and:
ITEM = "li"  # items with an id, where something in them is a title
FLOW = {"h1", "h2", "h3"}  # headings, from which a place goes on to the next one
TITLES = {"figure-title", "dfn", "cite", *FLOW}  # what a place is called: elements by class or name
# What is drawn, listed or pressed is no text to be read; what is folded away as data and code has pages of its own.
DRAWN = re.compile(r"<(math|pre|script|svg|table)\b.*?</\1>", re.DOTALL)
SKIPPED = {"button", "nav", "select", "template"}
SKIPPED |= {"cited", "definition", "evidence", "footnote-ref", "making", "measured", "notice", "panels", "permalink"}
SKIPPED |= {"unseen", "used", "lab", "map", "train"}
INLINE = {"a", "abbr", "button", "cite", "code", "dfn", "em", "i", "kbd", "span", "strong", "sub", "sup"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


def places(html: str) -> Places:
    """The places of a page, with the text that stands under each heading and before the next."""
    reader = _Reader()
    reader.feed(DRAWN.sub(" ", html))
    reader.close()
    found = ((place.anchor, _folded(place.heading), _folded(place.text)) for place in reader.found)
    return [[anchor, heading, text] for anchor, heading, text in found if heading]


def index(pages: Sequence[tuple[Page, Places]]) -> str:
    """data/search.js: of every page its file, its short name, its places and what it says of itself."""
    return script("search", [[page.file, page.title, found, page.description] for page, found in pages])


def _folded(parts: Sequence[str]) -> str:
    return re.sub(r"\s+", " ", "".join(parts)).strip()


@dataclass
class _Place:
    anchor: str
    heading: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


@dataclass
class _Element:
    """An element that is open. `titled`: the place whose heading it is."""

    tag: str
    is_place: bool
    is_skipped: bool
    titled: _Place | None


class _Reader(HTMLParser):
    """Reads a page; `found` are the places of its main part so far."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Place] = []
        self.within: list[_Place] = []  # the places that are open, the innermost last
        self.open: list[_Element] = []
        self.skipped = 0  # elements that are open and not to be read

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "main":
            self.within = [self._begin("")]
        self._part(tag)
        if not self.within or tag in VOID:
            return
        names = {tag, *given.get("class", "").split()}
        is_skipped = bool(self.skipped or SKIPPED & names)
        self.skipped += is_skipped
        is_place = not is_skipped and "id" in given and (tag == ITEM or bool(PLACES & names))
        if is_place:
            self.within.append(self._begin(given["id"]))
        elif not is_skipped and tag in FLOW and "id" in given and self.within[-1].heading:
            self.within[-1] = self._begin(given["id"])
        titled = self.within[-1] if TITLES & names and not self.within[-1].heading else None
        self.open.append(_Element(tag, is_place, is_skipped, titled))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            element = self.open.pop()
            self.skipped -= element.is_skipped
            if element.is_place:
                self._end()
            if element.tag == tag:
                break
        self._part(tag)
        if tag == "main":
            self.within = []

    def handle_data(self, data: str) -> None:
        if not self.within or self.skipped:
            return
        titled = next((element.titled for element in self.open if element.titled), None)
        if titled:
            titled.heading.append(data)
        if not titled or self.open[-1].tag == "cite":  # a work's title stands in the middle of its entry
            self.within[-1].text.append(data)

    def _begin(self, anchor: str) -> _Place:
        place = _Place(anchor)
        self.found.append(place)
        return place

    def _end(self) -> None:
        """Leaves a place; what has no heading was none, and its text is that of the place around it."""
        place = self.within.pop()
        if not place.heading:
            self.within[-1].text += place.text

    def _part(self, tag: str) -> None:
        """Words of two blocks are not one word."""
        if self.within and tag not in INLINE:
            self.within[-1].text.append(" ")
