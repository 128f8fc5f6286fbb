"""How a convolution is trained, pooling before its activation function, held against the plain order of things."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d, cross_entropy, max_pool2d

from experiments import train
from experiments.descent import Steps
from experiments.hooks import run_with_cache, run_with_hooks
from experiments.models import chain, cnn
from experiments.models.cnn import CNN, Convolution

OPTIONS = {
    "as published": {},
    "one convolution": {"channels": [3]},
    "small kernels, padded": {"channels": [4, 8, 8], "kernel": 3, "padding": 1},
    "even kernels": {"channels": [5, 6], "kernel": 4, "padding": 2},
    "tanh": {"activation": "tanh"},
    "odd sides": {"channels": [6], "side": 15, "kernel": 3},
}


def images(count, side=28):
    """Noise with a border that is the same everywhere, so that many squares tie."""
    drawn = torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(count))
    drawn[:, :, :4] = drawn[:, :, :, -5:] = 0.25
    return drawn


def plain(model, batch):
    """The logits of a CNN, by torch's functions alone."""
    for name in model.layers:
        layer = model.get_submodule(name)
        if isinstance(layer, Convolution):
            maps = conv2d(batch, layer.weight, layer.bias, padding=layer.padding)
            batch = max_pool2d(layer.activation(maps), 2)
        else:
            batch = batch.flatten(1) @ layer.weight.t() + layer.bias
            batch = batch if name == "logits" else layer.activation(batch)
    return batch


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("count", [1, 32])
def test_loss_and_every_gradient_are_the_plain_ones(name, count):
    torch.manual_seed(5)
    model = CNN(**OPTIONS[name]).train()
    batch, labels = images(count, OPTIONS[name].get("side", 28)), torch.arange(count) % 10
    losses = [cross_entropy(logits, labels) for logits in (model(batch), plain(model, batch))]
    torch.testing.assert_close(*losses, rtol=1e-6, atol=1e-6)
    found, expected = (torch.autograd.grad(loss, list(model.parameters())) for loss in losses)
    for (parameter, _), ours, theirs in zip(model.named_parameters(), found, expected, strict=True):
        close = {"rtol": 1e-4, "atol": 1e-5 * float(theirs.abs().max())}
        torch.testing.assert_close(ours, theirs, msg=lambda told, name=parameter: f"{name}: {told}", **close)


@pytest.mark.parametrize("inputs", [1, 2])
def test_among_values_that_tie_the_gradient_goes_to_the_same_one(inputs):
    """Whole numbers are summed without rounding, so that values tie, and everything has to agree to the bit."""
    draw = torch.Generator().manual_seed(2)
    layer = Convolution(inputs, 3, kernel=2, padding=0, activation="relu").train()
    with torch.no_grad():
        layer.weight.copy_(torch.randint(-1, 2, layer.weight.shape, generator=draw))
        layer.bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
    maps = torch.randint(0, 2, (4, inputs, 9, 9), generator=draw).float().requires_grad_()
    pooled, expected = layer(maps), max_pool2d(conv2d(maps, layer.weight, layer.bias).relu(), 2)
    assert torch.equal(pooled, expected)
    upstream = torch.randint(-4, 5, pooled.shape, generator=draw).float()
    for ours, theirs in zip(
        *(torch.autograd.grad(maps_, [maps, layer.weight, layer.bias], upstream) for maps_ in (pooled, expected)),
        strict=True,
    ):
        assert torch.equal(ours, theirs)


def test_a_short_training_ends_where_the_plain_one_ends(monkeypatch):
    batch, labels = images(256), torch.arange(256) % 10
    ended = []
    for quick in (True, False):
        if not quick:
            monkeypatch.setattr(cnn, "INCREASING", ())
        torch.manual_seed(1)
        model = CNN().train()
        steps = Steps(model, optimizer="sgd", learning_rate=0.05)
        logs = [train.train_epoch(model, batch, labels, 64, steps) for _ in range(5)]
        ended.append((logs[-1]["train_loss"], [parameter.detach().clone() for parameter in model.parameters()]))
    (loss, ours), (expected, theirs) = ended
    assert loss == pytest.approx(expected, rel=1e-5)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("watched", [False, True])
def test_the_activation_function_is_left_a_quarter_of_the_numbers_unless_somebody_looks(watched):
    model, seen = CNN().train(), []

    def counted(maps):
        seen.append(tuple(maps.shape[1:]))
        return torch.relu(maps)

    model.conv1.activation = counted
    look = [("conv1.post", lambda *_: None)] if watched else []
    run_with_hooks(model, images(2), forward_hooks=look)
    assert seen == [(8, 24, 24) if watched else (8, 12, 12)]


@pytest.mark.parametrize("point", ["conv1.pre", "conv1.post", "conv2.pre", "conv2.post"])
def test_a_hook_in_training_is_called_and_what_it_hands_back_is_gone_on_with(point):
    model = CNN().train()
    batch = images(3)
    handed = run_with_cache(model, batch, names=[point])[1][point] + 0.5
    logits = run_with_hooks(model, batch, forward_hooks=[(point, lambda *_: handed)])
    with torch.no_grad():
        expected = run_with_hooks(model.eval(), batch, forward_hooks=[(point, lambda *_: handed)])
    torch.testing.assert_close(logits, expected)
    assert not torch.allclose(logits, model(batch), atol=1e-3)


@pytest.mark.parametrize("register", ["register_forward_pre_hook", "register_full_backward_hook"])
def test_other_hooks_of_torch_are_called_in_training_too(register):
    model, called = CNN().train(), []
    getattr(model.conv2.post, register)(lambda *_: called.append(True))
    model(images(2)).sum().backward()
    assert called


def test_a_module_in_the_place_of_a_hook_point_is_run():
    model, batch = CNN().train(), images(2)
    before = model(batch)
    model.conv1.pre = torch.nn.Threshold(10.0, 0.0)
    assert not torch.allclose(model(batch), before, atol=1e-3)


def test_a_function_that_is_not_increasing_is_not_moved(monkeypatch):
    """The largest of the squares of -2 and 1 is not the square of the largest."""
    monkeypatch.setitem(chain.ACTIVATIONS, "square", torch.square)
    layer = Convolution(1, 1, kernel=1, padding=0, activation="square").train()
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.zero_()
    assert layer(torch.tensor([[[[-2.0, 1.0], [0.0, 0.0]]]])).item() == 4.0


def test_second_derivatives_are_there_in_training_too():
    model = CNN().double().train()
    batch, weight = images(4).double(), model.conv1.weight
    slope = torch.autograd.grad(cross_entropy(model(batch), torch.arange(4)), weight, create_graph=True)[0]
    twice = torch.autograd.grad(slope.square().sum(), weight)[0]
    other = torch.autograd.grad(cross_entropy(plain(model, batch), torch.arange(4)), weight, create_graph=True)[0]
    torch.testing.assert_close(twice, torch.autograd.grad(other.square().sum(), weight)[0])
    assert twice.abs().max() > 0
