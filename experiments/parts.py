"""What stands behind the matrix product of a dense layer, of several networks at once: forward, and its gradient.

In: the networks' own modules of one name, and activations (network, image, unit). Out: what they hand on, and the
gradients of their parameters, written into `grad`. PyTorch's own kernels are called, those that its autograd would
call for each network, so that every bit is what that network would get alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from experiments.hooks import HookedModule

Activations = Float[Tensor, "network image unit"]


class ReLU:
    """max(0, x), in place."""

    def __init__(self) -> None:
        self._handed = torch.empty(0)

    def forward(self, activations: Activations) -> Activations:
        self._handed = activations.clamp_min_(0)
        return self._handed

    def backward(self, gradient: Activations) -> Activations:
        return torch.ops.aten.threshold_backward(gradient, self._handed, 0)


class Norm:
    """Brings activations to mean 0 and variance 1, then scales and shifts them: with each network's own module, whose
    parameters are given their gradients."""

    def __init__(self, modules: Sequence[Any]) -> None:
        self._modules = modules
        self._read: list[tuple[Tensor, Tensor, Tensor]] = []  # of each network: what came in, its mean, its scale

    def forward(self, activations: Activations) -> Activations:
        handed, self._read = torch.empty_like(activations), []
        for module, each, out in zip(self._modules, activations, handed, strict=True):
            normed, mean, scale = self.normed(module, each)
            out.copy_(normed)
            self._read.append((each, mean, scale))
        return handed

    def backward(self, gradient: Activations) -> Activations:
        handed = torch.empty_like(gradient)
        for module, read, of_each, out in zip(self._modules, self._read, gradient, handed, strict=True):
            of_input, module.weight.grad, module.bias.grad = self.gradients(module, of_each, *read)
            out.copy_(of_input)
        return handed

    def normed(self, module: Any, each: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What one network hands on, and the means and scales that it took."""
        raise NotImplementedError

    def gradients(self, module: Any, of_each: Tensor, *read: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients of what came in, of the module's weight and of its bias."""
        raise NotImplementedError


class LayerNorm(Norm):
    """Over the units of each image (Ba et al. 2016)."""

    def normed(self, module: Any, each: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return torch.native_layer_norm(each, module.normalized_shape, module.weight, module.bias, module.eps)

    def gradients(self, module: Any, of_each: Tensor, *read: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        each, mean, scale = read
        return torch.ops.aten.native_layer_norm_backward(
            of_each, each, module.normalized_shape, mean, scale, module.weight, module.bias, [True, True, True]
        )


class BatchNorm(Norm):
    """Over the images of a batch, of each unit (Ioffe and Szegedy 2015). The modules' running averages move along.
    Raises ValueError for a batch of one image."""

    def normed(self, module: Any, each: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if len(each) == 1:
            raise ValueError("a batch has one image, over which BatchNorm has no variance: choose another batch size")
        module.num_batches_tracked.add_(1)
        averages = module.running_mean, module.running_var
        return torch.native_batch_norm(each, module.weight, module.bias, *averages, True, module.momentum, module.eps)

    def gradients(self, module: Any, of_each: Tensor, *read: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        each, mean, scale = read
        averages = module.running_mean, module.running_var
        return torch.ops.aten.native_batch_norm_backward(
            of_each, each, module.weight, *averages, mean, scale, True, module.eps, [True, True, True]
        )


class Dropout:
    """Zero for a share of the activations, drawn anew for each batch by the network's own chance; the rest larger."""

    def __init__(self, modules: Sequence[Any], chances: Sequence[torch.Generator]) -> None:
        self._kept = 1 - modules[0].p
        self._chances = chances
        self._factors = torch.empty(0)

    def forward(self, activations: Activations) -> Activations:
        self._factors = torch.empty_like(activations)
        for factors, chance in zip(self._factors, self._chances, strict=True):
            factors.bernoulli_(self._kept, generator=chance)
        return activations * self._factors.div_(self._kept)

    def backward(self, gradient: Activations) -> Activations:
        return gradient.mul_(self._factors)


def known(model: HookedModule, layer: str) -> bool:
    """Whether all that stands behind a dense layer's product is known here: one ReLU, and modules that are what they
    are called, with parameters and averages of their own."""
    first, *behind = model.parts.get(layer, ("",))
    modules = {each: getattr(model.get_submodule(layer), each, None) for each in behind if each != "relu"}
    is_usual = all(each in _USUAL and _USUAL[each](module) for each, module in modules.items())
    return first == "linear" and behind.count("relu") == 1 and is_usual


def made(
    models: Sequence[HookedModule], layer: str, chances: Sequence[torch.Generator] = ()
) -> list[ReLU | LayerNorm | BatchNorm | Dropout]:
    """What stands behind a layer's product, in its order. chances: what each network draws from in training."""

    def one(part: str) -> ReLU | LayerNorm | BatchNorm | Dropout:
        if part == "relu":
            return ReLU()
        modules = [model.get_submodule(f"{layer}.{part}") for model in models]
        if part == "dropout":
            return Dropout(modules, chances)
        return LayerNorm(modules) if part == "layernorm" else BatchNorm(modules)

    return [one(part) for part in models[0].parts[layer][1:]]


_USUAL: dict[str, Any] = {  # what such a module is, unless asked for otherwise
    "layernorm": lambda module: type(module) is nn.LayerNorm and module.bias is not None,
    "batchnorm": lambda module: (
        type(module) is nn.BatchNorm1d and module.affine and module.track_running_stats and module.momentum is not None
    ),
    "dropout": lambda module: type(module) is nn.Dropout and 0 < module.p < 1,
}
