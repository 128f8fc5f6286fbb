"""The lines over epochs of a drawn figure: what they say at each epoch and where, so that a page can step through them.

In: a figure that has been laid out, whose axes over epochs `style.epoch_axis` has marked. Out: the record that
report/epochs.py carries. A line takes part where it has a label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from report.theme import CLASSES, TREATMENTS

OVER_EPOCHS = "over epochs"  # the label of such axes
_TONES = {
    colour: f"{kind}-{place}"
    for kind, of in (("treatment", TREATMENTS), ("class", CLASSES))
    for place, colour in enumerate(of)
}


def over_epochs(fig: Figure) -> dict[str, Any] | None:
    """The record of a drawn figure's lines over epochs (see `epochs.put`): those that have a name."""
    panels = {ax: [line for line in ax.get_lines() if not str(line.get_label()).startswith("_")] for ax in fig.axes}
    panels = {ax: lines for ax, lines in panels.items() if lines and ax.get_label() == OVER_EPOCHS}
    if not panels:
        return None
    moments = sorted({int(x) for lines in panels.values() for line in lines for x in np.asarray(line.get_xdata())})
    width, height = 72 * fig.get_size_inches()
    return {
        "box": [round(float(width), 1), round(float(height), 1)],
        "epochs": moments,
        "panels": [_panel(ax, lines, moments) for ax, lines in panels.items()],
    }


def _panel(ax: Axes, lines: Sequence[Line2D], moments: Sequence[int]) -> dict[str, Any]:
    scale, height = 72 / ax.figure.dpi, 72 * ax.figure.bbox.height / ax.figure.dpi  # to points
    read = ax.fmt_ydata or float
    left, right = sorted(ax.get_xlim())
    low, high = sorted(ax.get_ylim())
    box = ax.get_window_extent()
    title = _said_for(ax, lambda other: other.get_title("left"), "x0")

    def curve_of(line: Line2D) -> dict[str, Any]:
        values = dict(
            zip(map(int, np.asarray(line.get_xdata())), np.asarray(line.get_ydata(), dtype=float), strict=True)
        )
        drawn = [values.get(moment, np.nan) for moment in moments]
        places = height - scale * ax.transData.transform([(left, value) for value in drawn])[:, 1]
        inside = [low <= value <= high for value in drawn]
        return {
            "name": str(line.get_label()).removeprefix(f"{title.partition(',')[0]}, "),
            "tone": _TONES.get(str(line.get_color()), "ink"),
            "mark": "circle" if line.get_linestyle() == "-" else "square",
            "y": [round(float(y), 1) if seen else None for y, seen in zip(places, inside, strict=True)],
            "value": [None if np.isnan(value) else float(f"{read(value):.4g}") for value in drawn],
        }

    across = scale * ax.transData.transform([(moment, low) for moment in moments])[:, 0]
    return {
        "title": title,
        "measure": _said_for(ax, lambda other: other.get_ylabel(), "y0"),
        "top": round(float(height - scale * box.y1), 1),
        "bottom": round(float(height - scale * box.y0), 1),
        "x": [round(float(x), 1) if left <= m <= right else None for x, m in zip(across, moments, strict=True)],
        "curves": [curve_of(line) for line in lines],
    }


def _said_for(ax: Axes, label: Callable[[Axes], str], edge: Literal["x0", "y0"]) -> str:
    """What a panel is called, or the panel before it that has a name: above it ("x0") or to its left ("y0")."""
    side: Any = ax.figure
    place = getattr(ax.get_window_extent(), edge)
    before = side.axes[: side.axes.index(ax) + 1]
    named = [label(other) for other in before if abs(getattr(other.get_window_extent(), edge) - place) < 1]
    return next((name.replace("\n", ", ") for name in reversed(named) if name), "")
