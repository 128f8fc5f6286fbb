"""The figures of the selectivity page: legible, and with their numbers beside them."""

from collections.abc import Sequence

import numpy as np
import pytest
from drawings import assert_sound, draw, rows, texts
from planted import CONDITIONS, LOOK, THREE

from report import style
from report.figures import selectivity

LARGEST = 150_000  # bytes of one SVG
FIGURES = ("class_means", "top_units", "agreement", "participation", "growth")
DIGITS = tuple("0123456789")
LAYERS = {"mlp": {"hidden1": 32, "hidden2": 16}, "cnn": {"conv1": 8, "conv2": 16, "hidden3": 16}}


@pytest.fixture(autouse=True)
def _published():
    with style.showing(LOOK):
        yield


def study(
    *, seeds: int = 2, epochs: int = 4, conditions: Sequence[str] = tuple(CONDITIONS), names: Sequence[str] = DIGITS
) -> dict[str, np.ndarray]:
    """Unit u prefers class u modulo their number, unit 0 is dead; rankings agree fully by mean, never by gradient."""
    count = len(names)
    arrays: dict[str, np.ndarray] = {"classes": np.array(names), "grid": np.linspace(1, count, 46)}
    for condition in conditions:
        sizes = LAYERS[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(list(sizes))
        arrays[f"class_mean/{condition}/logits"] = 2 * np.eye(count) - 1
        for layer, units in sizes.items():
            means = 0.1 + 2 * np.eye(count)[np.arange(units) % count]
            means[0] = 0
            arrays[f"class_mean/{condition}/{layer}"] = means
            arrays[f"top/{condition}/{layer}"] = np.tile(np.arange(3), (3, count, 1))
            arrays[f"top/{condition}/{layer}"][1] += 2  # 2, 3, 4 beside 0, 1, 2 twice
            arrays[f"agreement/{condition}/{layer}"] = np.tile([0.0, 1.0, -1.0], (seeds, 1))
            for part in [layer, f"{layer}.peak"] if layer.startswith("conv") else [layer]:
                arrays[f"growth/{condition}/{part}"] = np.tile(np.linspace(0.2, 0.8, epochs + 1), (seeds, 1))
                for variant in ("own", "start"):
                    arrays[f"spread/{variant}/{condition}/{part}"] = np.tile(np.linspace(0, 100, 46), (seeds, 1))
    return arrays


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds, epochs):
    assert_sound(
        getattr(selectivity, name), largest=LARGEST, arrays=study(seeds=seeds, epochs=epochs), architecture="mlp"
    )


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares_in_the_order_of_the_study(name):
    drawn = draw(getattr(selectivity, name), arrays=study(), architecture="mlp")
    said = " ".join(texts(drawn))
    assert "raw" in said
    assert "normalized" in said
    shown = [condition for condition in CONDITIONS if name != "class_means" or condition.startswith("mlp")]
    assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == shown


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_another_study_names_its_classes_and_all_its_treatments(name):
    """One architecture, three treatments, five classes that are words."""
    words = ["T-shirt", "trouser", "pullover", "dress", "coat"]
    conditions = [f"mlp-{treatment}" for treatment in THREE["treatments"]]
    arrays = study(conditions=conditions, names=words)
    said = " ".join(texts(draw(getattr(selectivity, name), look=THREE, arrays=arrays, architecture="mlp")))
    assert all(treatment in said for treatment in THREE["treatments"].values())
    if name in ("class_means", "top_units"):
        assert all(word in said for word in words)


def test_class_means_are_parts_of_each_units_largest_and_dead_units_come_last():
    found = [
        row
        for row in rows(draw(selectivity.class_means, arrays=study(), architecture="mlp"))
        if row["layer"] == "hidden2"
    ]
    units = [int(row["unit"]) for row in found[: 16 * 10 : 10]]
    assert units[:3] == [10, 1, 11], "by favourite class"
    assert units[-1] == 0, "dead"
    assert max(float(row["part_of_the_largest"]) for row in found if row["unit"] == "1") == 1
    assert all(row["part_of_the_largest"] == "" for row in found if row["unit"] == "0")


def test_top_units_say_how_many_rankings_list_them():
    found = rows(draw(selectivity.top_units, arrays=study()))
    listed = {row["unit"]: row["rankings_that_list_it"] for row in found}
    assert listed == {"0": "2", "1": "2", "2": "3", "3": "1", "4": "1"}


def test_agreement_is_given_by_pair_of_rankings():
    found = rows(draw(selectivity.agreement, arrays=study()))
    means = {row["rankings"]: float(row["mean"]) for row in found if row["condition"] == "mlp-raw"}
    assert means == {"mean and gradient": 0, "mean and selectivity": 1, "gradient and selectivity": -1}


def test_units_of_which_fewer_than_two_live_are_not_ranked_and_leave_no_panel():
    arrays = study()
    of_one_network = "agreement/mlp-raw/hidden1"
    of_all = [name for name in arrays if name.startswith("agreement/") and name.endswith("/hidden2")]
    for name in (of_one_network, *of_all):
        del arrays[name]
    drawn = draw(selectivity.agreement, arrays=arrays)
    found = {(row["condition"], row["layer"]) for row in rows(drawn)}
    assert ("mlp-normalized", "hidden1") in found
    assert not {("mlp-raw", "hidden1"), ("mlp-raw", "hidden2"), ("mlp-normalized", "hidden2")} & found
    assert "MLP, hidden 2" not in texts(drawn)


def test_growth_tells_channels_read_at_their_maximum_apart():
    found = rows(draw(selectivity.growth, arrays=study()))
    assert {row["layer_and_reading"] for row in found if row["condition"] == "cnn-raw"} == {
        "conv1", "conv1.peak", "conv2", "conv2.peak", "hidden3",
    }  # fmt: skip
