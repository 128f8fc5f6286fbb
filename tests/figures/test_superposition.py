"""The figures of the superposition page: sound, and with the numbers that they show beside them."""

from collections.abc import Sequence

import numpy as np
import pytest
from drawings import CARD, assert_sound, draw, rows, texts
from planted import CONDITIONS, LOOK, THREE

from report import style
from report.figures import superposition

FIGURES = ("interference", "cosines", "confused")
LAYERS = {"mlp": ("hidden1", "hidden2"), "cnn": ("conv1", "conv2", "hidden3")}


def fact(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


@pytest.fixture(autouse=True)
def _published():
    with style.showing(LOOK):
        yield


def study(
    *,
    seeds: int = 3,
    epochs: int = 4,
    conditions: Sequence[str] = tuple(CONDITIONS),
    names: Sequence[str] = tuple("0123456789"),
) -> dict[str, dict]:
    """Interference that halves with each epoch, cosines that grow with the classes."""
    arrays, facts = {}, {}
    cosine = np.add.outer(np.arange(len(names)), np.arange(len(names))) / 18
    for condition in conditions:
        layers = LAYERS[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(layers)
        arrays[f"misread/{condition}"] = np.rint(40 * cosine)
        for layer in layers:
            arrays[f"interference/{condition}/{layer}"] = np.tile(0.5 ** np.arange(epochs + 1), (seeds, 1))
            arrays[f"cosine/{condition}/{layer}"] = cosine
            facts[f"superposition.chance.{condition}.{layer}"] = fact(0.25)
    return {"arrays": arrays, "facts": facts, "card": {**CARD, "class_names": list(names), "classes": len(names)}}


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (3, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_sound(name, seeds, epochs):
    assert_sound(getattr(superposition, name), **study(seeds=seeds, epochs=epochs))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares(name):
    said = " ".join(texts(draw(getattr(superposition, name), **study())))
    assert "raw" in said
    assert "normalized" in said


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "cnn")])
def test_a_figure_of_another_study_shows_all_its_conditions_and_names_its_classes(name, architectures):
    """Three treatments, and five classes that are words."""
    words = ["T-shirt", "trouser", "pullover", "dress", "coat"]
    conditions = [f"{architecture}-{treatment}" for architecture in architectures for treatment in THREE["treatments"]]
    drawn = getattr(superposition, name)(look=THREE, **study(conditions=conditions, names=words))
    assert {row["condition"] for row in rows(drawn)} == set(conditions)
    said = " ".join(texts(drawn))
    assert all(treatment in said for treatment in THREE["treatments"].values())
    if name == "cosines":
        assert all(word in said for word in words)
    if name == "confused":
        assert "dre–coa" in said, "by the first letters, where names are long"
        assert "dre: dress" in said


def test_interference_is_drawn_from_the_untrained_network_on():
    found = rows(draw(superposition.interference, **study()))
    assert {row["condition"] for row in found} == set(CONDITIONS)
    last = [float(row["mean"]) for row in found if (row["condition"], row["layer"]) == ("mlp-raw", "hidden2")]
    assert last == [1, 0.5, 0.25, 0.125, 0.0625]
    assert {(row["random"], row["random_low"], row["random_high"]) for row in found} == {("0.25", "0.15", "0.35")}


def test_random_directions_that_are_all_alike_have_no_band():
    given = study()
    for each in given["facts"].values():
        each |= {"low": None, "high": None}
    found = rows(draw(superposition.interference, **given))
    assert {(row["random"], row["random_low"], row["random_high"]) for row in found} == {("0.25", "", "")}


def test_the_pairs_that_are_misread_most_often_are_named():
    assert texts(draw(superposition.confused, **study())).count("8–9") == len(CONDITIONS)
