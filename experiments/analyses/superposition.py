"""Do classes share directions: how far apart a layer keeps them, and over how many units it spreads each.

In: the record of every run (class means by epoch) and its weights. Out: arrays and facts for the study. A class's
direction in a layer is its class mean minus the mean of all classes' means; ten of them lie in at most nine
dimensions. Their measures, and what chance makes of as many random ones, are in experiments.measures.directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from experiments.analyses.absent import ALONE, gathered, told
from experiments.analyses.last import last_pairs
from experiments.evidence import Grid, by_condition, differences, pairs
from experiments.measures.directions import (
    LAYERS_DRAWN,
    chance,
    cosines,
    couples,
    dimensionality,
    directions,
    interference,
    least,
    occupied,
    spread,
)
from experiments.measures.units import rank_correlation, rotations
from experiments.statistics import constant, family, summary

Arrays = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {layer: one value per seed}}

NEAR = 1e-3  # how far recorded averages may lie from what weights make of others, as a share of the largest
DRAWS = 10  # rotations that a layer is compared with
UNITS = {"interference": "", "own": "", "units": "units", "units_rotated": "units"}
MARGINS = {  # the smallest difference that a reader should care about
    "interference": 0.01,  # of a mean squared cosine, in which one in ten is large
    "own": 0.02,  # of a share
    "units": 0.25,  # a quarter of a unit
    "units_rotated": 0.25,
    "confused": 0.05,  # of a rank correlation
    "readout": 0.01,  # as interference
    "alignment": 0.02,  # of cosines
    "closest": 0.02,
    "furthest": 0.02,
}


def compare(*, records: Mapping[str, Arrays], weights: Mapping[str, Arrays], grid: Grid) -> dict[str, Any]:
    """How the digits share each hidden layer, for all networks.

    records: {"mlp-raw/0": record of the run}. weights: {"mlp-raw/0": {parameter: (epoch, ...)}}. Returns
    `arrays.npz`, for every condition: layers/<condition>; misread/<condition> (class, class), how many images of either
    of two classes are read as the other, and cosine/<condition>/<layer> (class, class), means over seeds at the end;
    interference, own, units, units_rotated /<condition>/<layer> (seed, epoch), see `read`; and `facts.json`:

        superposition.<measure>.<condition>.<layer>   at the end, also `_start` and, as a paired difference, `_gain`
        superposition.least.<condition>.<layer>       interference at its smallest possible
        superposition.<chance>.<condition>.<layer>    of random directions (see `chance`) in as many units as tell
                                                      classes apart: `chance` (interference) and `own_chance`, and what
                                                      networks have beyond it: `beyond_chance`, `own_beyond_chance`
        superposition.confused.<condition>            rank correlation, over pairs of digits, of their cosine in the
                                                      last hidden layer with how often they are misread for each other
        superposition.closest.<condition>, .furthest  the largest and the smallest cosine in the last hidden layer
        superposition.readout.<condition>             interference of the logits' weights, `.readout_chance` that of
                                                      as many random ones, `.readout_beyond_chance`, `.readout_apart`
                                                      minus that of the digits, and `.alignment` their cosine with the
                                                      digits' directions; where the logits are a weighted sum of the
                                                      last hidden layer's units, see `reading_weights`

    with differences for every comparison (`last`: the last hidden layer).
    """
    runs = {name: read(record, weights[name]) for name, record in records.items()}
    groups = by_condition(runs)
    arrays: dict[str, np.ndarray] = gathered(groups)
    for condition, group in groups.items():
        layers = [str(layer) for layer in group[0]["layers"]]
        arrays[f"layers/{condition}"] = np.array(layers)
        arrays[f"misread/{condition}"] = np.mean([run["misread"] for run in group], axis=0).astype(np.float32)
        for layer in layers:
            place = f"{condition}/{layer}"
            arrays[f"cosine/{place}"] = np.mean([run[f"cosine/{layer}"] for run in group], axis=0).astype(np.float32)
            for measure in [measure for measure in UNITS if f"{measure}/{layer}" in group[0]]:
                stacked = np.stack([run[f"{measure}/{layer}"] for run in group])
                arrays[f"{measure}/{place}"] = stacked.astype(np.float32)
    return {"arrays.npz": arrays, "facts.json": facts(groups, grid)}


def read(record: Arrays, weights: Arrays) -> dict[str, np.ndarray]:
    """One network: layers, and channels, those whose units are; for each layer size, and (epoch,) interference, own,
    units, units_rotated; at the end occupied, how many units tell classes apart, and cosine (class, class); and at the
    end misread (class, class) and, as numbers, confused, readout, alignment, closest and furthest (see `compare`). Of a
    single unit nothing is rotated."""
    layers = [str(layer) for layer in record["layers"][:-1]]
    channels = [layer for layer in layers if f"class_peak/{layer}" in record]
    found: dict[str, np.ndarray] = {"layers": np.array(layers), "channels": np.array(channels, dtype=str)}
    reasons = []
    for layer in layers:
        found_directions = directions(record[f"class_mean/{layer}"])
        found |= {
            f"interference/{layer}": interference(found_directions),
            f"own/{layer}": dimensionality(found_directions).mean(axis=-1),
            f"units/{layer}": spread(found_directions).mean(axis=-1),
            f"cosine/{layer}": cosines(found_directions[-1]),
            f"size/{layer}": np.array(found_directions.shape[-1]),
            f"occupied/{layer}": occupied(found_directions[-1]).sum(),
        }
        if found_directions.shape[-1] == 1:
            reasons.append(f"rotations of {layer}: {ALONE}")
            continue
        found[f"units_rotated/{layer}"] = np.array([rotated_spread(each) for each in found_directions])
    last = directions(record[f"class_mean/{layers[-1]}"][-1])
    apart = [cosines(last)[pair] for pair in couples(len(last))]
    reading = reading_weights(record, weights)
    if reading is None:
        reasons.append(f"readout: the logits are no weighted sum of the units of {layers[-1]}")
    else:
        reading = reading - reading.mean(axis=0)  # what all logits share changes no answer
        aligned = [_cosine(a, b) for a, b in zip(reading, last, strict=True)]
        found |= {"readout": interference(reading), "alignment": np.asarray(np.mean(aligned))}
    return found | {
        "misread": record["confusion"] + record["confusion"].T,
        "confused": np.array(confusion_correlation(cosines(last), record["confusion"])),
        "closest": np.max(apart),
        "furthest": np.min(apart),
        **told(reasons),
    }


def rotated_spread(found: Float[np.ndarray, "classes unit"]) -> float:
    """Over how many of randomly turned axes the directions are spread, mean over classes and draws.

    Only units that tell classes apart are turned: axes along which nothing lies would take no part in the layer, and
    still make its own units look sparse.
    """
    there = found[:, occupied(found)]
    if there.shape[1] < 2:
        return float(spread(there).mean())
    return float(np.mean([spread(there @ q) for q in _turns(there.shape[1])]))


@cache
def _turns(units: int) -> list[Float[np.ndarray, "unit axis"]]:
    return rotations(units, draws=DRAWS, seed=0)


def reading_weights(record: Arrays, weights: Arrays) -> Float[np.ndarray, "logit unit"] | None:
    """The weights by which the logits of the trained network add up the last hidden layer's units.

    None where they do not: where they listen to something else, or where something stands between. That is told by
    their averages over the images of each class, which are then not those that the weights make of the units'.
    """
    *_, last, logits = (str(layer) for layer in record["layers"])
    weight, bias = (weights.get(f"{logits}.{part}") for part in ("weight", "bias"))
    heard, said = record[f"class_mean/{last}"][-1], record[f"class_mean/{logits}"][-1]  # (unit, class), (logit, class)
    if weight is None or weight[-1].shape != (len(said), len(heard)):
        return None
    reading = weight[-1].astype(np.float64)
    foretold = reading @ heard + (0 if bias is None else bias[-1][:, None])
    return reading if np.abs(foretold - said).max() <= NEAR * max(np.abs(said).max(), np.abs(foretold).max()) else None


def confusion_correlation(
    cosine: Float[np.ndarray, "classes classes"], confusion: Int[np.ndarray, "true read"]
) -> float:
    """Rank correlation, over pairs of digits, of their cosine with how many images of either are read as the other."""
    misread = np.array([confusion[i, j] + confusion[j, i] for i, j in couples(len(cosine))], dtype=np.float64)
    return rank_correlation(np.array([cosine[i, j] for i, j in couples(len(cosine))], dtype=np.float64), misread)


def facts(groups: Mapping[str, Sequence[Arrays]], grid: Grid) -> dict[str, Any]:
    """The facts that `compare` names."""
    named: dict[str, Any] = {}
    for measure, unit in UNITS.items():
        start, end = (_table(groups, measure, moment=moment) for moment in (0, -1))
        places = [(condition, layer) for condition, layers in end.items() for layer in layers]
        name = f"superposition.{measure}"
        named |= {f"{name}.{c}.{layer}": summary(end[c][layer], unit=unit, least=0.0) for c, layer in places}
        named |= {f"{name}_start.{c}.{layer}": summary(start[c][layer], unit=unit, least=0.0) for c, layer in places}
        gains = {f"{name}_gain.{c}.{layer}": (end[c][layer], start[c][layer]) for c, layer in places}
        named |= family(gains, name=f"{name}_gain", unit=unit, margin=MARGINS[measure])
        named |= _differences(end, groups, grid, name=name, unit=unit, margin=MARGINS[measure])
    for measure in ("confused", "readout", "alignment", "closest", "furthest"):
        values = _whole(groups, measure)
        name = f"superposition.{measure}"
        named |= {f"{name}.{condition}": summary(each[""], unit="") for condition, each in values.items()}
        named |= differences(grid, pairs(grid, values, measure=name), name=name, unit="", margin=MARGINS[measure])
    return named | _constants(groups) | _beyond_chance(groups) | _readout(groups)


def _beyond_chance(groups: Mapping[str, Sequence[Arrays]]) -> dict[str, Any]:
    """What random directions have, condition by condition and layer by layer, and by how much the networks differ."""
    named: dict[str, Any] = {}
    for measure, prefix in (("interference", ""), ("own", "own_")):
        compared = {}
        for condition, layers in _table(groups, measure, moment=-1).items():
            for layer, values in layers.items():
                classes = len(groups[condition][0][f"cosine/{layer}"])
                drawn = [chance(int(run[f"occupied/{layer}"]), count=classes)[measure] for run in groups[condition]]
                named[f"superposition.{prefix}chance.{condition}.{layer}"] = _drawn(np.array(drawn))
                name = f"superposition.{prefix}beyond_chance.{condition}.{layer}"
                compared[name] = (values, np.array([mean for mean, _, _ in drawn]))
        named |= family(compared, name=f"superposition.{prefix}beyond_chance", unit="")
    return named


def _drawn(layers: Float[np.ndarray, "seed 3"]) -> dict[str, Any]:
    """The fact of a null: its mean and the middle 95 % of random layers, mean over the networks it is drawn for. In a
    single unit all directions are one, and nothing is spread."""
    value, low, high = (float(each) for each in layers.mean(axis=0))
    method = (
        f"{LAYERS_DRAWN} layers of as many centred random directions, in as many units as tell classes apart; "
        "the interval holds the middle 95 % of them"
    )
    spread = {"low": low, "high": high} if low < high else {}
    return constant(value, unit="", n=LAYERS_DRAWN, method=method) | spread


def _readout(groups: Mapping[str, Sequence[Arrays]]) -> dict[str, Any]:
    """The interference of the logits' weights, against that of random directions and of the classes' own."""
    named: dict[str, Any] = {}
    beyond, apart = {}, {}
    own = _table(groups, "interference", moment=-1)
    for condition, values in _whole(groups, "readout").items():
        last = list(own[condition])[-1]
        first = groups[condition][0]
        drawn = chance(int(first[f"size/{last}"]), count=len(first[f"cosine/{last}"]))["interference"]
        named[f"superposition.readout_chance.{condition}"] = _drawn(np.array([drawn]))
        beyond[f"superposition.readout_beyond_chance.{condition}"] = (values[""], np.full(len(values[""]), drawn[0]))
        apart[f"superposition.readout_apart.{condition}"] = (values[""], own[condition][last])
    beyond_chance = family(beyond, name="superposition.readout_beyond_chance", unit="")
    return named | beyond_chance | family(apart, name="superposition.readout_apart", unit="")


def _whole(groups: Mapping[str, Sequence[Arrays]], measure: str) -> Table:
    """A measure that a network has once, where it has it."""
    return {
        condition: {"": np.array([run[measure] for run in group])}
        for condition, group in groups.items()
        if measure in group[0]
    }


def _table(groups: Mapping[str, Sequence[Arrays]], measure: str, *, moment: int) -> Table:
    return {
        condition: {
            str(at): np.array([run[f"{measure}/{at}"][moment] for run in group])
            for at in group[0]["layers"]
            if f"{measure}/{at}" in group[0]
        }
        for condition, group in groups.items()
    }


def _differences(
    table: Table, groups: Mapping[str, Sequence[Arrays]], grid: Grid, *, name: str, unit: str, margin: float
) -> dict[str, Any]:
    ends = {condition: str(group[0]["layers"][-1]) for condition, group in groups.items()}
    channels = {condition: group[0]["channels"].tolist() for condition, group in groups.items()}
    compared = pairs(grid, table, measure=name) | last_pairs(grid, table, ends, channels, measure=name)
    return differences(grid, compared, name=name, unit=unit, margin=margin)


def _constants(groups: Mapping[str, Sequence[Arrays]]) -> dict[str, Any]:
    """How many units each layer has, and how far apart that lets the classes be."""
    named = {}
    for condition, group in groups.items():
        for layer in group[0]["layers"]:
            size, classes = int(group[0][f"size/{layer}"]), len(group[0][f"cosine/{layer}"])
            at = f"{condition}.{layer}"
            named[f"superposition.size.{at}"] = constant(size, unit="units", n=1, method="units of the layer")
            method = f"smallest mean squared cosine of {classes} centred directions"
            named[f"superposition.least.{at}"] = constant(least(size, count=classes), unit="", n=1, method=method)
    return named


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths > 0 else 0.0
