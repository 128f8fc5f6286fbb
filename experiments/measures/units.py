"""What single units prefer: class selectivity, participation ratio, rankings, and random rotations.

In: class means, that is the mean activation of each unit on each class (`record.unit_statistics` makes them).
Out: numbers per unit. A *living* unit is one that is above zero on some image; for a dead one preference has no
meaning, and its numbers are 0.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import ortho_group, rankdata
from torch import Tensor

EPSILON = 0.001  # keeps the selectivity of a silent unit at 0 instead of 0 / 0
TOP = 3  # a class's top units are its first three


def class_selectivity(means: Float[np.ndarray, "*shape classes"]) -> Float[np.ndarray, "*shape classes"]:
    """How much each unit prefers each class: S = (m_c - m_rest) / (m_c + m_rest + 0.001), in [-1, 1).

    m_rest is the mean of the other classes' means (Morcos et al. 2018, "On the importance of single directions",
    section 2; the small constant is for silent units). 1: silent for all other classes; 0: no preference.
    means: class means of activations that are not negative.
    """
    means = means.astype(np.float64)
    rest = (means.sum(axis=-1, keepdims=True) - means) / (means.shape[-1] - 1)
    return (means - rest) / (means + rest + EPSILON)


def selectivity(means: Float[np.ndarray, "*shape classes"]) -> Float[np.ndarray, "*shape"]:
    """Each unit's selectivity for its favourite class, the one with the largest class mean; in [0, 1)."""
    return class_selectivity(means).max(axis=-1)


def participation_ratio(means: Float[np.ndarray, "*shape classes"]) -> Float[np.ndarray, "*shape"]:
    """To how many classes each unit responds: (sum m)^2 / sum m^2 over its class means.

    1: to one class alone; the number of classes: to all alike; 0 for a dead unit. means: not negative.
    """
    means = means.astype(np.float64)
    squares = (means**2).sum(axis=-1)
    return np.divide(means.sum(axis=-1) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)


def living(means: Float[np.ndarray, "*shape classes"]) -> Bool[np.ndarray, "*shape"]:
    """Which units are above zero on some image."""
    return means.max(axis=-1) > 0


def top_units(scores: Float[np.ndarray, "unit classes"], *, top: int = TOP) -> Int[np.ndarray, "classes top"]:
    """The units with the largest scores for each class, best first; of equal ones the lower number first."""
    return np.argsort(-scores, axis=0, kind="stable")[:top].T


def rank_correlation(a: Float[np.ndarray, " unit"], b: Float[np.ndarray, " unit"]) -> float:
    """Spearman's correlation; 0 where one of the two does not vary, or where there are fewer than two units."""
    return float(rank_correlations(a[:, None], b[:, None])[0])


def rank_correlations(
    a: Float[np.ndarray, "unit column"], b: Float[np.ndarray, "unit column"]
) -> Float[np.ndarray, " column"]:
    """`rank_correlation` of each column of one with that of the other."""
    if len(a) < 2:
        return np.zeros(a.shape[1])
    varied = (np.ptp(a, axis=0) > 0) & (np.ptp(b, axis=0) > 0)
    both = zip(rankdata(a, axis=0).T, rankdata(b, axis=0).T, varied, strict=True)
    return np.array([np.corrcoef(one, other)[0, 1] if varies else 0.0 for one, other, varies in both])


def partial_rank_correlation(
    a: Float[np.ndarray, " unit"], b: Float[np.ndarray, " unit"], *, held: Float[np.ndarray, " unit"]
) -> float:
    """Spearman's correlation of a and b with a third quantity held fixed: that of what its ranks leave of their ranks.

    (r_ab - r_ah r_bh) / sqrt((1 - r_ah^2) (1 - r_bh^2)), the partial correlation (Yule 1907) of ranks. Two quantities
    that both only follow the third have none. 0 where nothing is left of one of them, or of fewer than three units.
    """
    if len(a) < 3:
        return 0.0
    with_held = rank_correlation(a, held), rank_correlation(b, held)
    left = (1 - with_held[0] ** 2) * (1 - with_held[1] ** 2)
    if left <= EPSILON**2:
        return 0.0
    found = (rank_correlation(a, b) - with_held[0] * with_held[1]) / np.sqrt(left)
    return float(np.clip(found, -1, 1))


def share_on(activations: Float[Tensor, "image unit ..."]) -> Float[np.ndarray, " unit"]:
    """The share of images on which each unit is above zero; of a channel, of all its positions on all of them.

    A channel that is on wherever any of its positions is would nearly always be on: it is counted per position, and its
    share still is not to be set beside that of a unit without positions.
    """
    places = activations.flatten(2) if activations.ndim > 2 else activations.unsqueeze(2)
    return (places > 0).double().mean(dim=(0, 2)).numpy()


def rotation_of_living(alive: Bool[np.ndarray, " unit"], *, seed: int) -> Float[np.ndarray, "unit direction"]:
    """As many directions as units: those that live are turned among themselves at random, the others stay.

    The control for what a unit does: directions that took in dead units would be fewer in truth than the living units
    that they stand beside.
    """
    axes = np.eye(len(alive))
    if alive.sum() > 1:
        axes[np.ix_(alive, alive)] = rotations(int(alive.sum()), draws=1, seed=seed)[0]
    return axes


def overlap(a: Int[np.ndarray, "classes top"], b: Int[np.ndarray, "classes top"]) -> float:
    """How many units two lists of top units share, mean over the classes."""
    return float(np.mean([len(np.intersect1d(*lists)) for lists in zip(a, b, strict=True)]))


def rotations(size: int, *, draws: int, seed: int) -> list[Float[np.ndarray, "size size"]]:
    """Random orthogonal matrices, uniform over all of them (Haar measure)."""
    rng = np.random.default_rng(seed)
    return [ortho_group.rvs(size, random_state=rng) for _ in range(draws)]
