"""The figures of the training are well-formed, and show what was planted."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import drawings
import numpy as np
import pytest
from drawings import assert_sound, margin, rows, texts

from experiments.analyses.training import compare
from report.figures import training
from tests.support import planted

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
CONDITIONS = {"mlp-raw": 0.80, "mlp-normalized": 0.88, "cnn-raw": 0.92, "cnn-normalized": 0.97}
FIGURES = ("learning_curves", "epochs_to_accuracy", "difference", "class_accuracy", "confusions", "failures")
LABELS = np.tile(np.arange(10), 40).astype(np.uint8)


def record(rng, accuracy, *, epochs):
    """A record of a run of about this accuracy, whose errors read the next class."""
    wrong = rng.random(len(LABELS)) > accuracy
    read = np.where(wrong, (LABELS + 1) % 10, LABELS).astype(np.uint8)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (LABELS, read), 1)
    curve = np.append(0.1, accuracy - 0.3 / np.arange(1, epochs + 1) ** 2)
    curve[-1] = (read == LABELS).mean()
    return {
        "test_accuracy": curve,
        "test_loss": 2.4 - 2 * curve,
        "train_accuracy": curve[1:],
        "train_loss": 2.4 - 2 * curve[1:],
        "final_train_accuracy": np.array(curve[-1] + 0.01),
        "final_train_loss": np.array(0.3),
        "class_accuracy": np.tile(np.diag(confusion) / confusion.sum(axis=1), (epochs + 1, 1)),
        "confusion": confusion,
        "test_prediction": read,
        "test_confidence": rng.uniform(0.5, 1, len(LABELS)).astype(np.float32),
    }


def inputs_of(*, seeds=3, epochs=12, conditions=tuple(CONDITIONS), perfect=False):
    rng = np.random.default_rng(0)
    levels = {condition: 1.1 if perfect else CONDITIONS[condition] for condition in conditions}
    records = {f"{c}/{s}": record(rng, level, epochs=epochs) for c, level in levels.items() for s in range(seeds)}
    images = (LABELS[:, None, None] * np.arange(28)).repeat(28, axis=1).reshape(-1, 28, 28).astype(np.uint8)
    made = compare(
        records=records, test={"images": images, "labels": LABELS}, card={"class_names": NAMES}, grid=planted.GRID
    )
    return {"arrays": made["arrays.npz"], "facts": made["facts.json"]}


@pytest.fixture(scope="module")
def inputs():
    return inputs_of()


def draw(name, inputs):
    return drawings.draw(getattr(training, name), **inputs)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_well_formed_and_small(name, inputs):
    assert_sound(getattr(training, name), largest=120_000, **inputs)


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_drawn_outside_the_figure(name, inputs, monkeypatch):
    assert margin(monkeypatch, getattr(training, name), **inputs) > -0.02


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_of_one_seed_and_two_epochs_is_drawn(name):
    ET.fromstring(draw(name, inputs_of(seeds=1, epochs=2))["figure.svg"])


@pytest.mark.parametrize("name", FIGURES)
def test_networks_without_errors_are_drawn(name):
    ET.fromstring(draw(name, inputs_of(seeds=2, epochs=2, perfect=True))["figure.svg"])


@pytest.mark.parametrize("name", ["learning_curves", "epochs_to_accuracy", "class_accuracy"])
def test_every_condition_is_named_where_it_is_drawn(name, inputs):
    shown = texts(draw(name, inputs))
    assert {"MLP, raw", "MLP, normalized", "CNN, raw", "CNN, normalized"} <= set(shown)


def test_learning_curves_give_mean_and_range_of_the_seeds(inputs):
    found = [r for r in rows(draw("learning_curves", inputs)) if r["measure"] == "test_accuracy"]
    last = next(r for r in found if r["condition"] == "cnn-raw" and r["epoch"] == "12")
    values = 100 * inputs["arrays"]["test_accuracy/cnn-raw"][:, -1]
    assert float(last["mean"]) == pytest.approx(values.mean(), rel=1e-5)
    assert float(last["lowest seed"]) == pytest.approx(values.min(), rel=1e-5)


def test_runs_that_never_arrive_are_empty_in_the_csv_and_have_a_place_in_the_drawing(inputs):
    drawn = draw("epochs_to_accuracy", inputs)
    column = "epochs until it is reached, empty if never"
    assert all(r[column] == "" for r in rows(drawn) if r["condition"] == "mlp-raw" and r["test accuracy in %"] == "95")
    assert texts(drawn).count("never") == 3


def test_the_forest_says_the_differences_of_the_facts(inputs):
    drawn = draw("difference", inputs)
    fact = inputs["facts"]["training.test_accuracy.difference.mlp:normalized"]
    row = next(r for r in rows(drawn) if (r["measure"], r["comparison"]) == ("test_accuracy", "mlp:normalized"))
    assert float(row["low"]) == pytest.approx(fact["low"], rel=1e-5)
    assert f"{fact['value']:+.1f}" in texts(drawn)


def test_classes_come_with_the_hardest_last_and_every_value_in_the_csv(inputs):
    found = rows(draw("class_accuracy", inputs))
    assert len(found) == 40
    means = {name: np.mean([float(r["test accuracy in %"]) for r in found if r["class"] == name]) for name in NAMES}
    order = list(dict.fromkeys(r["class"] for r in found))
    assert [means[name] for name in order] == sorted(means.values(), reverse=True)


def test_confusions_name_the_commonest_and_give_the_whole_matrix(inputs):
    drawn = draw("confusions", inputs)
    errors = inputs["arrays"]["confusion/mlp-raw"] * (1 - np.eye(10))
    true, read = np.unravel_index(errors.argmax(), errors.shape)
    assert f"MLP, raw: {NAMES[true]} as {NAMES[read]}, {errors.max():.1f} %" in texts(drawn)
    assert len(rows(drawn)) == 400


def test_failures_show_truth_and_reading_and_how_many_there_are(inputs):
    drawn = draw("failures", inputs)
    shown, found = texts(drawn), rows(drawn)
    count = inputs["facts"]["training.misread.mlp-raw"]["value"]
    assert f"{count:.0f} images" in shown
    first = next(r for r in found if r["kind"] == "mlp-raw")
    assert f"{NAMES[int(first['true class'])]} \N{RIGHTWARDS ARROW} {NAMES[int(first['read as'])]}" in shown
