"""The words of the glossary, as templates/pages/glossary.md defines them, and their pictures, from templates/terms.

In: the project's folder. Out: the terms by their names, and a line for each picture that belongs to none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from report.errors import unknown, unreadable

PICTURES = "terms"  # the folder in templates: <anchor>.svg is the picture of the term with that anchor
_ENTRY = re.compile(r"""\{%\s*call term\(\s*["']([^"']+)["']\s*\)\s*%\}(.*?)\{%\s*endcall\s*%\}""", re.DOTALL)


@dataclass(frozen=True)
class Term:
    """A word of the glossary: where its entry is there, the template of what it says, and its picture, an SVG."""

    anchor: str
    template: str
    picture: str = ""


def read(root: Path) -> dict[str, Term]:
    """Every term by its name in lower case, in the order of the glossary; none where there is no glossary.
    Raises PageError for a picture that cannot be read."""
    drawn = pictures(root)
    return {name.lower(): Term(at, entry.strip(), drawn.get(at, "")) for name, at, entry in _entries(root)}


def names(root: Path) -> set[str]:
    """The names of all terms, in lower case."""
    return {name.lower() for name, _, _ in _entries(root)}


def pictures(root: Path) -> Mapping[str, str]:
    """Every picture, an SVG, by the anchor that its file is called after. Raises PageError if one cannot be read."""
    found = {}
    for path in _files(root):
        try:
            found[path.stem] = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise unreadable(f"{PICTURES}/{path.name}", error) from error
    return found


def strays(root: Path) -> list[str]:
    """A line for each picture that no term of the glossary has; none where there is no glossary to tell."""
    anchors = {at for _, at, _ in _entries(root)}
    remedy = "A picture is called after its term in templates/pages/glossary.md; rename it or take it away."
    lost = [path for path in _files(root) if anchors and path.stem not in anchors]
    return [
        f"templates/{PICTURES}/{path.name}: {unknown('glossary term', path.stem, anchors, remedy)}" for path in lost
    ]


def _entries(root: Path) -> list[tuple[str, str, str]]:
    """The name, the anchor and the text of each entry."""
    path = root / "templates" / "pages" / "glossary.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = _ENTRY.findall(text)
    return [(name, re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), entry) for name, entry in found]


def _files(root: Path) -> list[Path]:
    """The files of pictures; hidden files are an editor's."""
    found = (root / "templates" / PICTURES).glob("*.svg")
    return sorted(path for path in found if not path.name.startswith("."))
