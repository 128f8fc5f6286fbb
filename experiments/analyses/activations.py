"""How the distributions inside the networks move while they train: what each layer's values drift by.

In: the record of every run (means, deviations, quantiles and histograms of each hook point at every epoch,
read on the probe images). Out: arrays to draw, and facts: how far each hook point moved, and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from experiments.evidence import Grid, by_condition, pairs
from experiments.statistics import Number, constant, family, summary

Record = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {hook point: one value per seed}}

ALL = -1  # the column of `mean/<hook>` and `std/<hook>` that is over all probe images; those before are the classes
UNITS = {  # measure: its unit
    "mean_shift": "",
    "spread_start": "",
    "spread_end": "",
    "spread_ratio": "times",
    "half_way": "epochs",
    "class_share_start": "%",
    "class_share_end": "%",
}
COMPARED = ("mean_shift", "spread_ratio")
MARGINS = {  # the smallest difference that a reader should care about
    "mean_shift": 0.1,  # a tenth of the untrained layer's standard deviation
    "spread_ratio": 0.1,
}


def drift(*, records: Mapping[str, Record], card: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    """Drift of the statistics of every hook point, per condition, from epoch 0 (untrained) to the last.

    records: {"mlp-raw/0": record}. card: of the data set; its `class_names` label the classes.
    Returns `arrays.npz`, for each condition and hook point

        mean/<condition>/<hook>, std/<condition>/<hook>   (seed, epoch)
        class_mean/<condition>/<hook>                     (epoch, class) mean over seeds
        quantile/<condition>/<hook>                       (epoch, 9)   mean over seeds, at `quantile_levels`
        histogram/<condition>/<hook>                      (moment, bin) shares of all values, mean over seeds,
                                                          at the epochs `moments`, between `histogram_edges`
        unit_mean/<condition>/<layer>                     (epoch, unit) first seed, mean over the classes
        unit_active/<condition>/<layer>                   (epoch, unit) first seed, share of images

    and `facts.json`, named `activations.<measure>.<condition>.<hook>`; see `measures`.
    """
    groups = by_condition(records)
    first = next(iter(records.values()))
    moments = _moments(len(first["mean/input"]) - 1)
    arrays: dict[str, np.ndarray] = {
        "classes": np.array(card["class_names"]),
        "moments": np.array(moments),
        "quantile_levels": first["quantile_levels"],
        "histogram_edges": first["histogram_edges"],
    }
    for condition, runs in groups.items():
        arrays[f"hook_points/{condition}"] = np.array([str(hook) for hook in runs[0]["hook_points"]])
        arrays |= _units(condition, runs[0])
        for hook in arrays[f"hook_points/{condition}"]:
            arrays |= _hook(condition, hook, runs, moments)
    return {"arrays.npz": arrays, "facts.json": facts(groups, grid)}


def _moments(epochs: int) -> list[int]:
    """The epochs that histograms are shown at: untrained, after the first, half way, and the last."""
    return sorted({0, min(1, epochs), epochs // 2, epochs})


def _hook(condition: str, hook: str, runs: Sequence[Record], moments: Sequence[int]) -> dict[str, np.ndarray]:
    counts = np.stack([run[f"histogram/{hook}"][list(moments)] for run in runs]).astype(float)
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    found = {
        "mean": np.stack([run[f"mean/{hook}"][:, ALL] for run in runs]),
        "std": np.stack([run[f"std/{hook}"][:, ALL] for run in runs]),
        "class_mean": np.mean([run[f"mean/{hook}"][:, :ALL] for run in runs], axis=0),
        "quantile": np.mean([run[f"quantile/{hook}"] for run in runs], axis=0),
        "histogram": shares.mean(axis=0),
    }
    return {f"{kind}/{condition}/{hook}": values.astype(np.float32) for kind, values in found.items()}


def _units(condition: str, run: Record) -> dict[str, np.ndarray]:
    layers = [str(layer) for layer in run["layers"] if f"active/{layer}" in run]
    return {
        f"{kind}/{condition}/{layer}": values.astype(np.float32)
        for layer in layers
        for kind, values in (
            ("unit_mean", run[f"class_mean/{layer}"].mean(axis=2)),
            ("unit_active", run[f"active/{layer}"]),
        )
    }


def measures(mean: Float[np.ndarray, "epoch column"], std: Float[np.ndarray, "epoch column"]) -> dict[str, float]:
    """The drift of one hook point of one network, from its means and standard deviations.

    mean_shift     |mean at the end - mean at the start| in units of the standard deviation at the start
    spread_start, spread_end, spread_ratio   standard deviation at the start, at the end, and end / start
    half_way       the first epoch at which the standard deviation has made at least half of its way
    class_share_start, class_share_end       share of the variance that lies between the class means, in %

    A ratio to a spread of zero (a silent layer) has no meaning and is given as 0.
    """
    start, end = std[0, ALL], std[-1, ALL]
    way = np.abs(std[:, ALL] - start)
    return {
        "mean_shift": _ratio(abs(mean[-1, ALL] - mean[0, ALL]), start),
        "spread_start": float(start),
        "spread_end": float(end),
        "spread_ratio": _ratio(end, start),
        "half_way": float(np.argmax(way >= way[-1] / 2)),
        "class_share_start": 100 * _ratio(mean[0, :ALL].var(), start**2),
        "class_share_end": 100 * _ratio(mean[-1, :ALL].var(), end**2),
    }


def _ratio(part: Number, whole: Number) -> float:
    return float(part / whole) if whole > 0 else 0.0


def facts(groups: Mapping[str, Sequence[Record]], grid: Grid) -> dict[str, Any]:
    """Every measure per condition and hook point, and paired differences of how far the statistics moved.

    The comparisons between architectures are made where both have the hook point: at the logits, and where the last
    hidden layer is read, called `last`.
    """
    tables: dict[str, Table] = {measure: {} for measure in UNITS}
    for condition, runs in groups.items():
        for hook in [str(hook) for hook in runs[0]["hook_points"] if hook != "input"]:
            found = [measures(run[f"mean/{hook}"], run[f"std/{hook}"]) for run in runs]
            for measure, table in tables.items():
                table.setdefault(condition, {})[hook] = np.array([values[measure] for values in found])
    named = {
        f"activations.{measure}.{condition}.{hook}": summary(values, unit=UNITS[measure], least=0.0)
        for measure, table in tables.items()
        for condition, hooks in table.items()
        for hook, values in hooks.items()
    }
    for measure in COMPARED:
        named |= _differences(tables[measure], groups, grid, measure=measure)
    return named | _inputs(groups)


def _differences(table: Table, groups: Mapping[str, Sequence[Record]], grid: Grid, *, measure: str) -> dict[str, Any]:
    name = f"activations.{measure}"
    last = {
        condition: {"last": hooks[read_at(groups[condition][0], str(groups[condition][0]["layers"][-2]))]}
        for condition, hooks in table.items()
    }
    compared = pairs(grid, table, measure=name) | pairs(grid, last, measure=name, axis="architecture")
    unit = "" if UNITS[measure] == "times" else UNITS[measure]
    return family(compared, name=name, unit=unit, margin=MARGINS.get(measure))


def read_at(record: Record, layer: str) -> str:
    """The hook point at which a layer's units are read, as its record has it; see `record.reading_point`."""
    return f"{layer}.post" if f"{layer}.post" in record["hook_points"] else layer


def _inputs(groups: Mapping[str, Sequence[Record]]) -> dict[str, Any]:
    """What the treatments do to the input itself: the same for every network that is fed with it."""
    found = {}
    for condition, runs in groups.items():
        for measure in ("mean", "std"):
            found[f"activations.input_{measure}.{condition}"] = constant(
                float(runs[0][f"{measure}/input"][0, ALL]),
                unit="",
                n=1,
                method=f"{measure} over all pixels of the probe images, after treatment",
            )
    return found
