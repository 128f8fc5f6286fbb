"""The convolutional network: 5x5 convolution, ReLU and 2x2 max pooling, twice; then one hidden layer, as in the MLP.

In: images (batch, 1, side, side), already treated. Out: logits (batch, class). Weights: PyTorch's default draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from experiments.errors import InputError
from experiments.hooks import HookedModule, HookPoint
from experiments.models.mlp import Hidden

KERNEL = 5


class CNN(HookedModule):
    """Convolutional layers conv1, conv2, ..., one fully connected hidden layer, then the logits.

    Hook points: input, conv1.pre, conv1.post, conv1.pooled, conv2.pre, ..., hidden3.pre, hidden3.post, logits.
    The hidden layer is numbered after the convolutions. In a convolutional layer a unit is a channel.
    Raises InputError where the images are so small that nothing is left of them behind the convolutions.
    """

    def __init__(
        self, *, channels: Sequence[int] = (8, 16), hidden: int = 16, classes: int = 10, side: int = 28
    ) -> None:
        super().__init__()
        convolutions = [f"conv{number}" for number in range(1, len(channels) + 1)]
        dense = f"hidden{len(channels) + 1}"
        self.layers = (*convolutions, dense, "logits")
        self.hook_points = (
            "input",
            *(f"{name}.{part}" for name in convolutions for part in ("pre", "post", "pooled")),
            f"{dense}.pre",
            f"{dense}.post",
            "logits",
        )
        self.input = HookPoint()
        left = side
        for name, before, count in zip(convolutions, [1, *channels], channels, strict=False):
            self.add_module(name, Convolution(before, count))
            left = (left - KERNEL + 1) // 2  # no padding, then pooled in pairs: 28 -> 12 -> 4
        if left < 1:
            raise InputError(
                f"images of {side}x{side} pixels are too small for a CNN of {len(channels)} convolutions, which leave "
                "nothing of them. Enlarge the images, or give the CNN fewer convolutions in experiments/study.py."
            )
        self.add_module(dense, Hidden(channels[-1] * left * left, hidden))
        self.logits = nn.Linear(hidden, classes)

    def forward(self, images: Float[Tensor, "batch 1 side side"]) -> Float[Tensor, "batch class"]:
        activations = self.input(images)
        for name in self.layers[:-2]:
            activations = self.get_submodule(name)(activations)  # (batch, channel, side, side)
        activations = activations.flatten(1)
        for name in self.layers[-2:]:
            activations = self.get_submodule(name)(activations)  # (batch, units of the layer)
        return activations


class Convolution(nn.Conv2d):
    """A 5x5 convolution without padding, its ReLU (`pre`, `post`) and 2x2 max pooling (`pooled`)."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__(inputs, channels, KERNEL)
        self.pre = HookPoint()
        self.post = HookPoint()
        self.pooled = HookPoint()

    def forward(self, activations: Float[Tensor, "batch inputs h w"]) -> Float[Tensor, "batch channels i j"]:
        post = self.post(self.pre(super().forward(activations)).relu())
        return self.pooled(max_pool(post))


def max_pool(maps: Float[Tensor, "*batch h w"]) -> Float[Tensor, "*batch i j"]:
    """2x2 max pooling, fast; a last odd row or column is left out.

    PyTorch's own is used within a transform of `torch.func`, which asks for more than gradients, and for odd sides.
    """
    if torch._C._are_functorch_transforms_active() or maps.shape[-1] % 2:
        return max_pool2d(maps, 2)
    return MaxPool.apply(maps)


class MaxPool(torch.autograd.Function):
    """2x2 max pooling of maps with even sides: values and gradients of max_pool2d(maps, 2), in half its time.

    The four pixels of each square lie in four slices of the map, so whole slices are compared at once. As in
    max_pool2d, the gradient goes to the first of the pixels, row by row, that has the largest value.
    """

    @staticmethod
    def forward(ctx: Any, maps: Float[Tensor, "*batch h w"]) -> Float[Tensor, "*batch i j"]:
        first, second, third, fourth = (_corner(maps, corner) for corner in range(4))
        pooled = torch.maximum(torch.maximum(first, second), torch.maximum(third, fourth))
        ctx.save_for_backward(maps, pooled)
        return pooled

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        maps, pooled = ctx.saved_tensors
        passed = torch.empty_like(maps)
        for corner in range(4):
            below = _corner(maps, corner) - pooled  # 0 where this pixel has the largest value, else negative
            here = torch.ops.aten.threshold_backward(gradient, below, BELOW_ZERO)  # the gradient where below is 0
            _corner(passed, corner).copy_(here)
            gradient = gradient - here  # what is given is gone: later pixels with the same value get none
        return passed


BELOW_ZERO = -1e-45  # the float nearest to 0 from below


def _corner(maps: Tensor, corner: int) -> Tensor:
    """Every second row and column, from one of the four pixels of the first square."""
    row, column = divmod(corner, 2)
    return maps[..., row::2, column::2]
