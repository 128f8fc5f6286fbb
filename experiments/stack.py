"""Several fully connected networks trained as one: each layer of all of them is one matrix product.

In: copies of a network that learn at different rates, or networks that begin differently and see other batches. Out:
what `sweep.one` gives of each copy; or of each network the epoch's log, as `train.train_epoch` gives it. Gradients are
written out by hand. What becomes of a network does not depend on those beside it, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import nll_loss

from experiments.descent import Plain
from experiments.hooks import HookedModule
from experiments.models.chain import Chain
from experiments.record import StepLog

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
    orders: Iterable[Int[Tensor, " sample"]],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Trains a copy of the network at each learning rate: (curves, weights) as `sweep.sweep` hands them on. `orders`:
    for each epoch, which sample comes first, second, ..."""
    copies = Copies(model, rates, factors=recipe.get("layer_rates", {}))
    inputs, labels = trained[0].flatten(1), trained[1]
    own = list(rates).index(recipe["learning_rate"]) if recipe["learning_rate"] in rates else None
    accuracies = {name: [copies.accuracy(*each)] for name, each in read.items()}
    weights, losses = [copies.state(own)], []
    for order in orders:
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
    """The layers of several networks of one shape. Of layer l, weights[l] is (network, unit, input) and biases[l]
    (network, 1, unit)."""

    def __init__(self, models: Sequence[HookedModule]) -> None:
        self.names = models[0].layers
        each: list[list[Any]] = [[model.get_submodule(name) for model in models] for name in self.names]
        self.weights = [torch.stack([layer.weight.detach() for layer in layers]) for layers in each]
        self.biases = [torch.stack([layer.bias.detach() for layer in layers])[:, None] for layers in each]

    def forward(self, inputs: Float[Tensor, "*network image input"]) -> list[Float[Tensor, "network image unit"]]:
        """What each layer hands on, the logits last. Where all networks are fed the same, the first layers are a single
        wide product."""
        networks, units, _ = self.weights[0].shape
        if inputs.ndim == 2:
            wide = torch.addmm(self.biases[0].view(-1), inputs, self.weights[0].view(networks * units, -1).T)
            handed = [wide.view(-1, networks, units).transpose(0, 1).clamp_min(0)]
        else:
            handed = [torch.baddbmm(self.biases[0], inputs, self.weights[0].transpose(1, 2)).clamp_min_(0)]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            before = torch.baddbmm(bias, handed[-1], weight.transpose(1, 2))
            handed.append(before if weight is self.weights[-1] else before.clamp_min_(0))
        return handed

    def backward(
        self,
        inputs: Float[Tensor, "*network image input"],
        handed: Sequence[Tensor],
        gradient: Float[Tensor, "network image class"],
        *,
        of_weights: Sequence[Tensor],
        of_biases: Sequence[Tensor],
    ) -> None:
        """Writes the gradients of weights and biases, of the shapes of these. `gradient` is that of the logits."""
        for place in reversed(range(len(self.weights))):
            torch.sum(gradient, 1, keepdim=True, out=of_biases[place])
            if place:
                torch.bmm(gradient.transpose(1, 2), handed[place - 1], out=of_weights[place])
                gradient = torch.bmm(gradient, self.weights[place]).masked_fill_(handed[place - 1] <= 0, 0)
            elif inputs.ndim == 2:
                wide = gradient.transpose(0, 1).flatten(1)
                torch.mm(wide.T, inputs, out=of_weights[0].view(wide.shape[1], -1))
            else:
                torch.bmm(gradient.transpose(1, 2), inputs, out=of_weights[0])


class Copies(Stack):
    """Copies of one network, a learning rate each. factors: on that of the "first" or the "last" layer's weights."""

    def __init__(self, model: HookedModule, rates: Sequence[float], *, factors: Mapping[str, float]) -> None:
        super().__init__([model] * len(rates))
        self._rates = torch.tensor(rates)[:, None, None]
        self._factors = [factors.get("first", 1.0), *[1.0] * (len(self.names) - 2), factors.get("last", 1.0)]
        self._of_weights, self._of_biases = ([torch.empty_like(e) for e in of] for of in (self.weights, self.biases))

    def step(self, inputs: Float[Tensor, "image input"], labels: Int[Tensor, " image"]) -> Float[Tensor, " copy"]:
        """One step of gradient descent of every copy; returns the loss of each, read before it."""
        handed = self.forward(inputs)
        logs = handed[-1].log_softmax(2)
        loss = -logs[:, torch.arange(len(labels)), labels].mean(1)
        gradient = logs.exp()
        gradient[:, torch.arange(len(labels)), labels] -= 1
        gradient /= len(labels)
        self.backward(inputs, handed, gradient, of_weights=self._of_weights, of_biases=self._of_biases)
        for weight, of_weight, factor in zip(self.weights, self._of_weights, self._factors, strict=True):
            weight.sub_(of_weight.mul_(self._rates * factor))
        for bias, of_bias in zip(self.biases, self._of_biases, strict=True):
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
        both = zip(self.names, self.weights, self.biases, strict=True)
        return {
            name: value.clone().numpy()
            for layer, weight, bias in both
            for name, value in ((f"{layer}.weight", weight[copy]), (f"{layer}.bias", bias[copy, 0]))
        }


class Together(Stack):
    """Networks that are trained side by side, each with its own batches. Their parameters are parts of the stack's, so
    that whoever reads a network reads what it is now. rates: {parameter: learning rate}, the same for all."""

    def __init__(self, models: Sequence[HookedModule], rates: Mapping[str, float]) -> None:
        super().__init__(models)
        self._models, self._rates = models, rates
        self._of_weights, self._of_biases = ([torch.empty_like(e) for e in of] for of in (self.weights, self.biases))
        groups: dict[float, list[Tensor]] = {}
        for place, name in enumerate(self.names):
            for number, model in enumerate(models):
                layer: Any = model.get_submodule(name)
                layer.weight.data, layer.bias.data = self.weights[place][number], self.biases[place][number, 0]
            self.weights[place].grad, self.biases[place].grad = self._of_weights[place], self._of_biases[place]
            groups.setdefault(rates[f"{name}.weight"], []).append(self.weights[place])
            groups.setdefault(rates[f"{name}.bias"], []).append(self.biases[place])
        self._descents = [(rate, Plain(parameters)) for rate, parameters in groups.items()]

    @torch.no_grad()
    def epoch(
        self,
        inputs: Float[Tensor, "sample 1 side side"],
        labels: Int[Tensor, " sample"],
        batch_size: int,
        orders: Sequence[Int[Tensor, " sample"]],
    ) -> list[Arrays]:
        """One pass of every network over the samples, in its own order: `train.train_epoch` of each."""
        flat, order = inputs.flatten(1), torch.stack(list(orders))
        batches = order.split(batch_size, dim=1)
        log = StepLog(
            self._models[0], networks=len(order), samples=order.shape[1], steps=len(batches), rates=self._rates
        )
        weights, gradients = (
            [each for layer in zip(*of, strict=True) for each in layer]
            for of in ((self.weights, self.biases), (self._of_weights, self._of_biases))
        )
        room = flat.new_empty(len(order) * batch_size, flat.shape[1])
        for step, batch in enumerate(batches):
            seen = torch.index_select(flat, 0, batch.flatten(), out=room[: batch.numel()]).view(*batch.shape, -1)
            told = labels[batch]
            handed = self.forward(seen)
            probabilities = handed[-1].log_softmax(2)
            losses = [nll_loss(each, right) for each, right in zip(probabilities, told, strict=True)]
            of_loss = torch.zeros_like(probabilities).scatter_(2, told[:, :, None], -1 / batch.shape[1])
            gradient = torch._log_softmax_backward_data(of_loss, probabilities, 2, torch.float32)
            self.backward(seen, handed, gradient, of_weights=self._of_weights, of_biases=self._of_biases)
            log.write(step, step * batch_size, losses=losses, logits=handed[-1], gradients=gradients, weights=weights)
            for rate, descent in self._descents:
                descent.step(rate)
        return log.summaries(labels[order], batch_size=batch_size)
