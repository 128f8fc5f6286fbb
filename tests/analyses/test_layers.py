"""Layers: planted accuracies, drifts and specialists are found again; the preferred variant is set against rivals."""

import numpy as np
import pytest

from experiments.analyses.layers import compare, drift, handed_on, measures

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
    return compare(records=records, card={"kinds": "digits"}, titles=TITLES, dropout=0.2)


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
    facts = compare(records=records, card={"kinds": "digits"}, titles=titles, dropout=0.2)["facts.json"]
    assert (
        "Holm-adjusted in the family of 9 differences of layers.test_accuracy"
        in facts["layers.test_accuracy.difference.v3"]["method"]
    )
    assert facts["layers.helped"]["value"] + facts["layers.hurt"]["value"] <= 2, "chance alone is not found to help"


def test_the_interval_of_a_decline_does_not_reach_below_zero():
    records = study()
    for place, peak in enumerate((0.9, 0.9, 0.9, 0.9, 0.99)):  # of five networks four lose nothing
        records[f"plain/{place}"]["test_accuracy"] = np.array([0.1, 0.5, peak, 0.9])
    fact = compared(records)["facts.json"]["layers.decline.plain"]
    assert fact["value"] == pytest.approx(1.8)
    assert (fact["low"], fact["high"] > 1.8) == (0, True)


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
