"""The figures of the activations page: how distributions inside the networks move while they train.

In: arrays and facts of experiments.analyses.activations. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report import classes, export, style
from report.arrays import Arrays, Card, architectures_of, conditions_of

Drawn = dict[str, str]

VALUES = (-10, -1, 0, 1, 10)  # ticks on an axis of values whose spacing is asinh; each other one in narrow panels
REACH = 20  # the largest value shown on it
LINES = 12  # at most are named where they end
BANDS = ((1, 7), (2, 6), (3, 5))  # pairs of columns of `quantile`: 1 to 99 %, 5 to 95 %, 25 to 75 %


@style.drawn
def distributions(*, arrays: Arrays) -> Drawn:
    """Histograms of the input, of every layer before its ReLU and of the logits, at four moments of training."""
    edges, moments = arrays["histogram_edges"], arrays["moments"]
    rows = {architecture: _linear(arrays, architecture) for architecture in architectures_of(arrays)}
    first = next(iter(rows))
    rows[first] = ["input", *rows[first]]
    fig, axes, _ = style.panels(rows, row_height=2.5, sharex=True, sharey=True)
    bins, values = np.arange(len(edges)), VALUES[:: 1 if max(map(len, rows.values())) < 5 else 2]
    table = []
    for (architecture, hook), ax in axes.items():
        for condition in conditions_of(arrays, architecture):
            shares = arrays[f"histogram/{condition}/{hook}"]
            _ridges(ax, shares, style.look(condition)["color"])
            table += [
                (condition, hook, moment, edges[bin_], edges[bin_ + 1], share[bin_])
                for moment, share in zip(moments, shares, strict=True)
                for bin_ in np.flatnonzero(share)
            ]
        style.sparse(ax, x=np.interp(values, edges, bins), y=range(len(moments)))
        ax.set_xticklabels([f"{value}".replace("-", style.MINUS) for value in values])
        ax.set_yticklabels(_moment_names(moments))
        ax.set_xlim(*np.interp((-REACH, REACH), edges, bins))
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    for ax in list(axes.values())[-len(rows[architecture]) :]:
        ax.set_xlabel("value")
    axes[first, "input"].set_title("Input")
    style.key(axes[first, "input"], x=0.62, y=0.97)
    return export.done(fig, table, ("condition", "hook_point", "epoch", "from", "to", "share"))


@style.drawn
def drift(*, arrays: Arrays) -> Drawn:
    """Mean and standard deviation of every layer before its ReLU, by epoch: the band spans the seeds."""
    rows = {
        f"{architecture}:{measure}": _linear(arrays, architecture)
        for architecture in architectures_of(arrays)
        for measure in ("mean", "std")
    }
    fig, axes, empty = style.panels(rows, row_height=1.5, spare=True, sharex=True)
    table = []
    for (row, hook), ax in axes.items():
        architecture, _, measure = row.partition(":")
        for condition in conditions_of(arrays, architecture):
            values = arrays[f"{measure}/{condition}/{hook}"]
            epochs = np.arange(values.shape[1])
            style.curve(ax, epochs, values, condition)
            table += [(condition, hook, measure, *line) for line in _lines(values)]
        _epochs(ax, len(epochs) - 1, title=row == list(rows)[-1])
        if measure == "std":
            ax.set_title("")
            ax.set_ylim(bottom=0)
        ax.locator_params(axis="y", nbins=3)
        if hook == rows[row][0]:
            ax.set_ylabel("mean" if measure == "mean" else "std")
    style.key(empty[0])
    return export.done(fig, table, ("condition", "hook_point", "measure", "epoch", "mean", "lowest", "highest"))


@style.drawn
def quantiles(*, arrays: Arrays) -> Drawn:
    """Quantiles of the last hidden layer before its ReLU and of the logits, by epoch, as nested bands."""
    levels, table = arrays["quantile_levels"], []
    fig, columns = _columns(arrays, "last hidden layer\nbefore ReLU", "logits", row_height=2.1, sharey="row")
    for condition, (upper, lower) in columns.items():
        last = _linear(arrays, style.architecture(condition))[-2:]
        for ax, hook in zip((upper, lower), last, strict=True):
            values = arrays[f"quantile/{condition}/{hook}"]
            epochs, colour = np.arange(len(values)), style.look(condition)["color"]
            for low, high in BANDS:
                ax.fill_between(epochs, values[:, low], values[:, high], color=colour, alpha=0.2, linewidth=0)
            ax.plot(epochs, values[:, len(levels) // 2], color=colour, label="median")
            _epochs(ax, len(epochs) - 1, title=ax is lower)
            table += [
                (condition, hook, epoch, level, value)
                for epoch, row in enumerate(values)
                for level, value in zip(levels, row, strict=True)
            ]
    condition = list(columns)[-1]
    _name_bands(columns[condition][1], arrays, condition)
    return export.done(fig, table, ("condition", "hook_point", "epoch", "quantile", "value"))


@style.drawn
def class_drift(*, arrays: Arrays, card: Card) -> Drawn:
    """Mean activation of the first and of the last hidden layer on the images of each class, by epoch."""
    names, table = arrays["classes"].tolist(), []
    fig, columns = _columns(arrays, "first hidden layer, after ReLU", "last hidden layer, after ReLU", row_height=2.7)
    for condition, (upper, lower) in columns.items():
        hooks = [hook for hook in arrays[f"hook_points/{condition}"] if hook.endswith(".post")]
        for ax, hook in zip((upper, lower), (hooks[0], hooks[-1]), strict=True):
            values = arrays[f"class_mean/{condition}/{hook}"]
            for line, name, colour in zip(values.T, names, style.CLASSES, strict=False):
                ax.plot(line, color=colour, linewidth=1.2, label=classes.told(name, kind=card["kind"]))
            _epochs(ax, len(values) - 1, title=ax is lower)
            ax.locator_params(axis="y", nbins=3)
            ends = zip(values[-1].astype(float).tolist(), classes.codes(names), style.CLASSES, strict=False)
            style.end_labels(ax, _some(list(ends)), offset=0.04)
            table += [
                (condition, hook, epoch, name, value)
                for epoch, row in enumerate(values)
                for name, value in zip(names, row, strict=True)
            ]
    style.class_key(fig, names)
    return export.done(fig, table, ("condition", "hook_point", "epoch", "class", "mean"))


@style.drawn
def units(*, arrays: Arrays) -> Drawn:
    """Every unit of the last hidden layer, one row each, by epoch: its mean activation and how often it is on."""
    last = {condition: _hidden(arrays, condition)[-1] for condition in conditions_of(arrays)}
    counted = [condition for condition, layer in last.items() if f"unit_active/{condition}/{layer}" in arrays]
    fig, columns = _columns(arrays, "unit", "unit", row_height=2.4, among=counted)
    _, ncols = style.across(len(columns))
    means = {condition: arrays[f"unit_mean/{condition}/{last[condition]}"] for condition in columns}
    active = {condition: arrays[f"unit_active/{condition}/{last[condition]}"] for condition in columns}
    top = max(float(values.max()) for values in means.values())
    for place, values, high, title in ((0, means, top, "mean activation"), (1, active, 1.0, "on, share of images")):
        for condition, axes in columns.items():
            image = style.heat(axes[place], values[condition].T, low=0, high=high)
            axes[place].set_xticks(sorted({0, len(values[condition]) - 1}))
            axes[place].set_yticks([0, values[condition].shape[1] - 1])
        drawn = [axes[place] for axes in columns.values()]
        for first in range(0, len(drawn), ncols):
            bar = fig.colorbar(image, ax=drawn[first : first + ncols], aspect=25, pad=0.015)
            bar.outline.set_visible(False)
            bar.set_label(title)
    for _, lower in columns.values():
        lower.set_xlabel("epoch")
    table = [
        (condition, last[condition], unit, epoch, means[condition][epoch, unit], active[condition][epoch, unit])
        for condition in columns
        for epoch, unit in np.ndindex(means[condition].shape)
    ]
    return export.done(fig, table, ("condition", "layer", "unit", "epoch", "mean", "active"))


def _columns(
    arrays: Arrays, above: str, below: str, *, row_height: float, among: Sequence[str] | None = None, **subplots: Any
) -> tuple[Figure, dict[str, tuple[Axes, Axes]]]:
    """Two panels for each condition, one below the other, and on the left what they show; many conditions stand in
    several rows of such pairs."""
    conditions = conditions_of(arrays) if among is None else among
    if not conditions:
        raise style.Nothing
    rows, ncols = style.across(len(conditions))
    fig, grid = style.figure(
        height=2 * rows * row_height, nrows=2 * rows, ncols=ncols, sharex=True, squeeze=False, **subplots
    )
    pairs = [grid[2 * row : 2 * row + 2, column] for row in range(rows) for column in range(ncols)]
    for condition, (upper, _) in zip(conditions, pairs, strict=False):
        upper.set_title(style.label(condition))
    for ax in (ax for pair in pairs[len(conditions) :] for ax in pair):
        ax.set_axis_off()
    for upper, lower in pairs[::ncols]:
        upper.set_ylabel(above)
        lower.set_ylabel(below)
    return fig, dict(zip(conditions, pairs, strict=False))


def _some(ends: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """As many of the ends of lines as there is room to name: the highest, the lowest, and evenly between them."""
    order = sorted(ends)
    return [order[place] for place in np.linspace(0, len(order) - 1, min(len(order), LINES)).round().astype(int)]


def _linear(arrays: Arrays, architecture: str) -> list[str]:
    """The hook points at which a layer has not yet been cut off by its ReLU, in order of depth."""
    hooks = arrays[f"hook_points/{conditions_of(arrays, architecture)[0]}"]
    return [str(hook) for hook in hooks if hook.endswith(".pre") or hook == "logits"]


def _hidden(arrays: Arrays, condition: str) -> list[str]:
    hooks = arrays[f"hook_points/{condition}"]
    return [str(hook).removesuffix(".post") for hook in hooks if hook.endswith(".post")]


def _ridges(ax: Axes, shares: np.ndarray, colour: str) -> None:
    """One outline for each moment, the first at the top, each scaled to its own peak."""
    for row, share in enumerate(shares):
        shown = np.flatnonzero(share)
        if len(shown):
            base = len(shares) - 1 - row
            places = np.arange(shown[0] - 1, shown[-1] + 2)  # one empty bin on either side
            height = np.pad(share[shown[0] : shown[-1] + 1], 1) / share.max()
            ax.fill(places + 0.5, base + 0.9 * height, facecolor=(colour, 0.25), edgecolor=colour, linewidth=0.9)


def _moment_names(moments: Iterable[int]) -> list[str]:
    return ["untrained" if moment == 0 else f"epoch {moment}" for moment in moments][::-1]


def _epochs(ax: Axes, epochs: int, *, title: bool) -> None:
    style.epoch_axis(ax, epochs, title=title)
    style.sparse(ax, grid="y")


def _name_bands(ax: Axes, arrays: Arrays, condition: str) -> None:
    """Name the quantiles at the right end of one panel."""
    levels, ends = arrays["quantile_levels"], arrays[f"quantile/{condition}/logits"][-1]
    named = [(float(ends[i]), f"{100 * levels[i]:.0f} %", style.MUTED) for i in (1, 2, 3, 4, 5, 6, 7)]
    style.end_labels(ax, named)


def _lines(values: np.ndarray) -> Iterable[tuple]:
    columns = zip(values.mean(axis=0), values.min(axis=0), values.max(axis=0), strict=True)
    return [(epoch, *numbers) for epoch, numbers in enumerate(columns)]
