"""Networks at several learning rates: stacked ones are what each would be alone, and starts are folded exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from experiments import models, stack
from experiments.sweep import fold, set_aside, sweep

PLAIN = {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.0, "momentum": 0.0, "batch_size": 16}
RAW, NORMALIZED = {"mean": 0.0, "std": 1.0}, {"mean": 0.13, "std": 0.31}
MLP = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [6, 5]}}
CNN = {"build": "experiments.models.cnn:CNN", "options": {"channels": [2], "kernel": 3, "hidden": 4}}


def images(count, seed):
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    found = draw.integers(0, 90, (count, 10, 10), dtype=np.uint8)
    for place, label in enumerate(labels):
        found[place, 2 * label : 2 * label + 2] += 120
    return {"images": found, "labels": labels.astype(np.uint8)}


TRAIN, TEST = images(120, 0), images(40, 1)


def tried(**changed):
    given = {
        "train_set": TRAIN,
        "test_set": TEST,
        "architecture": MLP,
        "treatment": NORMALIZED,
        "begins_as": None,
        "recipe": PLAIN,
        "rates": [0.02, 0.1],
        "seed": 3,
        "epochs": 3,
    }
    return sweep(**{**given, **changed})


@pytest.mark.parametrize("hidden", [[6], [6, 5], [7, 6, 5]])
@pytest.mark.parametrize("factors", [{}, {"first": 10.0}, {"first": 0.0, "last": 2.0}])
def test_stacked_networks_are_what_each_is_alone(monkeypatch, hidden, factors):
    given = {"architecture": {**MLP, "options": {"hidden": hidden}}, "recipe": {**PLAIN, "layer_rates": factors}}
    stacked = tried(**given)
    monkeypatch.setattr(stack, "fits", lambda *_, **__: False)
    alone = tried(**given)
    for name in ("train_loss", "set_aside", "test", "diverged", "rates"):
        np.testing.assert_allclose(stacked["curves.npz"][name], alone["curves.npz"][name], rtol=2e-5, atol=1e-6)
    assert stacked["weights.npz"].keys() == alone["weights.npz"].keys()
    for name, value in alone["weights.npz"].items():
        np.testing.assert_allclose(stacked["weights.npz"][name], value, rtol=1e-4, atol=1e-6)


def test_a_network_does_not_depend_on_which_others_are_stacked_with_it():
    both, one = tried(), tried(rates=[0.1])
    np.testing.assert_allclose(both["curves.npz"]["train_loss"][1], one["curves.npz"]["train_loss"][0], rtol=1e-5)


def test_networks_learn_and_a_convolution_is_trained_one_by_one():
    for architecture in (MLP, CNN):
        curves = tried(architecture=architecture)["curves.npz"]
        assert curves["train_loss"].shape == (2, 3)
        assert curves["test"].shape == curves["set_aside"].shape == (2, 4)
        assert (curves["train_loss"][:, -1] < curves["train_loss"][:, 0]).all()
        assert (curves["diverged"] == 0).all()


def test_what_cannot_be_stacked_is_not():
    def made(**options):
        return models.build("experiments.models.mlp:MLP", options=options, classes=4, side=10)

    assert stack.fits(made(hidden=[6]), PLAIN)
    assert not stack.fits(made(hidden=[6], activation="tanh"), PLAIN)
    assert not stack.fits(made(hidden=[6]), {**PLAIN, "momentum": 0.9})
    assert not stack.fits(models.build(CNN["build"], options=CNN["options"], classes=4, side=10), PLAIN)


def layered(*after, dropout=0.2):
    options = {"hidden": [6], "after": [list(after)], "dropout": dropout}
    return models.build("experiments.models.layered:LayeredMLP", options=options, classes=4, side=10)


@pytest.mark.parametrize("after", [["layernorm", "relu"], ["batchnorm", "relu"], ["relu", "dropout"]])
def test_networks_with_more_behind_a_layer_are_stacked_but_copies_of_them_are_not(after):
    assert stack.fits(layered(*after), PLAIN)
    assert not stack.fits(layered(*after), PLAIN, plain=True)


def without(model, name, value):
    """The model, with something in the place of a part of its hidden layer, or of a part's attribute."""
    *path, last = name.split(".")
    setattr(model.hidden1.get_submodule(".".join(path)), last, value)
    return model


@pytest.mark.parametrize(
    "model",
    [
        layered("relu", "dropout", dropout=1.0),
        layered("relu", "dropout", dropout=0.0),
        without(layered("layernorm", "relu"), "layernorm.bias", None),
        without(layered("layernorm", "relu"), "layernorm", torch.nn.GroupNorm(2, 6)),
        without(layered("batchnorm", "relu"), "batchnorm.momentum", None),
        without(layered("batchnorm", "relu"), "batchnorm", torch.nn.BatchNorm1d(6, affine=False)),
    ],
    ids=["all dropped", "none dropped", "no shift", "another module", "another average", "no scale"],
)
def test_what_is_not_as_usual_behind_a_layer_is_not_stacked(model):
    assert not stack.fits(model, PLAIN)


def test_a_loss_that_is_no_number_is_told_with_its_step_and_nowhere_else():
    huge = tried(rates=[0.1, 1e30], architecture=MLP)["curves.npz"]
    assert huge["diverged"][0] == 0
    assert huge["diverged"][1] > 0
    assert np.isfinite(huge["test"]).all()


@pytest.mark.parametrize("architecture", [MLP, CNN])
def test_a_folded_start_computes_what_the_other_treatment_computes(architecture):
    torch.manual_seed(0)
    plain = models.build(architecture["build"], options=architecture["options"], classes=4, side=10)
    folded = models.build(architecture["build"], options=architecture["options"], classes=4, side=10)
    folded.load_state_dict(plain.state_dict())
    fold(folded, fed=RAW, begun=NORMALIZED)
    pixels = torch.rand(5, 1, 10, 10)
    torch.testing.assert_close(folded(pixels), plain((pixels - 0.13) / 0.31), rtol=1e-4, atol=1e-5)
    folded.load_state_dict(plain.state_dict())
    fold(folded, fed=NORMALIZED, begun=RAW)
    torch.testing.assert_close(folded((pixels - 0.13) / 0.31), plain(pixels), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("preconditioned", [True, False])
def test_a_step_divided_by_the_inputs_second_moment_makes_the_treatment_no_matter(preconditioned):
    """K-FAC's input side on layer one (Martens and Grosse 2015): an affine treatment then changes nothing at all, and
    without it, from the same function at the start, it does."""
    torch.manual_seed(0)
    plain, treated = (models.build(MLP["build"], options=MLP["options"], classes=4, side=10) for _ in range(2))
    treated.load_state_dict(plain.state_dict())
    fold(treated, fed=NORMALIZED, begun=RAW)  # computes of treated pixels what `plain` computes of plain ones
    plain, treated = plain.double(), treated.double()
    labels = torch.tensor(TRAIN["labels"].astype(np.int64))
    pixels = torch.from_numpy(TRAIN["images"]).double()[:, None] / 255
    inputs = {plain: pixels, treated: (pixels - NORMALIZED["mean"]) / NORMALIZED["std"]}
    for _ in range(5):
        for model, seen in inputs.items():
            model.zero_grad()
            cross_entropy(model(seen), labels).backward()
            with torch.no_grad():
                if preconditioned:
                    _precondition(model.hidden1, seen.flatten(1))
                for parameter in model.parameters():
                    parameter -= 0.1 * parameter.grad
    one, other = (model(seen).detach() for model, seen in inputs.items())
    apart = (one - other).abs().max() / one.abs().max()
    assert (apart < 1e-3) == preconditioned, apart


def _precondition(layer, seen):
    """Multiplies the gradient of weights and biases, side by side, by the inverse second moment of the inputs and 1."""
    row = torch.cat([seen, torch.ones(len(seen), 1, dtype=seen.dtype)], dim=1)
    inverse = torch.linalg.pinv(row.T @ row / len(row), hermitian=True)
    found = torch.cat([layer.weight.grad, layer.bias.grad[:, None]], dim=1) @ inverse
    layer.weight.grad, layer.bias.grad = found[:, :-1].contiguous(), found[:, -1].contiguous()


def test_a_padded_layer_cannot_be_folded():
    model = models.build(CNN["build"], options={**CNN["options"], "padding": 1}, classes=4, side=10)
    with pytest.raises(ValueError, match="cannot be folded"):
        fold(model, fed=RAW, begun=NORMALIZED)


def test_begun_networks_start_with_folded_weights_and_learn_by_their_own_input():
    raw, begun = tried(treatment=RAW), tried(treatment=RAW, begins_as=NORMALIZED)
    before, after = (each["weights.npz"]["hidden1.weight"][0] for each in (raw, begun))
    np.testing.assert_allclose(after, before / 0.31, rtol=1e-5)
    assert (begun["curves.npz"]["train_loss"] != raw["curves.npz"]["train_loss"]).all()


def test_one_in_twelve_is_set_aside_and_never_trained_on():
    aside = set_aside(120)
    assert len(aside) == len({*aside.tolist()}) == 10
    spoilt = {"images": TRAIN["images"].copy(), "labels": TRAIN["labels"].copy()}
    spoilt["images"][aside] = 255
    before, after = tried()["curves.npz"], tried(train_set=spoilt)["curves.npz"]
    np.testing.assert_array_equal(before["train_loss"], after["train_loss"])
    np.testing.assert_array_equal(before["test"], after["test"])
    assert (before["set_aside"] != after["set_aside"]).any()


def test_the_networks_own_rate_keeps_its_weights_by_epoch():
    weights = tried()["weights.npz"]
    assert weights["hidden1.weight"].shape == (4, 6, 100)
    assert tried(rates=[0.02, 0.05])["weights.npz"] == {}
