"""Runs become conditions, conditions become comparisons."""

from planted import GRID

from experiments.evidence import architecture, by_condition, comparisons, pairs


def test_runs_are_grouped_by_condition_in_the_order_of_their_seeds():
    runs = {"mlp-raw/10": "k", "mlp-raw/9": "j", "cnn-raw/0": "a"}
    assert by_condition(runs) == {"mlp-raw": ["j", "k"], "cnn-raw": ["a"]}


def test_every_other_treatment_and_architecture_is_compared_with_the_first_where_both_have_the_part():
    measured = {
        "mlp-raw": {"hidden1": 1, "logits": 2},
        "mlp-normalized": {"hidden1": 3, "logits": 4},
        "cnn-raw": {"conv1": 5, "logits": 6},
    }
    assert pairs(GRID, measured, measure="x.y") == {
        "x.y.difference.mlp:normalized.hidden1": (3, 1),
        "x.y.difference.mlp:normalized.logits": (4, 2),
        "x.y.difference.raw:cnn.logits": (6, 2),
    }


def test_a_whole_network_is_the_nameless_part_and_an_axis_can_be_chosen():
    measured = {name: {"": name} for name in GRID["conditions"]}
    assert pairs(GRID, measured, measure="m", axis="architecture") == {
        "m.difference.raw:cnn": ("cnn-raw", "mlp-raw"),
        "m.difference.normalized:cnn": ("cnn-normalized", "mlp-normalized"),
    }


def test_where_one_condition_was_measured_nothing_is_compared():
    assert comparisons(GRID, ["mlp-raw"]) == {}
    assert architecture(GRID, "mlp-raw") == "mlp"
