"""The rows of the one table: which measure of which chapter, where it is read, and how a reader says it."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = ""  # the whole network
FIRST = "first"  # the first layer: layers too unlike to compare between architectures
LAST = "last"  # the last hidden layer
SHARED = "shared"  # the last hidden layer, where the facts of a condition call it so too
WITHIN = "within"  # the whole network, never compared between architectures


@dataclass(frozen=True)
class Row:
    """A row of the table. `analysis` is whose facts these are, where not those of the analysis named as the page;
    `paired`, whether it takes two networks of a condition."""

    page: str
    fact: str
    part: str
    measure: str
    meaning: str  # what is counted, and in what
    analysis: str = ""
    paired: bool = False

    @property
    def name(self) -> str:
        return f"{self.page}-{self.fact}".replace(".", "-")
