"""What may be read off a t-SNE or UMAP map: how alike maps are that differ in chance alone, or in the network.

In: the last hidden layer of networks of several seeds on the probe images. Out: for one condition how unlike the
maps of one network are from several random starts, and how unlike the maps of several networks from one start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial import procrustes

from experiments.analyses.manifold import BENT
from experiments.measures.nearness import distances, flat, overlap, rank_within

Arrays = Mapping[str, np.ndarray]
Map = Float[np.ndarray, "image 2"]

PER_CLASS = 100  # images of each digit that are mapped
KEPT = 20  # images of each digit whose places are kept
SHOWN = 3  # maps of either kind that are kept


def repeat(*, trajectories: Mapping[str, Arrays], probe: Arrays, seeds: int, methods: Sequence[str]) -> dict[str, Any]:
    """Maps of the trained last hidden layer, made again and again.

    trajectories: {"mlp-raw/0": penultimate (epoch, image, unit, ...)} of one condition, the first of which is mapped
    from `seeds` random starts; all are mapped from the first start. probe: labels (image,). methods: those of "tsne"
    and "umap" that are wanted; others are passed over. Unlike the maps of manifold.embed, these begin at random.
    Returns `arrays.npz`, chance being "start" or "network", over all pairs of the maps that differ in it (none: one
    map is compared with itself, where the study has a single seed)

        disparity/<chance>/<method>     (pair,)  Procrustes, see `disparity`
        overlap/<chance>/<method>       (pair,)  %, shared nearest neighbours, see nearness.overlap
        overlap/network/layer           (pair,)  %, the same in the layers themselves
        coordinates/<chance>/<method>   (map, kept, 2)  float16, the first three maps, each turned onto the first
        labels                          (kept,)
    """
    rank = rank_within(probe["labels"])
    mapped = rank < PER_CLASS
    networks = [flat(each["penultimate"][-1][mapped]) for each in trajectories.values()]
    starts = [np.random.default_rng(seed).normal(size=(len(networks[0]), 2)) for seed in range(seeds)]
    arrays: dict[str, np.ndarray] = {"labels": probe["labels"][rank < KEPT]}
    for method, mapper in ((method, mapper) for method, mapper in BENT.items() if method in methods):
        by_start = [mapper(networks[0], start=start, seed=seed) for seed, start in enumerate(starts)]
        others = [mapper(points, start=starts[0], seed=0) for points in networks[1:]]
        for chance, drawn in (("start", by_start), ("network", [by_start[0], *others])):
            arrays[f"disparity/{chance}/{method}"] = _pairwise(drawn, disparity)
            arrays[f"overlap/{chance}/{method}"] = _pairwise([distances(each) for each in drawn], overlap)
            shown = np.stack([_turned(each, drawn[0]) for each in drawn[:SHOWN]])
            arrays[f"coordinates/{chance}/{method}"] = shown[:, rank[mapped] < KEPT].astype(np.float16)
    arrays["overlap/network/layer"] = _pairwise([distances(points) for points in networks], overlap)
    return {"arrays.npz": arrays}


def disparity(first: Map, second: Map) -> float:
    """What remains between two maps when one is moved, scaled, turned and mirrored onto the other (Gower 1975).

    The sum of squares that is left, both maps having a sum of squares of 1: 0 for equal maps, 1 for maps that
    have nothing in common. A map without extent has nothing in common with any.
    """
    if min(np.ptp(first), np.ptp(second)) == 0:
        return 1.0
    return float(procrustes(first, second)[2])


def _pairwise(things: Sequence[Any], measure: Any) -> np.ndarray:
    chosen = list(combinations(things, 2)) or [(things[0], things[0])]
    return np.array([measure(first, second) for first, second in chosen], dtype=np.float32)


def _turned(drawn: Map, onto: Map) -> Map:
    """A map, turned and mirrored so that it lies as much like another as it can (both centred)."""
    left, _, right = np.linalg.svd(drawn.T @ onto)
    return drawn @ left @ right
