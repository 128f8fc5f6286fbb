"""Directions of classes in a layer: how far apart they are, over how many units each is spread, and what chance makes.

In: class means, or directions made of them. Out: numbers per layer, and the same numbers of random directions under the
same constraints: as many of them, in as many units, and centred, as those of classes are.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float

Directions = Float[np.ndarray, "*shape classes unit"]

LAYERS_DRAWN = 1000  # random layers that chance is told from
REACH = (0.025, 0.975)  # the middle 95 % of them


def directions(means: Float[np.ndarray, "*shape unit classes"]) -> Directions:
    """Each class's direction: its class mean minus the mean of all classes', so that what all share counts for none."""
    means = means.astype(np.float64)
    return np.swapaxes(means - means.mean(axis=-1, keepdims=True), -1, -2)


def cosines(found: Directions) -> Float[np.ndarray, "*shape classes classes"]:
    """The cosine of every pair of directions; 0 where one of them has no length."""
    lengths = np.linalg.norm(found, axis=-1, keepdims=True)
    unit = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    return unit @ np.swapaxes(unit, -1, -2)


def interference(found: Directions) -> Float[np.ndarray, "*shape"]:
    """Mean squared cosine over pairs of directions: 0 if all stand at right angles, 1 if all lie on one line.

    What one direction is read as being of another, as in Elhage et al. (2022), "Toy Models of Superposition".
    """
    squared = cosines(found) ** 2
    return np.asarray(np.mean([squared[..., i, j] for i, j in couples(found.shape[-2])], axis=0))


def dimensionality(found: Directions) -> Float[np.ndarray, "*shape classes"]:
    """The share of a dimension that each direction has to itself: |w|^2 / sum over directions v of (w/|w| . v)^2.

    Elhage et al. (2022), section "The Geometry of Superposition". 1: at right angles to all others; 1/2: shared with
    one other of equal length; 0: a direction without length.
    """
    lengths = np.linalg.norm(found, axis=-1)
    projected = (cosines(found) * lengths[..., None, :]) ** 2
    total = projected.sum(axis=-1)
    return np.divide(lengths**2, total, out=np.zeros_like(total), where=total > 0)


def spread(found: Directions) -> Float[np.ndarray, "*shape classes"]:
    """Over how many units each direction is spread: participation ratio of its squared components.

    1: a single unit carries it; the number of units: all carry it alike. A random direction in d dimensions has about
    (d + 2) / 3. 0 for a direction without length.
    """
    squares = found**2
    fourth = (squares**2).sum(axis=-1)
    return np.divide(squares.sum(axis=-1) ** 2, fourth, out=np.zeros_like(fourth), where=fourth > 0)


def occupied(found: Float[np.ndarray, "classes unit"]) -> Bool[np.ndarray, " unit"]:
    """Which units take part in any direction: the others, dead ones say, tell no class from another."""
    return (found != 0).any(axis=0)


def couples(classes: int) -> list[tuple[int, int]]:
    """Every pair of classes."""
    return list(combinations(range(classes), 2))


def least(dimensions: int, *, count: int) -> float:
    """The smallest mean squared cosine that `count` directions can have in so many dimensions (Welch 1974)."""
    room = min(dimensions, count - 1)  # they are centred, so one dimension is lost
    return (count - room) / (room * (count - 1))


@cache
def chance(units: int, *, count: int, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """What `interference` and `dimensionality` ("own", its mean) are of random directions: (mean, low, high).

    `count` directions, drawn alike in every direction of so many units and centred as classes' are, in `LAYERS_DRAWN`
    layers; low and high bound the middle 95 % of these. Centring matters: directions that add up to nothing crowd each
    other, so that in d units the mean squared cosine is more than 1 / d. Of no units all are 0.
    """
    if units == 0:
        return {"interference": (0.0, 0.0, 0.0), "own": (0.0, 0.0, 0.0)}
    drawn = directions(np.random.default_rng(seed).normal(size=(LAYERS_DRAWN, units, count)))
    measured = {"interference": interference(drawn), "own": dimensionality(drawn).mean(axis=-1)}
    return {name: _middle(values) for name, values in measured.items()}


def _middle(values: Float[np.ndarray, " layer"]) -> tuple[float, float, float]:
    low, high = np.quantile(values, REACH)
    return float(values.mean()), float(low), float(high)
