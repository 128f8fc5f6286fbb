"""What the pages of a site share, and what is known of each: the terms in which report/site/writing.py speaks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.spec import Study
from report.argument.facts import Fact
from report.site.cards import Download
from report.site.figure import FigureFiles, Placed
from report.site.pages import Page
from report.site.prose import Heading


@dataclass(frozen=True)
class Provenance:
    """Where the study was computed and what this build did: `stages` counts cached, published and computed stages,
    `seconds` is the computing time of the whole study where it is known."""

    environment: Mapping[str, str]
    stages: Mapping[str, int]
    seconds: float | None = None


@dataclass(frozen=True)
class Shared:
    """What all pages of a site share. `digest` is of all this and of the code, but not of the texts of pages, of
    figures, nor of modules that are shown."""

    root: Path
    study: Study
    card: Mapping[str, Any]
    facts: dict[str, Fact]
    figures: dict[str, FigureFiles]
    provenance: Provenance
    base_url: str | None
    pages: tuple[Page, ...]
    social: Collection[str]
    data: Mapping[str, Any]
    networks: Mapping[str, Mapping[str, Any]]
    absent: Mapping[str, str]
    units: tuple[Mapping[str, Any], ...]
    downloads: tuple[Download, ...]
    code: str
    digest: str


@dataclass(frozen=True)
class Uses:
    """What a page has to do with other files: the figures that stand on it and those that it links to, the references,
    modules and templates of pages that it reads, the terms and references that it is to be named for, and those whose
    users it names."""

    placed: tuple[Placed, ...] = ()
    seen: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Uses:
        """From JSON; TypeError or KeyError where it is not as `dataclasses.asdict` makes it."""
        names = {name: tuple(found[name]) for name in ("seen", "cited", "modules", "templates", "noted", "listed")}
        placed = tuple(Placed(**{**each, "epochs": tuple(each["epochs"])}) for each in found["placed"])
        return cls(placed=placed, **names)


@dataclass(frozen=True)
class Text:
    """A page's text before the frame is put around it."""

    body: str
    headings: tuple[Heading, ...]


@dataclass(frozen=True)
class Written:
    """A page: `made_of` is a digest of everything that its text depends on; `text` is None where an earlier build wrote
    the page of the same. `users` are the pages that use terms and references, as known when it was its turn."""

    page: Page
    uses: Uses
    made_of: str
    text: Text | None
    users: dict[str, list[Page]]
    listings: Mapping[str, str]

    def remembered(self) -> dict[str, Any]:
        """What the next build is to know of the page."""
        return {"made_of": self.made_of, "uses": asdict(self.uses), "listings": self.listings}
