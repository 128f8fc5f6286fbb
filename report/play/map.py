"""The map's data as a browser reads it: one picture of all digits, what all networks share, and a file per network.

In: the places of the images in every layer's maps, the images. Out: classic scripts that fill `InsideMNIST.data`, and
a PNG. A network's file is fetched when the reader chooses that network.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from report import classes
from report.play.networks import script

Arrays = Mapping[str, np.ndarray]

COLUMNS = 50  # of the picture of all digits
ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", dtype=np.uint8)
LETTERS = "0123456789abcdefghijklmnopqrst"
METHODS = ("pca", "tsne", "umap")


def pack(
    *,
    sheet: Arrays,
    places: Mapping[str, Arrays],
    nearby: Mapping[str, Arrays],
    networks: Mapping[str, Mapping[str, str]],
    card: Mapping[str, Any],
) -> dict[str, Any]:
    """map.js, map-digits.png and, for each condition, map-<condition>.js.

    sheet: of places.sheet. places: {condition: arrays of places.place}. nearby: {condition: arrays of nearby.read}.
    networks: {condition: {"title", "architecture", "treatment"}}. card: of the data set. What the scripts set, and how
    places and neighbours are written, is told in assets/map/data.js.
    """
    shared = {
        "set": classes.for_scripts(card),
        "labels": _letters(sheet["labels"]),
        "index": [int(each) for each in sheet["index"]],
        "columns": min(COLUMNS, len(sheet["labels"])),
        "networks": [
            {
                "name": name,
                **networks[name],
                "layers": _layers(found),
                "final": {"answers": _letters(found["answers"][-1]), "confidence": _base64(found["confidence"][-1])},
            }
            for name, found in places.items()
        ],
    }
    made: dict[str, Any] = {"map.js": script("map", shared), "map-digits.png": picture(sheet["images"])}
    for name, found in places.items():
        made[f"map-{name}.js"] = script(f"map-{name}", _network(found, nearby[name]))
    return made


def _layers(found: Arrays) -> list[dict[str, Any]]:
    return [
        {
            "name": hook.partition(".")[0],
            "title": title(hook),
            "hook": hook,
            "epochs": {
                method: [int(epoch) for epoch in found[f"epochs/{method}/{hook}"]]
                for method in METHODS
                if f"epochs/{method}/{hook}" in found
            },
        }
        for hook in map(str, found["hook_points"])
    ]


def title(hook: str) -> str:
    """A layer's name as figures write it: "Hidden 1" of "hidden1.post"."""
    return re.sub(r"(?<=\D)(?=\d)", " ", hook.partition(".")[0]).capitalize()


def _network(found: Arrays, nearby: Arrays) -> dict[str, Any]:
    return {
        "answers": [_letters(row) for row in found["answers"]],
        "confidence": [_base64(row) for row in found["confidence"]],
        "places": {
            layer["name"]: {
                method: [coordinates(frame) for frame in _codes(found[f"places/{method}/{layer['hook']}"])]
                for method in layer["epochs"]
            }
            for layer in _layers(found)
        },
        "nearby": {
            layer["name"]: written(nearby[layer["hook"]], below=len(nearby[layer["hook"]]))
            for layer in _layers(found)
            if layer["hook"] in nearby
        },
    }


def _letters(labels: np.ndarray) -> str:
    """Classes as one character each: 0 to 9, then a to t."""
    return "".join(LETTERS[label] for label in labels)


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.astype(np.uint8).tobytes()).decode()


def _codes(parts: np.ndarray) -> np.ndarray:
    low, high = parts.astype(np.int64)
    return low + 256 * high


def coordinates(codes: np.ndarray) -> str:
    """Whole numbers 0 to 4095, each as two characters of the base64 alphabet, the larger part first.

    codes: (image, 2). Images follow one another, each with its x and its y.
    """
    return written(codes, below=64**2)


def written(numbers: np.ndarray, *, below: int) -> str:
    """Whole numbers from 0, each in as many characters of the base64 alphabet as `below` asks for, the largest part
    first."""
    parts = [numbers.reshape(-1).astype(np.int64)]
    while 64 ** len(parts) < below:
        parts = [parts[0] // 64, parts[0] % 64, *parts[1:]]
    return ALPHABET[np.stack(parts, axis=1)].tobytes().decode()


def picture(images: np.ndarray) -> bytes:
    """All images in rows of fifty, as a PNG, white on black as MNIST's are. images: (image, side, side), 0 to 15."""
    count, height, width = images.shape
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width), dtype=np.uint8)
    padded[:count] = images
    sheet = padded.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    drawn = Image.fromarray(sheet).convert("P")
    drawn.putpalette([17 * grey for grey in range(16) for _ in range(3)])
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG", bits=4, optimize=True)
    return buffer.getvalue()
