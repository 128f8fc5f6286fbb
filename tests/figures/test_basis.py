"""The figures of the page on the units' axes: sound, and with the numbers that they show beside them."""

import numpy as np
import pytest
from drawings import CARD, assert_sound, draw, rows, texts
from planted import CONDITIONS, LOOK

from report import style
from report.figures import basis

LAYERS = {"mlp": ("hidden1", "hidden2"), "cnn": ("conv1", "conv2", "hidden3")}
PLACES = [(condition, layer) for condition in CONDITIONS for layer in LAYERS[condition.partition("-")[0]]]


@pytest.fixture(autouse=True)
def _published():
    with style.showing(LOOK):
        yield


def fact(value: float) -> dict:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "margin": 0.25, "verdict": "higher"}


def study() -> dict[str, dict]:
    facts = {}
    for place, (condition, layer) in enumerate(PLACES):
        for measure in basis.ASKED:
            facts[f"basis.{measure}_beyond.{condition}.{layer}"] = fact(0.3 * place)
        for kept in ("", *(f"_{name}" for name in basis.KEPT)):
            facts[f"basis.selectivity{kept}.{condition}.{layer}"] = fact(0.5)
    return {"arrays": {f"layers/{c}": np.array(LAYERS[c.partition("-")[0]]) for c in CONDITIONS}, "facts": facts}


def test_figures_are_sound():
    assert_sound(basis.beyond, **study(), card=CARD)
    assert_sound(basis.controls, **study())


def test_every_measure_of_every_layer_is_drawn_and_what_was_not_measured_is_left_out():
    given = study()
    given["facts"] = {name: each for name, each in given["facts"].items() if "spread_beyond.cnn" not in name}
    found = rows(draw(basis.beyond, **given, card=CARD))
    assert len(found) == len(basis.ASKED) * len(PLACES) - 2 * len(LAYERS["cnn"])
    assert {row["verdict"] for row in found} == {"higher"}


def test_panels_say_what_special_units_would_be_and_controls_what_they_keep():
    said = texts(draw(basis.beyond, **study(), card=CARD))
    assert "more selective" in said
    assert f"fewer {CARD['kinds']} per unit" in said
    assert {"mean kept", "share kept", "the units"} <= {*texts(draw(basis.controls, **study()))}


def test_a_study_without_such_layers_has_no_figure():
    with pytest.raises(style.Nothing):
        basis.beyond.__wrapped__(arrays={f"layers/{CONDITIONS[0]}": np.array([], dtype=str)}, facts={}, card=CARD)
