"""Which unit of one network does what which unit of another does: correlations over images, and best matches.

In: activations of one layer on the same images, one array per network. Out: correlations, and the share of living units
whose best match is the unit of the same number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

SMALLEST = 1e-6  # a unit that varies by less, as a share of its size, says the same of every image


def standardized(activations: Float[np.ndarray, "image unit ..."]) -> Float[np.ndarray, "place unit"]:
    """Each unit as a column of mean 0 and norm 1, over images and, of a channel, positions; 0 where it never varies."""
    places = np.moveaxis(activations.astype(np.float32), 1, -1).reshape(-1, activations.shape[1])
    centred = places - places.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    varies = lengths > SMALLEST * np.linalg.norm(places, axis=0)
    return np.divide(centred, lengths, out=np.zeros_like(centred), where=varies)


def unit_correlations(
    networks: Sequence[Float[np.ndarray, "image unit ..."]],
) -> Float[np.ndarray, "network network unit unit"]:
    """Pearson's correlation of every unit of every network with every unit of every other; NaN for dead units.

    Raises ValueError where layers differ in their number of units or positions, as their units then have no numbers in
    common.
    """
    shapes = {each.shape for each in networks}
    if len(shapes) > 1:
        raise ValueError(f"layers of one shape are needed, got {sorted(shapes)}")
    columns = [standardized(each) for each in networks]
    dead = np.array([~each.any(axis=0) for each in columns])  # (network, unit)
    together = np.concatenate(columns, axis=1)
    count, units = dead.shape
    found = (together.T @ together).reshape(count, units, count, units).swapaxes(1, 2).astype(np.float64)
    return np.where(dead[:, None, :, None] | dead[None, :, None, :], np.nan, found)


def same_number(correlations: Float[np.ndarray, "unit unit"]) -> float:
    """The share of living units of either network whose best match in the other is the unit of their own number, in %.

    correlations: of two networks' units; NaN for dead ones, which match nothing and are not counted. The best match
    has the largest correlation. 0 where one of the two has no living unit.
    """
    alive = ~np.isnan(correlations).all(axis=1), ~np.isnan(correlations).all(axis=0)
    if not (alive[0].any() and alive[1].any()):
        return 0.0
    found = np.where(np.isnan(correlations), -np.inf, correlations)
    own = np.arange(len(found))
    both = [(found.argmax(axis=axis) == own)[living] for axis, living in ((1, alive[0]), (0, alive[1]))]
    return 100 * float(np.mean([each.mean() for each in both]))


def lot(alive: Bool[np.ndarray, " unit"], other: Bool[np.ndarray, " unit"]) -> float:
    """What `same_number` is on average where numbers mean nothing, and the best match is any living unit, in %."""
    shares = [
        (mine & theirs).sum() / (mine.sum() * theirs.sum()) if mine.any() and theirs.any() else 0.0
        for mine, theirs in ((alive, other), (other, alive))
    ]
    return 100 * float(np.mean(shares))
