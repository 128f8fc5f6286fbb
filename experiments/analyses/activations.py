"""How the distributions inside the networks move while they train: what each layer's values drift by.

In: the record of every run (means, deviations, quantiles and histograms of each hook point at every epoch,
read on the probe images), and what each layer hands on. Out: arrays to draw, and facts: how far each hook point moved,
and when; and how much of what its units do is a matter of the class.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from experiments.evidence import Grid, by_condition, differences, of_layers, pairs, shown
from experiments.statistics import Number, constant, summary

Record = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {hook point: one value per seed}}

ALL = -1  # the column of `mean/<hook>` and `std/<hook>` that is over all probe images; those before are the classes
UNITS = {  # measure: its unit
    "mean_shift": "",
    "spread_start": "",
    "spread_end": "",
    "spread_ratio": "times",
    "half_way": "epochs",
    "class_apart": "SD",
}
COMPARED = ("mean_shift", "spread_ratio")
MARGINS = {  # the smallest difference that a reader should care about
    "mean_shift": 0.1,  # a tenth of the untrained layer's standard deviation
    "spread_ratio": 0.1,
    "class_share": 2.0,  # of shares that training moves by tens of points
}


def read(*, layers: Record, probe: Record) -> dict[str, Any]:
    """How much of what one network's units do is a matter of the class, untrained and at the end.

    layers: "<epoch>/<hook>" (image, ...), what each layer hands on. probe: labels (image,). Returns `arrays.npz`:
    hook_points, in order of depth, and class_share/<hook> (2,), in %, see `class_share`.
    """
    epochs = sorted({int(name.partition("/")[0]) for name in layers})
    hooks = [name.partition("/")[2] for name in layers if name.startswith(f"{epochs[0]}/")]
    shares = {
        f"class_share/{hook}": np.array(
            [100 * class_share(layers[f"{epoch}/{hook}"], probe["labels"]) for epoch in (epochs[0], epochs[-1])]
        )
        for hook in hooks
    }
    return {"arrays.npz": {"hook_points": np.array(hooks), **shares}}


def class_share(activations: Float[np.ndarray, "image unit *position"], labels: Integer[np.ndarray, " image"]) -> float:
    """The share of a unit's variance that lies between the means of the classes, in [0, 1], averaged over units.

    The correlation ratio eta^2 (Fisher 1925): what is left of the variance when each image is replaced by the mean of
    its class. A channel counts once for each of its positions; units that say the same of every image have no
    variance to share, and are left out (0 where none is left). Averaging over units before the variance is taken
    would lose what is asked: units that stand for different classes cancel.
    """
    points = activations.reshape(len(activations), -1).astype(np.float64)
    points = points[:, np.ptp(points, axis=0) > 0]
    if not points.shape[1]:
        return 0.0
    points -= points.mean(axis=0)
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    members = np.eye(len(counts))[places]  # (image, class)
    between = np.square(members.T @ points) / counts[:, None]
    return float((between.sum(axis=0) / np.square(points).sum(axis=0)).mean())


def drift(
    *,
    records: Mapping[str, Record],
    shares: Mapping[str, Record],
    probe: Record,
    card: Mapping[str, Any],
    grid: Grid,
) -> dict[str, Any]:
    """Drift of the statistics of every hook point, per condition, from epoch 0 (untrained) to the last.

    records: {"mlp-raw/0": record}. shares: {"mlp-raw/0": arrays of `read`}. probe: images and labels. card: of the data
    set; its `class_names` label the classes. Returns `arrays.npz`, for each condition and hook point

        mean/<condition>/<hook>, std/<condition>/<hook>   (seed, epoch)
        class_mean/<condition>/<hook>                     (epoch, class) mean over seeds
        quantile/<condition>/<hook>                       (epoch, 9)   mean over seeds, at `quantile_levels`
        histogram/<condition>/<hook>                      (moment, bin) shares of all values, mean over seeds,
                                                          at the epochs `moments`, between `histogram_edges`
                                                          (of the input without its black pixels, see `black`)
        black/<condition>                                 (value, share) what a black pixel is fed as, and the share of
                                                          the input's values that it is
        unit_mean/<condition>/<layer>                     (epoch, unit) specimen, mean over the classes
        unit_active/<condition>/<layer>                   (epoch, unit) specimen, share of images

    and `facts.json`, named `activations.<measure>.<condition>.<hook>`; see `measures`, and for `class_share`
    `evidence.of_layers`.
    """
    groups = by_condition(records)
    first = next(iter(records.values()))
    moments = _moments({len(record["mean/input"]) - 1 for record in records.values()})
    arrays: dict[str, np.ndarray] = {
        "classes": np.array(card["class_names"]),
        "moments": np.array(moments),
        "quantile_levels": first["quantile_levels"],
        "histogram_edges": first["histogram_edges"],
    }
    for condition, runs in groups.items():
        arrays[f"hook_points/{condition}"] = np.array([str(hook) for hook in runs[0]["hook_points"]])
        arrays |= _units(condition, shown(records, grid, condition))
        for hook in arrays[f"hook_points/{condition}"]:
            arrays |= _hook(condition, hook, runs, moments)
        value, share, bin_ = black(runs[0], probe["images"])
        arrays[f"black/{condition}"] = np.array([value, share])
        arrays[f"histogram/{condition}/{runs[0]['hook_points'][0]}"][:, bin_] -= share
    named = facts(groups, grid) | _shares(shares, grid, probe["labels"]) | _black(probe["images"])
    return {"arrays.npz": arrays, "facts.json": named}


def black(record: Record, images: Integer[np.ndarray, "image height width"]) -> tuple[float, float, int]:
    """(value, share, bin) of the black pixels in what a network is fed: one value, which no density can show.

    They are its lowest value, whatever is subtracted and divided by; `bin` is that of the histogram. Where a treatment
    makes several values of black, the bin holds fewer values than there are black pixels, and the share is 0.
    """
    share, lowest = float((images == 0).mean()), float(record["quantile/input"][0, 0])
    shares = record["histogram/input"][0] / record["histogram/input"][0].sum()
    place = int(np.searchsorted(record["histogram_edges"], lowest, side="right")) - 1
    bin_ = min(max(place, 0), len(shares) - 1)
    return lowest, share if shares[bin_] >= share - 1e-6 else 0.0, bin_


def _moments(lengths: Collection[int]) -> list[int]:
    """The epochs that histograms are shown at: untrained, after the first, half way, and the last.

    Of trainings of different lengths there is no such half, and -1 stands for the last of each.
    """
    if len(lengths) > 1:
        return [0, 1, -1] if min(lengths) > 1 else [0, -1]
    (epochs,) = lengths
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
    class_apart    by how much the means of the classes, from the lowest to the highest, have come to lie further apart,
                   each time in units of the standard deviation then: a layer that merely grows has 0

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
        "class_apart": _ratio(np.ptp(mean[-1, :ALL]), end) - _ratio(np.ptp(mean[0, :ALL]), start),
    }


def units_half_way(unit_means: Float[np.ndarray, "epoch unit class"]) -> float:
    """The first epoch at which the units of a layer have made half of the way that their means on the classes go.

    The way made is the mean absolute change since the start, over units and classes. Of walks without a direction, of
    equal steps throughout, it grows as the root of time, and half of it takes a quarter of the epochs.
    """
    way = np.abs(unit_means - unit_means[0]).mean(axis=(1, 2))
    return float(np.argmax(way >= way[-1] / 2))


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
        f"activations.{measure}.{condition}.{hook}": summary(
            values, unit=UNITS[measure], least=None if measure == "class_apart" else 0.0
        )
        for measure, table in tables.items()
        for condition, hooks in table.items()
        for hook, values in hooks.items()
    }
    for condition, runs in groups.items():
        for layer in [name.partition("/")[2] for name in runs[0] if name.startswith("class_mean/")]:
            ends = [units_half_way(run[f"class_mean/{layer}"]) for run in runs]
            named[f"activations.units_half_way.{condition}.{layer}"] = summary(ends, unit="epochs", least=0.0)
    for measure in COMPARED:
        named |= _differences(tables[measure], groups, grid, measure=measure)
    return named | _inputs(groups)


def _shares(runs: Mapping[str, Record], grid: Grid, labels: np.ndarray) -> dict[str, Any]:
    """Shares between classes at the start, at the end and their gain, per layer; and the share that chance gives."""
    groups = by_condition(runs)
    start, end = (
        {
            condition: {
                str(hook): np.array([float(run[f"class_share/{hook}"][moment]) for run in group])
                for hook in group[0]["hook_points"]
            }
            for condition, group in groups.items()
        }
        for moment in (0, -1)
    )
    chance = 100 * (len(np.unique(labels)) - 1) / (len(labels) - 1)
    method = "expected where classes are dealt out at random: (classes - 1) / (images - 1)"
    found = of_layers(start, end, grid, measure="activations.class_share", unit="%", margin=MARGINS["class_share"])
    return found | {"activations.class_share_chance": constant(chance, unit="%", n=len(labels), method=method)}


def _black(images: np.ndarray) -> dict[str, Any]:
    share = 100 * float((images == 0).mean())
    return {"activations.black": constant(share, unit="%", n=len(images), method="black pixels of the probe images")}


def _differences(table: Table, groups: Mapping[str, Sequence[Record]], grid: Grid, *, measure: str) -> dict[str, Any]:
    name = f"activations.{measure}"
    last = {
        condition: {"last": hooks[read_at(groups[condition][0], str(groups[condition][0]["layers"][-2]))]}
        for condition, hooks in table.items()
    }
    compared = pairs(grid, table, measure=name) | pairs(grid, last, measure=name, axis="architecture")
    unit = "" if UNITS[measure] == "times" else UNITS[measure]
    return differences(grid, compared, name=name, unit=unit, margin=MARGINS.get(measure))


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
