"""Runs become conditions, conditions become comparisons."""

import numpy as np
from planted import GRID, PLAIN

from experiments import wiring
from experiments.evidence import (
    architecture,
    by_condition,
    comparisons,
    differences,
    moments,
    of_layers,
    pairs,
    shown,
    shown_row,
    together,
)
from experiments.study import PUBLISHED

SEEDS = {"mlp-raw": 6, "mlp-normalized": 3}


def test_runs_are_grouped_by_condition_in_the_order_of_their_seeds():
    runs = {"mlp-raw/10": "k", "mlp-raw/9": "j", "cnn-raw/0": "a"}
    assert by_condition(runs) == {"mlp-raw": ["j", "k"], "cnn-raw": ["a"]}


def test_every_other_treatment_and_architecture_is_compared_with_the_first_where_both_have_the_part():
    measured = {
        "mlp-raw": {"hidden1": [1], "logits": [2]},
        "mlp-normalized": {"hidden1": [3], "logits": [4]},
        "cnn-raw": {"conv1": [5], "logits": [6]},
    }
    assert pairs(GRID, measured, measure="x.y") == {
        "x.y.difference.mlp:normalized.hidden1": ([3], [1]),
        "x.y.difference.mlp:normalized.logits": ([4], [2]),
        "x.y.difference.raw:cnn.logits": ([6], [2]),
    }


def test_a_whole_network_is_the_nameless_part_and_an_axis_can_be_chosen():
    measured = {name: {"": [name]} for name in GRID["conditions"]}
    assert pairs(GRID, measured, measure="m", axis="architecture") == {
        "m.difference.raw:cnn": (["cnn-raw"], ["mlp-raw"]),
        "m.difference.normalized:cnn": (["cnn-normalized"], ["mlp-normalized"]),
    }


def test_conditions_of_unlike_numbers_of_seeds_are_paired_by_the_seeds_that_both_have():
    measured = {"mlp-raw": {"a": [1, 2, 3, 4]}, "mlp-normalized": {"a": [11, 12]}}
    assert pairs(GRID, measured, measure="m") == {"m.difference.mlp:normalized.a": ([11, 12], [1, 2])}
    assert together(np.arange(5), np.arange(3))[0].tolist() == [0, 1, 2]


def test_of_a_layer_there_are_two_families_and_the_names_of_both_are_said():
    rng = np.random.default_rng(0)
    start = {name: {"a": rng.normal(0, 1, n), "logits": rng.normal(0, 1, n)} for name, n in SEEDS.items()}
    end = {name: {hook: values + 5 for hook, values in hooks.items()} for name, hooks in start.items()}
    found = of_layers(start, end, GRID, measure="page.x", unit="%", margin=0.5, least=0.0)
    gain, apart = found["page.x_gain.mlp-raw.a"], found["page.x.difference.mlp:normalized.a"]
    assert "the family of 4 differences of page.x_gain" in gain["method"]
    assert "the family of 2 differences of page.x;" in apart["method"]
    assert (gain["unit"], gain["margin"], gain["n"], gain["verdict"]) == ("points", 0.5, 6, "higher")
    assert (apart["n"], apart["margin"]) == (3, 0.5)
    assert found["page.x_start.mlp-raw.a"]["low"] <= 0


def test_comparisons_with_controls_are_a_family_of_their_own():
    grid, rng = wiring.grid(PUBLISHED), np.random.default_rng(0)
    measured = {name: {"": rng.normal(0, 1, 5)} for name in grid["conditions"]}
    compared = pairs(grid, measured, measure="m.x")
    found = differences(grid, compared, name="m.x", unit="", margin=0.1)
    alone = pairs(wiring.grid(PLAIN), measured, measure="m.x")
    assert list(found) == list(compared)
    for name, fact in differences(wiring.grid(PLAIN), alone, name="m.x", unit="", margin=0.1).items():
        assert found[name] == fact, "what is added beside the product widens no interval of it"
    assert "differences of m.x with controls" in found["m.x.difference.mlp:matched-vs-raw"]["method"]


def test_the_specimen_stands_for_a_condition():
    grid = wiring.grid(PUBLISHED)
    runs = {run.name: run.seed for run in PUBLISHED.runs}
    assert shown(runs, grid, "mlp-raw") == PUBLISHED.specimen
    assert shown(runs, grid, "mlp-matched") in PUBLISHED.seeds[: PUBLISHED.control_seeds]
    assert shown_row(runs, grid, "mlp-raw") == PUBLISHED.seeds.index(PUBLISHED.specimen)
    assert shown_row({"mlp-raw/10": 0, "mlp-raw/5": 1, "cnn-raw/1": 2}, grid, "mlp-raw") == 0


def test_runs_of_other_lengths_have_their_first_moments_and_their_ends_in_common():
    runs = {"mlp-raw/0": {"epochs": np.array([0, 1, 4])}, "mlp-raw/1": {"epochs": np.array([0, 1, 4])}}
    assert list(moments(runs)) == [0, 1, 4]
    assert list(moments({**runs, "cnn-raw/0": {"epochs": np.array([0, 1, 9])}})) == [0, 1, -1]


def test_where_one_condition_was_measured_nothing_is_compared():
    assert comparisons(GRID, ["mlp-raw"]) == {}
    assert architecture(GRID, "mlp-raw") == "mlp"
