"""Scaling units: agrees with editing one unit at a time by hooks, in both architectures and every layer."""

import copy

import numpy as np
import pytest
import torch
from transformer import VisionTransformer

from experiments.hooks import HookedModule, run_with_cache, run_with_hooks
from experiments.measures.scaling import (
    BATCH,
    SCALES,
    hidden_layers,
    mean_activations,
    scale_directions,
    scale_units,
)
from experiments.models.cnn import CNN
from experiments.models.layered import LayeredMLP
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


def replaced(model, images, *, layer: str, unit: int, value, point: str = "post") -> torch.Tensor:
    """The logits when `value(activation of the unit)` stands in the unit's place: one forward pass."""

    def edit(activation, hook):
        activation = activation.clone()
        activation[:, unit] = value(activation[:, unit])
        return activation

    with torch.no_grad():
        return run_with_hooks(model, images, forward_hooks=[(f"{layer}.{point}", edit)])


def handed_on(model, layer: str) -> str:
    """Behind its pooling, where a layer has one."""
    return "pooled" if f"{layer}.pooled" in model.hook_points else "post"


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
    point = handed_on(model, layer)
    average = cache[f"{layer}.{point}"][:, 3].mean(0)
    constant = {"value": lambda old: average.expand_as(old), "point": point}
    check(outcome[0, 1], replaced(model, images, layer=layer, unit=3, **constant), labels)


@pytest.mark.parametrize(("architecture", "layer"), PLACES)
def test_scaling_along_the_axes_is_scaling_the_units(architecture, layer):
    model, images, labels = network(architecture)
    size = len(mean_activations(model, images, layer=layer))
    means = mean_activations(model, images[:100], layer=layer)
    units = scale_units(model, images, labels, layer=layer, units=range(size), scales=(0.0, 3.0), means=means)
    eye = torch.eye(size)
    axes = scale_directions(model, images, labels, layer=layer, axes=eye, scales=(0.0, 3.0), means=means)
    assert units.confusion.shape[1] == 3
    assert np.array_equal(axes.confusion, units.confusion)


def test_removing_a_direction_leaves_nothing_along_it():
    model, images, labels = network("mlp")
    axes = torch.linalg.qr(torch.randn(16, 16, generator=torch.Generator().manual_seed(0))).Q
    outcome = scale_directions(model, images, labels, layer="hidden2", axes=axes, scales=(0.0,))

    def project(activation, hook):
        return activation - (activation @ axes[:, [2]]) @ axes[:, [2]].T

    with torch.no_grad():
        check(outcome[2, 0], run_with_hooks(model, images, forward_hooks=[("hidden2.post", project)]), labels)


@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_a_direction_projected_out_to_its_mean_says_the_same_of_every_image(architecture):
    model, images, labels = network(architecture)
    layer = {"mlp": "hidden2", "cnn": "conv1"}[architecture]
    means = mean_activations(model, images[:100], layer=layer)
    axes = torch.linalg.qr(torch.randn(len(means), len(means), generator=torch.Generator().manual_seed(0))).Q
    outcome = scale_directions(model, images, labels, layer=layer, axes=axes, scales=(1.0,), means=means)
    axis, seen = axes[:, 2], []

    def project(activation, hook):
        along = torch.einsum("bu...,u->b...", activation - means, axis)
        changed = activation - torch.einsum("b...,u->bu...", along, axis)
        seen.append(torch.einsum("bu...,u->b...", changed, axis))
        return changed

    with torch.no_grad():
        hooks = [(f"{layer}.{handed_on(model, layer)}", project)]
        check(outcome[2, 1], run_with_hooks(model, images, forward_hooks=hooks), labels)
    assert seen[0].std(0).max() < 1e-5


def test_once_a_replay_agreed_with_hooks_on_the_first_images_each_batch_passes_through_the_network_once():
    model, images, labels = network("cnn")
    passes = []
    model.register_forward_pre_hook(lambda _, inputs: passes.append(len(inputs[0])))
    scale_units(model, images, labels, layer="conv1", units=range(8))
    assert passes == [BATCH] * (1 + 8) + [IMAGES - BATCH]


# Networks that no replay is right for


def stirred(make) -> tuple[HookedModule, torch.Tensor, torch.Tensor]:
    """An untrained network whose running statistics are not those it begins with, and images of noise."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        model, images = make(), torch.randn(IMAGES, 1, 28, 28)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1.5).add_(0.05)
            model.train()
            for _ in range(20):
                model(3 * torch.randn(100, 1, 28, 28) + 2)
        return model.eval(), images, torch.arange(IMAGES) % 10


def layered(*after: list[str]):
    return lambda: LayeredMLP(hidden=[12, 9], after=after)


class Residual(MLP):
    """Says that it is a chain, and is none: what enters the second layer is added to what leaves it."""

    def __init__(self):
        super().__init__(hidden=[12, 12])

    def forward(self, images):
        first = self.hidden1(self.input(images).flatten(1))
        return self.logits(first + self.hidden2(first))


OTHERS = {
    "batchnorm": layered(["batchnorm", "relu"], ["batchnorm", "relu"]),
    "layernorm after": layered(["relu", "layernorm", "dropout"], ["relu", "layernorm"]),
    "dropout": layered(["relu", "dropout"], ["relu"]),
    "tanh": lambda: MLP(hidden=[12, 9], activation="tanh"),
    "residual": Residual,
    "padded": lambda: CNN(channels=[3, 4, 5], kernel=3, padding=1, hidden=6),
    "as large as the map": lambda: CNN(channels=[3, 4], kernel=12, padding=2, hidden=6),
    "transformer": VisionTransformer,
}
OTHER_PLACES = [(name, layer) for name, make in OTHERS.items() for layer in hidden_layers(make())]


@pytest.mark.parametrize(("name", "layer"), OTHER_PLACES)
def test_in_any_network_a_scaled_unit_gives_the_answers_of_one_hook_at_a_time(name, layer):
    model, images, labels = stirred(OTHERS[name])
    means = mean_activations(model, images[:100], layer=layer)
    outcome = scale_units(model, images, labels, layer=layer, units=[2], scales=[1.0, 0.0, 3.0], means=means)
    with torch.no_grad():
        assert np.array_equal(outcome.confusion[0, 0], confusion(model(images).argmax(1).numpy(), labels.numpy()))
    for column, value in enumerate((lambda old: old, lambda old: 0 * old, lambda old: 3 * old)):
        check(outcome[0, column], replaced(model, images, layer=layer, unit=2, value=value), labels)
    point = handed_on(model, layer)
    average = run_with_cache(model, images[:100])[1][f"{layer}.{point}"][:, 2].mean(0)
    constant = {"value": lambda old: average.expand_as(old), "point": point}
    check(outcome[0, 3], replaced(model, images, layer=layer, unit=2, **constant), labels)


@pytest.mark.parametrize(("name", "layer"), OTHER_PLACES)
def test_in_any_network_scaling_along_the_axes_is_scaling_the_units(name, layer):
    model, images, labels = stirred(OTHERS[name])
    size = len(mean_activations(model, images, layer=layer))
    means = mean_activations(model, images[:100], layer=layer)
    eye = torch.eye(size)
    axes = scale_directions(model, images, labels, layer=layer, axes=eye, scales=(0.0, 3.0), means=means)
    units = scale_units(model, images, labels, layer=layer, units=range(size), scales=(0.0, 3.0), means=means)
    assert np.array_equal(axes.confusion, units.confusion)


@pytest.mark.parametrize(("layer", "listener"), [("hidden1", "hidden2"), ("hidden2", "logits")])
def test_a_unit_of_a_network_with_batchnorm_is_worth_what_cutting_its_weights_costs(layer, listener):
    model, images, labels = stirred(OTHERS["batchnorm"])
    units = range(len(model.get_parameter(f"{layer}.bias")))
    outcome = scale_units(model, images, labels, layer=layer, units=units, scales=[0.0])
    for unit in units:
        cut = copy.deepcopy(model)
        with torch.no_grad():
            cut.get_parameter(f"{listener}.weight")[:, unit] = 0  # nobody listens to it any more
            check(outcome[unit, 0], cut(images), labels)


def test_hidden_layers_are_those_before_the_logits():
    assert hidden_layers(MLP()) == ("hidden1", "hidden2")


def test_a_negative_scale_and_an_unknown_layer_are_refused():
    model, images, labels = network("mlp")
    with pytest.raises(ValueError, match="0 or more"):
        scale_units(model, images, labels, layer="hidden1", units=[0], scales=[-1.0])
    with pytest.raises(ValueError, match="hidden1, hidden2"):
        scale_units(model, images, labels, layer="logits", units=[0])
