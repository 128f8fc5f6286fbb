"""A figure as a page shows it: the files of a drawn figure go in, what the figure block needs comes out."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from functools import cached_property

from report.errors import PageError

_VIEW_BOX = re.compile(r'<svg\b[^>]*?\bviewBox="([^"]+)"', re.DOTALL)


@dataclass(frozen=True)
class FigureFiles:
    """What the stage of a figure made, and the function, stage name and key that made it."""

    svg: str
    csv: str
    function: str
    stage: str
    key: str

    @cached_property
    def digest(self) -> str:
        """A digest of all that there is to know of it."""
        parts = (self.svg, self.csv, self.function, self.stage, self.key)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Placed:
    """A figure on a page, with its number there and where its files are on the site."""

    id: str
    number: int
    page: str
    width: int
    height: int
    code: str
    epochs: tuple[int, ...] = ()  # those that a reader can step through

    @property
    def anchor(self) -> str:
        return f"fig-{self.id.partition('/')[2]}"

    @property
    def name(self) -> str:
        return self.id.replace("/", "-")

    @property
    def file(self) -> str:
        return f"figures/{self.name}.svg"

    @property
    def data(self) -> str:
        return f"data/{self.name}.csv"

    @property
    def steps(self) -> str:
        return f"data/{self.name}.epochs.js"


def size(svg: str, figure: str) -> tuple[int, int]:
    """Width and height of a drawing in whole CSS pixels (its viewBox is in points, 3/4 of a pixel)."""
    match = _VIEW_BOX.search(svg)
    numbers = match.group(1).replace(",", " ").split() if match else []
    if len(numbers) != 4:
        raise PageError(f"figure {figure!r} has no viewBox, so its size is unknown; draw it with report/style.py.")
    return math.ceil(float(numbers[2]) * 4 / 3), math.ceil(float(numbers[3]) * 4 / 3)
