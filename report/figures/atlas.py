"""The figures of the geometry page that draw maps: PCA, t-SNE and UMAP of each layer, what they keep, and chance.

In: arrays of experiments.analyses.atlas. Out: {"figure.svg", "data.csv"} of each figure. A method that the study
leaves out is left out here, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report import export, style
from report.arrays import Arrays, Card, conditions_of, layers_of

Drawn = dict[str, str]

METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
ACROSS = 6  # maps beside each other
DOTS = 1700  # in one figure at most, shared by its maps: more would make it heavy
SPACES = {"layer": "the layer itself", "pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
KEPT = {
    "silhouette": "Silhouette of the {kinds}",
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


@style.drawn
def maps(*, arrays: Arrays, architecture: str, card: Card) -> Drawn:
    """The maps of every hidden layer of one trained network of each input treatment: a block of columns for each, a
    row for each layer."""
    conditions, methods = conditions_of(arrays, architecture), _methods(arrays)
    hooks, last = layers_of(arrays, conditions[0]), len(arrays["moments"]) - 1
    _, beside = style.across(len(conditions), most=max(1, ACROSS // len(methods)))
    blocks = [conditions[first : first + beside] for first in range(0, len(conditions), beside)]
    panels = [
        [_Map(condition, hook, method, last) for condition in block for method in methods]
        for block in blocks
        for hook in hooks
    ]
    fig, grid, table = _map_grid(arrays, panels, card)
    for row, line in enumerate(panels):
        for ax, (condition, _, method, _) in zip(grid[row], line if row % len(hooks) == 0 else (), strict=False):
            treatment = style.treatment(condition) if method == methods[0] else ""
            ax.set_title(f"{treatment}\n{METHODS[method]}", color=style.look(condition)["color"])
        grid[row, 0].set_ylabel(style.layer_label(line[0].hook.partition(".")[0]), color=style.INK)
    return export.done(fig, *table)


@style.drawn
def development(*, arrays: Arrays, architecture: str, card: Card) -> Drawn:
    """The bent maps of a network's last hidden layer at each moment: a row for each input treatment."""
    conditions, moments = conditions_of(arrays, architecture), list(arrays["moments"])
    columns = [(method, place) for method in _bent(arrays) for place in range(len(moments))]
    panels = [
        [_Map(condition, layers_of(arrays, condition)[-1], method, place) for method, place in columns]
        for condition in conditions
    ]
    fig, grid, table = _map_grid(arrays, panels, card)
    for ax, (method, place) in zip(grid[0], columns, strict=True):
        ax.set_title(f"{METHODS[method] if place == 0 else ''}\n{style.moment(moments[place])}")
    for ax, condition in zip(grid[:, 0], conditions, strict=True):
        ax.set_ylabel(style.label(condition).replace(", ", "\n"), color=style.look(condition)["color"])
    return export.done(fig, *table)


@style.drawn
def starts(*, arrays: Arrays, card: Card) -> Drawn:
    """Maps of one layer from several random starts, and of other networks from one start: the first condition's."""
    condition, methods = conditions_of(arrays)[0], _bent(arrays)
    labels = arrays[f"stability/labels/{condition}"]
    maps = {
        (method, chance): arrays[f"stability/coordinates/{chance}/{method}/{condition}"].astype(float)
        for method in methods
        for chance in ("start", "network")
    }
    columns = [("start", place) for place in range(len(maps[methods[0], "start"]))]
    columns += [("network", place) for place in range(1, len(maps[methods[0], "network"]))]
    fig, grid = style.figure(height=0.6 + 1.45 * len(methods), nrows=len(methods), ncols=len(columns), squeeze=False)
    style.class_key(fig, card["class_names"])
    drawn: dict[str, np.ndarray] = {}
    for row, method in enumerate(methods):
        for ax, (chance, place) in zip(grid[row], columns, strict=True):
            points = maps[method, chance][place]
            _panel(ax, points, _centres(points, labels), labels, card["class_names"], panel=f"{row}-{chance}-{place}")
            drawn[f"{condition} {method} {chance} {place + 1}"] = points
        grid[row, 0].set_ylabel(METHODS[method], color=style.INK)
    for ax, (chance, place) in zip(grid[0], columns, strict=True):
        ax.set_title(f"start {place + 1}" if chance == "start" else f"network {place + 1},\nstart 1")
    return export.done(fig, *_coordinates(labels, drawn, card))


@style.drawn
def kept(*, arrays: Arrays, card: Card) -> Drawn:
    """What the maps show and keep of the trained last hidden layer: one dot for each network."""
    conditions = conditions_of(arrays)
    fig, grid = style.figure(height=4.4, nrows=2, ncols=3, width_ratios=(1, 1, 0.42))
    table: list[tuple] = []
    for ax, (measure, title) in zip((*grid[0, :2], *grid[1, :2]), KEPT.items(), strict=True):
        spaces = ("layer", *_methods(arrays)) if measure in ("silhouette", "knn") else _methods(arrays)
        for place, method in enumerate(spaces):
            for shift, condition in zip(style.beside(len(conditions), reach=0.26), conditions, strict=True):
                hook = str(arrays[f"hook_points/{condition}"][-1])
                value = float(arrays[f"{measure}/{condition}/{method}/{hook}"][-1])
                look = style.look(condition)
                ax.plot(value, place + shift, marker=look["marker"], color=look["color"], linestyle="none")
                table.append((condition, hook, measure, method, value))
        ax.set_title(title.format(**card))
        _rows(ax, [SPACES[method] for method in spaces])
    _key_column(grid[:, 2], conditions, lines=6.5)
    return export.done(fig, table, ("condition", "hook_point", "measure", "method", "value"))


@style.drawn
def stability(*, arrays: Arrays) -> Drawn:
    """How unlike maps are that differ in the start alone, or in the network: faint, every pair; full, the mean."""
    conditions = conditions_of(arrays)
    fig, axes = style.figure(height=3.3, ncols=3, width_ratios=(1, 0.8, 0.5))
    chances = [each for each in CHANCES if each[1] == "layer" or each[1] in arrays["methods"]]
    table: list[tuple] = []
    for ax, measure, title in zip(
        axes, ("disparity", "overlap"), ("Procrustes disparity", "Shared neighbours, %"), strict=False
    ):
        for place, (chance, method, _) in enumerate(chances):
            for shift, condition in zip(style.beside(len(conditions), reach=0.26), conditions, strict=True):
                values = arrays.get(f"stability/{measure}/{chance}/{method}/{condition}")
                if values is None:  # of the layer itself there is no map to be turned
                    continue
                look, height = style.look(condition), np.full(len(values), place + shift)
                style.dots(ax, np.stack([values, height], axis=1), color=look["color"], size=2.5, alpha=0.4)
                ax.plot(values.mean(), place + shift, marker=look["marker"], color=look["color"])
                table += [(condition, measure, chance, method, pair, value) for pair, value in enumerate(values)]
        ax.set_title(title)
        _rows(ax, [name for _, _, name in chances])
        ax.set_xlim(left=0)
    axes[1].set_yticklabels([])
    _key_column([axes[2]], conditions, lines=10)
    return export.done(fig, table, ("condition", "measure", "differs_in", "method", "pair", "value"))


class _Map(NamedTuple):
    """One panel: which map of which layer at which of the moments."""

    condition: str
    hook: str
    method: str
    place: int


def _map_grid(arrays: Arrays, panels: Sequence[Sequence[_Map]], card: Card) -> tuple[Figure, Any, tuple[list, list]]:
    """Maps in rows and columns, the silhouette of the classes in each below it; and their table."""
    nrows, ncols = len(panels), max(map(len, panels))
    fig, grid = style.figure(height=0.6 + nrows * min(2.2, 0.12 + 6.6 / ncols), nrows=nrows, ncols=ncols, squeeze=False)
    few = _first_of_each(arrays["labels"], max(1, DOTS // (card["classes"] * nrows * ncols)))
    labels, drawn = arrays["labels"][few], {}
    style.class_key(fig, card["class_names"])
    for row, line in enumerate(panels):
        for column, (condition, hook, method, place) in enumerate(line):
            name = f"{condition}/{method}/{hook}"
            points = arrays[f"coordinates/{name}"][place][few].astype(float)
            centres = arrays[f"centres/{name}"][place].astype(float)
            _panel(grid[row, column], points, centres, labels, card["class_names"], panel=f"{row}-{column}")
            separation = float(arrays[f"silhouette/{name}"][place])
            grid[row, column].set_xlabel(f"{separation:.2f}".replace("-", "\N{MINUS SIGN}"), labelpad=2)
            drawn[f"{condition} {hook} {method} epoch {arrays['moments'][place]}"] = points
        for ax in grid[row, len(line) :]:
            ax.set_axis_off()
    return fig, grid, _coordinates(labels, drawn, card)


def _coordinates(labels: np.ndarray, drawn: Mapping[str, np.ndarray], card: Card) -> tuple[list, list]:
    """A table with a row for each image and two columns for each map, in thousandths; and its header."""
    columns = [np.round(points, 3) for points in drawn.values()]
    names = [card["class_names"][label] for label in labels]
    table = [(i, name, *np.concatenate([points[i] for points in columns])) for i, name in enumerate(names)]
    return table, ["image", "class", *(f"{name} {axis}" for name in drawn for axis in "xy")]


def _panel(
    ax: Axes, points: np.ndarray, centres: np.ndarray, labels: np.ndarray, names: Sequence[str], *, panel: str
) -> None:
    """One map: dots in the colours of their classes, and names at the centres; no room is left for a lone island."""
    low, high = np.quantile(points, (0.005, 0.995), axis=0)
    for label, colour in zip(np.unique(labels), style.CLASSES, strict=False):
        style.dots(ax, points[labels == label], color=colour, size=1.8, alpha=0.8)
    style.class_labels(ax, centres, names, halo=panel)
    reach, (x, y) = 0.55 * max(float((high - low).max()), 2e-3), (low + high) / 2
    ax.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), xticks=[], yticks=[], box_aspect=1)
    ax.spines[:].set_visible(False)
    ax.patch.set(edgecolor=style.GRID, linewidth=0.8)


def _first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """The places of the first images of each class, in order."""
    return np.sort(np.concatenate([np.flatnonzero(labels == each)[:count] for each in np.unique(labels)]))


def _centres(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([points[labels == each].mean(axis=0) for each in np.unique(labels)])


def _methods(arrays: Arrays) -> list[str]:
    return [method for method in METHODS if method in arrays["methods"]]


def _bent(arrays: Arrays) -> list[str]:
    return [method for method in _methods(arrays) if method != "pca"]


def _rows(ax: Axes, names: Sequence[str]) -> None:
    """Name the rows of a panel of dots, the first on top."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.locator_params(axis="x", nbins=4)
    style.sparse(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0, labelcolor=style.INK)


def _key_column(axes: Iterable[Axes], conditions: Sequence[str], *, lines: float) -> None:
    """Markers and names of the conditions, at the top of the first of the axes, which has room for `lines` of them; the
    others stay empty."""
    first, *rest = axes
    lines = max(lines, len(conditions))
    for ax in (first, *rest):
        ax.set_axis_off()
    first.set(xlim=(0, 1), ylim=(lines, -0.5))
    for place, condition in enumerate(conditions):
        look = style.look(condition)
        first.plot(0.04, place, marker=look["marker"], color=look["color"], linestyle="none")
        first.text(0.14, place, style.label(condition), color=look["color"], va="center")
