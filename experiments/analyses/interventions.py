"""Which units matter: every unit switched off, turned up and replaced by its average, on the whole test set.

In: the weights of a run, test and probe images, and its record. Out: for one run (`read`) confusion matrices per
unit and scale; for the study (`compare`) arrays and facts: what ablation costs, bottlenecks, attractors, and
whether selective units are the important ones. `analyze_unit` says it all of one unit, for a notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int

from experiments.analyses.absent import ALONE, SIGNED, gathered, told
from experiments.evidence import Grid, by_condition, pairs
from experiments.hooks import HookedModule
from experiments.measures.scaling import SCALES, hidden_layers, mean_activations, scale_directions, scale_units
from experiments.measures.units import living, rank_correlation, rotations, selectivity
from experiments.networks import at_epoch
from experiments.record import rectified
from experiments.statistics import constant, family, summary
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {layer, or "" for all of them: one value per seed}}

OFF, BASE, TRIPLED = SCALES.index(0.0), SCALES.index(1.0), SCALES.index(3.0)
BOTTLENECK = 50.0  # points: what ablating a bottleneck costs some class at least
ATTRACTOR = 20.0  # points: the share of the other classes' images that tripling an attractor pulls into one class
UNITS = {
    "lost": "points",
    "worst": "points",
    "tripled": "points",
    "mean_lost": "points",
    "bottlenecks": "units",
    "mean_bottlenecks": "units",
    "attractors": "units",
    "direction_lost": "points",
    "direction_worst": "points",
    "direction_bottlenecks": "directions",
    "direction_attractors": "directions",
    "hits": "%",
    "correlation": "",
    "correlation_worst": "",
}
COMPARED = ("lost", "worst", "tripled", "bottlenecks", "attractors", "correlation")
MARGINS = {  # the smallest difference that a reader should care about
    "lost": 0.5,  # units cost from nothing to tens of points
    "worst": 2.0,  # one image of the class in fifty
    "tripled": 0.5,
    "bottlenecks": 0.5,  # half a unit
    "attractors": 0.5,
    "correlation": 0.05,  # of a measure that goes from minus one to one
}
CONTROLS = {  # what is subtracted from what, in the same network: name: (measure, its control)
    "mean_difference": ("lost", "mean_lost"),
    "basis": ("worst", "direction_worst"),
    "basis_lost": ("lost", "direction_lost"),
}

LEAST = {"units": 0.0, "directions": 0.0}  # by unit: counts are not negative


def read(
    *,
    weights: Arrays,
    test: Arrays,
    probe: Arrays,
    record: Arrays,
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Every unit of every hidden layer of one trained network, scaled and replaced by its average.

    test, probe: images uint8 (image, side, side) and labels; the averages of mean-ablation are over the probe images.
    seed: of the random directions. Returns `arrays.npz`: layers, and for each hidden layer

        confusion/<layer>, correct_logit/<layer>   (unit, scale, class, class), (unit, scale, class), at SCALES
        mean_confusion/<layer>                     (unit, class, class)          under mean-ablation
        direction_confusion/<layer>                (direction, 2, class, class)  as many random directions, at 0 and 3
        class_mean/<layer>                         (unit, class)                 on the probe images, as recorded

    and signed (layer,), those whose units can be negative, where there are any. Of a single unit no direction is drawn.
    """
    model = cast(HookedModule, at_epoch(weights, epoch=-1, architecture=architecture))
    images, labels = treat(test["images"], **treatment), torch.tensor(test["labels"].astype(np.int64))
    probes = treat(probe["images"], **treatment)
    arrays: dict[str, np.ndarray] = {"layers": np.array(hidden_layers(model))}
    signed = [layer for layer in hidden_layers(model) if not rectified(model, layer)]
    reasons = [f"preferences of {layer}: {SIGNED}" for layer in signed]
    for layer in hidden_layers(model):
        means = mean_activations(model, probes, layer=layer)
        outcome = scale_units(model, images, labels, layer=layer, units=range(len(means)), means=means)
        arrays |= {
            f"confusion/{layer}": outcome.confusion[:, :-1],
            f"correct_logit/{layer}": outcome.correct_logit[:, :-1],
            f"mean_confusion/{layer}": outcome.confusion[:, -1],
        }
        if len(means) > 1:
            axes = torch.tensor(rotations(len(means), draws=1, seed=seed)[0], dtype=torch.float32)
            control = scale_directions(model, images, labels, layer=layer, axes=axes, scales=(0.0, 3.0))
            arrays[f"direction_confusion/{layer}"] = control.confusion
        else:
            reasons.append(f"directions of {layer}: {ALONE}")
        arrays[f"class_mean/{layer}"] = record[f"class_mean/{layer}"][-1]
    return {"arrays.npz": arrays | ({"signed": np.array(signed)} if signed else {}) | told(reasons)}


def class_accuracy(confusion: Int[np.ndarray, "*shape true read"]) -> Float[np.ndarray, "*shape true"]:
    """Share of each class's images that are read as that class, in %."""
    correct = np.diagonal(confusion, axis1=-2, axis2=-1)
    return 100 * correct / np.maximum(confusion.sum(axis=-1), 1)


def accuracy(confusion: Int[np.ndarray, "*shape true read"]) -> Float[np.ndarray, "*shape"]:
    """Share of all images that are read correctly, in %."""
    return np.asarray(100 * np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1)))


def pull(confusion: Int[np.ndarray, "*shape true read"]) -> Float[np.ndarray, "*shape read"]:
    """Share of the other classes' images that are read as each class, in %."""
    counts = confusion.sum(axis=-1)
    others = counts.sum(axis=-1, keepdims=True) - counts
    wrong = confusion.sum(axis=-2) - np.diagonal(confusion, axis1=-2, axis2=-1)
    return 100 * wrong / np.maximum(others, 1)


def effects(arrays: Arrays, layer: str) -> dict[str, np.ndarray]:
    """What was done to each unit of one layer, and what came of it, all (unit,).

    lost, tripled, mean_lost   accuracy lost over all images when ablated, tripled, mean-ablated, in points
    worst, mean_worst          the largest loss of a class when ablated, mean-ablated, in points
    pulled                     the largest rise, when tripled, of the share of other classes' images that are
                               read as one class, in points
    direction_lost, direction_worst, direction_pulled   the same for the random directions
    selectivity, living        of the unit; see experiments.measures.units
    hit                        whether ablation costs its favourite class more than any other

    Directions are left out where there are none; selectivity and hit where units can be negative, all of which live.
    """
    confusion, mean = arrays[f"confusion/{layer}"], arrays[f"mean_confusion/{layer}"]
    direction, means = arrays.get(f"direction_confusion/{layer}"), arrays[f"class_mean/{layer}"]
    base = confusion[0, BASE]
    losses = class_accuracy(base) - class_accuracy(confusion[:, OFF])  # (unit, class)
    found = {
        "lost": accuracy(base) - accuracy(confusion[:, OFF]),
        "tripled": accuracy(base) - accuracy(confusion[:, TRIPLED]),
        "mean_lost": accuracy(base) - accuracy(mean),
        "worst": losses.max(axis=1),
        "mean_worst": (class_accuracy(base) - class_accuracy(mean)).max(axis=1),
        "pulled": (pull(confusion[:, TRIPLED]) - pull(base)).max(axis=1),
    }
    if direction is not None:
        found |= {
            "direction_lost": accuracy(base) - accuracy(direction[:, 0]),
            "direction_worst": (class_accuracy(base) - class_accuracy(direction[:, 0])).max(axis=1),
            "direction_pulled": (pull(direction[:, 1]) - pull(base)).max(axis=1),
        }
    if layer in arrays.get("signed", ()):
        return found | {"living": np.ones(len(means), dtype=bool)}
    return found | {
        "selectivity": selectivity(means),
        "living": living(means),
        "hit": (losses.argmax(axis=1) == means.argmax(axis=1)) & (losses.max(axis=1) > 0),
    }


def measures(found: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The measures of one network over the units whose `effects` these are.

    Averages and correlations are over living units: dead ones, neither selective nor important, would bring
    about a correlation by themselves. `hits` is the share of the units that cost anything whose ablation
    costs their favourite class most; correlations are Spearman's, of selectivity with `lost` and with `worst`. What
    needs effects that are not there is left out, and a correlation over a single unit.
    """
    alive, costly = found["living"], found["worst"] > 0

    def mean(name: str, units: np.ndarray | slice = slice(None)) -> float:
        values = found[name][units]
        return float(values.mean()) if values.size else 0.0

    measured = {
        **{name: mean(name, alive) for name in ("lost", "worst", "tripled", "mean_lost")},
        "bottlenecks": float((found["worst"] >= BOTTLENECK).sum()),
        "mean_bottlenecks": float((found["mean_worst"] >= BOTTLENECK).sum()),
        "attractors": float((found["pulled"] >= ATTRACTOR).sum()),
    }
    if "direction_lost" in found:
        measured |= {
            "direction_lost": mean("direction_lost"),
            "direction_worst": mean("direction_worst"),
            "direction_bottlenecks": float((found["direction_worst"] >= BOTTLENECK).sum()),
            "direction_attractors": float((found["direction_pulled"] >= ATTRACTOR).sum()),
        }
    if "hit" in found:
        measured["hits"] = 100 * mean("hit", alive & costly)
    if "selectivity" in found and len(alive) > 1:
        measured |= {
            "correlation": rank_correlation(found["selectivity"][alive], found["lost"][alive]),
            "correlation_worst": rank_correlation(found["selectivity"][alive], found["worst"][alive]),
        }
    return measured


def compare(*, runs: Mapping[str, Arrays], card: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    """The interventions of all networks: what `read` counted, over seeds.

    runs: {"mlp-raw/0": arrays of read}. card: of the data set; its `class_names` label the classes. Returns
    `arrays.npz`: classes, scales, layers/<condition>, and for each condition and hidden layer

        class_accuracy, correct_logit /<condition>/<layer>   (unit, scale, class)     first seed; accuracy in %
        change/<condition>/<layer>                           (unit, 2, class, class)  first seed, at 0 and at 3: the
                                                             confusion matrix minus the baseline's, in images
        images/<condition>                                   (class,)                 images of each class
        dose/<condition>/<layer>                             (seed, scale)         accuracy, mean over living units
        <effect>/<condition>/<layer>                         (seed, unit)          see `effects`

    and `facts.json`, named `interventions.<measure>.<condition>.<layer>`, and `interventions.<measure>.<condition>`
    over all of its hidden units; see `measures`.
    """
    groups = by_condition(runs)
    arrays: dict[str, np.ndarray] = {"classes": np.array(card["class_names"]), "scales": np.array(SCALES)}
    arrays |= gathered(groups)
    found: dict[str, dict[str, list[dict[str, np.ndarray]]]] = {}
    for condition, group in groups.items():
        layers = [str(layer) for layer in group[0]["layers"]]
        found[condition] = {layer: [effects(run, layer) for run in group] for layer in layers}
        arrays[f"layers/{condition}"] = np.array(layers)
        arrays[f"images/{condition}"] = group[0][f"confusion/{layers[0]}"][0, BASE].sum(axis=1)
        for layer in layers:
            arrays |= _first_seed(f"{condition}/{layer}", group[0], layer) | _stacked(condition, layer, group, found)
    return {"arrays.npz": arrays, "facts.json": facts(found, grid)}


def _first_seed(place: str, run: Arrays, layer: str) -> dict[str, np.ndarray]:
    confusion = run[f"confusion/{layer}"]
    return {
        f"class_accuracy/{place}": class_accuracy(confusion).astype(np.float32),
        f"correct_logit/{place}": run[f"correct_logit/{layer}"].astype(np.float32),
        f"change/{place}": (confusion[:, [OFF, TRIPLED]] - confusion[0, BASE]).astype(np.int32),
    }


def _stacked(condition: str, layer: str, group: Sequence[Arrays], found: Mapping[str, Any]) -> dict[str, np.ndarray]:
    each = found[condition][layer]
    place = f"{condition}/{layer}"
    dose = [
        accuracy(run[f"confusion/{layer}"][effect["living"]]).mean(axis=0)
        if effect["living"].any()
        else accuracy(run[f"confusion/{layer}"][0])
        for run, effect in zip(group, each, strict=True)
    ]
    stacked = {f"{name}/{place}": np.stack([effect[name] for effect in each]) for name in each[0]}
    stacked[f"dose/{place}"] = np.stack(dose)
    return {name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in stacked.items()}


def facts(found: Mapping[str, Mapping[str, Sequence[Mapping[str, np.ndarray]]]], grid: Grid) -> dict[str, Any]:
    """Every measure per condition, layer and over all layers; differences between conditions and from controls.

    found: {condition: {layer: effects of each seed}}. Differences are taken where both conditions have the layer,
    and over all units; `last` is the last hidden layer, between architectures.
    """
    tables: dict[str, Table] = {measure: {} for measure in UNITS}
    for condition, layers in found.items():
        for part in ("", *layers):
            for measure, values in _over_seeds([part] if part else list(layers), layers).items():
                tables[measure].setdefault(condition, {})[part] = values
    named = {
        _name(measure, condition, part): summary(values, unit=UNITS[measure], least=LEAST.get(UNITS[measure]))
        for measure, table in tables.items()
        for condition, parts in table.items()
        for part, values in parts.items()
    }
    for measure in COMPARED:
        named |= _differences(tables[measure], found, grid, measure=measure)
    for control, (measure, other) in CONTROLS.items():
        table, against = tables[measure], tables[other]
        compared = {
            _name(control, c, part): (v, against[c][part])
            for c, parts in table.items()
            for part, v in parts.items()
            if part in against.get(c, {})
        }
        named |= family(compared, name=f"interventions.{control}", unit=UNITS[measure], margin=MARGINS.get(measure))
    return named | _constants(found)


def _over_seeds(
    chosen: Sequence[str], layers: Mapping[str, Sequence[Mapping[str, np.ndarray]]]
) -> dict[str, np.ndarray]:
    """The measures over the units of the chosen layers, one value per seed."""
    seeds = zip(*(layers[layer] for layer in chosen), strict=True)
    joined = [
        {
            name: np.concatenate([part[name] for part in parts])
            for name in parts[0]
            if all(name in part for part in parts)
        }
        for parts in seeds
    ]
    each = [measures(effect) for effect in joined]
    return {measure: np.array([values[measure] for values in each]) for measure in UNITS if measure in each[0]}


def _name(measure: str, condition: str, part: str) -> str:
    return ".".join(filter(None, ("interventions", measure, condition, part)))


def _differences(table: Table, found: Mapping[str, Any], grid: Grid, *, measure: str) -> dict[str, Any]:
    ends = {condition: list(layers)[-1] for condition, layers in found.items()}
    last = {c: {"last": parts[ends[c]]} for c, parts in table.items() if ends[c] in parts}
    name = f"interventions.{measure}"
    compared = pairs(grid, table, measure=name) | pairs(grid, last, measure=name, axis="architecture")
    return family(compared, name=name, unit=UNITS[measure], margin=MARGINS.get(measure))


def _constants(found: Mapping[str, Mapping[str, Sequence[Mapping[str, np.ndarray]]]]) -> dict[str, Any]:
    """The thresholds, and how many units there are."""
    named = {
        "interventions.bottleneck_from": constant(BOTTLENECK, unit="points", n=1, method="definition of the study"),
        "interventions.attractor_from": constant(ATTRACTOR, unit="points", n=1, method="definition of the study"),
    }
    for condition, layers in found.items():
        sizes = {layer: len(each[0]["lost"]) for layer, each in layers.items()}
        for part, size in {"": sum(sizes.values()), **sizes}.items():
            place = _name("units", condition, part)
            named[place] = constant(size, unit="units", n=1, method="units with a ReLU in one network")
    return named
