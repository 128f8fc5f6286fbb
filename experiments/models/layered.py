"""The fully connected network with normalization and dropout: each hidden layer is linear, then parts in any order.

In: images (batch, 1, side, side), already treated. Out: logits (batch, class). With no part but the ReLU it is the MLP,
bit for bit. Dropout draws from torch's global generator, as the order of the batches does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from experiments.hooks import HookedModule, HookPoint

PARTS = ("relu", "layernorm", "batchnorm", "dropout")


class LayeredMLP(HookedModule):
    """side * side pixels - hidden[0] - ... - classes; `after[i]` names what follows the linear part of hidden layer i.

    after: a list for each hidden layer, of "relu" (exactly once), "layernorm" (Ba et al. 2016), "batchnorm" (Ioffe
    and Szegedy 2015) and "dropout", each at most once. dropout: the share of activations that is dropped in training.
    Hook points: input, hidden1.pre (what is linear), hidden1.post (right behind the ReLU), hidden1.out (what the layer
    hands on, where a part follows the ReLU), hidden2.pre, ..., logits. The last hidden layer's `out` is named before
    its `post`, since training keeps a layer at the last of its names and the last hidden layer behind its ReLU.
    Raises ValueError where `after` does not describe the hidden layers.
    """

    def __init__(
        self,
        *,
        hidden: Sequence[int] = (32, 16),
        after: Sequence[Sequence[str]] = (("relu",), ("relu",)),
        dropout: float = 0.2,
        classes: int = 10,
        side: int = 28,
    ) -> None:
        super().__init__()
        if len(after) != len(hidden):
            raise ValueError(f"`after` describes {len(after)} layers and there are {len(hidden)}: one list for each")
        names = [f"hidden{number}" for number in range(1, len(hidden) + 1)]
        self.layers = (*names, "logits")
        points = {name: _points(name, parts) for name, parts in zip(names, after, strict=True)}
        points[names[-1]].sort(key=f"{names[-1]}.post".__eq__)
        self.hook_points = ("input", *(point for of_layer in points.values() for point in of_layer), "logits")
        self.input = HookPoint()
        widths = [side * side, *hidden]
        for name, before, units, parts in zip(names, widths, hidden, after, strict=False):
            self.add_module(name, Layered(before, units, parts, dropout))
        self.logits = nn.Linear(widths[-1], classes)

    def forward(self, images: Float[Tensor, "batch 1 side side"]) -> Float[Tensor, "batch class"]:
        activations = self.input(images).flatten(1)  # (batch, pixel)
        for name in self.layers:
            activations = self.get_submodule(name)(activations)  # (batch, units of the layer)
        return activations


class Layered(nn.Linear):
    """A fully connected layer and the parts after it, which are its children, named as in `parts`."""

    def __init__(self, inputs: int, units: int, parts: Sequence[str], dropout: float) -> None:
        super().__init__(inputs, units)
        unknown = sorted(set(parts) - set(PARTS))
        if unknown or parts.count("relu") != 1 or len(set(parts)) != len(parts):
            raise ValueError(f"{list(parts)}: each of {', '.join(PARTS)} at most once, and relu exactly once")
        make: dict[str, Callable[[], nn.Module]] = {
            "relu": nn.ReLU,
            "layernorm": lambda: nn.LayerNorm(units),
            "batchnorm": lambda: nn.BatchNorm1d(units),
            "dropout": lambda: nn.Dropout(dropout),
        }
        self.parts = tuple(parts)
        self.pre = HookPoint()
        for part in parts:
            self.add_module(part, make[part]())
        self.post = HookPoint()
        if parts[-1] != "relu":
            self.out = HookPoint()

    def forward(self, activations: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch units"]:
        activations = self.pre(super().forward(activations))
        for part in self.parts:
            activations = self.get_submodule(part)(activations)
            if part == "relu":
                activations = self.post(activations)
        return activations if self.parts[-1] == "relu" else self.out(activations)


def _points(layer: str, parts: Sequence[str]) -> list[str]:
    return [f"{layer}.{place}" for place in (("pre", "post") if parts[-1] == "relu" else ("pre", "post", "out"))]
