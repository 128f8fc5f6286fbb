"""The analysis of training recovers planted accuracies, arrivals, confusions and misread images."""

from __future__ import annotations

import re

import numpy as np
import planted
import pytest

from experiments.analyses import training

LABELS = np.tile(np.arange(10), 20).astype(np.uint8)  # 200 test images, 20 of each class
IMAGES = np.arange(200, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
CARD = {"class_names": list("0123456789")}
CURVES = {  # the accuracies of epochs 0 to 3; the last is replaced by that of the predictions
    "mlp-raw": [0.1, 0.5, 0.7],
    "mlp-normalized": [0.1, 0.85, 0.93],
    "cnn-raw": [0.1, 0.6, 0.96],
    "cnn-normalized": [0.1, 0.92, 0.97],
}


def record(prediction, *, curve, confidence=0.9):
    """A record of a run that ends with these predictions; only what the analysis reads."""
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (LABELS, prediction), 1)
    accuracy = np.array([*curve, (prediction == LABELS).mean()])
    epochs = len(accuracy) - 1
    return {
        "test_accuracy": accuracy,
        "test_loss": 2 - accuracy,
        "train_accuracy": accuracy[1:] + 0.01,
        "train_loss": 2 - accuracy[1:],
        "final_train_accuracy": np.array(accuracy[-1] + 0.02),
        "final_train_loss": np.array(1.0),
        "class_accuracy": np.tile(np.diag(confusion) / confusion.sum(axis=1), (epochs + 1, 1)),
        "confusion": confusion,
        "test_prediction": prediction.astype(np.uint8),
        "test_confidence": np.full(200, confidence, np.float32),
    }


def predictions(condition, seed):
    """Everyone reads image 0 as 7; the raw MLP reads every 3 as 8; the run of seed s misses image 10 + s alone."""
    read = LABELS.copy()
    if condition == "mlp-raw":
        read[LABELS == 3] = 8
    read[0] = 7
    read[10 + seed] = (LABELS[10 + seed] + 1) % 10
    return read


def compared(*, seeds=(0, 1, 2), conditions=tuple(CURVES), card=CARD):
    records = {f"{c}/{s}": record(predictions(c, s), curve=CURVES[c]) for c in conditions for s in seeds}
    test = {"images": IMAGES, "labels": LABELS}
    return training.compare(records=records, test=test, card=card, grid=planted.GRID)


@pytest.fixture(scope="module")
def result():
    return compared()


@pytest.fixture(scope="module")
def facts(result):
    return {name.removeprefix("training."): fact for name, fact in result["facts.json"].items()}


def test_how_typical_the_networks_are_that_are_shown_is_told():
    def run(accuracy):
        return {"test_accuracy": np.array([0.1, accuracy])}

    ends = {"mlp-raw": [0.90, 0.92, 0.97], "cnn-raw": [0.95, 0.96, 0.97]}
    records = {f"{c}/{seed}": run(end) for c, found in ends.items() for seed, end in enumerate(found)}
    for seed, (away, rank) in enumerate([((3 + 1) / 2, 2), ((1 + 0) / 2, 1), ((4 + 1) / 2, 3)]):
        shown = {c: {"shown": f"{c}/{seed}"} for c in ends}
        found = training.typical(records, {"conditions": shown})
        assert found["training.typical.away"]["value"] == pytest.approx(away)
        assert found["training.typical.rank"]["value"] == rank
        assert found["training.typical.usual"]["value"] == pytest.approx((2 + 0.5 + 2.5) / 3)


def test_planted_accuracies_come_back_as_facts(facts):
    assert facts["test_accuracy.cnn-raw"]["value"] == pytest.approx(99)  # 2 of 200 are wrong
    assert facts["test_accuracy.mlp-raw"]["value"] == pytest.approx(89, abs=0.2)
    assert facts["first_epoch.mlp-normalized"]["value"] == pytest.approx(85)
    assert facts["untrained.cnn-raw"]["value"] == pytest.approx(10)
    assert facts["gap.cnn-raw"]["value"] == pytest.approx(2)
    assert facts["overconfidence.cnn-raw"]["value"] == pytest.approx(-9)
    assert facts["test_accuracy.mlp-raw"]["n"] == 3


def test_differences_are_named_and_signed_as_the_comparisons_say(facts):
    assert facts["test_accuracy.difference.mlp:normalized"]["value"] == pytest.approx(10, abs=0.2)
    assert facts["test_accuracy.difference.raw:cnn"]["value"] == pytest.approx(10, abs=0.2)
    assert facts["test_accuracy.difference.cnn:normalized"]["value"] == 0
    assert facts["first_epoch.difference.normalized:cnn"]["value"] == pytest.approx(7)
    assert facts["first_epoch.difference.mlp:normalized"]["unit"] == "points"


def test_the_class_that_one_condition_gets_wrong_is_found(facts):
    assert facts["class_accuracy.mlp-raw.3"]["value"] == 0
    assert facts["class_accuracy.difference.mlp:normalized.3"]["value"] == pytest.approx(100, abs=2)
    assert facts["hardest.mlp-raw"]["value"] == 3
    assert facts["classes.higher.mlp:normalized"]["value"] == 1
    assert facts["classes.lower.mlp:normalized"]["value"] == 0
    assert facts["classes.same.mlp:normalized"]["value"] == 9
    assert facts["classes.same.cnn:normalized"]["value"] == 10
    assert facts["classes.undecided.cnn:normalized"]["value"] == 0


def test_all_class_differences_are_one_family(facts):
    differences = [fact for name, fact in facts.items() if name.startswith("class_accuracy.difference")]
    assert len(differences) == 40
    name = "Holm-adjusted in the family of 40 differences of training.class_accuracy"
    assert all(name in fact["method"] for fact in differences)


def test_conditions_of_unlike_numbers_of_seeds_are_paired_by_the_seeds_that_both_have():
    records = {
        f"{c}/{s}": record(predictions(c, s), curve=CURVES[c]) for c in CURVES for s in range(2 if "norm" in c else 4)
    }
    test = {"images": IMAGES, "labels": LABELS}
    found = training.compare(records=records, test=test, card=CARD, grid=planted.GRID)["facts.json"]
    for measure, n in (("test_accuracy.mlp-raw", 4), ("test_accuracy.difference.mlp:normalized", 2)):
        assert found[f"training.{measure}"]["n"] == n
    assert found["training.test_accuracy.difference.mlp:normalized"]["value"] == pytest.approx(10, abs=0.2)
    assert found["training.test_accuracy.difference.mlp:normalized"]["verdict"] == "higher"
    assert found["training.catch_up.mlp:normalized"]["n"] == 2


def test_the_commonest_confusion_is_named(result, facts):
    assert (facts["confusion.true.mlp-raw"]["value"], facts["confusion.read.mlp-raw"]["value"]) == (3, 8)
    assert facts["confusion.share.mlp-raw"]["value"] == pytest.approx(100, abs=2)
    np.testing.assert_allclose(result["arrays.npz"]["confusion/mlp-raw"].sum(axis=1), 100)


@pytest.mark.parametrize(
    ("curve", "target", "epochs"),
    [
        ([0.1, 0.8, 1.0], 0.9, 1.5),  # half-way between two epochs
        ([0.1, 0.8, 1.0], 0.8, 1.0),
        ([0.9, 0.95], 0.9, 0.0),  # untrained already
        ([0.1, 0.95, 0.7, 0.99], 0.9, 1 - 0.05 / 0.85),  # the first arrival counts, though it does not last
    ],
)
def test_arrival_is_read_off_the_curve_between_epochs(curve, target, epochs):
    assert training.epochs_to_reach(np.array(curve), target) == pytest.approx(epochs)


def test_a_curve_that_never_arrives_has_no_time():
    assert np.isnan(training.epochs_to_reach(np.array([0.1, 0.5]), 0.9))


def test_an_unreachable_accuracy_is_counted_and_bounds_the_mean(facts):
    assert facts["never_reached.95.mlp-raw"]["value"] == 3
    assert facts["never_reached.80.mlp-raw"]["value"] == 0
    assert facts["epochs_to.95.mlp-raw"]["value"] == 3  # all the epochs there were
    assert "never reach" in facts["epochs_to.95.mlp-raw"]["method"]
    assert facts["epochs_to.95.difference.raw:cnn"]["value"] < 0


def test_catching_up_is_measured_against_the_twin_of_the_same_seed(facts):
    # the raw MLP ends at 0.89 or so, which the normalized one passes half-way between 0.85 and 0.93
    assert facts["catch_up.mlp:normalized"]["value"] == pytest.approx(1.5, abs=0.05)
    assert facts["catch_up_share.mlp:normalized"]["value"] == pytest.approx(50, abs=2)
    assert facts["catch_up_never.mlp:normalized"]["value"] == 0


def test_a_network_that_never_catches_up_is_counted():
    strong, weak = record(LABELS, curve=CURVES["mlp-raw"]), record((LABELS + 1) % 10, curve=[0.1, 0.1, 0.1])
    groups = {"mlp-raw": [strong, strong], "mlp-normalized": [weak, strong]}
    facts = training._catch_up_facts(groups, planted.GRID)
    assert facts["training.catch_up_never.mlp:normalized"]["value"] == 1


def test_images_misread_by_everyone_and_by_one_condition_are_counted(facts):
    assert facts["misread.all"]["value"] == 1
    assert facts["misread.ever"]["value"] == 1 + 3 + 20  # everyone's, one for each seed, the threes
    assert facts["misread.mlp-raw"]["value"] == 21
    assert facts["misread.mlp:normalized.rescued"]["value"] == 20
    assert facts["misread.mlp:normalized.lost"]["value"] == 0


def test_galleries_show_the_planted_images_with_truth_reading_and_votes(result):
    arrays = result["arrays.npz"]
    everyone = {what: arrays[f"gallery/all/{what}"].tolist() for what in ("index", "label", "read", "runs", "of")}
    assert everyone == {"index": [0], "label": [0], "read": [7], "runs": [12], "of": [12]}
    assert set(arrays["gallery/mlp:normalized.rescued/label"].tolist()) == {3}
    assert set(arrays["gallery/mlp:normalized.rescued/read"].tolist()) == {8}
    assert (
        arrays["gallery/mlp:normalized.rescued/image"][:, 0, 0] == arrays["gallery/mlp:normalized.rescued/index"]
    ).all()
    assert arrays["gallery/mlp:normalized.lost/index"].size == 0


def test_the_most_confident_misreading_comes_first():
    run = record(predictions("mlp-raw", 0), curve=CURVES["mlp-raw"])
    run["test_confidence"][[23, 43]] = 0.95, 0.99  # both are threes
    arrays = training.galleries({"mlp-raw": [run]}, {"images": IMAGES, "labels": LABELS}, planted.GRID)
    assert arrays["gallery/mlp-raw/index"][:2].tolist() == [43, 23]
    assert arrays["gallery/mlp-raw/confidence"][0] == pytest.approx(99)


def test_the_majority_reading_is_the_commonest_wrong_one_with_its_own_confidence():
    truth = np.array([4, 4])
    readings = [([9, 4], 0.6), ([9, 4], 0.8), ([7, 4], 1.0)]
    runs = [{"test_prediction": np.array(r, np.uint8), "test_confidence": np.full(2, c)} for r, c in readings]
    read, count, confidence = training.majority_misreading(runs, truth)
    assert (read[0], count[0]) == (9, 2)
    assert confidence[0] == pytest.approx(0.7)
    assert (count[1], confidence[1]) == (0, 0)


def test_disagreement_is_the_share_of_images_that_two_seeds_read_differently(facts):
    assert facts["disagreement.cnn-raw"]["value"] == pytest.approx(1)  # each misses one image of its own: 2 of 200


def test_one_seed_gives_values_without_intervals_and_no_disagreement():
    facts = compared(seeds=(0,))["facts.json"]
    assert facts["training.test_accuracy.mlp-raw"]["low"] is None
    assert "training.disagreement.mlp-raw" not in facts


def test_a_condition_alone_is_described_without_comparisons():
    facts = compared(conditions=("mlp-raw",))["facts.json"]
    assert facts["training.test_accuracy.mlp-raw"]["n"] == 3
    assert not [name for name in facts if "difference" in name]


def test_facts_have_proper_names_and_finite_values_with_other_class_names():
    facts = compared(card={"class_names": ["T-shirt/top", *"123456789"]})["facts.json"]
    assert all(re.fullmatch(r"training\.[a-z0-9_.:-]+", name) for name in facts)
    assert all(np.isfinite(fact["value"]) for fact in facts.values())
