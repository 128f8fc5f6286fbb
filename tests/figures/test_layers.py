"""The figures of the page on layers: legible, and with their numbers beside them."""

import numpy as np
import pytest
from drawings import assert_sound, draw, rows, texts

from report.figures import layers

LARGEST = 150_000  # bytes of one SVG
FIGURES = ("differences", "curves", "drift", "units")
MEASURES = ("test_accuracy", "gap", "dead", "selectivity", "participation")
TITLES = {
    "plain": "Plain",
    **{f"v{n}": f"Variant number {n} of eight" for n in range(8)},
    "notebooks": "The notebooks'",
}


def study(*, seeds=3, epochs=4):
    """Variant n is n points better than plain, and its second layer spreads n-fold."""
    arrays = {"variants": np.array(list(TITLES)), "titles": np.array(list(TITLES.values()))}
    facts = {}
    for place, name in enumerate(TITLES):
        rising = np.linspace(10, 90 + 0.5 * place, epochs + 1)
        arrays[f"test_accuracy/{name}"] = rising + 0.1 * np.arange(seeds)[:, None]
        for layer in ("hidden1", "hidden2"):
            arrays[f"std/{name}/{layer}"] = np.tile(np.linspace(2, 2 * (1 + place), epochs + 1), (seeds, 1))
        for measure in MEASURES:
            values = place + 0.1 * np.arange(seeds)
            arrays[f"value/{measure}/{name}"] = values
            facts[f"layers.{measure}.{name}"] = interval(values.mean(), seeds)
            facts[f"layers.{measure}.difference.{name}"] = interval(float(place), seeds)
    return {"arrays": arrays, "facts": facts}


def interval(value, seeds):
    known = seeds > 1
    return {"value": value, "low": value - 1 if known else None, "high": value + 1 if known else None, "n": seeds}


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (3, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds, epochs):
    figure, inputs = getattr(layers, name), study(seeds=seeds, epochs=epochs)
    assert_sound(figure, largest=LARGEST, **inputs)


@pytest.mark.parametrize("name", FIGURES)
def test_every_variant_is_named_and_its_numbers_stand_beside(name):
    drawn = draw(getattr(layers, name), **study())
    said = " ".join(texts(drawn))
    assert "The notebooks'" in said
    wanted = [variant for variant in TITLES if variant != "plain" or name in ("drift", "units")]
    assert list(dict.fromkeys(row["variant"] for row in rows(drawn))) == wanted


def test_differences_are_those_of_pairs():
    found = rows(draw(layers.differences, **study()))
    assert {float(row["difference"]) for row in found if row["variant"] == "v3"} == {4.0}


def test_drift_is_relative_to_the_untrained_network():
    found = rows(draw(layers.drift, **study()))
    spread = {row["variant"]: float(row["spread_relative_to_untrained"]) for row in found if row["layer"] == "hidden2"}
    assert (spread["plain"], spread["v3"]) == (1, 5)
