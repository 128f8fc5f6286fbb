"""Replication: planted networks give the numbers that their weights decide; with MNIST at hand, the notebooks' own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import silhouette_score

from experiments import data
from experiments.analyses import notebooks
from experiments.analyses.replication import (
    READINGS,
    agrees,
    class_accuracy,
    compare,
    lead,
    measure,
    read,
    search,
    silhouettes,
)
from experiments.analyses.scaling import SCALES
from experiments.hooks import run_with_cache, run_with_hooks
from experiments.networks import at_epoch
from experiments.train import train
from experiments.treatment import treat

MLP = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [32, 16]}}
REORDERED = {"build": "experiments.models.reordered:ReorderedMLP", "options": {"hidden": [32, 16], "order": 1}}
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


LAYERS = {f"layers.test_accuracy.{name}": {"value": 96.65} for name in ("notebooks", "dropout-1")}


def compared(**changes):
    raw = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=4)["arrays.npz"]
    inputs = {
        "raw": raw,
        "record": record(),
        "normalized": record(accuracy=0.95),
        "orders": {"1": raw},
        "order_records": {"1": record(accuracy=0.96)},
        "searched": search(weights=weights(), train=TEST, test=TEST, architecture=MLP)["arrays.npz"],
        "records": {f"mlp-raw/{seed}": record() for seed in range(3)},
        "layers": LAYERS,
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
        with torch.no_grad():
            logits = run_with_hooks(model, images * factor, forward_hooks=[("hidden2.post", tripled)])
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
    assert silhouettes(np.repeat(np.eye(10), 3, axis=0), np.repeat(np.arange(10), 3), [range(10)]) == [1]


def test_a_gradient_of_the_correct_logit_is_a_weight_and_selectivity_follows_from_the_means():
    found = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=1)["arrays.npz"]
    assert found["gradient"] == pytest.approx(weights()["logits.weight"][-1].T, abs=1e-6)
    rest = (found["mean"].sum(1, keepdims=True) - found["mean"]) / 9
    assert found["selectivity"] == pytest.approx((found["mean"] - rest) / (found["mean"] + rest + 0.001), abs=1e-5)


def test_the_search_counts_the_lists_that_come_out_on_each_set(monkeypatch):
    found = read(weights=weights(), test=TEST, architecture=MLP, seed=0, draws=1)["arrays.npz"]
    lists = tuple(tuple(row) for row in np.argsort(-found["mean"], axis=0)[:3].T.tolist())
    monkeypatch.setitem(notebooks.TOP, "mean", lists)
    other = TEST | {"images": 255 - TEST["images"] // 4}
    counts = search(weights=weights(), train=other, test=TEST, architecture=MLP)["arrays.npz"]
    assert counts["lists/test.divided.mean"] == 10
    assert counts["lists/train.divided.mean"] < 10


@pytest.mark.parametrize(("value", "match"), [(94.804, True), (94.796, True), (94.81, False), (94.79, False)])
def test_numbers_agree_as_far_as_the_published_one_was_rounded(value, match):
    assert agrees(value, notebooks.Published(94.80, 2)) == match


def test_an_item_matches_lies_within_rounding_or_differs():
    target = notebooks.VALUES["test_accuracy"].value / 100
    exact = compared(record=record(accuracy=target))["facts.json"]
    assert exact["replication.test_accuracy.match"]["value"] == 1
    near = compared()["facts.json"]
    assert near["replication.test_accuracy.match"]["value"] == 0
    assert near["replication.test_accuracy.rounding"]["value"] == 1, "90 and 96 lie on either side"
    assert (near["replication.test_accuracy.lowest"]["value"], near["replication.test_accuracy.highest"]["value"]) == (
        pytest.approx(90),
        pytest.approx(96),
    )
    far = compared(order_records={"1": record()})["facts.json"]
    assert far["replication.test_accuracy.rounding"]["value"] == 0
    assert far["replication.test_accuracy.apart"]["value"] == 48, "4.8 % of a thousand"


def test_the_items_are_counted_and_the_variants_come_from_the_page_on_layers():
    facts = compared()["facts.json"]
    counts = [facts[f"replication.{name}"]["value"] for name in ("exact", "rounded", "other")]
    assert sum(counts) == facts["replication.items"]["value"] == len(notebooks.VALUES)
    assert facts["replication.notebooks.match"]["value"] == 1, "96.65 rounds to 96.7"


def test_the_catch_up_is_the_share_of_epochs_to_the_raw_networks_end():
    facts = compared(normalized=record(accuracy=1.7))["facts.json"]
    assert facts["replication.catch_up.reproduced"]["value"] == pytest.approx(50)
    assert facts["replication.quarter.accuracy"]["value"] == pytest.approx(50)
    assert facts["replication.quarter.short"]["value"] == pytest.approx(40)
    assert compared(normalized=record(accuracy=0.5))["facts.json"]["replication.catch_up.reproduced"]["value"] == 100


def test_a_lead_is_told_where_two_lists_first_differ():
    scores = np.array([4.0, 2.0, 1.0, 1.9])
    assert lead(scores, np.array([0, 1, 3]), np.array([0, 3, 1])) == pytest.approx(5)


def test_units_of_the_same_number_are_looked_up_in_other_networks():
    records = {f"mlp-raw/{seed}": record() for seed in range(3)}
    means = records["mlp-raw/1"]["class_mean/hidden2"]
    means[-1, 14, [7, 9]], means[-1, 0], means[-1, 0, 1] = 1, 0, 1
    facts = compared(records=records)["facts.json"]
    assert facts["replication.same.unit14"]["value"] == facts["replication.same.unit0"]["value"] == 1
    assert facts["replication.same.unit14"]["n"] == 3


def test_a_training_that_stops_early_still_has_every_fact():
    early = record(epochs=2)
    found = compared(record=early, order_records={"1": early}, normalized=record(epochs=2))
    assert found["facts.json"]["replication.loss.15.reproduced"]["value"] == early["train_loss"][-1]
    numbers = [fact["value"] for fact in found["facts.json"].values()]
    assert np.isfinite(numbers).all()


def mnist_folder():
    named = os.environ.get("INSIDE_MNIST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared" / "mnist"
    return folder if folder.is_dir() else None


@pytest.mark.skipif(mnist_folder() is None, reason="MNIST is not at hand: set INSIDE_MNIST_DATA to its folder")
def test_on_mnist_the_notebooks_numbers_come_out_but_for_rounding():
    sets = data.load(dataset="mnist", folder=str(mnist_folder()), cache="")
    test = sets["test.npz"]
    run = train(
        train_set=sets["train.npz"], test_set=test, probe_set={name: array[:100] for name, array in test.items()},
        architecture=MLP, treatment={"mean": 0.0, "std": 1.0}, seed=notebooks.SEED, epochs=notebooks.EPOCHS,
        batch_size=64, learning_rate=0.01, early=1,
    )  # fmt: skip
    found = read(weights=run["weights.npz"], test=test, architecture=MLP, seed=0, draws=0)["arrays.npz"]
    values = measure(found, run["record.npz"])
    tolerances = {"nats": 0.0003, "%": 0.6, "": 0.006, "points": 0.1}
    for name, value in values.items():
        published = notebooks.VALUES[name]
        tolerance = 0.02 if name.startswith(("train_accuracy", "test_accuracy")) else tolerances[published.unit]
        assert value == pytest.approx(published.value, abs=tolerance), name
    for ranking, published in notebooks.TOP.items():
        ours = np.argsort(-found[ranking], axis=0, kind="stable")[:3].T
        assert (ours == np.array(published)).all(axis=1).sum() >= 9, f"{ranking}: at most one list, a tie, may differ"
