"""Layers: planted accuracies, drifts and specialists are found again; the preferred variant is set against rivals."""

import numpy as np
import planted
import pytest
import torch

from experiments import models
from experiments.analyses import settled
from experiments.analyses.layers import compare, drift, from_settled, handed_on, measures
from experiments.record import hook_statistics

TITLES = {"plain": "Plain", "better": "Better", "notebooks": "The notebooks' combination"}
EPOCHS = 3


def record(*, accuracy: float = 0.9, train: float = 0.95, spread: float = 2.0, normed: bool = False, seed: int = 0):
    """Two hidden layers of four units, one of them dead; what the second hands on grows `spread`-fold."""
    jitter = 0.001 * seed
    points = [
        "input",
        "hidden1.pre",
        "hidden1.post",
        "hidden2.pre",
        *(["hidden2.out"] if normed else []),
        "hidden2.post",
    ]
    found = {
        "hook_points": np.array([*points, "logits"]),
        "layers": np.array(["hidden1", "hidden2", "logits"]),
        "test_accuracy": np.array([0.1, 0.5, accuracy + 0.02, accuracy]) + jitter,
        "test_loss": np.full(EPOCHS + 1, 0.3),
        "final_train_accuracy": np.array(train + jitter),
    }
    for point in points[1:]:
        moved = point == ("hidden2.out" if normed else "hidden2.post")
        found[f"mean/{point}"] = np.tile(np.linspace(1, 4 if moved else 1, EPOCHS + 1)[:, None], 11)
        found[f"std/{point}"] = np.tile(np.linspace(2, 2 * spread if moved else 2, EPOCHS + 1)[:, None], 11)
    for layer in ("hidden1", "hidden2"):
        found[f"active/{layer}"] = np.tile([0, 0.5, 0.5, 1.0], (EPOCHS + 1, 1))
        found[f"zero_gradient/{layer}"] = np.zeros((EPOCHS, 4))
        means = np.zeros((EPOCHS + 1, 4, 10))
        means[:, 1, 3] = 1  # one digit only
        means[:, 2] = 1  # all alike
        means[:, 3, :2] = 1  # two digits
        found[f"class_mean/{layer}"] = means
    return found


def study(*, seeds=5):
    plan = {"plain": {}, "better": {"accuracy": 0.95, "train": 0.955}, "notebooks": {"accuracy": 0.93, "spread": 1.0}}
    return {f"{name}/{seed}": record(**plan[name], seed=seed) for name in plan for seed in range(seeds)}


def compared(records):
    return compare(records=records, settled={}, card={"kinds": "digits"}, titles=TITLES, dropout=0.2)


def test_the_measures_of_one_network_are_those_planted():
    found = measures(record())
    assert found["test_accuracy"] == pytest.approx(90)
    assert found["gap"] == pytest.approx(5)
    assert found["decline"] == pytest.approx(2)
    assert found["first_epoch"] == pytest.approx(50)
    assert found["dead"] == found["always"] == pytest.approx(25)
    assert found["participation"] == pytest.approx((1 + 10 + 2) / 3), "the dead unit does not count"
    two_digits = (1 - 1 / 9) / (1 + 1 / 9)
    assert found["selectivity"] == pytest.approx((1 + 0 + two_digits) / 3, abs=0.001)
    assert (found["shift"], found["growth"]) == pytest.approx((0.75, 1.5)), (
        "the mean of a layer that drifts and one that does not"
    )


def test_drift_is_counted_in_untrained_standard_deviations():
    assert drift(record(spread=3), "hidden2") == pytest.approx((1.5, 3))
    assert drift(record(spread=3), "hidden1") == pytest.approx((0, 1))


def test_a_layer_is_read_where_it_hands_on():
    assert handed_on(record(), "hidden2") == "hidden2.post"
    assert handed_on(record(normed=True), "hidden2") == "hidden2.out"
    assert drift(record(normed=True, spread=3), "hidden2") == pytest.approx((1.5, 3))


def test_differences_are_paired_with_the_plain_network():
    facts = compared(study())["facts.json"]
    assert facts["layers.test_accuracy.difference.better"]["value"] == pytest.approx(5)
    assert facts["layers.test_accuracy.difference.better"]["unit"] == "points"
    assert facts["layers.gap.difference.better"]["value"] == pytest.approx(-4.5)
    assert facts["layers.growth.difference.notebooks"]["value"] == pytest.approx(-0.5)
    assert "layers.test_accuracy.difference.plain" not in facts
    assert (facts["layers.helped"]["value"], facts["layers.hurt"]["value"]) == (2, 0)
    assert (facts["layers.variants"]["value"], facts["layers.seeds"]["value"]) == (2, 5)


def test_the_preferred_variant_is_ranked_and_set_against_each_rival():
    facts = compared(study())["facts.json"]
    assert facts["layers.rank"]["value"] == 2
    assert facts["layers.preferred.plain"]["value"] == pytest.approx(3)
    assert facts["layers.preferred.better"]["value"] == pytest.approx(-2)
    assert (facts["layers.preferred.higher"]["value"], facts["layers.preferred.lower"]["value"]) == (1, 1)


def test_the_family_is_adjusted_where_there_are_many_variants():
    titles = {"plain": "Plain", "notebooks": "N", **{f"v{number}": f"V{number}" for number in range(8)}}
    rng = np.random.default_rng(0)
    records = {
        f"{name}/{seed}": record(accuracy=0.9 + 0.01 * rng.standard_normal()) for name in titles for seed in range(5)
    }
    facts = compare(records=records, settled={}, card={"kinds": "digits"}, titles=titles, dropout=0.2)["facts.json"]
    assert (
        "Holm-adjusted in the family of 9 differences of layers.test_accuracy"
        in facts["layers.test_accuracy.difference.v3"]["method"]
    )
    assert facts["layers.helped"]["value"] + facts["layers.hurt"]["value"] <= 2, "chance alone is not found to help"


def test_arrays_keep_variants_in_the_order_of_their_titles_and_seeds_apart():
    arrays = compared(study(seeds=2))["arrays.npz"]
    assert arrays["variants"].tolist() == list(TITLES)
    assert arrays["titles"].tolist() == list(TITLES.values())
    assert arrays["test_accuracy/better"].shape == (2, EPOCHS + 1)
    assert arrays["std/notebooks/hidden2"].shape == (2, EPOCHS + 1)
    assert arrays["value/dead/plain"].tolist() == [25, 25]


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(seeds):
    facts = compared(study(seeds=seeds))["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()


def test_a_layer_that_is_silent_untrained_has_no_drift_to_measure():
    record = {
        "hook_points": np.array(["hidden1.post"]),
        "mean/hidden1.post": np.array([[0.0], [2.0]]),
        "std/hidden1.post": np.array([[0.0], [1.0]]),
    }
    assert drift(record, "hidden1") == (0.0, 1.0)


def network(*parts: str):
    options = {"hidden": [6, 5], "after": [[*parts, "relu"], ["relu"]]}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return models.build("experiments.models.layered:LayeredMLP", options=options, classes=10, side=28), options


def settled_of(random, *parts: str) -> tuple[dict, dict]:
    """(statistics from which drift is counted, statistics that the record has) of an untrained network."""
    model, options = network(*parts)
    given = planted.digits(random, per_class=20)
    weights = {name: value.numpy()[None] for name, value in model.state_dict().items()}
    architecture = {"build": "experiments.models.layered:LayeredMLP", "options": options}
    told = {"weights": weights, "architecture": architecture, "treatment": planted.NORMALIZED}
    found = settled.read(train=given, probe=given, **told)["arrays.npz"]
    pixels = (torch.tensor(given["images"]).float().div(255).unsqueeze(1) - 0.1307) / 0.3081
    with torch.no_grad():
        hidden = model.eval().hidden1(pixels.flatten(1))
    return found, hook_statistics("hidden1.post", hidden, torch.tensor(given["labels"]).long())


def test_without_running_statistics_drift_is_counted_from_what_the_record_has(random):
    found, recorded = settled_of(random)
    assert found["std/hidden1.post"] == pytest.approx(recorded["std/hidden1.post"], rel=1e-4)


def test_batch_normalization_begins_with_the_statistics_of_a_batch_and_not_those_it_is_made_with(random):
    found, recorded = settled_of(random, "batchnorm")
    half_normal = 0.58  # the standard deviation of a standard normal that a ReLU has cut
    assert found["std/hidden1.post"][-1] == pytest.approx(half_normal, abs=0.1)
    assert abs(recorded["std/hidden1.post"][-1] - half_normal) > 0.15, "the record has that of the defaults"


def test_dropout_and_weights_are_left_as_they_are_by_settling(random):
    model, _ = network("batchnorm", "dropout")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    settled.settle(model, torch.rand(50, 1, 28, 28))
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.rpartition(".")[2] for name in changed} == {"running_mean", "running_var", "num_batches_tracked"}
    assert not any(module.training for module in model.modules())


def test_drift_is_counted_from_the_settled_network():
    given = record(spread=3)
    start = {"std/hidden2.post": np.full(11, 6.0), "mean/hidden2.post": np.full(11, 4.0)}
    assert drift(from_settled(given, start), "hidden2") == pytest.approx((0, 1))
    arrays = compare(
        records=study(), settled={"better/0": start}, card={"kinds": "digits"}, titles=TITLES, dropout=0.2
    )["arrays.npz"]
    assert arrays["std/better/hidden2"][:2, 0].tolist() == [6, 2]
