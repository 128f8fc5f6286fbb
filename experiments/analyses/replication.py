"""Replication: the notebooks' recipe run again, and every number they report set beside the number it gives here.

In: the run with the notebooks' seed and plain kernels, the same run as every other of the study is trained, the run
on normalized input. Out: arrays to draw, and facts: published value, reproduced value, whether they agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from experiments.analyses import notebooks
from experiments.analyses.specimen import LAYER, READINGS
from experiments.analyses.training import epochs_to_reach
from experiments.measures.scaling import SCALES
from experiments.measures.units import class_selectivity, top_units
from experiments.statistics import Fact, constant

Arrays = Mapping[str, np.ndarray]

DIGITS = 10
RANKINGS = tuple(notebooks.TOP)
BY_CLASS = (*RANKINGS, "class_accuracy")  # arrays whose last axis is the class
VARIANTS = {"notebooks": "test_accuracy/notebooks", "dropout": "test_accuracy/dropout-1"}  # (seed, epoch), in %
OFF, BASE = SCALES.index(0.0), SCALES.index(1.0)
OVER_SEEDS = "mean over seeds of the variant, trained with the study's kernels"
EXACT, FAST = "the notebooks' recipe, run again with plain kernels", "the same with the study's kernels"


def compare(
    *,
    raw: Arrays,
    record: Arrays,
    fast: Arrays,
    fast_record: Arrays,
    normalized: Arrays,
    records: Mapping[str, Arrays],
    variants: Arrays,
) -> dict[str, Any]:
    """Every published number beside the reproduced one.

    raw, record: `specimen.read` and the record of the run with the notebooks' seed and plain kernels (see `exact`);
    fast, fast_record: the same of a run like every other of the study. normalized: the record of the run on normalized
    input. records: {"mlp-raw/0": record}, the study's runs. variants: the arrays of the page on layers.

    For each item of `notebooks.VALUES` the facts are replication.<item>.published, .reproduced, .match (1 if equal
    as far as it was rounded), for what is read in the raw network .fast and, for shares of images, .apart, in images.
    Raises KeyError for an item that nothing here measures. The notebooks speak of ten digits, see `of_ten`.
    """
    raw, record, fast, fast_record = (of_ten(arrays) for arrays in (raw, record, fast, fast_record))
    records = {name: of_ten(arrays) for name, arrays in records.items()}
    reproduced = measure(raw, record) | elsewhere(record, normalized, variants)
    quick = measure(fast, fast_record)
    facts: dict[str, Fact] = {}
    for name, published in notebooks.VALUES.items():
        facts |= _item(f"replication.{name}", published, reproduced[name], quick.get(name))
    for name, key in VARIANTS.items():
        facts[f"replication.{name}.reproduced"] |= {"n": len(variants[key]), "method": OVER_SEEDS}
    facts |= _counts(facts) | _apart(facts, record) | _quarter(record, normalized) | _random(raw) | _spread(variants)
    facts |= _corrected(raw) | _top_facts(raw, fast) | _numbers(records)
    arrays: dict[str, np.ndarray] = {
        "train_loss": record["train_loss"],
        "train_accuracy": 100 * record["train_accuracy"],
        "published": np.array([(epoch, *values) for epoch, values in notebooks.TRAINING.items()]),
        "scales": np.array(SCALES),
        "scaled_published": np.array(
            [(digit, scale, value) for digit, row in notebooks.SCALED.items() for scale, value in row.items()]
        ),
    }
    arrays |= {f"unit14/{reading}": class_accuracy(raw[f"confusion/{reading}"][14]) for reading in READINGS}
    for ranking in RANKINGS:
        arrays[f"top/{ranking}"] = top_units(raw[ranking])
        arrays[f"published_top/{ranking}"] = np.array(notebooks.TOP[ranking])
    return {"arrays.npz": arrays, "facts.json": facts}


def of_ten(arrays: Arrays) -> Arrays:
    """What was measured of another number of classes as if there were ten: those that lack have no images and no
    activation, and those beyond are left out."""

    def fitted(name: str, values: np.ndarray) -> np.ndarray:
        of_class = name in BY_CLASS or name.startswith("class_mean/")
        axes = 2 if name.startswith("confusion") else int(of_class)  # the last axes are classes
        for axis in range(values.ndim - axes, values.ndim):
            lacking = [(0, DIGITS if each == axis else 0) for each in range(values.ndim)]
            values = np.pad(values, lacking).take(range(DIGITS), axis=axis)
        return values

    return {name: fitted(name, values) for name, values in arrays.items()}


def class_accuracy(confusion: Int[np.ndarray, "*shape classes classes"]) -> Float[np.ndarray, "*shape classes"]:
    """Share of each class's images that are read as that class, in %."""
    return 100 * np.diagonal(confusion, axis1=-2, axis2=-1) / np.maximum(confusion.sum(axis=-1), 1)


def measure(found: Arrays, record: Arrays) -> dict[str, float]:
    """What the notebooks report, of one run; where an epoch was not trained, the last one stands for it."""
    last = len(record["train_loss"]) - 1
    values = {f"loss.{epoch}": record["train_loss"][min(epoch, last)] for epoch in notebooks.TRAINING}
    for epoch in notebooks.TRAINING:
        values[f"train_accuracy.{epoch}"] = 100 * record["train_accuracy"][min(epoch, last)]
    values["test_accuracy"] = 100 * record["test_accuracy"][-1]
    values |= {f"digit.{digit}": 100 * record["class_accuracy"][-1, digit] for digit in range(DIGITS)}
    values |= {f"silhouette.{name}": found[f"silhouette/{name}"] for name in ("all", *notebooks.SUBSETS)}
    if found["silhouette/random"].size:
        values["silhouette.random"] = found["silhouette/random"].mean()
    for digit, scales in notebooks.SCALED.items():
        for scale in scales:
            counts = found["confusion/undivided"][14, SCALES.index(float(scale))]
            values[f"unit14.digit{digit}.scale{scale}"] = class_accuracy(counts)[digit]
    off = found["confusion/divided"][:, OFF]
    values["unit7.nines_as_sevens"] = 100 * off[7, 9, 7] / max(off[7, 9].sum(), 1)
    values["unit7.eights_as_twos"] = 100 * off[7, 8, 2] / max(off[7, 8].sum(), 1)
    values["unit0.ones"], values["unit8.sixes"] = class_accuracy(off[0])[1], class_accuracy(off[8])[6]
    base = class_accuracy(found["confusion/divided"][15, BASE])
    values["unit15.effect"] = np.abs(class_accuracy(off[15]) - base).max()
    return {name: float(value) for name, value in values.items()}


def elsewhere(record: Arrays, normalized: Arrays, variants: Arrays) -> dict[str, float]:
    """The numbers that come from other runs: normalized input with the same seed, and the variants' means over seeds.

    catch_up: the share of the epochs, in %, after which the normalized run has the raw run's final test accuracy;
    all of them if it never has.
    """
    accuracy, target = normalized["test_accuracy"], record["test_accuracy"][-1]
    epochs = epochs_to_reach(accuracy, target)
    share = 100.0 if np.isnan(epochs) else 100 * epochs / (len(accuracy) - 1)
    return {
        "normalized": float(100 * accuracy[-1]),
        "catch_up": share,
        **{name: float(variants[key][:, -1].mean(dtype=np.float64)) for name, key in VARIANTS.items()},
    }


def agrees(value: float, published: notebooks.Published) -> bool:
    """Whether a number equals the published one as far as that was rounded."""
    return bool(abs(value - published.value) <= 0.5 * 10**-published.decimals + 1e-9)


def _item(name: str, published: notebooks.Published, value: float, quick: float | None) -> dict[str, Fact]:
    """The facts of one item: its value with plain kernels and, if it was read there, with the study's."""

    def fact(number: float, method: str, unit: str = published.unit) -> Fact:
        return constant(number, unit=unit, n=1, method=method)

    match = float(agrees(value, published))
    found = {
        f"{name}.published": fact(published.value, "published with the notebooks"),
        f"{name}.reproduced": fact(value, EXACT),
        f"{name}.match": fact(match, "1: equal as far as it was rounded", ""),
    }
    return found if quick is None else found | {f"{name}.fast": fact(quick, FAST)}


def _counts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """How many items agree as far as they were printed, and how many do not."""
    match = np.array([facts[f"replication.{name}.match"]["value"] for name in notebooks.VALUES]) == 1
    counts = {"items": match.size, "exact": match.sum(), "other": (~match).sum()}
    method = "published numbers, each compared as far as it was rounded"
    return {
        f"replication.{name}": constant(
            int(count), unit="numbers" if name == "items" else "", n=match.size, method=method
        )
        for name, count in counts.items()
    }


def _apart(facts: Mapping[str, Fact], record: Arrays) -> dict[str, Fact]:
    """How many images published and reproduced shares lie apart."""
    counts = record["confusion"].sum(axis=1)  # test images of each digit
    of = {"test_accuracy": counts.sum(), "unit7.nines_as_sevens": counts[9], "unit7.eights_as_twos": counts[8]}
    of |= {f"digit.{digit}": counts[digit] for digit in range(DIGITS)} | {"normalized": counts.sum()}
    of |= {
        f"unit14.digit{digit}.scale{scale}": counts[digit] for digit, row in notebooks.SCALED.items() for scale in row
    }
    apart = {
        name: abs(facts[f"replication.{name}.reproduced"]["value"] - facts[f"replication.{name}.published"]["value"])
        for name in of
    }
    return {
        f"replication.{name}.apart": constant(
            round(apart[name] / 100 * int(n)), unit="images", n=int(n), method="difference in images of the test set"
        )
        for name, n in of.items()
    }


def _quarter(record: Arrays, normalized: Arrays) -> dict[str, Fact]:
    """Where the normalized run stands after a quarter of the epochs, and what it then lacks to the raw run's end."""
    epoch = round((len(normalized["test_accuracy"]) - 1) / 4)
    accuracy, target = 100 * normalized["test_accuracy"][epoch], 100 * record["test_accuracy"][-1]
    method = f"test accuracy after epoch {epoch}"
    return {
        "replication.quarter.accuracy": constant(accuracy, unit="%", n=1, method=method),
        "replication.quarter.short": constant(
            target - accuracy, unit="points", n=1, method=f"raw at the end minus {method}"
        ),
    }


def _corrected(raw: Arrays) -> dict[str, Fact]:
    """Readings on the other images: unit 14 on pixels divided by 255 (replication.corrected.digit7.scale0 and so on),
    unit 7 on pixels that were not (replication.bright.eights_as_twos)."""
    accuracy = class_accuracy(raw["confusion/divided"][14])
    method = "share of the digit's test images read rightly, pixels divided by 255"
    eights = raw["confusion/undivided"][7, OFF, 8]
    bright = constant(
        100 * eights[2] / max(eights.sum(), 1), unit="%", n=1, method="unit 7 off, pixels not divided by 255"
    )
    return {"replication.bright.eights_as_twos": bright} | {
        f"replication.corrected.digit{digit}.scale{scale}": constant(
            accuracy[SCALES.index(float(scale)), digit], unit="%", n=1, method=method
        )
        for digit, scales in notebooks.SCALED.items()
        for scale in scales
    }


def _random(raw: Arrays) -> dict[str, Fact]:
    """How far the silhouette of five units goes with the draw of the units."""
    drawn = raw["silhouette/random"]
    method = "silhouette of five random units"
    return {
        "replication.silhouette.random.lowest": constant(drawn.min(), unit="", n=drawn.size, method=f"lowest {method}"),
        "replication.silhouette.random.highest": constant(
            drawn.max(), unit="", n=drawn.size, method=f"highest {method}"
        ),
        "replication.silhouette.random.draws": constant(
            drawn.size, unit="draws", n=drawn.size, method="random subsets"
        ),
    }


def _spread(variants: Arrays) -> dict[str, Fact]:
    """Between which values the seeds of a variant end: where a single run may land."""
    facts = {}
    for name, key in VARIANTS.items():
        ends = variants[key][:, -1]
        for which, value in (("lowest", ends.min()), ("highest", ends.max())):
            facts[f"replication.{name}.{which}"] = constant(
                value, unit="%", n=len(ends), method=f"{which} of the seeds"
            )
    return facts


def _top_facts(raw: Arrays, fast: Arrays) -> dict[str, Fact]:
    """How many of the published lists of top units come out, .lists with plain kernels and .fast with the study's."""
    facts = {}
    for ranking in RANKINGS:
        for name, found, how in (("lists", raw, EXACT), ("fast", fast, FAST)):
            same = (top_units(found[ranking]) == np.array(notebooks.TOP[ranking])).all(axis=1)
            facts[f"replication.top.{ranking}.{name}"] = constant(
                int(same.sum()), unit="", n=len(same), method=f"lists of three units equal to the published; {how}"
            )
    total = sum(facts[f"replication.top.{ranking}.lists"]["value"] for ranking in RANKINGS)
    lists = DIGITS * len(RANKINGS)
    return facts | {"replication.top.lists": constant(total, unit="", n=lists, method="lists equal to the published")}


def _numbers(records: Mapping[str, Arrays]) -> dict[str, Fact]:
    """In how many of the study's raw MLPs the unit of that number likes the digits it likes in the notebooks' run.

    replication.same.unit0 (a one), .unit8 (a six), .unit14 (seven and nine, its two favourites).
    """
    likes = {"unit0": (0, {1}), "unit8": (8, {6}), "unit14": (14, {7, 9})}
    found = dict.fromkeys(likes, 0)
    for record in records.values():
        means = record[f"class_mean/{LAYER}"][-1]  # (unit, digit)
        for name, (unit, digits) in likes.items():
            favourites = np.argsort(-class_selectivity(means)[unit], kind="stable")[: len(digits)]
            found[name] += set(favourites.tolist()) == digits
    method = "networks in which the unit's favourite digits are those of the notebooks' network"
    return {
        f"replication.same.{name}": constant(count, unit="networks", n=len(records), method=method)
        for name, count in found.items()
    }
