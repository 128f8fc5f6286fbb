"""A shelf of test digits to try: for each class a clear and a doubtful one, and those that divide the networks.

In: the test images, and the records of one network per condition with what each of them reads. Out: the chosen
images, what every network says to them, and how strongly each hidden layer answers to digits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from experiments.analyses.activations import read_at

TALL = 0.99  # the quantile of a layer's activations that the page draws at full height


def choose(
    *, records: Mapping[str, Mapping[str, np.ndarray]], test: Mapping[str, np.ndarray], divided: int = 20
) -> dict[str, dict[str, np.ndarray]]:
    """shelf.npz: the digits of the shelf, first those that all read right, then those that divide the networks.

    images uint8 (digit, side, side), labels uint8 (digit,), index int32 (digit,): the place in the test set.
    conditions (condition,): names; prediction uint8 (condition, digit), confidence float32 (condition, digit).
    layers/<condition> (layer,): the hidden layers; tall/<condition> float32 (layer,): see TALL.
    class_means/<condition>/<layer> float32 (unit, class): mean activations at the end, on the probe images.
    records: {condition: record}, of one trained network each.
    """
    conditions = list(records)
    prediction = np.stack([records[name]["test_prediction"] for name in conditions])
    confidence = np.stack([records[name]["test_confidence"] for name in conditions])
    chosen = np.concatenate(
        [
            agreed(prediction, confidence, test["labels"]),
            disputed(prediction, confidence, test["labels"], many=divided),
        ]
    ).astype(np.int32)
    shelf = {
        "images": test["images"][chosen],
        "labels": test["labels"][chosen],
        "index": chosen,
        "conditions": np.array(conditions),
        "prediction": prediction[:, chosen],
        "confidence": confidence[:, chosen].astype(np.float32),
    }
    for name in conditions:
        layers = [str(layer) for layer in records[name]["layers"][:-1]]
        level = int(np.flatnonzero(records[name]["quantile_levels"] == TALL)[0])
        shelf[f"layers/{name}"] = np.array(layers)
        shelf[f"tall/{name}"] = np.array(
            [records[name][f"quantile/{read_at(records[name], layer)}"][-1, level] for layer in layers]
        )
        for layer in layers:
            shelf[f"class_means/{name}/{layer}"] = records[name][f"class_mean/{layer}"][-1].astype(np.float32)
    return {"shelf.npz": shelf}


def agreed(
    prediction: UInt8[np.ndarray, "condition image"],
    confidence: Float[np.ndarray, "condition image"],
    labels: Int[np.ndarray, " image"] | UInt8[np.ndarray, " image"],
) -> Int[np.ndarray, " digit"]:
    """Two images of each class that every network reads right: the surest and the least sure, class by class.

    How sure the networks are of an image is how sure the least sure of them is.
    """
    right = (prediction == labels).all(axis=0)
    surety = confidence.min(axis=0)
    found: list[int] = []
    for label in np.unique(labels):
        places = np.flatnonzero(right & (labels == label))
        order = places[np.argsort(-surety[places], kind="stable")]
        found += [int(place) for place in dict.fromkeys([*order[:1], *order[-1:]])]
    return np.array(found, dtype=np.int64)


def disputed(
    prediction: UInt8[np.ndarray, "condition image"],
    confidence: Float[np.ndarray, "condition image"],
    labels: Int[np.ndarray, " image"] | UInt8[np.ndarray, " image"],
    *,
    many: int,
) -> Int[np.ndarray, " digit"]:
    """At most `many` images to which the networks give different answers, spread over the classes.

    The classes take turns. Each time, a class gives the image with the kind of dispute (who reads it right) that
    the shelf has least of, then with the most different answers, then the one of which the networks are surest.
    """
    right = prediction == labels
    kinds = (right * (1 << np.arange(len(right)))[:, None]).sum(axis=0)  # one bit for each network that is right
    answers = _distinct(prediction)
    surety = confidence.mean(axis=0)
    left = {label: list(np.flatnonzero((answers > 1) & (labels == label))) for label in np.unique(labels)}
    seen = np.zeros(1 << len(right), dtype=int)
    found: list[int] = []
    while any(left.values()) and len(found) < many:
        for label in [label for label in left if left[label]][: many - len(found)]:
            best = min(left[label], key=lambda i: (seen[kinds[i]], -answers[i], -surety[i], i))
            left[label].remove(best)
            seen[kinds[best]] += 1
            found.append(int(best))
    order = sorted(found, key=lambda place: (labels[place], place))
    return np.array(order, dtype=np.int64)


def _distinct(prediction: UInt8[np.ndarray, "condition image"]) -> Int[np.ndarray, " image"]:
    """How many different answers each image gets."""
    given: Bool[np.ndarray, "class image"] = np.stack([(prediction == k).any(axis=0) for k in np.unique(prediction)])
    return given.sum(axis=0)
