"""The figures of maps: small, with and without UMAP, and with their numbers beside them."""

import numpy as np
import planted
import pytest
from drawings import CLOTHES, assert_sound, draw, margin, rows, texts, words

from experiments import wiring
from report.figures import atlas

OF_EACH = [
    (figure, {"architecture": architecture})
    for figure in (atlas.maps, atlas.development)
    for architecture in ("mlp", "cnn")
]
OF_ALL = [(figure, {}) for figure in (atlas.starts, atlas.kept, atlas.stability)]
HOOKS = {"mlp": ("hidden1.post", "hidden2.post"), "cnn": ("conv1.pooled", "conv2.pooled", "hidden3.post")}


def study(*, epochs=4, networks=3, pairs=3, methods=("pca", "tsne", "umap"), conditions=planted.CONDITIONS, classes=10):
    """The same circle of classes on every map; measures count layers and methods, the silhouette moments too."""
    labels = np.tile(np.arange(classes, dtype=np.uint8), 20)
    moments = sorted({0, 1, epochs})
    circle = np.stack([np.cos(labels * 0.6), np.sin(labels * 0.6)], axis=1).astype(np.float16)
    arrays = {"methods": np.array(methods), "labels": labels, "moments": np.array(moments)}
    for condition in conditions:
        hooks = HOOKS[condition.partition("-")[0]]
        arrays[f"hook_points/{condition}"] = np.array(hooks)
        arrays[f"stability/labels/{condition}"] = labels
        arrays[f"stability/overlap/network/layer/{condition}"] = np.linspace(10, 90, pairs)
        for place, method in enumerate(("layer", *methods)):
            for depth, hook in enumerate(hooks):
                name = f"{condition}/{method}/{hook}"
                arrays[f"coordinates/{name}"] = np.stack([circle] * len(moments))
                arrays[f"centres/{name}"] = np.stack([circle[:classes]] * len(moments))
                for measure in atlas.KEPT:
                    arrays[f"{measure}/{name}"] = np.full(len(moments), depth + place / 10)
                arrays[f"silhouette/{name}"] = depth + np.arange(len(moments)) / 10
        for method in methods[1:]:
            for chance, count in (("start", 3), ("network", networks)):
                place = f"{chance}/{method}/{condition}"
                arrays[f"stability/coordinates/{place}"] = np.repeat(circle[None], count, axis=0)
                arrays[f"stability/overlap/{place}"] = np.linspace(10, 90, pairs)
                arrays[f"stability/disparity/{place}"] = np.linspace(0, 1, pairs)
    return arrays


@pytest.mark.parametrize(("epochs", "methods"), [(1, ("pca", "tsne")), (4, ("pca", "tsne", "umap"))])
@pytest.mark.parametrize(("figure", "of"), [*OF_EACH, *OF_ALL])
def test_a_figure_is_valid_and_small(figure, of, epochs, methods):
    arrays = study(epochs=epochs, methods=methods)
    assert_sound(figure, largest=80_000, arrays=arrays, **of)
    drawn = draw(figure, arrays=arrays, **of)
    assert len(drawn["data.csv"]) < 60_000
    assert ("UMAP" in drawn["figure.svg"]) == ("umap" in methods)


def test_every_map_has_its_silhouette_below_it_and_all_methods_stand_side_by_side():
    drawn = draw(atlas.maps, arrays=study(), architecture="cnn")
    said = texts(drawn)
    assert [said.count(f"{depth}.20") for depth in range(3)] == [6, 6, 6]
    assert [said.count(method) for method in ("PCA", "t-SNE", "UMAP")] == [2, 2, 2]
    assert all(said.count(str(digit)) == 3 * 6 for digit in range(10))


def test_the_table_of_a_map_has_a_row_for_each_image_and_its_place_on_each_map():
    found = rows(draw(atlas.development, arrays=study(), architecture="cnn"))
    assert len(found) == 10 * (atlas.DOTS // (10 * 2 * 6))
    assert [row["class"] for row in found[:10]] == [str(digit) for digit in range(10)]
    places = [name for name in found[0] if name.startswith("cnn-raw hidden3.post umap")]
    assert places == [f"cnn-raw hidden3.post umap epoch {epoch} {axis}" for epoch in (0, 1, 4) for axis in "xy"]
    assert [float(found[1][name]) for name in places[:2]] == pytest.approx([np.cos(0.6), np.sin(0.6)], abs=1e-3)


@pytest.mark.parametrize(("networks", "shown"), [(1, 3), (2, 4), (3, 5)])
def test_the_first_network_is_not_shown_twice(networks, shown):
    drawn = draw(atlas.starts, arrays=study(networks=networks))
    assert len([name for name in rows(drawn)[0] if name.startswith("mlp-raw tsne") and name.endswith("x")]) == shown
    assert texts(drawn).count("start 1") == networks


def test_maps_are_compared_in_the_last_hidden_layer_and_the_layer_itself_where_it_has_a_value():
    found = rows(draw(atlas.kept, arrays=study()))
    assert {row["hook_point"] for row in found} == {"hidden2.post", "hidden3.post"}
    assert {row["measure"] for row in found if row["method"] == "layer"} == {"silhouette", "knn"}
    assert {float(row["value"]) for row in found if (row["method"], row["measure"]) == ("umap", "knn")} == {1.3, 2.3}


def test_stability_lists_every_pair_and_has_no_disparity_of_layers():
    found = rows(draw(atlas.stability, arrays=study(pairs=3)))
    assert len(found) == 4 * (5 + 4) * 3
    assert {row["measure"] for row in found if row["method"] == "layer"} == {"overlap"}


@pytest.mark.parametrize("treatments", [("raw",), ("raw", "scaled", "normalized")])
@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "cnn")])
def test_every_number_of_conditions_and_named_classes_are_drawn_whole(architectures, treatments, monkeypatch):
    look = wiring.look(planted.study(architectures=architectures, treatments=treatments))
    arrays = study(conditions=look["conditions"], classes=5)
    of_each, of_all = {"architecture": architectures[-1], "card": CLOTHES}, {"card": CLOTHES}
    for figure, of in (
        *((figure, of_each) for figure in (atlas.maps, atlas.development)),
        (atlas.starts, of_all),
        (atlas.kept, of_all),
        (atlas.stability, {}),
    ):
        said = words(draw(figure, arrays=arrays, look=look, **of))
        assert ("Tro: Trouser" in said) == (figure in (atlas.maps, atlas.development, atlas.starts))
        assert all(treatment in said for treatment in treatments) or figure is atlas.starts
        assert margin(monkeypatch, figure, arrays=arrays, look=look, **of) > 0
