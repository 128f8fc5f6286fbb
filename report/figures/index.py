"""The figures of the front page: the networks, and what the chapters found of them, measure by measure.

In: one image's way through a network of each architecture; the facts of every analysis, by page. Out: the drawings as
SVG, and the numbers in them as CSV.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import classes, export, style
from report.arrays import Arrays, Card

# A panel each: where the fact stands, whether it is of the last hidden layer, and the panel's title.
MEASURES: tuple[tuple[str, bool, str], ...] = (
    ("training.first_epoch", False, "accuracy after\none epoch, in %"),
    ("training.test_accuracy", False, "accuracy at\nthe end, in %"),
    ("health.dead", False, "dead units, all\nlayers, in %"),
    ("activations.mean_shift", True, "drift of the last\nhidden layer, in SD"),
    ("geometry.silhouette", True, "silhouette of the\nlast hidden layer"),
    ("geometry.dimension", True, "dimensions that it\nuses"),
)
ACROSS = 3
WIDE = 4  # maps or units beside each other


@style.drawn
def networks(*, flows: Mapping[str, Arrays], card: Card) -> dict[str, str]:
    """One image on its way through a network of each architecture, a row each: what every layer hands on to the next,
    and the logits.

    flows: {architecture: arrays of `experiments.analyses.flow`}.
    """
    columns = 1 + max(len(arrays["layers"]) for arrays in flows.values())
    fig, grid = style.figure(height=2.5 * len(flows), nrows=len(flows), ncols=columns, squeeze=False)
    rows: list[tuple] = []
    for axes, (architecture, arrays) in zip(grid, flows.items(), strict=True):
        style.heat(axes[0], arrays["image"], low=0, high=255).axes.set_box_aspect(1)
        axes[0].set(title=style.label(architecture), xticks=[], yticks=[])
        axes[0].set_xlabel("{} × {} pixels".format(*arrays["image"].shape))
        layers = [str(layer) for layer in arrays["layers"]]
        for place, (ax, layer) in enumerate(zip(axes[1:], layers, strict=False)):
            handed, is_last = arrays[f"handed/{layer}"].astype(float), layer == layers[-1]
            if is_last:
                _logits(ax, handed, card)
            else:
                _handed(ax, handed)
            weights, products = (int(arrays[name][place]) for name in ("parameters", "multiply_adds"))
            ax.set_title(style.layer_label(layer))
            ax.set_xlabel(f"{_size(handed, is_last=is_last)}\n{weights:,} weights\n{products:,} products")
            rows += [(architecture, layer, weights, products, place, value) for place, value in enumerate(handed.flat)]
        for ax in axes[1 + len(layers) :]:
            ax.set_axis_off()
    header = ("architecture", "layer", "weights", "multiply-adds", "number", "handed on")
    return export.done(fig, rows, header)


def _handed(ax: Axes, handed: np.ndarray) -> None:
    """What a layer hands on, bright where it is much: a square for each unit, or a map for each channel."""
    maps = (
        handed if handed.ndim == 3 else handed.reshape(1, *handed.shape) if handed.ndim == 2 else handed[:, None, None]
    )
    down = -(-len(maps) // WIDE)
    room = np.full((WIDE * down, *maps.shape[1:]), np.nan)
    room[: len(maps)] = maps
    edge = 1 if handed.ndim > 1 else 0  # between maps, none between units
    framed = np.pad(room, ((0, 0), (0, edge), (0, edge)), constant_values=np.nan)
    tiled = framed.reshape(down, WIDE, *framed.shape[1:]).transpose(0, 2, 1, 3).reshape(down * framed.shape[1], -1)
    tiled = tiled if handed.ndim != 2 else handed
    style.heat(ax, tiled, low=min(0.0, float(handed.min())), high=max(float(handed.max()), 1e-9))
    ax.set(xticks=[], yticks=[], box_aspect=min(tiled.shape[0] / tiled.shape[1], 2.0))


def _logits(ax: Axes, handed: np.ndarray, card: Card) -> None:
    """The answer: a bar for each class."""
    ax.barh(range(len(handed)), handed, color=[style.INK if value == handed.max() else style.MUTED for value in handed])
    ax.set_yticks(range(len(handed)), classes.codes(card["class_names"]))
    ax.set(ylim=(len(handed) - 0.4, -0.6), xticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _size(handed: np.ndarray, *, is_last: bool) -> str:
    return {
        1: "{} logits" if is_last else "{} units",
        2: "{} places of {}",
        3: "{} maps of {} × {}",
    }[handed.ndim].format(*handed.shape)


@style.drawn
def at_a_glance(*, facts: Mapping[str, Mapping[str, Any]], networks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Means and intervals of six measures, a panel each, the conditions below each other.

    networks: {architecture: what it says of itself}, see `experiments.models.check`.
    """
    known = {name: fact for page in facts.values() for name, fact in page.items()}
    down = -(-len(MEASURES) // ACROSS)
    fig, axes = style.figure(height=1.95 * down, nrows=down, ncols=ACROSS, sharey=True)
    rows = []
    for ax, (measure, of_last, title) in zip(axes.flat, MEASURES, strict=True):
        names = {c: f"{measure}.{c}" for c in style.study()["conditions"]}
        if of_last:
            own = {c: networks[style.architecture(c)] for c in names}
            names = {c: f"{name}.{own[c]['reading'][own[c]['layers'][-2]]}" for c, name in names.items()}
        found = {condition: known[name] for condition, name in names.items() if name in known}
        for place, (condition, fact) in enumerate(found.items()):
            look = style.look(condition)
            low, high = (fact["value"] if end is None else end for end in (fact["low"], fact["high"]))
            ax.plot([low, high], [place, place], color=look["color"], linewidth=2.4, alpha=0.45)
            ax.plot(fact["value"], place, linestyle="none", marker=look["marker"], color=look["color"], markersize=6)
            rows.append((measure, condition, fact["value"], fact["low"], fact["high"], fact["n"]))
        ax.set_title(title)
        ax.margins(x=0.16)
        ax.locator_params(axis="x", nbins=4)
        style.sparse(ax, grid="x")
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0, labelcolor=style.INK)
        ax.set_yticks(range(len(found)), [style.label(condition) for condition in found])
        ax.set_ylim(len(found) - 0.4, -0.6)
    header = ("measure", "network", "mean", "low", "high", "n")
    return export.done(fig, rows, header)
