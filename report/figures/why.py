"""The figures of the page on why normalization helps: accuracy against learning rate, and how sharply the loss bends.

In: arrays and facts of experiments.analyses.why. Out: each figure as SVG, and the numbers it draws as CSV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import export, style
from report.arrays import Arrays

Facts = Mapping[str, Mapping[str, Any]]

TURNS = {"first_epoch": "after one epoch", "end": "at the end"}
SHARES = (0, 50, 80, 90, 95, 98, 99)  # accuracies, in percent, that the axis names
DOT = 4.5
KEY = (0.36, 0.55)  # where the curves leave room: below their tops, between their rise and their fall
SPREAD = 0.18  # how far from a line's place its second mark stands


@style.drawn
def rates(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Test accuracy against learning rate, a line for each treatment, a row for each architecture."""
    groups = _by_architecture(style.present(arrays["unfolded"].tolist()))
    fig, axes = style.figure(height=2.6 * len(groups), nrows=len(groups), ncols=len(TURNS), squeeze=False)
    rows = []
    for row, (architecture, conditions) in zip(axes, groups.items(), strict=True):
        for ax, (when, turn) in zip(row, TURNS.items(), strict=True):
            for condition in conditions:
                at, values = arrays[f"rates/{condition}"], arrays[f"{when}/{condition}"].astype(float)
                style.curve(ax, at, style.errors(values), condition)
                summary = zip(at, values.mean(axis=0), values.min(axis=0), values.max(axis=0), strict=True)
                rows += [(when, condition, *each) for each in summary]
            ax.set(xscale="log", title=f"{style.label(architecture)}, {turn}")
            _rates(ax, arrays[f"rates/{conditions[0]}"])
            style.accuracy_axis(ax, SHARES, unit=" %")
    for ax in axes[-1]:
        ax.set_xlabel("learning rate")
    style.key(axes[0, 0], x=KEY[0], y=KEY[1], conditions=next(iter(groups.values())))
    header = ("when", "condition", "learning rate", "mean accuracy in %", "lowest seed", "highest seed")
    return export.done(fig, rows, header)


@style.drawn
def apart(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Differences of accuracy, each treatment minus another one: at the study's own rate, and each at its best."""
    names = [name for name in style.study()["comparisons"] if f"why.end.best.difference.{name}" in facts]
    if not names:
        raise style.Nothing
    fig, axes = style.figure(height=1.1 + 0.26 * len(names), ncols=len(TURNS), sharey=True)
    rows = []
    for ax, (when, title) in zip(axes, TURNS.items(), strict=True):
        ax.axvline(0, color=style.MUTED, linewidth=0.8)
        for place, name in enumerate(names):
            of = style.study()["comparisons"][name]
            look = style.look(of["first"])
            for which, offset, filled in (("given", -SPREAD, False), ("best", SPREAD, True)):
                fact = facts.get(f"why.{when}.{which}.difference.{name}")
                if fact is not None:
                    _interval(ax, fact, place + offset, look, filled=filled)
                    rows.append((when, which, name, fact["value"], fact["low"], fact["high"], fact["n"]))
        ax.set_title(title)
        ax.set_xlabel("points of test accuracy")
        style.sparse(ax, grid="x")
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0, labelcolor=style.INK)
    axes[0].set_yticks(range(len(names)), [style.difference(name) for name in names])
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    header = ("when", "at which rate", "comparison", "mean difference in points", "low", "high", "n")
    return export.done(fig, rows, header)


@style.drawn
def curvature(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """The largest eigenvalue of the loss's Hessian by epoch, a panel for each architecture; the line is 2 / rate."""
    named = [name for name in style.present(arrays["unfolded"].tolist()) if f"bent/{name}" in arrays]
    if not named:
        raise style.Nothing
    groups = _by_architecture(named)
    fig, axes = style.figure(height=2.9, ncols=len(groups), squeeze=False)
    rows = []
    for ax, (architecture, conditions) in zip(axes[0], groups.items(), strict=True):
        places = arrays[f"bent_at/{conditions[0]}"]
        ends = []
        for condition in conditions:
            values = arrays[f"bent/{condition}"]
            style.curve(ax, np.arange(len(places)), values, condition)
            ends.append((values[:, -1].mean(), style.treatment(condition), style.look(condition)["color"]))
            summary = zip(places, values.mean(axis=0), values.min(axis=0), values.max(axis=0), strict=True)
            rows += [(condition, *row) for row in summary]
        limit = float(arrays[f"limit/{conditions[0]}"])
        ax.axhline(limit, color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        ax.set(yscale="log", title=style.label(architecture))
        style.value_ticks(ax, {10.0**power: f"{10.0**power:g}" for power in range(-3, 7)})
        ax.set_xticks(range(len(places)), [str(place) for place in places])
        ax.set_xlabel("epoch")
        ax.text(0, limit, "2 / learning rate", color=style.MUTED, va="bottom")
        fig.draw_without_rendering()
        style.end_labels(ax, ends)
    axes[0, 0].set_ylabel("largest eigenvalue")
    return export.done(fig, rows, ("condition", "epoch", "mean", "lowest seed", "highest seed"))


def _by_architecture(conditions: Sequence[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in conditions:
        groups.setdefault(style.architecture(name), []).append(name)
    return groups


def _rates(ax: Axes, rates: np.ndarray) -> None:
    """The axis of rates, named at powers of ten and at its ends."""
    shown = [rate for rate in (0.001, 0.01, 0.1, 1.0) if rates[0] <= rate <= rates[-1]]
    ax.set_xticks(shown, [f"{rate:g}" for rate in shown])
    ax.set_xticks([], minor=True)


def _interval(ax: Axes, fact: Mapping[str, Any], place: float, look: Mapping[str, Any], *, filled: bool) -> None:
    low, high = (fact["value"] if fact[end] is None else fact[end] for end in ("low", "high"))
    ax.plot([low, high], [place, place], color=look["color"], linewidth=1.6, alpha=0.55)
    ax.plot(
        fact["value"],
        place,
        linestyle="none",
        marker=look["marker"],
        color=look["color"],
        markerfacecolor=look["color"] if filled else style.PAPER,
        markersize=DOT,
    )
