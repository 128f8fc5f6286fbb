"""The figures of the page that asks whether neurons are special: units beside random axes through their layer.

In: arrays and facts of experiments.analyses.basis. Out: each figure as SVG, and the numbers it draws as CSV.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from report import export, style
from report.arrays import Arrays, Card, Facts, conditions_of, layers_of

ASKED = {  # measure: what special units would be; {kind} is what a class is called
    "selectivity": "more selective",
    "classes": "fewer {kinds} per unit",
    "alone": "one alone tells more",
    "spread": "fewer units per {kind}",
    "missed": "missed more",
    "attractors": "more attractors",
}
FEWER = ("classes", "spread")  # special units would have less of these
SCALES = {
    "selectivity": "selectivity",
    "classes": "{kinds} fewer",
    "alone": "points",
    "spread": "units fewer",
    "missed": "points",
    "attractors": "attractors",
}
MOST = 3  # panels beside each other
KEPT = {"zero": ("o", "turned about zero"), "mean": ("s", "mean kept"), "share": ("D", "share kept")}


@style.drawn
def beyond(*, arrays: Arrays, facts: Facts, card: Card) -> dict[str, str]:
    """What units have beyond random axes, with intervals: a panel for each measure, and special is to the right."""
    places = _places(arrays)
    fig, axes = style.figure(height=1.2 + 0.36 * len(places), nrows=2, ncols=MOST)
    rows = []
    for number, (ax, (measure, told)) in enumerate(zip(axes.flat, ASKED.items(), strict=True)):
        sign = -1 if measure in FEWER else 1
        known = [facts.get(f"basis.{measure}_beyond.{condition}.{layer}") for condition, layer in places]
        for row, ((condition, layer), fact) in enumerate(zip(places, known, strict=True)):
            if fact is None:
                continue
            look = style.look(condition)
            low, high = (fact["value"] if fact[end] is None else fact[end] for end in ("low", "high"))
            ax.hlines(-row, sign * low, sign * high, color=look["color"], linewidth=1.4)
            ax.plot(sign * fact["value"], -row, look["marker"], color=look["color"], markersize=4.5)
            rows.append((measure, condition, layer, fact["value"], low, high, fact["verdict"]))
        margin = next((fact["margin"] for fact in known if fact), 0)
        ax.axvspan(-margin, margin, color=style.GRID, linewidth=0, zorder=0)
        ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=0.5)
        ax.set_title(told.format(**card))
        ax.set_xlabel(SCALES[measure].format(**card))
        ax.xaxis.set_major_locator(MaxNLocator(4))
        _rows(ax, places, named=number % MOST == 0)
    header = ("measure", "condition", "layer", "units minus random axes", "low", "high", "verdict")
    return export.done(fig, rows, header)


@style.drawn
def controls(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Selectivity of the units, and of random axes that keep nothing, each unit's mean, or its share of images."""
    places = _places(arrays)
    fig, ax = style.figure(height=0.9 + 0.26 * len(places))
    rows = []
    for row, (condition, layer) in enumerate(places):
        colour, place = style.look(condition)["color"], f"{condition}.{layer}"
        for kept, (marker, _) in KEPT.items():
            fact = facts[f"basis.selectivity_{kept}.{place}"]
            ax.plot(fact["value"], -row, marker, color=colour, markerfacecolor=style.PAPER, markersize=5)
            rows.append((condition, layer, f"random axes, {kept} kept", fact["value"], fact["low"], fact["high"]))
        own = facts[f"basis.selectivity.{place}"]
        ax.plot([own["value"]] * 2, [-row - 0.36, -row + 0.36], color=colour, linewidth=2.2)
        rows.append((condition, layer, "units", own["value"], own["low"], own["high"]))
    _rows(ax, places, named=True)
    ax.set_xlabel("selectivity")
    for marker, text in KEPT.values():
        ax.plot([], [], marker, color=style.MUTED, markerfacecolor=style.PAPER, markersize=5, label=text)
    ax.plot([], [], "|", color=style.MUTED, markersize=9, markeredgewidth=2.2, label="the units")
    fig.legend(loc="outside upper center", ncols=len(KEPT) + 1, frameon=False)
    return export.done(fig, rows, ("condition", "layer", "what", "mean", "low", "high"))


def _places(arrays: Arrays) -> list[tuple[str, str]]:
    """Every layer that random axes were laid through, of each condition."""
    found = [(condition, layer) for condition in conditions_of(arrays) for layer in layers_of(arrays, condition)]
    if not found:
        raise style.Nothing
    return found


def _rows(ax: Axes, places: list[tuple[str, str]], *, named: bool) -> None:
    """A row for each place, named where the panel is an outer one."""
    names: Mapping[int, Any] = {
        -row: f"{style.label(c)}, {style.layer_label(at).lower()}" for row, (c, at) in enumerate(places)
    }
    ax.set_yticks(list(names), list(names.values()) if named else [""] * len(names))
    if named:
        for text, (condition, _) in zip(ax.get_yticklabels(), places, strict=True):
            text.set_color(style.look(condition)["color"])
    ax.set_ylim(0.6 - len(places), 0.6)
    style.sparse(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
