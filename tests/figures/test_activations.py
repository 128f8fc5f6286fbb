"""The figures of the activations page: legible, and with their numbers beside them."""

import numpy as np
import planted
import pytest
from drawings import CLOTHES, assert_sound, draw, margin, rows, texts
from scipy.stats import norm

from experiments import wiring
from experiments.record import histogram_edges
from report.figures import activations

LARGEST = 150_000  # bytes of one SVG
NAMES = np.array([f"c{digit}" for digit in range(10)])
FIGURES = ("distributions", "drift", "quantiles", "class_drift", "units")


def study(*, seeds: int = 2, epochs: int = 4, conditions=planted.CONDITIONS, names=NAMES) -> dict[str, np.ndarray]:
    """Every hook point of condition k has mean k + epoch and spread 1 + epoch in every seed."""
    moments, time = sorted({0, 1, epochs // 2, epochs}), np.arange(epochs + 1.0)
    arrays = {
        "classes": names,
        "moments": np.array(moments),
        "quantile_levels": np.array([0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1]),
        "histogram_edges": 0.1 * np.sinh(np.linspace(-7, 7, 41)),
    }
    hooks = {
        "mlp": ("input", "hidden1.pre", "hidden1.post", "hidden2.pre", "hidden2.post", "logits"),
        "cnn": ("input", "conv1.pre", "conv1.post", "conv1.pooled", "hidden2.pre", "hidden2.post", "logits"),
    }
    for place, condition in enumerate(conditions):
        points = hooks[condition.partition("-")[0]]
        arrays[f"hook_points/{condition}"] = np.array(points)
        arrays[f"unit_mean/{condition}/hidden2"] = np.tile(np.arange(16.0), (epochs + 1, 1))
        arrays[f"unit_active/{condition}/hidden2"] = np.full((epochs + 1, 16), 0.25)
        for hook in points:
            arrays[f"mean/{condition}/{hook}"] = np.tile(place + time, (seeds, 1))
            arrays[f"std/{condition}/{hook}"] = np.tile(1 + time, (seeds, 1))
            arrays[f"class_mean/{condition}/{hook}"] = time[:, None] + np.arange(len(names))
            arrays[f"quantile/{condition}/{hook}"] = (1 + time[:, None]) * np.linspace(-1, 1, 9)
            arrays[f"histogram/{condition}/{hook}"] = np.tile(np.eye(40)[20], (len(moments), 1))
        arrays[f"histogram/{condition}/input"] = np.tile(0.25 * np.eye(40)[20], (len(moments), 1))
        arrays[f"black/{condition}"] = np.array([0.0, 0.75])
    return arrays


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds, epochs):
    figure, arrays = getattr(activations, name), study(seeds=seeds, epochs=epochs)
    assert_sound(figure, largest=LARGEST, arrays=arrays, facts={})


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares_in_the_order_of_the_study(name):
    drawn = draw(getattr(activations, name), arrays=study(), facts={})
    said = " ".join(texts(drawn))
    assert "raw" in said
    assert "normalized" in said
    assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == list(planted.CONDITIONS)


def test_the_numbers_of_drift_are_the_means_and_spreads_that_were_drawn():
    found = rows(draw(activations.drift, arrays=study()))
    last = next(
        r
        for r in found
        if (r["condition"], r["hook_point"], r["measure"], r["epoch"]) == ("cnn-raw", "logits", "mean", "4")
    )
    assert (float(last["mean"]), float(last["lowest"]), float(last["highest"])) == (6, 6, 6)


def test_the_density_that_is_drawn_integrates_to_one_with_the_single_value_that_stands_apart():
    found = rows(draw(activations.distributions, arrays=study()))
    areas: dict[tuple, float] = {}
    for row in found:
        width = float(row["to"]) - float(row["from"])
        area = float(row["density"]) * width if row["density"] else float(row["share"])
        assert float(row["share"]) == pytest.approx(area)
        place = (row["condition"], row["hook_point"], row["epoch"])
        areas[place] = areas.get(place, 0) + area
    assert list(areas.values()) == pytest.approx([1] * len(areas))
    assert {row["share"] for row in found if not row["density"]} == {"0.75"}


def test_a_normal_distribution_has_one_hump_where_bins_equal_in_asinh_made_two():
    edges = histogram_edges()
    shares = np.diff(norm.cdf(edges, scale=2))
    rises = np.diff(shares[np.abs(edges[1:]) < 8])
    assert (np.diff(np.sign(rises)) > 0).any(), "the shares of such bins have a dent at zero"
    bins, height = activations.density(edges, shares, width=0.2)
    steps = np.diff(height)
    assert np.flatnonzero(steps > 0).max() < np.flatnonzero(steps < 0).min(), "up to one peak, and down"
    assert abs((bins[:-1] + np.diff(bins) / 2)[height.argmax()]) < 0.2
    assert (height * np.diff(bins)).sum() == pytest.approx(1)
    assert 0 in bins


def test_distributions_name_the_epochs_and_have_an_axis_of_values_of_equal_steps():
    drawn = draw(activations.distributions, arrays=study())
    assert {"untrained", "epoch 1", "epoch 2", "epoch 4"} <= set(texts(drawn))


def test_every_digit_is_named_at_the_end_of_its_line():
    said = texts(draw(activations.class_drift, arrays=study()))
    assert all(said.count(f"c{digit}") == 8 for digit in range(10))


def test_a_silent_layer_can_be_drawn():
    arrays = study()
    silent = {
        name: np.zeros_like(values) for name, values in arrays.items() if "/" in name and values.dtype.kind == "f"
    }
    for name in FIGURES:
        assert draw(getattr(activations, name), arrays=arrays | silent)["figure.svg"]


@pytest.mark.parametrize("name", FIGURES)
def test_one_architecture_with_three_treatments_and_five_named_classes_is_drawn_whole(name, monkeypatch):
    look = wiring.look(planted.study(architectures=("mlp",), treatments=("raw", "scaled", "normalized")))
    arrays = study(conditions=look["conditions"], names=np.array(CLOTHES["class_names"]))
    drawn = draw(getattr(activations, name), arrays=arrays, look=look)
    assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == list(look["conditions"])
    assert margin(monkeypatch, getattr(activations, name), arrays=arrays, look=look) > 0


def test_many_conditions_stand_in_several_rows():
    look = wiring.look(planted.study(treatments=("raw", "scaled", "normalized")))
    drawn = draw(activations.units, arrays=study(conditions=look["conditions"]), look=look)
    assert all(texts(drawn).count(title) == 1 for title in ("MLP, scaled", "CNN, scaled"))
    assert texts(drawn).count("mean activation") == 2, "a colour bar for each row"
