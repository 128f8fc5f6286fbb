"""The pages of the site and their order, as the pages' own files say: see report/site/front_matter.py.

In: the files in templates/pages. Out: the pages, in the order of their numbers, and the faults of what they say of
themselves. No list names them: another file `<slug>.md` is another page.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from report.errors import PageError
from report.site import front_matter

SITE_TITLE = "Inside MNIST"
SITE_TAGLINE = "What normalization and convolution change inside four small networks"
LINKED = ("index", "methods", "glossary", "references")  # to which the frames and functions of all pages link
SLUG = re.compile(r"(?!404$)[a-z0-9-]+")


@dataclass(frozen=True)
class Page:
    """`title` is the short name in the contents, `question` the heading, `description` what search engines show.

    `scripts` and `styles` are what it needs besides those of every page, in their order, as paths in the site.
    """

    slug: str
    title: str
    question: str
    description: str
    part: str
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.slug}.html"


@dataclass(frozen=True)
class Contents:
    """All pages in their order, and a line for each fault of what they say of themselves. What is missing or wrong is
    replaced by a page's slug: enough to look for faults elsewhere, but not to show it."""

    pages: tuple[Page, ...]
    faults: tuple[str, ...]
    absent: Mapping[str, str] = field(default_factory=dict)  # {page: why the study cannot have it}

    def without(self, absent: Mapping[str, str]) -> Contents:
        """The contents of a study that cannot have some pages."""
        return replace(self, pages=tuple(page for page in self.pages if page.slug not in absent), absent=absent)


# The scripts of the digit lab, in the order in which they build on each other. The last one fetches what they show.
LAB = (
    "assets/shared/bytes.js",
    "assets/shared/fetched.js",
    "assets/shared/element.js",
    "assets/shared/forward.js",
    "assets/shared/state.js",
    "assets/lab/raster.js",
    "assets/lab/board.js",
    "assets/shared/words.js",
    "assets/shared/paint.js",
    "assets/lab/answers.js",
    "assets/lab/arithmetic.js",
    "assets/lab/units.js",
    "assets/lab/scales.js",
    "assets/lab/controls.js",
    "assets/lab/chosen.js",
    "assets/lab/effects.js",
    "assets/lab/strip.js",
    "assets/lab/pictures.js",
    "assets/lab/sums.js",
    "assets/lab/window.js",
    "assets/lab/lab.js",
)

# And those of the map, whose networks' own data are fetched when they are chosen.
MAP = (
    "data/map.js",
    "assets/shared/bytes.js",
    "assets/shared/fetched.js",
    "assets/shared/element.js",
    "assets/shared/state.js",
    "assets/map/data.js",
    "assets/map/pick.js",
    "assets/map/state.js",
    "assets/map/dots.js",
    "assets/map/tiles.js",
    "assets/map/marks.js",
    "assets/map/misread.js",
    "assets/map/draw.js",
    "assets/map/panel.js",
    "assets/map/gestures.js",
    "assets/map/controls.js",
    "assets/map/nearby.js",
    "assets/map/detail.js",
    "assets/map/map.js",
)
PREDICT = ("assets/shared/state.js", "assets/shared/predict.js")

# The trainer, whose images are fetched when it is opened.
TRAIN = (
    "assets/shared/bytes.js",
    "assets/shared/element.js",
    "assets/shared/state.js",
    "assets/shared/forward.js",
    "assets/shared/paint.js",
    "assets/shared/fetched.js",
    "assets/train/images.js",
    "assets/train/network.js",
    "assets/train/pair.js",
    "assets/train/choices.js",
    "assets/train/controls.js",
    "assets/train/curves.js",
    "assets/train/pictures.js",
    "assets/train/plane.js",
    "assets/train/views.js",
    "assets/train/train.js",
)
BUNDLES: Mapping[str, tuple[str, ...]] = {
    "lab": LAB,
    "map": MAP,
    "predict": PREDICT,
    "train": TRAIN,
}  # by the names that front matter gives them


def read(root: Path, *, memo: MutableMapping[str, Any] | None = None) -> Contents:
    """The pages of a project. `memo` is what an earlier call learnt of their files; it comes to say what this one did.
    Raises PageError where the folder of pages cannot be read."""
    memo = {} if memo is None else memo
    names = _names(root)
    slugs = [name for name in names if SLUG.fullmatch(name)]
    faults = [_misnamed(name) for name in names if name not in slugs]
    faults += [f"{_file(slug)} is missing; write it: every page links to it." for slug in LINKED if slug not in slugs]
    right: dict[str, dict[str, Any]] = {}
    learnt: dict[str, Any] = {}
    for slug in slugs:
        found, right[slug], wrong = _said(root, slug, known=memo.get(slug))
        learnt |= {} if wrong else {slug: found}
        faults += wrong
    memo.clear()
    memo.update(learnt)
    in_order = sorted(slugs, key=lambda slug: right[slug].get("order", math.inf))
    faults += _disordered({slug: right[slug] for slug in in_order if right[slug].keys() >= {"order", "part"}})
    return Contents(tuple(_page(slug, right[slug]) for slug in in_order), tuple(faults))


def _said(root: Path, slug: str, *, known: Any) -> tuple[Any, dict[str, Any], list[str]]:
    """What is read of a page's file, what of that is right, and a line for each fault."""
    try:
        found = front_matter.read(root / "templates", f"pages/{slug}.md", known=known)
    except PageError as error:
        return None, {}, [str(error)]
    wrong = list(front_matter.wrong(found["says"], bundles=BUNDLES))
    right = {key: value for key, value in found["says"].items() if key not in dict(wrong)}
    return found, right, [f"{_file(slug)}: {what}" for _, what in wrong]


def _names(root: Path) -> list[str]:
    """The names of the files of pages, less their ending; hidden files are an editor's."""
    try:
        with os.scandir(root / "templates" / "pages") as entries:
            files = [entry.name for entry in entries if entry.is_file() and not entry.name.startswith(".")]
    except OSError as error:
        raise PageError(f"templates/pages cannot be read: {error.strerror}; it holds a file for each page.") from error
    return sorted(name.removesuffix(".md") for name in files if name.endswith(".md"))


def _misnamed(name: str) -> str:
    return f"templates/pages: {f'{name}.md'!r} cannot be an address; use a to z, 0 to 9 and hyphens (404 is taken)."


def _file(slug: str) -> str:
    return f"templates/pages/{slug}.md"


def _disordered(pages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Faults of the order of pages, which stand in it: numbers that two have, and parts that are not in one piece."""
    ended: set[str] = set()
    for before, slug in pairwise(pages):
        if pages[slug]["order"] == pages[before]["order"]:
            yield f"{_file(slug)}: order {pages[slug]['order']} is that of {_file(before)} as well; change one of them."
        if pages[slug]["part"] != pages[before]["part"]:
            ended.add(pages[before]["part"])
            if pages[slug]["part"] in ended:
                yield (
                    f"{_file(slug)}: part {pages[slug]['part']!r} goes on after {_file(before)}, which is of part "
                    f"{pages[before]['part']!r}; write them alike, or change the order."
                )


def _page(slug: str, says: Mapping[str, Any]) -> Page:
    title, question, description, part = (says.get(key, slug) for key in ("title", "question", "description", "part"))
    scripts = [path for name in says.get("scripts", ()) for path in BUNDLES.get(name, (name,))]
    return Page(slug, title, question, description, part, tuple(dict.fromkeys(scripts)), tuple(says.get("styles", ())))
