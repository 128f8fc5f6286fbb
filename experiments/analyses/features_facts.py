"""The facts of the page on features: what `features.read` and `features.gallery` found, over seeds and compared.

In: their arrays by condition. Out: facts named `features.<measure>.<condition>`, with `.<layer>` where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8

from experiments.evidence import Grid, comparisons, pairs, together
from experiments.measures.attribution import rank_correlation
from experiments.statistics import Fact, constant, family, summary

Arrays = Mapping[str, np.ndarray]
Groups = Mapping[str, Sequence[Arrays]]  # {condition: arrays of `features.read` by seed}

BORDER = 0.01  # a pixel belongs to the border if it is lit in less than this share of the training images
UNITS = {"weight_border": "%", "change_border": "%", "saliency_border": "%", "saliency_ink": "%"}
UNITS |= {"unit_border": "%", "incompleteness": "%"}
MARGINS = {  # the smallest difference that a reader should care about
    "weight_border": 1.0,  # one part in a hundred of a whole
    "change_border": 1.0,
    "saliency_border": 1.0,
    "saliency_ink": 1.0,
    "unit_border": 1.0,
    "norm_growth": 0.05,  # a twentieth of what it was
    "fit": 0.02,  # of a share of variance
}
AGREEMENT_MARGIN = 0.02  # of a rank correlation
LEAST = {"norm_growth": 0.0, "weight_roughness": 0.0, "saliency_roughness": 0.0}
WITHIN = ("weight_roughness", "norm_growth", "weight_border", "change_border")  # never compared between architectures
BETWEEN = ("saliency_border", "saliency_ink", "saliency_roughness", "unit_border", "fit")


def facts(
    groups: Groups,
    galleries: Mapping[str, Arrays],
    images: UInt8[np.ndarray, "image side side"],
    lit: Float[np.ndarray, "side side"],
    edge: Bool[np.ndarray, "side side"],
    grid: Grid,
) -> dict[str, Fact]:
    """Every measure per condition (see `measures`), its paired differences, and the agreement of maps.

    images: the probe images. lit: share of training images in which a pixel is lit. edge: which pixels are border.
    """
    tables: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    for condition, group in groups.items():
        found = [measures(run) for run in group]
        for measure, part in found[0]:
            values = np.array([each[measure, part] for each in found])
            tables.setdefault(measure, {}).setdefault(condition, {})[part] = values
    named = {
        ".".join(filter(None, ("features", measure, condition, part))): summary(
            values, unit=_unit(measure), least=LEAST.get(measure.removesuffix("_start"))
        )
        for measure, table in tables.items()
        for condition, parts in table.items()
        for part, values in parts.items()
    }
    for measure in (*WITHIN, *BETWEEN):
        axis = "treatment" if measure in WITHIN else ""
        name, apart = f"features.{measure}", "points" if _unit(measure) == "%" else _unit(measure)
        compared = pairs(grid, tables.get(measure, {}), measure=name, axis=axis)
        named |= family(compared, name=name, unit=apart, margin=MARGINS.get(measure))
    return named | agreement(groups, grid) | _constants(galleries, images, lit, edge)


def measures(run: Arrays) -> dict[tuple[str, str], float]:
    """The numbers of one run, {(measure, part): number}; the part is a layer, or "" for the network.

    A measure is of the trained network; with `_start`, of the untrained one. norm_growth: norm of the first layer's
    weights at the end, as a multiple of that at the start; 0 where that is nothing. randomised.<method>: part `all` has
    every layer drawn anew, `top` the logits only.
    """
    found = {}
    for measure in ("weight_border", "weight_roughness", *BETWEEN):
        if measure in run:
            found[f"{measure}_start", ""] = float(run[measure][0])
            found[measure, ""] = float(run[measure][-1])
    for measure in ("change_border", "incompleteness"):
        if measure in run:
            found[measure, ""] = float(run[measure])
    if "weight_norm" in run:
        before, after = run["weight_norm"][[0, -1]]
        found["norm_growth", ""] = float(after / before) if before > 0 else 0.0
    for name, values in run.items():
        kind, _, rest = name.partition("/")
        if kind == "fit":
            found["fit", rest] = float(values)
        elif kind == "randomised":
            found |= {
                (f"randomised.{rest}", str(layer)): float(v) for layer, v in zip(run["layers"], values, strict=True)
            }
            found |= {(f"randomised.{rest}", "all"): float(values[0]), (f"randomised.{rest}", "top"): float(values[-1])}
    return found


def agreement(groups: Groups, grid: Grid) -> dict[str, Fact]:
    """How alike the saliency maps of two networks are: rank correlation of absolute gradients, mean over images.

    `agreement.<comparison>`: of networks of its two conditions that share their seed;
    `agreement.seeds.<condition>`: of networks that differ in nothing but their seed, paired so that each network is
    in one pair only (an odd last seed is left out);
    `agreement.difference.<comparison>`: for each pair of seeds, the first minus the second, averaged over both
    conditions.
    """

    def alike(first: Arrays, second: Arrays) -> float:
        maps = (run["saliency"].astype(np.float64) for run in (first, second))
        return float(rank_correlation(*maps).mean())

    compared = comparisons(grid, groups)
    paired = {
        name: np.array([alike(*each) for each in zip(*together(groups[first], groups[second]), strict=True)])
        for name, (first, second) in compared.items()
    }
    seeds = {
        condition: np.array([alike(*each) for each in zip(group[::2], group[1::2], strict=False)])
        for condition, group in groups.items()
        if len(group) > 1
    }
    apart = {
        f"features.agreement.difference.{name}": together(
            values[: len(values) // 2 * 2].reshape(-1, 2).mean(axis=1),
            np.mean(together(*(seeds[condition] for condition in compared[name])), axis=0),
        )
        for name, values in paired.items()
        if len(values) > 1
    }
    named = {f"features.agreement.{name}": summary(values, unit="") for name, values in paired.items()}
    over_pairs = {
        f"features.agreement.seeds.{condition}": summary(values, unit="") for condition, values in seeds.items()
    }
    over_pairs |= family(apart, name="features.agreement", unit="", margin=AGREEMENT_MARGIN)
    return named | {
        name: fact | {"method": fact["method"].replace("over seeds", "over pairs of seeds")}
        for name, fact in over_pairs.items()
    }


def _constants(
    galleries: Mapping[str, Arrays], images: np.ndarray, lit: np.ndarray, edge: np.ndarray
) -> dict[str, Fact]:
    """Sizes of border and ink, and how far made images outdo real ones in the first seed's networks."""
    counts = {
        "border_threshold": (100 * BORDER, "%"),
        "border_pixels": (edge.sum(), "pixels"),
        "border_share": (100 * edge.mean(), "%"),
        "never_pixels": ((lit == 0).sum(), "pixels"),
        "ink": (100 * (images > 0).mean(), "%"),
    }
    named = {
        f"features.{name}": constant(float(value), unit=unit, n=1, method="counted over the pixels of the data")
        for name, (value, unit) in counts.items()
    }
    method = "noise times brightness, drawn twice for each probe image, on its ink"
    named["features.randomised.factor"] = constant(shared_factor(images), unit="", n=len(images), method=method)
    for condition, kept in galleries.items():
        for name, values in kept.items():
            kind, _, layer = name.partition("/")
            if kind == "excess":
                named |= excess(values, place=f"{condition}.{layer}")
            elif kind == "agreement":
                method = "mean over the units of the layer, first seed; of a unit, over pairs of starts"
                alike = constant(float(values.mean()), unit="", n=len(values), method=method)
                named[f"features.made_agreement.{condition}.{layer}"] = alike
    return named


def excess(values: Float[np.ndarray, "start unit"], *, place: str) -> dict[str, Fact]:
    """How far made images outdo real ones, and how far that depends on where the ascent began.

    `excess.<place>`: median over units, of each the mean over starts; `excess_least`, `excess_most`: the median over
    units from that start which ends lowest, highest; `excess_range`: median over units of a unit's range over starts.
    """
    medians = np.median(values, axis=1)
    numbers = {
        "excess": (np.median(values.mean(axis=0)), "of each the mean over starts"),
        "excess_least": (medians.min(), "from the start that ends lowest"),
        "excess_most": (medians.max(), "from the start that ends highest"),
        "excess_range": (np.median(np.ptp(values, axis=0)), "of each the range over starts"),
    }
    starts, units = values.shape
    return {
        f"features.{name}.{place}": constant(
            float(value),
            unit="standard deviations",
            n=units,
            method=f"median over the units of the layer, first seed, {starts} starts; {what}",
        )
        for name, (value, what) in numbers.items()
    }


def shared_factor(images: UInt8[np.ndarray, "image side side"]) -> float:
    """How alike two maps are on the ink that share the brightness of the pixels, as integrated gradients do, and
    nothing else: noise times brightness, drawn twice. The mean over images of the rank correlation of absolute values.
    """
    random = np.random.default_rng(0)
    found = []
    for image in images[images.any(axis=(1, 2))]:
        ink = image[image > 0][None].astype(np.float64)
        maps = np.abs(ink * random.standard_normal((2, ink.size)))
        found.append(rank_correlation(maps[:1], maps[1:])[0])
    return float(np.mean(found))


def _unit(measure: str) -> str:
    return UNITS.get(measure.removesuffix("_start"), "")
