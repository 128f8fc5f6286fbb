"""Which images lie next to each image in a layer's own space, where a flat map may have torn them apart.

In: a trained network and the probe images as the map shows them. Out: each image's nearest neighbours in each layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer

from experiments.analyses.places import GREY
from experiments.hooks import run_with_cache
from experiments.measures.maps import narrow
from experiments.measures.nearness import distances, flat
from experiments.measures.scaling import BATCH
from experiments.networks import kept
from experiments.record import last_points
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]

NEARBY = 6  # neighbours of each image


def read(
    *, network: bytes, sheet: Arrays, architecture: Mapping[str, Any], treatment: Mapping[str, Any]
) -> dict[str, Any]:
    """The nearest neighbours of each image in the hidden layers of one trained network, by Euclidean distance.

    network: of `networks.keep`. sheet: of places.sheet: the images have sixteen greys, and so the network is fed just
    what a reader of the map sees. Returns `nearby.npz`: <hook> (image, 8), places of the neighbours, nearest first;
    fewer where there are no more images.
    """
    model = kept(network, architecture=architecture)
    hooks = last_points(model)[:-1]
    inputs = treat(GREY * sheet["images"], **treatment)
    caches = [run_with_cache(model, batch, names=hooks)[1] for batch in inputs.split(BATCH)]
    said = {hook: torch.cat([cache[hook] for cache in caches]).numpy() for hook in hooks}
    return {"nearby.npz": {hook: narrow(nearby(flat(points)), np.int16) for hook, points in said.items()}}


def nearby(points: Float[np.ndarray, "image unit"], *, count: int = NEARBY) -> Integer[np.ndarray, "image near"]:
    """The nearest other points of each point, nearest first; of equally near ones the earlier point first."""
    apart = distances(points)
    count = min(count, len(points) - 1)
    return np.argsort(apart, axis=1, kind="stable")[:, :count]
