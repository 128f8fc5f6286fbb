"""Who lies next to whom: nearest neighbours, what one straight cut can read, and how far a plane can be trusted.

In: the activations of the probe images at the start, early and at the end, their planes (geometry.embed), and
the last hidden layer at every epoch. Out: for one run (`examine`) the numbers of each layer, for the study
(`compare`) arrays and facts. All measures are blind to the scale of a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from experiments.analyses.grid import by_condition, pairs
from experiments.statistics import family, summary

Arrays = Mapping[str, np.ndarray]

NEIGHBOURS = 10
FOLDS = 5
SHRINKAGE = 0.01  # of the covariance behind the linear probe: enough to invert it where images are few
UNITS = {"knn": "%", "linear_probe": "%", "knn_plane": "%", "trustworthiness_plane": ""}


def examine(*, layers: Arrays, embedded: Arrays, trajectory: Arrays, probe: Arrays) -> dict[str, Any]:
    """Neighbours and linear probe of each layer of one network.

    layers: "<epoch>/<hook>" (image, ...). embedded: coordinates/<hook> (moment, image, 2) of geometry.embed.
    trajectory: penultimate (epoch, image, unit). probe: labels (image,). Returns `arrays.npz`: hook_points in
    order of depth, epochs (moment,), knn_by_epoch and linear_probe_by_epoch (epoch,) of the last hidden layer,
    and for every hook point

        knn/<hook>, linear_probe/<hook>   (moment,)   %, see `knn_accuracy` and `linear_probe_accuracy`
        knn_plane/<hook>                  (moment,)   %, k-NN accuracy on the first two principal components
        trustworthiness_plane/<hook>      (moment,)   of that plane, see `trustworthiness`
    """
    labels = probe["labels"]
    epochs = sorted({int(name.partition("/")[0]) for name in layers})
    hooks = [name.partition("/")[2] for name in layers if name.startswith(f"{epochs[0]}/")]
    steps = trajectory["penultimate"]
    arrays: dict[str, np.ndarray] = {
        "hook_points": np.array(hooks),
        "epochs": np.array(epochs),
        "knn_by_epoch": np.array([knn_accuracy(distances(flat(points)), labels) for points in steps]),
        "linear_probe_by_epoch": np.array([linear_probe_accuracy(flat(points), labels) for points in steps]),
    }
    for hook in hooks:
        planes = embedded[f"coordinates/{hook}"]
        moments = [
            _measure(flat(layers[f"{epoch}/{hook}"]), flat(places), labels)
            for epoch, places in zip(epochs, planes, strict=True)
        ]
        arrays |= {f"{measure}/{hook}": np.array([found[measure] for found in moments]) for measure in UNITS}
    return {"arrays.npz": arrays}


def _measure(points: np.ndarray, places: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    apart, drawn_apart = distances(points), distances(places)
    return {
        "knn": knn_accuracy(apart, labels),
        "linear_probe": linear_probe_accuracy(points, labels),
        "knn_plane": knn_accuracy(drawn_apart, labels),
        "trustworthiness_plane": trustworthiness(apart, drawn_apart),
    }


def flat(activations: np.ndarray) -> Float[np.ndarray, "image unit"]:
    """The activations of each image as one row of numbers."""
    return activations.reshape(len(activations), -1).astype(np.float64)


def distances(points: Float[np.ndarray, "image unit"]) -> Float[np.ndarray, "image image"]:
    """Squared Euclidean distances; no image is a neighbour of itself, so the diagonal is infinite."""
    centred = points - points[0]  # exactly zero where all images lie in one point
    centred -= centred.mean(axis=0)
    lengths = (centred**2).sum(axis=1)
    squares = centred @ centred.T
    squares *= -2
    squares += lengths[:, None]
    squares += lengths
    np.fill_diagonal(squares, np.inf)
    return squares


def nearest(apart: Float[np.ndarray, "image image"], *, k: int = NEIGHBOURS) -> Integer[np.ndarray, "image k"]:
    """The k nearest neighbours of each image, in no order; fewer where there are too few images."""
    return np.argpartition(apart, min(k, len(apart) - 1) - 1, axis=1)[:, :k]


def knn_accuracy(
    apart: Float[np.ndarray, "image image"], labels: Integer[np.ndarray, " image"], *, k: int = NEIGHBOURS
) -> float:
    """Share of images, in %, whose digit is the most frequent among their k nearest neighbours.

    Each image is left out when its own neighbours vote; a tie goes to the smaller digit. Where all images lie
    in one point there are no neighbours, and the accuracy is that of always answering the smallest digit.
    """
    classes, digits = np.unique(labels, return_inverse=True)
    if apart[0, 1:].max() <= 0:
        return 100 * float((digits == 0).mean())
    ballots = digits[nearest(apart, k=k)] + len(classes) * np.arange(len(digits))[:, None]
    votes = np.bincount(ballots.ravel(), minlength=len(digits) * len(classes)).reshape(len(digits), len(classes))
    return 100 * float((votes.argmax(axis=1) == digits).mean())


def linear_probe_accuracy(
    points: Float[np.ndarray, "image unit"], labels: Integer[np.ndarray, " image"], *, folds: int = FOLDS
) -> float:
    """Share of images, in %, that a linear classifier reads which was fitted to the other folds.

    The classifier is linear discriminant analysis with equal priors, the best linear one if digits are clouds
    of equal shape, and in closed form (Hastie, Tibshirani, Friedman 2009, section 4.3). Its covariance is
    shrunk by one hundredth towards a multiple of the identity. Each fold holds every `folds`-th image of each
    digit.
    """
    classes, digits = np.unique(labels, return_inverse=True)
    fold = rank_within(digits) % folds
    right = 0
    for held_out in range(folds):
        shown = fold != held_out
        weights, bias = _discriminant(points[shown], digits[shown], len(classes))
        right += int(((points[~shown] @ weights + bias).argmax(axis=1) == digits[~shown]).sum())
    return 100 * right / len(digits)


def _discriminant(points: np.ndarray, digits: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (unit, class) and biases (class,) of linear discriminant analysis."""
    means = np.stack([points[digits == digit].mean(axis=0) for digit in range(classes)])
    rest = points - means[digits]
    units = points.shape[1]
    covariance = rest.T @ rest / len(points)
    spread = np.trace(covariance) / units
    covariance = (1 - SHRINKAGE) * covariance + (SHRINKAGE * spread or 1.0) * np.eye(units)
    weights = np.linalg.solve(covariance, means.T)
    return weights, -0.5 * (means * weights.T).sum(axis=1)


def rank_within(labels: Integer[np.ndarray, " image"]) -> Integer[np.ndarray, " image"]:
    """How many earlier images have the same label."""
    ranks = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        chosen = labels == label
        ranks[chosen] = np.arange(chosen.sum())
    return ranks


def trustworthiness(
    apart: Float[np.ndarray, "image image"], drawn_apart: Float[np.ndarray, "image image"], *, k: int = NEIGHBOURS
) -> float:
    """How far the neighbours in a drawing are neighbours in the layer (Venna and Kaski 2001, equation 1).

    apart: squared distances in the layer; drawn_apart: in the drawing. 1: each image's k nearest in the drawing
    are its k nearest in the layer; a false neighbour costs the more, the further away it is in truth.
    """
    count = len(apart)
    k = min(k, (count - 1) // 2)
    shown = nearest(drawn_apart, k=k)
    costs = 0
    for neighbour in shown.T:
        ranks = 1 + (apart < apart[np.arange(count), neighbour][:, None]).sum(axis=1)
        costs += int(np.maximum(ranks - k, 0).sum())
    return 1 - 2 * costs / (count * k * (2 * count - 3 * k - 1))


def overlap(first: Float[np.ndarray, "image image"], second: Float[np.ndarray, "image image"]) -> float:
    """Share, in %, of each image's nearest neighbours by the first distances that are so by the second too."""
    shared = [np.intersect1d(a, b).size for a, b in zip(nearest(first), nearest(second), strict=True)]
    return 100 * float(np.mean(shared)) / nearest(first).shape[1]


def compare(*, runs: Mapping[str, Arrays]) -> dict[str, Any]:
    """The neighbours in all networks: what `examine` measured, stacked over seeds.

    runs: {"mlp-raw/0": arrays of examine}. Returns `arrays.npz`: moments (the epochs shown),

        hook_points/<condition>
        knn, linear_probe, knn_plane, trustworthiness_plane /<condition>/<hook>   (seed, moment)
        knn_by_epoch, linear_probe_by_epoch /<condition>                          (seed, epoch)

    and `facts.json`: `geometry.<measure>.<condition>.<hook>` at the end of training, `geometry.<measure>_start...`
    for the untrained network, `geometry.<measure>_gain...` for their paired difference, comparisons of conditions,
    and `geometry.knn_lost...`, what the plane takes from the k-NN accuracy.
    """
    groups = by_condition(runs)
    arrays: dict[str, np.ndarray] = {"moments": next(iter(runs.values()))["epochs"]}
    for condition, group in groups.items():
        hooks = [str(hook) for hook in group[0]["hook_points"]]
        names = [f"{measure}/{hook}" for measure in UNITS for hook in hooks]
        arrays[f"hook_points/{condition}"] = np.array(hooks)
        for name in (*names, "knn_by_epoch", "linear_probe_by_epoch"):
            measure, _, hook = name.partition("/")
            place = "/".join(filter(None, (measure, condition, hook)))
            arrays[place] = np.stack([run[name] for run in group]).astype(np.float32)
    return {"arrays.npz": arrays, "facts.json": facts(groups)}


def facts(groups: Mapping[str, Sequence[Arrays]]) -> dict[str, Any]:
    """Every measure per condition and hook point, at the start, at the end and the gain; then comparisons.

    Comparisons are named as those of geometry.facts: where both conditions have the hook point, and `last`.
    """
    named: dict[str, Any] = {}
    lost = {}
    for measure, unit in UNITS.items():
        apart = "points" if unit == "%" else unit
        start, end = _table(groups, measure, moment=0), _table(groups, measure, moment=-1)
        gains = {}
        for condition, hooks in end.items():
            for hook, values in hooks.items():
                place = f"{condition}.{hook}"
                named[f"geometry.{measure}.{place}"] = summary(values, unit=unit)
                named[f"geometry.{measure}_start.{place}"] = summary(start[condition][hook], unit=unit)
                gains[f"geometry.{measure}_gain.{place}"] = (values, start[condition][hook])
                if measure == "knn":
                    plane = _table(groups, "knn_plane", moment=-1)[condition][hook]
                    lost[f"geometry.knn_lost.{place}"] = (values, plane)
        named |= family(gains, unit=apart) | family(_compared(end, measure), unit=apart)
    return named | family(lost, unit="points")


def _table(groups: Mapping[str, Sequence[Arrays]], measure: str, *, moment: int) -> dict[str, dict[str, np.ndarray]]:
    """{condition: {hook point: one value per seed}}"""
    return {
        condition: {
            str(hook): np.array([float(run[f"{measure}/{hook}"][moment]) for run in group])
            for hook in group[0]["hook_points"]
        }
        for condition, group in groups.items()
    }


def _compared(table: Mapping[str, Mapping[str, np.ndarray]], measure: str) -> dict[str, tuple[Any, Any]]:
    name = f"geometry.{measure}"
    last = {
        condition: {"last": [values for hook, values in hooks.items() if hook != "logits"][-1]}
        for condition, hooks in table.items()
    }
    return pairs(table, measure=name) | pairs(last, measure=name, only=("raw", "normalized"))
