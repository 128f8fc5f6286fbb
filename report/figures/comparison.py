"""The figure of the comparison: every measure a row, every comparison a column, unlike units side by side.

In: the facts of experiments.analyses.comparison. Out: the drawing as SVG, and the numbers in it as CSV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from report import export, style

Fact = Mapping[str, Any]
Row = Mapping[str, Any]

LINE = 0.2  # inches of height for each row
EDGE = 1.15  # where a column ends, in lengths of a row's farthest interval
ROOMY = 4  # with so many beside each other there is room for words
ACROSS = 6  # comparisons beside each other; further ones stand below
HEADER = ("page", "measure", "comparison", "difference", "low", "high", "n", "unit", "verdict", "drawn_at")


@style.drawn
def overview(*, facts: Mapping[str, Fact]) -> dict[str, str]:
    """The difference of every measure in every comparison, with its interval, each row on a scale of its own.

    A row's scale is its own farthest end of an interval, so within a row lengths compare, between rows signs only.
    A mark is full where a difference is higher or lower, hollow where it is undecided, a stroke where it is the same.
    """
    rows = _rows(facts)
    lines = _lines(rows)
    columns = style.study()["comparisons"]
    down = -(-len(columns) // ACROSS)
    height = 1.2 + LINE * len(lines)
    fig, grid = style.figure(
        height=height * down, nrows=down, ncols=min(ACROSS, len(columns)), sharey=True, squeeze=False
    )
    for ax in grid.flat[len(columns) :]:
        ax.set_axis_off()
    table: list[tuple] = []
    for ax, comparison in zip(grid.flat, columns, strict=False):
        table += _column(ax, comparison, lines, facts)
    for ax in grid[:, 0]:
        ax.set_yticks(range(len(lines)), [row if isinstance(row, str) else row["measure"] for row in lines])
        for label, row in zip(ax.get_yticklabels(), lines, strict=True):
            label.set_color(style.MUTED if isinstance(row, str) else style.INK)
            label.set_fontweight("bold" if isinstance(row, str) else "normal")
    return export.done(fig, table, HEADER)


def _column(ax: Axes, comparison: str, lines: Sequence[Row | str], facts: Mapping[str, Fact]) -> list[tuple]:
    """All measures in one comparison, in the look of what its two conditions share."""
    of = style.study()["comparisons"][comparison]
    look = style.look_of(**{"architecture" if of["axis"] == "treatment" else "treatment": of["within"]})
    ax.set_title(_heading(comparison))
    across = min(ACROSS, len(style.study()["comparisons"]))
    measured = [place for place, row in enumerate(lines) if not isinstance(row, str)]
    _strokes(ax, [(-EDGE, EDGE, place) for place in measured], color=style.GRID, linewidth=0.5, zorder=0)
    _frame(ax, len(lines), ends=("lower", "higher") if across <= ROOMY else (style.MINUS, "+"))
    table, reaches = [], []
    marks: dict[str, list[tuple[float, int]]] = {}
    for place, row in enumerate(lines):
        if isinstance(row, str):
            continue
        if comparison in row["compared"]:
            fact, scale = facts[_name(row, comparison)], _scale(row, facts)
            marks.setdefault(fact["verdict"], []).append((fact["value"] / scale, place))
            if fact["low"] is not None:
                reaches.append((fact["low"] / scale, fact["high"] / scale, place))
            ends = (fact["value"], fact["low"], fact["high"], fact["n"], fact["unit"], fact["verdict"])
            table.append((row["page"], row["measure"], comparison, *ends, fact["value"] / scale))
    _strokes(ax, reaches, color=look["color"], linewidth=1.6, alpha=0.6)
    for verdict, found in marks.items():
        _marks(ax, found, verdict, look)
    return table


def _rows(facts: Mapping[str, Fact]) -> list[Row]:
    found = {fact["of"]["place"]: fact["of"] for fact in facts.values() if "of" in fact}
    return [found[place] for place in sorted(found)]


def _lines(rows: Sequence[Row]) -> list[Row | str]:
    """The rows, with the name of the page above the first of each page."""
    lines: list[Row | str] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before["page"] != row["page"]:
            lines.append(row["page"].capitalize())
        lines.append(row)
    return lines


def _heading(comparison: str) -> str:
    """What is subtracted from what, in four lines."""
    within, _, of = style.difference(comparison).partition(": ")
    first, second = of.split(f" {style.MINUS} ")
    return f"{within}:\n{first}\nminus\n{second}"


def _name(row: Row, comparison: str) -> str:
    return f"comparison.{row['row']}.difference.{comparison}"


def _scale(row: Row, facts: Mapping[str, Fact]) -> float:
    """The farthest from zero that a value or an end of an interval of the row lies."""
    found = [facts[_name(row, comparison)] for comparison in row["compared"]]
    return max(abs(fact[end] or 0.0) for fact in found for end in ("value", "low", "high")) or 1.0


def _frame(ax: Axes, lines: int, *, ends: tuple[str, str]) -> None:
    ax.axvline(0, color=style.MUTED, linewidth=0.8)
    ax.set_xlim(-EDGE, EDGE)
    ax.set_ylim(lines - 0.4, -0.6)
    ax.set_xticks([-1, 1], ends)
    left, right = ax.get_xticklabels()
    left.set_horizontalalignment("left")
    right.set_horizontalalignment("right")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _strokes(ax: Axes, reaches: Sequence[tuple[float, float, int]], **options: Any) -> None:
    """Level strokes, (from, to, height) each, as one line with gaps: hundreds of lines of their own weigh too much."""
    xs = [x for low, high, _ in reaches for x in (low, high, float("nan"))]
    ys = [place for *_, place in reaches for _ in range(3)]
    ax.plot(xs, ys, **options)


def _marks(ax: Axes, found: Sequence[tuple[float, int]], verdict: str, look: Mapping[str, Any]) -> None:
    """The marks of one verdict."""
    ax.plot(
        [value for value, _ in found],
        [place for _, place in found],
        linestyle="none",
        marker="|" if verdict == "the same" else look["marker"],
        color=look["color"],
        markerfacecolor=style.PAPER if verdict == "undecided" else look["color"],
        markersize=5.5,
        markeredgewidth=1.2,
    )
