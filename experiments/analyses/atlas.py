"""The maps of all conditions in one place, and what may be said of them.

In: the maps of one network of each condition (manifold.embed), and maps made again and again (stability.repeat).
Out: arrays small enough to be published, and facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.analyses.manifold import MEASURES
from experiments.evidence import moments
from experiments.measures.nearness import rank_within
from experiments.statistics import constant

Arrays = Mapping[str, np.ndarray]

KEPT = 20  # images of each digit whose places are gathered for the figures


def compare(*, conditions: Mapping[str, Arrays], stability: Mapping[str, Arrays]) -> dict[str, Any]:
    """The maps of all conditions in one place.

    conditions: {"mlp-raw": arrays of embed}. stability: {"mlp-raw": arrays of stability.repeat}. Returns
    `arrays.npz`: methods, labels (kept,), the first 20 images of each digit, moments, and

        hook_points/<condition>
        coordinates/<condition>/<method>/<hook>  (moment, kept, 2)   float16
        centres/<condition>/<method>/<hook>      (moment, digit, 2)  float16, of all images of each digit
        <measure>/<condition>/<method>/<hook>    (moment,)           see `measures`
        stability/<name>/<condition>             what stability.repeat returns

    and `facts.json`:

        geometry.map_<measure>.<method>.<condition>.<hook>   at the end of training; `map_<measure>_start` before
        geometry.map_disparity, geometry.map_overlap .<chance>.<method>.<condition>   see stability.repeat
    """
    first = next(iter(conditions.values()))
    labels = first["labels"]
    kept = rank_within(labels) < KEPT
    methods = dict.fromkeys(name.split("/")[1] for name in first if name.startswith("coordinates/"))
    arrays: dict[str, np.ndarray] = {
        "methods": np.array([*methods]),
        "labels": labels[kept],
        "moments": moments(conditions),
    }
    for condition, found in conditions.items():
        arrays[f"hook_points/{condition}"] = found["hook_points"]
        for name, values in found.items():
            kind, _, rest = name.partition("/")
            if kind == "coordinates":
                centres = [values[:, labels == digit].mean(axis=1, dtype=np.float64) for digit in np.unique(labels)]
                arrays[f"coordinates/{condition}/{rest}"] = values[:, kept]
                arrays[f"centres/{condition}/{rest}"] = np.stack(centres, axis=1).astype(np.float16)
            elif kind in MEASURES:
                arrays[f"{kind}/{condition}/{rest}"] = values.astype(np.float32)
    for condition, found in stability.items():
        arrays |= {f"stability/{name}/{condition}": values for name, values in found.items()}
    return {"arrays.npz": arrays, "facts.json": _map_facts(conditions) | _stability_facts(stability)}


def _map_facts(conditions: Mapping[str, Arrays]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for condition, found in conditions.items():
        for name, values in found.items():
            measure, _, rest = name.partition("/")
            if measure in MEASURES:
                method, _, hook = rest.partition("/")
                for moment, ending in ((-1, ""), (0, "_start")):
                    named[f"geometry.map_{measure}{ending}.{method}.{condition}.{hook}"] = constant(
                        values[moment], unit=MEASURES[measure], n=1, method="one network, the specimen"
                    )
    return named


def _stability_facts(stability: Mapping[str, Arrays]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for condition, found in stability.items():
        for name, values in found.items():
            measure, _, rest = name.partition("/")
            if measure in ("disparity", "overlap"):
                chance, _, method = rest.partition("/")
                named[f"geometry.map_{measure}.{chance}.{method}.{condition}"] = constant(
                    values.mean(),
                    unit="%" if measure == "overlap" else "",
                    n=len(values),
                    method="mean over all pairs of maps",
                )
    return named
