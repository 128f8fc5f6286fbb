"""Bent maps beside the plane: t-SNE and UMAP of each hidden layer, and what each kind of map keeps.

In: the activations of the probe images in the network of the first seed. Out: for one condition (`embed`)
coordinates and their measures, for the study (`compare`) arrays and facts. Both maps begin from the plane of the
principal components, so that all three lie the same way round; how they depend on chance is told by stability.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Integer
from scipy.spatial.distance import pdist
from scipy.stats import rankdata
from sklearn.manifold import TSNE

from experiments.analyses.geometry import plane, silhouette
from experiments.analyses.neighbours import distances, flat, knn_accuracy, rank_within, trustworthiness
from experiments.statistics import constant

Arrays = Mapping[str, np.ndarray]
Map = Float[np.ndarray, "image 2"]

PERPLEXITY = 30.0  # of t-SNE, and the neighbours of UMAP: both as their authors set them
UMAP_NEIGHBOURS = 15
KEPT = 100  # images of each digit whose places are kept
MEASURES = {"silhouette": "", "knn": "%", "trustworthiness": "", "distances": ""}
METHODS = ("layer", "pca", "tsne", "umap")


def embed(*, layers: Arrays, probe: Arrays, seed: int) -> dict[str, Any]:
    """t-SNE and UMAP of each hidden layer of one network, before, early in and after training.

    layers: "<epoch>/<hook>" (image, ...). probe: labels (image,). seed: of both methods. Returns `arrays.npz`:
    hook_points without the logits, epochs (moment,), labels (kept,), and for every hook point and method

        coordinates/<method>/<hook>  (moment, kept, 2)  float16, pca, tsne and umap; root-mean-square radius 1
        <measure>/<method>/<hook>    (moment,)          over all images, see `measures`; "layer": the space itself
    """
    labels = probe["labels"]
    kept = rank_within(labels) < KEPT
    epochs = sorted({int(name.partition("/")[0]) for name in layers})
    hooks = [name.partition("/")[2] for name in layers if name.startswith(f"{epochs[0]}/")]
    hooks = [hook for hook in hooks if hook != "logits"]
    arrays: dict[str, np.ndarray] = {"hook_points": np.array(hooks), "epochs": np.array(epochs), "labels": labels[kept]}
    for hook in hooks:
        moments = [flat(layers[f"{epoch}/{hook}"]) for epoch in epochs]
        drawn = [maps(points, labels, seed=seed) for points in moments]
        for method in METHODS:
            if method != "layer":
                places = np.stack([each[method][kept] for each in drawn])
                arrays[f"coordinates/{method}/{hook}"] = places.astype(np.float16)
            found = [
                measures(points, each.get(method, points), labels) for points, each in zip(moments, drawn, strict=True)
            ]
            arrays |= {f"{name}/{method}/{hook}": np.array([each[name] for each in found]) for name in MEASURES}
    return {"arrays.npz": arrays}


def maps(
    points: Float[np.ndarray, "image unit"], labels: Integer[np.ndarray, " image"], *, seed: int
) -> dict[str, Map]:
    """The plane of the principal components, and t-SNE and UMAP that begin from it."""
    start, _ = plane(points, labels)
    return {"pca": start, "tsne": tsne(points, start=start, seed=seed), "umap": umap(points, start=start, seed=seed)}


def tsne(points: Float[np.ndarray, "image unit"], *, start: Map, seed: int) -> Map:
    """t-SNE (van der Maaten and Hinton 2008) at perplexity 30, less where images are few, from given places.

    The places that it begins from are shrunk to a spread of 0.0001, as is usual; the map is scaled to a
    root-mean-square radius of 1. A layer that says the same of every image has no map: all is zero.
    """
    if np.ptp(points, axis=0).max() == 0:
        return np.zeros((len(points), 2))
    method = TSNE(
        perplexity=min(PERPLEXITY, (len(points) - 1) / 3),
        init=1e-4 * np.asarray(_scaled(start), dtype=np.float32),
        method="barnes_hut",
        random_state=seed,
        n_jobs=1,
    )
    return _scaled(method.fit_transform(points.astype(np.float32)))


def umap(points: Float[np.ndarray, "image unit"], *, start: Map, seed: int) -> Map:
    """UMAP (McInnes, Healy and Melville 2018) with 15 neighbours, fewer where images are few; see `tsne`."""
    if np.ptp(points, axis=0).max() == 0:
        return np.zeros((len(points), 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # of a part that is not used and needs another library
        from umap import UMAP  # here, for it takes seconds to import
    method = UMAP(
        n_neighbors=min(UMAP_NEIGHBOURS, len(points) - 1),
        init=np.asarray(_scaled(start), dtype=np.float32),
        random_state=seed,
        n_jobs=1,
    )
    return _scaled(method.fit_transform(points.astype(np.float32)))


def _scaled(places: np.ndarray) -> Map:
    """Centred, at a root-mean-square radius of 1."""
    centred = np.asarray(places, dtype=np.float64) - np.mean(places, axis=0, dtype=np.float64)
    radius = np.sqrt((centred**2).sum(axis=1).mean())
    return centred / radius if radius > 0 else centred


def measures(
    points: Float[np.ndarray, "image unit"], places: Float[np.ndarray, "image place"], labels: np.ndarray
) -> dict[str, float]:
    """What a map of a layer shows and keeps.

    silhouette, knn: of the digits in the map (geometry.silhouette, neighbours.knn_accuracy). trustworthiness:
    of its near neighbours. distances: rank correlation (Spearman) of the distances between the centres of the
    digits in the map with those in the layer; 1 means that the far and the near digits are so in the layer too.
    """
    apart, drawn_apart = distances(points), distances(places)
    return {
        "silhouette": silhouette(places, labels),
        "knn": knn_accuracy(drawn_apart, labels),
        "trustworthiness": trustworthiness(apart, drawn_apart),
        "distances": centre_agreement(points, places, labels),
    }


def centre_agreement(points: np.ndarray, places: np.ndarray, labels: np.ndarray) -> float:
    """Spearman correlation of the distances between digits' centres in a layer and in a map of it; 0 if either is
    all the same."""
    ranks = [
        rankdata(pdist(np.stack([each[labels == digit].mean(axis=0) for digit in np.unique(labels)])))
        for each in (points, places)
    ]
    if min(np.ptp(each) for each in ranks) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def compare(*, conditions: Mapping[str, Arrays], stability: Mapping[str, Arrays]) -> dict[str, Any]:
    """The maps of all conditions in one place.

    conditions: {"mlp-raw": arrays of embed}. stability: {"mlp-raw": arrays of stability.repeat}. Returns
    `arrays.npz`: labels, moments, `<name>/<condition>/...` for what `embed` returns and
    `stability/<name>/<condition>` for what `repeat` returns, and `facts.json`:

        geometry.map_<measure>.<method>.<condition>.<hook>   at the end of training; `map_<measure>_start` before
        geometry.map_disparity, geometry.map_overlap .<chance>.<method>.<condition>   see stability.repeat
    """
    first = next(iter(conditions.values()))
    arrays: dict[str, np.ndarray] = {"labels": first["labels"], "moments": first["epochs"]}
    for condition, found in conditions.items():
        for name, values in found.items():
            if name not in ("labels", "epochs"):
                kind, _, rest = name.partition("/")
                exact = kind in ("hook_points", "coordinates")
                arrays["/".join(filter(None, (kind, condition, rest)))] = values if exact else values.astype(np.float32)
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
                        values[moment], unit=MEASURES[measure], n=1, method="one network, of the first seed"
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
