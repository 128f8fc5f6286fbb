"""Plain networks: one weighted sum behind another, with a ReLU, and pooling behind convolutions.

In: a network. Out: how it departs from that, for people, or nothing. Only plain networks can be run by the pages'
scripts (templates/assets/shared/forward.js), and only in them may interventions be replayed from a layer on.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from experiments.hooks import HookedModule

HIDDEN = (("linear", "relu"), ("conv", "relu", "pool"))  # what a hidden layer may do
LAST = (("linear",),)
SILENT = ("dropout",)  # parts that do nothing once a network is trained


def departure(model: HookedModule) -> str:
    """How the network departs from a plain one, in the middle of a sentence; nothing where it is one."""
    connected = False
    for layer in model.layers:
        done = tuple(part for part in model.parts.get(layer, ()) if part not in SILENT)
        known = LAST if layer == model.layers[-1] else HIDDEN
        if not done:
            return f"{layer} does not say what it does"
        if done not in known:
            strange = [part for part in done if not any(part in each for each in known)]
            return f"{layer} has {strange[0]}" if strange else f"{layer} does its parts in another order"
        module = model.get_submodule(layer)
        if done[0] == "conv" and (connected or not _is_plain_convolution(module)):
            return f"{layer} is a convolution of another kind"
        if done[0] == "linear" and (not isinstance(module, nn.Linear) or module.bias is None):
            return f"{layer} is a weighted sum of another kind"
        connected = done[0] == "linear"
    own = {f"{layer}.{part}" for layer in model.layers for part in ("weight", "bias")}
    more = sorted({name for name, _ in model.named_parameters()} - own)
    return f"{more[0]} has no place in it" if more else ""


def described(model: HookedModule) -> list[dict[str, Any]]:
    """The layers of a plain network: name, kind ("conv" or "linear") and, of a convolution, its padding."""
    found: list[dict[str, Any]] = []
    for layer in model.layers:
        module = model.get_submodule(layer)
        if isinstance(module, nn.Conv2d):
            found.append({"name": layer, "kind": "conv", "padding": module.padding[0]})
        else:
            found.append({"name": layer, "kind": "linear"})
    return found


def _is_plain_convolution(module: nn.Module) -> bool:
    """Whether it has square kernels that go over every place of every map, and the same padding of zeros all round."""
    if not isinstance(module, nn.Conv2d) or module.bias is None or isinstance(module.padding, str):
        return False
    steps = (*module.stride, *module.dilation, module.groups)
    square = module.kernel_size[0] == module.kernel_size[1] and module.padding[0] == module.padding[1]
    return square and set(steps) == {1} and module.padding_mode == "zeros"
