"""Figures of neighbours: how well the classes can be told by their neighbours and by a straight cut, layer and epoch.

In: arrays of experiments.analyses.neighbours. Out: {"figure.svg", "data.csv"}.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from report import export, style
from report.arrays import Arrays, conditions_of, span

Drawn = dict[str, str]


SERIES = {
    "knn": "k-NN accuracy, %",
    "knn_plane": "k-NN accuracy on the plane, %",
    "trustworthiness_plane": "Trustworthiness of the plane",
    "dimension": "Effective dimension",
}


@style.drawn
def neighbours(*, arrays: Arrays) -> Drawn:
    """k-NN and linear-probe accuracy by layer, trained and untrained: a row for each architecture."""
    conditions = conditions_of(arrays, by="hook_points")
    architectures = list(dict.fromkeys(style.architecture(condition) for condition in conditions))
    fig, grid = style.figure(
        height=2.5 * len(architectures), nrows=len(architectures), ncols=2, squeeze=False, sharey=True
    )
    table: list[tuple] = []
    for axes, architecture in zip(grid, architectures, strict=True):
        shown = [condition for condition in conditions if style.architecture(condition) == architecture]
        for ax, measure, title in zip(axes, ("knn", "linear_probe"), ("k-NN", "linear probe"), strict=True):
            for condition in shown:
                table += _by_depth(ax, arrays, measure, condition)
            ax.set_title(f"{style.label(architecture)}, {title}")
            style.sparse(ax, grid="y")
        axes[0].set_ylabel("accuracy, %")
        hook = str(arrays[f"hook_points/{shown[0]}"][-1])
        ends = [float(arrays[f"linear_probe/{condition}/{hook}"][:, -1].mean()) for condition in shown]
        names = [(style.treatment(condition), style.look(condition)["color"]) for condition in shown]
        style.end_labels(axes[1], [(end, *name) for end, name in zip(ends, names, strict=True)])
    return export.done(fig, table, ("condition", "hook_point", "measure", "epoch", "mean", "lowest", "highest"))


@style.drawn
def by_epoch(*, arrays: Arrays) -> Drawn:
    """Four measures of the last hidden layer through all epochs: mean over seeds, the band spans them."""
    conditions = conditions_of(arrays, by="hook_points")
    fig, grid = style.figure(height=4.6, nrows=2, ncols=2, sharex=True)
    table: list[tuple] = []
    for ax, (measure, title) in zip(grid.flat, SERIES.items(), strict=True):
        ends = []
        for condition in conditions:
            values = arrays[f"{measure}_by_epoch/{condition}"]  # (seed, epoch)
            style.curve(ax, np.arange(values.shape[1]), values, condition)
            ends.append((float(values[:, -1].mean()), style.label(condition), style.look(condition)["color"]))
            hook = str(arrays[f"hook_points/{condition}"][-2])
            table += [(condition, hook, measure, epoch, *span(column)) for epoch, column in enumerate(values.T)]
        ax.set_title(title)
        style.epoch_axis(ax, values.shape[1] - 1, title=ax in grid[-1])
        style.sparse(ax, grid="y")
        if ax in grid[:, -1]:
            style.end_labels(ax, ends)
    return export.done(fig, table, ("condition", "hook_point", "measure", "epoch", "mean", "lowest", "highest"))


def _by_depth(ax: Axes, arrays: Arrays, measure: str, condition: str) -> list[tuple]:
    """An accuracy from layer to layer: at the end in full, untrained in faint dots; bars span the seeds."""
    hooks = [str(hook) for hook in arrays[f"hook_points/{condition}"]]
    values = np.stack([arrays[f"{measure}/{condition}/{hook}"] for hook in hooks])  # (layer, seed, moment)
    look, depth = style.look(condition), np.arange(len(hooks))
    for place, line, width in ((0, (0, (1, 1.5)), 0.8), (-1, look["linestyle"], 1.6)):
        shown = values[:, :, place]
        marker = {"marker": look["marker"]} if place else {}
        ax.plot(depth, shown.mean(axis=1), color=look["color"], linestyle=line, linewidth=width, **marker)
        ax.vlines(depth, shown.min(axis=1), shown.max(axis=1), color=look["color"], linewidth=0.8)
    ax.set_xlim(-0.3, len(hooks) - 0.7)
    names = [style.layer_label(hook.partition(".")[0]) for hook in hooks]
    ax.set_xticks(depth, names, rotation=40, ha="right", rotation_mode="anchor")
    return [
        (condition, hook, measure, moment, *span(values[layer, :, place]))
        for layer, hook in enumerate(hooks)
        for place, moment in ((0, arrays["moments"][0]), (-1, arrays["moments"][-1]))
    ]
