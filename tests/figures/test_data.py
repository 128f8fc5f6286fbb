"""The figures of the data are well-formed, and show the numbers that their CSV holds."""

from __future__ import annotations

import drawings
import numpy as np
import pytest
from drawings import assert_sound, margin, rows, texts

from experiments.analyses.data import examine
from report.figures import data

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
FIGURES = ("examples", "class_means", "intensities", "classes", "spectrum")
TREATMENTS = {"raw": {"mean": 0.0, "std": 1.0}, "normalized": {"mean": 0.25, "std": 0.5}}


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 6).astype(np.uint8)
    images = (rng.integers(0, 256, (60, 28, 28)) * rng.integers(0, 2, (60, 28, 28))).astype(np.uint8)
    some = {"images": images, "labels": labels}
    card = {"class_names": NAMES}
    probe = some | {"index": np.arange(60)}
    made = examine(train=some, test=some, probe=probe, card=card, treatments=TREATMENTS)
    return {"arrays": made["arrays.npz"], "facts": made["facts.json"]}


def draw(name, inputs):
    return drawings.draw(getattr(data, name), **inputs)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_well_formed_and_small(name, inputs):
    assert_sound(getattr(data, name), largest=120_000, **inputs)


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_drawn_outside_the_figure(name, inputs, monkeypatch):
    assert margin(monkeypatch, getattr(data, name), **inputs) > -0.02


@pytest.mark.parametrize("name", ["examples", "class_means", "classes"])
def test_every_class_is_named(name, inputs):
    assert set(NAMES) <= set(texts(draw(name, inputs)))


def test_examples_give_every_pixel_shown(inputs):
    found = rows(draw("examples", inputs))
    assert len(found) == 40
    assert int(found[0]["row 3 column 4"]) == inputs["arrays"]["example_images"][0, 0, 3, 4]


def test_the_histogram_names_the_treatments_and_its_shares_add_up(inputs):
    drawn = draw("intensities", inputs)
    assert "raw: pixel" in texts(drawn)
    assert "normalized: (pixel \N{MINUS SIGN} 0.25) / 0.5" in texts(drawn)
    shares = [float(row["share of training pixels in %"]) for row in rows(drawn) if row["treatment"] == "raw"]
    assert sum(shares) == pytest.approx(100, abs=1e-3)
    low = min(float(row["from"]) for row in rows(drawn) if row["treatment"] == "normalized")
    assert low == pytest.approx(-0.5, abs=0.01)


def test_classes_show_their_counts(inputs):
    drawn = draw("classes", inputs)
    assert texts(drawn).count("6") == 20
    assert {row["share of training set in %"] for row in rows(drawn)} == {"10"}


def test_the_spectrum_says_the_share_of_the_leading_eigenvalue(inputs):
    drawn = draw("spectrum", inputs)
    share = inputs["facts"]["data.leading_share.raw"]["value"]
    assert f"raw: {share:.0f} %" in texts(drawn)
    assert float(rows(drawn)[0]["share of the sum in %"]) == pytest.approx(share, rel=1e-4)
