"""The notebooks' network, opened as they opened it: what its units prefer, what they are worth, how they separate.

In: the weights of one trained MLP on raw input, and the test set. Out: arrays, from which every number that the
notebooks report of that network follows (`experiments.analyses.replication`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments import exact
from experiments.analyses import notebooks
from experiments.analyses.geometry import silhouette
from experiments.analyses.selectivity import correct_logit_gradient
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.scaling import scale_units
from experiments.measures.units import class_selectivity
from experiments.networks import at_epoch
from experiments.record import class_means
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]
Products = dict[str, dict[str, np.ndarray]]

RAW: dict[str, Any] = {"mean": 0.0, "std": 1.0}  # the input treatment of the notebooks' first network
LAYER = "hidden2"  # the layer of 16 units
READINGS = {"divided": 1, "undivided": 255}  # what the pixels in [0, 1] are multiplied by; the network learnt from 1
SUBSET = 5  # units in a random subset


def read_exactly(*, weights: Arrays, test: Arrays, architecture: Mapping[str, Any], seed: int, draws: int) -> Products:
    """`read` with plain kernels, so that no image falls to another side on another processor; see `exact`."""
    return exact.call(read, weights=weights, test=test, architecture=architecture, seed=seed, draws=draws)


def read(*, weights: Arrays, test: Arrays, architecture: Mapping[str, Any], seed: int, draws: int) -> Products:
    """What the notebooks measure inside one trained MLP on raw input, on the whole test set.

    draws: how many random subsets of five units; seed: of these. Returns `arrays.npz`:
    mean, gradient, selectivity (unit, class); see `preferences`. confusion/<reading> (unit, scale, class, class) at
    SCALES, for images divided by 255 and not. silhouette/all, /good, /mixed, /poor (), silhouette/random (draw,).
    """
    model = at_epoch(weights, epoch=-1, architecture=architecture)
    images, labels = treat(test["images"], **RAW), torch.tensor(test["labels"].astype(np.int64))
    found = dict(preferences(model, images, labels))
    units = range(len(found["mean"]))
    for reading, factor in READINGS.items():
        found[f"confusion/{reading}"] = scale_units(model, images * factor, labels, layer=LAYER, units=units).confusion
    points = run_with_cache(model, images, names=f"{LAYER}.post")[1][f"{LAYER}.post"].numpy()
    named = {"all": tuple(units), **notebooks.SUBSETS}
    for name, subset in named.items():
        found[f"silhouette/{name}"] = np.array(silhouette(points[:, list(subset)], test["labels"]))
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(len(units), size=SUBSET, replace=False) for _ in range(draws)]
    found["silhouette/random"] = np.array([silhouette(points[:, subset], test["labels"]) for subset in drawn])
    return {"arrays.npz": found}


def preferences(
    model: HookedModule, images: Float[Tensor, "image 1 side side"], labels: Int[Tensor, " image"]
) -> dict[str, Float[np.ndarray, "unit class"]]:
    """The three measures by which units are ranked for each digit: class mean, gradient of the correct logit,
    selectivity."""
    post = run_with_cache(model, images, names=f"{LAYER}.post")[1][f"{LAYER}.post"]
    means = class_means(post, labels)
    gradient = correct_logit_gradient(model, images, labels, layers=[LAYER])[LAYER]
    return {"mean": means, "gradient": gradient, "selectivity": class_selectivity(means)}
