"""The figures of the similarity page: epochs with epochs, layers with layers, networks with networks.

In: arrays and facts of experiments.analyses.similarity. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FormatStrFormatter, LogLocator

from report import export, style
from report.arrays import Arrays, Facts, architectures_of, conditions_of, layers_of

Drawn = dict[str, str]

GROUPS = (  # of the forest plot: what two networks share, the relation, and the axis that it is asked across, if any
    ("same seed, another treatment", "same_seed", "treatment"),
    ("two seeds", "seeds", ""),
    ("two seeds, another treatment", "other_seed", "treatment"),
    ("two seeds, another architecture", "other_seed", "architecture"),
    ("two seeds, both untrained", "seeds_start", ""),
    ("trained and untrained, same seed", "untrained", ""),
    ("trained and untrained, two seeds", "untrained_other", ""),
    ("itself, images shuffled", "shuffled", ""),
)


@style.drawn
def epochs(*, arrays: Arrays) -> Drawn:
    """CKA of every epoch with every other, for each layer and condition: mean over seeds."""
    conditions = conditions_of(arrays)
    ncols = max(len(layers_of(arrays, condition)) for condition in conditions)
    fig, grid = style.figure(height=0.4 + 1.6 * len(conditions), nrows=len(conditions), ncols=ncols, squeeze=False)
    table = []
    for axes, condition in zip(grid, conditions, strict=True):
        layers = layers_of(arrays, condition)
        for ax in axes[: ncols - len(layers)]:
            ax.set_axis_off()
        for ax, layer in zip(axes[ncols - len(layers) :], layers, strict=True):
            alike = arrays[f"cka/{condition}/{layer}"]
            image = style.heat(ax, alike, low=0, high=1, origin="lower")
            ends = sorted({0, len(alike) - 1})
            style.sparse(ax, x=ends, y=ends)
            ax.set_box_aspect(1)
            ax.set_title(style.layer_label(layer))
            table += [(condition, layer, *place, alike[place]) for place in np.ndindex(alike.shape)]
        first = axes[ncols - len(layers)]
        first.set_ylabel(f"{style.label(condition)}\nepoch", color=style.look(condition)["color"])
    for ax in grid[-1]:
        ax.set_xlabel("epoch")
    _bar(fig, image, grid, "CKA")
    return export.done(fig, table, ("condition", "layer", "epoch", "other_epoch", "cka"))


@style.drawn
def settling(*, arrays: Arrays, facts: Facts) -> Drawn:
    """The epoch from which each layer stays like its end: every seed, the mean and its interval; other thresholds."""
    architectures = architectures_of(arrays)
    deepest = max(len(layers_of(arrays, architecture)) for architecture in architectures)
    columns = len(architectures) + 1  # the last is for the key
    widths = [1] * len(architectures) + [0.3]
    fig, grid = style.figure(height=0.9 + 0.52 * deepest, ncols=columns, squeeze=False, width_ratios=widths)
    table: list[tuple] = []
    for ax, architecture in zip(grid[0], architectures, strict=False):
        layers = layers_of(arrays, architecture)
        conditions = conditions_of(arrays, architecture)
        for row, layer in enumerate(layers):
            for condition, shift in zip(conditions, style.beside(len(conditions)), strict=True):
                table += _settling(ax, arrays, facts, condition, layer, height=row + shift)
        ax.set_yticks(range(len(layers)), [style.layer_label(layer) for layer in layers])
        ax.set_ylim(len(layers) - 0.45, -0.55)
        ax.set_title(style.label(architecture))
        style.sparse(ax, grid="x")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        style.epoch_axis(ax, arrays[f"step/{conditions[0]}/{layers[0]}"].shape[1])
        ax.set_xlim(-0.4, ax.get_xlim()[1] + 0.4)
    grid[0][-1].set_axis_off()
    style.key(grid[0][-1])
    return export.done(fig, table, ("condition", "layer", "threshold", "mean", "low", "high", "lowest", "highest"))


def _settling(ax: Axes, arrays: Arrays, facts: Facts, condition: str, layer: str, *, height: float) -> list[tuple]:
    found, look = arrays[f"settled/{condition}/{layer}"], style.look(condition)  # (threshold, seed)
    chosen = int(np.abs(arrays["thresholds"] - arrays["threshold"]).argmin())
    fact = facts[f"similarity.settled.{condition}.{layer}"]
    seeds = found[chosen]
    style.dots(ax, np.stack([seeds, np.full(len(seeds), height)], axis=1), color=look["color"], size=5, alpha=0.3)
    others = [place for place in range(len(found)) if place != chosen]
    ax.plot(found[others].mean(axis=1), [height] * len(others), "|", color=look["color"], markersize=7)
    _interval(ax, fact, height, look)
    rows = []
    for place, (threshold, values) in enumerate(zip(arrays["thresholds"], found, strict=True)):
        interval = (fact["low"], fact["high"]) if place == chosen else (None, None)
        rows.append((condition, layer, threshold, values.mean(), *interval, values.min(), values.max()))
    return rows


@style.drawn
def steps(*, arrays: Arrays) -> Drawn:
    """How far a layer moves in each epoch: its Procrustes distance from the epoch before."""
    rows = {architecture: layers_of(arrays, architecture) for architecture in architectures_of(arrays)}
    fig, axes, empty = style.panels(rows, row_height=1.9, spare=True, sharex=True, sharey=True)
    table = []
    for (architecture, layer), ax in axes.items():
        for condition in conditions_of(arrays, architecture):
            values = arrays[f"step/{condition}/{layer}"]
            numbers = np.arange(1, values.shape[1] + 1)
            style.curve(ax, numbers, values, condition, marker="o" if len(numbers) == 1 else None)
            columns = (numbers, values.mean(axis=0), values.min(axis=0), values.max(axis=0))
            table += [(condition, layer, *row) for row in zip(*columns, strict=True)]
        style.epoch_axis(ax, int(numbers[-1]), first=1, title=architecture == list(rows)[-1])
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        ax.minorticks_off()
        style.sparse(ax, grid="y")
        if layer == rows[architecture][0]:
            ax.set_ylabel("distance moved")
    style.key(empty[0])
    return export.done(fig, table, ("condition", "layer", "epoch", "mean", "lowest", "highest"))


@style.drawn
def layers(*, arrays: Arrays) -> Drawn:
    """CKA of every layer with every other at the end of training, the input among them: mean over seeds."""
    conditions = conditions_of(arrays)
    down, beside = style.across(len(conditions))
    fig, grid = style.figure(height=2.5 * down, nrows=down, ncols=beside, squeeze=False)
    table = []
    for ax in grid.flat[len(conditions) :]:
        ax.set_axis_off()
    for place, (ax, condition) in enumerate(zip(grid.flat, conditions, strict=False)):
        names = ["input", *layers_of(arrays, condition)]
        alike = arrays[f"across/{condition}"]
        image = style.heat(ax, alike, low=0, high=1)
        ax.set_box_aspect(1)
        labels = [style.layer_label(name) for name in names]
        ax.set_xticks(range(len(names)), labels, rotation=90)
        known = place % beside and names == ["input", *layers_of(arrays, conditions[place - 1])]
        ax.set_yticks(range(len(names)), [""] * len(names) if known else labels)
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
        table += [(condition, names[a], names[b], alike[a, b]) for a, b in np.ndindex(alike.shape)]
    _bar(fig, image, grid, "CKA")
    return export.done(fig, table, ("condition", "layer", "other_layer", "cka"))


@style.drawn
def networks(*, arrays: Arrays) -> Drawn:
    """CKA of the last hidden layers of all networks at the end of training, in the order of condition and seed."""
    alike, names = arrays["alike"], [str(name) for name in arrays["networks"]]
    order = np.array([place for condition in style.present(set(names)) for place in _places(names, condition)])
    alike, names = alike[np.ix_(order, order)], [names[place] for place in order]
    fig, ax = style.figure(height=5.2)
    image = style.heat(ax, alike, low=min(0.0, float(alike.min())), high=1)
    ax.set_box_aspect(1)
    conditions = list(dict.fromkeys(names))
    starts = np.array([_places(names, condition)[0] for condition in conditions])
    sizes = np.array([len(_places(names, condition)) for condition in conditions])
    for start in starts[1:]:
        ax.axhline(start - 0.5, color=style.PAPER, linewidth=1.2)
        ax.axvline(start - 0.5, color=style.PAPER, linewidth=1.2)
    middles, labels = starts + (sizes - 1) / 2, [style.label(condition) for condition in conditions]
    ax.set_xticks(middles, labels, rotation=0 if len(labels) <= 4 else 90)
    ax.set_yticks(middles, labels)
    _bar(fig, image, np.array([[ax]]), "CKA")
    seeds = [place - starts[conditions.index(name)] for place, name in enumerate(names)]
    table = [(names[a], seeds[a], names[b], seeds[b], alike[a, b]) for a, b in np.ndindex(alike.shape)]
    return export.done(fig, table, ("condition", "seed_rank", "other_condition", "other_seed_rank", "cka"))


@style.drawn
def relations(*, facts: Facts) -> Drawn:
    """How alike last hidden layers are, by what the two networks share: means and intervals, down to the floors."""
    groups = [(title, rows) for title, relation, axis in GROUPS if (rows := _rows(facts, relation, axis))]
    lines = [(title, where, name) for title, rows in groups for where, name in [("", ""), *rows]]
    fig, grid = style.figure(height=0.7 + 0.19 * len(lines), ncols=2, squeeze=False, sharey=True)
    titles = {"cka": "CKA (right: alike)", "procrustes": "Procrustes distance (left: alike)"}
    table = []
    for ax, (measure, title) in zip(grid[0], titles.items(), strict=True):
        for height, (group, where, name) in enumerate(lines):
            fact = facts.get(f"similarity.{measure}.{name}")  # layers of two widths have no Procrustes distance
            if fact is not None:
                _interval(ax, fact, height, _look(where))
                table.append((measure, group, where, fact["value"], fact["low"], fact["high"], fact["n"]))
        ax.set_title(title)
        ax.set_xlim(-0.05, 1.05)
        style.sparse(ax, x=(0, 0.5, 1), grid="x")
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    ax = grid[0, 0]
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ax.set_yticks(range(len(lines)), [_label(where) if name else group for group, where, name in lines])
    for text, (_, _, name) in zip(ax.get_yticklabels(), lines, strict=True):
        text.set_color(style.MUTED if name else style.INK)
    return export.done(fig, table, ("measure", "relation", "where", "mean", "low", "high", "n"))


def _rows(facts: Facts, relation: str, axis: str) -> list[tuple[str, str]]:
    """(condition or comparison, end of the facts' names), where the study has them."""
    compared = style.study()["comparisons"]
    asked = [name for name, of in compared.items() if of["axis"] == axis] if axis else style.study()["conditions"]
    names = [(where, f"{relation}.{where}.last") for where in asked]
    return [(where, name) for where, name in names if f"similarity.cka.{name}" in facts]


def _look(where: str) -> Mapping[str, Any]:
    """That of a condition, or of what the two conditions of a comparison share."""
    of = style.study()["comparisons"].get(where)
    if of is None:
        return style.look(where)
    return style.look_of(**{"architecture" if of["axis"] == "treatment" else "treatment": of["within"]})


def _label(where: str) -> str:
    return style.difference(where).replace(f" {style.MINUS} ", " and ") if ":" in where else style.label(where)


def _interval(ax: Axes, fact: Mapping[str, Any], height: float, look: Mapping[str, Any]) -> None:
    if fact["low"] is not None:
        ax.hlines(height, fact["low"], fact["high"], color=look["color"], linewidth=1.6)
    ax.plot(fact["value"], height, look["marker"], color=look["color"], markersize=5)


def _bar(fig: Any, image: Any, grid: np.ndarray, title: str) -> None:
    bar = fig.colorbar(image, ax=grid, aspect=40, pad=0.015)
    bar.outline.set_visible(False)
    bar.set_label(title)


def _places(names: Sequence[str], condition: str) -> list[int]:
    return [place for place, name in enumerate(names) if name == condition]
