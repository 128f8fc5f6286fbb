"""The networks: their names, their weights from a seed, and what flows through them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap
from torch.nn.functional import max_pool2d

from experiments import models
from experiments.errors import InputError
from experiments.hooks import HookedModule, HookPoint, run_with_cache
from experiments.models.cnn import CNN, MaxPool, max_pool
from experiments.models.mlp import MLP
from experiments.study import STUDIES

IMAGES = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def seeded(make):
    torch.manual_seed(3)
    return make()


def test_the_mlps_hook_points_stand_in_forward_order_with_their_shapes():
    _, cache = run_with_cache(MLP(hidden=[32, 16]), IMAGES)
    assert {name: tuple(activation.shape) for name, activation in cache.items()} == {
        "input": (5, 1, 28, 28),
        "hidden1.pre": (5, 32),
        "hidden1.post": (5, 32),
        "hidden2.pre": (5, 16),
        "hidden2.post": (5, 16),
        "logits": (5, 10),
    }
    assert list(cache) == list(MLP().hook_points)


def test_the_cnns_hook_points_stand_in_forward_order_with_their_shapes():
    _, cache = run_with_cache(CNN(channels=[8, 16], hidden=16), IMAGES)
    assert {name: tuple(activation.shape[1:]) for name, activation in cache.items()} == {
        "input": (1, 28, 28),
        "conv1.pre": (8, 24, 24),
        "conv1.post": (8, 24, 24),
        "conv1.pooled": (8, 12, 12),
        "conv2.pre": (16, 8, 8),
        "conv2.post": (16, 8, 8),
        "conv2.pooled": (16, 4, 4),
        "hidden3.pre": (16,),
        "hidden3.post": (16,),
        "logits": (10,),
    }
    assert list(cache) == list(CNN().hook_points)


@pytest.mark.parametrize("architecture", STUDIES["published"].architectures, ids=lambda architecture: architecture.name)
def test_every_architecture_of_the_study_can_be_built_and_names_its_layers(architecture):
    network = models.build(architecture.build, options=architecture.options)
    parameters = {name.rpartition(".")[0] for name, _ in network.named_parameters()}
    assert set(network.layers) == parameters
    assert {name.split(".")[0] for name in network.hook_points} == {"input", *network.layers}


def test_a_seed_gives_the_mlp_the_weights_of_a_plain_sequential():
    ours = seeded(lambda: MLP(hidden=[32, 16]))
    plain = seeded(
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10)
        )
    )
    for mine, theirs in zip(ours.parameters(), plain.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert torch.equal(ours(IMAGES), plain(IMAGES))


def test_the_cnn_computes_what_a_plain_sequential_computes():
    ours = seeded(CNN)
    convolutions = [nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2)]
    plain = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(256, 16), nn.ReLU(), nn.Linear(16, 10))
    for mine, theirs in zip(ours.parameters(), plain.parameters(), strict=True):
        theirs.data = mine.data
    torch.testing.assert_close(ours(IMAGES), plain(IMAGES))


def test_options_change_widths_and_depth():
    assert MLP(hidden=[7, 6, 5]).layers == ("hidden1", "hidden2", "hidden3", "logits")
    assert CNN(channels=[4], hidden=9)(IMAGES).shape == (5, 10)
    assert CNN(channels=[4], hidden=9).layers == ("conv1", "hidden2", "logits")


@pytest.mark.parametrize("side", [7, 8, 13, 24])
def test_pooling_has_the_values_and_gradients_of_max_pool2d_also_where_pixels_tie(side):
    generator = torch.Generator().manual_seed(1)
    maps = torch.randint(-2, 3, (6, 4, side, side), generator=generator).float()  # five values: ties everywhere
    maps[0] = 0.0
    mine, theirs = maps.clone().requires_grad_(), maps.clone().requires_grad_()
    pooled, expected = MaxPool.apply(mine), max_pool2d(theirs, 2)
    gradient = torch.randn(pooled.shape, generator=generator)
    pooled.backward(gradient)
    expected.backward(gradient)
    assert torch.equal(pooled, expected)
    assert torch.equal(mine.grad, theirs.grad)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")  # PyTorch's, of the rules of its own forward mode
def test_the_cnn_works_under_the_transforms_of_torch_func():
    """Per-image gradients, Jacobians both ways and second derivatives are those that autograd finds one by one."""
    model = seeded(CNN).double()
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(2)).double()
    parameters = dict(model.named_parameters())

    def logits(image, parameters=parameters):
        return functional_call(model, parameters, image[None])[0]

    torch.testing.assert_close(vmap(logits)(images), model(images))
    weights = vmap(grad(lambda parameters, image: logits(image, parameters)[4]), in_dims=(None, 0))(parameters, images)
    for place, image in enumerate(images):
        expected = torch.autograd.grad(model(image[None])[0, 4], list(parameters.values()))
        for found, each in zip(weights.values(), expected, strict=True):
            torch.testing.assert_close(found[place], each)
    backwards, forwards = jacrev(logits)(images[0]), jacfwd(logits)(images[0])
    torch.testing.assert_close(backwards, torch.autograd.functional.jacobian(logits, images[0]))
    torch.testing.assert_close(forwards, backwards)

    def surety(image):
        return logits(image).log_softmax(0)[2]

    direction = torch.randn(1, 28, 28, generator=torch.Generator().manual_seed(3)).double()
    _, curved = jvp(grad(surety), (images[0],), (direction,))
    _, twice = torch.autograd.functional.hvp(surety, images[0], direction)
    torch.testing.assert_close(curved, twice)
    assert curved.abs().max() > 0
    second = hessian(lambda shift: surety(images[0] + shift * direction))(torch.zeros((), dtype=torch.float64))
    torch.testing.assert_close(second, (curved * direction).sum())


def test_a_cnn_of_other_kernels_paddings_sizes_and_classes_has_the_shapes_that_these_make():
    network = CNN(channels=[4, 8, 8], kernel=3, padding=1, hidden=6, classes=5, side=20)
    images = torch.rand(2, 1, 20, 20, generator=torch.Generator().manual_seed(0))
    logits, cache = run_with_cache(network, images)
    assert logits.shape == (2, 5)
    assert [tuple(cache[f"conv{number}.pooled"].shape[1:]) for number in (1, 2, 3)] == [
        (4, 10, 10), (8, 5, 5), (8, 2, 2),
    ]  # fmt: skip
    assert CNN(channels=[4, 8, 8], kernel=3)(IMAGES).shape == (5, 10)


def test_images_that_are_too_small_for_a_cnn_are_refused_with_what_would_help():
    with pytest.raises(
        ValueError, match=r"28x28 pixels are too small for 3 convolutions of 5x5 with padding 0.*conv3.*"
    ):
        CNN(channels=[4, 8, 8])
    with pytest.raises(ValueError, match="nothing is left behind conv2; use fewer of them, smaller kernels or more"):
        CNN(side=8)


@pytest.mark.parametrize("make", [MLP, CNN])
def test_another_activation_function_stands_in_the_place_of_the_relu_and_is_declared(make):
    network = seeded(lambda: make(activation="tanh"))
    _, cache = run_with_cache(network, IMAGES)
    for layer in network.layers[:-1]:
        assert torch.equal(cache[f"{layer}.post"], cache[f"{layer}.pre"].tanh())
        assert "tanh" in network.parts[layer]
        assert "relu" not in network.parts[layer]
    with pytest.raises(ValueError, match="no activation function is called 'gelu'; there are relu, tanh"):
        make(activation="gelu")


def test_a_network_says_what_its_layers_are_made_of():
    assert MLP(hidden=[3]).parts == {"hidden1": ("linear", "relu"), "logits": ("linear",)}
    assert CNN(channels=[2]).parts == {
        "conv1": ("conv", "relu", "pool"), "hidden2": ("linear", "relu"), "logits": ("linear",),
    }  # fmt: skip


def test_a_network_without_a_hidden_layer_is_refused():
    with pytest.raises(ValueError, match="at least one hidden layer"):
        MLP(hidden=[])


def test_a_hook_point_does_nothing():
    assert HookPoint()(IMAGES) is IMAGES


@pytest.mark.parametrize("name", ["experiments.models.mlp:Nothing", "experiments.models.nowhere:MLP", "MLP", ""])
def test_a_name_that_leads_nowhere_is_refused(name):
    with pytest.raises(ValueError, match="no network is called"):
        models.build(name, options={})


def test_what_cannot_be_read_by_name_is_refused():
    with pytest.raises(ValueError, match="makes a Identity; a network of the study is a HookedModule"):
        models.build("torch.nn:Identity", options={})


class Misnamed(HookedModule):
    hook_points = ("input", "middle")
    layers = ("middle",)

    def __init__(self, **sizes):
        super().__init__()


def test_hook_points_that_are_not_modules_are_refused(monkeypatch):
    monkeypatch.setattr("experiments.models.mlp.MLP", Misnamed)
    with pytest.raises(ValueError, match="not modules of it: input, middle"):
        models.build("experiments.models.mlp:MLP", options={})


BUILDS = ("experiments.models.mlp:MLP", "experiments.models.layered:LayeredMLP", "experiments.models.cnn:CNN")


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize(("classes", "side"), [(2, 16), (3, 20), (5, 28), (26, 28), (30, 33), (10, 64)])
def test_a_network_has_a_logit_for_each_class_and_reads_images_of_any_side(build, classes, side):
    model = models.build(build, options={}, classes=classes, side=side)
    images = torch.rand(4, 1, side, side)
    logits = model(images)
    assert logits.shape == (4, classes)
    logits.logsumexp(1).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    found = models.sizes(build, options={}, shapes=shapes)
    again = models.build(build, options={}, **found)
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.eval()(images), model.eval()(images))


def test_weights_of_other_options_belong_to_no_network():
    shapes = {name: value.shape for name, value in MLP(hidden=(8, 4)).state_dict().items()}
    with pytest.raises(ValueError, match="has weights of these shapes"):
        models.sizes("experiments.models.mlp:MLP", options={}, shapes=shapes)


def test_images_of_which_convolutions_leave_nothing_are_refused():
    with pytest.raises(InputError, match="images of 15x15 pixels are too small for 2 convolutions"):
        CNN(side=15)
    assert CNN(side=15, channels=[8])(torch.rand(1, 1, 15, 15)).shape == (1, 10)


def test_what_takes_no_classes_is_refused(monkeypatch):
    monkeypatch.setattr("experiments.models.mlp.MLP", lambda hidden=(): MLP(hidden=hidden))
    with pytest.raises(ValueError, match=r"MLP does not take classes, side \(got an unexpected keyword argument"):
        models.build("experiments.models.mlp:MLP", options={})


@pytest.mark.parametrize("side", [5, 8, 9])
def test_maps_of_odd_sides_are_pooled_without_their_last_row_and_column(side):
    maps = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    assert torch.equal(max_pool(maps), max_pool2d(maps, 2))
