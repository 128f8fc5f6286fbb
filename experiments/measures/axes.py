"""Axes through a layer: those of its units, and random ones that are on for as many images.

In: a layer's pre-activations, and axes. Out: what a ReLU along each axis lets through, and how much one alone tells.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.stats import rankdata
from torch import Tensor

from experiments.measures.units import share_on

CONTROLS = ("zero", "mean", "share")  # what random axes keep: nothing, each unit's mean, how many images it is on for


def own(pre: Float[Tensor, "image unit ..."]) -> Float[Tensor, "image unit ..."]:
    """What the units let through."""
    return pre.relu()


def turned(
    pre: Float[Tensor, "image unit ..."], axes: Float[np.ndarray, "unit axis"], *, keep: str
) -> Float[Tensor, "image axis ..."]:
    """What a ReLU lets through along other axes than the units', as many; channels are turned at every position alike.

    keep: of CONTROLS. "zero": the layer is turned about zero. "mean": about its average, so that axis k has the mean
    pre-activation of unit k. "share": as "mean", with a threshold of its own, so that axis k is on for as many images
    (and positions) as unit k is; a unit that is seldom on is selective for that reason alone, and only so are the two
    alike in it. Raises ValueError for another name.
    """
    if keep not in CONTROLS:
        raise ValueError(f"random axes keep one of {', '.join(CONTROLS)}, not {keep!r}")
    others = [dim for dim in range(pre.ndim) if dim != 1]
    centre = torch.zeros(()) if keep == "zero" else pre.mean(dim=others, keepdim=True)
    columns = torch.tensor(axes, dtype=pre.dtype).T
    along = (columns @ (pre - centre).flatten(2)).view_as(pre) if pre.ndim > 2 else (pre - centre) @ columns.T
    if keep == "share":
        centre = -thresholds(along, share_on(pre))
    return (along + centre).relu()


def thresholds(
    along: Float[Tensor, "image axis ..."], shares: Float[np.ndarray, " axis"]
) -> Float[Tensor, "1 axis ..."]:
    """The values that so large a share of each axis's numbers lies above; at most all but one of them."""
    values = along.movedim(1, 0).flatten(1).numpy()  # (axis, number)
    last = values.shape[1] - 1
    places = [max(last - round(share * values.shape[1]), 0) for share in shares]
    found = [np.partition(own, place)[place] for own, place in zip(values, places, strict=True)]
    return torch.tensor(np.array(found)).reshape(1, -1, *[1] * (along.ndim - 2))


def best_alone(
    activations: Float[Tensor, "image axis ..."], labels: Int[Tensor, " image"]
) -> Float[np.ndarray, " classes"]:
    """How well the best single axis tells each class from all others, in %: 50 by chance, 100 without a fault.

    The area under the receiver operating characteristic: how often, of an image of the class and another image, the one
    that the axis is louder for is the one that the axis calls the class's. Which axis is best, and whether loud or
    silent stands for the class, is decided on every second image and measured on the others. A channel is read as its
    mean over positions. Raises ValueError where a class has not two images.
    """
    values = activations.flatten(2).mean(2).numpy() if activations.ndim > 2 else activations.numpy()
    classes, named = int(labels.max()) + 1, labels.numpy()
    members = [np.flatnonzero(named == each) for each in range(classes)]
    if lacking := [each for each, found in enumerate(members) if len(found) < 2]:
        raise ValueError(f"classes with fewer than two images, to choose an axis and to judge it: {lacking}")
    halves = [np.concatenate([found[half::2] for found in members]) for half in (0, 1)]
    first, second = (_areas(values[half], named[half], classes) for half in halves)
    best = np.abs(first - 0.5).argmax(axis=0), np.arange(classes)
    sign = np.where(first[best] < 0.5, -1.0, 1.0)
    return 100 * (0.5 + sign * (second[best] - 0.5))


def _areas(
    values: Float[np.ndarray, "image axis"], labels: Int[np.ndarray, " image"], classes: int
) -> Float[np.ndarray, "axis classes"]:
    """Of each axis and class, the share of pairs in which the image of the class is the louder; ties count half."""
    ranks = rankdata(values, axis=0)
    found = np.empty((values.shape[1], classes))
    for each in range(classes):
        members = labels == each
        count, rest = members.sum(), (~members).sum()
        found[:, each] = (ranks[members].sum(axis=0) - count * (count + 1) / 2) / (count * rest)
    return found
