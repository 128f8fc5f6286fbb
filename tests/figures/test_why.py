"""The figures of the learning rates are well-formed, and show what was planted."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import assert_sound, rows, texts

from experiments.chapters import why as chapter
from experiments.statistics import difference
from experiments.study import PUBLISHED
from report.figures import why

LOOK = next(stage for stage in chapter.stages(PUBLISHED) if stage.name == "figure/why/rates").parameters["look"]
NAMES = list(LOOK["conditions"])
FIGURES = ("rates", "apart", "curvature")


def inputs(names=NAMES):
    rng = np.random.default_rng(0)
    unfolded = [name for name in names if "begun" not in name]
    arrays = {"conditions": np.array(names), "unfolded": np.array(unfolded)}
    for name in names:
        rates = np.geomspace(0.003, 1, 6)
        arrays[f"rates/{name}"] = rates
        for when in ("first_epoch", "end"):
            arrays[f"{when}/{name}"] = 90 + 5 * rng.random((3, len(rates)))
        arrays[f"bent/{name}"] = rng.uniform(1, 90, (3, 3))
        arrays[f"bent_at/{name}"] = np.array([0, 1, 20])
        arrays[f"limit/{name}"] = np.array(200.0)
    facts = {
        f"why.{when}.{which}.difference.{comparison}": difference(rng.random(3), rng.random(3), unit="points")
        for when in ("first_epoch", "end")
        for which in ("given", "best")
        for comparison in LOOK["comparisons"]
    }
    return {"arrays": arrays, "facts": facts}


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_sound(name):
    assert_sound(getattr(why, name), look=LOOK, **inputs())
    drawn = getattr(why, name)(look=LOOK, **inputs())
    assert not [text for text in texts(drawn) if "$" in text], "no axis is written in formulas"


def test_every_rate_of_every_treatment_is_in_the_data():
    found = rows(why.rates(look=LOOK, **inputs()))
    assert len(found) == 2 * 10 * 6


def test_folded_starts_are_compared_and_not_drawn_as_curves():
    drawn = why.apart(look=LOOK, **inputs())
    assert any("begun as" in text for text in texts(drawn))
    assert not any("begun as" in text for text in texts(why.rates(look=LOOK, **inputs())))


def test_without_curvature_there_is_a_note_in_place_of_the_figure():
    given = inputs()
    given["arrays"] = {name: value for name, value in given["arrays"].items() if not name.startswith("bent")}
    assert "No network of this study" in why.curvature(look=LOOK, **given)["figure.svg"]
