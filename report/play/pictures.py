"""Small pictures of a unit's page: numbers around zero in two colours, and grey levels, as PNG in base64.

In: arrays. Out: text that JSON can hold. Both colours fade out towards zero, so that one file does on light and on dark
paper.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from report import theme

LEVELS = 31  # shades of one colour
FADING = 0.7  # the exponent by which colour grows with size: below 1, so that small weights are seen too


def signed(values: np.ndarray) -> str:
    """Numbers around zero as a picture: one colour above, one below, at full strength at the largest size."""
    largest = float(np.abs(values.astype(float)).max()) or 1.0
    levels = np.rint(np.abs(values.astype(float)) / largest * LEVELS).astype(np.uint8)
    image = Image.fromarray(np.where((values < 0) & (levels > 0), levels + LEVELS, levels).astype(np.uint8), mode="P")
    colours = [_rgb(colour) for colour in (theme.MORE, theme.LESS) for _ in range(LEVELS)]
    image.putpalette([0, 0, 0, *(part for colour in colours for part in colour)])
    fading = [round(255 * (level / LEVELS) ** FADING) for level in range(1, LEVELS + 1)]
    return _png(image, transparency=bytes([0, *fading, *fading]))


def greys(values: np.ndarray) -> str:
    """Grey levels as a picture, in few enough of them for a small file."""
    return _png(Image.fromarray((values // 17 * 17).astype(np.uint8), mode="L").quantize(16))


def block(images: np.ndarray, *, columns: int) -> np.ndarray:
    """Images (image, height, width) in rows, black where the last row is not full."""
    many, tall, wide = images.shape
    rows = -(-many // columns)
    filled = np.zeros((rows * columns, tall, wide), dtype=images.dtype)
    filled[:many] = images
    return filled.reshape(rows, columns, tall, wide).swapaxes(1, 2).reshape(rows * tall, columns * wide)


def row(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures (height, width) of one size side by side, a pixel apart."""
    return np.concatenate([np.pad(each, ((0, 0), (0, 1))) for each in pictures], axis=1)[:, :-1]


def column(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures (height, width) of one size below each other, a pixel apart."""
    return row([each.T for each in pictures]).T


def _png(image: Image.Image, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))
