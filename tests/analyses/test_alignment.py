"""Pairs of networks are set out along the line between them, and told of by what they share."""

from __future__ import annotations

import numpy as np
import planted
import pytest

from experiments.analyses import alignment
from experiments.chapters import alignment as chapter
from experiments.study import PUBLISHED

IMAGES = np.random.default_rng(0).integers(0, 255, (60, 28, 28), dtype=np.uint8)
SET = {"images": IMAGES, "labels": (np.arange(60) % 10).astype(np.uint8)}


def weights(name, seed):
    state = planted.network(name, seed=seed).state_dict()
    return {parameter: value.numpy()[None] for parameter, value in state.items()}


def set_out(name, *, seeds, treatments=("raw", "raw")):
    first, second = (weights(name, seed) for seed in seeds)
    told = [planted.TREATMENTS[each] for each in treatments]
    architecture = planted.ARCHITECTURES[name]
    found = alignment.read(first=first, second=second, probe=SET, test=SET, architecture=architecture, treatments=told)
    return found["arrays.npz"]


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_on_the_way_to_itself_a_network_does_not_change(name):
    found = set_out(name, seeds=(0, 0))
    for way in alignment.WAYS:
        assert np.ptp(found[f"accuracy/{way}"]) == 0
        np.testing.assert_allclose(found[f"loss/{way}"], found["loss/plain"][0], rtol=1e-4)
    assert float(found["cka"]) == pytest.approx(1, abs=1e-5)


def test_a_network_that_was_fed_differently_reads_pixels_as_it_read_what_it_was_fed():
    apart = set_out("mlp", seeds=(0, 0), treatments=("raw", "normalized"))
    alone = set_out("mlp", seeds=(0, 0), treatments=("normalized", "normalized"))
    assert apart["loss/plain"][-1] == pytest.approx(alone["loss/plain"][-1], rel=1e-4)
    assert apart["loss/plain"][0] != pytest.approx(alone["loss/plain"][0], rel=1e-4)


def test_the_ends_are_the_networks_themselves_in_either_order():
    found = set_out("mlp", seeds=(0, 3))
    for end in (0, -1):
        assert found["loss/plain"][end] == pytest.approx(found["loss/reordered"][end], rel=1e-4)


def test_a_network_whose_units_cannot_be_rearranged_is_left_out():
    normed = {
        "build": "experiments.models.layered:LayeredMLP",
        "options": {"hidden": [4], "after": [["relu", "layernorm"]]},
    }
    from experiments import models

    state = models.build(normed["build"], options=normed["options"]).state_dict()
    given = {name: value.numpy()[None] for name, value in state.items()}
    told = [planted.TREATMENTS["raw"]] * 2
    found = alignment.read(first=given, second=given, probe=SET, test=SET, architecture=normed, treatments=told)
    assert found["arrays.npz"] == {}
    assert alignment.compare(pairs={"a": {}}, places={"b": ["a"]})["arrays.npz"]["places"].tolist() == []


def test_facts_are_means_over_the_pairs_of_a_place():
    def pair(middle):
        curve = np.array([90, *[middle] * 9, 90.0])
        return {
            **{f"accuracy/{way}": curve + (5 if way == "reordered" else 0) for way in alignment.WAYS},
            **{f"loss/{way}": np.linspace(1, 2, 11) for way in alignment.WAYS},
            "cka": np.array(0.5),
        }

    made = alignment.compare(pairs={"a": pair(30), "b": pair(40)}, places={"mlp:normalized": ["a", "b"]})
    facts = made["facts.json"]
    assert facts["alignment.middle.plain.mlp:normalized"]["value"] == 35
    assert facts["alignment.regained.mlp:normalized"]["value"] == 5
    assert facts["alignment.barrier.plain.mlp:normalized"]["value"] == pytest.approx(0)
    assert facts["alignment.pairs"]["value"] == 2


def test_no_network_is_in_two_pairs_of_two_seeds():
    for place, pairs in chapter._places(PUBLISHED).items():
        names = [run.name for pair in pairs for run in pair]
        assert len(names) == len(set(names)), place
        assert len(pairs) == (10 if ":" in place else 5)
