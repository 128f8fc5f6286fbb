"""Replication: the notebooks' recipe run again, and every number they report set beside the number it gives here.

In: the run with the notebooks' seed, the same run with its sums taken in other orders (what rounding alone does),
the test set. Out: arrays to draw, and facts: published value, reproduced value, whether they agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int, Integer
from sklearn.metrics import silhouette_score
from torch import Tensor

from experiments.analyses import notebooks
from experiments.analyses.scaling import SCALES, scale_units
from experiments.analyses.selectivity import correct_logit_gradient
from experiments.analyses.training import epochs_to_reach
from experiments.analyses.units import class_selectivity, top_units
from experiments.hooks import HookedModule, run_with_cache
from experiments.networks import at_epoch
from experiments.record import class_means
from experiments.statistics import Fact, constant
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]

RAW = {"mean": 0.0, "std": 1.0}  # the input treatment of the notebooks' first network
LAYER = "hidden2"  # the layer of 16 units
READINGS = {"divided": 1, "undivided": 255}  # what the pixels in [0, 1] are multiplied by; networks learnt from 1
RANKINGS = tuple(notebooks.TOP)
SUBSET = 5  # units in a random subset
OFF, BASE, TRIPLED = SCALES.index(0.0), SCALES.index(1.0), SCALES.index(3.0)


def read(
    *, weights: Arrays, test: Arrays, architecture: Mapping[str, Any], seed: int, draws: int
) -> dict[str, dict[str, np.ndarray]]:
    """What the notebooks measure inside one trained MLP on raw input, on the whole test set.

    draws: how many random subsets of five units; seed: of these. Returns `arrays.npz`:
    mean, gradient, selectivity (unit, 10); see `preferences`. confusion/<reading> (unit, scale, 10, 10) at SCALES, for
    images divided by 255 and not. silhouette/all, /good, /mixed, /poor (), silhouette/random (draw,).
    """
    model = cast(HookedModule, at_epoch(weights, epoch=-1, architecture=architecture))
    images, labels = treat(test["images"], **RAW), torch.tensor(test["labels"].astype(np.int64))
    found = dict(preferences(model, images, labels))
    units = range(len(found["mean"]))
    for reading, factor in READINGS.items():
        found[f"confusion/{reading}"] = scale_units(model, images * factor, labels, layer=LAYER, units=units).confusion
    points = run_with_cache(model, images, names=f"{LAYER}.post")[1][f"{LAYER}.post"].numpy()
    rng = np.random.default_rng(seed)
    random = [rng.choice(len(units), size=SUBSET, replace=False).tolist() for _ in range(draws)]
    named = {"all": tuple(units), **notebooks.SUBSETS}
    scores = silhouettes(points, test["labels"], list(named.values()))
    found |= {f"silhouette/{name}": np.array(score) for name, score in zip(named, scores, strict=True)}
    found["silhouette/random"] = silhouettes(points, test["labels"], random)
    return {"arrays.npz": found}


def preferences(
    model: HookedModule, images: Float[Tensor, "image 1 28 28"], labels: Int[Tensor, " image"]
) -> dict[str, Float[np.ndarray, "unit 10"]]:
    """The three measures by which units are ranked for each digit: class mean, gradient of the correct logit,
    selectivity."""
    post = run_with_cache(model, images, names=f"{LAYER}.post")[1][f"{LAYER}.post"]
    means = class_means(post, labels)
    gradient = correct_logit_gradient(model, images, labels, layers=[LAYER])[LAYER]
    return {"mean": means, "gradient": gradient, "selectivity": class_selectivity(means)}


def silhouettes(
    points: Float[np.ndarray, "image unit"], labels: Integer[np.ndarray, " image"], subsets: Sequence[Sequence[int]]
) -> Float[np.ndarray, " subset"]:
    """The silhouette score by digit (Rousseeuw 1987), Euclidean, in the space of each subset of the units."""
    return np.array([silhouette_score(points[:, list(subset)], labels) for subset in subsets], dtype=np.float64)


def search(*, weights: Arrays, train: Arrays, test: Arrays, architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Which images were the units ranked on? `arrays.npz`: lists/<set>.<reading>.<ranking> (), how many of the ten
    published lists come out exactly on the training or the test set, on pixels divided by 255 or not."""
    model = cast(HookedModule, at_epoch(weights, epoch=-1, architecture=architecture))
    found = {}
    for name, images in (("train", train), ("test", test)):
        treated, labels = treat(images["images"], **RAW), torch.tensor(images["labels"].astype(np.int64))
        for reading, factor in READINGS.items():
            for ranking, scores in preferences(model, treated * factor, labels).items():
                same = top_units(scores) == np.array(notebooks.TOP[ranking])
                found[f"lists/{name}.{reading}.{ranking}"] = np.array(same.all(axis=1).sum())
    return {"arrays.npz": found}


def compare(
    *,
    raw: Arrays,
    record: Arrays,
    normalized: Arrays,
    orders: Mapping[str, Arrays],
    order_records: Mapping[str, Arrays],
    searched: Arrays,
    records: Mapping[str, Arrays],
    layers: Mapping[str, Fact],
) -> dict[str, Any]:
    """Every published number beside the reproduced one.

    raw, record: `read` and the record of the run with the notebooks' seed; normalized: the record of the run on
    normalized input. orders, order_records: the same of the runs that add up in another order. searched: `search`.
    records: {"mlp-raw/0": record}, the study's runs. layers: the facts of the page on layers.

    For each item of `notebooks.VALUES` the facts are replication.<item>.published, .reproduced, .lowest and .highest
    (over all orders of summation; of random units: over the draws), .match (1 if equal as far as it was rounded),
    .rounding (1 if the published value lies within that range) and, for shares of images, .apart, in images.
    """
    reproduced = measure(raw, record) | elsewhere(record, normalized, layers)
    others = [measure(orders[name], order_records[name]) for name in sorted(orders)]
    facts: dict[str, Fact] = {}
    for name, published in notebooks.VALUES.items():
        values = [reproduced[name], *(other[name] for other in others if name in other)]
        if name == "silhouette.random":
            values += raw["silhouette/random"].tolist()  # what chance does here is in the draw of the units
        facts |= _item(f"replication.{name}", published, values)
    facts |= _counts(facts) | _apart(facts, record) | _quarter(record, normalized)
    facts |= _corrected(raw) | _top_facts(raw, orders) | _searched(searched) | _numbers(records)
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


def class_accuracy(confusion: Int[np.ndarray, "*shape 10 10"]) -> Float[np.ndarray, "*shape 10"]:
    """Share of each class's images that are read as that class, in %."""
    return 100 * np.diagonal(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=-1)


def measure(found: Arrays, record: Arrays) -> dict[str, float]:
    """What the notebooks report, of one run; where an epoch was not trained, the last one stands for it."""
    last = len(record["train_loss"]) - 1
    values = {f"loss.{epoch}": record["train_loss"][min(epoch, last)] for epoch in notebooks.TRAINING}
    for epoch in notebooks.TRAINING:
        values[f"train_accuracy.{epoch}"] = 100 * record["train_accuracy"][min(epoch, last)]
    values["test_accuracy"] = 100 * record["test_accuracy"][-1]
    values |= {f"digit.{digit}": 100 * record["class_accuracy"][-1, digit] for digit in range(10)}
    values |= {f"silhouette.{name}": found[f"silhouette/{name}"] for name in ("all", *notebooks.SUBSETS)}
    if found["silhouette/random"].size:
        values["silhouette.random"] = found["silhouette/random"].mean()
    for digit, scales in notebooks.SCALED.items():
        for scale in scales:
            counts = found["confusion/undivided"][14, SCALES.index(float(scale))]
            values[f"unit14.digit{digit}.scale{scale}"] = class_accuracy(counts)[digit]
    off = found["confusion/divided"][:, OFF]
    values["unit7.nines_as_sevens"] = 100 * off[7, 9, 7] / off[7, 9].sum()
    values["unit7.eights_as_twos"] = 100 * off[7, 8, 2] / off[7, 8].sum()
    values["unit0.ones"], values["unit8.sixes"] = class_accuracy(off[0])[1], class_accuracy(off[8])[6]
    base = class_accuracy(found["confusion/divided"][15, BASE])
    values["unit15.effect"] = np.abs(class_accuracy(off[15]) - base).max()
    return {name: float(value) for name, value in values.items()}


def elsewhere(record: Arrays, normalized: Arrays, layers: Mapping[str, Fact]) -> dict[str, float]:
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
        "notebooks": layers["layers.test_accuracy.notebooks"]["value"],
        "dropout": layers["layers.test_accuracy.dropout-1"]["value"],
    }


def agrees(value: float, published: notebooks.Published) -> bool:
    """Whether a number equals the published one as far as that was rounded."""
    return bool(abs(value - published.value) <= 0.5 * 10**-published.decimals + 1e-9)


def _item(name: str, published: notebooks.Published, values: Sequence[float]) -> dict[str, Fact]:
    """The facts of one item; values: of the run, then of the runs in other orders."""
    half = 0.5 * 10**-published.decimals + 1e-9
    within = min(values) - half <= published.value <= max(values) + half
    orders = f"of {len(values)} values, from other orders of summation or other draws"

    def fact(value: float, method: str, unit: str = published.unit) -> Fact:
        return constant(value, unit=unit, n=1, method=method)

    return {
        f"{name}.published": fact(published.value, "published with the notebooks"),
        f"{name}.reproduced": fact(values[0], "the notebooks' recipe, run again"),
        f"{name}.lowest": fact(min(values), f"lowest {orders}"),
        f"{name}.highest": fact(max(values), f"highest {orders}"),
        f"{name}.match": fact(float(agrees(values[0], published)), "1: equal as far as it was rounded", ""),
        f"{name}.rounding": fact(float(within), f"1: published value within the range {orders}", ""),
    }


def _counts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """How many items agree exactly, how many within rounding, and how many do not."""
    match = np.array([facts[f"replication.{name}.match"]["value"] for name in notebooks.VALUES]) == 1
    within = np.array([facts[f"replication.{name}.rounding"]["value"] for name in notebooks.VALUES]) == 1
    counts = {
        "items": match.size,
        "exact": match.sum(),
        "rounded": (~match & within).sum(),
        "other": (~match & ~within).sum(),
    }
    method = "published numbers, each compared as far as it was rounded"
    return {
        f"replication.{n}": constant(int(v), unit="numbers", n=match.size, method=method) for n, v in counts.items()
    }


def _apart(facts: Mapping[str, Fact], record: Arrays) -> dict[str, Fact]:
    """How many images published and reproduced shares lie apart."""
    counts = record["confusion"].sum(axis=1)  # test images of each digit
    of = {"test_accuracy": counts.sum(), "unit7.nines_as_sevens": counts[9], "unit7.eights_as_twos": counts[8]}
    of |= {f"digit.{digit}": counts[digit] for digit in range(10)} | {"normalized": counts.sum()}
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
    bright = constant(100 * eights[2] / eights.sum(), unit="%", n=1, method="unit 7 off, pixels not divided by 255")
    return {"replication.bright.eights_as_twos": bright} | {
        f"replication.corrected.digit{digit}.scale{scale}": constant(
            accuracy[SCALES.index(float(scale)), digit], unit="%", n=1, method=method
        )
        for digit, scales in notebooks.SCALED.items()
        for scale in scales
    }


def _top_facts(raw: Arrays, orders: Mapping[str, Arrays]) -> dict[str, Fact]:
    """How many of the published lists of top units come out: here, and in at least one order of summation.

    margin: the largest lead, in % of the larger score, by which a list differs from the published one: how near a tie.
    """
    facts = {}
    for ranking in RANKINGS:
        published = np.array(notebooks.TOP[ranking])
        found = np.array([(top_units(run[ranking]) == published).all(axis=1) for run in (raw, *orders.values())])
        leads = [
            lead(raw[ranking][:, digit], top_units(raw[ranking])[digit], published[digit])
            for digit in np.flatnonzero(~found[0])
        ]
        name = f"replication.top.{ranking}"
        facts[f"{name}.lists"] = constant(
            int(found[0].sum()), unit="lists", n=10, method="lists equal to the published"
        )
        facts[f"{name}.reached"] = constant(
            int(found.any(axis=0).sum()), unit="lists", n=10, method=f"equal in one of {len(found)} orders of summation"
        )
        facts[f"{name}.margin"] = constant(
            max(leads, default=0.0), unit="%", n=len(leads), method="largest lead of a unit over the published one"
        )
    return facts


def lead(
    scores: Float[np.ndarray, " unit"], ours: Int[np.ndarray, " place"], theirs: Int[np.ndarray, " place"]
) -> float:
    """By how much, in % of the larger, our unit's score exceeds that of theirs where two lists first differ."""
    place = int(np.flatnonzero(ours != theirs)[0])
    first, second = float(scores[ours[place]]), float(scores[theirs[place]])
    larger = max(abs(first), abs(second))
    return 100 * (first - second) / larger if larger else 0.0


def _searched(searched: Arrays) -> dict[str, Fact]:
    return {
        f"replication.{name.replace('/', '.')}": constant(
            int(count), unit="lists", n=10, method="lists of three units equal to the published"
        )
        for name, count in searched.items()
    }


def _numbers(records: Mapping[str, Arrays]) -> dict[str, Fact]:
    """In how many of the study's raw MLPs the unit of that number likes the digits it likes in the notebooks' run.

    replication.same.unit0 (a one), .unit8 (a six), .unit14 (seven and nine, its two favourites).
    """
    likes = {"unit0": (0, {1}), "unit8": (8, {6}), "unit14": (14, {7, 9})}
    found = dict.fromkeys(likes, 0)
    for record in records.values():
        means = record[f"class_mean/{LAYER}"][-1]  # (unit, 10)
        for name, (unit, digits) in likes.items():
            favourites = np.argsort(-class_selectivity(means)[unit], kind="stable")[: len(digits)]
            found[name] += set(favourites.tolist()) == digits
    method = "networks in which the unit's favourite digits are those of the notebooks' network"
    return {
        f"replication.same.{name}": constant(count, unit="networks", n=len(records), method=method)
        for name, count in found.items()
    }
