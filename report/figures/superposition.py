"""The figures of the superposition page: how far classes keep apart, which ones do not, and how many units they take.

In: arrays and facts of experiments.analyses.superposition. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import classes, export, style
from report.arrays import Arrays, Card, Facts, architectures_of, conditions_of, layers_of

Drawn = dict[str, str]

SIGNED = "PRGn"  # purple below zero, green above; not a colour of any condition
NAMED = 2  # pairs of classes that are named in each panel: those misread most often


@style.drawn
def interference(*, arrays: Arrays, facts: Facts) -> Drawn:
    """Mean squared cosine between the classes' directions by epoch, layer by layer, beside chance and the least."""
    rows = {architecture: layers_of(arrays, architecture) for architecture in architectures_of(arrays)}
    fig, axes, empty = style.panels(rows, row_height=2.0, sharex=True)
    table: list[tuple] = []
    for (architecture, layer), ax in axes.items():
        for condition in conditions_of(arrays, architecture):
            values = arrays[f"interference/{condition}/{layer}"]
            style.curve(ax, np.arange(values.shape[1]), values, condition)
            table += [
                (condition, layer, epoch, each.mean(), each.min(), each.max()) for epoch, each in enumerate(values.T)
            ]
        for name, dashes in (("chance", (0, (4, 3))), ("least", (0, (1, 2)))):
            value = facts[f"superposition.{name}.{layer}"]["value"]
            ax.axhline(value, color=style.MUTED, linewidth=0.8, linestyle=dashes)
            table.append((name, layer, None, value, None, None))
        style.epoch_axis(ax, values.shape[1] - 1)
        ax.set_ylim(bottom=0)
        style.sparse(ax, grid="y")
    if empty:
        style.key(empty[0], ("raw", "normalized"), y=0.7)
    return export.done(fig, table, ("condition", "layer", "epoch", "mean", "lowest", "highest"))


@style.drawn
def cosines(*, arrays: Arrays, card: Card) -> Drawn:
    """The cosine of every pair of classes' directions in the last hidden layer: mean over seeds."""
    conditions = conditions_of(arrays)
    fig, axes = style.figure(height=2.35, ncols=len(conditions), squeeze=False)
    table = []
    for ax, condition in zip(axes[0], conditions, strict=True):
        layer = layers_of(arrays, condition)[-1]
        cosine = arrays[f"cosine/{condition}/{layer}"]
        shown = np.where(np.eye(len(cosine), dtype=bool), np.nan, cosine)
        image = style.heat(ax, shown, low=-0.8, high=0.8, cmap=SIGNED)
        ax.set_box_aspect(1)
        style.class_ticks(ax, card["class_names"], axis="both")
        if ax is not axes[0, 0]:
            ax.set_yticks([])  # those of the first panel are the same
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
        table += [(condition, layer, *_names(card, pair), cosine[pair]) for pair in _pairs(card)]
    bar = fig.colorbar(image, ax=list(axes[0]), aspect=14, pad=0.02, shrink=0.7)
    bar.outline.set_visible(False)
    bar.set_label("cosine")
    return export.done(fig, table, ("condition", "layer", card["kind"], f"other_{card['kind']}", "cosine"))


@style.drawn
def confused(*, arrays: Arrays, card: Card) -> Drawn:
    """For every pair of classes, how alike their directions are and how often one is read as the other."""
    conditions = conditions_of(arrays)
    fig, axes = style.figure(height=2.5, ncols=len(conditions), sharex=True, squeeze=False)
    style.class_key(fig, card["class_names"])
    short, pairs, table = classes.codes(card["class_names"]), _pairs(card), []
    for ax, condition in zip(axes[0], conditions, strict=True):
        cosine = arrays[f"cosine/{condition}/{layers_of(arrays, condition)[-1]}"]
        points = np.array([(cosine[pair], arrays[f"misread/{condition}"][pair]) for pair in pairs])
        style.dots(ax, points, color=style.look(condition)["color"], size=4)
        ax.autoscale_view()
        for place in np.argsort(-points[:, 1], kind="stable")[:NAMED]:
            if points[place, 1] > 0:
                side = _side(ax, points[place, 0])
                text = "–".join(short[each] for each in pairs[place])
                ax.annotate(text, points[place], textcoords="offset points", va="center", **side)
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
        ax.set_xlabel("cosine")
        style.sparse(ax, x=(-0.5, 0, 0.5), grid="y")
        table += [(condition, *_names(card, pair), *point) for pair, point in zip(pairs, points.tolist(), strict=True)]
    axes[0, 0].set_ylabel("images misread")
    return export.done(fig, table, ("condition", card["kind"], f"other_{card['kind']}", "cosine", "misread"))


@style.drawn
def units(*, arrays: Arrays, facts: Facts, card: Card) -> Drawn:
    """Over how many units a class is spread, in the layer as it is and in the same layer rotated at random."""
    conditions = conditions_of(arrays)
    places = [(condition, layer) for condition in conditions for layer in layers_of(arrays, condition)]
    fig, ax = style.figure(height=0.7 + 0.27 * len(places))
    table = []
    for row, (condition, layer) in enumerate(places):
        look, place = style.look(condition), f"{condition}.{layer}"
        own, turned = (facts[f"superposition.{name}.{place}"] for name in ("units", "units_rotated"))
        for fact, fill in ((turned, style.PAPER), (own, look["color"])):
            if fact["low"] is not None:
                ax.hlines(-row, fact["low"], fact["high"], color=look["color"], linewidth=1)
            ax.plot(fact["value"], -row, marker=look["marker"], color=look["color"], markerfacecolor=fill, markersize=6)
        table += [
            (condition, layer, name, fact["value"], fact["low"], fact["high"])
            for name, fact in (("own axes", own), ("rotated", turned))
        ]
    names = [f"{style.label(condition)}, {style.layer_label(layer).lower()}" for condition, layer in places]
    ax.set_yticks(-np.arange(len(places)), names)
    for text, (condition, _) in zip(ax.get_yticklabels(), places, strict=True):
        text.set_color(style.look(condition)["color"])
    ax.set_ylim(0.6 - len(places), 0.6)
    ax.set_xlim(left=0)
    ax.set_xlabel(f"units per {card['kind']}")
    style.sparse(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return export.done(fig, table, ("condition", "layer", "axes", "mean", "low", "high"))


def _side(ax: Axes, x: float) -> dict[str, Any]:
    """Where the name of a point stands: on the side of it on which there is more room."""
    left, right = ax.get_xlim()
    return {"xytext": (-5, 0), "ha": "right"} if x > (left + right) / 2 else {"xytext": (5, 0), "ha": "left"}


def _pairs(card: Card) -> list[tuple[int, int]]:
    return list(combinations(range(card["classes"]), 2))


def _names(card: Card, pair: tuple[int, int]) -> tuple[str, str]:
    return card["class_names"][pair[0]], card["class_names"][pair[1]]
