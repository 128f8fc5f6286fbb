"""How parameters are changed by their gradients: PyTorch's optimizers, as functions.

In: parameters with gradients. Out: the parameters, changed in place. The optimizers' classes bring PyTorch's compiler
with them, seconds of import for every process; the functions behind them do the same arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from experiments.hooks import HookedModule

EPSILON = 1e-8  # keeps Adam from dividing by zero


class Adam:
    """Adam (Kingma and Ba 2015). averages: the shares of the old in those of gradients and of their squares;
    weight_decay: added to the gradient, as a share of the weights; maximize: climbs instead."""

    def __init__(
        self,
        parameters: Sequence[Tensor],
        *,
        averages: Sequence[float],
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        self._parameters = list(parameters)
        self._averages, self._squares = ([torch.zeros_like(each) for each in parameters] for _ in range(2))
        self._counts = [torch.tensor(0.0) for _ in parameters]
        self._options: dict[str, Any] = {"weight_decay": weight_decay, "maximize": maximize, "eps": EPSILON}
        self._options |= {"beta1": averages[0], "beta2": averages[1], "amsgrad": False, "foreach": False}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Moves the parameters by a step of this learning rate."""
        gradients = _gradients(self._parameters)
        state: tuple[Any, ...] = (self._averages, self._squares, [], self._counts)
        adam(self._parameters, gradients, *state, lr=rate, **self._options)


class Momentum:
    """Gradient descent whose step keeps a part of the step before."""

    def __init__(self, parameters: Sequence[Tensor], *, momentum: float, weight_decay: float = 0.0) -> None:
        self._parameters = list(parameters)
        self._kept: list[Tensor | None] = [None] * len(parameters)
        self._options: dict[str, Any] = {"momentum": momentum, "weight_decay": weight_decay}
        self._options |= {"dampening": 0.0, "nesterov": False, "maximize": False, "foreach": False}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Moves the parameters by a step of this learning rate."""
        sgd(self._parameters, _gradients(self._parameters), self._kept, lr=rate, **self._options)


class Plain:
    """Plain gradient descent: each parameter moves against its gradient."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = list(parameters)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Moves the parameters by a step of this learning rate."""
        torch._foreach_add_(self._parameters, _gradients(self._parameters), alpha=-rate)


class Steps:
    """How the parameters of a network are changed, step after step.

    optimizer: "sgd", with `momentum`, or "adam", with `averages`.
    weight_decay: added to the gradient, as a share of the weights. layer_rates: factors on the learning rate of the
    "first" or the "last" layer's weights, biases aside. `rates` is {parameter: its learning rate}. Raises ValueError
    where a layer has no weights of its own that a factor could be for.
    """

    def __init__(
        self,
        model: HookedModule,
        *,
        optimizer: str,
        learning_rate: float,
        momentum: float = 0.0,
        averages: Sequence[float] = (),
        weight_decay: float = 0.0,
        layer_rates: Mapping[str, float] | None = None,
    ) -> None:
        self.parameters: list[Tensor] = list(model.parameters())
        self.is_plain = optimizer == "sgd" and not momentum and not weight_decay
        role = {"first": model.layers[0], "last": model.layers[-1]}
        factors = {f"{role[name]}.weight": factor for name, factor in (layer_rates or {}).items()}
        self.rates = {name: learning_rate * factors.get(name, 1) for name, _ in model.named_parameters()}
        if missing := factors.keys() - self.rates.keys():
            raise ValueError(f"no weights are called {', '.join(missing)}: such a layer has no rate of its own")
        groups: dict[float, list[Tensor]] = {}
        for name, parameter in model.named_parameters():
            groups.setdefault(self.rates[name], []).append(parameter)

        def descent(parameters: list[Tensor]) -> Adam | Momentum | Plain:
            if optimizer == "adam":
                return Adam(parameters, averages=averages, weight_decay=weight_decay)
            if self.is_plain:
                return Plain(parameters)
            return Momentum(parameters, momentum=momentum, weight_decay=weight_decay)

        self._descents = [(rate, descent(parameters)) for rate, parameters in groups.items()]

    def step(self) -> None:
        """Changes the parameters by their gradients, in place."""
        for rate, descent in self._descents:
            descent.step(rate)


def _gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    return [cast(Tensor, parameter.grad) for parameter in parameters]
