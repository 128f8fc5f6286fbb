"""What feeds a unit and what it feeds: the strongest weights with their signs, and the pictures of kernels."""

import base64
import io

import numpy as np
from PIL import Image

from report.play import ranges, weights

RANDOM = np.random.default_rng(0)
SINGLE = {
    "source/first": np.array("input"),
    "bias/first": np.array([0.5, 0.25]),
    "source/second": np.array("first"),
    "bias/second": np.array([1.0]),
    "weights/second": np.array([[3.0, -1.0, 0.5, -2.0, 4.0, 0.0, 1.0, -3.0, 2.0]]).reshape(1, 9, 1, 1),
    "source/logits": np.array("second"),
    "bias/logits": np.zeros(3),
    "weights/logits": np.array([[0.5], [-1.5], [0.0]]).reshape(3, 1, 1, 1),
}
KERNELS = {
    "source/second": np.array("first"),
    "bias/second": np.zeros(2),
    "weights/second": RANDOM.normal(size=(2, 9, 2, 3)).astype(np.float32),
}


def opened(picture):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGBA")).astype(int)


def test_the_strongest_weights_come_with_their_signs_those_above_zero_first():
    told = weights.incoming(SINGLE, "second", 0)
    assert [(each["unit"], each["weight"]) for each in told["units"]] == [
        (4, 4),
        (0, 3),
        (8, 2),
        (7, -3),
        (3, -2),
        (1, -1),
    ]
    assert told["left"] == 3
    assert (told["source"], told["bias"], told["kernel"]) == ("first", 1, None)


def test_a_unit_that_never_says_anything_feeds_nothing():
    told = weights.incoming(SINGLE, "second", 0, silent=[4, 7])
    assert [each["unit"] for each in told["units"]] == [0, 8, 6, 3, 1]
    assert told["left"] == 2


def test_a_unit_that_is_fed_the_image_has_a_bias_and_no_list():
    assert weights.incoming(SINGLE, "first", 1) == {"source": "input", "bias": 0.25}
    assert weights.incoming(SINGLE, "unknown", 0) is None


def test_every_logit_is_told_of_in_its_order_and_of_a_hidden_layer_the_strongest():
    told = weights.outgoing(SINGLE, "second", 0, last="logits")
    assert told["answers"]
    assert [each["weight"] for each in told["units"]] == [0.5, -1.5, 0]
    told = weights.outgoing(SINGLE, "first", 4, last="logits")
    assert not told["answers"]
    assert told["units"] == [{"unit": 0, "weight": 4}]
    assert weights.outgoing(SINGLE, "logits", 0, last="logits") is None


def test_kernels_are_ordered_by_the_sum_of_their_squares_and_drawn_below_each_other():
    told = weights.incoming(KERNELS, "second", 1)
    sizes = (KERNELS["weights/second"][1] ** 2).sum(axis=(1, 2))
    assert [each["unit"] for each in told["units"]] == np.argsort(-sizes)[:6].tolist()
    assert (told["kernel"], told["left"]) == ([3, 2], 3)
    drawn = opened(weights.kernels(KERNELS, told, 1, layer="second"))
    assert drawn.shape == (6 * 3 - 1, 3, 4)
    for place, each in enumerate(told["units"]):
        kernel = KERNELS["weights/second"][1, each["unit"]]
        piece = drawn[3 * place : 3 * place + 2]
        strong = np.abs(kernel) > 0.1 * np.abs(KERNELS["weights/second"][1]).max()
        green = piece[..., 1] > piece[..., 2]
        assert (green == (kernel > 0))[strong].all()


def test_kernels_that_lead_on_are_those_of_the_units_that_are_fed():
    told = weights.outgoing(KERNELS, "first", 4, last="logits")
    drawn = opened(weights.kernels(KERNELS, told, 4, layer="first"))
    assert drawn.shape == (2 * 3 - 1, 3, 4)
    assert weights.kernels(SINGLE, weights.incoming(SINGLE, "second", 0), 0, layer="second") is None


def test_examples_are_drawn_the_strongest_group_at_the_top_and_missing_ones_are_black():
    sheet = {"images": np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((6, 2, 2), dtype=np.uint8)}
    found = {"examples/first": np.array([[[1, 2, 3], [5, -1, -1], [-1, -1, -1]]])}
    drawn = opened(ranges.picture(found, sheet, "first", 0))[..., 0]
    assert drawn.shape == (4, 6)
    assert drawn[::2, ::2].tolist() == [[5 * 17, 0, 0], [17, 34, 51]]


def test_what_is_told_of_a_range_adds_up():
    found = {
        "edges/first": np.array([[0.0, 1.0, 2.0]]),
        "counts/first": np.array([[2, 4]]),
        "own/first": np.array([[0, 4]]),
        "zero/first": np.array([2]),
        "bounds/first": np.array([[[0.0, 0.0], [0.5, 2.0], [0.0, 0.0]]]),
        "classes/first": np.array([[[2, 0], [2, 4], [0, 0]]]),
    }
    told = ranges.told(found, "first", 0)
    assert told["density"] == {"zero": 25.0, "low": 0.0, "high": 2.0, "counts": [2, 4], "own": [0, 4]}
    assert [group["images"] for group in told["groups"]] == [25.0, 75.0]
    assert told["groups"][1] == {"low": 0.5, "high": 2.0, "images": 75.0, "classes": [2, 4]}
