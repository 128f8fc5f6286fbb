"""The figures of the geometry page: how the classes are laid out inside each layer, and how well apart.

In: arrays and facts of experiments.analyses.geometry; the bent maps are drawn by atlas.py. Out: {"figure.svg",
"data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report import export, style
from report.arrays import Arrays, Card, architectures_of, conditions_of, layers_of, span

Drawn = dict[str, str]

SHOWN = 20  # images of each class that are drawn as dots, if there is room; their centres are of all probe images
DOTS = 4800  # in one figure at most, shared by its planes: more would make it heavy
ACROSS = 6  # planes beside each other


@style.drawn
def pca(*, arrays: Arrays, architecture: str, card: Card) -> Drawn:
    """The first two principal components of every layer of one network at each moment: a block of columns for each
    input treatment, a row for each layer."""
    conditions, hooks = conditions_of(arrays, architecture), layers_of(arrays, architecture)
    moments, labels = list(arrays["moments"]), arrays["labels"]
    blocks, beside = style.across(len(conditions), most=max(1, ACROSS // len(moments)))
    ncols = beside * len(moments)
    fig, grid = style.figure(
        height=blocks * (0.55 + len(hooks) * min(2.2, 0.1 + 6.6 / ncols)),
        nrows=blocks * len(hooks),
        ncols=ncols,
        squeeze=False,
    )
    style.class_key(fig, card["class_names"])
    chosen = _first_of_each(labels, min(SHOWN, max(1, DOTS // (card["classes"] * grid.size))))
    table: list[tuple] = []
    for place, condition in enumerate(conditions):
        down, right = len(hooks) * (place // beside), len(moments) * (place % beside)
        block = grid[down : down + len(hooks), right : right + len(moments)]
        table += _planes(block, arrays, condition, chosen, card["class_names"])
        for ax, hook in zip(block[:, 0], hooks, strict=True):
            ax.set_ylabel("" if right else style.layer_label(hook.partition(".")[0]), color=style.INK)
    for ax in grid[down:, right + len(moments) :].flat:
        ax.set_axis_off()
    return export.done(fig, table, ("condition", "hook_point", "epoch", "image", "class", "component_1", "component_2"))


@style.drawn
def explained_variance(*, arrays: Arrays) -> Drawn:
    """Share of the variance that the first components hold together, at the start (thin) and at the end."""
    rows = {architecture: layers_of(arrays, architecture) for architecture in architectures_of(arrays)}
    fig, axes, empty = style.panels(rows, row_height=2.0, spare=True, sharex=True, sharey=True)
    table = []
    for (architecture, hook), ax in axes.items():
        for condition in conditions_of(arrays, architecture):
            held = 100 * np.cumsum(arrays[f"variance/{condition}/{hook}"], axis=2)  # (seed, moment, component)
            counts, look = np.arange(1, held.shape[2] + 1), style.look(condition)
            style.curve(ax, counts, held[:, -1], condition)
            ax.plot(counts, held[:, 0].mean(axis=0), color=look["color"], linewidth=0.8, linestyle=(0, (1, 1.5)))
            table += [
                (condition, hook, moment, count, *span(held[:, place, count - 1]))
                for place, moment in enumerate(arrays["moments"])
                for count in counts
            ]
        ax.set_xlim(1, 10)
        ax.set_ylim(0, 100)
        style.sparse(ax, x=(1, 5, 10), y=(0, 50, 100), grid="y")
        if hook == rows[architecture][0]:
            ax.set_ylabel("variance held, %")
        if architecture == list(rows)[-1]:
            ax.set_xlabel("components")
    style.key(empty[0], notes=("dotted: untrained",))
    return export.done(fig, table, ("condition", "hook_point", "epoch", "components", "mean", "lowest", "highest"))


@style.drawn
def silhouette(*, arrays: Arrays) -> Drawn:
    """Separation of the classes: by layer at each moment, and by epoch in the last hidden layer."""
    fig, rows = _rows(arrays, "silhouette", more=1, sharey=True)
    table = []
    for architecture, (*axes, last) in rows.items():
        for ax, condition in zip(axes, conditions_of(arrays, architecture), strict=True):
            table += _by_depth(ax, arrays, "silhouette", condition)
        table += _by_epoch(last, arrays, architecture)
    for architecture, (*axes, last) in rows.items():
        for ax, condition in zip(axes, conditions_of(arrays, architecture), strict=True):
            _name_moments(ax, arrays, "silhouette", condition)
        _name_treatments(last, arrays, architecture)
    return export.done(fig, table, ("condition", "hook_point", "epoch", "mean", "lowest", "highest"))


@style.drawn
def dimension(*, arrays: Arrays) -> Drawn:
    """Effective dimension of every layer at each moment: mean over seeds, the bar spans them."""
    fig, rows = _rows(arrays, "effective dimension", sharey="row")
    table = []
    for architecture, axes in rows.items():
        for ax, condition in zip(axes, conditions_of(arrays, architecture), strict=True):
            table += _by_depth(ax, arrays, "dimension", condition)
    for architecture, axes in rows.items():
        axes[0].set_ylim(bottom=0)
        for ax, condition in zip(axes, conditions_of(arrays, architecture), strict=True):
            _name_moments(ax, arrays, "dimension", condition)
    return export.done(fig, table, ("condition", "hook_point", "epoch", "mean", "lowest", "highest"))


def _rows(arrays: Arrays, measure: str, *, more: int = 0, **subplots: Any) -> tuple[Figure, dict[str, list[Axes]]]:
    """A panel for each condition, and `more` of them, in rows of their own for each architecture."""
    counts = {name: len(conditions_of(arrays, name)) + more for name in architectures_of(arrays)}
    shapes = {name: style.across(count, most=3) for name, count in counts.items()}
    nrows, ncols = sum(down for down, _ in shapes.values()), max(right for _, right in shapes.values())
    fig, grid = style.figure(height=2.5 * nrows, nrows=nrows, ncols=ncols, squeeze=False, **subplots)
    rows, top = {}, 0
    for name, (down, right) in shapes.items():
        block = grid[top : top + down]
        axes = list(block[:, :right].flat)[: counts[name]]
        for ax in block.flat:
            ax.set_visible(ax in axes)
        for ax in axes:
            style.sparse(ax, grid="y")
        for ax in block[:, 0]:
            ax.set_ylabel(measure)
        rows[name], top = axes, top + down
    return fig, rows


def _planes(block: np.ndarray, arrays: Arrays, condition: str, chosen: np.ndarray, names: Sequence[str]) -> list[tuple]:
    """The planes of one condition: a row of axes for each layer, a column for each moment."""
    labels, moments, table = arrays["labels"], list(arrays["moments"]), []
    for row, hook in enumerate(layers_of(arrays, condition)):
        for place, moment in enumerate(moments):
            ax, points = block[row, place], arrays[f"coordinates/{condition}/{hook}"][place].astype(float)
            _plane(ax, points, labels, chosen, names, panel=f"{condition}-{row}-{place}")
            shares = arrays[f"variance/{condition}/{hook}"][int(arrays[f"specimen/{condition}"]), place]
            ax.set_xlabel(f"{100 * shares[:2].sum():.0f} %", labelpad=2)
            table += [(condition, hook, moment, i, names[labels[i]], *points[i]) for i in chosen]
    for place, moment in enumerate(moments):
        treatment = "" if place else style.treatment(condition)
        block[0, place].set_title(f"{treatment}\n{style.moment(moment)}", color=style.look(condition)["color"])
    return table


def _plane(
    ax: Axes, points: np.ndarray, labels: np.ndarray, chosen: np.ndarray, names: Sequence[str], *, panel: str
) -> None:
    centres = np.stack([points[labels == label].mean(axis=0) for label in np.unique(labels)])
    for label, colour in zip(np.unique(labels), style.CLASSES, strict=False):
        style.dots(ax, points[chosen[labels[chosen] == label]], color=colour, size=1.8, alpha=0.8)
    style.class_labels(ax, centres, names, halo=panel)
    reach = 1.05 * max(float(np.quantile(np.abs(points[chosen]), 0.99)), 1e-3)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], box_aspect=1)
    ax.spines[:].set_visible(False)
    ax.patch.set(edgecolor=style.GRID, linewidth=0.8)


def _first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """The places of the first images of each class, in order."""
    firsts = [np.flatnonzero(labels == each)[:count] for each in np.unique(labels)]
    return np.sort(np.concatenate(firsts))


def _by_depth(ax: Axes, arrays: Arrays, measure: str, condition: str) -> list[tuple]:
    """A measure from layer to layer, one line for each moment, the last one boldest; bars span the seeds."""
    hooks, moments = layers_of(arrays, condition), arrays["moments"]
    values = np.stack([arrays[f"{measure}/{condition}/{hook}"] for hook in hooks])  # (layer, seed, moment)
    look, depth = style.look(condition), np.arange(len(hooks))
    for place in range(len(moments)):
        strength = (place + 1) / len(moments)
        shown = values[:, :, place]
        mean, low, high = shown.mean(axis=1), shown.min(axis=1), shown.max(axis=1)
        shape = {"color": look["color"], "marker": look["marker"], "linestyle": look["linestyle"]}
        ax.plot(depth, mean, **shape, alpha=0.3 + 0.7 * strength, linewidth=0.6 + strength)
        ax.vlines(depth, low, high, color=look["color"], linewidth=0.8, alpha=0.3 + 0.7 * strength)
    ax.set_xlim(-0.3, len(hooks) - 0.7)
    names = [style.layer_label(hook.partition(".")[0]) for hook in hooks]
    ax.set_xticks(depth, names, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_title(style.label(condition))
    return [
        (condition, hook, moment, *span(values[layer, :, place]))
        for layer, hook in enumerate(hooks)
        for place, moment in enumerate(moments)
    ]


def _name_moments(ax: Axes, arrays: Arrays, measure: str, condition: str) -> None:
    """Name the lines of `_by_depth` at their ends; after all panels are drawn, for they may share an axis."""
    ends = arrays[f"{measure}/{condition}/{layers_of(arrays, condition)[-1]}"].mean(axis=0)
    names = [style.moment(moment) for moment in arrays["moments"]]
    colour = style.look(condition)["color"]
    style.end_labels(ax, [(float(end), name, colour) for end, name in zip(ends, names, strict=True)])


def _name_treatments(ax: Axes, arrays: Arrays, architecture: str) -> None:
    conditions = conditions_of(arrays, architecture)
    ends = [float(arrays[f"silhouette_by_epoch/{condition}"][:, -1].mean()) for condition in conditions]
    named = [
        (end, style.treatment(name), style.look(name)["color"]) for end, name in zip(ends, conditions, strict=True)
    ]
    style.end_labels(ax, named)


def _by_epoch(ax: Axes, arrays: Arrays, architecture: str) -> list[tuple]:
    table: list[tuple] = []
    for condition in conditions_of(arrays, architecture):
        values = arrays[f"silhouette_by_epoch/{condition}"]
        hook = layers_of(arrays, condition)[-2]
        style.curve(ax, np.arange(values.shape[1]), values, condition)
        table += [(condition, hook, epoch, *span(column)) for epoch, column in enumerate(values.T)]
    style.epoch_axis(ax, values.shape[1] - 1)
    ax.set_title(f"{style.label(architecture)}, {style.layer_label(hook.partition('.')[0]).lower()}")
    return table
