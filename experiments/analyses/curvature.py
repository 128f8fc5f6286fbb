"""How sharply the loss of a network bends, before training and by epoch.

In: the weights of one network by epoch, and training images. Out: the largest eigenvalue of the Hessian at each moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from experiments.measures.curvature import largest_eigenvalue
from experiments.networks import at_epoch
from experiments.treatment import treat

IMAGES = 1000  # training images, drawn at random, over which the loss is the mean


def read(
    *,
    weights: Mapping[str, np.ndarray],
    train: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
    epochs: Sequence[int],
    seed: int,
) -> dict[str, Any]:
    """The stage: arrays.npz, epochs (moment,) and largest (moment,), see `curvature.largest_eigenvalue`.

    `seed` draws the images and the vector that Lanczos' method begins with.
    """
    chosen = np.random.default_rng(seed).permutation(len(train["labels"]))[:IMAGES]
    images = treat(train["images"][chosen], **treatment)
    labels = torch.tensor(train["labels"][chosen].astype(np.int64))
    found = []
    for epoch in epochs:
        model = at_epoch(weights, epoch=epoch, architecture=architecture)
        found.append(largest_eigenvalue(model, images, labels, seed=seed))
    return {"arrays.npz": {"epochs": np.array(epochs), "largest": np.array(found)}}
