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

TAIL = 0.005  # of the values may lie outside a panel, on either side
STEPS = 60  # of the outlines across a panel
FEWEST = 20  # and of an outline across its own reach, however narrow it is beside others
LINES = 12  # at most are named where they end
BANDS = ((1, 7), (2, 6), (3, 5))  # pairs of columns of `quantile`: 1 to 99 %, 5 to 95 %, 25 to 75 %


@style.drawn
def distributions(*, arrays: Arrays) -> Drawn:
    """Densities of the input, of every layer before its ReLU and of the logits, at four moments of training."""
    edges, moments = arrays["histogram_edges"], arrays["moments"]
    rows = {architecture: _linear(arrays, architecture) for architecture in architectures_of(arrays)}
    first = next(iter(rows))
    rows[first] = ["input", *rows[first]]
    fig, axes, _ = style.panels(rows, row_height=2.5, sharey=True)
    table: list[tuple] = []
    for (architecture, hook), ax in axes.items():
        conditions = conditions_of(arrays, architecture)
        shares = {condition: arrays[f"histogram/{condition}/{hook}"].astype(float) for condition in conditions}
        low, high = _reach(edges, *shares.values())
        for condition, found in shares.items():
            colour = style.look(condition)["color"]
            single = arrays[f"black/{condition}"].astype(float) if hook == "input" else np.zeros(2)
            for row, (moment, share) in enumerate(zip(moments, found, strict=True)):
                bins, height = density(edges, share, width=_step(edges, share, high - low))
                base = len(moments) - 1 - row
                _outline(ax, bins, height, base, colour)
                if single[1]:
                    ax.plot([single[0]] * 2, [base, base + 0.9 * single[1]], color=colour, linewidth=2.2)
                table += _told((condition, hook, moment), bins, height, single)
        style.sparse(ax, y=range(len(moments)))
        ax.locator_params(axis="x", nbins=4)
        ax.set_yticklabels(_moment_names(moments))
        ax.set_xlim(low - (high - low) / STEPS, high + (high - low) / STEPS)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    for ax in list(axes.values())[-len(rows[architecture]) :]:
        ax.set_xlabel("value")
    axes[first, "input"].set_title("Input")
    style.key(axes[first, "input"], x=0.2, y=0.97)
    return export.done(fig, table, ("condition", "hook_point", "epoch", "from", "to", "density", "share"))


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


def density(edges: np.ndarray, shares: np.ndarray, *, width: float) -> tuple[np.ndarray, np.ndarray]:
    """(edges, density) per unit of value, of shares (bin,) between edges (bin + 1,), one of which is zero.

    Bins narrower than `width` are joined with their neighbours away from zero, so that zero stays an edge; those that
    are wider stay as they are. The sum of density times width is the sum of the shares.
    """
    middle = int(np.argmin(np.abs(edges)))
    kept = {0, middle, len(edges) - 1}
    for step in (1, -1):
        last = middle
        for place in range(middle + step, len(edges) if step > 0 else -1, step):
            if abs(edges[place] - edges[last]) >= width:
                last = place
                kept.add(place)
    places = sorted(kept)
    joined = np.add.reduceat(shares, places[:-1])
    return edges[places], joined / np.diff(edges[places])


def _reach(edges: np.ndarray, *shares: np.ndarray) -> tuple[float, float]:
    """From where to where nearly all values lie, at every moment: shares (moment, bin) of any number of conditions."""
    sums = [np.cumsum(each) / each.sum() for found in shares for each in found if each.sum() > 0]
    if not sums:
        return float(edges[0]), float(edges[-1])
    low = min(int(np.argmax(each > TAIL)) for each in sums)
    high = max(int(np.argmax(each >= 1 - TAIL)) + 1 for each in sums)
    return float(edges[low]), float(edges[high])


def _step(edges: np.ndarray, share: np.ndarray, across: float) -> float:
    """How wide the steps of an outline are at least, in a panel that is so wide."""
    low, high = _reach(edges, share[None])
    return min(across / STEPS, (high - low) / FEWEST)


def _outline(ax: Axes, bins: np.ndarray, height: np.ndarray, base: int, colour: str) -> None:
    """The outline of a density above its line, scaled to its own peak."""
    shown = np.flatnonzero(height)
    if len(shown):
        first, last = shown[0], shown[-1] + 1
        x = np.repeat(bins[first : last + 1], 2)
        y = np.concatenate([[0], np.repeat(height[first:last], 2), [0]]) / height.max()
        ax.fill(x, base + 0.9 * y, facecolor=(colour, 0.25), edgecolor=colour, linewidth=0.9)


def _told(named: tuple, bins: np.ndarray, height: np.ndarray, single: np.ndarray) -> list[tuple]:
    """What was drawn, as rows; a single value has a share and no density."""
    alone = [(*named, single[0], single[0], "", single[1])] if single[1] else []
    return alone + [
        (*named, bins[place], bins[place + 1], height[place], height[place] * (bins[place + 1] - bins[place]))
        for place in np.flatnonzero(height)
    ]


def _moment_names(moments: Iterable[int]) -> list[str]:
    return [style.moment(moment) for moment in moments][::-1]


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
