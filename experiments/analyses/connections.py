"""Which weights lead to a unit and which lead on from it: the layers' weights by the units that they connect.

In: a trained network and a few images. Out: for every layer what it is fed, and its weights by unit and unit before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from experiments.analyses.places import GREY
from experiments.hooks import HookedModule, run_with_cache
from experiments.networks import kept
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]

IMAGE = "input"  # the source of a layer that is fed the image itself
TRIED = 4  # images on which a layer's input is compared with what the layers before it say


def read(
    *, network: bytes, sheet: Arrays, architecture: Mapping[str, Any], treatment: Mapping[str, Any]
) -> dict[str, Any]:
    """The weights of one trained network, from unit to unit; see `connections`.

    network: of `networks.keep`. sheet: of places.sheet. Returns `connections.npz`.
    """
    places = np.linspace(0, len(sheet["images"]) - 1, TRIED).astype(int)
    inputs = treat(GREY * sheet["images"][places], **treatment)
    return {"connections.npz": connections(kept(network, architecture=architecture), inputs)}


def connections(model: HookedModule, inputs: Tensor) -> dict[str, np.ndarray]:
    """What each layer is fed, and its weights.

        source/<layer>    ()                        the layer whose units it is fed, or "input"
        weights/<layer>   (unit, source unit, a, b)   a and b: of a kernel, or of the positions of a map; else 1 and 1
        bias/<layer>      (unit,)

    What a layer is fed is told by running the network: its input is a hook point's activation, number for number. Of
    a layer that is fed anything else, a sum of two layers say, and of one that is neither fully connected nor a
    convolution there is nothing; nor are there weights of a fully connected layer that is fed the image.
    """
    found: dict[str, np.ndarray] = {}
    for layer in model.layers:
        module = model.get_submodule(layer)
        if not isinstance(module, nn.Linear | nn.Conv2d):
            continue
        source, fed = _source(model, layer, inputs)
        weights = module.weight.detach()
        if fed is None or (isinstance(module, nn.Conv2d) and module.groups > 1):
            continue
        found[f"source/{layer}"] = np.array(source)
        found[f"bias/{layer}"] = np.zeros(len(weights)) if module.bias is None else module.bias.detach().numpy()
        if isinstance(module, nn.Linear):
            if source == IMAGE or fed.ndim not in (2, 4):
                continue
            positions = fed.shape[2:] or (1, 1)
            weights = weights.reshape(len(weights), fed.shape[1], *positions)
        found[f"weights/{layer}"] = weights.numpy()
    return found


def _source(model: HookedModule, layer: str, inputs: Tensor) -> tuple[str, Tensor | None]:
    """The layer that feeds a layer and what it says, or "" and None where no hook point says just that."""
    fed: list[Tensor] = []
    handle = model.get_submodule(layer).register_forward_pre_hook(lambda _, given: fed.append(given[0].detach()))
    try:
        with torch.no_grad():
            _, cache = run_with_cache(model, inputs)
    finally:
        handle.remove()
    before = [name for name in model.hook_points if name.partition(".")[0] != layer]
    for name in reversed(before):
        said = cache[name]
        if (
            said.numel() == fed[0].numel()
            and len(said) == len(fed[0])
            and torch.equal(said.flatten(), fed[0].flatten())
        ):
            owner = name.partition(".")[0]
            return (owner if owner in model.layers else IMAGE), said
    return "", None
