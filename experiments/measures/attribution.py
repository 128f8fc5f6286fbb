"""Which pixels a unit listens to: gradients, integrated gradients, and a check that they depend on the weights.

In: a network, its input treatment and images as pixels in [0, 1]. Out: one map per image. Everything here is
taken with respect to the pixel, not to what the treatment makes of it, so that dividing the input by a standard
deviation, and the weights with it, changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from captum.attr import IntegratedGradients
from jaxtyping import Float, Int
from scipy.stats import rankdata
from torch import Tensor

from experiments import models
from experiments.hooks import HookedModule, hooks
from experiments.record import reading_point
from experiments.treatment import treated

Reader = Callable[[Tensor], Tensor]  # pixels (image, 1, side, side) in [0, 1] -> (image, unit)

BATCH = 250  # images that are read at once: few enough to stay near the processor
STEPS = 32  # points of the Gauss-Legendre rule by which integrated gradients integrate


def saliency(
    read: Reader, pixels: Float[Tensor, "image 1 side side"], units: Int[Tensor, " image"]
) -> Float[Tensor, "image side side"]:
    """Gradient of one unit per image with respect to each pixel of the image (Simonyan et al. 2013), signed.

    read: see `reader`. units: which unit, for each image. In activation per pixel: how much the unit would rise
    if the pixel went from black to white and the network were linear.
    """
    found = []
    for batch, chosen in zip(pixels.split(BATCH), units.split(BATCH), strict=True):
        batch = batch.detach().requires_grad_()
        answer = read(batch).gather(1, chosen[:, None]).sum()  # a sum keeps the images apart
        found.append(torch.autograd.grad(answer, batch)[0].squeeze(1))
    return torch.cat(found)


def integrated_gradients(
    read: Reader, pixels: Float[Tensor, "image 1 side side"], units: Int[Tensor, " image"], *, steps: int = STEPS
) -> Float[Tensor, "image side side"]:
    """Integrated gradients of one unit per image, from the black image (Sundararajan et al. 2017, eq. 1).

    The gradient is averaged over the straight way from black to the image, and multiplied with the image. The
    attributions of an image add up to what the unit says to it, minus what it says to the black image.
    """
    at_once = {"n_steps": steps, "internal_batch_size": max(BATCH, len(pixels))}
    found = IntegratedGradients(read).attribute(pixels, baselines=torch.zeros_like(pixels), target=units, **at_once)
    return found.detach().to(pixels.dtype).squeeze(1)


def incompleteness(
    read: Reader,
    pixels: Float[Tensor, "image 1 side side"],
    units: Int[Tensor, " image"],
    attributions: Float[Tensor, "image side side"],
) -> float:
    """By how much attributions miss F(image) - F(black), summed over images, as a share of what is to be explained."""
    with torch.no_grad():
        reached = read(pixels).gather(1, units[:, None])[:, 0]
        black = read(torch.zeros_like(pixels[:1]))[0, units]
    missed = attributions.sum(dim=(1, 2)) - (reached - black)
    explained = (reached - black).abs().sum()
    return float(missed.abs().sum() / explained) if explained > 0 else 0.0


def reader(model: HookedModule, hook_point: str, **treatment: Any) -> Reader:
    """The function from pixels in [0, 1] to the units at a hook point: the treatment, then the network up to there.

    A unit with positions (a channel) is read where it is highest on the image.
    """

    def read(pixels: Tensor) -> Tensor:
        kept: list[Tensor] = []
        with hooks(model, forward_hooks=[(hook_point, lambda activation, _: kept.append(activation))]):
            model(treated(pixels, **treatment))
        activation = kept[0]
        return activation.amax(dim=tuple(range(2, activation.ndim))) if activation.ndim > 2 else activation

    return read


def hook_point_of(model: HookedModule, layer: str) -> str:
    """Where the units of a layer are read: before the ReLU, which would hide what a unit is short of."""
    return f"{layer}.pre" if f"{layer}.pre" in model.hook_points else reading_point(model, layer)


def randomised(model: HookedModule, *, architecture: Mapping[str, Any], seed: int) -> list[tuple[str, HookedModule]]:
    """Copies of a network that know less and less: its layers' weights drawn anew, one by one from the top.

    The cascading randomisation of Adebayo et al. (2018, section 3.1). Returns (the lowest layer drawn anew,
    network) for the logits first and the first layer last. seed: of the new weights, drawn as untrained
    networks' are.
    """
    state, name, options = dict(model.state_dict()), architecture["build"], architecture["options"]
    sizes = models.sizes(name, options=options, shapes={name: value.shape for name, value in state.items()})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = models.build(name, options=options, **sizes).state_dict()
    found = []
    for layer in reversed(model.layers):
        state |= {name: value for name, value in fresh.items() if name.startswith(f"{layer}.")}
        less = copy.deepcopy(model)
        less.load_state_dict(state)
        found.append((layer, less))
    return found


def rank_correlation(a: Float[np.ndarray, "map pixel"], b: Float[np.ndarray, "map pixel"]) -> Float[np.ndarray, " map"]:
    """Spearman's correlation of each map in `a` with its partner in `b`; 0 where a map is the same everywhere."""
    ranks = [rankdata(maps, axis=1) - (maps.shape[1] + 1) / 2 for maps in (a, b)]
    covariance = (ranks[0] * ranks[1]).sum(axis=1)
    size = np.sqrt((ranks[0] ** 2).sum(axis=1) * (ranks[1] ** 2).sum(axis=1))
    return np.divide(covariance, size, out=np.zeros(len(a)), where=size > 0)
