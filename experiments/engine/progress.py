"""Progress: a bar with an estimate on a terminal, plain lines in a log.

In: what the runner tells. Out: lines on standard error. rich is imported only where there is a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress:
    """Told of stages as they end; shows how far the work is and about how long the rest takes.

    sure: the stages that will run. perhaps: those that run only if what they read comes out differently. costs: tells
    the seconds that stages take, where known; asked again as work goes on, because every stage that ends tells of
    those like it. jobs: how many run at a time.
    """

    def __init__(
        self,
        sure: Iterable[str],
        *,
        perhaps: Iterable[str] = (),
        costs: Callable[[], Mapping[str, float]],
        jobs: int,
        stream: TextIO | None = None,
    ) -> None:
        self.sure, self.perhaps = set(sure), set(perhaps)
        self.costs = costs
        self.jobs = jobs
        self.stream = stream or sys.stderr
        self.ended = 0
        self._bar = _bar(self.stream, len(self.sure)) if self.stream.isatty() else None

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
        """Hears ("done", stage), ("failed", stage), ("spared", stage), ("due", stage) or ("note", sentence) from the
        runner."""
        self.sure.discard(text)
        self.perhaps.discard(text)
        if event == "due":
            self.sure.add(text)
        self.ended += event in ("done", "failed")
        total = self.ended + len(self.sure)
        if self._bar is not None:
            now = text if event == "done" else ""
            self._bar.update(self._bar.task_ids[0], completed=self.ended, total=total, now=now, left=self.estimate())
        if event == "note":
            self._say(text)
        elif event == "failed":
            self._say(f"[{self.ended}/{total}] {text} FAILED")
        elif event == "done" and self._bar is None:
            self._say(f"[{self.ended}/{total}] {text}   {self.estimate()}".rstrip())

    def estimate(self) -> str:
        """About how long the rest takes; nothing where nothing is known of it."""
        costs = self.costs()
        sure, longest = (duration(names, costs, jobs=self.jobs) for names in (self.sure, self.sure | self.perhaps))
        if longest is None:
            return ""
        known = all(name in costs for name in self.sure | self.perhaps)
        if not self.perhaps:
            return f"{'about' if known else 'more than'} {spoken(longest)} left"
        most = f"{'at most' if known else 'perhaps more than'} {spoken(longest)}"
        return f"{most} left" if sure is None else f"about {spoken(sure)} left, {most}"

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=self.stream, flush=True)


def duration(names: Collection[str], costs: Mapping[str, float], *, jobs: int) -> float | None:
    """The seconds that stages take on so many processes, as far as that is known; None where of none it is."""
    known = [costs[name] for name in names if name in costs]
    return max(sum(known) / jobs, *known) if known else None


def spoken(seconds: float) -> str:
    """A duration as people say it: "40 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _bar(stream: TextIO, total: int) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[left]}"),
        TextColumn("{task.fields[now]}"),
    )
    bar = Bar(*columns, console=Console(file=stream))
    bar.add_task("", total=total, now="", left="")
    return bar
