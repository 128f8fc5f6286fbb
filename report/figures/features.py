"""The figures of the features page: weights and filters, saliency and its sanity check, and what pleases a unit.

In: arrays and facts of experiments.analyses.features. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from report import export, style
from report.arrays import Arrays, Card, architectures_of, conditions_of, layers_of, span

Drawn = dict[str, str]

SIGNED = "PRGn"  # purple below zero, green above; not a colour of any condition
LIMIT = 127  # the largest value of a map in eight bits
COLOURS = 19  # steps of a colour map: few enough for small files, odd so that zero has its own
ACROSS = 11  # maps in a row of the sheet of weights
GAP = 2  # pixels between the images of a sheet
MAP = ("scale", "map_int8_base64")  # cells of an image: its pixels, row by row, are these numbers times the scale
METHODS = {
    "gradient": "gradient",
    "gradient_ink": "gradient, on ink",
    "integrated": "integrated",
    "integrated_ink": "integrated, on ink",
}


@style.drawn
def first_layer(*, arrays: Arrays) -> Drawn:
    """The weights of every first-layer unit that sees the whole image, as images, on one scale."""
    shown = {name: _unpacked(arrays, f"weights/{name}/{layers_of(arrays, name)[0]}") for name in _whole(arrays)}
    limit = float(np.quantile(np.abs(np.stack(list(shown.values()))), 0.998))
    rows = -(-len(next(iter(shown.values()))) // ACROSS)
    fig, axes = style.figure(height=0.3 + (0.25 + 0.62 * rows) * len(shown), nrows=len(shown), squeeze=False)
    for ax, (condition, maps) in zip(axes[:, 0], shown.items(), strict=True):
        padded = np.full((rows * ACROSS, *maps.shape[1:]), np.nan)
        padded[: len(maps)] = maps
        image = _sheet(ax, padded.reshape(rows, ACROSS, *maps.shape[1:]), cmap=SIGNED, low=-limit, high=limit)
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
    _bar(fig, image, axes[:, 0], "weight")
    header = ("condition", "unit", *MAP)
    return export.done(
        fig, [(name, unit, *_told(row)) for name, maps in shown.items() for unit, row in enumerate(maps)], header
    )


@style.drawn
def change(*, arrays: Arrays) -> Drawn:
    """How often each pixel is lit, and beside it how far training moves the weights of each pixel."""
    conditions = _whole(arrays)
    fig, axes = style.figure(height=2.75, ncols=1 + len(conditions))
    lit = axes[0].imshow(100 * arrays["lit"], vmin=0, vmax=100 * arrays["lit"].max(), interpolation="none")
    axes[0].set_title("how often lit")
    changes = {condition: arrays[f"change_map/{condition}"] for condition in conditions}
    high = float(np.max(list(changes.values())))
    for ax, (condition, values) in zip(axes[1:], changes.items(), strict=True):
        image = ax.imshow(values, vmin=0, vmax=high, interpolation="none")
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
    for ax in axes:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        _outline(ax, arrays["edge"])
    for drawn, ax, name in (
        (lit, axes[0], "% of training images"),
        (image, axes[1:], "change of a weight while training"),
    ):
        bar = fig.colorbar(drawn, ax=ax, orientation="horizontal", pad=0.03, aspect=18 if drawn is lit else 38)
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
    architectures = architectures_of(arrays)
    whole = dict.fromkeys(condition.partition("-")[0] for condition in _whole(arrays))
    panels = [("weight_border", each) for each in whole] + [("weight_roughness", each) for each in architectures]
    fig, axes = style.figure(height=4.9, nrows=2, ncols=2)
    table: list[tuple] = []
    for ax, (measure, architecture) in zip(axes.ravel(), panels, strict=False):
        for condition in conditions_of(arrays, architecture):
            values = arrays[f"{measure}/{condition}"]
            style.curve(ax, np.arange(values.shape[1]), values, condition)
            table += [(measure, condition, epoch, *span(column)) for epoch, column in enumerate(values.T)]
        style.epoch_axis(ax, values.shape[1] - 1)
        style.sparse(ax, grid="y")
        what = {"weight_border": "squared weights on the border, %", "weight_roughness": "roughness of the weights"}
        ax.set_title(f"{style.label(architecture)}: {what[measure]}")
        ends = [(arrays[f"{measure}/{name}"][:, -1].mean(), name) for name in conditions_of(arrays, architecture)]
        style.end_labels(ax, [(float(y), name.partition("-")[2], style.look(name)["color"]) for y, name in ends])
    ax = axes.ravel()[len(panels)]
    for place, condition in enumerate(conditions_of(arrays)):
        values = arrays[f"saliency_border/{condition}"]  # (seed, moment)
        for moment, fill in ((0, style.PAPER), (1, style.look(condition)["color"])):
            table.append(("saliency_border", condition, ("untrained", "trained")[moment], *span(values[:, moment])))
            _, low, high = span(values[:, moment])
            look = {key: style.look(condition)[key] for key in ("color", "marker")}
            ax.hlines(-place, low, high, color=look["color"], linewidth=1)
            ax.plot(values[:, moment].mean(), -place, markerfacecolor=fill, markersize=6, **look)
    ax.set_yticks(-np.arange(len(conditions_of(arrays))), [style.label(name) for name in conditions_of(arrays)])
    ax.axvline(100 * arrays["edge"].mean(), color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    ax.set_ylim(0.6 - len(conditions_of(arrays)), 0.6)
    ax.set_xlim(left=0)
    style.sparse(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_title("saliency on the border, %")
    for ax in axes.ravel()[len(panels) + 1 :]:
        ax.set_axis_off()
    return export.done(fig, table, ("measure", "condition", "when", "mean", "lowest", "highest"))


@style.drawn
def filters(*, arrays: Arrays) -> Drawn:
    """All filters of the first two convolutions: a row for each first-layer channel, its own filter at the left."""
    conditions = [
        name for name in conditions_of(arrays) if arrays[f"weights/{name}/{layers_of(arrays, name)[0]}"].ndim == 4
    ]
    fig, axes = style.figure(height=2.2, ncols=len(conditions), squeeze=False)
    table = []
    for ax, condition in zip(axes[0], conditions, strict=True):
        first, second = layers_of(arrays, condition)[:2]
        kernels = {layer: _unpacked(arrays, f"weights/{condition}/{layer}") for layer in (first, second)}
        own, next_ = (maps / np.quantile(np.abs(maps), 0.998) for maps in kernels.values())  # each layer has its scale
        tiles = np.concatenate([own, np.full_like(own, np.nan), next_.swapaxes(0, 1)], axis=1)  # a row for each channel
        _sheet(ax, tiles, cmap=SIGNED, low=-1, high=1, gap=1)
        step = tiles.shape[-1] + 1
        places = (step / 2, (2 + len(next_) / 2) * step)
        ax.set_xticks(places, [style.layer_label(layer).lower() for layer in (first, second)])
        ax.set_title(style.label(condition), color=style.look(condition)["color"])
        for layer, maps in kernels.items():
            table += [(condition, layer, *where, *_told(maps[where])) for where in np.ndindex(maps.shape[:2])]
    header = ("condition", "layer", "channel", "channel_before", *MAP)
    return export.done(fig, table, header)


@style.drawn
def saliency(*, arrays: Arrays, card: Card) -> Drawn:
    """One image of each class, and for each network the gradient and the integrated gradients of its true logit."""
    conditions = conditions_of(arrays)
    images = _images(arrays, arrays[f"examples/{conditions[0]}"])
    kinds = ("gradient", "integrated")
    heights = (1, *(len(conditions) for _ in kinds))
    fig, axes = style.figure(height=0.8 + 0.63 * sum(heights), nrows=len(heights), height_ratios=heights)
    _sheet(axes[0], images[None], cmap="gray", low=0, high=255)
    style.class_columns(axes[0], _middles(images), card["class_names"])
    table = [("image", "", k, *_told(image)) for k, image in enumerate(images)]
    _names(axes[0], ["image"])
    for ax, kind in zip(axes[1:], kinds, strict=True):
        maps = np.stack([arrays[f"{kind}/{name}/logits"] for name in conditions]).astype(float)
        _sheet(ax, maps, cmap=SIGNED, low=-LIMIT, high=LIMIT)
        _names(ax, conditions)
        ax.set_title({"gradient": "gradient", "integrated": "integrated gradients"}[kind])
        true = [_unpacked(arrays, f"{kind}/{name}/logits") for name in conditions]
        table += [
            (kind, name, k, *_told(each)) for name, v in zip(conditions, true, strict=True) for k, each in enumerate(v)
        ]
    return export.done(fig, table, ("what", "condition", "image", *MAP))


@style.drawn
def unit_saliency(*, arrays: Arrays) -> Drawn:
    """For each unit of the last hidden layer the image it likes best, and what in that image it answers to."""
    conditions = conditions_of(arrays)
    rows = 2 * len(conditions)
    fig, axes = style.figure(height=0.3 + 1.5 * len(conditions), nrows=rows, height_ratios=[1, 2] * len(conditions))
    table = []
    for above, below, condition in zip(axes[::2], axes[1::2], conditions, strict=True):
        place = f"{condition}/{layers_of(arrays, condition)[-2]}"
        maps = {kind: arrays[f"{kind}/{place}"].astype(float) for kind in ("gradient", "integrated")}
        _sheet(above, _images(arrays, arrays[f"favourites/{place}"][:, 0])[None], cmap="gray", low=0, high=255)
        _sheet(below, np.stack(list(maps.values())), cmap=SIGNED, low=-LIMIT, high=LIMIT)
        above.set_yticklabels(["image"])
        below.set_yticklabels(maps)
        above.set_title(style.label(condition), color=style.look(condition)["color"])
        for kind in maps:
            table += [
                (kind, condition, unit, *_told(each)) for unit, each in enumerate(_unpacked(arrays, f"{kind}/{place}"))
            ]
    return export.done(fig, table, ("what", "condition", "unit", *MAP))


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
        style.end_labels(axes[-1], [(float(y), name.partition("-")[2], style.look(name)["color"]) for y, name in ends])
    return export.done(fig, table, ("condition", "method", "drawn_anew_down_to", "mean", "lowest", "highest"))


@style.drawn
def one_hot(*, arrays: Arrays) -> Drawn:
    """What each unit of the last hidden layer says to every single lit pixel, each map on its own scale."""
    conditions = conditions_of(arrays)
    names = {condition: f"onehot/{condition}/{layers_of(arrays, condition)[-2]}" for condition in conditions}
    maps = np.stack([arrays[name] for name in names.values()]).astype(float)
    fig, ax = style.figure(height=0.4 + 0.42 * len(conditions))
    _sheet(ax, maps, cmap=SIGNED, low=-LIMIT, high=LIMIT)
    _names(ax, conditions)
    true = {condition: _unpacked(arrays, name) for condition, name in names.items()}
    table = [(name, unit, *_told(each)) for name, v in true.items() for unit, each in enumerate(v)]
    return export.done(fig, table, ("condition", "unit", *MAP))


@style.drawn
def maximised(*, arrays: Arrays) -> Drawn:
    """For each unit of the last hidden layer the image that maximises it, and below the real image it likes best."""
    return _pleasing(arrays, layer=-2, real=True)


@style.drawn
def maximised_logits(*, arrays: Arrays, card: Card) -> Drawn:
    """For each logit the image that maximises it."""
    return _pleasing(arrays, layer=-1, real=False, names=card["class_names"])


def _pleasing(arrays: Arrays, *, layer: int, real: bool, names: Sequence[str] = ()) -> Drawn:
    conditions, sheets, table = conditions_of(arrays), [], []
    for condition in conditions:
        place = f"{condition}/{layers_of(arrays, condition)[layer]}"
        made, favourites = arrays[f"maximised/{place}"], arrays[f"favourites/{place}"][:, 0]
        sheets.append(np.stack([made, _images(arrays, favourites)] if real else [made]))
        excess = arrays[f"excess/{place}"]
        table += [(condition, unit, favourites[unit], excess[unit], *_told(each)) for unit, each in enumerate(made)]
    tile = 6.1 / sheets[0].shape[1]
    fig, axes = style.figure(height=0.25 + (tile + 0.06) * sum(map(len, sheets)), nrows=len(sheets), squeeze=False)
    for ax, condition, tiles in zip(axes[:, 0], conditions, sheets, strict=True):
        _sheet(ax, tiles.astype(float), cmap="gray", low=0, high=255)
        _names(ax, [condition])
    if names:
        style.class_columns(axes[0, 0], _middles(sheets[0][0]), names)
    return export.done(fig, table, ("condition", "unit", "favourite_probe_image", "excess", *MAP))


def _middles(tiles: np.ndarray, *, gap: int = GAP) -> np.ndarray:
    """Where the middles of the columns of a sheet lie."""
    return np.arange(len(tiles)) * (tiles.shape[-1] + gap) + tiles.shape[-1] / 2


def _sheet(ax: Axes, tiles: np.ndarray, *, cmap: str, low: float, high: float, gap: int = GAP) -> Any:
    """Images (row, column, h, w) side by side as one picture; what is NaN, and the gaps, are paper."""
    rows, columns, height, width = tiles.shape
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for row, column in np.ndindex(rows, columns):
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = tiles[row, column]
    colours = mpl.colormaps[cmap].resampled(COLOURS).with_extremes(bad=(0, 0, 0, 0))
    image = ax.imshow(sheet, cmap=colours, vmin=low, vmax=high, interpolation="none")
    ax.set(xticks=[], yticks=np.arange(rows) * (height + gap) + height / 2, yticklabels=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return image


def _names(ax: Axes, names: Sequence[str]) -> None:
    """Name the rows of a sheet: conditions in their colours; one name stands for all rows."""
    if len(names) == 1:
        ax.set_yticks([np.mean(ax.get_yticks())])
    ax.set_yticklabels([style.label(name) for name in names])
    for text, name in zip(ax.get_yticklabels(), names, strict=True):
        text.set_color(style.look(name)["color"])


def _outline(ax: Axes, edge: np.ndarray) -> None:
    """Draw the line between the border's pixels and the others."""
    rows, columns = np.nonzero(edge[1:] != edge[:-1])
    ax.hlines(rows + 0.5, columns - 0.5, columns + 0.5, color=style.RAW, linewidth=0.8)
    rows, columns = np.nonzero(edge[:, 1:] != edge[:, :-1])
    ax.vlines(columns + 0.5, rows - 0.5, rows + 0.5, color=style.RAW, linewidth=0.8)


def _bar(fig: Any, image: Any, axes: Any, name: str) -> None:
    bar = fig.colorbar(image, ax=list(axes), aspect=30, pad=0.015, shrink=0.7)
    bar.outline.set_visible(False)
    bar.set_label(name)


def _unpacked(arrays: Arrays, name: str) -> np.ndarray:
    """Maps kept in eight bits, with their scales again."""
    maps = arrays[name]
    return maps * arrays[f"{name}.scale"].reshape(-1, *[1] * (maps.ndim - 1)).astype(float)


def _images(arrays: Arrays, places: np.ndarray) -> np.ndarray:
    """Probe images by their places in the probe set."""
    return arrays["images"][np.searchsorted(arrays["image_index"], places)]


def _told(image: np.ndarray) -> tuple[float, str]:
    """An image in two cells, see MAP: eight bits hold all that a drawing of it shows."""
    scale = float(np.abs(image).max()) / LIMIT
    return scale, base64.b64encode(np.rint(image.ravel() / (scale or 1)).astype(np.int8).tobytes()).decode()


def _whole(arrays: Arrays) -> list[str]:
    """The conditions in which a first-layer unit sees the whole image."""
    return [condition for condition in conditions_of(arrays) if f"change_map/{condition}" in arrays]
