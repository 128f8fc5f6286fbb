"""Attribution: folding the normalization changes nothing; oracles are Captum, SciPy and closed forms."""

import numpy as np
import pytest
import torch
from captum.attr import Saliency
from planted import ARCHITECTURES, NORMALIZED, linear, network, some
from scipy.stats import spearmanr

from experiments.analyses import features
from experiments.measures import attribution


def folded(model, *, mean: float, std: float):
    """The network that does the normalization itself: its first layer takes pixels."""
    layer = model.get_submodule(model.layers[0])
    with torch.no_grad():
        layer.bias -= mean / std * layer.weight.flatten(1).sum(dim=1)
        layer.weight /= std
    return model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("hook_point", ["logits", "first"])
def test_folding_the_normalization_into_the_first_layer_changes_neither_gradients_nor_integrated_ones(
    random, architecture, hook_point
):
    (pixels, _), units = some(random), torch.tensor([0, 1, 1, 0])
    model = network(architecture).double()
    hook_point = hook_point.replace("first", f"{model.layers[-2]}.pre")
    apart = attribution.reader(model, hook_point, **NORMALIZED)
    before = [ask(apart, pixels, units) for ask in (attribution.saliency, attribution.integrated_gradients)]
    within = attribution.reader(folded(model, **NORMALIZED), hook_point, mean=0.0, std=1.0)
    after = [ask(within, pixels, units) for ask in (attribution.saliency, attribution.integrated_gradients)]
    for one, other in zip(before, after, strict=True):
        assert one.abs().sum() > 0
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_saliency_is_the_gradient_in_treated_space_over_the_standard_deviation(random, architecture):
    (pixels, units), model = some(random), network(architecture).double()
    treated = ((pixels - NORMALIZED["mean"]) / NORMALIZED["std"]).requires_grad_()
    model(treated)[torch.arange(len(units)), units].sum().backward()
    found = attribution.saliency(attribution.reader(model, "logits", **NORMALIZED), pixels, units)
    assert torch.allclose(found, treated.grad[:, 0] / NORMALIZED["std"])


def test_saliency_is_that_of_captum(random):
    (pixels, units), model = some(random), network("cnn").double()
    read = attribution.reader(model, "logits", **NORMALIZED)
    oracle = Saliency(read).attribute(pixels.clone().requires_grad_(), target=units, abs=False)
    assert torch.allclose(attribution.saliency(read, pixels, units), oracle[:, 0])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_integrated_gradients_add_up_to_what_they_explain(random, architecture):
    (pixels, units), model = some(random), network(architecture).double()
    read = attribution.reader(model, "logits", **NORMALIZED)
    found = attribution.integrated_gradients(read, pixels, units, steps=256)
    explained = (read(pixels) - read(torch.zeros_like(pixels)))[torch.arange(len(units)), units]
    assert torch.allclose(found.sum(dim=(1, 2)), explained, atol=2e-3)
    assert attribution.incompleteness(read, pixels, units, found) < 0.02


def test_integrated_gradients_of_a_linear_unit_are_weight_times_pixel(random):
    (pixels, _), template = some(random), torch.tensor(random.normal(size=(2, 28, 28)))
    units = torch.tensor([0, 1, 1, 0])
    found = attribution.integrated_gradients(linear(template), pixels, units)
    assert torch.allclose(found, template[units] * pixels[:, 0])


def test_incompleteness_is_the_share_that_is_missed(random):
    (pixels, _), template = some(random), torch.ones(1, 28, 28, dtype=torch.float64)
    units = torch.zeros(len(pixels), dtype=torch.long)
    assert attribution.incompleteness(linear(template), pixels, units, pixels[:, 0]) == pytest.approx(0, abs=1e-12)
    assert attribution.incompleteness(linear(template), pixels, units, 0.75 * pixels[:, 0]) == pytest.approx(0.25)
    assert attribution.incompleteness(linear(0 * template), pixels, units, 0 * pixels[:, 0]) == 0


def test_a_channel_is_read_where_it_is_highest(random):
    (pixels, _), model = some(random, dtype=torch.float32), network("cnn")
    found = attribution.reader(model, "conv1.pre", mean=0.0, std=1.0)(pixels)
    assert torch.allclose(found, torch.nn.functional.conv2d(pixels, model.conv1.weight, model.conv1.bias).amax((2, 3)))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_layers_are_drawn_anew_one_by_one_from_the_top_and_the_network_is_left_alone(architecture):
    model, chance = network(architecture), torch.random.get_rng_state()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = attribution.randomised(model, architecture=ARCHITECTURES[architecture], seed=5)
    assert [layer for layer, _ in found] == list(reversed(model.layers))
    for depth, (_, less) in enumerate(found):
        same = [torch.equal(less.get_parameter(f"{layer}.weight"), before[f"{layer}.weight"]) for layer in model.layers]
        assert same == [True] * (len(same) - depth - 1) + [False] * (depth + 1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), chance)
    again = attribution.randomised(model, architecture=ARCHITECTURES[architecture], seed=5)
    assert torch.equal(found[-1][1].logits.weight, again[-1][1].logits.weight)


def test_rank_correlation_is_that_of_scipy_also_with_ties(random):
    a, b = random.integers(0, 5, (6, 40)).astype(float), random.integers(0, 5, (6, 40)).astype(float)
    oracle = [spearmanr(*pair).statistic for pair in zip(a, b, strict=True)]
    assert attribution.rank_correlation(a, b) == pytest.approx(oracle)
    assert attribution.rank_correlation(a, np.exp(a)) == pytest.approx(1)
    assert attribution.rank_correlation(a, np.ones_like(a)) == pytest.approx(0)


def test_likeness_looks_at_sizes_and_only_where_it_is_told_to(random):
    a = torch.tensor(random.normal(size=(3, 28, 28)))
    b, half = -a, np.zeros((3, 28, 28), dtype=bool)
    b[:, :14] = torch.tensor(random.normal(size=(3, 14, 28)))
    half[:, 14:] = True
    assert features.likeness(a, b, half) == pytest.approx(1)
    assert features.likeness(a, b, ~half) == pytest.approx(0, abs=0.15)
