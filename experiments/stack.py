"""Several fully connected networks trained as one: each layer of all of them is one matrix product.

In: copies of a network that learn at different rates, or networks that begin differently and see other batches. Out:
what `sweep.one` gives of each copy; or of each network the epoch's log, as `train.train_epoch` gives it. Gradients are
written out by hand. What becomes of a network that is trained side by side with others does not depend on them, to the
last bit, where they are `aligned`. What follows the matrix products is in parts.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import nll_loss

from experiments import parts
from experiments.descent import Plain
from experiments.hooks import HookedModule
from experiments.models.chain import Chain
from experiments.record import StepLog

Images = tuple[Float[Tensor, "image 1 side side"], Int[Tensor, " image"]]
Arrays = dict[str, np.ndarray]
EVALUATED = 1000  # images at a time
BOUNDARY = 16  # numbers of four bytes: a matrix product may round otherwise where a matrix begins elsewhere in memory


def fits(model: HookedModule, recipe: Mapping[str, Any], *, plain: bool = False) -> bool:
    """Whether networks of this shape can be stacked: dense layers, with what is known in parts.py behind the hidden
    ones, and plain gradient descent. plain: with nothing but a ReLU there."""
    is_plain = recipe["optimizer"] == "sgd" and not recipe.get("momentum") and not recipe.get("weight_decay")
    if not is_plain or not isinstance(model, Chain) or model.parts[model.layers[-1]] != ("linear",):
        return False
    hidden = model.layers[:-1]
    return all(parts.known(model, layer) for layer in hidden) and not (
        plain and any(len(model.parts[layer]) > 2 for layer in hidden)
    )


def aligned(model: HookedModule, samples: int, batch_size: int) -> bool:
    """Whether, with networks of this shape in a row, each begins where one alone would: at a boundary in memory. If
    not, the last bits of a network could tell where in the row it stood."""
    layers: list[Any] = [model.get_submodule(name) for name in model.layers]
    widths = [layers[0].in_features, *(layer.out_features for layer in layers)]
    batches = {min(batch_size, samples), samples % batch_size}
    matrices = [layer.weight.numel() for layer in layers] + [batch * width for batch in batches for width in widths]
    return all(numbers % BOUNDARY == 0 for numbers in matrices)


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
    """The layers of several networks of one shape. Of layer l, weights[l] is (network, unit, input), biases[l]
    (network, 1, unit), and behind[l] what follows its product; chances: what each network draws from in training."""

    def __init__(self, models: Sequence[HookedModule], chances: Sequence[torch.Generator] = ()) -> None:
        self.names = models[0].layers
        each: list[list[Any]] = [[model.get_submodule(name) for model in models] for name in self.names]
        self.weights = [torch.stack([layer.weight.detach() for layer in layers]) for layers in each]
        self.biases = [torch.stack([layer.bias.detach() for layer in layers])[:, None] for layers in each]
        self.behind = [*(parts.made(models, name, chances) for name in self.names[:-1]), []]

    def forward(self, inputs: Float[Tensor, "*network image input"]) -> list[Float[Tensor, "network image unit"]]:
        """What each layer hands on, the logits last. Where all networks are fed the same, the first layers are a single
        wide product."""
        networks, units, _ = self.weights[0].shape
        handed: list[Tensor] = []
        for weight, bias, behind in zip(self.weights, self.biases, self.behind, strict=True):
            if handed or inputs.ndim == 3:
                activations = torch.baddbmm(bias, handed[-1] if handed else inputs, weight.transpose(1, 2))
            else:
                wide = torch.addmm(bias.view(-1), inputs, weight.view(networks * units, -1).T)
                activations = wide.view(-1, networks, units).transpose(0, 1)
            for part in behind:
                activations = part.forward(activations)
            handed.append(activations)
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
            for part in reversed(self.behind[place]):
                gradient = part.backward(gradient)
            torch.sum(gradient, 1, keepdim=True, out=of_biases[place])
            if place:
                torch.bmm(gradient.transpose(1, 2), handed[place - 1], out=of_weights[place])
                gradient = torch.bmm(gradient, self.weights[place])
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
    """Networks that are trained side by side, each with its own batches and, where it draws, its own chance. Their
    parameters are parts of the stack's, so that whoever reads a network reads what it is now. rates: {parameter:
    learning rate}, the same for all."""

    def __init__(
        self, models: Sequence[HookedModule], rates: Mapping[str, float], chances: Sequence[torch.Generator]
    ) -> None:
        super().__init__(models, chances)
        self._models, self._rates = models, rates
        self._of_weights, self._of_biases = ([torch.empty_like(e) for e in of] for of in (self.weights, self.biases))
        changed: dict[str, list[Tensor]] = {name: [model.get_parameter(name) for model in models] for name in rates}
        all_of = (("weight", self.weights, self._of_weights), ("bias", self.biases, self._of_biases))
        for kind, stacked, gradients in all_of:
            for layer, of_all, gradient in zip(self.names, stacked, gradients, strict=True):
                for parameter, own in zip(changed[f"{layer}.{kind}"], of_all, strict=True):
                    parameter.data = own.view(parameter.shape)
                changed[f"{layer}.{kind}"], of_all.grad = [of_all], gradient
        groups: dict[float, list[Tensor]] = {}
        for name, tensors in changed.items():
            groups.setdefault(rates[name], []).extend(tensors)
        self._descents = [(rate, Plain(tensors)) for rate, tensors in groups.items()]

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
            [each.flatten(1) for layer in zip(*of, strict=True) for each in layer]
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
