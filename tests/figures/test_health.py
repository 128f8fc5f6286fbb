"""The figures of the health page: legible, and with their numbers beside them."""

import numpy as np
import planted
import pytest
from drawings import assert_sound, draw, margin, rows, texts

from experiments import wiring
from report.figures import health

LARGEST = 150_000  # bytes of one SVG
FIGURES = ("dead_units", "activity", "gradient_flow", "update_ratios", "revival")


def study(*, seeds: int = 2, epochs: int = 4, conditions=planted.CONDITIONS) -> dict[str, np.ndarray]:
    """In every layer a quarter of the units is dead untrained and none at the end; unit 0 wakes at the end."""
    layers = {"mlp": ("hidden1", "hidden2", "logits"), "cnn": ("conv1", "conv2", "hidden3", "logits")}
    arrays = {}
    for condition in conditions:
        names = layers[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(names)
        for layer in names:
            arrays[f"gradient_norm/{condition}/{layer}"] = np.full((seeds, epochs), 0.5)
            arrays[f"update_ratio/{condition}/{layer}"] = np.full((seeds, epochs), -2.5)
        for layer in names[:-1]:
            history = np.full((epochs + 1, 8), 0.75)
            history[:-1, 0] = 0
            arrays[f"dead/{condition}/{layer}"] = np.tile(np.linspace(25, 0, epochs + 1), (seeds, 1))
            arrays[f"active/{condition}/{layer}"] = np.tile(history[[0, -1]], (seeds, 1, 1))
            arrays[f"history/{condition}/{layer}"] = history
    return arrays


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds, epochs):
    figure, arrays = getattr(health, name), study(seeds=seeds, epochs=epochs)
    assert_sound(figure, largest=LARGEST, arrays=arrays, facts={})


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares_in_the_order_of_the_study(name):
    drawn = draw(getattr(health, name), arrays=study(), facts={})
    said = " ".join(texts(drawn))
    assert "raw" in said
    assert "normalized" in said
    assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == list(planted.CONDITIONS)


def test_the_numbers_of_dead_units_are_the_shares_that_were_drawn():
    found = rows(draw(health.dead_units, arrays=study()))
    conv = [float(row["mean"]) for row in found if (row["condition"], row["layer"]) == ("cnn-raw", "conv1")]
    assert conv == [25, 18.75, 12.5, 6.25, 0]
    assert not any(row["layer"] == "logits" for row in found), "logits have no ReLU"


@pytest.mark.parametrize("name", ["gradient_flow", "update_ratios"])
def test_what_is_read_while_training_begins_at_epoch_one(name):
    found = rows(draw(getattr(health, name), arrays=study()))
    assert sorted({int(row["epoch"]) for row in found}) == [1, 2, 3, 4]
    assert any(row["layer"] == "logits" for row in found)


def test_every_unit_of_every_seed_is_a_dot_before_and_after_training():
    drawn = draw(health.activity, arrays=study(seeds=3))
    assert drawn["figure.svg"].count("h0") == len(rows(drawn)) == 2 * (2 + 3) * 2 * 3 * 8
    assert {row["when"] for row in rows(drawn)} == {"untrained", "trained"}


def test_a_dead_unit_is_a_gap_in_the_map_of_revivals():
    found = rows(draw(health.revival, arrays=study()))
    shares = [float(row["percent_of_images"]) for row in found if row["unit"] == "0" and row["layer"] == "conv1"][:5]
    assert shares == [0, 0, 0, 0, 75]


@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "cnn")])
@pytest.mark.parametrize("name", FIGURES)
def test_three_treatments_are_drawn_whole_of_one_architecture_and_of_two(name, architectures, monkeypatch):
    look = wiring.look(planted.study(architectures=architectures, treatments=("raw", "scaled", "normalized")))
    arrays = study(conditions=look["conditions"])
    drawn = draw(getattr(health, name), arrays=arrays, look=look)
    assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == list(look["conditions"])
    assert all(treatment in " ".join(texts(drawn)) for treatment in ("raw", "scaled", "normalized"))
    assert margin(monkeypatch, getattr(health, name), arrays=arrays, look=look) > 0
