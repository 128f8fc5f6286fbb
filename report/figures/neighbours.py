"""Figures of the geometry page that draw measures: neighbours by layer, what maps keep, chance, and subspaces.

In: arrays of experiments.analyses.neighbours, manifold or subspaces, each figure those it names.
Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import style

Arrays = Mapping[str, np.ndarray]
Drawn = dict[str, str]

METHODS = {"layer": "the layer itself", "pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
KEPT = {
    "silhouette": "Silhouette of the digits",
    "knn": "k-NN accuracy, %",
    "trustworthiness": "Trustworthiness",
    "distances": "Order of the distances",
}
CHANCES = (
    ("start", "tsne", "t-SNE, other start"),
    ("network", "tsne", "t-SNE, other network"),
    ("start", "umap", "UMAP, other start"),
    ("network", "umap", "UMAP, other network"),
    ("network", "layer", "the layers themselves"),
)
WAYS: Mapping[str, tuple[str, dict[str, Any]]] = {  # name in the key, and line; without a colour: the condition's
    "components": ("principal components", {"color": style.INK, "linewidth": 1.0, "linestyle": (0, (5, 1.5))}),
    "greedy": ("units, greedily", {"linewidth": 2.0, "linestyle": "-"}),
    "selectivity": ("units, most selective first", {"linewidth": 1.6, "linestyle": (0, (1.2, 1.2))}),
    "random": ("units, at random", {"linewidth": 1.0, "linestyle": "-"}),
    "rotated": ("random directions", {"color": style.MUTED, "linewidth": 1.0, "linestyle": (0, (1, 2))}),
}


@style.drawn
def neighbours(*, arrays: Arrays) -> Drawn:
    """k-NN and linear-probe accuracy by layer, trained and untrained, and k-NN accuracy by epoch."""
    conditions = _conditions(arrays, "hook_points")
    architectures = list(dict.fromkeys(condition.partition("-")[0] for condition in conditions))
    fig, grid = style.figure(
        height=2.5 * len(architectures), nrows=len(architectures), ncols=3, squeeze=False, sharey=True
    )
    table: list[tuple] = []
    for axes, architecture in zip(grid, architectures, strict=True):
        shown = [condition for condition in conditions if condition.startswith(architecture)]
        for ax, measure, title in zip(axes, ("knn", "linear_probe"), ("k-NN", "linear probe"), strict=False):
            for condition in shown:
                table += _by_depth(ax, arrays, measure, condition)
            ax.set_title(f"{style.label(architecture)}, {title}")
        hook = str(arrays[f"hook_points/{shown[0]}"][-2])
        for condition in shown:
            values = arrays[f"knn_by_epoch/{condition}"]
            style.curve(axes[2], np.arange(values.shape[1]), values, condition)
            table += [(condition, hook, "knn", epoch, *_range(values[:, epoch])) for epoch in range(values.shape[1])]
        style.epoch_axis(axes[2], values.shape[1] - 1)
        axes[2].set_title(f"{style.layer_label(hook.partition('.')[0])}, k-NN")
        axes[0].set_ylabel("accuracy, %")
        for ax in axes:
            style.sparse(ax, grid="y")
        ends = [float(arrays[f"knn_by_epoch/{condition}"][:, -1].mean()) for condition in shown]
        names = [(condition.partition("-")[2], style.look(condition)["color"]) for condition in shown]
        style.end_labels(axes[2], [(end, *name) for end, name in zip(ends, names, strict=True)])
    return _done(fig, table, ("condition", "hook_point", "measure", "epoch", "mean", "lowest", "highest"))


@style.drawn
def kept(*, arrays: Arrays) -> Drawn:
    """What PCA, t-SNE and UMAP show and keep of the trained last hidden layer: one dot for each network."""
    conditions = _conditions(arrays, "hook_points")
    fig, grid = style.figure(height=4.4, nrows=2, ncols=3, width_ratios=(1, 1, 0.42))
    table: list[tuple] = []
    for ax, (measure, title) in zip((*grid[0, :2], *grid[1, :2]), KEPT.items(), strict=True):
        methods = [method for method in METHODS if method != "layer" or measure in ("silhouette", "knn")]
        for place, method in enumerate(methods):
            for shift, condition in zip(_offsets(len(conditions)), conditions, strict=True):
                hook = str(arrays[f"hook_points/{condition}"][-1])
                value = float(arrays[f"{measure}/{condition}/{method}/{hook}"][-1])
                look = style.look(condition)
                ax.plot(value, place + shift, marker=look["marker"], color=look["color"], linestyle="none")
                table.append((condition, hook, measure, method, value))
        ax.set_title(title)
        _rows(ax, [METHODS[method] for method in methods])
    _key_column(grid[:, 2], conditions, lines=6.5)
    return _done(fig, table, ("condition", "hook_point", "measure", "method", "value"))


@style.drawn
def stability(*, arrays: Arrays) -> Drawn:
    """How unlike maps are that differ in the start alone, or in the network: faint, every pair; full, the mean."""
    conditions = _conditions(arrays, "hook_points")
    fig, axes = style.figure(height=3.3, ncols=3, width_ratios=(1, 0.8, 0.5))
    table: list[tuple] = []
    for ax, measure, title in zip(
        axes, ("disparity", "overlap"), ("Procrustes disparity", "Shared neighbours, %"), strict=False
    ):
        for place, (chance, method, _) in enumerate(CHANCES):
            for shift, condition in zip(_offsets(len(conditions)), conditions, strict=True):
                values = arrays.get(f"stability/{measure}/{chance}/{method}/{condition}")
                if values is None:  # of the layer itself there is no map to be turned
                    continue
                look, height = style.look(condition), np.full(len(values), place + shift)
                style.dots(ax, np.stack([values, height], axis=1), color=look["color"], size=2.5, alpha=0.4)
                ax.plot(values.mean(), place + shift, marker=look["marker"], color=look["color"])
                table += [(condition, measure, chance, method, pair, value) for pair, value in enumerate(values)]
        ax.set_title(title)
        _rows(ax, [name for _, _, name in CHANCES])
        ax.set_xlim(left=0)
    axes[1].set_yticklabels([])
    _key_column([axes[2]], conditions, lines=10)
    return _done(fig, table, ("condition", "measure", "differs_in", "method", "pair", "value"))


@style.drawn
def subspaces(*, arrays: Arrays) -> Drawn:
    """Silhouette against the number of units or directions kept; the band holds nine random choices of ten."""
    conditions = _conditions(arrays, "greedy")
    down = -(-len(conditions) // 2)
    fig, grid = style.figure(
        height=2.4 * down, nrows=down, ncols=3, width_ratios=(1, 1, 0.75), squeeze=False, sharex="col", sharey="col"
    )
    table: list[tuple] = []
    for ax, condition in zip(grid[:, :2].flat, conditions, strict=False):
        colour, band = style.look(condition)["color"], arrays[f"band/{condition}"].mean(axis=1)
        counts = np.arange(1, band.shape[1] + 1)
        ax.fill_between(counts, *band, color=colour, alpha=0.18, linewidth=0)
        for way, (_, line) in WAYS.items():
            values = arrays[f"{way}/{condition}"]
            ax.plot(counts, values.mean(axis=0), **{"color": colour, **line})
            table += [(condition, way, count, *_range(values[:, count - 1])) for count in counts]
        ax.set_title(style.label(condition))
        ax.set_xlim(1, counts[-1])
        style.sparse(ax, x=(1, counts[-1] // 2, counts[-1]), grid="y")
    for ax in grid[:, 0]:
        ax.set_ylabel("silhouette")
    for ax in grid[-1, :2]:
        ax.set_xlabel("kept")
    _lines_key(grid[:, 2])
    return _done(fig, table, ("condition", "way", "kept", "mean", "lowest", "highest"))


def _by_depth(ax: Axes, arrays: Arrays, measure: str, condition: str) -> list[tuple]:
    """An accuracy from layer to layer: at the end in full, untrained in faint dots; bars span the seeds."""
    hooks, moments = [str(hook) for hook in arrays[f"hook_points/{condition}"]], arrays["moments"]
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
        (condition, hook, measure, moment, *_range(values[layer, :, place]))
        for layer, hook in enumerate(hooks)
        for place, moment in enumerate(moments)
    ]


def _rows(ax: Axes, names: Sequence[str]) -> None:
    """Name the rows of a panel of dots, the first on top."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.locator_params(axis="x", nbins=4)
    style.sparse(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0, labelcolor=style.INK)


def _offsets(count: int) -> np.ndarray:
    return (np.arange(count) - (count - 1) / 2) * 0.17


def _key_column(axes: Iterable[Axes], conditions: Sequence[str], *, lines: float) -> None:
    """Markers and names of the conditions, at the top of the first of the axes, which has room for `lines` of them; the
    others stay empty."""
    first, *rest = axes
    for ax in (first, *rest):
        ax.set_axis_off()
    first.set(xlim=(0, 1), ylim=(lines, -0.5))
    for place, condition in enumerate(conditions):
        look = style.look(condition)
        first.plot(0.04, place, marker=look["marker"], color=look["color"], linestyle="none")
        first.text(0.14, place, style.label(condition), color=look["color"], va="center")


def _lines_key(axes: Iterable[Axes]) -> None:
    first, *rest = axes
    for ax in (first, *rest):
        ax.set_axis_off()
    for place, (name, line) in enumerate(WAYS.values()):
        height = 0.92 - 0.16 * place
        first.plot((0, 0.13), (height, height), transform=first.transAxes, **{"color": style.NORMALIZED, **line})
        first.text(0.17, height, name, transform=first.transAxes, va="center")


def _conditions(arrays: Arrays, prefix: str) -> list[str]:
    return style.present(name.partition("/")[2] for name in arrays if name.startswith(f"{prefix}/"))


def _range(values: np.ndarray) -> tuple[float, float, float]:
    return float(values.mean()), float(values.min()), float(values.max())


def _done(fig: Any, table: Iterable[Sequence[object]], header: Sequence[str]) -> Drawn:
    return {"figure.svg": style.save(fig), "data.csv": style.csv(table, header)}
