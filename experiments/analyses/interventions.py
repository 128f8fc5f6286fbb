"""Which units matter: every unit replaced by its average, switched off and turned up, on the whole test set.

In: the weights of a run, test and probe images, and its record. Out: for one run (`read`) confusion matrices per
unit and scale, and the same of random directions; for the study (`compare`) arrays and facts: what ablation costs,
bottlenecks, attractors, and whether selective units are the important ones. `analyze_unit` says it all of one unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch

from experiments.analyses.absent import ALONE, SIGNED, gathered, told
from experiments.analyses.last import last_pairs
from experiments.analyses.unit_effects import ATTRACTOR, BASE, BOTTLENECK, OFF, TRIPLED, effects, measures
from experiments.evidence import Grid, by_condition, differences, pairs, shown
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.answers import accuracy, class_accuracy
from experiments.measures.scaling import SCALES, hidden_layers, mean_activations, scale_directions, scale_units
from experiments.measures.units import (
    living,
    rotation_of_living,
    share_on,
)
from experiments.networks import at_epoch
from experiments.record import reading_point, rectified
from experiments.statistics import constant, family, summary
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {layer: one value per seed}}

UNITS = {
    "mean_lost": "points",
    "mean_worst": "points",
    "mean_bottlenecks": "units",
    "lost": "points",
    "worst": "points",
    "bottlenecks": "units",
    "tripled": "points",
    "attractors": "units",
    "direction_mean_lost": "points",
    "direction_mean_worst": "points",
    "direction_mean_bottlenecks": "directions",
    "direction_lost": "points",
    "direction_worst": "points",
    "direction_bottlenecks": "directions",
    "direction_attractors": "directions",
    "hits": "%",
    "mean_correlation": "",
    "mean_correlation_held": "",
    "mean_correlation_worst_held": "",
    "correlation": "",
    "correlation_held": "",
    "share_selectivity": "",
    "share_cost": "",
}
COMPARED = (
    "mean_lost",
    "mean_worst",
    "mean_bottlenecks",
    "lost",
    "worst",
    "tripled",
    "attractors",
    "mean_correlation_held",
)
MARGINS = {  # the smallest difference that a reader should care about
    "mean_lost": 0.5,  # units cost from nothing to tens of points
    "mean_worst": 2.0,  # one image of the class in fifty
    "mean_bottlenecks": 0.5,  # half a unit
    "lost": 0.5,
    "worst": 2.0,
    "tripled": 0.5,
    "bottlenecks": 0.5,
    "attractors": 0.5,
    "mean_correlation_held": 0.05,  # of a measure that goes from minus one to one
}
CONTROLS = {  # what is subtracted from what, in the same network: name: (measure, its control)
    "mean_difference": ("lost", "mean_lost"),
    "basis": ("worst", "direction_worst"),
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
    """Every unit of every hidden layer of one trained network, replaced by its average and scaled.

    test, probe: images uint8 (image, side, side) and labels; the averages of mean-ablation are over the probe images.
    seed: of the random directions. Returns `arrays.npz`: layers, and for each hidden layer

        confusion/<layer>, correct_logit/<layer>   (unit, scale, class, class), (unit, scale, class), at SCALES
        mean_confusion/<layer>                     (unit, class, class)          under mean-ablation
        direction_confusion/<layer>                (direction, 3, class, class)  as many random directions, at 0, at 3
                                                   and under mean-ablation; dead units stay as they are, see
                                                   `rotation_of_living`
        class_mean/<layer>                         (unit, class)                 on the probe images, as recorded
        share_on/<layer>                           (unit,)                       of the probe images; see `share_on`

    and signed and channels (layer,), those whose units can be negative, or are channels, where there are any. Of a
    single unit no direction is drawn.
    """
    model = cast(HookedModule, at_epoch(weights, epoch=-1, architecture=architecture))
    images, labels = treat(test["images"], **treatment), torch.tensor(test["labels"].astype(np.int64))
    probes = treat(probe["images"], **treatment)
    arrays: dict[str, np.ndarray] = {"layers": np.array(hidden_layers(model))}
    signed = [layer for layer in hidden_layers(model) if not rectified(model, layer)]
    reasons = [f"preferences of {layer}: {SIGNED}" for layer in signed]
    channels = []
    for layer in hidden_layers(model):
        class_mean = record[f"class_mean/{layer}"][-1]
        means = mean_activations(model, probes, layer=layer)
        channels += [layer] if means.ndim > 1 else []
        outcome = scale_units(model, images, labels, layer=layer, units=range(len(means)), means=means)
        arrays |= {
            f"confusion/{layer}": outcome.confusion[:, :-1],
            f"correct_logit/{layer}": outcome.correct_logit[:, :-1],
            f"mean_confusion/{layer}": outcome.confusion[:, -1],
            f"class_mean/{layer}": class_mean,
        }
        if layer not in signed:
            point = reading_point(model, layer)
            arrays[f"share_on/{layer}"] = share_on(run_with_cache(model, probes, names=point)[1][point])
        if len(means) > 1:
            alive = np.ones(len(means), dtype=bool) if layer in signed else living(class_mean)
            axes = torch.tensor(rotation_of_living(alive, seed=seed), dtype=torch.float32)
            control = scale_directions(model, images, labels, layer=layer, axes=axes, scales=(0.0, 3.0), means=means)
            arrays[f"direction_confusion/{layer}"] = control.confusion
        else:
            reasons.append(f"directions of {layer}: {ALONE}")
    kinds = {"signed": signed, "channels": channels}
    return {"arrays.npz": arrays | {name: np.array(of) for name, of in kinds.items() if of} | told(reasons)}


def compare(*, runs: Mapping[str, Arrays], card: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    """The interventions of all networks: what `read` counted, over seeds.

    runs: {"mlp-raw/0": arrays of read}. card: of the data set; its `class_names` label the classes. Returns
    `arrays.npz`: classes, scales, layers/<condition>, and for each condition and hidden layer

        class_accuracy, correct_logit /<condition>/<layer>   (unit, scale, class)     specimen; accuracy in %
        mean_class_accuracy/<condition>/<layer>              (unit, class)            specimen, under mean-ablation
        change/<condition>/<layer>                           (unit, 2, class, class)  specimen, at 0 and at 3: the
                                                             confusion matrix minus the baseline's, in images
        mean_change/<condition>/<layer>                      (unit, class, class)     the same under mean-ablation
        images/<condition>                                   (class,)                 images of each class
        dose/<condition>/<layer>                             (seed, scale)         accuracy, mean over living units
        <effect>/<condition>/<layer>                         (seed, unit)          see `effects`

    and `facts.json`, named `interventions.<measure>.<condition>.<layer>`; see `measures`.
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
            run = shown(runs, grid, condition)
            arrays |= _specimen(f"{condition}/{layer}", run, layer) | _stacked(condition, layer, group, found)
    channels = {
        condition: [str(layer) for layer in group[0].get("channels", ())] for condition, group in groups.items()
    }
    return {"arrays.npz": arrays, "facts.json": facts(found, grid, channels)}


def _specimen(place: str, run: Arrays, layer: str) -> dict[str, np.ndarray]:
    confusion, mean = run[f"confusion/{layer}"], run[f"mean_confusion/{layer}"]
    return {
        f"mean_class_accuracy/{place}": class_accuracy(mean).astype(np.float32),
        f"mean_change/{place}": (mean - confusion[0, BASE]).astype(np.int32),
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


def facts(
    found: Mapping[str, Mapping[str, Sequence[Mapping[str, np.ndarray]]]],
    grid: Grid,
    channels: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Every measure per condition and layer; differences between conditions and from controls.

    found: {condition: {layer: effects of each seed}}. channels: {condition: layers whose units are channels}. Layers
    are not added up, as channels and units of dense layers are not of one kind. Differences are taken where both
    conditions have the layer; `last` is the last hidden layer, between architectures, see `last_pairs`.
    """
    tables: dict[str, Table] = {measure: {} for measure in UNITS}
    for condition, layers in found.items():
        for layer, seeds in layers.items():
            each = [measures(effect) for effect in seeds]
            for measure in [measure for measure in UNITS if measure in each[0]]:
                tables[measure].setdefault(condition, {})[layer] = np.array([values[measure] for values in each])
    named = {
        _name(measure, condition, layer): summary(values, unit=UNITS[measure], least=LEAST.get(UNITS[measure]))
        for measure, table in tables.items()
        for condition, layers in table.items()
        for layer, values in layers.items()
    }
    ends = {condition: list(layers)[-1] for condition, layers in found.items()}
    for measure in COMPARED:
        name, table = f"interventions.{measure}", tables[measure]
        compared = pairs(grid, table, measure=name) | last_pairs(grid, table, ends, channels, measure=name)
        named |= differences(grid, compared, name=name, unit=UNITS[measure], margin=MARGINS.get(measure))
    for control, (measure, other) in CONTROLS.items():
        beside = {
            _name(control, c, layer): (values, tables[other][c][layer])
            for c, layers in tables[measure].items()
            for layer, values in layers.items()
            if layer in tables[other].get(c, {})
        }
        named |= family(beside, name=f"interventions.{control}", unit=UNITS[measure], margin=MARGINS.get(measure))
    return named | _constants(found)


def _name(measure: str, condition: str, layer: str) -> str:
    return f"interventions.{measure}.{condition}.{layer}"


def _constants(found: Mapping[str, Mapping[str, Sequence[Mapping[str, np.ndarray]]]]) -> dict[str, Any]:
    """The thresholds, and how many units there are."""
    named = {
        "interventions.bottleneck_from": constant(BOTTLENECK, unit="points", n=1, method="definition of the study"),
        "interventions.attractor_from": constant(ATTRACTOR, unit="points", n=1, method="definition of the study"),
    }
    for condition, layers in found.items():
        for layer, each in layers.items():
            size = len(each[0]["lost"])
            named[_name("units", condition, layer)] = constant(size, unit="units", n=1, method="units of the layer")
    return named
