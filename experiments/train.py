"""Training one network of the study, and everything that is recorded of it.

In: images, an architecture and an input treatment, a seed, the recipe. Out: record.npz, trajectory.npz,
layers.npz, weights.npz. The loss is the cross entropy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments import models, record
from experiments.descent import Steps
from experiments.hooks import HookedModule
from experiments.treatment import treat

Arrays = dict[str, np.ndarray]


def train(
    *,
    train_set: Mapping[str, np.ndarray],
    test_set: Mapping[str, np.ndarray],
    probe_set: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
    recipe: Mapping[str, Any],
    seed: int,
    epochs: int,
    early: int,
) -> dict[str, Arrays]:
    """The training stage: one run, with its record.

    The sets hold images uint8 (n, side, side) and labels uint8 (n,), of every class up to the last. architecture:
    {"build": "module:function", "options": {...}}; treatment: arguments of `treatment.treat`; recipe: those of
    `descent.Steps`, and "batch_size". `early` is the epoch, beside the first and the last, at which whole activations
    are kept.

    record.npz       numbers by epoch; see `record`. Readings have epochs + 1 rows, row 0 the untrained network.
    trajectory.npz   penultimate float32 (epochs + 1, probe image, unit): the last hidden layer behind its ReLU.
    layers.npz       <epoch>/<hook> float32 (probe image, ...): what each layer hands on, first, early and last.
    weights.npz      <name in the model's state_dict> (epochs + 1, ...).

    The seed decides initial weights and batch order, and nothing else does: treatments share both. The same
    arguments give the same bytes, on one thread. Raises ValueError where `early` is not an epoch of the training.
    """
    if not 0 <= early <= epochs:
        raise ValueError(f"early is {early}: it must be an epoch of the training, 0 to {epochs}")
    (inputs, labels), test, probe = (_tensors(images, treatment) for images in (train_set, test_set, probe_set))
    readings, logs, penultimate, weights = [], [], [], []
    layers: Arrays = {}
    with deterministic(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classes, side = record.classes_of(labels), inputs.shape[-1]
        model = models.build(architecture["build"], options=architecture["options"], classes=classes, side=side)
        steps = Steps(model, **{name: value for name, value in recipe.items() if name != "batch_size"})
        of_input = record.hook_statistics(model.hook_points[0], *probe, classes=classes)
        for epoch in range(epochs + 1):
            if epoch:
                order = batch_order(len(labels))
                logs.append(train_epoch(model.train(), inputs, labels, recipe["batch_size"], steps, order=order))
            model.eval()  # readings are of the network as it would be used: dropout off, running statistics
            statistics, handed_on = record.read_probe(model, *probe)
            readings.append(of_input | statistics | record.read_test(record.evaluate(model, test[0]), test[1]))
            penultimate.append(handed_on[record.reading_point(model, model.layers[-2])])
            weights.append({name: value.clone().numpy() for name, value in model.state_dict().items()})
            if epoch in (0, early, epochs):
                layers |= {f"{epoch}/{name}": activation for name, activation in handed_on.items()}
        final = record.read_final(model, test=test, train=(inputs, labels))
    return {
        "record.npz": {
            **record.stacked(logs),
            **record.stacked(readings),
            **final,
            **record.constants(model),
        },
        "trajectory.npz": {"penultimate": np.stack(penultimate)},
        "layers.npz": layers,
        "weights.npz": record.stacked(weights),
    }


def train_epoch(
    model: HookedModule,
    inputs: Float[Tensor, "sample 1 side side"],
    labels: Int[Tensor, " sample"],
    batch_size: int,
    steps: Steps,
    *,
    order: Int[Tensor, " sample"] | None = None,
) -> Arrays:
    """One pass over the samples; changes the model, returns `record.StepLog.summary`.

    order: which sample comes first, second, ...; as they stand where it is left out.
    """
    order = torch.arange(len(labels)) if order is None else order
    batches = order.split(batch_size)
    rates = steps.rates if steps.is_plain else None
    log = record.StepLog(model, samples=len(order), steps=len(batches), rates=rates)
    for step, batch in enumerate(batches):
        logits = model(inputs[batch])
        loss = cross_entropy(logits, labels[batch])
        for parameter in steps.parameters:
            parameter.grad = None
        loss.backward()
        log.write(step, step * batch_size, loss, logits)
        if rates is not None:
            steps.step()
            continue
        before = [parameter.detach().clone() for parameter in log.parameters]
        steps.step()
        log.moved(step, before)
    return log.summary(labels[order], batch_size=batch_size)


def batch_order(samples: int) -> Int[Tensor, " sample"]:
    """The order of one epoch, drawn as torch's DataLoader draws it, so that a seed means the same with either.

    A loader's iterator first takes a base seed for its workers from the global generator; its random sampler
    then takes the seed of the generator that permutes the samples.
    """
    torch.empty((), dtype=torch.int64).random_()
    generator = torch.Generator()
    generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
    return torch.randperm(samples, generator=generator)


@contextmanager
def deterministic() -> Iterator[None]:
    """Deterministic algorithms only, within the block; without filling new tensors, since none is read unwritten."""
    memory: Any = torch.utils.deterministic
    before = torch.get_deterministic_debug_mode(), memory.fill_uninitialized_memory
    try:
        torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms, without importing a compiler
        memory.fill_uninitialized_memory = False
        yield
    finally:
        torch.set_deterministic_debug_mode(before[0])
        memory.fill_uninitialized_memory = before[1]


def _tensors(images: Mapping[str, np.ndarray], treatment: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    labels = torch.tensor(images["labels"].astype(np.int64))
    return treat(images["images"], **treatment), labels
