"""One image on its way through one trained network: what each layer makes of it, and what that takes.

In: the weights of a run and the probe images. Out: what every layer hands on to the next, its weights and its
multiply-adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments.hooks import HookedModule, run_with_cache
from experiments.networks import at_epoch
from experiments.record import last_points
from experiments.treatment import treat

SHOWN = 4  # the class of the image, or the last one where there are fewer


def read(
    *,
    weights: Mapping[str, np.ndarray],
    probe: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, Any]:
    """The stage: arrays.npz, image uint8 (side, side), the first of its class that the network reads right, or the
    first where it reads none; layers in order of depth, parameters and multiply_adds (layer,) of each for one image;
    handed/<layer>, what it hands on to the next: (unit,), (channel, i, j) or (token, width).

    Multiply-adds are half of the floating-point operations that PyTorch counts: those of matrix products and
    convolutions, and of nothing else.
    """
    model = cast(HookedModule, at_epoch(weights, epoch=-1, architecture=architecture))
    of_class = np.flatnonzero(probe["labels"] == min(SHOWN, int(probe["labels"].max())))
    images = treat(probe["images"][of_class], **treatment)
    with torch.no_grad():
        right = model(images).argmax(1).numpy() == probe["labels"][of_class]
    chosen = int(right.argmax())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(images[chosen : chosen + 1])
    counted = {name.partition(".")[2]: sum(of.values()) for name, of in counter.get_flop_counts().items()}
    points = last_points(model)
    _, cache = run_with_cache(model, images[chosen : chosen + 1], names=points)
    handed = {f"handed/{layer}": cache[name][0].numpy() for layer, name in zip(model.layers, points, strict=True)}
    sizes = [sum(each.numel() for each in model.get_submodule(layer).parameters()) for layer in model.layers]
    return {
        "arrays.npz": {
            "image": probe["images"][of_class[chosen]],
            "layers": np.array(model.layers),
            "parameters": np.array(sizes),
            "multiply_adds": np.array([counted.get(layer, 0) // 2 for layer in model.layers]),
            **handed,
        }
    }
