"""The shelf of test digits as files for the pages."""

import base64
import io
import json

import numpy as np
from PIL import Image

from report.play.shelf import COLUMNS, pack

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
SHELF = {
    "images": IMAGES,
    "labels": np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], np.uint8),
    "index": np.arange(100, 112, dtype=np.int32),
    "conditions": np.array(["mlp-raw", "cnn-raw"]),
    "prediction": np.array([[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], [0, 0, 1, 7, 2, 2, 3, 3, 4, 4, 9, 8]], np.uint8),
    "confidence": np.full((2, 12), 0.75, np.float32),
    "layers/mlp-raw": np.array(["hidden1"]),
    "tall/mlp-raw": np.array([3.14159], np.float32),
    "layers/cnn-raw": np.array(["conv1"]),
    "tall/cnn-raw": np.array([2.5], np.float32),
    "class_means/mlp-raw/hidden1": np.eye(10, dtype=np.float32)[[6, 0]],
    "class_means/cnn-raw/conv1": np.zeros((1, 10), np.float32),
}
MEANS = {
    "mlp-raw": {"hidden1": np.array([1.5, 2.5], np.float32)},
    "cnn-raw": {"conv1": np.arange(4, dtype=np.float32).reshape(1, 2, 2)},
}
CARD = {"class_names": list("0123456789"), "height": 28}
CARD |= {"noun": "digit", "plural": "digits", "kind": "digit", "kinds": "digits"}
TITLES = {"cnn-raw": "CNN, raw", "mlp-raw": "MLP, raw"}


def packed():
    return pack(shelf=SHELF, means=MEANS, titles=TITLES, card=CARD)


def test_the_script_holds_every_digit_with_its_pixels():
    value = json.loads(packed()["shelf.js"].partition("] = ")[2].rstrip(";\n"))
    assert value["conditions"] == ["mlp-raw", "cnn-raw"]
    assert value["set"]["names"] == list("0123456789")
    assert value["set"]["side"] == 28
    assert value["tall"] == {"mlp-raw": {"hidden1": 3.142}, "cnn-raw": {"conv1": 2.5}}
    assert value["called"] == {"mlp-raw": {"hidden1": ["sixes", "zeros"]}, "cnn-raw": {"conv1": ["silent"]}}
    means = np.frombuffer(base64.b64decode(value["means"]["cnn-raw"]["conv1"]), "<f4")
    np.testing.assert_array_equal(means, [0, 1, 2, 3])
    pixels = [np.frombuffer(base64.b64decode(digit["pixels"]), np.uint8).reshape(28, 28) for digit in value["digits"]]
    np.testing.assert_array_equal(pixels, IMAGES)
    assert value["digits"][3] == value["digits"][3] | {"index": 103, "label": 1, "says": [1, 7]}


def test_every_digit_is_at_its_place_on_the_sheet():
    files = packed()
    sheet = np.asarray(Image.open(io.BytesIO(files["shelf.png"])))
    assert sheet.shape == (28 * files["shelf.json"]["sheet"]["rows"], 28 * COLUMNS)
    for image, digit in zip(IMAGES, files["shelf.json"]["digits"], strict=True):
        left, top = 28 * digit["column"], 28 * digit["row"]
        np.testing.assert_array_equal(sheet[top : top + 28, left : left + 28], image)


def test_networks_are_named_in_their_order_and_disputes_and_spares_are_marked():
    told = packed()["shelf.json"]
    assert [network["title"] for network in told["networks"]] == ["MLP, raw", "CNN, raw"]
    assert [digit["index"] for digit in told["digits"] if digit["disputed"]] == [103, 110, 111]
    assert [digit["index"] for digit in told["digits"] if digit["spare"]] == [101, 105, 107, 109, 111]
