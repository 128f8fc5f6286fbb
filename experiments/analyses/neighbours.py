"""Who lies next to whom: nearest neighbours, what one straight cut can read, and how far a plane can be trusted.

In: the activations of the probe images at the start, early and at the end, their planes (geometry.embed), the last
hidden layer at every epoch, and what linear probes read (probes.read). Out: for one run (`examine`) the numbers of each
layer, for the study (`compare`) arrays and facts. All measures are blind to the scale of a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.analyses.geometry import effective_dimension, plane
from experiments.evidence import Grid, Table, by_condition, moments, of_layers
from experiments.measures.nearness import (
    distances,
    flat,
    knn_accuracy,
    nearest,
    rank_within,
    trustworthiness,
)
from experiments.statistics import constant, family

Arrays = Mapping[str, np.ndarray]

UNITS = {"knn": "%", "knn_plane": "%", "trustworthiness_plane": ""}
PROBED = {**UNITS, "linear_probe": "%"}
MARGINS = {  # the smallest difference that a reader should care about
    "knn": 0.25,  # one image in four hundred
    "linear_probe": 0.25,
    "knn_plane": 1.0,  # on a plane tens of points are lost
    "trustworthiness_plane": 0.01,  # of a measure that goes up to one
}
BY_EPOCH = (*UNITS, "dimension")
PER_CLASS = 100  # images of each digit on which every epoch is read


def examine(*, layers: Arrays, embedded: Arrays, trajectory: Arrays, probe: Arrays) -> dict[str, Any]:
    """Neighbours in each layer of one network, among the probe images.

    layers: "<epoch>/<hook>" (image, ...). embedded: coordinates/<hook> (moment, image, 2) of geometry.embed.
    trajectory: penultimate (epoch, image, unit, ...). probe: labels (image,). Returns `arrays.npz`: hook_points in
    order of depth, epochs (moment,), for the last hidden layer <measure>_by_epoch (epoch,) of all these and of the
    effective dimension, read on the first hundred images of each digit, and for every hook point

        knn/<hook>                        (moment,)   %, see `knn_accuracy`
        knn_plane/<hook>                  (moment,)   %, k-NN accuracy on the first two principal components
        trustworthiness_plane/<hook>      (moment,)   of that plane, see `trustworthiness`
    """
    labels = probe["labels"]
    epochs = sorted({int(name.partition("/")[0]) for name in layers})
    hooks = [name.partition("/")[2] for name in layers if name.startswith(f"{epochs[0]}/")]
    arrays: dict[str, np.ndarray] = {"hook_points": np.array(hooks), "epochs": np.array(epochs)}
    few = rank_within(labels) < PER_CLASS
    steps = [_step(flat(points[few]), labels[few]) for points in trajectory["penultimate"]]
    arrays |= {f"{measure}_by_epoch": np.array([found[measure] for found in steps]) for measure in BY_EPOCH}
    for hook in hooks:
        planes = embedded[f"coordinates/{hook}"]
        moments = [
            _measure(flat(layers[f"{epoch}/{hook}"]), flat(places), labels)
            for epoch, places in zip(epochs, planes, strict=True)
        ]
        arrays |= {f"{measure}/{hook}": np.array([found[measure] for found in moments]) for measure in UNITS}
    return {"arrays.npz": arrays}


def _step(points: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    places, _ = plane(points, labels)
    return _measure(points, places, labels) | {"dimension": effective_dimension(points)}


def _measure(points: np.ndarray, places: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    apart, drawn_apart = distances(points), distances(places)
    found = nearest(drawn_apart)
    return {
        "knn": knn_accuracy(apart, labels),
        "knn_plane": knn_accuracy(drawn_apart, labels, found=found),
        "trustworthiness_plane": trustworthiness(apart, drawn_apart, found=found),
    }


def compare(*, runs: Mapping[str, Arrays], probes: Mapping[str, Arrays], grid: Grid) -> dict[str, Any]:
    """The neighbours in all networks, and what linear probes read of them: what was measured, stacked over seeds.

    runs: {"mlp-raw/0": arrays of `examine`}. probes: {"mlp-raw/0": arrays of `probes.read`}. Returns `arrays.npz`:
    moments (the epochs shown),

        hook_points/<condition>
        knn, knn_plane, trustworthiness_plane /<condition>/<hook>   (seed, moment)
        linear_probe/<condition>/<hook>                           (seed, 2) untrained and at the end
        <measure>_by_epoch/<condition>                            (seed, epoch), these and dimension

    and `facts.json`: `geometry.<measure>.<condition>.<hook>` at the end of training, `geometry.<measure>_start...`
    for the untrained network, `geometry.<measure>_gain...` for their paired difference, comparisons of conditions,
    and `geometry.knn_lost...`, what the plane takes from the k-NN accuracy.
    """
    groups = by_condition({name: {**run, **probes[name]} for name, run in runs.items()})
    arrays: dict[str, np.ndarray] = {"moments": moments(runs)}
    for condition, group in groups.items():
        hooks = [str(hook) for hook in group[0]["hook_points"]]
        names = [f"{measure}/{hook}" for measure in PROBED for hook in hooks]
        arrays[f"hook_points/{condition}"] = np.array(hooks)
        for name in (*names, *(f"{measure}_by_epoch" for measure in BY_EPOCH)):
            measure, _, hook = name.partition("/")
            place = "/".join(filter(None, (measure, condition, hook)))
            arrays[place] = np.stack([run[name] for run in group]).astype(np.float32)
    return {"arrays.npz": arrays, "facts.json": facts(groups, grid)}


def facts(groups: Mapping[str, Sequence[Arrays]], grid: Grid) -> dict[str, Any]:
    """Every measure of every layer (see `evidence.of_layers`), and what the neighbours in a plane lack."""
    named: dict[str, Any] = {}
    for measure, unit in PROBED.items():
        start, end = (_table(groups, measure, moment=moment) for moment in (0, -1))
        named |= of_layers(start, end, grid, measure=f"geometry.{measure}", unit=unit, margin=MARGINS[measure])
    whole, plane = (_table(groups, measure, moment=-1) for measure in ("knn", "knn_plane"))
    lost = {
        f"geometry.knn_lost.{condition}.{hook}": (values, plane[condition][hook])
        for condition, hooks in whole.items()
        for hook, values in hooks.items()
    }
    images = next(iter(groups.values()))[0]["images"]
    counts = {
        f"geometry.probe_{name}": constant(
            int(count), unit="images", n=1, method=f"images that a linear probe {method}"
        )
        for name, count, method in zip(("shown", "read"), images, ("was trained on", "was asked about"), strict=True)
    }
    return named | family(lost, name="geometry.knn_lost", unit="points", margin=MARGINS["knn_plane"]) | counts


def _table(groups: Mapping[str, Sequence[Arrays]], measure: str, *, moment: int) -> Table:
    """{condition: {hook point: one value per seed}}"""
    return {
        condition: {
            str(hook): np.array([float(run[f"{measure}/{hook}"][moment]) for run in group])
            for hook in group[0]["hook_points"]
        }
        for condition, group in groups.items()
    }
