"""Networks as notebooks write them: modules of PyTorch in a row, with nothing to read between them.

In: a network of the study. Out: an nn.Sequential with the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from experiments.hooks import HookedModule

PARTS: Mapping[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "pool": lambda: nn.MaxPool2d(2)}


def usual(network: HookedModule) -> nn.Sequential:
    """The same network, for layers that are a convolution or a weighted sum and then parts that PARTS names.

    Raises KeyError for another part.
    """
    modules: list[nn.Module] = []
    for name in network.layers:
        layer = network.get_submodule(name)
        if isinstance(layer, nn.Conv2d):
            size = {"kernel_size": layer.kernel_size, "padding": layer.padding}
            modules.append(nn.Conv2d(layer.in_channels, layer.out_channels, **size))  # type: ignore[arg-type]
        elif isinstance(layer, nn.Linear):
            modules += [nn.Flatten(), nn.Linear(layer.in_features, layer.out_features)]
        modules += [PARTS[part]() for part in network.parts[name][1:]]
    sequential = nn.Sequential(*modules)
    with torch.no_grad():
        for mine, theirs in zip(sequential.parameters(), network.parameters(), strict=True):
            mine.copy_(theirs)
    return sequential
