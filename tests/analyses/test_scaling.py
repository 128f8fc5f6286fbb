"""Scaling units: agrees with editing one unit at a time by hooks, in both architectures and every layer."""

import numpy as np
import pytest
import torch

from experiments.analyses.scaling import (
    BATCH,
    SCALES,
    hidden_layers,
    mean_activations,
    scale_directions,
    scale_units,
)
from experiments.hooks import HookedModule, run_with_cache, run_with_hooks
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP
from experiments.record import confusion

IMAGES = 300  # more than one batch
ARCHITECTURES = {"mlp": MLP, "cnn": CNN}
PLACES = [("mlp", "hidden1"), ("mlp", "hidden2"), ("cnn", "conv1"), ("cnn", "conv2"), ("cnn", "hidden3")]


def network(architecture: str) -> tuple[HookedModule, torch.Tensor, torch.Tensor]:
    """An untrained network with large weights, so that units matter, and images of noise."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        model = ARCHITECTURES[architecture]().eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(2)
        return model, torch.randn(IMAGES, 1, 28, 28), torch.arange(IMAGES) % 10


def replaced(model, images, *, layer: str, unit: int, value) -> torch.Tensor:
    """The logits when `value(activation of the unit)` stands in the unit's place: one forward pass."""

    def edit(activation, hook):
        activation = activation.clone()
        activation[:, unit] = value(activation[:, unit])
        return activation

    with torch.no_grad():
        return run_with_hooks(model, images, forward_hooks=[(f"{layer}.post", edit)])


def check(outcome, logits: torch.Tensor, labels: torch.Tensor) -> None:
    assert np.array_equal(outcome.confusion, confusion(logits.argmax(1).numpy(), labels.numpy()))
    correct = logits[torch.arange(IMAGES), labels]
    expected = [float(correct[labels == digit].mean()) for digit in range(10)]
    assert outcome.correct_logit == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("architecture", "layer"), PLACES)
def test_a_scaled_unit_gives_the_answers_of_one_hook_at_a_time(architecture, layer):
    model, images, labels = network(architecture)
    outcome = scale_units(model, images, labels, layer=layer, units=[0, 5], scales=SCALES)
    for place, unit in enumerate((0, 5)):
        for column, scale in enumerate(SCALES):
            logits = replaced(model, images, layer=layer, unit=unit, value=lambda old, scale=scale: scale * old)
            check(outcome[place, column], logits, labels)


@pytest.mark.parametrize(("architecture", "layer"), PLACES)
def test_mean_ablation_gives_the_answers_of_a_hook_that_puts_the_average_there(architecture, layer):
    model, images, labels = network(architecture)
    means = mean_activations(model, images[:100], layer=layer)
    outcome = scale_units(model, images, labels, layer=layer, units=[3], scales=[1.0], means=means)
    _, cache = run_with_cache(model, images[:100])
    average = cache[f"{layer}.post"][:, 3].mean(0)
    check(outcome[0, 1], replaced(model, images, layer=layer, unit=3, value=lambda old: average.expand_as(old)), labels)


@pytest.mark.parametrize(("architecture", "layer"), PLACES)
def test_scaling_along_the_axes_is_scaling_the_units(architecture, layer):
    model, images, labels = network(architecture)
    size = len(mean_activations(model, images, layer=layer))
    units = scale_units(model, images, labels, layer=layer, units=range(size), scales=(0.0, 3.0))
    axes = scale_directions(model, images, labels, layer=layer, axes=torch.eye(size), scales=(0.0, 3.0))
    assert np.array_equal(axes.confusion, units.confusion)


def test_removing_a_direction_leaves_nothing_along_it():
    model, images, labels = network("mlp")
    axes = torch.linalg.qr(torch.randn(16, 16, generator=torch.Generator().manual_seed(0))).Q
    outcome = scale_directions(model, images, labels, layer="hidden2", axes=axes, scales=(0.0,))

    def project(activation, hook):
        return activation - (activation @ axes[:, [2]]) @ axes[:, [2]].T

    with torch.no_grad():
        check(outcome[2, 0], run_with_hooks(model, images, forward_hooks=[("hidden2.post", project)]), labels)


def test_the_whole_layer_costs_no_more_passes_through_the_network_than_there_are_batches():
    model, images, labels = network("cnn")
    passes = []
    model.register_forward_pre_hook(lambda _, inputs: passes.append(len(inputs[0])))
    scale_units(model, images, labels, layer="conv1", units=range(8))
    assert passes == [BATCH, IMAGES - BATCH]


def test_hidden_layers_are_those_before_the_logits():
    assert hidden_layers(MLP()) == ("hidden1", "hidden2")


def test_a_negative_scale_and_an_unknown_layer_are_refused():
    model, images, labels = network("mlp")
    with pytest.raises(ValueError, match="0 or more"):
        scale_units(model, images, labels, layer="hidden1", units=[0], scales=[-1.0])
    with pytest.raises(ValueError, match="hidden1, hidden2"):
        scale_units(model, images, labels, layer="logits", units=[0])
