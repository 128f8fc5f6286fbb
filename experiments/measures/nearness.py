"""Measures of nearness in a cloud of points: k-NN accuracy, a linear probe, trustworthiness, shared neighbours.

In: the activations of images in one layer (image, unit), or their distances, and the digits. Out: numbers. All are
blind to the scale of a layer.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

NEIGHBOURS = 10
FOLDS = 5
SHRINKAGE = 0.01  # of the covariance behind the linear probe: enough to invert it where images are few


def flat(activations: np.ndarray) -> Float[np.ndarray, "image unit"]:
    """The activations of each image as one row of numbers."""
    return activations.reshape(len(activations), -1).astype(np.float64)


def distances(points: Float[np.ndarray, "image unit"]) -> Float[np.ndarray, "image image"]:
    """Squared Euclidean distances; no image is a neighbour of itself, so the diagonal is infinite."""
    centred = points - points[0]  # exactly zero where all images lie in one point
    centred -= centred.mean(axis=0)
    lengths = (centred**2).sum(axis=1)
    squares = centred @ centred.T
    squares *= -2
    squares += lengths[:, None]
    squares += lengths
    np.fill_diagonal(squares, np.inf)
    return squares


def nearest(apart: Float[np.ndarray, "image image"], *, k: int = NEIGHBOURS) -> Integer[np.ndarray, "image k"]:
    """The k nearest neighbours of each image, in no order; fewer where there are too few images."""
    return np.argpartition(apart, min(k, len(apart) - 1) - 1, axis=1)[:, :k]


def knn_accuracy(
    apart: Float[np.ndarray, "image image"],
    labels: Integer[np.ndarray, " image"],
    *,
    k: int = NEIGHBOURS,
    found: Integer[np.ndarray, "image k"] | None = None,
) -> float:
    """Share of images, in %, whose digit is the most frequent among their k nearest neighbours.

    Each image is left out when its own neighbours vote; a tie goes to the smaller digit. Where all images lie
    in one point there are no neighbours, and the accuracy is that of always answering the smallest digit.
    `found`: the nearest neighbours, where they are known already.
    """
    classes, digits = np.unique(labels, return_inverse=True)
    if apart[0, 1:].max() <= 0:
        return 100 * float((digits == 0).mean())
    found = nearest(apart, k=k) if found is None else found
    ballots = digits[found] + len(classes) * np.arange(len(digits))[:, None]
    votes = np.bincount(ballots.ravel(), minlength=len(digits) * len(classes)).reshape(len(digits), len(classes))
    return 100 * float((votes.argmax(axis=1) == digits).mean())


def linear_probe_accuracy(
    points: Float[np.ndarray, "image unit"], labels: Integer[np.ndarray, " image"], *, folds: int = FOLDS
) -> float:
    """Share of images, in %, that a linear classifier reads which was fitted to the other folds.

    The classifier is linear discriminant analysis with equal priors, the best linear one if digits are clouds
    of equal shape, and in closed form (Hastie, Tibshirani, Friedman 2009, section 4.3). Its covariance is
    shrunk by one hundredth towards a multiple of the identity. Each fold holds every `folds`-th image of each
    digit.
    """
    classes, digits = np.unique(labels, return_inverse=True)
    fold = rank_within(digits) % folds
    right = 0
    for held_out in range(folds):
        shown = fold != held_out
        weights, bias = _discriminant(points[shown], digits[shown], len(classes))
        right += int(((points[~shown] @ weights + bias).argmax(axis=1) == digits[~shown]).sum())
    return 100 * right / len(digits)


def _discriminant(points: np.ndarray, digits: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (unit, class) and biases (class,) of linear discriminant analysis.

    Where there are fewer images than units the system is solved in as many equations as there are images, by the
    identity of Woodbury.
    """
    means = np.stack([points[digits == digit].mean(axis=0) for digit in range(classes)])
    rest = points - means[digits]
    count, units = points.shape
    if count < units:
        kept = (1 - SHRINKAGE) / count
        ridge = SHRINKAGE * float((rest**2).sum()) / (count * units) or 1.0
        inner = np.linalg.solve(ridge * np.eye(count) + kept * (rest @ rest.T), rest @ means.T)
        weights = (means.T - kept * (rest.T @ inner)) / ridge
    else:
        covariance = rest.T @ rest / count
        spread = np.trace(covariance) / units
        covariance = (1 - SHRINKAGE) * covariance + (SHRINKAGE * spread or 1.0) * np.eye(units)
        weights = np.linalg.solve(covariance, means.T)
    return weights, -0.5 * (means * weights.T).sum(axis=1)


def rank_within(labels: Integer[np.ndarray, " image"]) -> Integer[np.ndarray, " image"]:
    """How many earlier images have the same label."""
    ranks = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        chosen = labels == label
        ranks[chosen] = np.arange(chosen.sum())
    return ranks


def trustworthiness(
    apart: Float[np.ndarray, "image image"],
    drawn_apart: Float[np.ndarray, "image image"],
    *,
    k: int = NEIGHBOURS,
    found: Integer[np.ndarray, "image k"] | None = None,
) -> float:
    """How far the neighbours in a drawing are neighbours in the layer (Venna and Kaski 2001, equation 1).

    apart: squared distances in the layer; drawn_apart: in the drawing. 1: each image's k nearest in the drawing
    are its k nearest in the layer; a false neighbour costs the more, the further away it is in truth.
    `found`: the nearest neighbours in the drawing, where they are known already.
    """
    count = len(apart)
    k = min(k, (count - 1) // 2)
    shown = nearest(drawn_apart, k=k) if found is None or found.shape[1] != k else found
    costs = 0
    for neighbour in shown.T:
        ranks = 1 + (apart < apart[np.arange(count), neighbour][:, None]).sum(axis=1)
        costs += int(np.maximum(ranks - k, 0).sum())
    return 1 - 2 * costs / (count * k * (2 * count - 3 * k - 1))


def overlap(first: Float[np.ndarray, "image image"], second: Float[np.ndarray, "image image"]) -> float:
    """Share, in %, of each image's nearest neighbours by the first distances that are so by the second too."""
    both = nearest(first), nearest(second)
    shared = [np.intersect1d(a, b, assume_unique=True).size for a, b in zip(*both, strict=True)]
    return 100 * float(np.mean(shared)) / both[0].shape[1]
