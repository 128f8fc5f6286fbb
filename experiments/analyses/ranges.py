"""What each unit says over the whole range of images, not to its favourites alone: a density, and groups of examples.

In: the weights of a network and the probe images. Out: for every hidden unit how often it is silent, how its
activations are spread, and groups of images from its weakest to its strongest, with a few examples of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.maps import narrow
from experiments.measures.scaling import BATCH, hidden_layers
from experiments.networks import at_epoch
from experiments.record import reading_point
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]

BINS = 24  # of a density
GROUPS = 10  # of images; the silent ones are one of them
EXAMPLES = 3  # of each group


def read(
    *, weights: Arrays, probe: Arrays, architecture: Mapping[str, Any], treatment: Mapping[str, Any]
) -> dict[str, Any]:
    """The whole range of one trained network's hidden units, over the probe images.

    A channel's activation of an image is that at its highest position. Returns `ranges.npz`: layers, and for each
    hidden layer, of bins and groups as `density` and `groups` make them,

        zero/<layer>      (unit,)             images to which the unit says exactly nothing
        edges/<layer>     (unit, bin + 1)     of the bins, float32
        counts/<layer>    (unit, bin)         images in each, the silent ones apart
        own/<layer>       (unit, bin)         those among them of the class with the largest mean, see `favourite`
        bounds/<layer>    (unit, group, 2)    the lowest and the highest activation in each group, float32
        classes/<layer>   (unit, group, class)   images of each group by their class; a group without any is not there
        examples/<layer>  (unit, group, 3)    places in the probe set, the weaker ones first; -1 for none
    """
    model = cast(HookedModule, at_epoch(weights, epoch=-1, architecture=architecture))
    inputs, labels = treat(probe["images"], **treatment), probe["labels"].astype(np.int64)
    layers = hidden_layers(model)
    arrays: dict[str, np.ndarray] = {"layers": np.array(layers)}
    for layer in layers:
        highest, mean = activations(model, inputs, layer)  # (image, unit) each
        found = [
            _unit(values, labels, favourite=favourite(means, labels))
            for values, means in zip(highest.T, mean.T, strict=True)
        ]
        arrays |= {f"{name}/{layer}": np.stack([each[name] for each in found]) for name in found[0]}
    return {"ranges.npz": arrays}


def activations(
    model: HookedModule, inputs: Tensor, layer: str
) -> tuple[Float[np.ndarray, "image unit"], Float[np.ndarray, "image unit"]]:
    """What every unit of a layer says to every image; of a unit with many positions, at the highest, and on average."""
    point = reading_point(model, layer)
    found = [run_with_cache(model, batch, names=[point])[1][point] for batch in inputs.split(BATCH)]
    said = torch.cat(found)
    if said.ndim == 2:
        return said.numpy(), said.numpy()
    return said.flatten(2).amax(2).numpy(), said.flatten(2).mean(2).numpy()


def favourite(means: Float[np.ndarray, " image"], labels: Integer[np.ndarray, " image"]) -> int:
    """The class to whose images a unit says most on average, over positions too, as portraits have it."""
    counts = np.bincount(labels)
    return int((np.bincount(labels, means) / np.maximum(counts, 1)).argmax())


def density(
    values: Float[np.ndarray, " image"], own: Bool[np.ndarray, " image"], *, bins: int = BINS
) -> dict[str, np.ndarray]:
    """How a unit's activations are spread: zero, edges, counts and own, see `read`.

    The bins are equally wide and reach from the lowest activation, or zero, to the highest; what is exactly zero is in
    none. Counts over the number of images and the width of a bin are a density, whose integral and the share at zero
    add up to one.
    """
    loud = values != 0
    low, high = min(0.0, float(values.min())), float(values.max())
    edges = np.linspace(low, high if high > low else low + 1, num=bins + 1)
    counts, of_own = (np.histogram(values[chosen], edges)[0] for chosen in (loud, loud & own))
    return {
        "zero": np.array((~loud).sum()).astype(np.int32),
        "edges": edges.astype(np.float32),
        "counts": narrow(counts, np.int16),
        "own": narrow(of_own, np.int16),
    }


def groups(values: Float[np.ndarray, " image"], *, count: int = GROUPS) -> list[Integer[np.ndarray, " _"]]:
    """All images, from those that a unit answers least to those that it answers most, in at most `count` groups.

    Where a unit that is never negative is silent, the silent images are the first group, and the rest is divided into
    equal ones (as nearly as whole images allow); where it is never silent, all are. Places of images, weakest first.
    """
    order = np.argsort(values, kind="stable")
    silent = int((values == 0).sum()) if values.min() >= 0 else 0
    parts: Sequence[np.ndarray] = np.array_split(order[silent:], count - (silent > 0))
    return [group for group in (order[:silent], *parts) if len(group)]


def examples(group: Integer[np.ndarray, " image"], *, count: int = EXAMPLES) -> Integer[np.ndarray, " example"]:
    """A few images that stand for a group: the middle ones of so many equal parts, or all where there are no more."""
    count = min(count, len(group))
    return group[(2 * np.arange(count) + 1) * len(group) // (2 * count)]


def _unit(values: np.ndarray, labels: np.ndarray, *, favourite: int) -> dict[str, np.ndarray]:
    classes = int(labels.max()) + 1
    bounds, of_class = np.zeros((GROUPS, 2)), np.zeros((GROUPS, classes), dtype=np.int64)
    chosen = np.full((GROUPS, EXAMPLES), -1)
    for place, group in enumerate(groups(values)):
        bounds[place] = values[group[0]], values[group[-1]]
        of_class[place] = np.bincount(labels[group], minlength=classes)
        few = examples(group)
        chosen[place, : len(few)] = few
    return {
        **density(values, labels == favourite),
        "bounds": bounds.astype(np.float32),
        "classes": narrow(of_class, np.int16),
        "examples": narrow(chosen, np.int16),
    }
