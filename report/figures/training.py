"""The figures of the page on training: learning curves, speed, differences, classes, confusions, misread images.

In: arrays and facts of experiments.analyses.training. Out: each figure as SVG, and the numbers it draws as CSV.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from report import classes, export, style
from report.arrays import Arrays

Fact = Mapping[str, Any]
Facts = Mapping[str, Fact]

DIFFERENCES = {  # measure: title of its panel
    "test_accuracy": "test accuracy\nafter the last epoch",
    "first_epoch": "test accuracy\nafter the first epoch",
    "gap": "training minus\ntest accuracy",
}
LINE = 22  # letters in a line beside the misread images
SHOWN = 6  # misread images in a row
FAINTEST = 0.05  # percent: rarer confusions are left blank
FIRST, NEVER = 0.4, 3.0  # where the axis of epochs begins; where "never" stands, in lengths of the training


@style.drawn
def learning_curves(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Test loss and test accuracy of all conditions over the epochs, with a band over the seeds.

    Both scales are logarithmic: that of the loss as it is, that of the accuracy in the share of errors.
    """
    fig, axes = style.figure(height=3.6, ncols=2)
    conditions, rows, ends = style.present(arrays["conditions"].tolist()), [], []
    for ax, measure in zip(axes, ("test_loss", "test_accuracy"), strict=True):
        for condition in conditions:
            values = arrays[f"{measure}/{condition}"].astype(float)  # (seed, epoch)
            values = 100 * values if measure == "test_accuracy" else values
            epochs = np.arange(values.shape[1])
            drawn = style.errors(values) if measure == "test_accuracy" else values
            style.curve(ax, epochs, drawn, condition)
            summary = zip(epochs, values.mean(axis=0), values.min(axis=0), values.max(axis=0), strict=True)
            rows += [(measure, condition, *row) for row in summary]
            if measure == "test_accuracy":
                ends.append((drawn[:, -1].mean(), style.label(condition), style.look(condition)["color"]))
        style.epoch_axis(ax, len(epochs) - 1)
    axes[0].set_yscale("log")
    style.value_ticks(axes[0], {loss: f"{loss:g}" for loss in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)})
    style.accuracy_axis(axes[1], (0, 50, 80, 90, 95, 98, 99, 99.5))
    axes[0].set_title("test loss, in nats")
    axes[1].set_title("test accuracy, in %")
    fig.draw_without_rendering()
    style.end_labels(axes[1], ends)
    header = ("measure", "condition", "epoch", "mean", "lowest seed", "highest seed")
    return export.done(fig, rows, header)


@style.drawn
def epochs_to_accuracy(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Epochs until each run first reaches an accuracy: a mark per run, a bar for the mean; never is its own place."""
    conditions, marks = style.present(arrays["conditions"].tolist()), arrays["marks"].tolist()
    epochs = arrays[f"test_accuracy/{conditions[0]}"].shape[1] - 1
    fig, axes = style.figure(height=2.4, ncols=len(marks), sharey=True, squeeze=False)
    rows = []
    for column, (ax, mark) in enumerate(zip(axes[0], marks, strict=True)):
        for place, condition in enumerate(conditions):
            times = arrays[f"epochs_to/{condition}"][:, column]
            _arrivals(ax, times, place, condition, never=NEVER * epochs)
            rows += [(mark, condition, run, time) for run, time in enumerate(times)]
        ax.set(xscale="log", xlim=(FIRST, 1.25 * NEVER * epochs), title=f"to {mark} %")
        ax.xaxis.set_minor_locator(NullLocator())
        style.sparse(ax, grid="x")
        between = [5] if epochs >= 10 else []
        ax.set_xticks([1, *between, epochs, NEVER * epochs], ["1", *map(str, between), str(epochs), "never"])
        ax.tick_params(axis="y", length=0)
    axes[0, 0].set_yticks(range(len(conditions)), [style.label(condition) for condition in conditions])
    for tick, condition in zip(axes[0, 0].get_yticklabels(), conditions, strict=True):
        tick.set_color(style.look(condition)["color"])
    axes[0, 0].set_ylim(len(conditions) - 0.5, -0.6)
    axes[0, len(marks) // 2].set_xlabel("epochs of training")
    header = ("test accuracy in %", "condition", "run", "epochs until it is reached, empty if never")
    return export.done(fig, rows, header)


@style.drawn
def difference(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Paired differences with their intervals: a row per comparison, a panel per measure, a dot per seed."""
    names = [name for name in style.study()["comparisons"] if f"training.test_accuracy.difference.{name}" in facts]
    fig, axes = style.figure(height=1.2 + 0.35 * len(names), ncols=len(DIFFERENCES), sharey=True)
    rows = []
    for ax, (measure, title) in zip(axes, DIFFERENCES.items(), strict=True):
        ax.axvline(0, color=style.MUTED, linewidth=0.8)
        for place, name in enumerate(names):
            fact = facts[f"training.{measure}.difference.{name}"]
            _interval(ax, fact, place)
            rows.append((measure, name, fact["value"], fact["low"], fact["high"], fact["n"]))
        ax.set_title(title)
        ax.margins(x=0.14)
        ax.locator_params(axis="x", nbins=4)
        style.sparse(ax, grid="x")
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0, labelcolor=style.INK)
    axes[0].set_yticks(range(len(names)), [style.difference(name) for name in names])
    axes[0].set_ylim(len(names) - 0.5, -0.7)
    axes[1].set_xlabel("difference in percentage points")
    header = ("measure", "comparison", "mean difference in points", "low", "high", "n")
    return export.done(fig, rows, header)


@style.drawn
def class_accuracy(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Test accuracy on each class, one mark per condition, hardest class last."""
    conditions, names = style.present(arrays["conditions"].tolist()), arrays["class_names"].tolist()
    means = {c: [facts[f"training.class_accuracy.{c}.{k}"] for k in range(len(names))] for c in conditions}
    overall = np.mean([[fact["value"] for fact in means[c]] for c in conditions], axis=0)
    order = np.argsort(-overall, kind="stable").tolist()
    fig, ax = style.figure(height=0.6 + 0.38 * len(names))
    rows = []
    for shift, condition in zip(np.linspace(-0.27, 0.27, len(conditions)), conditions, strict=True):
        look = style.look(condition)
        for place, label in enumerate(order):
            fact = means[condition][label]
            if fact["low"] is not None:
                ax.plot([fact["low"], fact["high"]], [place + shift] * 2, color=look["color"], linewidth=1, alpha=0.6)
            rows.append((names[label], condition, fact["value"], fact["low"], fact["high"], fact["n"]))
        values = [means[condition][label]["value"] for label in order]
        ax.plot(values, np.arange(len(order)) + shift, linestyle="none", marker=look["marker"], color=look["color"])
    for place in range(1, len(order)):
        ax.axhline(place - 0.5, color=style.GRID, linewidth=0.5)
    ax.set_yticks(range(len(order)), [names[label] for label in order])
    ax.tick_params(axis="y", length=0, labelcolor=style.INK)
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.set_xlim(right=100.5)
    style.sparse(ax, grid="x")
    ax.set_xlabel("test accuracy on the class, in %")
    _key(ax, conditions)
    header = ("class", "condition", "test accuracy in %", "low", "high", "n")
    return export.done(fig, rows, header)


@style.drawn
def confusions(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """What each condition takes for what, the larger the oftener; the title names the most common confusion."""
    conditions, names = style.present(arrays["conditions"].tolist()), arrays["class_names"].tolist()
    errors = {c: arrays[f"confusion/{c}"] * (1 - np.eye(len(names))) for c in conditions}
    most = max(float(values.max()) for values in errors.values()) or 1.0
    apart = " " if max(map(len, names)) < classes.SHORT else "\n"
    across = 2 if len(conditions) > 1 else 1
    down = -(-len(conditions) // across)
    fig, axes = style.figure(height=0.4 + 3.1 * down, nrows=down, ncols=across, squeeze=False, sharex=True, sharey=True)
    rows = []
    for ax, condition in zip(axes.flat, conditions, strict=False):
        _squares(ax, errors[condition], most, style.look(condition)["color"], names)
        title = f"{style.label(condition)}:{apart}{_most_common(errors[condition], classes.fitted(names, 14))}"
        ax.set_title(title, color=style.look(condition)["color"])
        shares = arrays[f"confusion/{condition}"]
        rows += [(condition, names[i], names[j], shares[i, j]) for i in range(len(names)) for j in range(len(names))]
    for ax in axes[:, 0]:
        ax.set_ylabel("true class")
    for ax in axes[-1]:
        ax.set_xlabel("read as")
    header = ("condition", "true class", "read as", "share of the true class in %")
    return export.done(fig, rows, header)


@style.drawn
def failures(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """The most confidently misread test images of each kind, with truth, reading, how many runs, how sure."""
    kinds = _failures(facts)
    names = arrays["class_names"].tolist()
    fig, ax = style.figure(height=1.17 * len(kinds))
    style.class_key(fig, names)
    ax.axis("off")
    ax.set(xlim=(0, 22 + 14 * SHOWN), ylim=(17.5 * len(kinds), 0))
    rows = []
    for line, (kind, text) in enumerate(kinds.items()):
        top = 17.5 * line
        count = facts[f"training.misread.{kind}"]["value"]
        ax.text(0, top, text, color=style.INK, va="top")
        ax.text(0, top + 10.9, f"{count:,.0f} image{'s' * (count != 1)}", color=style.MUTED, va="center")
        gallery = {what: arrays[f"gallery/{kind}/{what}"][:SHOWN] for what in ("image", *_LISTED)}
        for place in range(len(gallery["index"])):
            shown = {what: values[place] for what, values in gallery.items()}
            _misread(ax, 29 + 14 * place, top, shown, classes.codes(names))
            rows.append((kind, *(shown[what] for what in _LISTED)))
    header = ("kind", "index in the test set", "true class", "read as", "runs that read it so", "of", "confidence in %")
    return export.done(fig, rows, header)


def _failures(facts: Facts) -> dict[str, str]:
    """{kind of failure: how its row begins}: by all, by each condition, and by one condition of a comparison only."""
    of, shown = style.label, style.study()
    kinds = {"all": "every run of every network"} | {name: f"most runs of {of(name)}" for name in shown["conditions"]}
    for name, each in shown["comparisons"].items():
        first, second = of(each["first"]), of(each["second"])
        kinds[f"{name}.rescued"] = f"{second}; read by {first}"
        kinds[f"{name}.lost"] = f"{first}; read by {second}"
    return {
        kind: textwrap.fill(f"Misread by {by}", LINE) for kind, by in kinds.items() if _count(facts, kind) is not None
    }


def _count(facts: Facts, kind: str) -> float | None:
    return facts.get(f"training.misread.{kind}", {}).get("value")


_LISTED = ("index", "label", "read", "runs", "of", "confidence")


def _misread(ax: Axes, x: float, top: float, shown: Mapping[str, Any], names: list[str]) -> None:
    """One image, centred on x; below it the true class, what it was read as, by how many runs and how surely."""
    box = (x - 4.5, x + 4.5, top + 9, top)
    gray: dict[str, Any] = {"cmap": mpl.colormaps["gray"], "vmin": 0, "vmax": 255, "interpolation": "none"}
    ax.imshow(shown["image"], extent=box, aspect="auto", **gray)
    read = f"{names[shown['label']]} \N{RIGHTWARDS ARROW} {names[shown['read']]}"
    agree = f"{shown['runs']}/{shown['of']}, {shown['confidence']:.0f} %"
    ax.text(x, top + 10.9, read, color=style.INK, ha="center", va="center")
    ax.text(x, top + 13.6, agree, color=style.MUTED, ha="center", va="center")


def _most_common(errors: np.ndarray, names: Sequence[str]) -> str:
    """The most common confusion in words, where there is any."""
    true, read = (int(place) for place in np.unravel_index(errors.argmax(), errors.shape))
    share = errors[true, read]
    return f"{names[true]} as {names[read]}, {share:.1f} %" if share > 0 else "none"


def _squares(ax: Axes, errors: np.ndarray, most: float, color: str, names: list[str]) -> None:
    """One square per confusion, its area in proportion to the share."""
    for true, read in np.argwhere(errors >= FAINTEST):
        side = 0.94 * np.sqrt(errors[true, read] / most)
        ax.add_patch(Rectangle((read - side / 2, true - side / 2), side, side, color=color, linewidth=0))
    ax.plot([-0.5, len(names) - 0.5], [-0.5, len(names) - 0.5], color=style.GRID, linewidth=0.8)
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
    style.class_ticks(ax, names, axis="both")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _interval(ax: Axes, fact: Fact, place: int) -> None:
    if fact["low"] is not None:
        ax.plot([fact["low"], fact["high"]], [place, place], color=style.INK, linewidth=1.6)
    ax.plot(fact["value"], place, "o", color=style.INK, markersize=5)
    text = f"{fact['value']:+.1f}".replace("-", "\N{MINUS SIGN}")
    ax.annotate(text, (fact["value"], place), (0, 5), textcoords="offset points", ha="center", color=style.INK)


def _arrivals(ax: Axes, times: np.ndarray, place: int, condition: str, *, never: float) -> None:
    """A mark per run, open at `never`; a bar at the mean where every run arrived, as else there is none to show."""
    look, arrived = style.look(condition), ~np.isnan(times)
    y = place + (np.linspace(-0.25, 0.25, len(times)) if len(times) > 1 else np.zeros(1))
    shape = {"marker": look["marker"], "color": look["color"], "linestyle": "none"}
    ax.plot(np.maximum(times[arrived], FIRST), y[arrived], **shape)
    ax.plot(np.full((~arrived).sum(), never), y[~arrived], markerfacecolor=style.PAPER, **shape)
    if arrived.all():
        ax.plot([max(times.mean(), FIRST)] * 2, [place - 0.4, place + 0.4], color=look["color"], linewidth=2)


def _key(ax: Axes, conditions: list[str]) -> None:
    """The conditions' marks and names in a line above the axes."""
    width = 1 / len(conditions)
    for place, condition in enumerate(conditions):
        look = style.look(condition)
        x = place * width
        ax.plot([x], [1.04], marker=look["marker"], color=look["color"], transform=ax.transAxes, clip_on=False)
        ax.text(
            x + 0.02, 1.04, style.label(condition), color=look["color"], transform=ax.transAxes, va="center_baseline"
        )
