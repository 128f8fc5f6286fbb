"""The map's data in the browser's form: it says what the arrays say."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from report.play.map import ALPHABET, coordinates, pack, picture, title, written

RNG = np.random.default_rng(0)
CARD = {"class_names": [f"class {k}" for k in range(30)], "height": 28}
CARD |= {"noun": "image", "plural": "images", "kind": "class", "kinds": "classes"}
TITLES = {"mlp-raw": {"title": "MLP, raw", "architecture": "MLP", "treatment": "raw"}}
SHEET = {
    "images": RNG.integers(0, 16, (70, 28, 28), dtype=np.uint8),
    "labels": RNG.integers(0, 30, 70, dtype=np.uint8),
    "index": np.arange(500, 570),
}
CODES = RNG.integers(0, 4096, (2, 70, 2))
NEARBY = {"mlp-raw": {"conv1.pooled": RNG.integers(0, 70, (70, 8))}}


@pytest.fixture
def packed():
    places = {
        "hook_points": np.array(["conv1.pooled"]),
        "answers": RNG.integers(0, 30, (3, 70), dtype=np.uint8),
        "confidence": RNG.integers(10, 101, (3, 70), dtype=np.uint8),
        "epochs/pca/conv1.pooled": np.array([0, 2]),
        "places/pca/conv1.pooled": np.stack([CODES % 256, CODES // 256]).astype(np.uint8),
        "limit/pca/conv1.pooled": np.float32(3),
    }
    return places, pack(sheet=SHEET, places={"mlp-raw": places}, nearby=NEARBY, networks=TITLES, card=CARD)


def value(text, name):
    """What a script sets InsideMNIST.data[name] to."""
    before = f'["{name}"] = '
    return json.loads(text.split(before)[1].strip().removesuffix(";"))


def decoded(text):
    alphabet = ALPHABET.tobytes().decode()
    numbers = np.array([alphabet.index(each) for each in text]).reshape(-1, 2, 2)
    return numbers[..., 0] * 64 + numbers[..., 1]


def test_places_come_out_as_they_went_in(packed):
    found = value(packed[1]["map-mlp-raw.js"], "map-mlp-raw")
    for text, codes in zip(found["places"]["conv1"]["pca"], CODES, strict=True):
        np.testing.assert_array_equal(decoded(text), codes)


def test_answers_stand_beside_them_and_the_last_ones_are_shared(packed):
    places, made = packed
    own, shared = value(made["map-mlp-raw.js"], "map-mlp-raw"), value(made["map.js"], "map")
    assert [[int(each, 36) for each in row] for row in own["answers"]] == places["answers"].tolist()
    assert [list(base64.b64decode(row)) for row in own["confidence"]] == places["confidence"].tolist()
    assert [int(each, 36) for each in shared["labels"]] == SHEET["labels"].tolist()
    assert shared["set"]["codes"] == [str(k) for k in range(30)]
    assert shared["networks"][0]["final"] == {"answers": own["answers"][-1], "confidence": own["confidence"][-1]}
    assert shared["networks"][0]["layers"] == [
        {"name": "conv1", "title": "Conv 1", "hook": "conv1.pooled", "epochs": {"pca": [0, 2]}}
    ]


def test_the_picture_has_every_digit_in_its_place():
    drawn = np.asarray(Image.open(io.BytesIO(picture(SHEET["images"]))).convert("L"))
    assert drawn.shape == (2 * 28, 50 * 28)
    np.testing.assert_array_equal(drawn[28:56, 19 * 28 : 20 * 28], 17 * SHEET["images"][69])
    assert drawn[28:, 20 * 28 :].max() == 0


def test_neighbours_come_out_as_they_went_in(packed):
    text = value(packed[1]["map-mlp-raw.js"], "map-mlp-raw")["nearby"]["conv1"]
    alphabet = ALPHABET.tobytes().decode()
    numbers = np.array([alphabet.index(each) for each in text]).reshape(70, 8, 2)  # 70 images ask for two characters
    np.testing.assert_array_equal(numbers[..., 0] * 64 + numbers[..., 1], NEARBY["mlp-raw"]["conv1.pooled"])


def test_a_number_has_as_many_characters_as_the_largest_asks_for():
    assert written(np.array([0, 63]), below=64) == "A/"
    assert written(np.array([4096, 5]), below=4097) == "BAAAAF"


def test_the_largest_and_the_smallest_place_are_the_ends_of_the_alphabet():
    assert coordinates(np.array([[0, 4095]])) == "AA//"


@pytest.mark.parametrize(("hook", "said"), [("hidden1.post", "Hidden 1"), ("conv12.pooled", "Conv 12")])
def test_layers_are_called_as_in_figures(hook, said):
    assert title(hook) == said
