"""Who learns what, how fast, and where do they fail: the runs of all conditions, read side by side.

In: the record of every run, the test set, the data set's card. Out: learning curves, class accuracies, confusions
and a gallery of misread images as arrays; means over seeds and paired differences as facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer

from experiments import statistics
from experiments.evidence import Grid, by_condition, comparisons, differences, pairs, shown_row, together
from experiments.verdicts import VERDICTS

Array = np.ndarray
Labels = Integer[np.ndarray, " image"]
Record = Mapping[str, Array]
Groups = Mapping[str, Sequence[Record]]
Facts = dict[str, statistics.Fact]

MARKS = (80, 90, 95)  # test accuracies, in percent, whose first crossing is timed
GALLERY = 8  # images shown of each kind of failure
CURVES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")

# name: (what is read off a record, its unit, the unit of its differences)
MEASURES: Mapping[str, tuple[Callable[[Record], Any], str, str]] = {
    "test_accuracy": (lambda record: 100 * record["test_accuracy"][-1], "%", "points"),
    "train_accuracy": (lambda record: 100 * record["final_train_accuracy"], "%", "points"),
    "gap": (lambda record: 100 * (record["final_train_accuracy"] - record["test_accuracy"][-1]), "points", "points"),
    "test_loss": (lambda record: record["test_loss"][-1], "nats", "nats"),
    "train_loss": (lambda record: record["final_train_loss"], "nats", "nats"),
    "loss_gap": (lambda record: record["test_loss"][-1] - record["final_train_loss"], "nats", "nats"),
    "untrained": (lambda record: 100 * record["test_accuracy"][0], "%", "points"),
    "first_epoch": (lambda record: 100 * record["test_accuracy"][1], "%", "points"),
    "confidence": (lambda record: 100 * record["test_confidence"].mean(dtype=np.float64), "%", "points"),
    "overconfidence": (
        lambda record: 100 * (record["test_confidence"].mean(dtype=np.float64) - record["test_accuracy"][-1]),
        "points",
        "points",
    ),
}

MARGINS = {  # the smallest difference that a reader should care about
    "test_accuracy": 0.25,  # one image in four hundred
    "train_accuracy": 0.25,
    "gap": 0.25,
    "confidence": 0.25,
    "overconfidence": 0.25,
    "untrained": 2.0,  # one image in fifty, where whole networks are tens of points apart
    "first_epoch": 2.0,
    "test_loss": 0.01,  # the probability of the right class, changed by one per cent of itself
    "train_loss": 0.01,
    "loss_gap": 0.01,
    "class_accuracy": 1.0,  # one image of the class in a hundred
    "epochs_to": 0.5,  # a curve is read once an epoch
}
LEAST = {"test_loss": 0.0, "train_loss": 0.0, "epochs_to": 0.0}  # what cannot be negative


def compare(
    *, records: Mapping[str, Record], test: Mapping[str, Array], card: Mapping[str, Any], grid: Grid
) -> dict[str, Any]:
    """Compare the training of all conditions.

    records: {"mlp-raw/0": record of the run}. test: {"images": (n, side, side) uint8, "labels": (n,)}.
    Every difference is paired by seed; `grid` tells what is subtracted from what.
    """
    groups = by_condition(records)
    arrays: dict[str, Array] = {
        "conditions": np.array(list(groups)),
        "class_names": np.array(card["class_names"]),
        "marks": np.array(MARKS),
    }
    for condition, runs in groups.items():
        for name in CURVES:
            arrays[f"{name}/{condition}"] = np.stack([run[name] for run in runs]).astype(np.float32)
        arrays[f"confusion/{condition}"] = mean_confusion(runs)
        arrays[f"class_accuracy/{condition}"] = 100 * np.stack([run["class_accuracy"][-1] for run in runs])
        arrays[f"gap/{condition}"] = np.array([MEASURES["gap"][0](run) for run in runs])
        arrays[f"epochs_to/{condition}"] = np.array([[_epochs_to(run, mark) for mark in MARKS] for run in runs])
    facts = _measure_facts(groups, grid) | _class_facts(arrays, grid) | _confusion_facts(arrays, groups)
    facts |= _speed_facts(arrays, groups, grid) | _catch_up_facts(groups, grid)
    facts |= typical(records, grid)
    arrays |= galleries(groups, test, grid)
    return {"arrays.npz": arrays, "facts.json": facts | _failure_facts(groups, test["labels"], grid)}


def typical(records: Mapping[str, Record], grid: Grid) -> Facts:
    """How near the networks that are shown one by one are to the mean of all seeds, by their accuracy at the end.

    training.typical.away: how far from the mean of their condition, in points, mean over the conditions that have all
    seeds; .usual: the same of all seeds; .rank: of the seeds, the how manieth nearest theirs is.
    """
    groups = by_condition(records)
    seeds = max(map(len, groups.values()))
    whole = [condition for condition, runs in groups.items() if len(runs) == seeds]
    ends = np.array([[100 * run["test_accuracy"][-1] for run in groups[condition]] for condition in whole])
    away = np.abs(ends - ends.mean(axis=1, keepdims=True)).mean(axis=0)
    own = shown_row(records, grid, whole[0])
    method = f"distance of accuracies at the end from the mean of their condition, mean over {len(whole)} conditions"
    found = {
        "away": (away[own], "points"),
        "usual": (away.mean(), "points"),
        "rank": (1 + (away < away[own]).sum(), ""),
    }
    return {
        f"training.typical.{name}": statistics.constant(value, unit=unit, n=seeds, method=method)
        for name, (value, unit) in found.items()
    }


def epochs_to_reach(accuracy: Float[np.ndarray, " reading"], target: statistics.Number) -> float:
    """Epochs until a learning curve first reaches `target`, linear between epochs; NaN if it never does.

    accuracy: (E + 1,), entry 0 is the untrained network; `target` on the same scale.
    """
    reached = np.flatnonzero(accuracy >= target)
    if not len(reached):
        return float("nan")
    after = int(reached[0])
    if after == 0:
        return 0.0
    low, high = float(accuracy[after - 1]), float(accuracy[after])
    return float(after - 1 + (target - low) / (high - low))


def mean_confusion(runs: Sequence[Record]) -> Float[np.ndarray, "true read"]:
    """Share in percent of the images of each class (row) that is read as each class (column), mean over runs."""
    return np.mean([100 * run["confusion"] / run["confusion"].sum(axis=1, keepdims=True) for run in runs], axis=0)


def galleries(groups: Groups, test: Mapping[str, Array], grid: Grid) -> dict[str, Array]:
    """The most confidently misread test images of each kind, as `gallery/<kind>/<what>`.

    Kinds: "all" (misread by every run of every condition); each condition (misread by most of its runs); and for
    each comparison `<name>.rescued` (misread by most runs of the second condition, read by most of the first)
    and `<name>.lost` (the other way round). What: `index` (k,) in the test set, `image` (k, side, side), `label`,
    `read` (the reading most runs that err agree on), `runs` (how many agree), `of` (how many runs there are) and
    `confidence` (k,), the mean softmax confidence, in percent, of those runs in that reading.
    """
    labels = test["labels"]
    found: dict[str, Array] = {}
    for kind, (runs, chosen) in _kinds(groups, labels, grid).items():
        read, count, confidence = majority_misreading(runs, labels)
        order = np.lexsort((np.arange(len(labels)), -count * confidence))
        best = order[chosen[order]][:GALLERY]
        shown = {
            "index": best,
            "image": test["images"][best],
            "label": labels[best],
            "read": read[best],
            "runs": count[best],
            "of": np.full(len(best), len(runs)),
            "confidence": 100 * confidence[best],
        }
        found |= {f"gallery/{kind}/{what}": value for what, value in shown.items()}
    return found


def majority_misreading(runs: Sequence[Record], labels: Labels) -> tuple[Labels, Labels, Float[np.ndarray, " image"]]:
    """Per image the commonest wrong reading, how many runs give it, and their mean confidence in it, in [0, 1].

    Ties go to the lower class; where no run errs the count and the confidence are 0.
    """
    read = np.stack([run["test_prediction"] for run in runs]).astype(np.int64)  # (runs, n)
    confidence = np.stack([run["test_confidence"] for run in runs]).astype(np.float64)
    votes = np.stack([(read == label).sum(axis=0) for label in range(int(max(read.max(), labels.max())) + 1)])
    votes[labels, np.arange(len(labels))] = 0
    winner = votes.argmax(axis=0)
    count = votes.max(axis=0)
    agree = (read == winner) & (count > 0)
    return winner, count, (confidence * agree).sum(axis=0) / np.maximum(count, 1)


def _kinds(groups: Groups, labels: Labels, grid: Grid) -> dict[str, tuple[Sequence[Record], Array]]:
    """Kinds of failure: {kind: (the runs whose misreading is shown, which images belong (n,) bool)}."""
    share = {condition: _wrong(runs, labels).mean(axis=0) for condition, runs in groups.items()}
    everyone = [run for runs in groups.values() for run in runs]
    kinds: dict[str, tuple[Sequence[Record], Array]] = {"all": (everyone, np.all(_wrong(everyone, labels), axis=0))}
    kinds |= {condition: (groups[condition], share[condition] > 0.5) for condition in groups}
    for name, (first, second) in comparisons(grid, groups).items():
        kinds[f"{name}.rescued"] = (groups[second], (share[second] > 0.5) & (share[first] < 0.5))
        kinds[f"{name}.lost"] = (groups[first], (share[first] > 0.5) & (share[second] < 0.5))
    return kinds


def _wrong(runs: Sequence[Record], labels: Labels) -> Bool[np.ndarray, "run image"]:
    return np.stack([run["test_prediction"] != labels for run in runs])  # (runs, n)


def _epochs_to(run: Record, mark: statistics.Number) -> float:
    return epochs_to_reach(100 * run["test_accuracy"], mark)


# ------------------------------------------------------------------------------------------------ facts


def _measure_facts(groups: Groups, grid: Grid) -> Facts:
    facts: Facts = {}
    for measure, (read, unit, difference_unit) in MEASURES.items():
        values = {condition: {"": [float(read(run)) for run in runs]} for condition, runs in groups.items()}
        facts |= _compared(f"training.{measure}", values, grid, unit=unit, difference_unit=difference_unit)
    return facts


def _compared(
    measure: str,
    values: Mapping[str, Mapping[str, Any]],
    grid: Grid,
    *,
    unit: str,
    difference_unit: str,
    note: str = "",
) -> Facts:
    """Means per condition (and part), and paired differences; parts are one family."""
    name = measure.split(".")[1]
    facts = {
        ".".join(filter(None, (measure, condition, part))): statistics.summary(
            per_seed, unit=unit, least=LEAST.get(name)
        )
        for condition, parts in values.items()
        for part, per_seed in parts.items()
    }
    compared = pairs(grid, values, measure=measure)
    facts |= differences(grid, compared, name=measure, unit=difference_unit, margin=MARGINS.get(name))
    return {name: fact | {"method": fact["method"] + note} for name, fact in facts.items()}


def _class_facts(arrays: Mapping[str, Array], grid: Grid) -> Facts:
    """Accuracy on each class; all its differences, over classes and comparisons, are one family."""
    classes = range(len(arrays["class_names"]))
    by_class = {c: arrays[f"class_accuracy/{c}"].T for c in arrays["conditions"].tolist()}
    values = {c: {str(label): accuracy[label] for label in classes} for c, accuracy in by_class.items()}
    facts = _compared("training.class_accuracy", values, grid, unit="%", difference_unit="points")
    for name in comparisons(grid, values):
        verdicts = [facts[f"training.class_accuracy.difference.{name}.{label}"]["verdict"] for label in classes]
        for word in VERDICTS:
            tally = _count(verdicts.count(word), "classes", len(classes))
            facts[f"training.classes.{word.removeprefix('the ')}.{name}"] = tally
    for condition, accuracy in by_class.items():
        hardest, easiest = int(accuracy.mean(axis=1).argmin()), int(accuracy.mean(axis=1).argmax())
        for word, label in (("hardest", hardest), ("easiest", easiest)):
            facts[f"training.{word}.{condition}"] = _count(label, "", len(classes), "class of extreme mean accuracy")
            facts[f"training.{word}_accuracy.{condition}"] = facts[f"training.class_accuracy.{condition}.{label}"]
    return facts


def _confusion_facts(arrays: Mapping[str, Array], groups: Groups) -> Facts:
    """The most common confusion of each condition: which class, read as which, and how often."""
    facts: Facts = {}
    for condition, runs in groups.items():
        errors = arrays[f"confusion/{condition}"].copy()
        np.fill_diagonal(errors, -1)
        true, read = (int(place) for place in np.unravel_index(errors.argmax(), errors.shape))
        shares = [100 * run["confusion"][true, read] / run["confusion"][true].sum() for run in runs]
        facts[f"training.confusion.true.{condition}"] = _count(true, "", len(runs), "most common confusion")
        facts[f"training.confusion.read.{condition}"] = _count(read, "", len(runs), "most common confusion")
        facts[f"training.confusion.share.{condition}"] = statistics.summary(shares, unit="%")
    return facts


def _speed_facts(arrays: Mapping[str, Array], groups: Groups, grid: Grid) -> Facts:
    """Epochs to each mark as a restricted mean: a run that never gets there counts with the epochs it had.

    That is the restricted mean survival time (Royston and Parmar 2013, BMC Med. Res. Methodol. 13:152): with any
    run cut off, a lower bound on the mean time, and defined even when no run arrives.
    """
    facts: Facts = {}
    epochs = {condition: len(runs[0]["test_accuracy"]) - 1 for condition, runs in groups.items()}
    for column, mark in enumerate(MARKS):
        times = {condition: arrays[f"epochs_to/{condition}"][:, column] for condition in groups}
        capped = {c: {"": np.where(np.isnan(time), epochs[c], time)} for c, time in times.items()}
        note = "; runs that never reach it count with all their epochs"
        facts |= _compared(
            f"training.epochs_to.{mark}", capped, grid, unit="epochs", difference_unit="epochs", note=note
        )
        for condition, time in times.items():
            never = _count(int(np.isnan(time).sum()), "runs", len(time))
            facts[f"training.never_reached.{mark}.{condition}"] = never
        facts[f"training.mark.{mark}"] = _count(mark, "%", 1, "chosen")
    return facts


def _catch_up_facts(groups: Groups, grid: Grid) -> Facts:
    """After how many epochs the first condition of a comparison has what the second, same seed, ends with."""
    facts: Facts = {}
    for name, (first, second) in comparisons(grid, groups).items():
        both = zip(*together(groups[first], groups[second]), strict=True)
        times = np.array([epochs_to_reach(a["test_accuracy"], b["test_accuracy"][-1]) for a, b in both])
        epochs = len(groups[first][0]["test_accuracy"]) - 1
        capped = np.where(np.isnan(times), epochs, times)
        facts[f"training.catch_up.{name}"] = statistics.summary(capped, unit="epochs", least=0.0)
        facts[f"training.catch_up_share.{name}"] = statistics.summary(100 * capped / epochs, unit="%")
        facts[f"training.catch_up_never.{name}"] = _count(int(np.isnan(times).sum()), "runs", len(times))
    return facts


def _failure_facts(groups: Groups, labels: Labels, grid: Grid) -> Facts:
    """How many images are misread by whom, and how far runs of one condition disagree."""
    counts = {kind: int(chosen.sum()) for kind, (_, chosen) in _kinds(groups, labels, grid).items()}
    facts = {f"training.misread.{kind}": _count(count, "images", len(labels)) for kind, count in counts.items()}
    ever = np.concatenate([_wrong(runs, labels) for runs in groups.values()])
    facts["training.misread.ever"] = _count(int(ever.any(axis=0).sum()), "images", len(labels))
    facts["training.test_images"] = _count(len(labels), "images", len(labels))
    for condition, runs in groups.items():
        pairs = combinations([run["test_prediction"] for run in runs], 2)
        disagreement = [100 * float((a != b).mean()) for a, b in pairs]
        if disagreement:
            mean = float(np.mean(disagreement))
            method = f"mean over the {len(disagreement)} pairs of seeds"
            facts[f"training.disagreement.{condition}"] = _count(mean, "%", len(runs), method)
    return facts


def _count(value: statistics.Number, unit: str, n: int, method: str = "counted") -> statistics.Fact:
    return statistics.constant(value, unit=unit, n=n, method=method)
