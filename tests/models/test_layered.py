"""The MLP with normalization and dropout: without them it is the MLP; with them each part does its work."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from experiments import models
from experiments.hooks import run_with_cache
from experiments.models.layered import LayeredMLP
from experiments.models.mlp import MLP
from experiments.networks import at_epoch
from experiments.train import train

RNG = np.random.default_rng(0)
SET = {"images": RNG.integers(0, 256, (200, 28, 28), dtype=np.uint8), "labels": np.arange(200, dtype=np.uint8) % 10}
IMAGES = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
LAYERED = "experiments.models.layered:LayeredMLP"
MIXED = [["relu", "layernorm", "dropout"], ["layernorm", "relu"]]


def trained(build, **options):
    return train(
        train_set=SET, test_set=SET, probe_set=SET, architecture={"build": build, "options": options},
        treatment={"mean": 0.5, "std": 0.3}, seed=3, epochs=2, early=1,
        recipe={"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 64},
    )  # fmt: skip


def seeded(make):
    torch.manual_seed(3)
    return make()


def test_without_additions_it_is_the_mlp_bit_for_bit_through_training():
    plain, mlp = trained(LAYERED, after=[["relu"], ["relu"]]), trained("experiments.models.mlp:MLP")
    for product, arrays in mlp.items():
        assert plain[product].keys() == arrays.keys()
        for name, values in arrays.items():
            assert np.array_equal(plain[product][name], values), name


def test_every_layer_can_be_read_before_its_parts_behind_the_relu_and_where_it_hands_on():
    _, cache = run_with_cache(LayeredMLP(after=MIXED).eval(), IMAGES)
    assert list(cache) == [
        "input", "hidden1.pre", "hidden1.post", "hidden1.out", "hidden2.pre", "hidden2.post", "logits",
    ]  # fmt: skip
    assert torch.equal(cache["hidden1.post"], cache["hidden1.pre"].relu()), "nothing stands before the first ReLU"
    assert (cache["hidden1.out"] < 0).any(), "LayerNorm after the ReLU centres what is handed on"
    assert not torch.equal(cache["hidden2.post"], cache["hidden2.pre"].relu())


def test_the_last_hidden_layer_is_kept_behind_its_relu_also_where_more_follows():
    products = trained(LAYERED, after=[["relu"], ["relu", "layernorm"]])
    assert (products["trajectory.npz"]["penultimate"] >= 0).all()
    assert "mean/hidden2.out" in products["record.npz"]
    assert abs(products["record.npz"]["mean/hidden2.out"][0, -1]) < 1e-6


@pytest.mark.parametrize("parts", [["relu", "layernorm"], ["layernorm", "relu"]])
def test_layernorm_centres_each_image_over_the_units(parts):
    _, cache = run_with_cache(seeded(lambda: LayeredMLP(after=[parts, ["relu"]])), IMAGES)
    source = cache["hidden1.post"] if parts[0] == "relu" else cache["hidden1.pre"]
    centred = source - source.mean(1, keepdim=True)
    expected = centred / (source.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    expected = expected if parts[0] == "relu" else expected.relu()
    assert torch.allclose(cache["hidden1.out" if parts[0] == "relu" else "hidden1.post"], expected, atol=1e-5)


def test_batchnorm_centres_each_unit_over_the_batch_in_training_and_keeps_running_statistics():
    network = seeded(lambda: LayeredMLP(after=[["batchnorm", "relu"], ["relu"]])).train()
    source = run_with_cache(network, IMAGES)[1]["hidden1.pre"]
    post = run_with_cache(network, IMAGES)[1]["hidden1.post"]
    expected = (source - source.mean(0)) / (source.var(0, correction=0) + 1e-5).sqrt()
    assert torch.allclose(post, expected.relu(), atol=1e-5)
    assert network.get_buffer("hidden1.batchnorm.num_batches_tracked") == 2


def test_dropout_drops_a_fifth_in_training_from_the_global_generator_and_nothing_in_evaluation():
    network = seeded(lambda: LayeredMLP(after=[["relu", "dropout"], ["relu"]], dropout=0.2)).train()

    def handed_on():
        cache = run_with_cache(network, IMAGES)[1]
        return cache["hidden1.post"], cache["hidden1.out"]

    torch.manual_seed(1)
    post, first = handed_on()
    assert (first[post > 0] == 0).float().mean() == pytest.approx(0.2, abs=0.03)
    assert not torch.equal(handed_on()[1], first)
    torch.manual_seed(1)
    assert torch.equal(handed_on()[1], first), "the seed decides what is dropped"
    network.eval()
    assert torch.equal(*handed_on())


def test_additions_do_not_move_the_initial_weights():
    mixed, mlp = seeded(lambda: LayeredMLP(after=MIXED)), seeded(MLP)
    for name, values in mlp.state_dict().items():
        assert torch.equal(mixed.state_dict()[name], values), name


def test_a_run_is_recorded_the_same_twice_and_its_weights_hold_what_evaluation_needs():
    options = {"after": [["batchnorm", "relu", "dropout"], ["relu", "layernorm"]], "dropout": 0.2}
    first, second = trained(LAYERED, **options), trained(LAYERED, **options)
    for product, arrays in first.items():
        for name, values in arrays.items():
            assert np.array_equal(values, second[product][name]), name
    assert first["weights.npz"]["hidden1.batchnorm.running_mean"].shape == (3, 32)
    model = at_epoch(first["weights.npz"], epoch=-1, architecture={"build": LAYERED, "options": options})
    pixels = (torch.tensor(SET["images"]).float().div(255) - 0.5).div(0.3).unsqueeze(1)
    with torch.no_grad():
        assert np.array_equal(model(pixels).argmax(1).numpy(), first["record.npz"]["test_prediction"])


@pytest.mark.parametrize(
    "after",
    [[["relu"]], [["relu", "relu"], ["relu"]], [["layernorm"], ["relu"]], [["relu", "sigmoid"], ["relu"]]],
)
def test_a_description_that_does_not_fit_is_refused(after):
    with pytest.raises(ValueError, match=r"one list for each|exactly once"):
        models.build(LAYERED, options={"after": after})
