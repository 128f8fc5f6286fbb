"""Measures of nearness in a cloud of points: k-NN accuracy, trustworthiness, shared neighbours.

In: the activations of images in one layer (image, unit), or their distances, and the digits. Out: numbers. All are
blind to the scale of a layer.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

NEIGHBOURS = 10


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
