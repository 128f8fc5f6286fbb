"""The figures of the superposition page: how far classes keep apart, which ones do not, and how many units they take.

In: arrays and facts of experiments.analyses.superposition, and the card of the data set, which names the classes. Out:
{"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report import classes, export, style
from report.arrays import Arrays, Card, Facts, architectures_of, conditions_of, layers_of

Drawn = dict[str, str]

SIGNED = "PRGn"  # purple below zero, green above; not a colour of any condition
NAMED = 2  # pairs of classes that are named in each panel: those misread most often


@style.drawn
def interference(*, arrays: Arrays, facts: Facts) -> Drawn:
    """Mean squared cosine between the classes' directions by epoch, layer by layer, and that of random directions."""
    rows = {architecture: layers_of(arrays, architecture) for architecture in architectures_of(arrays)}
    fig, axes, empty = style.panels(rows, row_height=2.0, spare=True, sharex=True)
    table: list[tuple] = []
    for (architecture, layer), ax in axes.items():
        conditions = conditions_of(arrays, architecture)
        drawn = {condition: facts[f"superposition.chance.{condition}.{layer}"] for condition in conditions}
        _chance(ax, list(drawn.values()))
        for condition, null in drawn.items():
            values = arrays[f"interference/{condition}/{layer}"]
            style.curve(ax, np.arange(values.shape[1]), values, condition)
            random = (null["value"], null["low"], null["high"])
            table += [
                (condition, layer, epoch, each.mean(), each.min(), each.max(), *random)
                for epoch, each in enumerate(values.T)
            ]
        style.epoch_axis(ax, values.shape[1] - 1)
        ax.set_ylim(bottom=0)
        style.sparse(ax, grid="y")
    style.key(empty[0])
    header = ("condition", "layer", "epoch", "mean", "lowest", "highest", "random", "random_low", "random_high")
    return export.done(fig, table, header)


@style.drawn
def cosines(*, arrays: Arrays, card: Card) -> Drawn:
    """The cosine of every pair of classes' directions in the last hidden layer: mean over seeds."""
    names = card["class_names"]
    fig, axes = _panels(arrays, height=2.35)
    table = []
    for place, (condition, ax) in enumerate(axes.items()):
        layer = layers_of(arrays, condition)[-1]
        cosine = arrays[f"cosine/{condition}/{layer}"]
        shown = np.where(np.eye(len(cosine), dtype=bool), np.nan, cosine)
        image = style.heat(ax, shown, low=-0.8, high=0.8, cmap=SIGNED)
        ax.set_box_aspect(1)
        style.class_ticks(ax, names, axis="x")
        style.class_ticks(ax, names if place % style.across(len(axes))[1] == 0 else [], axis="y")
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
        table += [(condition, layer, names[i], names[j], cosine[i, j]) for i, j in _pairs(names)]
    bar = fig.colorbar(image, ax=list(axes.values()), aspect=14, pad=0.02, shrink=0.7)
    bar.outline.set_visible(False)
    bar.set_label("cosine")
    return export.done(fig, table, ("condition", "layer", "class", "other_class", "cosine"))


@style.drawn
def confused(*, arrays: Arrays, card: Card) -> Drawn:
    """For every pair of classes, how alike their directions are and how often one is read as the other."""
    names = card["class_names"]
    short, pairs, table = classes.codes(names), _pairs(names), []
    fig, axes = _panels(arrays, height=2.5, sharex=True)
    style.class_key(fig, names)
    for place, (condition, ax) in enumerate(axes.items()):
        cosine = arrays[f"cosine/{condition}/{layers_of(arrays, condition)[-1]}"]
        points = np.array([(cosine[pair], arrays[f"misread/{condition}"][pair]) for pair in pairs])
        style.dots(ax, points, color=style.look(condition)["color"], size=4)
        ax.autoscale_view()
        _name_most(ax, points, ["–".join(short[of] for of in pair) for pair in pairs])
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
        ax.set_xlabel("cosine")
        style.sparse(ax, x=(-0.5, 0, 0.5), grid="y")
        if place % style.across(len(axes))[1] == 0:
            ax.set_ylabel("images misread")
        table += [(condition, names[i], names[j], *point) for (i, j), point in zip(pairs, points.tolist(), strict=True)]
    return export.done(fig, table, ("condition", "class", "other_class", "cosine", "misread"))


def _chance(ax: Axes, drawn: list[Any]) -> None:
    """Where random directions lie: a dotted line at their mean, a grey band that holds most of them."""
    ends = [(each["value"], each["value"]) if each["low"] is None else (each["low"], each["high"]) for each in drawn]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    ax.axhspan(low, high, color=style.MUTED, alpha=0.15, linewidth=0)
    middle = float(np.mean([each["value"] for each in drawn]))
    ax.axhline(middle, color=style.MUTED, linewidth=0.9, linestyle=(0, (1, 2)))


def _panels(arrays: Arrays, *, height: float, **subplots: Any) -> tuple[Figure, dict[str, Axes]]:
    """A figure with a panel for each condition, rows of which are so high."""
    conditions = conditions_of(arrays)
    down, beside = style.across(len(conditions))
    fig, grid = style.figure(height=height * down, nrows=down, ncols=beside, squeeze=False, **subplots)
    for ax in grid.flat[len(conditions) :]:
        ax.set_axis_off()
    return fig, dict(zip(conditions, grid.flat, strict=False))


def _name_most(ax: Axes, points: np.ndarray, names: list[str]) -> None:
    """Name the points that lie highest, each towards the middle of the axes, and below each other."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    most = np.argsort(-points[:, 1], kind="stable")[:NAMED]
    heights = style.spread((points[most, 1] - bottom) / (top - bottom), gap=0.1)
    for place, height in zip(most, heights, strict=True):
        side = -1 if points[place, 0] > (left + right) / 2 else 1
        x = (points[place, 0] - left) / (right - left) + 0.04 * side
        ax.text(x, height, names[place], ha="left" if side > 0 else "right", va="center", transform=ax.transAxes)


def _pairs(names: list[str]) -> list[tuple[int, int]]:
    """The places of every two classes."""
    return list(combinations(range(len(names)), 2))
