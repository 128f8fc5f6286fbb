"""Runs become conditions, conditions become comparisons."""

from experiments.analyses.grid import by_condition, pairs


def test_runs_are_grouped_by_condition_in_the_order_of_their_seeds():
    runs = {"mlp-raw/10": "k", "mlp-raw/9": "j", "cnn-raw/0": "a"}
    assert by_condition(runs) == {"mlp-raw": ["j", "k"], "cnn-raw": ["a"]}


def test_normalized_is_compared_with_raw_and_cnn_with_mlp_where_both_have_the_part():
    measured = {
        "mlp-raw": {"hidden1": 1, "logits": 2},
        "mlp-normalized": {"hidden1": 3, "logits": 4},
        "cnn-raw": {"conv1": 5, "logits": 6},
    }
    assert pairs(measured, measure="x.y") == {
        "x.y.difference.mlp.hidden1": (3, 1),
        "x.y.difference.mlp.logits": (4, 2),
        "x.y.difference.raw.logits": (6, 2),
    }


def test_a_whole_network_is_the_nameless_part_and_comparisons_can_be_chosen():
    measured = {name: {"": name} for name in ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")}
    assert pairs(measured, measure="m", only=("cnn",)) == {"m.difference.cnn": ("cnn-normalized", "cnn-raw")}
