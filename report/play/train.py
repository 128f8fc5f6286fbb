"""What a page needs to train networks: images as one packed block, weights to begin with, and what there is to choose.

In: the images and untrained networks of experiments.analyses.lesson. Out: train.js, a script for each network, and
train.json, which templates read. The scripts are fetched when the reader opens the trainer.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from report import classes, theme
from report.play.networks import script

Arrays = Mapping[str, np.ndarray]
Told = Mapping[str, Any]

SPAN = 1000  # steps until the networks rest, and more each time they go on
PARTS = ("train", "test")


def pack(
    *,
    lesson: Arrays,
    begun: Mapping[str, Told],
    weights: Mapping[str, Arrays],
    measured: Mapping[str, Told],
    networks: Sequence[Told],
    treatments: Sequence[Told],
    card: Told,
) -> dict[str, Any]:
    """train.json, train.js and train-<network>.js.

    networks: {"name", "title", "batch": images of a step, "rate": the study's, "rates"} of each; treatments: {"name",
    "title", "mean", "std", "factors": on the rate of the "first" or "last" layer's weights}, of which those that the
    data decide have their constants in `measured`. begun, weights: start.json and start.npz of each network.

    train.json: what can be chosen. {"cannot": why} where no network can be trained; else {"networks", with "layers":
    [{"name", "inputs", "units"}], "treatments", with their "tone": a place in the order of colours, "images": {part:
    count}, "presets": see `presets`, "span": SPAN}. train.js: {"set": see `classes.for_scripts`, part: {"images":
    base64 of their bytes, deflated raw, "labels": base64}}. train-<network>.js: {layer: {"weight", "bias"}}, base64 of
    little-endian float32, row by row, a row for each unit.
    """
    trainable = [
        {**each, "layers": _layers(begun[each["name"]]["layers"], weights[each["name"]])}
        for each in networks
        if "cannot" not in begun[each["name"]]
    ]
    made: dict[str, Any] = {"train.js": script("train", _images(lesson, card))}
    for each in networks:
        made[f"train-{each['name']}.js"] = script(
            f"train-{each['name']}", _start(begun[each["name"]].get("layers", ()), weights[each["name"]])
        )
    if not trainable:
        reasons = "; ".join(f"{each['title']}: {begun[each['name']]['cannot']}" for each in networks)
        return {**made, "train.json": {"cannot": f"none of its networks can be trained in a page ({reasons})"}}
    fed = [
        {**each, **measured.get(each["name"], {}), "tone": place % len(theme.TREATMENTS)}
        for place, each in enumerate(treatments)
    ]
    made["train.json"] = {
        "networks": trainable,
        "treatments": fed,
        "images": {part: len(lesson[f"{part}/labels"]) for part in PARTS},
        "presets": presets(trainable[0], fed),
        "span": SPAN,
    }
    return made


def presets(network: Told, treatments: Sequence[Told]) -> list[dict[str, Any]]:
    """The comparisons that matter, as {"left", "right": [treatment, rate]} at the study's own rate.

    First the reference beside the first treatment that gives other numbers, or beside itself at the highest rate where
    there is none; then, in place of the reference, a treatment that differs from it in the rate of its first layer
    alone, if there is one.
    """
    first, rate = treatments[0], network["rate"]
    others = [each for each in treatments[1:] if _constants(each) != _constants(first)]
    right = [others[0]["name"], rate] if others else [first["name"], network["rates"][-1]]
    found = [{"left": [first["name"], rate], "right": right}]
    for each in treatments[1:]:
        if _constants(each) == _constants(first) and each["factors"].keys() == {"first"}:
            return [*found, {"left": [each["name"], rate], "right": right}]
    return found


def _constants(treatment: Told) -> tuple[float, float]:
    return treatment["mean"], treatment["std"]


def _images(lesson: Arrays, card: Told) -> dict[str, Any]:
    packed = {
        part: {"images": _deflated(lesson[f"{part}/images"]), "labels": _base64(lesson[f"{part}/labels"])}
        for part in PARTS
    }
    return {"set": classes.for_scripts(card), **packed}


def _deflated(images: np.ndarray) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = packer.compress(np.ascontiguousarray(images).tobytes()) + packer.flush()
    return base64.b64encode(data).decode()


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()


def _layers(names: Sequence[str], weights: Arrays) -> list[dict[str, Any]]:
    shapes = {name: weights[f"{name}.weight"].shape for name in names}
    return [{"name": name, "inputs": int(shape[1]), "units": int(shape[0])} for name, shape in shapes.items()]


def _start(names: Sequence[str], weights: Arrays) -> dict[str, Any]:
    return {
        name: {part: _base64(weights[f"{name}.{part}"].astype("<f4")) for part in ("weight", "bias")} for name in names
    }
