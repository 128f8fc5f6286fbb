"""Do classes share directions: how far apart a layer keeps them, and over how many units it spreads each.

In: the record of every run (class means by epoch) and its weights. Out: arrays and facts for the study. A class's
direction in a layer is its class mean minus the mean of all classes' means; ten of them lie in at most nine
dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from experiments.analyses.absent import ALONE, gathered, told
from experiments.evidence import Grid, by_condition, pairs
from experiments.measures.units import rank_correlation, rotations
from experiments.statistics import constant, family, summary

Arrays = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {layer: one value per seed}}
Directions = Float[np.ndarray, "*shape classes unit"]

NEAR = 1e-3  # how far recorded averages may lie from what weights make of others, as a share of the largest
DRAWS = 10  # rotations that a layer is compared with
UNITS = {"interference": "", "own": "", "units": "units", "units_rotated": "units"}
MARGINS = {  # the smallest difference that a reader should care about
    "interference": 0.01,  # of a mean squared cosine, in which one in ten is large
    "own": 0.02,  # of a share
    "units": 0.25,  # a quarter of a unit
    "units_rotated": 0.25,
    "basis": 0.25,
}


def compare(*, records: Mapping[str, Arrays], weights: Mapping[str, Arrays], grid: Grid) -> dict[str, Any]:
    """How the digits share each hidden layer, for all networks.

    records: {"mlp-raw/0": record of the run}. weights: {"mlp-raw/0": {parameter: (epoch, ...)}}. Returns
    `arrays.npz`, for every condition: layers/<condition>; misread/<condition> (class, class), how many images of either
    of two classes are read as the other, and cosine/<condition>/<layer> (class, class), means over seeds at the end;
    interference, own, units, units_rotated /<condition>/<layer> (seed, epoch), see `read`; and `facts.json`:

        superposition.<measure>.<condition>.<layer>   at the end, also `_start` and, as a paired difference, `_gain`
        superposition.basis.<condition>.<layer>       units minus units_rotated
        superposition.least.<layer>, .chance.<layer>  interference at its smallest possible, and of random directions
        superposition.confused.<condition>            rank correlation, over pairs of digits, of their cosine in the
                                                      last hidden layer with how often they are misread for each other
        superposition.closest.<condition>, .furthest  the largest and the smallest cosine in the last hidden layer
        superposition.readout.<condition>             interference of the logits' weights, and `.alignment` their cosine
                                                      with the digits' directions; where the logits are a weighted sum
                                                      of the last hidden layer's units, see `reading_weights`

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
    """One network: layers; for each of them size, and (epoch,) interference, own, units, units_rotated, and cosine
    (class, class) at the end; and at the end misread (class, class) and, as numbers, confused, readout, alignment,
    closest and furthest (see `compare`). Of a single unit nothing is rotated."""
    layers = [str(layer) for layer in record["layers"][:-1]]
    found: dict[str, np.ndarray] = {"layers": np.array(layers)}
    reasons = []
    for layer in layers:
        found_directions = directions(record[f"class_mean/{layer}"])
        found |= {
            f"interference/{layer}": interference(found_directions),
            f"own/{layer}": dimensionality(found_directions).mean(axis=-1),
            f"units/{layer}": spread(found_directions).mean(axis=-1),
            f"cosine/{layer}": cosines(found_directions[-1]),
            f"size/{layer}": np.array(found_directions.shape[-1]),
        }
        if found_directions.shape[-1] == 1:
            reasons.append(f"rotations of {layer}: {ALONE}")
            continue
        turned = rotations(found_directions.shape[-1], draws=DRAWS, seed=0)
        found[f"units_rotated/{layer}"] = np.mean([spread(found_directions @ q).mean(axis=-1) for q in turned], axis=0)
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


def couples(classes: int) -> list[tuple[int, int]]:
    """Every pair of classes."""
    return list(combinations(range(classes), 2))


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


def directions(means: Float[np.ndarray, "*shape unit classes"]) -> Directions:
    """Each class's direction: its class mean minus the mean of all classes', so that what all share counts for none."""
    means = means.astype(np.float64)
    return np.swapaxes(means - means.mean(axis=-1, keepdims=True), -1, -2)


def cosines(found: Directions) -> Float[np.ndarray, "*shape classes classes"]:
    """The cosine of every pair of directions; 0 where one of them has no length."""
    lengths = np.linalg.norm(found, axis=-1, keepdims=True)
    unit = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    return unit @ np.swapaxes(unit, -1, -2)


def interference(found: Directions) -> Float[np.ndarray, "*shape"]:
    """Mean squared cosine over pairs of directions: 0 if all stand at right angles, 1 if all lie on one line.

    What one direction is read as being of another, as in Elhage et al. (2022), "Toy Models of Superposition".
    """
    squared = cosines(found) ** 2
    return np.asarray(np.mean([squared[..., i, j] for i, j in couples(found.shape[-2])], axis=0))


def dimensionality(found: Directions) -> Float[np.ndarray, "*shape classes"]:
    """The share of a dimension that each direction has to itself: |w|^2 / sum over directions v of (w/|w| . v)^2.

    Elhage et al. (2022), section "The Geometry of Superposition". 1: at right angles to all others; 1/2: shared with
    one other of equal length; 0: a direction without length.
    """
    lengths = np.linalg.norm(found, axis=-1)
    projected = (cosines(found) * lengths[..., None, :]) ** 2
    total = projected.sum(axis=-1)
    return np.divide(lengths**2, total, out=np.zeros_like(total), where=total > 0)


def spread(found: Directions) -> Float[np.ndarray, "*shape classes"]:
    """Over how many units each direction is spread: participation ratio of its squared components.

    1: a single unit carries it; the number of units: all carry it alike. A random direction in d dimensions has about
    (d + 2) / 3. 0 for a direction without length.
    """
    squares = found**2
    fourth = (squares**2).sum(axis=-1)
    return np.divide(squares.sum(axis=-1) ** 2, fourth, out=np.zeros_like(fourth), where=fourth > 0)


def least(dimensions: int, *, count: int) -> float:
    """The smallest mean squared cosine that `count` directions can have in so many dimensions (Welch 1974)."""
    room = min(dimensions, count - 1)  # they are centred, so one dimension is lost
    return (count - room) / (room * (count - 1))


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
        named |= _differences(end, grid, name=name, unit=unit, margin=MARGINS[measure])
    own, turned = (_table(groups, measure, moment=-1) for measure in ("units", "units_rotated"))
    against = {
        f"superposition.basis.{c}.{layer}": (own[c][layer], v) for c, at in turned.items() for layer, v in at.items()
    }
    named |= family(against, name="superposition.basis", unit="units", margin=MARGINS["basis"])
    for measure in ("confused", "readout", "alignment", "closest", "furthest"):
        values = {
            condition: {"": np.array([run[measure] for run in group])}
            for condition, group in groups.items()
            if measure in group[0]
        }
        name = f"superposition.{measure}"
        named |= {f"{name}.{condition}": summary(each[""], unit="") for condition, each in values.items()}
        named |= family(pairs(grid, values, measure=name), name=name, unit="")
    return named | _constants(groups)


def _table(groups: Mapping[str, Sequence[Arrays]], measure: str, *, moment: int) -> Table:
    return {
        condition: {
            str(at): np.array([run[f"{measure}/{at}"][moment] for run in group])
            for at in group[0]["layers"]
            if f"{measure}/{at}" in group[0]
        }
        for condition, group in groups.items()
    }


def _differences(table: Table, grid: Grid, *, name: str, unit: str, margin: float) -> dict[str, Any]:
    last = {condition: {"last": list(layers.values())[-1]} for condition, layers in table.items() if layers}
    compared = pairs(grid, table, measure=name) | pairs(grid, last, measure=name, axis="architecture")
    return family(compared, name=name, unit=unit, margin=margin)


def _constants(groups: Mapping[str, Sequence[Arrays]]) -> dict[str, Any]:
    """How many units each layer has, and what that makes possible; of a layer that is not everywhere of one size, by
    condition."""
    named = {}
    sizes: dict[str, set[int]] = {}
    for group in groups.values():
        for layer in group[0]["layers"]:
            sizes.setdefault(str(layer), set()).add(int(group[0][f"size/{layer}"]))
    for condition, group in groups.items():
        for layer in group[0]["layers"]:
            size = int(group[0][f"size/{layer}"])
            at = str(layer) if len(sizes[str(layer)]) == 1 else f"{condition}.{layer}"
            named[f"superposition.size.{at}"] = constant(size, unit="units", n=1, method="units of the layer")
            classes = len(group[0][f"cosine/{layer}"])
            room, said = min(size, classes - 1), "ten" if classes == 10 else classes
            method = f"smallest mean squared cosine of {said} centred directions"
            named[f"superposition.least.{at}"] = constant(least(size, count=classes), unit="", n=1, method=method)
            named[f"superposition.chance.{at}"] = constant(
                1 / room, unit="", n=1, method="expected squared cosine of random directions in as many dimensions"
            )
    return named


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths > 0 else 0.0
