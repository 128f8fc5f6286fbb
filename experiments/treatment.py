"""The input treatment: what is done to the pixels before a network sees them.

In: images as they are stored. Out: the tensor a network is fed. It stands alone, so that nothing said or done
elsewhere about the data set retrains a network.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from experiments.errors import InputError

Transforms = Sequence[Mapping[str, Any]]  # {"function": "module:name", "options": {...}} each


def treat(
    images: np.ndarray, *, mean: float, std: float, transforms: Transforms = ()
) -> Float[Tensor, "image 1 side side"]:
    """What a network is fed, with a channel axis, from images uint8 (image, side, side)."""
    return treated(in_pixels(images), mean=mean, std=std, transforms=transforms)


def treated(
    pixels: Float[Tensor, "image 1 side side"], *, mean: float, std: float, transforms: Transforms = ()
) -> Float[Tensor, "image 1 side side"]:
    """(pixel - mean) / std of pixels in [0, 1], after the transforms, in their order."""
    return (transformed(pixels, transforms) - mean) / std


def transformed(
    pixels: Float[Tensor, "image 1 side side"], transforms: Transforms
) -> Float[Tensor, "image 1 side side"]:
    """Pixels in [0, 1] after the transforms. Raises InputError where one is not found, or changes the images' shape."""
    for each in transforms:
        module, _, name = each["function"].partition(":")
        try:
            apply = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(
                f"no transform is called {each['function']!r} ({error}); see experiments/study.py"
            ) from error
        shape, pixels = pixels.shape, apply(pixels, **each["options"])
        if pixels.shape != shape:
            raise InputError(f"{each['function']} makes {tuple(pixels.shape)} of {tuple(shape)}: keep the shape")
    return pixels


def shuffled(pixels: Float[Tensor, "image 1 side side"], *, seed: int) -> Float[Tensor, "image 1 side side"]:
    """The pixels of every image in the same random order, which the seed decides: neighbours are none any more.

    What does not know of places, a network whose first layer is dense, learns from them as well as before.
    """
    order = torch.from_numpy(np.random.default_rng(seed).permutation(pixels[0].numel()))
    return pixels.flatten(1)[:, order].reshape(pixels.shape)


def in_pixels(images: np.ndarray) -> Float[Tensor, "image 1 side side"]:
    """Images uint8 (image, side, side) as numbers in [0, 1], with a channel axis."""
    return torch.tensor(np.ascontiguousarray(images)).to(torch.float32).div_(255).unsqueeze(1)


def measured(
    *, train: Mapping[str, np.ndarray], mean: float | str, std: float | str, transforms: Transforms = ()
) -> dict[str, Any]:
    """The stage that looks up a treatment's constants in the training images: `treatment.json`, arguments of `treat`.

    A constant that is no number is that of all pixels of the training images, in [0, 1], after the transforms; to four
    decimals, as such constants are told. Raises InputError where all pixels are alike.
    """
    pixels = transformed(in_pixels(train["images"]), transforms).double()
    found = {
        "mean": mean if not isinstance(mean, str) else round(pixels.mean().item(), 4),
        "std": std if not isinstance(std, str) else round(pixels.std(correction=0).item(), 4),
    }
    if not found["std"]:
        raise InputError("all pixels of the training images are alike; give the treatment's std as a number")
    return {"treatment.json": {**found, **({"transforms": list(transforms)} if transforms else {})}}
