"""Units that were shuffled and rescaled are found again, and a network that is rearranged computes what it did."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from experiments import models
from experiments.hooks import run_with_cache
from experiments.measures import rebasing
from experiments.record import reading_point

NETWORKS = {
    "mlp": ("experiments.models.mlp:MLP", {"hidden": [9, 7]}),
    "cnn": ("experiments.models.cnn:CNN", {"channels": [5, 6], "kernel": 3, "hidden": 8}),
}


def network(name, seed=0):
    build, options = NETWORKS[name]
    torch.manual_seed(seed)
    return models.build(build, options=options, classes=4, side=12).eval()


def hidden(model, images):
    points = {layer: reading_point(model, layer) for layer in model.layers[:-1]}
    _, cache = run_with_cache(model, images, names=list(points.values()))
    return {layer: cache[point].numpy() for layer, point in points.items()}


def disguised(model, seed=1):
    """The same network with its units in another order and on other scales."""
    draw = np.random.default_rng(seed)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    for layer, behind in zip(model.layers[:-1], model.layers[1:], strict=True):
        units = len(state[f"{layer}.bias"])
        order, scale = draw.permutation(units), torch.tensor(draw.uniform(0.3, 3, units), dtype=torch.float32)
        shape = (-1, *[1] * (state[f"{layer}.weight"].ndim - 1))
        state[f"{layer}.weight"] = state[f"{layer}.weight"][order] * scale.view(shape)
        state[f"{layer}.bias"] = state[f"{layer}.bias"][order] * scale
        fed = state[f"{behind}.weight"]
        split = fed.reshape(len(fed), units, -1)[:, order] / scale.view(1, -1, 1)
        state[f"{behind}.weight"] = split.reshape(fed.shape)
    model.load_state_dict(state)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_a_planted_order_and_scale_are_undone(name):
    images = torch.randn(200, 1, 12, 12)
    first, second = network(name), disguised(network(name))
    torch.testing.assert_close(second(images), first(images), rtol=1e-3, atol=1e-4)
    found = rebasing.rearranged(second, hidden(first, images), hidden(second, images))
    half = rebasing.between(first.state_dict(), found, 0.5)
    model = network(name, seed=9)
    model.load_state_dict(half)
    torch.testing.assert_close(model(images), first(images), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_rearranged_network_computes_what_it_did(name):
    images = torch.randn(200, 1, 12, 12)
    first, second = network(name), network(name, seed=5)
    before = second(images)
    second.load_state_dict(rebasing.rearranged(second, hidden(first, images), hidden(second, images)))
    torch.testing.assert_close(second(images), before, rtol=1e-3, atol=1e-4)


def test_units_that_never_vary_keep_their_scale():
    draw = np.random.default_rng(0).random((50, 4)).astype(np.float32)
    still = draw.copy()
    still[:, 2] = 0
    order, scale = rebasing.best_order(draw, still)
    assert order.tolist() == [0, 1, 2, 3]
    assert scale.tolist() == pytest.approx([1, 1, 1, 1])


def test_the_barrier_is_the_rise_above_the_line():
    assert rebasing.barrier(np.array([1.0, 1.5, 2.0])) == 0
    assert rebasing.barrier(np.array([1.0, 4.0, 2.0])) == pytest.approx(2.5)


def test_what_cannot_be_rearranged_is_told():
    def made(build, **options):
        return models.build(build, options=options, classes=4, side=12)

    assert rebasing.fits(network("mlp"))
    assert rebasing.fits(network("cnn"))
    assert not rebasing.fits(made("experiments.models.mlp:MLP", hidden=[4], activation="tanh"))
    normed = {"hidden": [4], "after": [["relu", "layernorm"]]}
    assert not rebasing.fits(made("experiments.models.layered:LayeredMLP", **normed))
