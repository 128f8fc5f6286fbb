"""Training one network of the study, and everything that is recorded of it.

In: images, an architecture and an input treatment, a seed or several, the recipe. Out: record.npz, trajectory.npz,
layers.npz, weights.npz, of each. The loss is the cross entropy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments import models, record, stack
from experiments.descent import Steps
from experiments.hooks import HookedModule
from experiments.treatment import treat

Arrays = dict[str, np.ndarray]
Products = dict[str, Arrays]


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
) -> Products:
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
    sets = {"train_set": train_set, "test_set": test_set, "probe_set": probe_set}
    made = {"architecture": architecture, "treatment": treatment, "recipe": recipe}
    return train_each(**sets, **made, seed=[seed], epochs=epochs, early=early)[0]


def train_each(
    *,
    train_set: Mapping[str, np.ndarray],
    test_set: Mapping[str, np.ndarray],
    probe_set: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
    recipe: Mapping[str, Any],
    seed: Sequence[int],
    epochs: int,
    early: int,
) -> list[Products]:
    """`train` of each seed. Side by side where that is possible, see `stack.fits`, and changes no bit, see
    `stack.aligned`: a run's bytes do not depend on those beside it."""
    if not 0 <= early <= epochs:
        raise ValueError(f"early is {early}: it must be an epoch of the training, 0 to {epochs}")
    (inputs, labels), test, probe = (_tensors(images, treatment) for images in (train_set, test_set, probe_set))
    size = {"classes": record.classes_of(labels), "side": inputs.shape[-1]}
    batch_size, learns = recipe["batch_size"], {name: of for name, of in recipe.items() if name != "batch_size"}
    with deterministic(), torch.random.fork_rng(devices=[]):
        runs = [_Run(each, architecture, size, learns) for each in seed]
        stacks = [[run] for run in runs]
        if by_hand := stack.fits(runs[0].model, recipe):
            stacks = [runs] if stack.aligned(runs[0].model, len(labels), batch_size) else stacks
        for beside in stacks:
            learn = _side_by_side(beside) if by_hand else beside[0].learn
            for epoch in range(epochs + 1):
                if epoch:
                    learn(inputs, labels, batch_size)
                for run in beside:
                    run.read(test, probe, keep=epoch in (0, early, epochs))
        return [run.products(test, probe, train=(inputs, labels)) for run in runs]


class _Run:
    """A network on its way: what it is, what chance holds for it, and what was read of it so far."""

    def __init__(
        self, seed: int, architecture: Mapping[str, Any], size: Mapping[str, int], learns: Mapping[str, Any]
    ) -> None:
        torch.manual_seed(seed)
        self.model = models.build(architecture["build"], options=architecture["options"], **size)
        self.steps = Steps(self.model, **learns)
        self.logs: list[Arrays] = []
        self.chance = torch.Generator()
        self.chance.set_state(torch.get_rng_state())
        self._readings: list[Arrays] = []
        self._penultimate: list[np.ndarray] = []
        self._weights: list[Arrays] = []
        self._layers: Arrays = {}

    def order(self, samples: int) -> Tensor:
        """The order of the next epoch."""
        return batch_order(samples, chance=self.chance)

    def learn(self, inputs: Tensor, labels: Tensor, batch_size: int) -> None:
        """One epoch of this network alone; see `train_epoch`. What its layers draw, its own chance decides."""
        order = self.order(len(labels))
        torch.set_rng_state(self.chance.get_state())
        self.logs.append(train_epoch(self.model.train(), inputs, labels, batch_size, self.steps, order=order))
        self.chance.set_state(torch.get_rng_state())

    def read(self, test: tuple[Tensor, Tensor], probe: tuple[Tensor, Tensor], *, keep: bool) -> None:
        """Reads the network as it would be used: dropout off, running statistics. keep: whole activations, too."""
        model = self.model.eval()
        statistics, handed_on = record.read_probe(model, *probe)
        self._readings.append(statistics | record.read_test(record.evaluate(model, test[0]), test[1]))
        self._penultimate.append(handed_on[record.reading_point(model, model.layers[-2])])
        self._weights.append({name: value.clone().numpy() for name, value in model.state_dict().items()})
        if keep:
            epoch = len(self._readings) - 1
            self._layers |= {f"{epoch}/{name}": activation for name, activation in handed_on.items()}

    def products(
        self, test: tuple[Tensor, Tensor], probe: tuple[Tensor, Tensor], *, train: tuple[Tensor, Tensor]
    ) -> Products:
        """All that is kept of the run."""
        of_input = record.hook_statistics(self.model.hook_points[0], *probe, classes=record.classes_of(train[1]))
        return {
            "record.npz": {
                **record.stacked(self.logs),
                **record.stacked([of_input | reading for reading in self._readings]),
                **record.read_final(self.model, test=test, train=train),
                **record.constants(self.model),
            },
            "trajectory.npz": {"penultimate": np.stack(self._penultimate)},
            "layers.npz": self._layers,
            "weights.npz": record.stacked(self._weights),
        }


def _side_by_side(runs: Sequence[_Run]) -> Callable[[Tensor, Tensor, int], None]:
    """What has all these networks learn for an epoch, as `_Run.learn` has one."""
    together = stack.Together([run.model for run in runs], runs[0].steps.rates, [run.chance for run in runs])

    def learn(inputs: Tensor, labels: Tensor, batch_size: int) -> None:
        orders = [run.order(len(labels)) for run in runs]
        for run, log in zip(runs, together.epoch(inputs, labels, batch_size, orders), strict=True):
            run.logs.append(log)

    return learn


def train_epoch(
    model: HookedModule,
    inputs: Float[Tensor, "sample 1 side side"],
    labels: Int[Tensor, " sample"],
    batch_size: int,
    steps: Steps,
    *,
    order: Int[Tensor, " sample"] | None = None,
) -> Arrays:
    """One pass over the samples; changes the model, returns what `record.StepLog.summaries` tells of it.

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
        gradients = [cast(Tensor, parameter.grad).reshape(1, -1) for parameter in log.parameters]
        weights = [parameter.detach().reshape(1, -1) for parameter in log.parameters]
        start = step * batch_size
        log.write(step, start, losses=[loss], logits=logits[None], gradients=gradients, weights=weights)
        if rates is not None:
            steps.step()
            continue
        before = [parameter.detach().clone() for parameter in log.parameters]
        steps.step()
        log.moved(step, before)
    return log.summaries(labels[order][None], batch_size=batch_size)[0]


def batch_order(samples: int, *, chance: torch.Generator | None = None) -> Int[Tensor, " sample"]:
    """The order of one epoch, drawn as torch's DataLoader draws it, so that a seed means the same with either.

    A loader's iterator first takes a base seed for its workers from a generator, `chance` or else the global one; its
    random sampler then takes the seed of the generator that permutes the samples.
    """
    torch.empty((), dtype=torch.int64).random_(generator=chance)
    generator = torch.Generator()
    generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_(generator=chance).item()))
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
