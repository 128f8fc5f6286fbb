"""Networks whose layers follow one another: what the study's own networks have in common.

In: the layers, each of which says where it can be read and what it is made of. Out: a HookedModule that runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from experiments.hooks import HookedModule, HookPoint

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "tanh": torch.tanh}


class Chain(HookedModule):
    """The hidden layers in their order, then the logits; a fully connected layer is fed the units before it in a row.

    hidden: {name: layer}, each with `points`, the names of its hook points in forward order, and `parts`, see
    HookedModule. logits: (units of the last of them) -> (class). Layers are made by the caller in forward order, so a
    seed gives the weights that the same nn.Sequential would get.
    """

    def __init__(self, hidden: Mapping[str, Any], *, logits: nn.Linear) -> None:
        super().__init__()
        if not hidden:
            raise ValueError("a network of the study has at least one hidden layer, and this one has none")
        self.layers = (*hidden, "logits")
        self.parts = {**{name: layer.parts for name, layer in hidden.items()}, "logits": ("linear",)}
        points = {name: list(layer.points) for name, layer in hidden.items()}
        points[self.layers[-2]].sort(key="post".__eq__)
        self.hook_points = (
            "input",
            *(f"{name}.{point}" for name, found in points.items() for point in found),
            "logits",
        )
        self.input = HookPoint()
        for name, layer in {**hidden, "logits": logits}.items():
            self.add_module(name, layer)

    def forward(self, images: Float[Tensor, "batch 1 side side"]) -> Float[Tensor, "batch classes"]:
        activations = self.input(images)
        for name in self.layers:
            layer = self.get_submodule(name)
            activations = layer(activations.flatten(1) if isinstance(layer, nn.Linear) else activations)
        return activations


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation function of that name. Raises ValueError for another than ACTIVATIONS."""
    if name not in ACTIVATIONS:
        raise ValueError(f"no activation function is called {name!r}; there are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
