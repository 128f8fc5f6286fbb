"""How alike two representations of the same images are: linear CKA and orthogonal Procrustes distance.

In: activations of one set of images, one array per network. Out: matrices, network by network. Both measures are blind
to where a representation lies, how it is turned and how large it is; CKA also compares layers of different size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import squareform

Activations = Float[np.ndarray, "image _ ..."]  # units, then positions where a layer has them; they differ by layer


def cka(networks: Sequence[Activations]) -> Float[np.ndarray, "network network"]:
    """Linear centred kernel alignment of every representation with every other.

    CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with K, L the Gram matrices (Kornblith et al. 2019), here with
    the unbiased estimator of HSIC (Song et al. 2012; for CKA Nguyen et al. 2021), so that unrelated
    representations have 0 on average, however many units they have. 1: the same up to shift, rotation and scale.
    """
    fingerprints = np.stack([fingerprint(each) for each in networks])
    return fingerprints @ fingerprints.T


def fingerprint(activations: Activations) -> Float[np.ndarray, " pair"]:
    """A unit vector with one entry per pair of images; the inner product of two of them is their linear CKA.

    It holds what lies above the diagonal of the U-centred Gram matrix (Székely and Rizzo 2014), whose
    inner products are, up to a factor, the unbiased HSIC. Where a layer has positions, they all count as units. A
    layer that says the same of every image has a fingerprint of zeros, and so a CKA of 0 with anything.
    """
    points = centred(activations).reshape(len(activations), -1)
    images = len(points)
    if images < 4:
        raise ValueError(f"unbiased CKA needs at least 4 images, got {images}")
    gram = points @ points.T
    np.fill_diagonal(gram, 0)
    rows = gram.sum(axis=0) / (images - 2)
    rows -= rows.sum() / (2 * (images - 1))
    gram -= rows[:, None]
    gram -= rows[None, :]
    pairs = squareform(gram, checks=False)
    norm = np.linalg.norm(pairs)
    return pairs / norm if norm > 0 else pairs


def reordered_cka(activations: Activations, orders: Sequence[Int[np.ndarray, " image"]]) -> Float[np.ndarray, " order"]:
    """The CKA of a representation with itself after its images were put into each of these orders.

    Its mean over all orders is exactly 0: an order moves the entries of the U-centred Gram matrix about, whose rows
    add up to nothing, and leaves the denominator of the CKA as it was. So it is no ratio that could be biased. It is
    skewed, though: few orders bring classes onto each other, and these have a large one.
    """
    pairs = fingerprint(activations)
    gram = squareform(pairs).astype(np.float32)
    return np.array([squareform(gram[np.ix_(order, order)], checks=False) @ pairs for order in orders])


def procrustes(networks: Sequence[Activations]) -> Float[np.ndarray, "network network"]:
    """Normalized orthogonal Procrustes distance of every representation from every other.

    Both are centred and scaled to a norm of 1, and one is turned onto the other as well as an orthogonal matrix can
    (Schönemann 1966); what is left between them has the squared norm 2 - 2 |A'B|_* (Ding et al. 2021). The distance
    is sqrt(1 - |A'B|_*): a metric, 0 if nothing is left, 1 if they share nothing. Where a layer has positions,
    channels are turned and positions stay (Williams et al. 2021). Where one has fewer units than another, units that
    are always 0 are added.
    """
    units = max(each.shape[1] for each in networks)
    places = len(networks[0]) * int(np.prod(networks[0].shape[2:]))
    shapes = np.zeros((places, len(networks), units))
    for place, each in enumerate(networks):
        shapes[:, place, : each.shape[1]] = shape(each)
    columns = shapes.reshape(places, -1)  # (image and position, network and unit)
    overlaps = (columns.T @ columns).reshape(len(networks), units, len(networks), units).swapaxes(1, 2)
    return np.sqrt(np.clip(1 - np.linalg.svd(overlaps, compute_uv=False).sum(axis=2), 0, 1))


def shape(activations: Activations) -> Float[np.ndarray, "place unit"]:
    """A representation without its place and its size: centred, of norm 1; a row for each position on each image."""
    points = np.moveaxis(centred(activations), 1, -1).reshape(-1, activations.shape[1])
    norm = np.linalg.norm(points)
    return points / norm if norm > 0 else points


def centred(activations: Float[np.ndarray, "image unit *position"]) -> Float[np.ndarray, "image unit *position"]:
    """The activations less their mean over images, in double precision; exactly 0 where all images agree."""
    points = activations.astype(np.float64)
    return np.where(np.ptp(points, axis=0) == 0, 0, points - points.mean(axis=0))


def pair_values(alike: Float[np.ndarray, "seed seed"]) -> Float[np.ndarray, " seed"]:
    """One value per seed, whose mean is the mean over all pairs of different seeds, and whose spread is honest.

    alike: a measure of every network (row) with every other (column); the diagonal is not read. Pairs that share a
    network are not independent, so n seeds make far fewer than n (n - 1) / 2 independent pairs. What is returned are
    the jackknife's pseudo-values of the mean over pairs (Arvesen 1969): n times the mean of all, less n - 1 times
    the mean without that seed. An interval for their mean is one over seeds. From two seeds, which make one pair,
    nothing can be left out: both values are that pair's.
    """
    seeds = len(alike)
    if seeds < 2:
        raise ValueError("one seed makes no pair")
    both = np.where(np.eye(seeds, dtype=bool), 0, (alike + alike.T) / 2)
    own = both.sum(axis=1) / (seeds - 1)  # mean over the pairs that a seed takes part in
    if seeds == 2:
        return own
    return own.mean() + 2 * (seeds - 1) / (seeds - 2) * (own - own.mean())


def settled(alike: Float[np.ndarray, " epoch"], *, threshold: float) -> int:
    """The first epoch from which the likeness to the last epoch stays above `threshold`; the last at the latest."""
    below = np.flatnonzero(alike[:-1] <= threshold)
    return int(below[-1]) + 1 if len(below) else 0
