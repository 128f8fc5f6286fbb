"""What the units prefer: top units in three ways, selectivity, and polysemanticity.

In: the weights of a run, the probe images and its record. Out: for one run (`read`) preferences of every unit, by
epoch, beside the untrained layer; for the study (`compare`) arrays and facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments.analyses.absent import gathered, of_layers, told
from experiments.analyses.last import last_pairs
from experiments.evidence import Grid, by_condition, differences, pairs, shown
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.units import (
    TOP,
    class_selectivity,
    living,
    overlap,
    participation_ratio,
    rank_correlations,
    selectivity,
    top_units,
)
from experiments.networks import at_epoch
from experiments.record import class_means, reading_point
from experiments.statistics import constant, family, summary
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {part: one value per seed}}

RANKINGS = ("mean", "gradient", "selectivity")
POINTS = 46  # participation ratios, from one class to all, at which distributions are kept
UNITS = {
    "selectivity": "",
    "participation": "classes",  # called as the data set calls them
    "specialists": "%",
    "polysemantic": "%",
    "generalists": "%",
}
MOMENTS = {"": -1, "_start": 0}  # after the last epoch, and before the first
AGREEMENT = {"agreement": "", "overlap": "units"}
MARGINS = {  # the smallest difference that a reader should care about
    "selectivity": 0.01,  # of a measure that goes from nought to one
    "participation": 0.1,  # a tenth of a class
    "specialists": 1.0,  # less than one of a hundred units
    "polysemantic": 1.0,
    "generalists": 1.0,
    "agreement": 0.02,  # of a rank correlation
    "overlap": 0.1,  # of three units
}
LEAST = {"participation": 0.0, "overlap": 0.0}  # both count


def read(
    *, weights: Arrays, probe: Arrays, record: Arrays, architecture: Mapping[str, Any], treatment: Mapping[str, Any]
) -> dict[str, Any]:
    """The preferences of every unit of one network on the probe images.

    Returns `arrays.npz`: layers (with a ReLU), class_mean/<layer> (unit, class) after the last epoch, also for the
    logits; for each hidden layer

        gradient/<layer>   (2, unit, class)      untrained and at the end; see `correct_logit_gradient`
        own/<part>         (epoch, unit, class)  class means as recorded

    where a part is a layer, or `<layer>.peak`: channels read at their spatial maximum in place of their mean. Layers
    without a ReLU are left out.
    """
    labels = torch.tensor(probe["labels"].astype(np.int64))
    images = treat(probe["images"], **treatment)
    layers = [str(layer) for layer in record["layers"] if f"active/{layer}" in record]
    arrays: dict[str, np.ndarray] = {"layers": np.array(layers, dtype=str)}
    for layer in record["layers"]:
        arrays[f"class_mean/{layer}"] = record[f"class_mean/{layer}"][-1]
    for layer in layers:
        for kind, part in (("mean", layer), ("peak", f"{layer}.peak")):
            if f"class_{kind}/{layer}" in record:
                arrays[f"own/{part}"] = record[f"class_{kind}/{layer}"]
    models = [cast(HookedModule, at_epoch(weights, epoch=epoch, architecture=architecture)) for epoch in (0, -1)]
    gradients = [correct_logit_gradient(model, images, labels, layers=layers) for model in models]
    arrays |= {f"gradient/{layer}": np.stack([found[layer] for found in gradients]) for layer in layers}
    return {"arrays.npz": arrays | told(of_layers(record, record["layers"][:-1]))}


def correct_logit_gradient(
    model: HookedModule,
    images: Float[Tensor, "image 1 side side"],
    labels: Int[Tensor, " image"],
    *,
    layers: Sequence[str],
) -> dict[str, Float[np.ndarray, "unit class"]]:
    """The mean gradient of the correct class's logit with respect to each unit, over the images of each class.

    That is: by how much the right answer's logit rises per unit of activation, for each unit after its ReLU; of a
    channel, if it rises at all positions. In the layer before the logits it is the weight between the two.
    """
    if not layers:
        return {}
    hooks = [reading_point(model, layer) for layer in layers]
    _, cache = run_with_cache(
        model, images, names=hooks, gradients_of=lambda logits: logits.gather(1, labels[:, None]).sum()
    )
    found = {}
    for layer, hook in zip(layers, hooks, strict=True):
        gradient = cache.gradients[hook]
        found[layer] = class_means(gradient.flatten(2).sum(2) if gradient.ndim > 2 else gradient, labels)
    return found


def limits(classes: int) -> tuple[float, float]:
    """The participation ratios below which a unit is a specialist, and above which it is a generalist.

    One ninth and seven ninths of the way from one class to all: 2 and 8 of ten. In between a unit is polysemantic.
    """
    return 1 + (classes - 1) / 9, 1 + 7 * (classes - 1) / 9


def preferences(means: Float[np.ndarray, "*shape classes"]) -> dict[str, float]:
    """Selectivity, participation ratio and kinds of units, over the living units with these class means.

    specialists, polysemantic, generalists: shares of the living units, in %, see `limits`. All are 0 where no unit
    lives.
    """
    means = means[living(means)]
    if not len(means):
        return dict.fromkeys(UNITS, 0.0)
    ratios, (few, many) = participation_ratio(means), limits(means.shape[-1])
    specialists, generalists = 100 * (ratios < few).mean(), 100 * (ratios > many).mean()
    return {
        "selectivity": float(selectivity(means).mean()),
        "participation": float(ratios.mean()),
        "specialists": float(specialists),
        "polysemantic": float(100 - specialists - generalists),
        "generalists": float(generalists),
    }


def scores(arrays: Arrays, layer: str, *, moment: int = -1) -> dict[str, Float[np.ndarray, "unit classes"]]:
    """Each unit's claim to be a class's unit, by the three rankings, untrained (moment 0) or at the end (-1)."""
    means = arrays[f"own/{layer}"][moment]
    return {"mean": means, "gradient": arrays[f"gradient/{layer}"][moment], "selectivity": class_selectivity(means)}


def agreement(found: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """How far the three rankings of the living units agree: {"agreement" or "overlap": {"mean-gradient": ..., ...}}.

    agreement: Spearman's correlation, mean over the classes. overlap: how many of a class's top three units two
    rankings share, mean over the classes. Dead units, last in some rankings by definition, are left out of all.
    """
    alive = living(found["mean"])
    top = {name: top_units(values[alive]) for name, values in found.items()}
    result: dict[str, dict[str, float]] = {"agreement": {}, "overlap": {}}
    for one, other in combinations(RANKINGS, 2):
        of_classes = rank_correlations(found[one][alive], found[other][alive])
        result["agreement"][f"{one}-{other}"] = float(np.mean(of_classes))
        result["overlap"][f"{one}-{other}"] = overlap(top[one], top[other])
    return result


def compare(*, runs: Mapping[str, Arrays], card: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    """The preferences of all networks: what `read` found, over seeds.

    runs: {"mlp-raw/0": arrays of read}. card: of the data set; its `class_names` label the classes. Returns
    `arrays.npz`: classes, layers/<condition>, grid (ratios), and for each condition and hidden layer

        class_mean/<condition>/<layer>            (unit, class)      specimen, also for the logits
        top/<condition>/<layer>                   (ranking, class, 3) specimen, units by RANKINGS
        agreement, overlap /<condition>/<layer>   (seed, pair)    see `agreement`
        growth/<condition>/<part>                 (seed, epoch)   mean selectivity of the living units
        spread/<moment>/<condition>/<part>        (seed, grid)    share of living units with a participation ratio up
                                                                  to grid, in %; own, or at the start

    and `facts.json`, named `selectivity.<measure>.<condition>.<part>`.
    """
    groups = by_condition(runs)
    arrays: dict[str, np.ndarray] = {"classes": np.array(card["class_names"]), "grid": _ratios(card["classes"])}
    arrays |= gathered(groups)
    for condition, group in groups.items():
        specimen = shown(runs, grid, condition)
        layers = [str(layer) for layer in group[0]["layers"]]
        arrays[f"layers/{condition}"] = np.array(layers, dtype=str)
        arrays |= {
            name.replace("/", f"/{condition}/", 1): v for name, v in specimen.items() if name.startswith("class_mean/")
        }
        for layer in layers:
            ranked = scores(specimen, layer)
            arrays[f"top/{condition}/{layer}"] = np.stack([top_units(ranked[name]) for name in RANKINGS])
            if _is_several(group[0], layer):
                found = [agreement(scores(run, layer)) for run in group]
                for measure in AGREEMENT:
                    arrays[f"{measure}/{condition}/{layer}"] = np.array(
                        [list(each[measure].values()) for each in found]
                    )
        for part in _parts(group[0]):
            arrays |= _part(condition, part, group)
    arrays = {name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in arrays.items()}
    return {"arrays.npz": arrays, "facts.json": facts(groups, card, grid)}


def _parts(run: Arrays) -> list[str]:
    return [name.removeprefix("own/") for name in run if name.startswith("own/")]


def _part(condition: str, part: str, group: Sequence[Arrays]) -> dict[str, np.ndarray]:
    growth = [[preferences(means)["selectivity"] for means in run[f"own/{part}"]] for run in group]
    found = {f"growth/{condition}/{part}": np.array(growth)}
    for name, moment in (("own", -1), ("start", 0)):
        spread = [_distribution(run[f"own/{part}"][moment]) for run in group]
        found[f"spread/{name}/{condition}/{part}"] = np.stack(spread)
    return found


def _ratios(classes: int) -> Float[np.ndarray, " grid"]:
    """Participation ratios, from one class to all."""
    return np.linspace(1, classes, POINTS)


def _distribution(means: Float[np.ndarray, "*shape classes"]) -> Float[np.ndarray, " grid"]:
    """Share of the living units whose participation ratio is at most each number of `_ratios`, in %."""
    ratios = np.sort(participation_ratio(means[living(means)]))
    return 100 * np.searchsorted(ratios, _ratios(means.shape[-1]), side="right") / max(len(ratios), 1)


def facts(groups: Mapping[str, Sequence[Arrays]], card: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    """Preferences per condition and part, untrained and at the end, and differences; then how the rankings agree."""
    named: dict[str, Any] = {}
    ends, starts = (_preference_tables(groups, moment) for moment in MOMENTS.values())
    for measure, unit in (UNITS | {"participation": card["kinds"]}).items():
        apart = "points" if unit == "%" else unit
        for suffix, table in zip(MOMENTS, (ends, starts), strict=True):
            named |= _summaries(table[measure], f"{measure}{suffix}", unit=unit)
        named |= _family(ends[measure], starts[measure], f"{measure}_gain", unit=apart, margin=MARGINS[measure])
        named |= _differences(ends[measure], grid, measure=measure, unit=apart)
    return named | _agreement_facts(groups) | _constants(groups, card)


def _preference_tables(groups: Mapping[str, Sequence[Arrays]], moment: int) -> dict[str, Table]:
    tables: dict[str, Table] = {measure: {} for measure in UNITS}
    for condition, group in groups.items():
        for part in _parts(group[0]):
            found = [preferences(run[f"own/{part}"][moment]) for run in group]
            for measure, table in tables.items():
                table.setdefault(condition, {})[part] = np.array([values[measure] for values in found])
    return tables


def _agreement_facts(groups: Mapping[str, Sequence[Arrays]]) -> dict[str, Any]:
    """Rank correlations and overlaps, their difference from the untrained network's, and the overlap from chance."""
    named: dict[str, Any] = {}
    ends, starts = _agreement_tables(groups, moment=-1), _agreement_tables(groups, moment=0)
    for measure, unit in AGREEMENT.items():
        trained, start = ends[measure], starts[measure]
        named |= _summaries(trained, measure, unit=unit) | _summaries(start, f"{measure}_start", unit=unit)
        named |= _family(trained, start, f"{measure}_gain", unit=unit, margin=MARGINS[measure])
    chance = {
        condition: {
            part: np.array([_chance(run, part.partition(".")[0]) for run in groups[condition]]) for part in parts
        }
        for condition, parts in trained.items()
    }
    return named | _family(trained, chance, "overlap_beyond_chance", unit=unit, margin=MARGINS["overlap"])


def _agreement_tables(groups: Mapping[str, Sequence[Arrays]], *, moment: int) -> dict[str, Table]:
    """The measures of `agreement`, each as a table."""
    tables: dict[str, Table] = {measure: {} for measure in AGREEMENT}
    for condition, group in groups.items():
        for layer in [str(layer) for layer in group[0]["layers"] if _is_several(group[0], str(layer))]:
            found = [agreement(scores(run, layer, moment=moment)) for run in group]
            for measure, table in tables.items():
                for pair in found[0][measure]:
                    values = np.array([each[measure][pair] for each in found])
                    table.setdefault(condition, {})[f"{layer}.{pair}"] = values
    return tables


def _is_several(run: Arrays, layer: str) -> bool:
    """Whether a layer has units to be ranked, more than one."""
    return len(run[f"class_mean/{layer}"]) > 1


def _chance(run: Arrays, layer: str) -> float:
    """How many of three living units two lists share if one is drawn blindly; fewer where there are not three."""
    units = int(living(run[f"own/{layer}"][-1]).sum())
    return min(TOP, units) ** 2 / max(units, 1)


def _name(measure: str, condition: str, part: str) -> str:
    return f"selectivity.{measure}.{condition}.{part}"


def _summaries(table: Table, measure: str, *, unit: str) -> dict[str, Any]:
    least = LEAST.get(measure.partition("_")[0])
    return {
        _name(measure, c, part): summary(v, unit=unit, least=least)
        for c, parts in table.items()
        for part, v in parts.items()
    }


def _family(table: Table, other: Table, measure: str, *, unit: str, margin: float) -> dict[str, Any]:
    """What is in both tables, one minus the other in the same network."""
    compared = {
        _name(measure, c, part): (v, other[c][part])
        for c, parts in table.items()
        for part, v in parts.items()
        if part in other.get(c, {})
    }
    return family(compared, name=f"selectivity.{measure}", unit=unit, margin=margin)


def _differences(table: Table, grid: Grid, *, measure: str, unit: str) -> dict[str, Any]:
    ends = {c: [part for part in parts if "." not in part][-1] for c, parts in table.items()}
    channels = {
        c: [part.removesuffix(".peak") for part in parts if part.endswith(".peak")] for c, parts in table.items()
    }
    name = f"selectivity.{measure}"
    compared = pairs(grid, table, measure=name) | last_pairs(grid, table, ends, channels, measure=name)
    return differences(grid, compared, name=name, unit=unit, margin=MARGINS[measure])


def _constants(groups: Mapping[str, Sequence[Arrays]], card: Mapping[str, Any]) -> dict[str, Any]:
    """The thresholds of the kinds of units, how many are listed, and how many a list shares by chance."""
    method = "definition of the study"
    few, many = limits(card["classes"])
    named = {
        "selectivity.specialist_below": constant(few, unit=card["kinds"], n=1, method=method),
        "selectivity.generalist_above": constant(many, unit=card["kinds"], n=1, method=method),
    }
    for condition, group in groups.items():
        for layer in [each for each in group[0]["layers"] if _is_several(group[0], str(each))]:
            lots = [_chance(run, str(layer)) for run in group]
            named[_name("chance", condition, str(layer))] = constant(
                float(np.mean(lots)), unit="units", n=len(lots), method="expected, top three living units by lot"
            )
    return named
