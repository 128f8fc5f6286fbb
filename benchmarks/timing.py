"""Times two things side by side: by turns, in one run, so that what slows the machine slows both.

In: two actions. Out: the seconds of each pair, and the ratio that they have in the middle.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pairs:
    """Seconds of two actions, measured by turns; `ratio` is the median over pairs of first / second."""

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """The ratio of each pair, in ascending order."""
        return sorted(a / b for a, b in zip(self.first, self.second, strict=True))

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)


Clock = Callable[[], float]


def side_by_side(
    first: Callable[[], object], second: Callable[[], object], *, pairs: int, clock: Clock = time.perf_counter
) -> Pairs:
    """Does both once unmeasured, then `pairs` times by turns."""
    first()
    second()
    times = [(seconds(first, clock=clock), seconds(second, clock=clock)) for _ in range(pairs)]
    return Pairs(tuple(a for a, _ in times), tuple(b for _, b in times))


def seconds(action: Callable[[], object], *, clock: Clock = time.perf_counter) -> float:
    """How long an action takes; by the clock `time.process_time`, of the processor."""
    started = clock()
    action()
    return clock() - started
