"""Replication: planted networks give the numbers that their weights decide, and matches are told from differences."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from experiments.analyses import notebooks
from experiments.analyses.replication import agrees, class_accuracy, compare, of_ten
from experiments.analyses.specimen import READINGS, read, read_exactly
from experiments.hooks import run_with_cache, run_with_hooks
from experiments.measures.scaling import SCALES
from experiments.networks import at_epoch
from experiments.treatment import treat

MLP = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [32, 16]}}
RNG = np.random.default_rng(0)
TEST = {
    "images": RNG.integers(0, 256, (120, 28, 28), dtype=np.uint8),
    "labels": np.arange(120, dtype=np.uint8) % 10,
}


def weights(*, seed=0):
    """The weights of an untrained network with large biases, as two epochs of a run."""
    rng = np.random.default_rng(seed)
    shapes = {"hidden1": (32, 784), "hidden2": (16, 32), "logits": (10, 16)}
    found = {}
    for layer, (units, inputs) in shapes.items():
        found[f"{layer}.weight"] = rng.normal(0, inputs**-0.5, (units, inputs)).astype(np.float32)
        found[f"{layer}.bias"] = rng.normal(0, 0.5, units).astype(np.float32)
    return {name: np.stack([0 * values, values]) for name, values in found.items()}


def record(*, epochs=20, accuracy=0.9):
    rising = np.linspace(0.1, accuracy, epochs + 1)
    return {
        "train_loss": np.linspace(2, 0.2, epochs),
        "train_accuracy": rising[1:],
        "test_accuracy": rising,
        "class_accuracy": np.tile(rising[:, None], 10),
        "confusion": np.full((10, 10), 10),
        "class_mean/hidden2": np.tile(np.eye(16, 10), (epochs + 1, 1, 1)),
    }


VARIANTS = {f"test_accuracy/{name}": np.array([[10.0, 96.6], [10.0, 96.7]]) for name in ("notebooks", "dropout-1")}


def compared(**changes):
    raw = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=4)["arrays.npz"]
    inputs = {
        "raw": raw,
        "record": record(),
        "fast": raw,
        "fast_record": record(accuracy=0.92),
        "normalized": record(accuracy=0.95),
        "records": {f"mlp-raw/{seed}": record() for seed in range(3)},
        "variants": VARIANTS,
    }
    return compare(**inputs | changes)


def test_a_unit_is_scaled_as_a_hook_would_scale_it_on_both_kinds_of_image():
    found = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=1)["arrays.npz"]
    model = at_epoch(weights(), epoch=-1, architecture=MLP)
    images, labels = treat(TEST["images"], mean=0.0, std=1.0), TEST["labels"]

    def tripled(activation, hook):
        activation = activation.clone()
        activation[:, 14] *= 3
        return activation

    for reading, factor in READINGS.items():
        logits = run_with_hooks(model, images * factor, forward_hooks=[("hidden2.post", tripled)]).detach()
        expected = [100 * (logits.argmax(1).numpy() == labels)[labels == digit].mean() for digit in range(10)]
        confusion = found[f"confusion/{reading}"][14, SCALES.index(3.0)]
        assert class_accuracy(confusion) == pytest.approx(np.array(expected)), reading
    assert (found["confusion/divided"] != found["confusion/undivided"]).any(), "biases tell the readings apart"


def test_silhouettes_are_those_of_scikit_learn_in_the_space_of_the_subset():
    found = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=3)["arrays.npz"]
    model = at_epoch(weights(), epoch=-1, architecture=MLP)
    points = run_with_cache(model, treat(TEST["images"], mean=0.0, std=1.0))[1]["hidden2.post"].numpy()
    assert found["silhouette/all"] == pytest.approx(silhouette_score(points, TEST["labels"]))
    good = points[:, list(notebooks.SUBSETS["good"])]
    assert found["silhouette/good"] == pytest.approx(silhouette_score(good, TEST["labels"]))
    assert found["silhouette/random"].shape == (3,)
    assert len(set(found["silhouette/random"].tolist())) == 3, "each draw has other units"


def test_a_gradient_of_the_correct_logit_is_a_weight_and_selectivity_follows_from_the_means():
    found = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=1)["arrays.npz"]
    assert found["gradient"] == pytest.approx(weights()["logits.weight"][-1].T, abs=1e-6)
    rest = (found["mean"].sum(1, keepdims=True) - found["mean"]) / 9
    assert found["selectivity"] == pytest.approx((found["mean"] - rest) / (found["mean"] + rest + 0.001), abs=1e-5)


def test_plain_kernels_read_the_same_up_to_rounding():
    arguments = {"weights": weights(), "test": TEST, "architecture": MLP, "seed": 0, "draws": 2}
    ordinary, exactly = read(**arguments)["arrays.npz"], read_exactly(**arguments)["arrays.npz"]
    assert ordinary.keys() == exactly.keys()
    for name, values in ordinary.items():
        assert exactly[name] == pytest.approx(values, abs=1e-4), name


@pytest.mark.parametrize(("value", "match"), [(94.804, True), (94.796, True), (94.81, False), (94.79, False)])
def test_numbers_agree_as_far_as_the_published_one_was_rounded(value, match):
    assert agrees(value, notebooks.Published(94.80, 2)) == match


def test_an_item_matches_or_is_told_apart_in_images():
    target = notebooks.VALUES["test_accuracy"].value / 100
    exact = compared(record=record(accuracy=target))["facts.json"]
    assert exact["replication.test_accuracy.match"]["value"] == 1
    assert exact["replication.test_accuracy.apart"]["value"] == 0
    far = compared()["facts.json"]
    assert far["replication.test_accuracy.match"]["value"] == 0
    assert far["replication.test_accuracy.apart"]["value"] == 48, "4.8 % of a thousand"
    assert far["replication.test_accuracy.fast"]["value"] == pytest.approx(92)


def test_the_items_are_counted_and_the_variants_come_from_the_page_on_layers():
    facts = compared()["facts.json"]
    counts = [facts[f"replication.{name}"]["value"] for name in ("exact", "other")]
    assert sum(counts) == facts["replication.items"]["value"] == len(notebooks.VALUES)
    assert facts["replication.notebooks.reproduced"]["value"] == pytest.approx(96.65)
    assert facts["replication.notebooks.match"]["value"] == 1, "96.65 rounds to 96.7"
    assert facts["replication.notebooks.lowest"]["value"] == pytest.approx(96.6)
    assert facts["replication.notebooks.highest"]["n"] == 2


def test_lists_of_top_units_are_compared_place_by_place():
    raw = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=1)["arrays.npz"]
    scores = np.zeros((16, 10))
    for digit, units in enumerate(notebooks.TOP["mean"]):
        scores[list(units), digit] = 3, 2, 1
    swapped = scores.copy()
    swapped[[6, 2], 0] = swapped[[2, 6], 0]
    facts = compared(raw=raw | {"mean": scores}, fast=raw | {"mean": swapped})["facts.json"]
    assert facts["replication.top.mean.lists"]["value"] == 10
    assert facts["replication.top.mean.fast"]["value"] == 9


def test_the_catch_up_is_the_share_of_epochs_to_the_raw_networks_end():
    facts = compared(normalized=record(accuracy=1.7))["facts.json"]
    assert facts["replication.catch_up.reproduced"]["value"] == pytest.approx(50)
    assert facts["replication.quarter.accuracy"]["value"] == pytest.approx(50)
    assert facts["replication.quarter.short"]["value"] == pytest.approx(40)
    assert compared(normalized=record(accuracy=0.5))["facts.json"]["replication.catch_up.reproduced"]["value"] == 100


def test_units_of_the_same_number_are_looked_up_in_other_networks():
    records = {f"mlp-raw/{seed}": record() for seed in range(3)}
    means = records["mlp-raw/1"]["class_mean/hidden2"]
    means[-1, 14, [7, 9]], means[-1, 0], means[-1, 0, 1] = 1, 0, 1
    facts = compared(records=records)["facts.json"]
    assert facts["replication.same.unit14"]["value"] == facts["replication.same.unit0"]["value"] == 1
    assert facts["replication.same.unit14"]["n"] == 3


def test_a_training_that_stops_early_still_has_every_fact():
    early = record(epochs=2)
    found = compared(record=early, fast_record=early, normalized=record(epochs=2))
    assert found["facts.json"]["replication.loss.15.reproduced"]["value"] == early["train_loss"][-1]
    numbers = [fact["value"] for fact in found["facts.json"].values()]
    assert np.isfinite(numbers).all()


@pytest.mark.parametrize("classes", [2, 5, 26])
def test_a_set_of_other_classes_is_read_as_ten_of_which_some_have_no_images(classes):
    given = {"confusion": np.arange(classes**2).reshape(classes, classes), "train_loss": np.ones(3)}
    given |= {"class_mean/hidden2": np.ones((1, 16, classes)), "mean": np.ones((16, classes))}
    found = of_ten(given)
    both = min(classes, 10)
    assert found["confusion"].shape == (10, 10)
    assert (found["confusion"][:both, :both] == given["confusion"][:both, :both]).all()
    assert found["confusion"].sum() == given["confusion"][:both, :both].sum()
    assert found["class_mean/hidden2"].shape == (1, 16, 10)
    assert found["mean"].sum() == 16 * both
    assert found["train_loss"].shape == (3,)
    assert (class_accuracy(found["confusion"])[both:] == 0).all()
