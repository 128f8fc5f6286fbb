"""One network trained at several learning rates, and read by its accuracy alone: what a rate does to it.

In: images, an architecture and an input treatment, a seed, a recipe and the rates. Out: curves.npz, weights.npz. One
in twelve training images is set aside, to choose by; nothing is trained on those, and nothing chosen on the test set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments import models, record, stack
from experiments.descent import Steps
from experiments.hooks import HookedModule
from experiments.train import batch_order, deterministic
from experiments.treatment import treat

Arrays = dict[str, np.ndarray]
Images = tuple[Float[Tensor, "image 1 side side"], Int[Tensor, " image"]]

SET_ASIDE = 12  # one training image in so many


def sweep(
    *,
    train_set: Mapping[str, np.ndarray],
    test_set: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
    begins_as: Mapping[str, Any] | None,
    recipe: Mapping[str, Any],
    rates: Sequence[float],
    seed: int,
    epochs: int,
) -> dict[str, Arrays]:
    """The stage: a network for each learning rate, all with the same initial weights and order of batches.

    Arguments as those of `train.train`; `rates` take the place of the recipe's. begins_as: the constants of a treatment
    whose network these begin as, see `fold`.

    curves.npz   rates (rate,); train_loss (rate, epochs): the mean over an epoch's steps, each read before its step;
                 set_aside, test (rate, epochs + 1): accuracies in [0, 1], row 0 the untrained network;
                 diverged (rate,): the first step, from 1, at which the loss was no number, or 0 if it always was one.
    weights.npz  <name in the model's state_dict> (epochs + 1, ...): of the network at the recipe's own rate, where that
                 is one of `rates`; else empty. Networks that diverged keep what they had become.
    """
    labels = torch.tensor(train_set["labels"].astype(np.int64))
    inputs = treat(train_set["images"], **treatment)
    aside = torch.from_numpy(set_aside(len(labels)))
    rest = torch.ones(len(labels), dtype=torch.bool)
    rest[aside] = False
    test = treat(test_set["images"], **treatment), torch.tensor(test_set["labels"].astype(np.int64))
    read = {"set_aside": (inputs[aside], labels[aside]), "test": test}
    trained = inputs[rest], labels[rest]
    with deterministic(), torch.random.fork_rng(devices=[]):

        def begin() -> HookedModule:
            torch.manual_seed(seed)
            size = {"classes": record.classes_of(labels), "side": inputs.shape[-1]}
            model = models.build(architecture["build"], options=architecture["options"], **size)
            if begins_as is not None:
                fold(model, fed=treatment, begun=begins_as)
            return model

        model = begin()
        if stack.fits(model, recipe, plain=True):
            orders = (batch_order(len(trained[1])) for _ in range(epochs))
            curves, weights = stack.train(model, trained, read, recipe=recipe, rates=rates, orders=orders)
        else:
            each = [one(begin(), trained, read, {**recipe, "learning_rate": rate}, epochs=epochs) for rate in rates]
            curves = record.stacked([found for found, _ in each])
            own = [list(rates).index(recipe["learning_rate"])] if recipe["learning_rate"] in rates else []
            weights = next((each[place][1] for place in own), {})
    return {"curves.npz": {"rates": np.array(rates), **curves}, "weights.npz": weights}


def one(
    model: HookedModule, trained: Images, read: Mapping[str, Images], recipe: Mapping[str, Any], *, epochs: int
) -> tuple[Arrays, Arrays]:
    """One network at one learning rate: (its curves, without the axis of rates; its weights by epoch)."""
    steps = Steps(model, **{name: value for name, value in recipe.items() if name != "batch_size"})
    (images, labels), size = trained, recipe["batch_size"]
    losses, readings, weights = [], [_accuracies(model, read)], [_weights(model)]
    for _ in range(epochs):
        order = batch_order(len(labels))
        model.train()
        of_epoch = []
        for batch in order.split(size):
            loss = cross_entropy(model(images[batch]), labels[batch])
            for parameter in steps.parameters:
                parameter.grad = None
            loss.backward()
            of_epoch.append(loss.detach() * len(batch))
            steps.step()
        losses.append(torch.stack(of_epoch))
        model.eval()
        readings.append(_accuracies(model, read))
        weights.append(_weights(model))
    found = torch.stack(losses)  # (epoch, step)
    lost = torch.isfinite(found.flatten()).logical_not().nonzero()
    return {
        "train_loss": found.double().sum(1).numpy() / len(labels),
        **record.stacked(readings),
        "diverged": np.array(lost[0].item() + 1 if len(lost) else 0),
    }, record.stacked(weights)


@torch.no_grad()
def fold(model: HookedModule, *, fed: Mapping[str, Any], begun: Mapping[str, Any]) -> None:
    """Changes the first layer so that, fed by one treatment, it computes what it computed when fed by another.

    fed, begun: {"mean", "std"} of both. (x - m) / s is affine, so a layer that is linear in its inputs, and sees as
    many of them at every place, takes it over: its weights times fed std / begun std, and to its biases what the
    difference of the means adds. Raises ValueError for a layer without a bias, or that pads its input with zeros.
    """
    first: Any = model.get_submodule(model.layers[0])
    if getattr(first, "bias", None) is None or any(np.ravel(getattr(first, "padding", 0))):
        raise ValueError(f"{model.layers[0]} cannot be folded: it needs a bias, and inputs without padding")
    first.bias += first.weight.flatten(1).sum(1) * ((fed["mean"] - begun["mean"]) / begun["std"])
    first.weight *= fed["std"] / begun["std"]


def set_aside(images: int) -> Int[np.ndarray, " image"]:
    """Which training images nothing is trained on: one in twelve, the same for every seed."""
    return np.sort(np.random.default_rng(0).permutation(images)[: max(images // SET_ASIDE, 1)])


def _accuracies(model: HookedModule, read: Mapping[str, Images]) -> Arrays:
    right = {name: record.evaluate(model, images).argmax(1) == labels for name, (images, labels) in read.items()}
    return {name: each.double().mean().numpy() for name, each in right.items()}


def _weights(model: HookedModule) -> Arrays:
    return {name: value.clone().numpy() for name, value in model.state_dict().items()}
