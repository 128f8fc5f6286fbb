"""The figures of measures on the geometry page: drawn twice alike, legible, and with their numbers beside them."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from drawings import rows, texts

from report import style
from report.figures import neighbours

FIGURES = ("neighbours", "kept", "stability", "subspaces")
HOOKS = {"mlp": ("hidden1.post", "hidden2.post"), "cnn": ("conv1.pooled", "conv2.pooled", "hidden3.post")}


def study(*, seeds: int = 2, epochs: int = 4, pairs: int = 3) -> dict[str, np.ndarray]:
    """The arrays of all three analyses at once; values count layers, moments, methods or units."""
    moments = sorted({0, 1, epochs})
    arrays = {"moments": np.array(moments)}
    for condition in style.CONDITIONS:
        hooks = HOOKS[condition.partition("-")[0]]
        arrays[f"hook_points/{condition}"] = np.array(hooks)
        arrays[f"knn_by_epoch/{condition}"] = np.tile(np.linspace(50, 90, epochs + 1), (seeds, 1))
        arrays[f"band/{condition}"] = np.stack([np.tile(np.arange(16) + edge, (seeds, 1)) for edge in (-1, 1)])
        for way in neighbours.WAYS:
            arrays[f"{way}/{condition}"] = np.tile(np.arange(16.0), (seeds, 1))
        for depth, hook in enumerate(hooks):
            for measure in ("knn", "linear_probe"):
                arrays[f"{measure}/{condition}/{hook}"] = np.tile(10 * depth + np.arange(len(moments)), (seeds, 1))
            for place, method in enumerate(neighbours.METHODS):
                for measure in neighbours.KEPT:
                    arrays[f"{measure}/{condition}/{method}/{hook}"] = np.full(len(moments), depth + place / 10)
        for chance, method, _ in neighbours.CHANCES:
            arrays[f"stability/overlap/{chance}/{method}/{condition}"] = np.linspace(10, 90, pairs)
            if method != "layer":
                arrays[f"stability/disparity/{chance}/{method}/{condition}"] = np.linspace(0, 1, pairs)
    return arrays


@pytest.mark.parametrize(("seeds", "epochs", "pairs"), [(1, 1, 1), (3, 10, 10)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_small_and_the_same_when_drawn_again(name, seeds, epochs, pairs):
    figure, arrays = getattr(neighbours, name), study(seeds=seeds, epochs=epochs, pairs=pairs)
    drawn = figure(arrays=arrays, facts={})
    assert ElementTree.fromstring(drawn["figure.svg"]).tag.endswith("svg")
    assert len(drawn["figure.svg"]) < 60_000
    assert figure(arrays=arrays, facts={}) == drawn


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares_and_shows_all_conditions(name):
    drawn = getattr(neighbours, name)(arrays=study(), facts={})
    assert "normalized" in " ".join(texts(drawn))
    assert {row["condition"] for row in rows(drawn)} == set(style.CONDITIONS)


def test_accuracies_are_listed_by_layer_and_by_epoch():
    found = rows(neighbours.neighbours(arrays=study()))
    trained = [r for r in found if (r["condition"], r["measure"], r["epoch"]) == ("cnn-raw", "linear_probe", "4")]
    assert [float(row["mean"]) for row in trained] == [2, 12, 22]
    by_epoch = [float(r["mean"]) for r in found if (r["condition"], r["measure"]) == ("mlp-raw", "knn")][-5:]
    assert by_epoch == [50, 60, 70, 80, 90]


def test_maps_are_compared_in_the_last_hidden_layer_and_the_layer_itself_where_it_has_a_value():
    found = rows(neighbours.kept(arrays=study()))
    assert {row["hook_point"] for row in found} == {"hidden2.post", "hidden3.post"}
    assert {row["measure"] for row in found if row["method"] == "layer"} == {"silhouette", "knn"}
    assert {float(row["value"]) for row in found if row["method"] == "umap"} == {1.3, 2.3}


def test_stability_lists_every_pair_and_has_no_disparity_of_layers():
    found = rows(neighbours.stability(arrays=study(pairs=3)))
    assert len(found) == 4 * (5 + 4) * 3
    assert {row["measure"] for row in found if row["method"] == "layer"} == {"overlap"}


def test_subspaces_list_every_way_and_name_it():
    drawn = neighbours.subspaces(arrays=study())
    assert [float(r["mean"]) for r in rows(drawn)[:16]] == list(range(16))
    assert all(name in texts(drawn) for name, _ in neighbours.WAYS.values())
