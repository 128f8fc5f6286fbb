"""The figures of the health page: dead units, how often units are on, and the flow of the gradient.

In: arrays and facts of experiments.analyses.health. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FormatStrFormatter, LogLocator

from report import export, style
from report.arrays import Arrays, conditions_of, layers_of, rows_of

Drawn = dict[str, str]


@style.drawn
def dead_units(*, arrays: Arrays) -> Drawn:
    """Share of units in each layer that are dead, by epoch: mean over seeds, the band spans them."""
    rows = rows_of(arrays, _hidden)
    fig, axes, empty = style.panels(rows, row_height=1.9, spare=True, sharex=True, sharey=True)
    table = _curves(axes, arrays, "dead", first=0)
    for (row, layer), ax in axes.items():
        style.sparse(ax, grid="y")
        ax.set_ylim(bottom=0)
        if layer == rows[row][0]:
            ax.set_ylabel("dead units, %")
    style.key(empty[0])
    return export.done(fig, table, ("condition", "layer", "epoch", "mean", "lowest", "highest"))


@style.drawn
def activity(*, arrays: Arrays) -> Drawn:
    """Every unit of every network as a dot, at the share of images on which it is on; each seed is one line."""
    rows = rows_of(arrays, _hidden)
    fig, axes, _ = style.panels(rows, row_height=2.4, align="start", sharex=True, sharey=True)
    table = []
    for (architecture, layer), ax in axes.items():
        names = []
        for place, (condition, moment) in enumerate(_moments(arrays, architecture)):
            share = 100 * arrays[f"active/{condition}/{layer}"][:, moment]  # (seed, unit)
            lines = np.linspace(-0.3, 0.3, len(share)) if len(share) > 1 else np.zeros(1)
            points = np.stack([share, np.broadcast_to(-place + lines[:, None], share.shape)], axis=2)
            style.dots(ax, points.reshape(-1, 2), color=style.look(condition)["color"], size=2.2, alpha=0.55)
            when = ("untrained", "trained")[moment]
            names.append(f"{style.treatment(condition)}, {when}")
            table += [(condition, layer, when, seed, unit, share[seed, unit]) for seed, unit in np.ndindex(share.shape)]
        ax.set_xlim(-4, 104)
        ax.set_ylim(0.5 - len(names), 0.5)
        style.sparse(ax, x=(0, 50, 100), y=-np.arange(len(names)))
        ax.set_yticklabels(names)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        if architecture == list(rows)[-1]:
            ax.set_xlabel("on, % of images")
    return export.done(fig, table, ("condition", "layer", "when", "seed_rank", "unit", "percent_of_images"))


@style.drawn
def gradient_flow(*, arrays: Arrays) -> Drawn:
    """Size of each layer's gradient, by epoch, on a logarithmic axis."""
    rows = rows_of(arrays)
    fig, axes, empty = style.panels(rows, row_height=1.9, spare=True, sharex=True, sharey=True)
    table = _curves(axes, arrays, "gradient_norm", first=1)
    for (row, layer), ax in axes.items():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        ax.minorticks_off()
        style.sparse(ax, grid="y")
        if layer == rows[row][0]:
            ax.set_ylabel("norm of the gradient")
    style.key(empty[0])
    return export.done(fig, table, ("condition", "layer", "epoch", "mean", "lowest", "highest"))


@style.drawn
def update_ratios(*, arrays: Arrays) -> Drawn:
    """Size of one step of training relative to the size of the weights it changes, by layer and epoch."""
    rows = rows_of(arrays)
    fig, axes, empty = style.panels(rows, row_height=1.9, spare=True, sharex=True, sharey=True)
    table = _curves(axes, arrays, "update_ratio", first=1)
    for (row, layer), ax in axes.items():
        style.sparse(ax, grid="y")
        ax.axhline(-3, color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        if layer == rows[row][0]:
            ax.set_ylabel("step / weights, log10")
    style.key(empty[0], notes=("dotted: one thousandth",))
    return export.done(fig, table, ("condition", "layer", "epoch", "mean", "lowest", "highest"))


@style.drawn
def revival(*, arrays: Arrays) -> Drawn:
    """Every unit of one network of each condition, by epoch: how often it is on; a gap where it is dead."""
    conditions = [each for each in conditions_of(arrays) if _hidden(arrays, style.architecture(each))]
    if not conditions:
        raise style.Nothing
    nrows, ncols = style.across(len(conditions))
    fig, grid = style.figure(height=5.2 * nrows, nrows=nrows, ncols=ncols, squeeze=False)
    for ax in grid.flat[len(conditions) :]:
        ax.set_axis_off()
    table = []
    for ax, condition in zip(grid.flat, conditions, strict=False):
        layers = _hidden(arrays, style.architecture(condition))
        history = [arrays[f"history/{condition}/{layer}"] for layer in layers]
        share = 100 * np.concatenate(history, axis=1)  # (epoch, unit)
        image = style.heat(ax, np.ma.masked_equal(share.T, 0), low=0, high=100)
        edges = np.cumsum([0, *(values.shape[1] for values in history)]) - 0.5
        first = ax in grid[:, 0] or condition == conditions_of(arrays, style.architecture(condition))[0]
        names = [style.layer_label(layer) if first else "" for layer in layers]
        ax.set_yticks((edges[:-1] + edges[1:]) / 2, names, rotation=90, va="center")
        for edge in edges[1:-1]:
            ax.axhline(edge, color=style.INK, linewidth=0.8)
        style.sparse(ax, x=sorted({0, len(share) - 1}))
        ax.set_xlabel("epoch")
        ax.set_title(style.label(condition))
        table += [
            (condition, layer, unit, epoch, 100 * values[epoch, unit])
            for layer, values in zip(layers, history, strict=True)
            for epoch, unit in np.ndindex(values.shape)
        ]
    for axes in grid:
        bar = fig.colorbar(image, ax=axes, aspect=40, pad=0.015)
        bar.outline.set_visible(False)
        bar.set_label("on, % of images (gap: dead)")
    return export.done(fig, table, ("condition", "layer", "unit", "epoch", "percent_of_images"))


def _curves(axes: Mapping[tuple[str, str], Axes], arrays: Arrays, measure: str, *, first: int) -> list[tuple]:
    """Draw a measure by epoch into the panel of each layer; what was drawn comes back as rows."""
    table = []
    bottom = list(axes)[-1][0]
    for (architecture, layer), ax in axes.items():
        for condition in conditions_of(arrays, architecture):
            values = arrays[f"{measure}/{condition}/{layer}"]
            epochs = np.arange(first, first + values.shape[1])
            style.curve(ax, epochs, values, condition, marker="o" if len(epochs) == 1 else None)
            columns = (epochs, values.mean(axis=0), values.min(axis=0), values.max(axis=0))
            table += [(condition, layer, *numbers) for numbers in zip(*columns, strict=True)]
        style.epoch_axis(ax, int(epochs[-1]), first=first, title=architecture == bottom)
    return table


def _moments(arrays: Arrays, architecture: str) -> list[tuple[str, int]]:
    return [(condition, moment) for condition in conditions_of(arrays, architecture) for moment in (0, 1)]


def _hidden(arrays: Arrays, architecture: str) -> list[str]:
    """The layers with a ReLU."""
    condition = conditions_of(arrays, architecture)[0]
    return [layer for layer in layers_of(arrays, architecture) if f"dead/{condition}/{layer}" in arrays]
