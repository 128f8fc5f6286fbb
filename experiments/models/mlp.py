"""The fully connected network: each hidden layer is linear, then ReLU, and can be read on both sides of the ReLU.

In: images (batch, 1, side, side), already treated. Out: logits (batch, class). Weights: PyTorch's default draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from experiments.hooks import HookPoint
from experiments.models.chain import Chain
from experiments.models.chain import activation as named


class MLP(Chain):
    """One input for each pixel - hidden[0] - hidden[1] - ... - classes, with ReLU, or tanh, after every hidden layer.

    Hook points: input, hidden1.pre, hidden1.post, hidden2.pre, ..., logits.
    """

    def __init__(
        self, *, hidden: Sequence[int] = (32, 16), activation: str = "relu", classes: int = 10, side: int = 28
    ) -> None:
        widths = list(pairwise([side * side, *hidden]))
        super().__init__(
            {f"hidden{number}": Hidden(*width, activation=activation) for number, width in enumerate(widths, 1)},
            logits=nn.Linear([side * side, *hidden][-1], classes),
        )


class Hidden(nn.Linear):
    """A fully connected layer and its activation function: `pre` and `post` are the two sides of that."""

    points = ("pre", "post")

    def __init__(self, inputs: int, units: int, *, activation: str = "relu") -> None:
        super().__init__(inputs, units)
        self.parts = ("linear", activation)
        self.activation = named(activation)
        self.pre = HookPoint()
        self.post = HookPoint()

    def forward(self, activations: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch units"]:
        return self.post(self.activation(self.pre(super().forward(activations))))
