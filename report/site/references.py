"""What the study builds on: templates/references.json goes in, formatted references come out."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path

from report.errors import PageError

FILE = "templates/references.json"


@dataclass(frozen=True)
class Reference:
    """`short` is what a citation shows; `kind` is the group it is listed in."""

    key: str
    kind: str
    short: str
    authors: str
    year: str
    title: str
    venue: str
    url: str
    label: str  # the text of the link: a DOI, an arXiv number, or where it leads

    @property
    def text(self) -> str:
        """The reference as plain text."""
        return f"{self._who} {self.title}. {self.venue}."

    @property
    def _who(self) -> str:
        """Authors and year, with one full stop: initials may end in it."""
        return f"{self.authors}{f' ({self.year})' if self.year else ''}".removesuffix(".") + "."

    @property
    def markup(self) -> str:
        """The reference as HTML, with a link to the original."""
        return (
            f"{html.escape(self._who)} <cite>{html.escape(self.title)}</cite>. {html.escape(self.venue)}. "
            f'<a href="{html.escape(self.url)}">{html.escape(self.label)}</a>'
        )


def load(root: Path) -> dict[str, Reference]:
    """Every reference by its key, in the order of the file."""
    try:
        entries = json.loads((root / FILE).read_text(encoding="utf-8"))
        found = {entry["key"]: Reference(**entry) for entry in entries}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PageError(
            f"{FILE}: cannot be read ({error}); it is a list of references, see report/site/references.py."
        ) from error
    if len(found) != len(entries):
        raise PageError(f"{FILE}: two references have the same key; keys are unique.")
    return found
