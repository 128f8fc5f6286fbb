"""Sheets of small images: what figures draw of weights, of maps over the pixels, and of example images.

In: images as arrays (..., h, w), or packed in eight bits with a scale beside them. Out: artists on axes, and cells of a
table.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report import style
from report.arrays import Arrays

SIGNED = "PRGn"  # purple below zero, green above; not a colour of any condition
LIMIT = 127  # the largest value of a map in eight bits
COLOURS = 19  # steps of a colour map: few enough for small files, odd so that zero has its own
GAP = 2  # pixels between the images of a sheet
MAP = ("scale", "map_int8_base64")  # cells of an image: its pixels, row by row, are these numbers times the scale


def sheet(ax: Axes, tiles: np.ndarray, *, cmap: str, low: float, high: float, gap: int = GAP) -> Any:
    """Images (row, column, h, w) side by side as one picture; what is NaN, and the gaps, are paper."""
    rows, columns, height, width = tiles.shape
    picture = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for row, column in np.ndindex(rows, columns):
        top, left = row * (height + gap), column * (width + gap)
        picture[top : top + height, left : left + width] = tiles[row, column]
    colours = mpl.colormaps[cmap].resampled(COLOURS).with_extremes(bad=(0, 0, 0, 0))
    image = ax.imshow(picture, cmap=colours, vmin=low, vmax=high, interpolation="none")
    ax.set(xticks=[], yticks=np.arange(rows) * (height + gap) + height / 2, yticklabels=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return image


def rows(sheets: Mapping[str, np.ndarray], *, cmap: str, low: float, high: float) -> Figure:
    """A sheet for each condition, images (row, column, h, w), named at the left."""
    heights = [len(tiles) * tile(tiles.shape[1]) for tiles in sheets.values()]
    height = 0.25 + sum(heights) + 0.06 * len(heights)
    fig, axes = style.figure(height=height, nrows=len(sheets), height_ratios=heights, squeeze=False)
    for ax, (condition, tiles) in zip(axes[:, 0], sheets.items(), strict=True):
        sheet(ax, tiles, cmap=cmap, low=low, high=high)
        names(ax, [condition])
    return fig


def middles(tiles: np.ndarray) -> np.ndarray:
    """Where the middles of the columns of a sheet lie, of which these are the images (column, h, w) of a row."""
    return np.arange(len(tiles)) * (tiles.shape[-1] + GAP) + tiles.shape[-1] / 2


def names(ax: Axes, conditions: Sequence[str]) -> None:
    """Name the rows of a sheet: conditions in their colours; one name stands for all rows."""
    if len(conditions) == 1:
        ax.set_yticks([np.mean(ax.get_yticks())])
    ax.set_yticklabels([style.label(name) for name in conditions])
    for text, name in zip(ax.get_yticklabels(), conditions, strict=True):
        text.set_color(style.look(name)["color"])


def tile(columns: int) -> float:
    """The height in inches of a row of so many images, which are as large as the width allows, within reason."""
    return min(0.63, 6.1 / columns + 0.03)


def beside(kernels: Sequence[np.ndarray]) -> np.ndarray:
    """The filters (channel, channel before, h, w) of one layer or two as tiles, a row for each channel of the first.

    Each layer is on a scale of its own, so that nearly all numbers lie between -1 and 1; an empty column parts them.
    """
    size = tuple(np.max([maps.shape[-2:] for maps in kernels], axis=0))
    own, *following = (_framed(maps / (np.quantile(np.abs(maps), 0.998) or 1), size) for maps in kernels)
    gap = np.full((len(own), 1, *size), np.nan)
    return np.concatenate([own, *(part for maps in following for part in (gap, maps.swapaxes(0, 1)))], axis=1)


def _framed(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Maps (..., h, w) in the middle of paper of a size that holds them."""
    around = [
        ((paper - side) // 2, paper - side - (paper - side) // 2)
        for paper, side in zip(size, maps.shape[-2:], strict=True)
    ]
    return np.pad(maps, [*[(0, 0)] * (maps.ndim - 2), *around], constant_values=np.nan)


def unpacked(arrays: Arrays, name: str) -> np.ndarray:
    """Maps kept in eight bits, with their scales again."""
    maps = arrays[name]
    return maps * arrays[f"{name}.scale"].reshape(-1, *[1] * (maps.ndim - 1)).astype(float)


def told(image: np.ndarray) -> tuple[float, str]:
    """An image in two cells, see MAP: eight bits hold all that a drawing of it shows."""
    scale = float(np.abs(image).max()) / LIMIT
    return scale, base64.b64encode(np.rint(image.ravel() / (scale or 1)).astype(np.int8).tobytes()).decode()
