"""What a straight cut can read from each layer: linear probes, trained on training images and read on test images.

In: the weights of one run, training and test images. Out: the accuracy of a probe of each layer, before and after
training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.probes import linear_probe_accuracy
from experiments.networks import at_epoch
from experiments.record import EVALUATION_BATCH, last_points
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]

SHOWN = 20_000  # training images that a probe is trained on; fewer where there are fewer
SEED = 0  # of their choice, the same for every network


def read(
    *,
    weights: Arrays,
    train: Arrays,
    test: Arrays,
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, Any]:
    """Linear probes of one network, untrained and at the end.

    weights: {parameter: (epoch, ...)}. train, test: images, labels. Returns `arrays.npz`: hook_points, what each layer
    hands on, in order of depth, images (2,), how many a probe was trained on and read, and linear_probe/<hook> (2,), in
    %, see `linear_probe_accuracy`: trained on images that
    the network was trained on too, and read on all test images, none of which it or the probe has seen.
    """
    chosen = np.random.default_rng(SEED).permutation(len(train["labels"]))[:SHOWN]
    shown, labels = treat(train["images"][chosen], **treatment), train["labels"][chosen]
    new, truth = treat(test["images"], **treatment), test["labels"]
    found: dict[str, list[float]] = {}
    for epoch in (0, -1):
        model = at_epoch(weights, epoch=epoch, architecture=architecture)
        layers = (activations(model, images) for images in (shown, new))
        first, second = layers
        for hook in list(first):
            accuracy = linear_probe_accuracy(first.pop(hook), labels, second.pop(hook), truth)
            found.setdefault(hook, []).append(accuracy)
    accuracies = {f"linear_probe/{hook}": np.array(values) for hook, values in found.items()}
    images = np.array([len(labels), len(truth)])
    return {"arrays.npz": {"hook_points": np.array(list(found)), "images": images, **accuracies}}


def activations(model: HookedModule, images: torch.Tensor) -> dict[str, np.ndarray]:
    """What each layer hands on for each image, as one row of numbers: {hook point: (image, unit)}."""
    found: dict[str, np.ndarray] = {}
    for place in range(0, len(images), EVALUATION_BATCH):
        some = images[place : place + EVALUATION_BATCH]
        _, cache = run_with_cache(model, some, names=last_points(model))
        for hook, values in cache.items():
            rows = values.flatten(1).numpy()
            found.setdefault(hook, np.empty((len(images), rows.shape[1]), np.float32))[place : place + len(rows)] = rows
    return found
