"""The shelf of test digits as files for the pages: for the script that shows them, and for pages without scripts.

In: the arrays of experiments.analyses.shelf and experiments.analyses.handed. Out: shelf.js, shelf.png and shelf.json.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from report import classes
from report.play.called import called
from report.play.networks import script

Arrays = Mapping[str, np.ndarray]

COLUMNS = 10  # digits in a row of shelf.png


def pack(
    *, shelf: Arrays, means: Mapping[str, Arrays], titles: Mapping[str, str], card: Mapping[str, Any]
) -> dict[str, Any]:
    """The shelf as files. means: {condition: arrays of `handed.means`}. titles: {condition: what its network is
    called}. card: of the data set.

    shelf.js: the digits {index, label, pixels: base64 of their bytes, says: [digit of each condition]}, the conditions,
    tall {condition: {layer: the activation drawn at full height}}, called {condition: {layer: [what each unit is
    called]}}, means {condition: {layer: base64 of float32, unit by unit}}, and set, see `classes.for_scripts`.
    shelf.png: all digits on one sheet. shelf.json: the digits without their pixels, each with its column and row on the
    sheet, whether it is disputed, and whether it is a spare, not the first of its label among those of its kind; set.
    """
    conditions = [str(name) for name in shelf["conditions"]]
    digits = [
        {
            "index": int(index),
            "label": int(label),
            "says": [int(digit) for digit in answers],
            "sure": [round(float(share), 4) for share in confidences],
        }
        for index, label, answers, confidences in zip(
            shelf["index"], shelf["labels"], shelf["prediction"].T, shelf["confidence"].T, strict=True
        )
    ]
    tall = {
        name: dict(zip(map(str, shelf[f"layers/{name}"]), _rounded(shelf[f"tall/{name}"]), strict=True))
        for name in conditions
    }
    unit_names = {name: _called(shelf, name, card) for name in conditions}
    handed = {
        name: {layer: _base64(values.astype("<f4")) for layer, values in means[name].items()} for name in conditions
    }
    pixels = [_base64(image) for image in shelf["images"]]
    places = [{"column": place % COLUMNS, "row": place // COLUMNS} for place in range(len(digits))]
    packed = [{**digit, "pixels": image} for digit, image in zip(digits, pixels, strict=True)]
    told = [{**digit, **place, **kind} for digit, place, kind in zip(digits, places, _kinds(digits), strict=True)]
    about = classes.for_scripts(card)
    size = {"columns": COLUMNS, "rows": -(-len(digits) // COLUMNS)}
    networks = {"conditions": conditions, "tall": tall, "called": unit_names, "means": handed}
    return {
        "shelf.js": script("shelf", {**networks, "digits": packed, "set": about}),
        "shelf.png": sheet(shelf["images"], columns=COLUMNS),
        "shelf.json": {
            "networks": [{"name": name, "title": titles[name]} for name in conditions],
            "sheet": size,
            "digits": told,
            "set": about,
        },
    }


def _called(shelf: Arrays, condition: str, card: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the units of a network are called, by layer."""
    about = {"names": card["class_names"], "kind": card["kind"]}
    layers = map(str, shelf[f"layers/{condition}"])
    return {layer: called(shelf[f"class_means/{condition}/{layer}"].tolist(), **about) for layer in layers}


def _kinds(digits: Sequence[Mapping[str, Any]]) -> list[dict[str, bool]]:
    seen: set[tuple[int, bool]] = set()
    found = []
    for digit in digits:
        disputed = len(set(digit["says"])) > 1
        found.append({"disputed": disputed, "spare": (digit["label"], disputed) in seen})
        seen.add((digit["label"], disputed))
    return found


def sheet(images: np.ndarray, *, columns: int) -> bytes:
    """A PNG with all images uint8 (image, height, width) side by side, `columns` in a row."""
    many, height, width = images.shape
    rows = max(1, -(-many // columns))
    tiles = np.zeros((rows * columns, height, width), np.uint8)
    tiles[:many] = images
    whole = tiles.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "PNG", optimize=True)
    return file.getvalue()


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]
