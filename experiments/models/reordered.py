"""The MLP that adds up in another order: the same network on paper, and other roundings on a machine.

In: images (batch, 1, 28, 28), already treated. Out: logits (batch, class). A sum of 784 products depends, in its
last bits, on the order of the products. Training repeats that thousands of times, so two such networks drift
apart; how far is what floating-point arithmetic alone can do to a result.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from experiments.models.mlp import MLP, PIXELS


class ReorderedMLP(MLP):
    """The MLP with its pixels, and the weights on them, in the order number `order`; otherwise as `MLP`.

    The order comes from a generator of its own, so the seed of a run decides what it decides for the MLP.
    hidden1.weight (unit, pixel) has its columns in that order.
    """

    def __init__(self, *, hidden: Sequence[int] = (32, 16), order: int = 0) -> None:
        super().__init__(hidden=hidden)
        self._places = torch.randperm(PIXELS, generator=torch.Generator().manual_seed(order))
        with torch.no_grad():
            weight = self.get_parameter("hidden1.weight")
            weight.copy_(weight[:, self._places])

    def forward(self, images: Float[Tensor, "batch 1 28 28"]) -> Float[Tensor, "batch 10"]:
        pixels = images.flatten(1)[:, self._places]  # (batch, 784)
        return super().forward(pixels.unflatten(1, images.shape[1:]))
