"""The convolutional network: convolution, ReLU and 2x2 max pooling in turn; then one hidden layer, as in the MLP.

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
from experiments.hooks import HookPoint
from experiments.models.chain import Chain
from experiments.models.chain import activation as named
from experiments.models.mlp import Hidden

INCREASING = ("relu", "tanh")  # what is largest stays largest: these may change places with max pooling
HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")  # where a module keeps them


class CNN(Chain):
    """Convolutional layers conv1, conv2, ..., one fully connected hidden layer, then the logits.

    channels: of each convolution. kernel, padding: of all of them, in pixels. hidden: units of the hidden layer, which
    is numbered after the convolutions. In a convolutional layer a unit is a channel.
    Hook points: input, conv1.pre, conv1.post, conv1.pooled, conv2.pre, ..., hidden3.pre, hidden3.post, logits.
    Raises InputError where the images are too small for so many convolutions.
    """

    def __init__(
        self,
        *,
        channels: Sequence[int] = (8, 16),
        hidden: int = 16,
        kernel: int = 5,
        padding: int = 0,
        activation: str = "relu",
        classes: int = 10,
        side: int = 28,
    ) -> None:
        layers: dict[str, nn.Module] = {}
        inputs, left = 1, side
        for number, count in enumerate(channels, 1):
            left = (left + 2 * padding - kernel + 1) // 2  # the convolution, then pooled in pairs: 28 -> 12 -> 4
            if left < 1:
                raise InputError(
                    f"images of {side}x{side} pixels are too small for {len(channels)} convolutions of "
                    f"{kernel}x{kernel} with padding {padding}: nothing is left behind conv{number}; "
                    "use fewer of them, smaller kernels or more padding"
                )
            layers[f"conv{number}"] = Convolution(inputs, count, kernel=kernel, padding=padding, activation=activation)
            inputs = count
        layers[f"hidden{len(channels) + 1}"] = Hidden(inputs * left * left, hidden, activation=activation)
        super().__init__(layers, logits=nn.Linear(hidden, classes))


class Convolution(nn.Conv2d):
    """A convolution, its activation function (`pre`, `post`) and 2x2 max pooling (`pooled`)."""

    points = ("pre", "post", "pooled")

    def __init__(self, inputs: int, channels: int, *, kernel: int, padding: int, activation: str) -> None:
        super().__init__(inputs, channels, kernel, padding=padding)
        self.parts = ("conv", activation, "pool")
        self.activation = named(activation)
        self.pre = HookPoint()
        self.post = HookPoint()
        self.pooled = HookPoint()

    def forward(self, activations: Float[Tensor, "batch inputs h w"]) -> Float[Tensor, "batch channels i j"]:
        if self.training and torch.is_grad_enabled() and self._is_unwatched():
            return self.pooled(self._pooled_first(activations))
        post = self.post(self.activation(self.pre(super().forward(activations))))
        return self.pooled(max_pool(post))

    def _is_unwatched(self) -> bool:
        """Whether neither hooks nor transforms ask for what lies between the convolution and the pooled maps."""
        points = (self.pre, self.post)
        hooked = any(getattr(point, kind) for point in points for kind in HOOKS)
        plain = self.parts[1] in INCREASING and all(type(point) is HookPoint for point in points)
        return plain and not hooked and not torch._C._are_functorch_transforms_active()

    def _pooled_first(self, activations: Tensor) -> Tensor:
        """The pooled maps, to rounding, and their gradients in about half the time: how a network is trained.

        The activation function is left a quarter of the numbers. What is pooled has its channels side by side in
        memory, as PyTorch's own pooling likes it; and so has the convolution of an image, whose single map oneDNN
        would pad to eight for the gradient of the weights.
        """
        if self.in_channels == 1 and not activations.requires_grad:
            activations = activations.to(memory_format=torch.channels_last)
        maps = super().forward(activations).contiguous(memory_format=torch.channels_last)
        return self.activation(max_pool2d(maps, 2)).contiguous()


def max_pool(maps: Float[Tensor, "*batch h w"]) -> Float[Tensor, "*batch i j"]:
    """2x2 max pooling, fast; a last odd row or column is left out.

    PyTorch's own is used within a transform of `torch.func`, which asks for more than gradients, and for odd sides.
    """
    if torch._C._are_functorch_transforms_active() or maps.shape[-1] % 2:
        return max_pool2d(maps, 2)
    return MaxPool.apply(maps)


class MaxPool(torch.autograd.Function):
    """2x2 max pooling: values and gradients of max_pool2d(maps, 2), in half its time.

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
        is_even = maps.shape[-1] % 2 == maps.shape[-2] % 2 == 0  # else the last row or column is in no square
        passed = torch.empty_like(maps) if is_even else torch.zeros_like(maps)
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
    height, width = (side // 2 * 2 for side in maps.shape[-2:])
    return maps[..., row:height:2, column:width:2]
