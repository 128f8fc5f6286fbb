"""The fully connected network: each hidden layer is linear, then ReLU, and can be read on both sides of the ReLU.

In: images (batch, 1, side, side), already treated. Out: logits (batch, class). Weights: PyTorch's default draw.
"""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from experiments.hooks import HookedModule, HookPoint


class MLP(HookedModule):
    """side * side pixels - hidden[0] - hidden[1] - ... - classes, with ReLU after every hidden layer.

    Hook points: input, hidden1.pre, hidden1.post, hidden2.pre, ..., logits.
    Layers are made in forward order, so a seed gives the weights that the same nn.Sequential would get.
    """

    def __init__(self, *, hidden: Sequence[int] = (32, 16), classes: int = 10, side: int = 28) -> None:
        super().__init__()
        names = [f"hidden{number}" for number in range(1, len(hidden) + 1)]
        self.layers = (*names, "logits")
        self.hook_points = (
            "input",
            *(f"{name}.{side}" for name in names for side in ("pre", "post")),
            "logits",
        )
        self.input = HookPoint()
        widths = [side * side, *hidden]
        for name, before, units in zip(names, widths, hidden, strict=False):
            self.add_module(name, Hidden(before, units))
        self.logits = nn.Linear(widths[-1], classes)

    def forward(self, images: Float[Tensor, "batch 1 side side"]) -> Float[Tensor, "batch class"]:
        activations = self.input(images).flatten(1)  # (batch, pixel)
        for name in self.layers:
            activations = self.get_submodule(name)(activations)  # (batch, units of the layer)
        return activations


class Hidden(nn.Linear):
    """A fully connected layer and its ReLU: `pre` and `post` are the two sides of the ReLU."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__(inputs, units)
        self.pre = HookPoint()
        self.post = HookPoint()

    def forward(self, activations: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch units"]:
        return self.post(self.pre(super().forward(activations)).relu())
