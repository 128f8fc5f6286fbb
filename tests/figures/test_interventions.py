"""The figures of the interventions page: legible, and with their numbers beside them."""

from collections.abc import Sequence

import numpy as np
import pytest
from drawings import assert_sound, draw, rows, texts
from planted import CONDITIONS, LOOK, THREE

from report import style
from report.figures import interventions

LARGEST = 250_000  # bytes of one SVG: some have a dot for every unit of every network
FIGURES = ("ablation", "curves", "confusions", "bottlenecks", "mean_ablation", "importance")
LAYERS = {"mlp": {"hidden1": 32, "hidden2": 16}, "cnn": {"conv1": 8, "conv2": 16, "hidden3": 16}}
EFFECTS = (
    "lost",
    "worst",
    "mean_lost",
    "mean_worst",
    "direction_worst",
    "direction_mean_worst",
    "selectivity",
    "share_on",
)


def test_the_units_shown_are_those_of_the_network_shown_and_not_of_the_first_seed():
    arrays = study()
    for name in [name for name in arrays if name.partition("/")[0] in ("lost", "worst", "mean_worst")]:
        arrays[name][0] = np.arange(arrays[name].shape[1])[::-1]  # in the first seed it would be unit 0
    for figure in (interventions.confusions, interventions.curves):
        found = rows(draw(figure, arrays=arrays))
        assert {row["unit"] for row in found[:1]} == {"3"}, figure.__name__


@pytest.fixture(autouse=True)
def _published():
    with style.showing(LOOK):
        yield


def study(
    *, seeds: int = 2, conditions: Sequence[str] = tuple(CONDITIONS), names: Sequence[str] = tuple("0123456789")
) -> dict[str, np.ndarray]:
    """Unit 3 is the bottleneck of the second class from the end, whose images are then read as the first; unit 5 is
    dead."""
    scales, count = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3]), len(names)
    arrays: dict[str, np.ndarray] = {"classes": np.array(names), "scales": scales}
    rng = np.random.default_rng(0)
    for condition in conditions:
        sizes = LAYERS[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(list(sizes))
        arrays[f"images/{condition}"] = np.full(count, 50)
        for layer, units in sizes.items():
            place = f"{condition}/{layer}"
            accuracy = np.full((units, 7, count), 95.0)
            accuracy[3, 0, -2] = 0
            change = np.zeros((units, 2, count, count), dtype=int)
            change[3, 0, -2, -2], change[3, 0, -2, 0] = -40, 40
            arrays |= {f"class_accuracy/{place}": accuracy, f"correct_logit/{place}": accuracy / 10}
            arrays |= {f"mean_class_accuracy/{place}": accuracy[:, 0], f"mean_change/{place}": change[:, 0] // 2}
            arrays[f"change/{place}"] = change
            arrays |= {f"{effect}/{place}": rng.random((seeds, units)) for effect in EFFECTS}
            for effect in ("worst", "lost", "mean_worst"):
                arrays[f"{effect}/{place}"][:, 3] = 80
            arrays[f"living/{place}"] = np.tile(np.arange(units) != 5, (seeds, 1))
    return arrays


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds):
    assert_sound(getattr(interventions, name), largest=LARGEST, arrays=study(seeds=seeds))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares_in_the_order_of_the_study(name):
    drawn = draw(getattr(interventions, name), arrays=study())
    said = " ".join(texts(drawn))
    assert "raw" in said
    assert "normalized" in said
    assert {row["condition"] for row in rows(drawn)} == set(CONDITIONS)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "cnn")])
def test_a_figure_of_another_study_shows_all_its_conditions_and_names_its_classes(name, architectures):
    """Three treatments, and twelve classes that are words."""
    words = [f"thing {letter}" for letter in "abcdefghijkl"]
    conditions = [f"{architecture}-{treatment}" for architecture in architectures for treatment in THREE["treatments"]]
    drawn = draw(getattr(interventions, name), look=THREE, arrays=study(conditions=conditions, names=words))
    said = " ".join(texts(drawn))
    assert all(treatment in said for treatment in THREE["treatments"].values())
    assert {row["condition"] for row in rows(drawn)} == set(conditions)
    if name in ("ablation", "confusions"):
        assert sum(word in said for word in words) >= 3, "as many as there is room for"


def test_the_most_important_unit_has_the_first_curve_and_its_class_is_named():
    drawn = draw(interventions.curves, arrays=study())
    assert rows(drawn)[0]["unit"] == "3"
    assert texts(drawn).count("8") == 4, "named once for each condition, where it falls"


def test_the_confusions_are_of_the_unit_whose_average_costs_a_class_most_and_that_comes_first():
    found = [row for row in rows(draw(interventions.confusions, arrays=study())) if row["change_in_images"] != "0"]
    first = [(row["unit"], row["intervention"], row["true_class"], row["read_as"]) for row in found[:4]]
    assert first == [("3", by, "8", to) for by in ("averaged", "at zero") for to in ("0", "8")]
    assert [float(row["change_in_points"]) for row in found[:4]] == [40, -40, 80, -80]


def test_every_unit_and_every_random_direction_is_a_dot():
    drawn = draw(interventions.bottlenecks, arrays=study(seeds=3))
    assert drawn["figure.svg"].count("h0") == 2 * len(rows(drawn)) == 2 * 2 * 2 * 3 * (48 + 40), (
        "at average and at zero"
    )
    assert {row["what"] for row in rows(drawn)} == {"units", "directions"}


@pytest.mark.parametrize("name", ["mean_ablation", "importance"])
def test_dead_units_are_left_out_of_scatters(name):
    found = rows(draw(getattr(interventions, name), arrays=study()))
    assert len(found) == 2 * 2 * (48 - 2 + 40 - 3)
    assert not any(row["unit"] == "5" for row in found)
