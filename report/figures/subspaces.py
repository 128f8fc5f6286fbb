"""The figure of subspaces: how far apart the classes lie when few units, or few directions, are kept.

In: arrays of experiments.analyses.subspaces. Out: {"figure.svg", "data.csv"}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import export, style
from report.arrays import Arrays, conditions_of, span

Drawn = dict[str, str]

WAYS: Mapping[str, tuple[str, dict[str, Any]]] = {  # name in the key, and line; without a colour: the condition's
    "components": ("principal components", {"color": style.INK, "linewidth": 1.0, "linestyle": (0, (5, 1.5))}),
    "greedy": ("units, greedily", {"linewidth": 2.0, "linestyle": "-"}),
    "selectivity": ("units, most selective first", {"linewidth": 1.6, "linestyle": (0, (1.2, 1.2))}),
    "random": ("units, at random", {"linewidth": 1.0, "linestyle": "-"}),
    "rotated": ("random directions", {"color": style.MUTED, "linewidth": 1.0, "linestyle": (0, (1, 2))}),
}


@style.drawn
def subspaces(*, arrays: Arrays) -> Drawn:
    """Silhouette against the number of units or directions kept; the band holds nine random choices of ten."""
    conditions = conditions_of(arrays, by="greedy")
    if not conditions:  # the last hidden layers are of a single unit
        raise style.Nothing
    down, right = style.across(len(conditions), most=3)
    fig, grid = style.figure(
        height=2.4 * down, nrows=down, ncols=right + 1, width_ratios=(*[1] * right, 0.75), squeeze=False, sharey=True
    )
    table: list[tuple] = []
    panels = list(grid[:, :right].flat)
    for ax in (*panels[len(conditions) :], *grid[:, right]):
        ax.set_axis_off()
    for ax, condition in zip(panels, conditions, strict=False):
        colour, band = style.look(condition)["color"], arrays[f"band/{condition}"].mean(axis=1)
        counts = np.arange(1, band.shape[1] + 1)
        ax.fill_between(counts, *band, color=colour, alpha=0.18, linewidth=0)
        for way, (_, line) in WAYS.items():
            if f"{way}/{condition}" not in arrays:  # units that can be negative are not ordered by selectivity
                continue
            values = arrays[f"{way}/{condition}"]
            ax.plot(counts, values.mean(axis=0), **{"color": colour, **line})
            table += [(condition, way, count, *span(values[:, count - 1])) for count in counts]
        ax.set_title(style.label(condition))
        ax.set_xlim(1, counts[-1])
        style.sparse(ax, x=(1, counts[-1] // 2, counts[-1]), grid="y")
    for ax in grid[:, 0]:
        ax.set_ylabel("silhouette")
    for ax in panels[max(0, len(conditions) - right) :]:
        ax.set_xlabel("kept")
    _lines_key(grid[0, right], colour)
    return export.done(fig, table, ("condition", "way", "kept", "mean", "lowest", "highest"))


def _lines_key(ax: Axes, colour: str) -> None:
    """What the lines are; those without a colour of their own in that of one condition."""
    for place, (name, line) in enumerate(WAYS.values()):
        height = 0.92 - 0.16 * place
        ax.plot((0, 0.13), (height, height), transform=ax.transAxes, **{"color": colour, **line})
        ax.text(0.17, height, name, transform=ax.transAxes, va="center")
