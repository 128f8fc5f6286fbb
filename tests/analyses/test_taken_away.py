"""What cards say of networks and data: planted confusions and planted faults are found, and nothing else is."""

import numpy as np
import pytest

from experiments.analyses import dataset, networks


def told(confusion):
    found = networks.tell(records={"own": {"confusion": np.array(confusion)}}, files={"own": b"x" * 12345})
    return found["facts.json"]


def test_a_network_is_told_by_what_it_reads_and_where_it_reads_least():
    facts = told([[8, 2, 0], [0, 10, 0], [1, 3, 6]])
    assert facts["networks.accuracy.own"]["value"] == pytest.approx(80.0)
    assert (facts["networks.accuracy.own"]["n"], facts["networks.least.own"]["value"]) == (30, 2)
    assert facts["networks.least_accuracy.own"]["value"] == pytest.approx(60.0)
    assert facts["networks.size.own"]["value"] == 12.3


def test_the_interval_is_wilsons():
    """By the formula of the paper: the shares from which the found one lies z of their own standard errors away."""
    right, images, z = 37, 50, 1.959963984540054
    fact = networks.share(right, images)
    for bound in (fact["low"] / 100, fact["high"] / 100):
        assert abs(right / images - bound) == pytest.approx(z * np.sqrt(bound * (1 - bound) / images))
    assert fact["low"] < fact["value"] < fact["high"]


@pytest.mark.parametrize("right", [0, 7])
def test_all_right_or_all_wrong_has_an_interval_that_is_none_of_a_point(right):
    fact = networks.share(right, 7)
    assert fact["low"] < fact["high"]
    assert 0 <= fact["low"] <= fact["value"] <= fact["high"] <= 100 + 1e-9


def test_planted_faults_of_a_set_are_counted(random):
    images = random.integers(1, 256, (9, 4, 4)).astype(np.uint8)
    train = {"images": images[[0, 1, 2, 3, 0, 0]], "labels": np.array([0, 1, 2, 0, 0, 0], np.uint8)}
    test = {"images": np.concatenate([images[[4, 1, 3, 5]], np.zeros((1, 4, 4), np.uint8)])}
    test["labels"] = np.array([0, 1, 1, 2, 2], np.uint8)  # image 1 with the label that it had, image 3 with another
    facts = {name: fact["value"] for name, fact in dataset.faults(train=train, test=test)["facts.json"].items()}
    assert facts == {
        "dataset.again.train": 2,
        "dataset.again.test": 0,
        "dataset.shared": 2,
        "dataset.torn": 1,
        "dataset.blank": 1,
    }


def test_a_clean_set_has_no_faults(random):
    images = random.integers(1, 256, (9, 4, 4)).astype(np.uint8)
    halves = [{"images": half, "labels": np.arange(len(half), dtype=np.uint8)} for half in (images[:5], images[5:])]
    facts = dataset.faults(train=halves[0], test=halves[1])["facts.json"]
    assert {fact["value"] for fact in facts.values()} == {0}
