"""What a page needs to train networks itself: images small enough to be fetched, and the weights to begin with.

In: the data set and its probe, an architecture and a seed. Out: lesson.npz, the images; start.json and start.npz, an
untrained network, where a page can train its kind.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Int

from experiments import models
from experiments.hooks import HookedModule
from experiments.models import plain

SIZES = {"train": 3000, "test": 1000}  # images, where a set has so many and they are small enough
ROOM = 900_000  # bytes of deflated pixels; a page reads them as text, which is a third longer
PARAMETERS = 60_000  # of the largest network whose weights are small enough to be fetched beside the images


def choose(
    *, train: Mapping[str, np.ndarray], test: Mapping[str, np.ndarray], probe: Mapping[str, np.ndarray], seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """The stage that draws the images: lesson.npz.

    train/images, test/images uint8 (image, side, side), train/labels, test/labels uint8 (image,), train/index,
    test/index int64 (image,): their places in the data set. Both are random draws, as the seed decides, in the order of
    the draw. Test images are none of the probe, by which choices of the study were made, unless a set has no others.
    Where images are large there are fewer, so that all of them deflate to at most ROOM bytes.
    """
    random = np.random.default_rng(seed)
    drawn = {
        "train": random.permutation(len(train["labels"]))[: SIZES["train"]],
        "test": random.permutation(_beside(len(test["labels"]), probe["index"]))[: SIZES["test"]],
    }
    share = min(1.0, ROOM / _deflated(train["images"][drawn["train"]], test["images"][drawn["test"]]))
    found: dict[str, np.ndarray] = {}
    for name, images in (("train", train), ("test", test)):
        index = drawn[name][: max(1, int(share * len(drawn[name])))].astype(np.int64)
        found |= {f"{name}/{what}": images[what][index] for what in ("images", "labels")}
        found[f"{name}/index"] = index
    return {"lesson.npz": found}


def begin(*, architecture: Mapping[str, Any], shape: Mapping[str, int], seed: int) -> dict[str, Any]:
    """The stage that draws an untrained network as training does: start.json and start.npz.

    start.json: {"layers": names, in forward order}, or {"cannot": why no page can train it}. start.npz: its parameters
    by their names in the state_dict, float32; empty where no page can. shape: {"side", "classes"} of the data set.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = models.build(architecture["build"], options=architecture["options"], **shape)
    if reason := untrainable(model):
        return {"start.json": {"cannot": reason}, "start.npz": {}}
    weights = {name: value.clone().numpy() for name, value in model.state_dict().items()}
    return {"start.json": {"layers": list(model.layers)}, "start.npz": weights}


def untrainable(model: HookedModule) -> str:
    """Why a page cannot train a network, in the middle of a sentence; nothing where it can: dense layers, ReLU between
    them, and no more parameters than are quickly fetched."""
    if reason := plain.departure(model):
        return reason
    silent = [layer for layer in model.layers if set(model.parts[layer]) & set(plain.SILENT)]
    if silent:
        return f"{silent[0]} has dropout"
    if other := [each["name"] for each in plain.described(model) if each["kind"] != "linear"]:
        return f"{other[0]} is a convolution"
    size = sum(each.numel() for each in model.parameters())
    return f"it has {size:,} parameters" if size > PARAMETERS else ""


def _beside(images: int, probe: Int[np.ndarray, " probe"]) -> Int[np.ndarray, " image"]:
    """The places of the images that are none of the probe; all of them, where there are no others."""
    others = np.setdiff1d(np.arange(images), probe)
    return others if len(others) else np.arange(images)


def _deflated(*images: np.ndarray) -> int:
    return sum(len(zlib.compress(each.tobytes(), 9)) for each in images)
