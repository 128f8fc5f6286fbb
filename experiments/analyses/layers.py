"""What LayerNorm, BatchNorm and Dropout add to the MLP on normalized input: variants beside the plain network.

In: the records of all variants, whose seeds pair up. Out: curves to draw, and facts: accuracy, generalisation gap,
drift, dead units and selectivity of each variant, and its difference from the plain one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.analyses import health
from experiments.analyses.activations import read_at
from experiments.evidence import by_condition
from experiments.measures.units import living, participation_ratio, selectivity
from experiments.statistics import Fact, constant, family, summary
from experiments.verdicts import HIGHER, LOWER

Record = Mapping[str, np.ndarray]
Table = dict[str, np.ndarray]  # {variant: one value per seed}

PLAIN = "plain"
PREFERRED = "notebooks"  # the combination that the notebooks found best
UNITS = {
    "test_accuracy": "%",
    "test_loss": "nats",
    "gap": "points",
    "decline": "points",
    "first_epoch": "%",
    "shift": "",
    "growth": "",
    "dead": "%",
    "always": "%",
    "selectivity": "",
    "participation": "classes",  # called as the data set calls them
}

MARGINS = {  # the smallest difference that a reader should care about
    "test_accuracy": 0.25,  # one image in four hundred
    "gap": 0.25,
    "decline": 0.25,
    "first_epoch": 2.0,  # one image in fifty, where whole networks are tens of points apart
    "test_loss": 0.01,  # the probability of the right class, changed by one per cent of itself
    "shift": 0.1,  # a tenth of a standard deviation
    "growth": 0.1,
    "dead": 0.5,  # less than one of two hundred units
    "always": 0.5,
    "selectivity": 0.01,  # of a measure that goes from nought to one
    "participation": 0.1,  # a tenth of a class
}
LEAST = dict.fromkeys(("test_loss", "decline", "shift", "growth", "selectivity", "participation"), 0.0)  # by definition


def compare(
    *,
    records: Mapping[str, Record],
    settled: Mapping[str, Record],
    card: Mapping[str, Any],
    titles: Mapping[str, str],
    dropout: float,
) -> dict[str, Any]:
    """All variants of the MLP, side by side.

    records: {"<variant>/<seed>": record}; "plain" is the network without additions. settled: arrays of `settled.read`,
    by the same names, of the runs whose drift is counted from there and not from the record. card: of the data set.
    titles: {variant: what it is called}; dropout: the share that is dropped where there is Dropout. Returns

    `arrays.npz`: variants, titles; test_accuracy/<variant> (seed, epoch), in %; mean and std /<variant>/<layer> (seed,
    epoch) of what a hidden layer hands on; value/<measure>/<variant> (seed,);
    `facts.json`: layers.<measure>.<variant>; layers.<measure>.difference.<variant> from the plain network;
    layers.preferred.<variant>, the test accuracy of the notebooks' combination minus that of the variant.
    """
    records = {name: from_settled(record, settled.get(name, {})) for name, record in records.items()}
    groups = by_condition(records)
    order = [variant for variant in titles if variant in groups]
    arrays: dict[str, np.ndarray] = {
        "variants": np.array(order),
        "titles": np.array([titles[variant] for variant in order]),
    }
    tables: dict[str, Table] = {measure: {} for measure in UNITS}
    for variant in order:
        runs = groups[variant]
        arrays[f"test_accuracy/{variant}"] = 100 * np.stack([run["test_accuracy"] for run in runs])
        for layer in hidden_layers(runs[0]):
            for statistic in ("mean", "std"):
                values = [run[f"{statistic}/{handed_on(run, layer)}"][:, -1] for run in runs]
                arrays[f"{statistic}/{variant}/{layer}"] = np.stack(values)
        found = [measures(run) for run in runs]
        for measure in found[0]:
            tables[measure][variant] = np.array([values[measure] for values in found])
    arrays |= {f"value/{measure}/{variant}": v for measure, table in tables.items() for variant, v in table.items()}
    arrays = {name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in arrays.items()}
    seeds = len(groups[PLAIN])
    constants = {
        "layers.seeds": constant(seeds, unit="times", n=seeds, method="seeds of each variant"),
        "layers.dropout": constant(100 * dropout, unit="%", n=seeds, method="share of activations dropped in training"),
    }
    return {"arrays.npz": arrays, "facts.json": facts(tables, kinds=card["kinds"]) | constants}


def measures(record: Record) -> dict[str, float]:
    """The measures of one network after training.

    test_accuracy in %, test_loss; gap: training minus test accuracy, in points; first_epoch: test accuracy after it;
    decline: the best test accuracy of any epoch minus the last, in points
    shift, growth: see `drift`; mean over the hidden layers
    dead, always: share of the hidden units that are dead or always on, in %
    selectivity, participation: mean over the living units of the last hidden layer, read behind its ReLU
    Without a ReLU there the last four are left out.
    """
    accuracy = 100 * record["test_accuracy"]
    hidden = hidden_layers(record)
    drifts = [drift(record, layer) for layer in hidden]
    found = {
        "test_accuracy": float(accuracy[-1]),
        "test_loss": float(record["test_loss"][-1]),
        "gap": float(100 * record["final_train_accuracy"] - accuracy[-1]),
        "decline": float(accuracy.max() - accuracy[-1]),
        "first_epoch": float(accuracy[1]),
        "shift": float(np.mean([shift for shift, _ in drifts])),
        "growth": float(np.mean([growth for _, growth in drifts])),
    }
    if hidden[-1] not in health.hidden_layers(record):
        return found
    of_units = health.measures(record, health.hidden_layers(record))
    means = record[f"class_mean/{hidden[-1]}"][-1]
    alive = means[living(means)]
    return found | {
        "dead": of_units["dead"],
        "always": of_units["always"],
        "selectivity": float(selectivity(alive).mean()) if len(alive) else 0.0,
        "participation": float(participation_ratio(alive).mean()) if len(alive) else 0.0,
    }


def hidden_layers(record: Record) -> list[str]:
    """All layers but the logits."""
    return [str(layer) for layer in record["layers"][:-1]]


def drift(record: Record, layer: str) -> tuple[float, float]:
    """How far the statistics of what a layer hands on move while training: (shift, growth).

    shift: the distance between its mean untrained and at the end, in standard deviations of the untrained network;
    growth: its standard deviation at the end divided by that of the untrained network. 0 and 1: nothing moved,
    or the untrained layer says the same of every image and so has no deviation to measure by.
    """
    point = handed_on(record, layer)
    mean, std = record[f"mean/{point}"][:, -1], record[f"std/{point}"][:, -1]
    if std[0] == 0:
        return 0.0, 1.0
    return float(abs(mean[-1] - mean[0]) / std[0]), float(std[-1] / std[0])


def from_settled(record: Record, start: Record) -> Record:
    """The record, with its untrained network's statistics replaced by those of `start` where it has any.

    Running statistics are made as a mean of 0 and a variance of 1. The first steps of training set them, which is no
    drift of what the network does to images.
    """
    return {**record, **{name: np.concatenate([value[None], record[name][1:]]) for name, value in start.items()}}


def handed_on(record: Record, layer: str) -> str:
    """The hook point of what a layer hands to the next: behind its ReLU, or behind what follows that."""
    return f"{layer}.out" if f"{layer}.out" in record["hook_points"] else read_at(record, layer)


def facts(tables: Mapping[str, Table], *, kinds: str) -> dict[str, Fact]:
    """Means per variant; differences from the plain network; the notebooks' combination against every other.

    kinds: what several classes are called.
    """
    named: dict[str, Fact] = {}
    for measure, table in tables.items():
        unit = kinds if measure == "participation" else UNITS[measure]
        named |= {
            f"layers.{measure}.{variant}": summary(values, unit=unit, least=LEAST.get(measure))
            for variant, values in table.items()
        }
        pairs = {
            f"layers.{measure}.difference.{variant}": (values, table[PLAIN])
            for variant, values in table.items()
            if variant != PLAIN and PLAIN in table
        }
        apart = "points" if unit == "%" else unit
        named |= family(pairs, name=f"layers.{measure}", unit=apart, margin=MARGINS[measure])
    accuracy = tables["test_accuracy"]
    rivals = {
        f"layers.preferred.{variant}": (accuracy[PREFERRED], values)
        for variant, values in accuracy.items()
        if variant != PREFERRED
    }
    named |= family(rivals, name="layers.preferred", unit="points", margin=MARGINS["test_accuracy"])
    return named | _ranks(named, accuracy)


def _ranks(named: Mapping[str, Fact], accuracy: Table) -> dict[str, Fact]:
    """Where the notebooks' combination stands: its rank by mean test accuracy, and how many it beats or loses to."""
    seeds = len(accuracy[PLAIN])
    means = {variant: float(values.mean()) for variant, values in accuracy.items()}
    rank = 1 + sum(mean > means[PREFERRED] for mean in means.values())
    rivals = [named[f"layers.preferred.{variant}"] for variant in accuracy if variant != PREFERRED]
    against_plain = [named[f"layers.test_accuracy.difference.{variant}"] for variant in accuracy if variant != PLAIN]
    counts = {
        "layers.rank": (rank, "", "place by mean test accuracy, 1 is the best"),
        "layers.preferred.higher": (_found(rivals, HIGHER), "", "networks that the notebooks' combination beats"),
        "layers.preferred.lower": (_found(rivals, LOWER), "", "networks that beat the notebooks' combination"),
        "layers.helped": (_found(against_plain, HIGHER), "", "variants that read better than plain"),
        "layers.hurt": (_found(against_plain, LOWER), "", "variants that read worse than plain"),
        "layers.variants": (len(accuracy) - 1, "ways", "variants beside the plain network"),
    }
    return {name: constant(value, unit=unit, n=seeds, method=method) for name, (value, unit, method) in counts.items()}


def _found(differences: Sequence[Fact], word: str) -> int:
    """How many differences have a verdict."""
    return sum(fact["verdict"] == word for fact in differences)
