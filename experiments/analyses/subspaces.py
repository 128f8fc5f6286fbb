"""How many of the last hidden layer's units are enough: the silhouette of the digits against units kept.

In: the last hidden layer of one network on the probe images. Out: for one run (`examine`) a curve for each way
of keeping units, for the study (`compare`) arrays and facts. Units are chosen on one half of the images and the
silhouette is read on the other, so that no choice can profit from the images it is judged by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, combinations
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from experiments.analyses.absent import ALONE, SIGNED, gathered, told
from experiments.evidence import Grid, by_condition, pairs
from experiments.measures.nearness import rank_within
from experiments.measures.units import rotations, selectivity
from experiments.statistics import constant, family, summary

Arrays = Mapping[str, np.ndarray]
Order = Sequence[int] | Integer[np.ndarray, " kept"]

PER_CLASS = 50  # images of each digit in either half
DRAWS = 20  # random orders of units, and random rotations
FEW = 5  # how many units are kept where a single number is quoted
WAYS = ("greedy", "selectivity", "random", "rotated", "components")
MARGIN, MARGIN_UNITS = 0.01, 0.5  # of a silhouette, and half a unit: less no reader should care about
METHOD = "units chosen on one half of the probe images, silhouette read on the other"


def examine(*, trajectory: Arrays, probe: Arrays, seed: int) -> dict[str, Any]:
    """Silhouette of the trained last hidden layer against the number of units, or of directions, kept.

    trajectory: penultimate (epoch, image, unit, ...), after the ReLU; where units have positions, these are averaged.
    probe: labels (image,). seed: of the random orders and rotations. Returns `arrays.npz`, each curve over 1 to all
    units; nothing of a single unit, and no order by selectivity where activations can be negative:

        greedy       (unit,)        each unit added is the one that raises the silhouette most, see `greedy`
        selectivity  (unit,)        the most selective units first (`units.selectivity`)
        components   (unit,)        principal components instead of units
        random       (draw, unit)   units in a random order
        rotated      (draw, unit)   the axes of a randomly rotated layer, in any order
        order/greedy, order/selectivity (unit,)   the units, in the order in which they are kept
    """
    points, labels = trajectory["penultimate"][-1].astype(np.float64), probe["labels"]
    points = points.reshape(*points.shape[:2], -1).mean(axis=2)
    rank = rank_within(labels)
    chosen, judged = ((rank % 2 == half) & (rank < 2 * PER_CLASS) for half in (0, 1))
    random = np.random.default_rng(seed)
    units = points.shape[1]
    if units == 1:
        return {"arrays.npz": told([ALONE])}
    means = np.stack([points[chosen & (labels == digit)].mean(axis=0) for digit in np.unique(labels)], axis=1)
    orders: dict[str, Order] = {"greedy": greedy(squares(points[chosen]), labels[chosen])}
    if (points >= 0).all():
        orders["selectivity"] = np.argsort(-selectivity(means), kind="stable")
    cached, digits = squares(points[judged]), labels[judged]
    turned = [*rotations(units, draws=DRAWS, seed=seed), principal_axes(points[chosen])]
    *rotated, components = (curve(squares(points[judged] @ axes), digits, range(units)) for axes in turned)
    return {
        "arrays.npz": {
            **{way: curve(cached, digits, order) for way, order in orders.items()},
            **{f"order/{way}": np.array(order) for way, order in orders.items()},
            "random": np.stack([curve(cached, digits, random.permutation(units)) for _ in range(DRAWS)]),
            "rotated": np.stack(rotated),
            "components": components,
            **told([] if "selectivity" in orders else [SIGNED]),
        }
    }


def squares(points: Float[np.ndarray, "image unit"]) -> Float[np.ndarray, "unit image image"]:
    """Squared distances along each unit alone: those of any set of units are their sum."""
    return np.square(points.T[:, :, None] - points.T[:, None, :])


def curve(
    cached: Float[np.ndarray, "unit image image"], labels: Integer[np.ndarray, " image"], order: Order
) -> Float[np.ndarray, " kept"]:
    """The silhouette when the first one, two, ... of `order` are kept; cached: see `squares`."""
    return np.array([silhouette(apart, labels) for apart in _growing(cached, order)])


def _growing(cached: np.ndarray, order: Order) -> Iterator[np.ndarray]:
    return accumulate((cached[unit] for unit in order), np.add)


def greedy(cached: Float[np.ndarray, "unit image image"], labels: Integer[np.ndarray, " image"]) -> list[int]:
    """All units in order: the best pair, then each next one the unit that raises the silhouette most.

    It begins with a pair, the better of the two first, because a single unit that is silent on most images would
    look good alone: coinciding images have a silhouette of 0, and most single units less. Ties go to the unit of
    the lower number.
    """
    units = range(len(cached))
    alone = [silhouette(squared, labels) for squared in cached]
    couples = [sorted(couple, key=lambda unit: -alone[unit]) for couple in combinations(units, 2)]
    order = max(couples, key=lambda couple: silhouette(cached[couple].sum(axis=0), labels), default=[0])
    apart = cached[order].sum(axis=0)
    while len(order) < len(cached):
        left = [unit for unit in units if unit not in order]
        grown = [apart + cached[unit] for unit in left]
        best = int(np.argmax([silhouette(each, labels) for each in grown]))
        order, apart = [*order, left[best]], grown[best]
    return order


def silhouette(apart: Float[np.ndarray, "image image"], labels: Integer[np.ndarray, " image"]) -> float:
    """Mean silhouette by digit from squared distances (Rousseeuw 1987); 0 where all images lie in one point.

    The mean distances of every image to every digit are one matrix product.
    """
    classes, digits, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.sqrt(apart) @ np.eye(len(classes))[digits]  # (image, digit)
    own = np.arange(len(digits)), digits
    within = sums[own] / np.maximum(sizes[digits] - 1, 1)
    means = sums / sizes
    means[own] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(within, nearest)
    scores = np.divide(nearest - within, larger, out=np.zeros_like(larger), where=larger > 0)
    return float(np.where(sizes[digits] > 1, scores, 0).mean())


def principal_axes(points: Float[np.ndarray, "image unit"]) -> Float[np.ndarray, "unit component"]:
    """All principal axes as columns, that of the largest variance first."""
    return np.linalg.eigh(np.atleast_2d(np.cov(points.T)))[1][:, ::-1]


def compare(*, runs: Mapping[str, Arrays], grid: Grid) -> dict[str, Any]:
    """The subspaces of all networks: what `examine` measured, stacked over seeds.

    runs: {"mlp-raw/0": arrays of examine}. Returns `arrays.npz`:

        <way>/<condition>   (seed, unit)   silhouette by units kept; random and rotated: mean over draws
        band/<condition>    (2, seed, unit)   5 % and 95 % quantiles over random draws of units

    and `facts.json`: `geometry.subspace.<way>.<condition>`, the silhouette with `geometry.subspace_units` units,
    `geometry.subspace_over_random...` and `geometry.subspace_over_rotated...`, the paired differences to random
    units and to random directions, and `geometry.subspace_enough...`, the fewest units that reach the whole layer's.
    """
    groups = by_condition(runs)
    arrays: dict[str, np.ndarray] = gathered(groups)
    groups = {condition: group for condition, group in groups.items() if "random" in group[0]}
    for condition, group in groups.items():
        drawn = np.stack([run["random"] for run in group])  # (seed, draw, unit)
        arrays[f"band/{condition}"] = np.quantile(drawn, (0.05, 0.95), axis=1).astype(np.float32)
        for way in [way for way in WAYS if way in group[0]]:
            arrays[f"{way}/{condition}"] = np.stack([_mean_curve(run, way) for run in group]).astype(np.float32)
    return {"arrays.npz": arrays, "facts.json": facts(groups, grid)}


def _mean_curve(run: Arrays, way: str) -> Float[np.ndarray, " unit"]:
    return np.atleast_2d(run[way]).mean(axis=0)


def facts(groups: Mapping[str, Sequence[Arrays]], grid: Grid) -> dict[str, Any]:
    """The silhouette with few units by every way of choosing them, and how many units are enough."""
    few = {way: _table(groups, way, _with_few) for way in WAYS}
    enough = {way: _table(groups, way, _enough) for way in WAYS}
    named = {"geometry.subspace_units": constant(FEW, unit="units", n=1, method="chosen beforehand")}
    over: dict[str, dict[str, tuple[Any, Any]]] = {"random": {}, "rotated": {}}
    for way in WAYS:
        for condition in few[way]:
            place = f"{way}.{condition}"
            named[f"geometry.subspace.{place}"] = _said(summary(few[way][condition], unit=""))
            named[f"geometry.subspace_enough.{place}"] = _said(summary(enough[way][condition], unit="units", least=0.0))
            for control in over:
                if way != control:
                    pair = (few[way][condition], few[control][condition])
                    over[control][f"geometry.subspace_over_{control}.{place}"] = pair
    for control, compared in over.items():
        told = family(compared, name=f"geometry.subspace_over_{control}", unit="", margin=MARGIN)
        named |= {name: _said(fact) for name, fact in told.items()}
    greedily = {condition: {"": values} for condition, values in enough["greedy"].items()}
    compared, name = pairs(grid, greedily, measure="geometry.subspace_enough"), "geometry.subspace_enough"
    return named | family(compared, name=name, unit="units", margin=MARGIN_UNITS)


def _table(groups: Mapping[str, Sequence[Arrays]], way: str, measure: Any) -> dict[str, np.ndarray]:
    return {
        condition: np.array([measure(_mean_curve(run, way)) for run in group])
        for condition, group in groups.items()
        if way in group[0]
    }


def _with_few(scores: Float[np.ndarray, " unit"]) -> float:
    return float(scores[min(FEW, len(scores)) - 1])


def _enough(scores: Float[np.ndarray, " unit"]) -> float:
    """The fewest units whose silhouette is that of all units, or more."""
    return float(np.argmax(scores >= scores[-1] - 1e-9) + 1)


def _said(fact: dict[str, Any]) -> dict[str, Any]:
    return fact | {"method": f"{fact['method']}; {METHOD}"}
