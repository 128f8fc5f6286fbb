"""What a unit answers to: single lit pixels, images made to please it, and the real images it likes best.

In: a function from pixels in [0, 1] to units (see `attribution.reader`). Out: one map or image per unit.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments.descent import Adam
from experiments.measures.attribution import Reader

AVERAGES = (0.9, 0.999)  # Adam's, as is usual
STEP = 0.05  # of the ascent, in pixel values
VARIATION, INK = 0.015, 0.003  # what a unit of total variation and of squared ink costs, in standard deviations
AT_ONCE = 1024  # single lit pixels that are read at once
GREY = 0.5  # every pixel of the first image that the ascent begins with
STARTS = 3  # images that it begins with in turn; but for the first they are noise
EVEN = 0.1  # a difference of neighbouring pixels that counts as none


def one_hot_maps(read: Reader, *, side: int) -> Float[Tensor, "unit side side"]:
    """Each unit's activation for every single lit pixel, minus its activation for the black image.

    side: of the images that the unit reads.
    """
    lit = torch.eye(side * side).reshape(-1, 1, side, side)
    with torch.no_grad():
        answers = torch.cat([read(some) for some in lit.split(AT_ONCE)])
        return (answers - read(torch.zeros(1, 1, side, side))).T.reshape(-1, side, side)


def template_fit(
    maps: Float[Tensor, "unit side side"],
    pixels: Float[Tensor, "image 1 side side"],
    answers: Float[Tensor, "image unit"],
) -> Float[np.ndarray, " unit"]:
    """Pearson correlation over images of a unit's activation with its one-hot map laid over the image as a template.

    1 for a unit that is linear in the pixels: what it says to an image is then the sum of what it says to the
    image's pixels. 0 for a unit, or a template, that says the same of every image.
    """
    told = (pixels.flatten(1).double() @ maps.flatten(1).double().T).numpy()  # (image, unit)
    heard = answers.double().numpy()
    told, heard = told - told.mean(axis=0), heard - heard.mean(axis=0)
    size = np.sqrt((told**2).sum(axis=0) * (heard**2).sum(axis=0))
    return np.divide((told * heard).sum(axis=0), size, out=np.zeros(len(size)), where=size > 0)


def beginnings(units: int, *, side: int, count: int = STARTS) -> Float[Tensor, "start unit 1 side side"]:
    """Images for the ascent to begin with: an even grey, then even noise around it, another for each unit.

    The same ones for every network.
    """
    noise = torch.rand(count - 1, units, 1, side, side, generator=torch.Generator().manual_seed(0))
    return torch.cat([torch.full((1, units, 1, side, side), GREY), noise])


def maximise(
    read: Reader, *, scale: Float[Tensor, " unit"], begin: Float[Tensor, "unit 1 side side"], steps: int
) -> Float[Tensor, "unit side side"]:
    """For every unit an image, with pixels in [0, 1], that drives it as high as a mild wish for smoothness allows.

    Gradient ascent (Erhan et al. 2009) of so many steps, by Adam, from the images `begin`, one for each unit, on

        activation / scale - VARIATION * sum |neighbouring pixels' difference| - INK * sum pixel^2

    scale: what counts as one for each unit, its standard deviation over real images, so that loud and quiet
    units weigh smoothness alike; 0 stands for a unit that never moves, and counts as 1. Where it ends depends on where
    it begins: see `beginnings`.
    """
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    images = begin.clone().requires_grad_()
    ascent = Adam([images], averages=AVERAGES, maximize=True)
    for _ in range(steps):
        driven = read(images).diagonal() / scale  # image i is for unit i
        cost = VARIATION * _variation(images) + INK * images.square().sum(dim=(1, 2, 3))
        images.grad = None
        (driven - cost).sum().backward(inputs=[images])
        ascent.step(STEP)
        with torch.no_grad():
            images.clamp_(0, 1)
    return images.detach().squeeze(1)


def agreement(images: Float[Tensor, "start unit side side"]) -> Float[np.ndarray, " unit"]:
    """How alike the images of each unit are that were made from different starts: Pearson's correlation over pixels,
    mean over pairs. 0 where an image is the same everywhere; 1 from a single start."""
    values = images.flatten(2).double().numpy()
    values = values - values.mean(axis=2, keepdims=True)
    size = np.linalg.norm(values, axis=2, keepdims=True)
    values = np.divide(values, size, out=np.zeros_like(values), where=size > 0)
    pairs = [(values[a] * values[b]).sum(axis=1) for a in range(len(values)) for b in range(a)]
    return np.mean(pairs, axis=0) if pairs else np.ones(values.shape[1])


def favourites(answers: Float[Tensor, "image unit"], *, count: int) -> Int[np.ndarray, "unit rank"]:
    """For each unit the places of the images it answers most strongly, the strongest first; ties in order."""
    order = np.argsort(-answers.numpy(), axis=0, kind="stable")
    return order[:count].T


def _variation(images: Float[Tensor, "image 1 side side"]) -> Float[Tensor, " image"]:
    """Total variation, rounded off at zero: an even patch is at rest instead of trembling under the ascent."""
    down, across = ((images.diff(dim=dim).square() + EVEN**2).sqrt() for dim in (2, 3))
    return down.sum(dim=(1, 2, 3)) + across.sum(dim=(1, 2, 3))
