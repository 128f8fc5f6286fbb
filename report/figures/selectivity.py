"""The figures of the selectivity page: class means, top units in three ways, agreement, kinds of units, growth.

In: arrays of experiments.analyses.selectivity, and the card of the data set, which says what a class is called. Out:
{"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import classes, export, style
from report.arrays import Arrays, Card, conditions_of, layers_of, rows_of, span

Drawn = dict[str, str]

RANKINGS = ("class mean", "gradient", "selectivity")  # in the order of the analysis
PAIRS = ("mean and\ngradient", "mean and\nselectivity", "gradient and\nselectivity")
VARIANTS: Mapping[str, Mapping[str, Any]] = {  # variant: its line
    "own": {"linewidth": 1.8},
    "start": {"linewidth": 0.8, "color": style.MUTED},
}


@style.drawn
def class_means(*, arrays: Arrays, card: Card, architecture: str) -> Drawn:
    """What every unit and channel of one network does on average for each class: a row for each treatment."""
    return _heatmaps(arrays, card, architecture)


@style.drawn
def top_units(*, arrays: Arrays) -> Drawn:
    """The top three units of the last hidden layer for every class by each ranking, one network per condition."""
    conditions = _living(arrays)
    down, beside = style.across(len(conditions), most=2)
    height = 0.3 + (0.5 + 0.25 * len(arrays["classes"])) * down
    fig, grid = style.figure(height=height, nrows=down, ncols=beside, squeeze=False)
    table: list[tuple] = []
    for ax in grid.flat[len(conditions) :]:
        ax.set_axis_off()
    for ax, condition in zip(grid.flat, conditions, strict=False):
        layer = layers_of(arrays, condition)[-1]
        table += _top(ax, arrays[f"top/{condition}/{layer}"], arrays["classes"].tolist(), condition, layer)
        ax.set_title(
            f"{style.label(condition)}, {style.layer_label(layer).lower()}", color=style.look(condition)["color"]
        )
    return export.done(fig, table, ("condition", "layer", "ranking", "class", "place", "unit", "rankings_that_list_it"))


@style.drawn
def agreement(*, arrays: Arrays) -> Drawn:
    """Spearman's correlation of two rankings over the units of a layer: a dot per seed, a bar at the mean."""
    rows = rows_of(arrays, _ranked)
    fig, axes, empty = style.panels(rows, row_height=2.2, spare=True, sharex=True, sharey=True)
    table = []
    for (architecture, layer), ax in axes.items():
        conditions = conditions_of(arrays, architecture)
        half = min(0.14, 0.144 / max(len(conditions) - 1, 1))  # of a bar, so that none touches the next
        for shift, condition in zip(style.beside(len(conditions)), conditions, strict=True):
            if f"agreement/{condition}/{layer}" not in arrays:
                continue
            values = arrays[f"agreement/{condition}/{layer}"].astype(float)  # (seed, pair)
            look = style.look(condition)
            for pair in range(values.shape[1]):
                places = np.column_stack([np.full(len(values), pair + shift), values[:, pair]])
                style.dots(ax, places, color=look["color"], size=3, alpha=0.5)
                ends = pair + shift - half, pair + shift + half
                ax.hlines(values[:, pair].mean(), *ends, color=look["color"], linewidth=2)
                table.append((condition, layer, PAIRS[pair].replace("\n", " "), *span(values[:, pair])))
        ax.axhline(0, color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        ax.set(xlim=(-0.5, 2.5), ylim=(-1.05, 1.05))
        ax.set_xticks(range(len(PAIRS)), PAIRS, rotation=40, ha="right", rotation_mode="anchor")
        style.sparse(ax, grid="y")
        ax.tick_params(axis="x", length=0)
        if layer == rows[architecture][0]:
            ax.set_ylabel("rank correlation")
    style.key(empty[0], notes=["dotted: chance"])
    return export.done(fig, table, ("condition", "layer", "rankings", "mean", "lowest", "highest"))


@style.drawn
def participation(*, arrays: Arrays, card: Card) -> Drawn:
    """Share of units that respond to at most so many classes: trained, the same layer rotated, and untrained."""
    rows = {condition: layers_of(arrays, condition) for condition in _living(arrays)}
    fig, axes, empty = style.panels(rows, row_height=1.65, spare=True, sharex=True, sharey=True)
    most = len(arrays["classes"])
    step = 2 if most <= 10 else 5
    table = []
    for (condition, layer), ax in axes.items():
        for variant, line in VARIANTS.items():
            values = arrays[f"spread/{variant}/{condition}/{layer}"]  # (seed, grid)
            style.curve(ax, arrays["grid"], values, condition, **{"linestyle": "-", **line})
            for place in range(0, len(arrays["grid"]), 5):
                table.append((condition, layer, variant, arrays["grid"][place], *span(values[:, place])))
        ax.set(xlim=(1, most), ylim=(0, 100))
        style.sparse(ax, x=sorted({1, *range(most % step or step, most + 1, step)}), y=(0, 50, 100), grid="y")
        if layer == rows[condition][0]:
            ax.set_ylabel("units, %")
        if condition == list(rows)[-1]:
            ax.set_xlabel(f"{card['kinds']} (participation ratio)")
    style.key(empty[0], notes=["thick: trained", "thin grey: untrained"])
    header = (
        "condition",
        "layer",
        "variant",
        "participation_ratio_up_to",
        "mean_percent_of_units",
        "lowest",
        "highest",
    )
    return export.done(fig, table, header)


@style.drawn
def growth(*, arrays: Arrays) -> Drawn:
    """Mean selectivity of the living units of each layer by epoch; channels by their mean and by their maximum."""
    rows = rows_of(arrays, _parts)
    fig, axes, empty = style.panels(
        {name: layers_of(arrays, name) for name in rows}, row_height=2.1, spare=True, sharex=True, sharey=True
    )
    table = []
    for (architecture, layer), ax in axes.items():
        for condition in conditions_of(arrays, architecture):
            for part in [part for part in rows[architecture] if part.partition(".")[0] == layer]:
                values = arrays[f"growth/{condition}/{part}"]
                epochs, peak = np.arange(values.shape[1]), part.endswith(".peak")
                line = {"linestyle": ":", "linewidth": 1.2} if peak else {}
                style.curve(ax, epochs, values, condition, of="spatial maximum" if peak else "", **line)
                table += [(condition, part, epoch, *span(values[:, epoch])) for epoch in epochs]
        style.epoch_axis(ax, int(epochs[-1]), title=architecture == list(rows)[-1])
        style.sparse(ax, grid="y")
        ax.set_ylim(0, 1)
        if layer == layers_of(arrays, architecture)[0]:
            ax.set_ylabel("selectivity")
    style.key(empty[0], notes=["dotted: spatial maximum"] if any(name.endswith(".peak") for name in arrays) else [])
    return export.done(fig, table, ("condition", "layer_and_reading", "epoch", "mean", "lowest", "highest"))


def _heatmaps(arrays: Arrays, card: Card, architecture: str) -> Drawn:
    conditions = conditions_of(arrays, architecture)
    names = [*layers_of(arrays, conditions[0]), "logits"]
    tallest = max(len(arrays[f"class_mean/{conditions[0]}/{name}"]) for name in names)
    fig, grid = style.figure(
        height=(0.6 + 0.1 * min(tallest, 32)) * len(conditions), nrows=len(conditions), ncols=len(names), squeeze=False
    )
    table: list[tuple] = []
    for axes, condition in zip(grid, conditions, strict=True):
        for ax, name in zip(axes, names, strict=True):
            means = arrays[f"class_mean/{condition}/{name}"].astype(float)
            order, share = _sorted(means - means.min(axis=1, keepdims=True) if name == "logits" else means)
            image = style.heat(ax, share[order], low=0, high=1)
            style.class_ticks(ax, arrays["classes"].tolist() if condition == conditions[-1] else [], axis="x")
            ax.set_yticks([])
            ax.set_title(style.layer_label(name))
            table += [
                (condition, name, unit, arrays["classes"][of], means[unit, of], share.filled(np.nan)[unit, of])
                for unit in order
                for of in range(means.shape[1])
            ]
        axes[0].set_ylabel(f"{style.label(condition)}\nunits", color=style.look(condition)["color"])
    for ax in grid[-1]:
        ax.set_xlabel(card["kind"])
    bar = fig.colorbar(image, ax=grid, aspect=50, pad=0.015)
    bar.outline.set_visible(False)
    bar.set_label("class mean, as part of the unit’s largest")
    return export.done(fig, table, ("condition", "layer", "unit", "class", "class_mean", "part_of_the_largest"))


def _sorted(means: np.ndarray) -> tuple[np.ndarray, np.ma.MaskedArray]:
    """Units in order of their favourite class, dead ones last, and means as parts of each unit's largest."""
    largest = means.max(axis=1)
    dead = largest <= 0
    share = np.clip(means / np.where(dead, 1, largest)[:, None], 0, 1)
    order = np.lexsort((share.sum(axis=1), means.argmax(axis=1), dead))
    return order, np.ma.masked_array(share, np.broadcast_to(dead[:, None], share.shape))


def _top(ax: Axes, top: np.ndarray, names: Sequence[str], condition: str, layer: str) -> list[tuple]:
    """A class per row, three units per ranking; bold where all rankings list the unit, faint where only one does."""
    colour, table = style.look(condition)["color"], []
    for ranking, row, place in np.ndindex(top.shape):
        unit = top[ranking, row, place]
        listed = int((top[:, row] == unit).any(axis=1).sum())
        look: dict[str, Any] = {3: {"color": colour, "fontweight": "bold"}, 2: {"color": style.INK}}.get(
            listed, {"color": style.MUTED}
        )
        ax.text(3.7 * ranking + place, row, str(unit), ha="center", va="center_baseline", **look)
        table.append((condition, layer, RANKINGS[ranking], names[row], place + 1, unit, listed))
    for ranking, name in enumerate(RANKINGS):
        ax.text(3.7 * ranking + 1, -1.1, name, color=style.MUTED, ha="center", va="center_baseline")
    ax.set(xlim=(-0.8, 10.2), ylim=(top.shape[1] - 0.4, -1.7), xticks=[])
    ax.set_yticks(range(top.shape[1]), classes.fitted(names, 14))
    ax.tick_params(length=0, labelcolor=style.INK)
    ax.spines[:].set_visible(False)
    return table


def _living(arrays: Arrays) -> list[str]:
    """The conditions whose units can be on or off."""
    found = [each for each in conditions_of(arrays) if layers_of(arrays, each)]
    if not found:
        raise style.Nothing
    return found


def _ranked(arrays: Arrays, architecture: str) -> list[str]:
    """The layers whose units are ranked in some condition: where fewer than two live, there is nothing to rank."""
    conditions = conditions_of(arrays, architecture)
    return [
        layer
        for layer in layers_of(arrays, architecture)
        if any(f"agreement/{condition}/{layer}" in arrays for condition in conditions)
    ]


def _parts(arrays: Arrays, architecture: str) -> list[str]:
    """The layers, and the channels read at their maximum."""
    begin = f"growth/{conditions_of(arrays, architecture)[0]}/"
    return [name.removeprefix(begin) for name in arrays if name.startswith(begin)]
