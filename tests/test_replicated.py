"""The numbers that the notebooks publish, against the published study; and, where MNIST is at hand, run again.

The values are typed here once more, as SCIENCE lists them: what the page calls published is checked by them too.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from experiments import data, exact, published
from experiments.analyses.notebooks import Published
from experiments.analyses.replication import RANKINGS, agrees, measure
from experiments.analyses.specimen import read_exactly
from experiments.measures.units import top_units

BY_EPOCH = {0: (1.7227, 44.3167), 5: (0.3368, 90.4050), 10: (0.2477, 92.9117), 15: (0.1990, 94.2500)}
BY_DIGIT = (98.27, 97.89, 95.06, 92.18, 94.91, 94.28, 95.51, 94.55, 92.61, 92.37)
VALUES = {  # name: (value, decimals)
    **{f"loss.{epoch}": (loss, 4) for epoch, (loss, _) in BY_EPOCH.items()},
    **{f"train_accuracy.{epoch}": (accuracy, 4) for epoch, (_, accuracy) in BY_EPOCH.items()},
    **{f"digit.{digit}": (accuracy, 2) for digit, accuracy in enumerate(BY_DIGIT)},
    "test_accuracy": (94.80, 2),
    "silhouette.all": (0.23, 2),
    "silhouette.good": (0.19, 2),
    "silhouette.mixed": (0.17, 2),
    "silhouette.poor": (-0.04, 2),
    "unit14.digit7.scale1": (94.46, 2),
    "unit14.digit7.scale0": (81.61, 2),
    "unit14.digit7.scale3": (96.30, 2),
    "unit14.digit9.scale1": (93.26, 2),
    "unit14.digit9.scale0": (53.32, 2),
    "unit14.digit9.scale3": (97.22, 2),
    "unit7.nines_as_sevens": (66.90, 2),
    "unit7.eights_as_twos": (25.05, 2),
    "unit0.ones": (0, 0),
    "unit8.sixes": (0, 0),
    "unit15.effect": (0, 0),
}
NEARLY = {  # name: (value, how far it may be off): other runs, draws that are not known, or a round word
    "silhouette.random": (0.08, 0.03),
    "normalized": (96.34, 0.3),
    "catch_up": (25, 25),
}
AMONG = {"notebooks": 96.7, "dropout": 96.6}  # a single run there, one of several seeds here
TOP = {
    "mean": "6,2,8 0,9,10 9,13,6 9,6,12 2,8,5 6,10,12 8,2,10 2,12,14 2,9,10 2,9,12",
    "gradient": "6,12,13 0,1,9 13,9,2 9,4,5 5,2,8 10,12,7 8,7,13 4,2,14 7,1,10 7,14,9",
    "selectivity": "6,8,12 0,3,1 15,13,9 4,6,5 5,2,8 3,7,6 8,13,10 14,4,12 7,0,1 14,5,7",
}
LONGEST = "it takes more than a minute: set INSIDE_MNIST_REPLICATE=1 to run it"


def mnist_folder():
    named = os.environ.get("INSIDE_MNIST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "mnist"
    return folder if folder.is_dir() else None


needs_mnist = pytest.mark.skipif(
    mnist_folder() is None, reason="MNIST is not at hand: set INSIDE_MNIST_DATA to its folder"
)


def lists(ranking):
    return [[int(unit) for unit in row.split(",")] for row in TOP[ranking].split()]


@pytest.fixture(scope="module")
def facts():
    return published.product("analysis/replication", "facts.json")


def run(*, epochs):
    """The notebooks' recipe, for so many epochs; the probe set is of no matter here."""
    sets = data.load(dataset="mnist", folder=str(mnist_folder()), cache="")
    architecture = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [32, 16]}}
    trained = exact.train(
        train_set=sets["train.npz"], test_set=sets["test.npz"],
        probe_set={name: array[:100] for name, array in sets["test.npz"].items()},
        architecture=architecture, treatment={"mean": 0.0, "std": 1.0}, seed=31416, epochs=epochs,
        recipe={"optimizer": "sgd", "learning_rate": 0.01, "batch_size": 64}, early=1,
    )  # fmt: skip
    return trained, sets["test.npz"], architecture


def test_every_published_number_comes_out_again_or_is_near(facts):
    for name, (value, decimals) in VALUES.items():
        assert facts[f"replication.{name}.published"]["value"] == value, name
        assert agrees(facts[f"replication.{name}.reproduced"]["value"], Published(float(value), decimals)), name
        assert facts[f"replication.{name}.match"]["value"] == 1, name
    for name, (value, reach) in NEARLY.items():
        assert facts[f"replication.{name}.published"]["value"] == value, name
        assert facts[f"replication.{name}.reproduced"]["value"] == pytest.approx(value, abs=reach), name
    for name, value in AMONG.items():
        lowest, highest = (facts[f"replication.{name}.{end}"]["value"] for end in ("lowest", "highest"))
        assert facts[f"replication.{name}.published"]["value"] == value, name
        assert round(lowest, 1) <= value <= round(highest, 1), name
    checked = len(VALUES) + len(NEARLY) + len(AMONG)
    assert facts["replication.items"]["value"] == checked, "no number goes unchecked"


def test_every_published_list_of_top_units_comes_out_again(facts):
    arrays = published.product("analysis/replication", "arrays.npz")
    assert set(RANKINGS) == set(TOP)
    for ranking in TOP:
        assert arrays[f"published_top/{ranking}"].tolist() == lists(ranking), ranking
        assert arrays[f"top/{ranking}"].tolist() == lists(ranking), ranking
    assert facts["replication.top.lists"]["value"] == 30


@needs_mnist
def test_the_first_epoch_on_mnist_is_the_notebooks_to_the_last_digit():
    record = run(epochs=1)[0]["record.npz"]
    assert round(float(record["train_loss"][0]), 4) == BY_EPOCH[0][0]
    assert round(100 * float(record["train_accuracy"][0]), 4) == BY_EPOCH[0][1]


@needs_mnist
@pytest.mark.skipif(os.environ.get("INSIDE_MNIST_REPLICATE") != "1", reason=LONGEST)
def test_the_whole_recipe_on_mnist_gives_every_number_that_the_notebooks_read_in_that_network():
    trained, test, architecture = run(epochs=20)
    found = read_exactly(weights=trained["weights.npz"], test=test, architecture=architecture, seed=0, draws=0)
    values = measure(found["arrays.npz"], trained["record.npz"])
    for name, (value, decimals) in VALUES.items():
        assert agrees(values[name], Published(float(value), decimals)), f"{name}: {values[name]}, published {value}"
    for ranking in TOP:
        assert np.array_equal(top_units(found["arrays.npz"][ranking]), lists(ranking)), ranking
