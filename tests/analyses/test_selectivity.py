"""Selectivity: planted specialists and generalists, gradients by autograd, rankings that agree or do not."""

import numpy as np
import pytest
import torch
from planted import CONDITIONS, GRID

from experiments.analyses.selectivity import (
    _chance,
    agreement,
    compare,
    correct_logit_gradient,
    limits,
    preferences,
    read,
    scores,
)
from experiments.hooks import run_with_cache, run_with_hooks
from experiments.measures.units import class_selectivity
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP
from experiments.record import unit_statistics

CARD = {"class_names": [str(digit) for digit in range(10)], "classes": 10, "kinds": "digits"}
SPECIALIST, GENERALIST, PAIR, DEAD = np.eye(10)[3], np.ones(10), np.eye(10)[3] + np.eye(10)[8], np.zeros(10)
RAW = {"mean": 0.0, "std": 1.0}


def networks(architecture: type) -> dict[str, np.ndarray]:
    """The weights of an untrained network and of another one, as if training had led from the first to the second."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first, last = architecture().state_dict(), architecture().state_dict()
    return {name: np.stack([first[name].numpy(), last[name].numpy()]) for name in first}


def probe() -> dict[str, np.ndarray]:
    images = np.random.default_rng(0).integers(0, 256, (60, 28, 28), dtype=np.uint8)
    return {"images": images, "labels": (np.arange(60) % 10).astype(np.uint8)}


def reading(architecture: type, name: str) -> dict[str, np.ndarray]:
    """What `read` makes of an untrained network, with a record that holds its true class means."""
    weights, images = networks(architecture), torch.tensor(probe()["images"] / 255).float()[:, None]
    labels = torch.tensor(probe()["labels"]).long()
    record: dict[str, list[np.ndarray]] = {}
    model = architecture().eval()
    for epoch in (0, 1):
        model.load_state_dict({key: torch.tensor(values[epoch]) for key, values in weights.items()})
        _, cache = run_with_cache(model, images)
        for layer in model.layers:
            post = cache[layer if layer == "logits" else f"{layer}.post"]
            for key, values in unit_statistics(layer, post, labels).items():
                record.setdefault(key, []).append(values)
    stacked = {key: np.stack(values) for key, values in record.items() if key != "active/logits"}
    return read(
        weights=weights,
        probe=probe(),
        record=stacked | {"layers": np.array(model.layers)},
        architecture={"build": name, "options": {}},
        treatment=RAW,
    )["arrays.npz"]


def planted(units: np.ndarray, *, seed: int = 0) -> dict[str, np.ndarray]:
    """One hidden layer that grows from generalists into `units`."""
    same = np.tile(GENERALIST, (len(units), 1))
    gradient = np.random.default_rng(seed).normal(size=(2, len(units), 10))
    return {
        "layers": np.array(["hidden2"]),
        "class_mean/hidden2": units,
        "class_mean/logits": np.eye(10),
        "gradient/hidden2": gradient,
        "own/hidden2": np.stack([same, (same + units) / 2, units]),
    }


def study(*, seeds: int = 3) -> dict[str, dict[str, np.ndarray]]:
    """Raw networks have specialists only, normalized ones generalists only."""
    units = {"raw": np.eye(10), "normalized": np.ones((10, 10))}
    return {
        f"{condition}/{seed}": planted(units[condition.partition("-")[2]], seed=seed)
        for condition in CONDITIONS
        for seed in range(seeds)
    }


def test_specialists_polysemantic_units_and_generalists_are_told_apart_and_dead_ones_left_out():
    found = preferences(np.stack([SPECIALIST, PAIR + np.eye(10)[0], GENERALIST, GENERALIST, DEAD]))
    assert found["specialists"] == found["polysemantic"] == 25
    assert found["generalists"] == 50
    assert found["participation"] == pytest.approx((1 + 3 + 10 + 10) / 4)


def test_the_kinds_meet_at_their_thresholds():
    eight = np.where(np.arange(10) < 8, 1.0, 0.0)
    found = preferences(np.stack([PAIR, eight]))
    assert (found["specialists"], found["polysemantic"], found["generalists"]) == (0, 100, 0)


@pytest.mark.parametrize("classes", [2, 5, 10, 30])
def test_one_class_makes_a_specialist_and_all_a_generalist_however_many_there_are(classes):
    few, many = limits(classes)
    assert 1 < few < many < classes
    found = preferences(np.stack([np.eye(classes)[0], np.ones(classes)]))
    assert (found["specialists"], found["generalists"]) == (50, 50)


def test_of_ten_classes_fewer_than_two_make_a_specialist_and_more_than_eight_a_generalist():
    assert limits(10) == (2, 8)


def test_a_layer_without_life_prefers_nothing():
    assert preferences(np.stack([DEAD, DEAD])) == dict.fromkeys(preferences(np.stack([SPECIALIST])), 0)


def test_before_the_logits_the_gradient_is_the_weight():
    model = MLP().eval()
    images, labels = torch.rand(40, 1, 28, 28), torch.arange(40) % 10
    found = correct_logit_gradient(model, images, labels, layers=["hidden1", "hidden2"])
    assert found["hidden2"] == pytest.approx(model.logits.weight.detach().numpy().T, abs=1e-6)


@pytest.mark.parametrize(("architecture", "layer"), [(MLP, "hidden1"), (CNN, "conv1"), (CNN, "conv2")])
def test_the_gradient_is_what_the_correct_logit_gains_when_a_unit_rises_everywhere(architecture, layer):
    model = architecture().eval().double()
    images, labels = torch.rand(20, 1, 28, 28, dtype=torch.float64), torch.arange(20) % 10
    found = correct_logit_gradient(model, images, labels, layers=[layer])[layer]
    tiny = 1e-6

    def raise_unit(activation, hook):
        activation = activation.clone()
        activation[:, 2] += tiny
        return activation

    with torch.no_grad():
        before = model(images)
        after = run_with_hooks(model, images, forward_hooks=[(f"{layer}.post", raise_unit)])
    gain = ((after - before) / tiny)[torch.arange(20), labels].numpy()
    assert found[2] == pytest.approx([gain[labels.numpy() == digit].mean() for digit in range(10)], abs=1e-4)


def test_rankings_that_are_the_same_agree_and_reversed_ones_disagree():
    one = np.random.default_rng(0).random((12, 10))
    found = agreement({"mean": one, "gradient": one, "selectivity": -one})
    assert found["agreement"]["mean-gradient"] == pytest.approx(1)
    assert found["overlap"]["mean-gradient"] == 3
    assert found["agreement"]["mean-selectivity"] == pytest.approx(-1)
    assert found["overlap"]["mean-selectivity"] == 0


def test_dead_units_are_on_no_list_and_no_room_for_chance():
    """Ranked among all units, the living ones would seem to agree because the dead are last in both."""
    rng, shared = np.random.default_rng(8), []
    for _ in range(300):
        means = np.concatenate([rng.random((6, 10)), np.zeros((10, 10))])
        gradient = rng.random((16, 10))
        found = {"mean": means, "gradient": gradient, "selectivity": class_selectivity(means)}
        shared.append(agreement(found)["overlap"]["mean-gradient"])
    assert np.mean(shared) == pytest.approx(9 / 6, abs=0.05)
    run = {"own/a": np.stack([means, means])}
    assert _chance(run, "a") == pytest.approx(9 / 6)


def test_rankings_without_relation_agree_as_chance_has_it():
    rng = np.random.default_rng(1)
    found = [
        agreement({name: rng.random((16, 10)) for name in ("mean", "gradient", "selectivity")}) for _ in range(200)
    ]
    assert np.mean([each["agreement"]["mean-gradient"] for each in found]) == pytest.approx(0, abs=0.03)
    assert np.mean([each["overlap"]["mean-gradient"] for each in found]) == pytest.approx(9 / 16, abs=0.04)


def test_dead_units_bring_about_no_agreement():
    living = np.random.default_rng(2).random((2, 8, 10))
    dead = np.zeros((8, 10))
    one, other = (np.concatenate([part, dead]) for part in living)
    expected = agreement({"mean": living[0], "gradient": living[1], "selectivity": living[1]})
    found = agreement({"mean": one, "gradient": other, "selectivity": other})
    assert found["agreement"] == expected["agreement"]


@pytest.mark.parametrize(
    ("architecture", "name", "parts"),
    [
        (MLP, "experiments.models.mlp:MLP", ["hidden1", "hidden2"]),
        (CNN, "experiments.models.cnn:CNN", ["conv1", "conv1.peak", "conv2", "conv2.peak", "hidden3"]),
    ],
)
def test_a_run_is_read_in_every_part(architecture, name, parts):
    arrays = reading(architecture, name)
    assert [key.removeprefix("own/") for key in arrays if key.startswith("own/")] == parts
    for part in parts:
        units = arrays[f"own/{part}"].shape[1]
        assert arrays[f"own/{part}"].shape == (2, units, 10)
    assert set(scores(arrays, parts[-1])) == {"mean", "gradient", "selectivity"}
    assert arrays["class_mean/logits"].shape == (10, 10)


def test_reading_a_run_again_gives_the_same():
    one, other = (reading(MLP, "experiments.models.mlp:MLP") for _ in range(2))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_facts_hold_the_planted_units_their_controls_and_differences():
    facts = compare(runs=study(), card=CARD, grid=GRID)["facts.json"]
    assert facts["selectivity.participation.mlp-raw.hidden2"]["value"] == pytest.approx(1)
    assert facts["selectivity.participation_gain.mlp-raw.hidden2"]["value"] == pytest.approx(-9)
    assert facts["selectivity.specialists.difference.mlp:normalized.hidden2"]["value"] == -100
    assert facts["selectivity.specialists.difference.mlp:normalized.hidden2"]["unit"] == "points"
    assert facts["selectivity.selectivity.difference.raw:cnn.last"]["value"] == pytest.approx(0)
    assert facts["selectivity.chance.mlp-raw.hidden2"]["value"] == pytest.approx(0.9)


def test_a_unit_of_one_digit_is_ranked_alike_by_mean_and_by_selectivity():
    facts = compare(runs=study(), card=CARD, grid=GRID)["facts.json"]
    assert facts["selectivity.agreement.mlp-raw.hidden2.mean-selectivity"]["value"] == pytest.approx(1)
    beyond = facts["selectivity.overlap_beyond_chance.mlp-raw.hidden2.mean-selectivity"]
    assert beyond["value"] == pytest.approx(3 - 0.9)


def test_arrays_hold_growth_and_the_distribution_of_participation():
    arrays = compare(runs=study(seeds=2), card=CARD, grid=GRID)["arrays.npz"]
    growth = arrays["growth/mlp-raw/hidden2"]
    assert growth.shape == (2, 3)
    assert (np.diff(growth, axis=1) > 0).all()
    spread = arrays["spread/own/mlp-raw/hidden2"][0]
    assert spread[arrays["grid"] > 1.01].min() == 100
    assert arrays["spread/start/mlp-raw/hidden2"][0, arrays["grid"] < 9.9].max() == 0
    assert arrays["top/mlp-raw/hidden2"].shape == (3, 10, 3)
    assert arrays["top/mlp-raw/hidden2"][0, 4, 0] == 4


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(seeds):
    facts = compare(runs=study(seeds=seeds), card=CARD, grid=GRID)["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
