"""Measures of maps: how rough a map is, what part of it lies where, and small copies of it, and of counts, to keep.

In: arrays (map, height, width). Out: one number per map, or the maps in eight bits.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Integer

LEVELS = 127  # of the int8 copies, on either side of zero


def roughness(maps: Float[np.ndarray, "map h w"]) -> Float[np.ndarray, " map"]:
    """How unlike neighbouring pixels of a map are: Geary's contiguity ratio (Geary 1954) on a grid.

    The mean squared difference of horizontal and vertical neighbours over twice the variance: 1 on average for
    independent noise, near 0 for a smooth map, above 1 for a chequered one. 0 for a map that is the same everywhere.
    """
    steps = [np.square(np.diff(maps, axis=axis)).reshape(len(maps), -1) for axis in (1, 2)]
    squares = np.concatenate(steps, axis=1).mean(axis=1)
    variance = maps.reshape(len(maps), -1).var(axis=1, ddof=1)
    return np.divide(squares, 2 * variance, out=np.zeros(len(maps)), where=variance > 0)


def share(maps: Float[np.ndarray, "map h w"], pixels: Bool[np.ndarray, "*maps h w"]) -> Float[np.ndarray, " map"]:
    """The part of each map's sum that lies on some pixels, in [0, 1]; 0 for a map of zeros.

    maps: not negative. pixels: (h, w), or (map, h, w) where every map has pixels of its own.
    """
    whole = maps.sum(axis=(1, 2))
    part = np.where(pixels, maps, 0).sum(axis=(1, 2))
    return np.divide(part, whole, out=np.zeros(len(maps)), where=whole > 0)


def packed(name: str, maps: Float[np.ndarray, "map ..."]) -> dict[str, np.ndarray]:
    """Maps in eight bits: {name: int8 (map, ...), name.scale: float32 (map,)}; their product is the map again.

    Every map has its own scale: its largest absolute value becomes 127.
    """
    scale = np.abs(maps).reshape(len(maps), -1).max(axis=1) / LEVELS
    wide = np.where(scale > 0, scale, 1).reshape(-1, *[1] * (maps.ndim - 1))
    return {name: np.rint(maps / wide).astype(np.int8), f"{name}.scale": scale.astype(np.float32)}


def narrow(numbers: Integer[np.ndarray, "*shape"], kind: type[np.integer]) -> Integer[np.ndarray, "*shape"]:
    """Whole numbers in few bytes: in those of `kind` where that holds them all, else in eight."""
    least, most = np.iinfo(kind).min, np.iinfo(kind).max
    fits = least <= numbers.min(initial=0) and numbers.max(initial=0) <= most
    return numbers.astype(kind if fits else np.int64)
