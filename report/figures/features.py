"""The figures of the features page: weights and filters, saliency and its sanity check, and what pleases a unit.

In: arrays and facts of experiments.analyses.features. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import export, sheets, style
from report.arrays import Arrays, Card, architectures_of, conditions_of, layers_of, span

Drawn = dict[str, str]

ACROSS = 11  # maps in a row of the sheet of weights
SHOWN = 20  # units of a layer of which an image is shown, where it has more
KINDS = {"gradient": "gradient", "integrated": "integrated gradients"}
WEIGHTS = ("condition", "layer", "unit", "channel_before", *sheets.MAP)
METHODS = {
    "gradient": "gradient",
    "gradient_ink": "gradient, on ink",
    "integrated": "integrated",
    "integrated_ink": "integrated, on ink",
}


@style.drawn
def weights(*, arrays: Arrays, architecture: str) -> Drawn:
    """The weights of the first layer, as images where its units see the whole image, else as filters."""
    shown = conditions_of(arrays, architecture)
    return (_whole_images if set(shown) <= set(_whole(arrays)) else _filters)(arrays, shown)


@style.drawn
def change(*, arrays: Arrays) -> Drawn:
    """How often each pixel is lit, and beside it how far training moves the weights of each pixel."""
    rows: dict[str, list[str]] = {}
    for condition in _whole(arrays):
        rows.setdefault(style.architecture(condition), []).append(condition)
    down, across = max(1, len(rows)), max(3, 1 + max(map(len, rows.values()), default=0))
    fig, grid = style.figure(height=0.45 + style.WIDTH / across * down, nrows=down, ncols=across, squeeze=False)
    changes = {condition: arrays[f"change_map/{condition}"] for condition in _whole(arrays)}
    bars = [(_map(grid[0, 0], 100 * arrays["lit"], arrays["edge"], title="how often lit"), grid[:, 0], "% of images")]
    high = max((float(values.max()) for values in changes.values()), default=1.0)
    drawn = None
    for axes, (architecture, names) in zip(grid, rows.items(), strict=False):
        for ax, name in zip(axes[1:], names, strict=False):
            drawn = _map(ax, changes[name], arrays["edge"], title=style.treatment(name), high=high)
            ax.title.set_color(style.look(name)["color"])
        axes[1].set_ylabel(style.label(architecture))
    if drawn is not None:
        bars.append((drawn, grid[:, 1:], "change of a weight while training"))
    for ax in grid.flat:
        if not ax.images:
            ax.set_axis_off()
    for image, axes, name in bars:
        bar = fig.colorbar(
            image, ax=axes, orientation="horizontal", pad=0.03, aspect=18 * axes.shape[-1] if axes.ndim > 1 else 18
        )
        bar.outline.set_visible(False)
        bar.set_label(name)
    table = [
        (row, column, 100 * arrays["lit"][row, column], *(values[row, column] for values in changes.values()))
        for row, column in np.ndindex(arrays["lit"].shape)
    ]
    return export.done(fig, table, ("row", "column", "percent_lit", *(f"change_{name}" for name in changes)))


@style.drawn
def locality(*, arrays: Arrays) -> Drawn:
    """By epoch: weights on the border and roughness of the first layer; gradients on the border, before and after."""
    titles = {"weight_border": "squared weights on the border, %", "weight_roughness": "roughness of the weights"}
    panels = [
        (measure, architecture)
        for measure in titles
        for architecture in architectures_of(arrays)
        if f"{measure}/{conditions_of(arrays, architecture)[0]}" in arrays
    ]
    conditions = conditions_of(arrays)
    down = -(-(len(panels) + 1) // 2)
    height = max(2.45, 0.8 + 0.2 * len(conditions))
    fig, axes = style.figure(height=height * down, nrows=down, ncols=2, squeeze=False)
    table: list[tuple] = []
    for ax, (measure, architecture) in zip(axes.flat, panels, strict=False):
        table += _by_epoch(ax, arrays, measure, conditions_of(arrays, architecture))
        ax.set_title(f"{style.label(architecture)}: {titles[measure]}")
    table += _before_and_after(axes.flat[len(panels)], arrays, conditions)
    for ax in axes.flat[len(panels) + 1 :]:
        ax.set_axis_off()
    return export.done(fig, table, ("measure", "condition", "when", "mean", "lowest", "highest"))


@style.drawn
def saliency(*, arrays: Arrays, card: Card) -> Drawn:
    """One image of each class, and for each network the gradient and the integrated gradients of its true logit."""
    conditions = conditions_of(arrays)
    images = _images(arrays, arrays[f"examples/{conditions[0]}"])
    heights = (1, *(len(conditions) for _ in KINDS))
    height = 0.8 + sheets.tile(len(images)) * sum(heights)
    fig, axes = style.figure(height=height, nrows=len(heights), height_ratios=heights)
    sheets.sheet(axes[0], images[None], cmap="gray", low=0, high=255)
    style.class_columns(axes[0], sheets.middles(images), card["class_names"])
    table = [("image", "", k, *sheets.told(image)) for k, image in enumerate(images)]
    axes[0].set_yticklabels(["image"])
    for ax, (kind, title) in zip(axes[1:], KINDS.items(), strict=True):
        maps = np.stack([arrays[f"{kind}/{name}/logits"] for name in conditions]).astype(float)
        sheets.sheet(ax, maps, cmap=sheets.SIGNED, low=-sheets.LIMIT, high=sheets.LIMIT)
        sheets.names(ax, conditions)
        ax.set_title(title)
        true = [sheets.unpacked(arrays, f"{kind}/{name}/logits") for name in conditions]
        table += [
            (kind, name, k, *sheets.told(each))
            for name, v in zip(conditions, true, strict=True)
            for k, each in enumerate(v)
        ]
    return export.done(fig, table, ("what", "condition", "image", *sheets.MAP))


@style.drawn
def unit_saliency(*, arrays: Arrays) -> Drawn:
    """For each unit of the last hidden layer the image it likes best, and what in that image it answers to."""
    places = {name: f"{name}/{layers_of(arrays, name)[-2]}" for name in conditions_of(arrays)}
    maps = {
        name: {kind: sheets.unpacked(arrays, f"{kind}/{place}") for kind in KINDS} for name, place in places.items()
    }
    tiles = {name: sheets.tile(len(arrays[f"gradient/{place}"][:SHOWN])) for name, place in places.items()}
    heights = [part for tile in tiles.values() for part in (tile, len(KINDS) * tile)]
    height = 0.3 * len(places) + sum(heights)
    fig, axes = style.figure(height=height, nrows=len(heights), height_ratios=heights)
    for above, below, (condition, place) in zip(axes[::2], axes[1::2], places.items(), strict=True):
        favourites = arrays[f"favourites/{place}"][:SHOWN, 0]
        sheets.sheet(above, _images(arrays, favourites)[None], cmap="gray", low=0, high=255)
        packed = np.stack([arrays[f"{kind}/{place}"][:SHOWN] for kind in KINDS])
        sheets.sheet(below, packed.astype(float), cmap=sheets.SIGNED, low=-sheets.LIMIT, high=sheets.LIMIT)
        above.set_yticklabels(["image"])
        below.set_yticklabels(KINDS)
        above.set_title(style.label(condition), color=style.look(condition)["color"])
    table = [
        (kind, condition, unit, *sheets.told(each))
        for condition, kinds in maps.items()
        for kind, values in kinds.items()
        for unit, each in enumerate(values)
    ]
    return export.done(fig, table, ("what", "condition", "unit", *sheets.MAP))


@style.drawn
def randomisation(*, arrays: Arrays) -> Drawn:
    """What is left of saliency maps as the layers' weights are drawn anew, one after the other from the top."""
    rows = {architecture: list(METHODS) for architecture in architectures_of(arrays)}
    fig, grid = style.figure(height=2.35 * len(rows), nrows=len(rows), ncols=len(METHODS), sharey=True, squeeze=False)
    table = []
    for axes, architecture in zip(grid, rows, strict=True):
        for ax, method in zip(axes, METHODS, strict=True):
            for condition in conditions_of(arrays, architecture):
                left = arrays[f"randomised/{method}/{condition}"][:, ::-1]  # (seed, layers from the top)
                left = np.concatenate([np.ones((len(left), 1)), left], axis=1)
                style.curve(ax, np.arange(left.shape[1]), left, condition, marker=style.look(condition)["marker"])
                names = ["none", *layers_of(arrays, condition)[::-1]]
                table += [(condition, method, name, *span(v)) for name, v in zip(names, left.T, strict=True)]
            ax.set_xticks(np.arange(len(names)), [style.layer_label(name).lower() for name in names])
            ax.tick_params(axis="x", labelrotation=90)
            ax.set_title(METHODS[method])
            style.sparse(ax, grid="y")
        axes[0].set_ylabel(f"{style.label(architecture)}: likeness")
        ends = [
            (arrays[f"randomised/{method}/{name}"][:, 0].mean(), name) for name in conditions_of(arrays, architecture)
        ]
        style.end_labels(axes[-1], [(float(y), style.treatment(name), style.look(name)["color"]) for y, name in ends])
    return export.done(fig, table, ("condition", "method", "drawn_anew_down_to", "mean", "lowest", "highest"))


@style.drawn
def one_hot(*, arrays: Arrays) -> Drawn:
    """What each unit of the last hidden layer says to every single lit pixel, each map on its own scale."""
    names = {condition: f"onehot/{condition}/{layers_of(arrays, condition)[-2]}" for condition in conditions_of(arrays)}
    maps = {condition: arrays[name][None, :SHOWN].astype(float) for condition, name in names.items()}
    fig = sheets.rows(maps, cmap=sheets.SIGNED, low=-sheets.LIMIT, high=sheets.LIMIT)
    true = {condition: sheets.unpacked(arrays, name) for condition, name in names.items()}
    table = [(name, unit, *sheets.told(each)) for name, v in true.items() for unit, each in enumerate(v)]
    return export.done(fig, table, ("condition", "unit", *sheets.MAP))


@style.drawn
def maximised(*, arrays: Arrays) -> Drawn:
    """For each unit of the last hidden layer the image that maximises it, and below the real image it likes best."""
    return _pleasing(arrays, layer=-2, real=True)


@style.drawn
def maximised_logits(*, arrays: Arrays, card: Card) -> Drawn:
    """For each logit the image that maximises it."""
    return _pleasing(arrays, layer=-1, real=False, names=card["class_names"])


def _whole_images(arrays: Arrays, conditions: Sequence[str]) -> Drawn:
    """A sheet for each condition: one image a unit, on one scale."""
    shown = {name: sheets.unpacked(arrays, f"weights/{name}/{layers_of(arrays, name)[0]}") for name in conditions}
    limit = float(np.quantile(np.abs(np.stack(list(shown.values()))), 0.998))
    rows = -(-len(shown[conditions[0]]) // ACROSS)
    fig, axes = style.figure(height=0.3 + (0.25 + 0.62 * rows) * len(shown), nrows=len(shown), squeeze=False)
    for ax, (condition, maps) in zip(axes[:, 0], shown.items(), strict=True):
        padded = np.full((rows * ACROSS, *maps.shape[1:]), np.nan)
        padded[: len(maps)] = maps
        image = sheets.sheet(
            ax, padded.reshape(rows, ACROSS, *maps.shape[1:]), cmap=sheets.SIGNED, low=-limit, high=limit
        )
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
    _bar(fig, image, axes[:, 0], "weight")
    layer = layers_of(arrays, conditions[0])[0]
    table = [
        (name, layer, unit, "", *sheets.told(each)) for name, maps in shown.items() for unit, each in enumerate(maps)
    ]
    return export.done(fig, table, WEIGHTS)


def _filters(arrays: Arrays, conditions: Sequence[str]) -> Drawn:
    """A row for each first-layer channel: its own filter, then those through which the next convolution reads it."""
    shown = {name: _kernels(arrays, name) for name in conditions}
    if not shown[conditions[0]]:
        return _nothing("no weights that are filters")
    tiles = {
        name: sheets.beside([maps[:SHOWN, :SHOWN] for maps in kernels.values()]) for name, kernels in shown.items()
    }
    down, across = tiles[conditions[0]].shape[:2]
    height = 0.5 + down * min(0.36, 6.6 / across)
    fig, axes = style.figure(height=height * len(tiles), nrows=len(tiles), squeeze=False)
    for ax, (condition, sheet) in zip(axes[:, 0], tiles.items(), strict=True):
        sheets.sheet(ax, sheet, cmap=sheets.SIGNED, low=-1, high=1, gap=1)
        step = sheet.shape[-1] + 1
        layers = [style.layer_label(layer).lower() for layer in shown[condition]]
        ax.set_xticks([step / 2, (across + 2) * step / 2] if len(layers) > 1 else [across * step / 2], layers)
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
    table = [
        (condition, layer, *where, *sheets.told(maps[where]))
        for condition, kernels in shown.items()
        for layer, maps in kernels.items()
        for where in np.ndindex(maps.shape[:2])
    ]
    return export.done(fig, table, WEIGHTS)


def _nothing(why: str) -> Drawn:
    fig, ax = style.figure(height=0.6)
    ax.text(0, 0.5, why, color=style.MUTED, va="center_baseline")
    ax.set_axis_off()
    return export.done(fig, [], WEIGHTS)


def _kernels(arrays: Arrays, condition: str) -> dict[str, np.ndarray]:
    """The filters (channel, channel before, h, w) of the first layer, and of the second where it has some."""
    layers = [layer for layer in layers_of(arrays, condition)[:2] if f"weights/{condition}/{layer}" in arrays]
    return {layer: sheets.unpacked(arrays, f"weights/{condition}/{layer}") for layer in layers}


def _map(ax: Axes, values: np.ndarray, edge: np.ndarray, *, title: str, high: float = 0.0) -> Any:
    """One number for each pixel, with the border's outline."""
    image = ax.imshow(values, vmin=0, vmax=high or values.max(), interpolation="none")
    ax.set(xticks=[], yticks=[], title=title)
    ax.spines[:].set_visible(False)
    _outline(ax, edge)
    return image


def _by_epoch(ax: Axes, arrays: Arrays, measure: str, conditions: Sequence[str]) -> list[tuple]:
    table: list[tuple] = []
    for condition in conditions:
        values = arrays[f"{measure}/{condition}"]
        style.curve(ax, np.arange(values.shape[1]), values, condition)
        table += [(measure, condition, epoch, *span(column)) for epoch, column in enumerate(values.T)]
    style.epoch_axis(ax, values.shape[1] - 1)
    style.sparse(ax, grid="y")
    ends = [(arrays[f"{measure}/{name}"][:, -1].mean(), name) for name in conditions]
    style.end_labels(ax, [(float(y), style.treatment(name), style.look(name)["color"]) for y, name in ends])
    return table


def _before_and_after(ax: Axes, arrays: Arrays, conditions: Sequence[str]) -> list[tuple]:
    """Saliency on the border, a row for each condition: hollow untrained, full trained; dotted where it would not
    care."""
    table: list[tuple] = []
    for place, condition in enumerate(conditions):
        values = arrays[f"saliency_border/{condition}"]  # (seed, moment)
        look = {key: style.look(condition)[key] for key in ("color", "marker")}
        for moment, fill in ((0, style.PAPER), (1, look["color"])):
            mean, low, high = span(values[:, moment])
            ax.hlines(-place, low, high, color=look["color"], linewidth=1)
            ax.plot(mean, -place, markerfacecolor=fill, markersize=6, **look)
            table.append(("saliency_border", condition, ("untrained", "trained")[moment], mean, low, high))
    ax.set_yticks(-np.arange(len(conditions)), [style.label(name) for name in conditions])
    ax.axvline(100 * arrays["edge"].mean(), color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    ax.set_ylim(0.6 - len(conditions), 0.6)
    ax.set_xlim(left=0)
    style.sparse(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_title("saliency on the border, %")
    return table


def _pleasing(arrays: Arrays, *, layer: int, real: bool, names: Sequence[str] = ()) -> Drawn:
    """Images that please units, below them the real ones that please them most; with a name above each column."""
    shown: dict[str, np.ndarray] = {}
    table: list[tuple] = []
    for condition in conditions_of(arrays):
        place = f"{condition}/{layers_of(arrays, condition)[layer]}"
        made, favourites = arrays[f"maximised/{place}"], arrays[f"favourites/{place}"][:, 0]
        rows = [made, _images(arrays, favourites)] if real else [made]
        shown[condition] = np.stack([each[:SHOWN] for each in rows]).astype(float)
        excess = arrays[f"excess/{place}"]
        table += [
            (condition, unit, favourites[unit], *span(excess[:, unit]), *sheets.told(each))
            for unit, each in enumerate(made)
        ]
    fig = sheets.rows(shown, cmap="gray", low=0, high=255)
    if names:
        style.class_columns(fig.axes[0], sheets.middles(next(iter(shown.values()))[0]), names[:SHOWN])
    return export.done(
        fig, table, ("condition", "unit", "favourite_probe_image", "excess", "least", "most", *sheets.MAP)
    )


def _outline(ax: Axes, edge: np.ndarray) -> None:
    """Draw the line between the border's pixels and the others."""
    rows, columns = np.nonzero(edge[1:] != edge[:-1])
    ax.hlines(rows + 0.5, columns - 0.5, columns + 0.5, color=style.TREATMENTS[0], linewidth=0.8)
    rows, columns = np.nonzero(edge[:, 1:] != edge[:, :-1])
    ax.vlines(columns + 0.5, rows - 0.5, rows + 0.5, color=style.TREATMENTS[0], linewidth=0.8)


def _bar(fig: Any, image: Any, axes: Any, name: str) -> None:
    bar = fig.colorbar(image, ax=list(axes), aspect=30, pad=0.015, shrink=0.7)
    bar.outline.set_visible(False)
    bar.set_label(name)


def _images(arrays: Arrays, places: np.ndarray) -> np.ndarray:
    """Probe images by their places in the probe set."""
    return arrays["images"][np.searchsorted(arrays["image_index"], places)]


def _whole(arrays: Arrays) -> list[str]:
    """The conditions in which a first-layer unit sees the whole image."""
    return [condition for condition in conditions_of(arrays) if f"change_map/{condition}" in arrays]
