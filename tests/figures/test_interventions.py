"""The figures of the interventions page: legible, and with their numbers beside them."""

import numpy as np
import pytest
from drawings import assert_sound, draw, rows, texts

from report import style
from report.figures import interventions

LARGEST = 250_000  # bytes of one SVG: some have a dot for every unit of every network
FIGURES = ("ablation", "curves", "confusions", "dose", "bottlenecks", "attractors", "mean_ablation", "importance")
LAYERS = {"mlp": {"hidden1": 32, "hidden2": 16}, "cnn": {"conv1": 8, "conv2": 16, "hidden3": 16}}
EFFECTS = ("lost", "worst", "mean_lost", "pulled", "direction_worst", "direction_pulled", "selectivity")


def study(*, seeds: int = 2) -> dict[str, np.ndarray]:
    """Unit 3 is the bottleneck of digit 8, whose images are then read as 0; unit 5 is dead."""
    scales = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3])
    arrays: dict[str, np.ndarray] = {"classes": np.array([str(d) for d in range(10)]), "scales": scales}
    rng = np.random.default_rng(0)
    for condition in style.CONDITIONS:
        sizes = LAYERS[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(list(sizes))
        arrays[f"images/{condition}"] = np.full(10, 50)
        for layer, units in sizes.items():
            place = f"{condition}/{layer}"
            accuracy = np.full((units, 7, 10), 95.0)
            accuracy[3, 0, 8] = 0
            change = np.zeros((units, 2, 10, 10), dtype=int)
            change[3, 0, 8, 8], change[3, 0, 8, 0] = -40, 40
            arrays |= {f"class_accuracy/{place}": accuracy, f"correct_logit/{place}": accuracy / 10}
            arrays |= {f"change/{place}": change, f"dose/{place}": np.tile(90 - np.abs(scales - 1), (seeds, 1))}
            arrays |= {f"{effect}/{place}": rng.random((seeds, units)) for effect in EFFECTS}
            arrays[f"worst/{place}"][:, 3] = arrays[f"lost/{place}"][:, 3] = 80
            arrays[f"living/{place}"] = np.tile(np.arange(units) != 5, (seeds, 1))
    return arrays


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds):
    figure, arrays = getattr(interventions, name), study(seeds=seeds)
    assert_sound(figure, largest=LARGEST, arrays=arrays, facts={})


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares_in_the_order_of_the_study(name):
    drawn = draw(getattr(interventions, name), arrays=study(), facts={})
    said = " ".join(texts(drawn))
    assert "raw" in said
    assert "normalized" in said
    assert {row["condition"] for row in rows(drawn)} == set(style.CONDITIONS)


def test_the_most_important_unit_has_the_first_curve_and_its_digit_is_named():
    drawn = draw(interventions.curves, arrays=study())
    assert rows(drawn)[0]["unit"] == "3"
    assert texts(drawn).count("8") == 4, "named once for each condition, where it falls"


def test_the_confusions_are_of_the_unit_that_costs_a_digit_most():
    found = [row for row in rows(draw(interventions.confusions, arrays=study())) if row["change_in_images"] != "0"]
    first = [(row["unit"], row["intervention"], row["true_digit"], row["read_as"]) for row in found[:2]]
    assert first == [("3", "off", "8", "0"), ("3", "off", "8", "8")]
    assert [float(row["change_in_points"]) for row in found[:2]] == [80, -80]


def test_every_unit_and_every_random_direction_is_a_dot():
    drawn = draw(interventions.bottlenecks, arrays=study(seeds=3))
    assert drawn["figure.svg"].count("h0") == len(rows(drawn)) == 2 * 2 * 3 * (48 + 40)
    assert {row["what"] for row in rows(drawn)} == {"units", "directions"}


@pytest.mark.parametrize("name", ["mean_ablation", "importance"])
def test_dead_units_are_left_out_of_scatters(name):
    found = rows(draw(getattr(interventions, name), arrays=study()))
    assert len(found) == 2 * 2 * (48 - 2 + 40 - 3)
    assert not any(row["unit"] == "5" for row in found)
