"""Bent maps beside the plane: t-SNE and UMAP of each hidden layer, and what each kind of map keeps.

In: the activations of the probe images in one network. Out: coordinates and what they keep. Both maps begin from the
plane of the principal components, so that all three lie the same way round; how they depend on chance is told by
stability.py, and atlas.py gathers them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Integer
from scipy.spatial.distance import pdist
from scipy.stats import rankdata
from sklearn.manifold import TSNE

from experiments.analyses.geometry import plane, silhouette
from experiments.measures.nearness import distances, flat, knn_accuracy, nearest, trustworthiness

Arrays = Mapping[str, np.ndarray]
Map = Float[np.ndarray, "image 2"]

PERPLEXITY = 30.0  # of t-SNE, and the neighbours of UMAP: both as their authors set them
UMAP_NEIGHBOURS = 15
ITERATIONS = 500  # of t-SNE, half of the usual: it begins from the plane and not at random
ANGLE = 0.8  # of t-SNE: how coarsely far images are taken together; the coarsest that its authors advise
MEASURES = {"silhouette": "", "knn": "%", "trustworthiness": "", "distances": ""}


def embed(*, layers: Arrays, probe: Arrays, seed: int, methods: Sequence[str]) -> dict[str, Any]:
    """Maps of each hidden layer of one network, before, early in and after training.

    layers: "<epoch>/<hook>" (image, ...). probe: labels (image,). seed: of the bent maps. methods: of "pca", "tsne"
    and "umap". Returns `arrays.npz`: hook_points without the logits, epochs (moment,), labels (image,), and for every
    hook point and method

        coordinates/<method>/<hook>  (moment, image, 2)  float16, root-mean-square radius 1
        <measure>/<method>/<hook>    (moment,)           see `measures`; the method "layer" is the space itself
    """
    labels = probe["labels"]
    epochs = sorted({int(name.partition("/")[0]) for name in layers})
    hooks = [name.partition("/")[2] for name in layers if name.startswith(f"{epochs[0]}/")]
    hooks = [hook for hook in hooks if hook != "logits"]
    arrays: dict[str, np.ndarray] = {"hook_points": np.array(hooks), "epochs": np.array(epochs), "labels": labels}
    for hook in hooks:
        moments = [flat(layers[f"{epoch}/{hook}"]) for epoch in epochs]
        drawn = [maps(points, labels, seed=seed, methods=methods) for points in moments]
        for method in ("layer", *methods):
            if method != "layer":
                places = np.stack([each[method] for each in drawn])
                arrays[f"coordinates/{method}/{hook}"] = places.astype(np.float16)
            found = [
                measures(points, each.get(method, points), labels) for points, each in zip(moments, drawn, strict=True)
            ]
            arrays |= {f"{name}/{method}/{hook}": np.array([each[name] for each in found]) for name in MEASURES}
    return {"arrays.npz": arrays}


def maps(
    points: Float[np.ndarray, "image unit"],
    labels: Integer[np.ndarray, " image"],
    *,
    seed: int,
    methods: Sequence[str] = ("pca", "tsne", "umap"),
) -> dict[str, Map]:
    """The plane of the principal components, and t-SNE and UMAP that begin from it; those of `methods`."""
    start, _ = plane(points, labels)
    drawn = {method: mapper(points, start=start, seed=seed) for method, mapper in BENT.items() if method in methods}
    return {"pca": start, **drawn}


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
        max_iter=ITERATIONS,
        angle=ANGLE,
        random_state=seed,
        n_jobs=1,
    )
    return _scaled(method.fit_transform(points.astype(np.float32)))


def umap(points: Float[np.ndarray, "image unit"], *, start: Map, seed: int) -> Map:
    """UMAP (McInnes, Healy and Melville 2018) with 15 neighbours, fewer where images are few; see `tsne`.

    It is handed the distances between the images, for it would find them pair by pair, which takes longer than all
    the rest.
    """
    if np.ptp(points, axis=0).max() == 0:
        return np.zeros((len(points), 2))
    apart = distances(points)
    np.fill_diagonal(apart, 0)
    apart = np.sqrt(np.maximum(apart, 0, out=apart), dtype=np.float32, casting="same_kind")
    method = _umap_class()(
        n_neighbors=min(UMAP_NEIGHBOURS, len(points) - 1),
        metric="precomputed",
        init=np.asarray(_spread(_scaled(start), seed=seed), dtype=np.float32),
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "using precomputed metric", UserWarning)  # no new images will be placed
        return _scaled(method.fit_transform(apart))


@cache
def _umap_class() -> Any:
    """UMAP, imported when it is first needed, for that takes seconds; what Numba compiles for it is kept on disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # of a part that is not used and needs another library
        from umap import UMAP, layouts, umap_, utils
    for function in (
        umap_.smooth_knn_dist,
        umap_.compute_membership_strengths,
        utils.fast_knn_indices,
        layouts._nb_optimize_layout_euclidean_single_epoch,
    ):
        function.enable_caching()
    return UMAP


BENT = {"tsne": tsne, "umap": umap}


def _scaled(places: np.ndarray) -> Map:
    """Centred, at a root-mean-square radius of 1."""
    centred = np.asarray(places, dtype=np.float64) - np.mean(places, axis=0, dtype=np.float64)
    radius = np.sqrt((centred**2).sum(axis=1).mean())
    return centred / radius if radius > 0 else centred


def _spread(places: Map, *, seed: int) -> Map:
    """The places; where all have one coordinate alike, a little apart, for UMAP divides by the extent of either."""
    if np.ptp(places, axis=0).min() > 0:
        return places
    beside = 1e-4 * np.random.default_rng(seed).normal(size=places.shape)
    return np.where(np.ptp(places, axis=0) > 0, places, beside)


def measures(
    points: Float[np.ndarray, "image unit"], places: Float[np.ndarray, "image place"], labels: np.ndarray
) -> dict[str, float]:
    """What a map of a layer shows and keeps.

    silhouette, knn: of the digits in the map (geometry.silhouette, nearness.knn_accuracy). trustworthiness:
    of its near neighbours. distances: rank correlation (Spearman) of the distances between the centres of the
    digits in the map with those in the layer; 1 means that the far and the near digits are so in the layer too.
    """
    apart, drawn_apart = distances(points), distances(places)
    found = nearest(drawn_apart)
    return {
        "silhouette": silhouette(places, labels),
        "knn": knn_accuracy(drawn_apart, labels, found=found),
        "trustworthiness": trustworthiness(apart, drawn_apart, found=found),
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
