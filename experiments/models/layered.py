"""The fully connected network with normalization and dropout: each hidden layer is linear, then parts in any order.

In: images (batch, 1, side, side), already treated. Out: logits (batch, class). With no part but the ReLU it is the
MLP, bit for bit. Dropout draws from torch's global generator, as the order of the batches does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from experiments.hooks import HookPoint
from experiments.models.chain import Chain

PARTS = ("relu", "layernorm", "batchnorm", "dropout")


class LayeredMLP(Chain):
    """One input for each pixel - hidden[0] - ... - classes; `after[i]` names what follows the linear part of layer i.

    after: a list for each hidden layer, of "relu" (exactly once), "layernorm" (Ba et al. 2016), "batchnorm" (Ioffe
    and Szegedy 2015) and "dropout", each at most once. dropout: the share of activations that is dropped in training.
    Hook points: input, hidden1.pre (what is linear), hidden1.post (right behind the ReLU), hidden1.out (what the layer
    hands on, where a part follows the ReLU), hidden2.pre, ..., logits.
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
        if len(after) != len(hidden):
            raise ValueError(f"`after` describes {len(after)} layers and there are {len(hidden)}: one list for each")
        widths = [side * side, *hidden]
        described = enumerate(zip(widths, hidden, after, strict=False), 1)
        super().__init__(
            {f"hidden{number}": Layered(*layer, dropout) for number, layer in described},
            logits=nn.Linear(widths[-1], classes),
        )


class Layered(nn.Linear):
    """A fully connected layer and what follows it: its children, which are named and run as its parts are."""

    def __init__(self, inputs: int, units: int, after: Sequence[str], dropout: float) -> None:
        super().__init__(inputs, units)
        unknown = sorted(set(after) - set(PARTS))
        if unknown or after.count("relu") != 1 or len(set(after)) != len(after):
            raise ValueError(f"{list(after)}: each of {', '.join(PARTS)} at most once, and relu exactly once")
        make: dict[str, Callable[[], nn.Module]] = {
            "relu": nn.ReLU,
            "layernorm": lambda: nn.LayerNorm(units),
            "batchnorm": lambda: nn.BatchNorm1d(units),
            "dropout": lambda: nn.Dropout(dropout),
        }
        self.parts = ("linear", *after)
        self.pre = HookPoint()
        for part in after:
            self.add_module(part, make[part]())
        self.post = HookPoint()
        if after[-1] != "relu":
            self.out = HookPoint()
        self.points = ("pre", "post") if after[-1] == "relu" else ("pre", "post", "out")

    def forward(self, activations: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch units"]:
        activations = self.pre(super().forward(activations))
        for part in self.parts[1:]:
            activations = self.get_submodule(part)(activations)
            if part == "relu":
                activations = self.post(activations)
        return activations if self.parts[-1] == "relu" else self.out(activations)
