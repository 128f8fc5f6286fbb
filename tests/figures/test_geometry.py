"""The figures of the geometry page: legible, and with their numbers beside them."""

import numpy as np
import planted
import pytest
from drawings import CLOTHES, assert_sound, draw, margin, rows, texts, words

from experiments import wiring
from report.figures import geometry

LARGEST = 150_000  # bytes of one SVG
OF_EACH = [(geometry.pca, {"architecture": architecture}) for architecture in ("mlp", "cnn")]
FIGURES = [
    *OF_EACH,
    *((figure, {}) for figure in (geometry.explained_variance, geometry.silhouette, geometry.dimension)),
]


def study(
    *, seeds: int = 2, epochs: int = 4, conditions=planted.CONDITIONS, classes: int = 10
) -> dict[str, np.ndarray]:
    """Classes on a circle, turning and coming apart; silhouette and dimension count moments and layers."""
    labels = np.tile(np.arange(classes, dtype=np.uint8), 20)
    moments = sorted({0, 1, epochs})
    circle = np.stack([np.cos(labels * 0.6), np.sin(labels * 0.6)], axis=1)
    hooks = {
        "mlp": ("hidden1.post", "hidden2.post", "logits"),
        "cnn": ("conv1.pooled", "conv2.pooled", "hidden3.post", "logits"),
    }
    arrays = {"labels": labels, "moments": np.array(moments)}
    for condition in conditions:
        names = hooks[condition.partition("-")[0]]
        arrays[f"hook_points/{condition}"] = np.array(names)
        arrays[f"specimen/{condition}"] = np.array(seeds - 1)
        arrays[f"silhouette_by_epoch/{condition}"] = np.tile(np.linspace(0, 0.5, epochs + 1), (seeds, 1))
        for depth, hook in enumerate(names):
            arrays[f"coordinates/{condition}/{hook}"] = np.stack([circle] * len(moments)).astype(np.float16)
            arrays[f"variance/{condition}/{hook}"] = np.full((seeds, len(moments), 10), 0.1)
            for measure in ("silhouette", "dimension"):
                arrays[f"{measure}/{condition}/{hook}"] = np.tile(depth + np.arange(len(moments)), (seeds, 1))
    return arrays


def test_a_plane_says_how_much_variance_the_network_has_that_it_shows():
    arrays = study()
    for name in [name for name in arrays if name.startswith("variance/")]:
        arrays[name][0] = 0.03  # of the first seed, which is not the one that is shown
    told = texts(draw(geometry.pca, arrays=arrays, architecture="mlp"))
    assert "20 %" in told
    assert "6 %" not in told


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 4)])
@pytest.mark.parametrize(("figure", "of"), FIGURES)
def test_a_figure_is_valid_and_small(figure, of, seeds, epochs):
    assert_sound(figure, largest=LARGEST, arrays=study(seeds=seeds, epochs=epochs), facts={}, **of)


@pytest.mark.parametrize(("figure", "of"), FIGURES)
def test_a_figure_names_what_it_compares_in_the_order_of_the_study(figure, of):
    drawn = draw(figure, arrays=study(), facts={}, **of)
    said = " ".join(texts(drawn))
    assert "raw" in said
    assert "normalized" in said
    assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == [
        each for each in planted.CONDITIONS if each.startswith(of.get("architecture", ""))
    ]


def test_every_digit_is_named_in_every_plane_and_the_share_of_variance_stands_below():
    drawn = draw(geometry.pca, arrays=study(), architecture="mlp")
    said = texts(drawn)
    assert all(said.count(str(digit)) == 3 * 6 for digit in range(10))
    assert said.count("20 %") == 3 * 6
    assert drawn["figure.svg"].count("h0") == len(rows(drawn)) == 200 * 3 * 6


def test_the_dots_are_the_first_images_of_each_digit():
    arrays = study()
    arrays |= {name: np.tile(values, (1, 3, 1)) for name, values in arrays.items() if name.startswith("coordinates")}
    arrays["labels"] = np.tile(arrays["labels"], 3)
    found = rows(draw(geometry.pca, arrays=arrays, architecture="mlp"))
    assert {int(row["image"]) for row in found} == set(range(200))


def test_explained_variance_adds_up():
    found = rows(draw(geometry.explained_variance, arrays=study()))
    assert {float(row["mean"]) for row in found if row["components"] == "4"} == {40}


def test_silhouettes_are_listed_by_layer_and_by_epoch():
    found = rows(draw(geometry.silhouette, arrays=study()))
    by_layer = [r for r in found if (r["condition"], r["hook_point"], r["epoch"]) == ("cnn-raw", "conv2.pooled", "4")]
    assert float(by_layer[0]["mean"]) == 3
    by_epoch = [float(r["mean"]) for r in found if (r["condition"], r["hook_point"]) == ("cnn-raw", "hidden3.post")][
        -5:
    ]
    assert by_epoch == [0, 0.125, 0.25, 0.375, 0.5]


def test_moments_are_named_by_their_epochs():
    assert {"untrained", "epoch 1", "epoch 4"} <= set(texts(draw(geometry.dimension, arrays=study())))


def test_a_layer_that_says_the_same_of_every_image_can_be_drawn():
    arrays = study()
    empty = {name: np.zeros_like(values) for name, values in arrays.items() if values.dtype.kind == "f"}
    for figure, of in FIGURES:
        assert draw(figure, arrays=arrays | empty, **of)["figure.svg"]


@pytest.mark.parametrize("treatments", [("raw",), ("raw", "scaled", "normalized")])
@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "cnn")])
def test_every_number_of_conditions_and_named_classes_are_drawn_whole(architectures, treatments, monkeypatch):
    look = wiring.look(planted.study(architectures=architectures, treatments=treatments))
    arrays = study(conditions=look["conditions"], classes=5)
    for figure, of in [*FIGURES[-3:], (geometry.pca, {"architecture": architectures[-1], "card": CLOTHES})]:
        drawn = draw(figure, arrays=arrays, look=look, **of)
        shown = [each for each in look["conditions"] if each.startswith(of.get("architecture", ""))]
        assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == shown
        assert margin(monkeypatch, figure, arrays=arrays, look=look, **of) > 0
    assert "Tro: Trouser" in words(drawn)
