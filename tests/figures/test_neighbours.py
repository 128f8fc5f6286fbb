"""The figures of neighbours: legible, and with their numbers beside them."""

import numpy as np
import planted
import pytest
from drawings import assert_sound, draw, margin, rows, texts

from experiments import wiring
from report.figures import neighbours

FIGURES = ("neighbours", "by_epoch")
HOOKS = {"mlp": ("hidden1.post", "hidden2.post", "logits"), "cnn": ("conv1.pooled", "hidden3.post", "logits")}


def study(*, seeds: int = 2, epochs: int = 4, conditions=planted.CONDITIONS) -> dict[str, np.ndarray]:
    """Accuracies that count layers and moments; by epoch they rise from 50 to 90."""
    moments = sorted({0, 1, epochs})
    arrays = {"moments": np.array(moments)}
    for condition in conditions:
        hooks = HOOKS[condition.partition("-")[0]]
        arrays[f"hook_points/{condition}"] = np.array(hooks)
        for measure in neighbours.SERIES:
            arrays[f"{measure}_by_epoch/{condition}"] = np.tile(np.linspace(50, 90, epochs + 1), (seeds, 1))
        for depth, hook in enumerate(hooks):
            for measure in ("knn", "linear_probe"):
                arrays[f"{measure}/{condition}/{hook}"] = np.tile(10 * depth + np.arange(len(moments)), (seeds, 1))
    return arrays


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds, epochs):
    figure, arrays = getattr(neighbours, name), study(seeds=seeds, epochs=epochs)
    assert_sound(figure, largest=60_000, arrays=arrays, facts={})


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares_and_shows_all_conditions(name):
    drawn = draw(getattr(neighbours, name), arrays=study(), facts={})
    assert "normalized" in " ".join(texts(drawn))
    assert {row["condition"] for row in rows(drawn)} == set(planted.CONDITIONS)


def test_accuracies_are_listed_by_layer():
    found = rows(draw(neighbours.neighbours, arrays=study()))
    trained = [r for r in found if (r["condition"], r["measure"], r["epoch"]) == ("cnn-raw", "linear_probe", "4")]
    assert [float(row["mean"]) for row in trained] == [2, 12, 22]


def test_measures_are_listed_by_epoch_for_the_layer_before_the_logits():
    found = rows(draw(neighbours.by_epoch, arrays=study()))
    assert {row["hook_point"] for row in found} == {"hidden2.post", "hidden3.post"}
    shown = [float(row["mean"]) for row in found if (row["condition"], row["measure"]) == ("mlp-raw", "dimension")]
    assert shown == [50, 60, 70, 80, 90]


@pytest.mark.parametrize("treatments", [("raw",), ("raw", "scaled", "normalized")])
@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "cnn")])
def test_every_number_of_conditions_is_drawn_whole(architectures, treatments, monkeypatch):
    look = wiring.look(planted.study(architectures=architectures, treatments=treatments))
    arrays = study(conditions=look["conditions"])
    for figure in (getattr(neighbours, name) for name in FIGURES):
        drawn = draw(figure, arrays=arrays, look=look)
        assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == list(look["conditions"])
        assert all(treatment in " ".join(texts(drawn)) for treatment in treatments)
        assert margin(monkeypatch, figure, arrays=arrays, look=look) > 0
