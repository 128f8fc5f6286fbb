"""The figures of the superposition page: sound, and with the numbers that they show beside them."""

import numpy as np
import pytest
from drawings import assert_sound, draw, rows, texts

from report import style
from report.figures import superposition

FIGURES = ("interference", "cosines", "confused", "units")
LAYERS = {"mlp": ("hidden1", "hidden2"), "cnn": ("conv1", "conv2", "hidden3")}


def fact(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def study(*, seeds: int = 3, epochs: int = 4) -> dict[str, dict]:
    """Interference that halves with each epoch, cosines that grow with the digits, and units that rotation doubles."""
    arrays, facts = {}, {}
    cosine = np.add.outer(np.arange(10), np.arange(10)) / 18
    for condition in style.CONDITIONS:
        layers = LAYERS[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(layers)
        arrays[f"misread/{condition}"] = np.rint(40 * cosine)
        for layer in layers:
            arrays[f"interference/{condition}/{layer}"] = np.tile(0.5 ** np.arange(epochs + 1), (seeds, 1))
            arrays[f"cosine/{condition}/{layer}"] = cosine
            facts |= {f"superposition.chance.{layer}": fact(0.1), f"superposition.least.{layer}": fact(0.01)}
            facts[f"superposition.units.{condition}.{layer}"] = fact(3)
            facts[f"superposition.units_rotated.{condition}.{layer}"] = fact(6)
    return {"arrays": arrays, "facts": facts}


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (3, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_sound(name, seeds, epochs):
    assert_sound(getattr(superposition, name), **study(seeds=seeds, epochs=epochs))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares(name):
    said = " ".join(texts(draw(getattr(superposition, name), **study())))
    assert "raw" in said
    assert "normalized" in said


def test_interference_stands_beside_chance_and_the_least_possible():
    found = rows(draw(superposition.interference, **study()))
    assert {row["condition"] for row in found} == {*style.CONDITIONS, "chance", "least"}
    last = [float(row["mean"]) for row in found if (row["condition"], row["layer"]) == ("mlp-raw", "hidden2")]
    assert last == [1, 0.5, 0.25, 0.125, 0.0625]


def test_the_pairs_that_are_misread_most_often_are_named():
    assert texts(draw(superposition.confused, **study())).count("8–9") == len(style.CONDITIONS)


def test_every_layer_is_shown_with_its_own_axes_and_rotated():
    found = rows(draw(superposition.units, **study()))
    assert len(found) == 2 * (2 * len(LAYERS["mlp"]) + 2 * len(LAYERS["cnn"]))
    assert {(row["axes"], float(row["mean"])) for row in found} == {("own axes", 3), ("rotated", 6)}
