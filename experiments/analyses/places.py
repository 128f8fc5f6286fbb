"""Where every probe image lies in the maps of the hidden layers, packed small enough for a reader to move about in.

In: planes and bent maps of a network's layers (geometry.py, manifold.py), and the network. Out: for each condition
(`place`) the places of all images as whole numbers, with the network's answers; once (`sheet`) the images themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from experiments.analyses.geometry import plane
from experiments.measures.maps import narrow
from experiments.networks import at_epoch
from experiments.record import evaluate
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]
Map = Float[np.ndarray, "image 2"]

STEPS = 4096  # along each side of a map: two characters of base64 for each coordinate
GREYS = 16  # of the images
GREY = 255 // (GREYS - 1)  # a step of them, in pixel values
BENT = ("tsne", "umap")


def place(
    *,
    planes: Arrays,
    bent: Mapping[str, Arrays],
    reference: Arrays,
    trajectory: Arrays,
    weights: Arrays,
    probe: Arrays,
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, Any]:
    """The maps of one network's hidden layers, and what the network says of each image, epoch by epoch.

    planes: of geometry.embed, its coordinates/<hook> (moment, image, 2). bent: {"maps": arrays of manifold.embed} or
    nothing: the study then has no t-SNE and no UMAP. reference: the planes of the network onto whose last hidden layer
    every map is turned, so that the eye finds its way from one to the next; see `aligned`. trajectory: penultimate
    (epoch, image, unit, ...), the last hidden layer, whose planes are shown at every epoch. weights: {parameter:
    (epoch, ...)}. Returns `places.npz`:

        hook_points                      of the hidden layers, in order of depth
        epochs/<method>/<hook>  (frame,)             the epochs at which there is a map; method: pca, tsne or umap
        places/<method>/<hook>  (2, frame, image, 2) uint8, see `quantised`: 256 times the second part + the first
        limit/<method>/<hook>   ()                   the maps fill the square from -limit to limit
        answers                 (epoch, image)       uint8, the class that the network answers
        confidence              (epoch, image)       uint8, its softmax probability in whole per cent, rounded down
    """
    hooks = [str(hook) for hook in planes["hook_points"] if hook != "logits"]
    target = reference[f"coordinates/{[str(hook) for hook in reference['hook_points'] if hook != 'logits'][-1]}"][-1]
    every = np.arange(len(trajectory["penultimate"]))
    answers, confidence = answered(weights, probe["images"], architecture=architecture, treatment=treatment)
    arrays: dict[str, np.ndarray] = {"hook_points": np.array(hooks), "answers": answers, "confidence": confidence}
    for hook in hooks:
        found = {"pca": planes[f"coordinates/{hook}"]}
        for maps in bent.values():
            found |= {
                method: maps[f"coordinates/{method}/{hook}"]
                for method in BENT
                if f"coordinates/{method}/{hook}" in maps
            }
        if hook == hooks[-1]:
            found["pca"] = np.stack(
                [plane(points.reshape(len(points), -1), probe["labels"])[0] for points in trajectory["penultimate"]]
            )
        for method, frames in found.items():
            codes, limit = quantised(aligned(frames.astype(np.float64), onto=target.astype(np.float64)))
            name = f"{method}/{hook}"
            arrays[f"epochs/{name}"] = every if len(frames) == len(every) else planes["epochs"]
            arrays[f"places/{name}"] = np.stack([codes % 256, codes // 256]).astype(np.uint8)
            arrays[f"limit/{name}"] = np.array(limit, dtype=np.float32)
    return {"places.npz": arrays}


def aligned(
    frames: Float[np.ndarray, "frame image 2"] | Sequence[Map], *, onto: Map
) -> Float[np.ndarray, "frame image 2"]:
    """The maps of successive epochs, turned so that images jump as little as they can.

    The axes of a map mean nothing, so each may be rotated and mirrored, which leaves all distances as they are. The
    last is turned onto a given map of the same images, each other one onto the one that follows it, by the orthogonal
    matrix that brings the images nearest to their own places there (Schönemann 1966).
    """
    turned = []
    for frame in reversed(list(frames)):
        onto = frame @ rotation(frame, onto)
        turned.append(onto)
    return np.stack(turned[::-1])


def rotation(points: Map, onto: Map) -> Float[np.ndarray, "2 2"]:
    """The orthogonal matrix Q that makes the sum of squares of points Q - onto least; both are taken as centred."""
    left, _, right = np.linalg.svd(points.T @ onto)
    return left @ right


def quantised(frames: Float[np.ndarray, "frame image 2"]) -> tuple[Integer[np.ndarray, "frame image 2"], float]:
    """Coordinates as whole numbers 0 to 4095, and half the width of the square that they divide.

    All frames share the square, whose middle is the origin. What is lost is at most half a step, limit / 4095.
    """
    limit = float(np.abs(frames).max()) or 1.0
    return np.rint((frames / limit + 1) / 2 * (STEPS - 1)).astype(np.int64), limit


def restored(codes: Integer[np.ndarray, "frame image 2"], limit: float) -> Float[np.ndarray, "frame image 2"]:
    """What `quantised` made of coordinates, as coordinates."""
    return (codes / (STEPS - 1) * 2 - 1) * limit


def answered(
    weights: Arrays, images: np.ndarray, *, architecture: Mapping[str, Any], treatment: Mapping[str, Any]
) -> tuple[Integer[np.ndarray, "epoch image"], Integer[np.ndarray, "epoch image"]]:
    """A network's answer to each image before the first epoch and after each, and its probability in whole per cent.

    Per cent are rounded down, so that 100 is only what could not be told from certainty.
    """
    inputs = treat(images, **treatment)
    logits = [
        evaluate(at_epoch(weights, epoch=epoch, architecture=architecture), inputs).double()
        for epoch in range(len(next(iter(weights.values()))))
    ]
    answers = np.stack([each.argmax(dim=1).numpy() for each in logits])
    confidence = np.stack([each.softmax(dim=1).amax(dim=1).numpy() for each in logits])
    return answers.astype(np.uint8), np.floor(100 * confidence).astype(np.uint8)


def sheet(*, probe: Arrays) -> dict[str, Any]:
    """The probe images for a reader to look at: `sheet.npz` with images uint8 (image, side, side) in sixteen greys, 0
    for black to 15 for white, labels (image,) and index (image,), their places in the test set."""
    greys = np.rint(probe["images"].astype(np.float64) / 255 * (GREYS - 1)).astype(np.uint8)
    return {"sheet.npz": {"images": greys, "labels": probe["labels"], "index": narrow(probe["index"], np.uint16)}}
