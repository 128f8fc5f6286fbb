"""The figures of the features page: legible, and with their numbers beside them."""

import base64
import functools

import numpy as np
import planted
import pytest
from drawings import assert_sound, draw, rows, words

from report import sheets
from report.figures import features

LARGEST = 200_000  # bytes of one SVG
LAYERS = {
    "mlp": {"hidden1": 32, "hidden2": 16, "logits": 10},
    "cnn": {"conv1": 8, "conv2": 16, "hidden3": 16, "logits": 10},
}
EVERYWHERE = ("locality", "saliency", "unit_saliency", "randomisation", "one_hot", "maximised", "maximised_logits")
FIGURES = ("weights-mlp", "weights-cnn", "change", *EVERYWHERE)
CONDITIONS = tuple(planted.LOOK["conditions"])


def noise(*shape: int) -> np.ndarray:
    return np.clip(40 * np.random.default_rng(0).normal(size=shape), -127, 127).astype(np.int8)


def smooth(units: int) -> np.ndarray:
    """Maps whose neighbouring pixels are alike, two by two, as those of trained networks nearly are."""
    return noise(units, 14, 14).repeat(2, axis=1).repeat(2, axis=2)


def study(*, seeds: int = 2, epochs: int = 4, conditions: tuple[str, ...] = CONDITIONS) -> dict[str, np.ndarray]:
    """Maps of noise; image k of the probe set is k everywhere; likeness falls by a quarter from layer to layer."""
    edge = np.ones((28, 28), dtype=bool)
    edge[4:24, 4:24] = False
    arrays = {"lit": np.where(edge, 0, 0.5), "edge": edge, "image_index": np.arange(20)}
    arrays["images"] = np.tile(np.arange(20, dtype=np.uint8)[:, None, None], (1, 28, 28))
    for condition in conditions:
        layers = LAYERS[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(list(layers))
        arrays[f"examples/{condition}"] = np.arange(10)
        arrays[f"weight_roughness/{condition}"] = np.tile(np.linspace(1, 0.5, epochs + 1), (seeds, 1))
        arrays[f"saliency_border/{condition}"] = np.tile([37.0, 20.0], (seeds, 1))
        for method in features.METHODS:
            left = np.linspace(0.25, 0.75, len(layers))
            arrays[f"randomised/{method}/{condition}"] = np.tile(left, (seeds, 1))
        maps = {}
        if condition.startswith("mlp"):
            arrays[f"weight_border/{condition}"] = np.tile(np.linspace(37, 10, epochs + 1), (seeds, 1))
            arrays[f"change_map/{condition}"] = np.full((28, 28), 0.1)
            maps[f"weights/{condition}/hidden1"] = noise(32, 28, 28)
        else:
            maps |= {f"weights/{condition}/conv1": noise(8, 1, 5, 5), f"weights/{condition}/conv2": noise(16, 8, 5, 5)}
        for layer, units in list(layers.items())[-2:]:
            maps[f"onehot/{condition}/{layer}"] = noise(units, 28, 28)
            maps |= {f"{kind}/{condition}/{layer}": smooth(units) for kind in ("gradient", "integrated")}
            arrays[f"maximised/{condition}/{layer}"] = noise(units, 28, 28).astype(np.uint8)
            arrays[f"favourites/{condition}/{layer}"] = np.tile(np.arange(4), (units, 1)) + np.arange(units)[:, None]
            arrays[f"excess/{condition}/{layer}"] = np.tile([[2.0], [3.0], [2.5]], units)
        arrays |= maps | {f"{name}.scale": np.full(len(each), 0.01) for name, each in maps.items()}
    return arrays


def of(name: str) -> dict:
    """The figure's function, and the architecture that it is drawn of: "weights-mlp"."""
    function, _, architecture = name.partition("-")
    return {"figure": getattr(features, function), **({"architecture": architecture} if architecture else {})}


@functools.cache
def drawn_once(name: str) -> dict[str, str]:
    return draw(**of(name), arrays=study())


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds, epochs):
    arrays = study(seeds=seeds, epochs=epochs)
    assert_sound(**of(name), largest=LARGEST, arrays=arrays)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_what_it_compares(name):
    said = words(drawn_once(name))
    assert "raw" in said
    assert "normalized" in said


@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_condition_is_drawn(name):
    found = {row["condition"] for row in rows(drawn_once(name))}
    assert found - {""} == set(CONDITIONS)


def test_weights_are_images_where_units_see_the_whole_image_and_else_the_filters_of_two_layers():
    images, filters = rows(drawn_once("weights-mlp")), rows(drawn_once("weights-cnn"))
    assert {(row["condition"], row["layer"]) for row in images} == {
        ("mlp-raw", "hidden1"),
        ("mlp-normalized", "hidden1"),
    }
    assert {row["condition"] for row in filters} == {"cnn-raw", "cnn-normalized"}
    assert {row["layer"] for row in filters} == {"conv1", "conv2"}


@pytest.mark.parametrize("name", ["weights-cnn", "change", "locality", "saliency", "one_hot"])
def test_a_study_of_convolutions_alone_has_every_figure(name):
    cnns = tuple(condition for condition in CONDITIONS if condition.startswith("cnn"))
    assert_sound(**of(name), largest=LARGEST, arrays=study(conditions=cnns))


def test_a_convolution_without_another_behind_it_has_its_own_filters_alone():
    arrays = study()
    for condition in CONDITIONS[2:]:
        arrays[f"layers/{condition}"] = np.array(["conv1", "hidden2", "logits"])
    found = rows(draw(**of("weights-cnn"), arrays=arrays))
    assert {row["layer"] for row in found} == {"conv1"}


def test_a_network_whose_weights_are_no_maps_is_told_so():
    arrays = {name: array for name, array in study().items() if not name.startswith("weights/")}
    drawn = draw(**of("weights-cnn"), arrays=arrays)
    assert words(drawn) == "no weights that are filters"
    assert rows(drawn) == []


def test_filters_of_one_layer_stand_in_a_row():
    assert sheets.beside([np.ones((4, 1, 3, 3))]).shape == (1, 4, 3, 3)


def test_kernels_of_two_sizes_stand_beside_each_other():
    tiles = sheets.beside([np.ones((2, 1, 3, 3)), np.ones((4, 2, 5, 5))])
    assert tiles.shape == (2, 1 + 1 + 4, 5, 5)
    assert np.isfinite(tiles).sum() == 2 * 9 + 4 * 2 * 25


def test_maps_are_told_with_their_scale_and_not_in_eight_bits():
    arrays = study()
    found = rows(draw(features.one_hot, arrays=arrays))[0]
    told = float(found["scale"]) * np.frombuffer(base64.b64decode(found["map_int8_base64"]), np.int8)[3 * 28 + 5]
    assert told == pytest.approx(0.01 * arrays["onehot/mlp-raw/hidden2"][0, 3, 5], rel=1e-2)


def test_the_sanity_check_begins_with_the_network_as_it_is_and_goes_down_from_the_logits():
    found = [row for row in rows(drawn_once("randomisation")) if row["condition"] == "mlp-raw"][:4]
    assert [row["drawn_anew_down_to"] for row in found] == ["none", "logits", "hidden2", "hidden1"]
    assert [float(row["mean"]) for row in found] == [1, 0.75, 0.5, 0.25]


def test_the_favourite_that_is_shown_is_the_first_one():
    found = rows(drawn_once("maximised"))
    assert [int(row["favourite_probe_image"]) for row in found[:16]] == list(range(16))
    assert [float(found[0][name]) for name in ("excess", "least", "most")] == [2.5, 2, 3]
