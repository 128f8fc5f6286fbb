"""Progress: a bar with an estimate on a terminal, plain lines in a log.

In: what the runner tells. Out: lines on standard error. rich is imported only where there is a terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO


class Progress:
    """Told of stages as they end; shows how far the work is and about how long the rest takes."""

    def __init__(self, costs: Mapping[str, float], *, stream: TextIO | None = None) -> None:
        self.costs = {name: max(cost, 0.05) for name, cost in costs.items()}
        self.stream = stream or sys.stderr
        self.left = dict(self.costs)
        self.ended = 0
        self.started = time.monotonic()
        self._bar = _bar(len(costs)) if self.stream.isatty() else None

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def told(self, event: str, text: str) -> None:
        """Hears ("done", stage), ("failed", stage) or ("note", sentence) from the runner."""
        if event == "note":
            self._say(text)
            return
        self.ended += 1
        self.left.pop(text, None)
        total = self.ended + len(self.left)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self.ended, total=total, now=text, left=self.estimate())
        if self._bar is None or event == "failed":
            self._say(
                f"[{self.ended}/{total}] {text}{' FAILED' if event == 'failed' else ''}   {self.estimate()}".rstrip()
            )

    def estimate(self) -> str:
        """About how long the rest takes, from how fast the work went so far."""
        done, left = sum(self.costs.values()) - sum(self.left.values()), sum(self.left.values())
        if not left or done <= 0:
            return ""
        return f"about {spoken((time.monotonic() - self.started) * left / done)} left"

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, highlight=False)
        else:
            print(text, file=self.stream, flush=True)


def spoken(seconds: float) -> str:
    """A duration as people say it: "40 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _bar(total: int):  # noqa: ANN202  (rich's type would import rich)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}"),
        TextColumn("[dim]{task.fields[left]}"),
    )
    bar = Bar(*columns, console=Console(stderr=True))
    bar.add_task("", total=total, now="", left="")
    return bar
