"""Several fully connected networks trained as one: each layer of all of them is one matrix product.

In: one network, whose copies learn at different rates. Out: what `sweep.one` gives of each, with an axis for the rates.
The copies see the same batches, so their first layers are a single wide product; gradients are written out by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments.hooks import HookedModule
from experiments.models.chain import Chain
from experiments.train import batch_order

Images = tuple[Float[Tensor, "image 1 side side"], Int[Tensor, " image"]]
Arrays = dict[str, np.ndarray]
PLAIN = (("linear", "relu"), ("linear",))  # what a hidden layer and the last one are made of
EVALUATED = 1000  # images at a time


def fits(model: HookedModule, recipe: Mapping[str, Any]) -> bool:
    """Whether copies of a network can be stacked: dense layers with ReLU between them, and plain gradient descent."""
    made = [model.parts.get(layer) for layer in model.layers]
    is_dense = isinstance(model, Chain) and {*made[:-1]} == {PLAIN[0]} and made[-1] == PLAIN[1]
    is_plain = recipe["optimizer"] == "sgd" and not recipe.get("momentum") and not recipe.get("weight_decay")
    return is_dense and is_plain


@torch.no_grad()
def train(
    model: HookedModule,
    trained: Images,
    read: Mapping[str, Images],
    *,
    recipe: Mapping[str, Any],
    rates: Sequence[float],
    epochs: int,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Trains a copy of the network at each learning rate: (curves, weights) as `sweep.sweep` hands them on."""
    copies = Stack(model, rates, first=recipe.get("layer_rates", {}))
    inputs, labels = trained[0].flatten(1), trained[1]
    own = list(rates).index(recipe["learning_rate"]) if recipe["learning_rate"] in rates else None
    accuracies = {name: [copies.accuracy(*each)] for name, each in read.items()}
    weights, losses = [copies.state(own)], []
    for _ in range(epochs):
        order = batch_order(len(labels))
        batches = order.split(recipe["batch_size"])
        losses.append(torch.stack([copies.step(inputs[batch], labels[batch]) * len(batch) for batch in batches]))
        for name, each in read.items():
            accuracies[name].append(copies.accuracy(*each))
        weights.append(copies.state(own))
    found = torch.stack(losses)  # (epoch, step, rate)
    lost = torch.isfinite(found.flatten(0, 1)).logical_not()
    steps = torch.where(lost.any(0), lost.to(torch.uint8).argmax(0) + 1, 0)
    curves = {
        "train_loss": found.double().sum(1).T.numpy() / len(labels),
        **{name: np.stack(each, axis=1) for name, each in accuracies.items()},
        "diverged": steps.numpy(),
    }
    return curves, {name: np.stack([each[name] for each in weights]) for name in weights[0]}


class Stack:
    """Copies of one network, a learning rate each; `first` and the last layer's weights may have factors on it.

    Of layer l, weights[l] is (copy, unit, input) and biases[l] (copy, 1, unit).
    """

    def __init__(self, model: HookedModule, rates: Sequence[float], *, first: Mapping[str, float]) -> None:
        layers: list[Any] = [model.get_submodule(name) for name in model.layers]
        self._names = model.layers
        self.weights = [layer.weight.expand(len(rates), -1, -1).contiguous() for layer in layers]
        self.biases = [layer.bias.expand(len(rates), 1, -1).contiguous() for layer in layers]
        self._rates = torch.tensor(rates)[:, None, None]
        self._factors = [first.get("first", 1.0), *[1.0] * (len(layers) - 2), first.get("last", 1.0)]

    def forward(self, inputs: Float[Tensor, "image input"]) -> list[Float[Tensor, "copy image unit"]]:
        """What each layer hands on, the logits last."""
        copies, units, _ = self.weights[0].shape
        wide = torch.addmm(self.biases[0].view(-1), inputs, self.weights[0].view(copies * units, -1).T)
        handed = [wide.view(-1, copies, units).transpose(0, 1).clamp_min(0)]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            before = torch.baddbmm(bias, handed[-1], weight.transpose(1, 2))
            handed.append(before if weight is self.weights[-1] else before.clamp_min_(0))
        return handed

    def step(self, inputs: Float[Tensor, "image input"], labels: Int[Tensor, " image"]) -> Float[Tensor, " copy"]:
        """One step of gradient descent of every copy; returns the loss of each, read before it."""
        handed = self.forward(inputs)
        logs = handed[-1].log_softmax(2)
        loss = -logs[:, torch.arange(len(labels)), labels].mean(1)
        gradient = logs.exp()  # of the loss with respect to what a layer hands on, here the logits
        gradient[:, torch.arange(len(labels)), labels] -= 1
        gradient /= len(labels)
        for place in reversed(range(len(self.weights))):
            weight, bias = self.weights[place], self.biases[place]
            of_bias = gradient.sum(1, keepdim=True)
            if place:
                of_weight = gradient.transpose(1, 2) @ handed[place - 1]
                gradient = (gradient @ weight).mul_(handed[place - 1] > 0)
            else:
                of_weight = (gradient.transpose(0, 1).flatten(1).T @ inputs).view_as(weight)
            weight.sub_(of_weight.mul_(self._rates * self._factors[place]))
            bias.sub_(of_bias.mul_(self._rates))
        return loss

    def accuracy(self, images: Float[Tensor, "image 1 side side"], labels: Int[Tensor, " image"]) -> np.ndarray:
        """The share of the images that each copy reads right."""
        read = torch.cat([self.forward(batch.flatten(1))[-1].argmax(2) for batch in images.split(EVALUATED)], dim=1)
        return (read == labels).double().mean(1).numpy()

    def state(self, copy: int | None) -> dict[str, np.ndarray]:
        """The state_dict of one copy, or nothing where there is none."""
        if copy is None:
            return {}
        both = zip(self._names, self.weights, self.biases, strict=True)
        return {
            name: value.clone().numpy()
            for layer, weight, bias in both
            for name, value in ((f"{layer}.weight", weight[copy]), (f"{layer}.bias", bias[copy, 0]))
        }
