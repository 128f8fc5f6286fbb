"""The health of the units: which are dead, which are always on, and whether the gradient reaches every layer.

In: the record of every run. Out: arrays to draw, and facts: shares of units and sizes of gradients per layer,
with intervals over seeds. A unit of a convolutional layer is a channel; it counts as active on an image if it
is above zero anywhere on it, so a dead channel is dark everywhere, on every image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from experiments.analyses.absent import of_layers
from experiments.evidence import Grid, by_condition, pairs
from experiments.statistics import constant, family, summary

Record = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {layer, or "" for all of them: one value per seed}}

RARE = 0.01  # a unit is rarely active if it is on for less than this share of the probe images, yet for some
ALWAYS = 0.99  # and always on if it is on for more than this share
UNITS = {
    "dead_start": "%",
    "dead": "%",
    "rare": "%",
    "always": "%",
    "zero_gradient": "%",
    "died": "units",
    "revived": "units",
    "gradient_start": "",
    "gradient_end": "",
    "update_start": "",
    "update_end": "",
}
COMPARED = ("dead", "always", "zero_gradient", "gradient_start", "gradient_end", "update_start", "update_end")
MARGINS = {  # the smallest difference that a reader should care about
    "dead": 0.5,  # less than one of two hundred units
    "always": 0.5,
    "zero_gradient": 0.5,
    "update_start": 0.05,  # steps an eighth longer, as a power of ten
    "update_end": 0.05,
}
LEAST = dict.fromkeys(("died", "revived", "gradient_start", "gradient_end"), 0.0)  # counts and lengths


def examine(*, records: Mapping[str, Record], grid: Grid) -> dict[str, Any]:
    """Dead, rarely active and always-on units, and the flow of the gradient, per condition, layer and epoch.

    records: {"mlp-raw/0": record}. Returns `arrays.npz`, for each condition and layer

        dead, rare, always /<condition>/<layer>   (seed, epoch)    share of the layer's units, in %
        zero_gradient/<condition>/<layer>         (seed, trained epoch)   share of units that received no
                                                                   gradient in any step of the epoch, in %
        active/<condition>/<layer>                (seed, 2, unit)  share of images, untrained and at the end
        history/<condition>/<layer>               (epoch, unit)    share of images, first seed
        gradient_norm, update_ratio /<condition>/<layer>           (seed, trained epoch)

    (hidden layers with a ReLU, zero_gradient of those with a bias; the last two of all layers) and `facts.json`, named
    `health.<measure>.<condition>.<layer>`, and `health.<measure>.<condition>` over all of its units.
    """
    groups = by_condition(records)
    arrays: dict[str, np.ndarray] = {}
    for condition, runs in groups.items():
        if reasons := of_layers(runs[0], runs[0]["layers"][:-1]):
            arrays[f"left_out/{condition}"] = np.array(reasons)
        arrays[f"layers/{condition}"] = np.array([str(layer) for layer in runs[0]["layers"]])
        for layer in arrays[f"layers/{condition}"]:
            for measure in ("gradient_norm", "update_ratio"):
                arrays[f"{measure}/{condition}/{layer}"] = np.stack([run[f"{measure}/{layer}"] for run in runs])
        for layer in hidden_layers(runs[0]):
            arrays |= _layer(f"{condition}/{layer}", layer, runs)
    arrays = {name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in arrays.items()}
    return {"arrays.npz": arrays, "facts.json": facts(groups, grid)}


def hidden_layers(record: Record) -> list[str]:
    """The layers whose units can die: those with a ReLU."""
    return [str(layer) for layer in record["layers"] if f"active/{layer}" in record]


def channels(record: Record) -> list[str]:
    """The layers of which the units that can die are channels, which have places on the image."""
    return [layer for layer in hidden_layers(record) if f"class_peak/{layer}" in record]


def states(active: Float[np.ndarray, "*shape"]) -> dict[str, Bool[np.ndarray, "*shape"]]:
    """Which units are dead, rarely active or always on, given their share of images on which they are on."""
    return {"dead": active == 0, "rare": (active > 0) & (active < RARE), "always": active > ALWAYS}


def deaths(
    active: Float[np.ndarray, "epoch unit"],
) -> tuple[Bool[np.ndarray, " unit"], Bool[np.ndarray, " unit"]]:
    """Which units died while training (alive untrained, dead at the end), and which ever came back to life.

    A unit came back if it was dead at one epoch and alive at a later one.
    """
    dead = active == 0
    died = ~dead[0] & dead[-1]
    revived = (dead[:-1] & ~dead[1:]).any(axis=0)
    return died, revived


def _layer(place: str, layer: str, runs: Sequence[Record]) -> dict[str, np.ndarray]:
    active = np.stack([run[f"active/{layer}"] for run in runs])  # (seed, epoch, unit)
    shares = {state: 100 * found.mean(axis=2) for state, found in states(active).items()}
    found = dict(shares)
    if f"zero_gradient/{layer}" in runs[0]:
        still = np.stack([run[f"zero_gradient/{layer}"] for run in runs]) == 1
        found["zero_gradient"] = 100 * still.mean(axis=2)
    found |= {"active": active[:, [0, -1]], "history": active[0]}
    return {f"{measure}/{place}": values for measure, values in found.items()}


def measures(record: Record, layers: Sequence[str]) -> dict[str, float]:
    """The measures of one network over the units of `layers`; for one layer also those of its gradient.

    dead_start, dead      share of units that are dead, untrained and at the end, in %
    rare, always          share that is rarely active, always on, at the end, in %
    zero_gradient         share that received no gradient in any step of the last epoch, in %
    died, revived         number of units; see `deaths`
    gradient_start, gradient_end   mean L2 norm of the layer's gradient over the first and the last epoch
    update_start, update_end       mean log10 of the update's size relative to the weights', in those epochs
    """
    found = {}
    hidden = [layer for layer in layers if f"active/{layer}" in record]
    if hidden:
        active = np.concatenate([record[f"active/{layer}"] for layer in hidden], axis=1)
        still = [record[name][-1] == 1 for name in (f"zero_gradient/{layer}" for layer in hidden) if name in record]
        share = {state: 100 * float(units.mean()) for state, units in states(active[-1]).items()}
        died, revived = deaths(active)
        found = {"dead_start": 100 * float((active[0] == 0).mean()), **share}
        found |= {"zero_gradient": 100 * float(np.concatenate(still).mean())} if still else {}
        found |= {"died": float(died.sum()), "revived": float(revived.sum())}
    if len(layers) == 1:
        for measure, series in (("gradient", "gradient_norm"), ("update", "update_ratio")):
            values = record[f"{series}/{layers[0]}"]
            found |= {f"{measure}_start": float(values[0]), f"{measure}_end": float(values[-1])}
    return found


def facts(groups: Mapping[str, Sequence[Record]], grid: Grid) -> dict[str, Any]:
    """Every measure per condition and layer, and for all units together; then paired differences.

    Differences are taken where both conditions have the layer, and over all units; `last` is the last hidden layer.
    Over all units, architectures are compared only where neither has channels: one bright place makes a channel active,
    so it is active more often than a unit without places.
    """
    tables: dict[str, Table] = {measure: {} for measure in UNITS}
    for condition, runs in groups.items():
        layers = [str(layer) for layer in runs[0]["layers"]]
        parts = {"": hidden_layers(runs[0]), **{layer: [layer] for layer in layers}}
        for part, chosen in parts.items():
            found = [measures(run, chosen) for run in runs]
            for measure in found[0]:
                values = np.array([values[measure] for values in found])
                tables[measure].setdefault(condition, {})[part] = values
    named = {
        ".".join(filter(None, ("health", measure, condition, part))): summary(
            values, unit=UNITS[measure], least=LEAST.get(measure)
        )
        for measure, table in tables.items()
        for condition, parts in table.items()
        for part, values in parts.items()
    }
    for measure in COMPARED:
        named |= _differences(tables[measure], groups, grid, measure=measure)
    return named | _counts(groups)


def _differences(table: Table, groups: Mapping[str, Sequence[Record]], grid: Grid, *, measure: str) -> dict[str, Any]:
    alike: Table = {}
    for condition, parts in table.items():
        run = groups[condition][0]
        layers = channels(run)
        alike[condition] = {
            part: values for part, values in parts.items() if part not in layers and (part or not layers)
        }
        if (last := str(run["layers"][-2])) in alike[condition]:
            alike[condition]["last"] = parts[last]
    name = f"health.{measure}"
    compared = pairs(grid, table, measure=name, axis="treatment")
    compared |= pairs(grid, alike, measure=name, axis="architecture")
    apart = "points" if UNITS[measure] == "%" else UNITS[measure]
    return family(compared, name=name, unit=apart, margin=MARGINS.get(measure))


def _counts(groups: Mapping[str, Sequence[Record]]) -> dict[str, Any]:
    """How many units the shares are of."""
    return {
        f"health.units.{condition}": constant(
            float(sum(runs[0][f"active/{layer}"].shape[1] for layer in hidden_layers(runs[0]))),
            unit="units",
            n=len(runs),
            method="units with a ReLU in one network",
        )
        for condition, runs in groups.items()
        if hidden_layers(runs[0])
    }
