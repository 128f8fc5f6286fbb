"""Markdown to HTML: a page's text goes in, its body and table of contents come out.

Maths becomes MathML, code is highlighted with classes, and wide tables and code scroll in their own box, so
that the result needs no script and no inline style.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache

import markdown

from report.errors import PageError

EXTENSIONS = (
    "abbr",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "smarty",
    "tables",
    "toc",
    "pymdownx.arithmatex",
    "pymdownx.betterem",
    "pymdownx.highlight",
    "pymdownx.superfences",
)
OPTIONS = {
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.highlight": {"guess_lang": False},
    "footnotes": {"BACKLINK_TITLE": "Back to the text, footnote {}"},
}
_MATHS = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_CODE = re.compile(r'<div class="highlight">(<pre>.*?</pre>)</div>', re.DOTALL)
_UNREAD = re.compile(r'<[a-z]+ [^>]*markdown="1"')
_TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Heading:
    """An entry of the table of contents."""

    anchor: str
    title: str  # HTML without links or facts' brackets


def to_html(text: str) -> tuple[str, tuple[Heading, ...]]:
    """The HTML of a Markdown text, and its second-level headings in order. Raises PageError for maths that cannot be
    read, and for an element with Markdown in it that was taken for a part of the paragraph before it."""
    converter = _converter().reset()
    body = converter.convert(text)
    if unread := _UNREAD.search(body):
        raise PageError(f"{unread.group()}> follows a line of text; leave an empty line before it.")
    headings = tuple(
        Heading(token["id"], html.escape(html.unescape(token["name"])))
        for token in _flat(converter.toc_tokens)  # type: ignore[attr-defined]
        if token["level"] == 2
    )
    return _finish(body), headings


def inline(text: str) -> str:
    """The HTML of a single line of Markdown, without the paragraph around it."""
    body, _ = to_html(text)
    return re.sub(r"^<p>(.*)</p>$", r"\1", body, flags=re.DOTALL)


def plain(markup: str) -> str:
    """Markup as plain text: tags dropped, entities resolved, white space folded (but no-break spaces kept)."""
    return re.sub(r"[ \t\n]+", " ", html.unescape(_TAGS.sub("", markup))).strip()


def scrollable(markup: str, label: str, *classes: str) -> str:
    """A box that scrolls sideways by itself and that the keyboard reaches."""
    names = " ".join(("scroll", *classes))
    return f'<div class="{names}" tabindex="0" role="group" aria-label="{html.escape(label)}">{markup}</div>'


@cache
def _converter() -> markdown.Markdown:
    return markdown.Markdown(extensions=list(EXTENSIONS), extension_configs=OPTIONS, output_format="html")


def _finish(body: str) -> str:
    body = re.sub(r' style="text-align: (left|right|center);"', r' class="\1"', body)
    body = re.sub(r"<th(?: class=\"\w+\")?></th>", "<td></td>", body)  # an empty cell heads nothing
    body = body.replace("<th>", '<th scope="col">').replace("<th class", '<th scope="col" class')
    body = _MATHS.sub(_maths, body)
    body = _TABLE.sub(lambda match: scrollable(match.group(), "Table", "table"), body)
    return _CODE.sub(lambda match: scrollable(match.group(1), "Code", "highlight"), body)


def _maths(match: re.Match[str]) -> str:
    from latex2mathml.converter import convert as mathml  # here, as most texts have no maths

    display = match.group(1) == "div"
    latex = html.unescape(match.group(2)).strip()
    try:
        formula = mathml(latex, display="block" if display else "inline")
    except Exception as error:  # latex2mathml has no common error class
        raise PageError(f"maths cannot be read: {latex!r} ({type(error).__name__}); correct the formula.") from error
    return scrollable(formula, "Formula", "formula") if display else formula


def _flat(tokens: list[dict]) -> list[dict]:  # type: ignore[type-arg]
    return [each for token in tokens for each in (token, *_flat(token["children"]))]
