"""From one number per run to facts: runs grouped by condition, conditions paired into comparisons.

In: {"mlp-raw/0": anything}, and the grid as the plan hands it over. Out: {"mlp-raw": [anything, by seed]}, the
pairs that are compared, and the facts of a measure that every layer has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from experiments.statistics import Fact, family, summary

T = TypeVar("T")
Table = Mapping[str, Mapping[str, np.ndarray]]  # {condition: {hook point: one value per seed}}

# {"conditions": {name: {"architecture", "treatment", "shown"}}, "comparisons": {name: {"first", "second", "axis",
# "within", "beside"}}}, all of them names; "shown" is the run that stands for a condition where one network is looked
# at, and "beside" a control that takes part, or ""; differences are first minus second, and `axis` ("architecture",
# "treatment") is what differs.
Grid = Mapping[str, Mapping[str, Mapping[str, str]]]


def by_condition(runs: Mapping[str, T]) -> dict[str, list[T]]:
    """{"condition/seed": run} grouped by condition, each group in the order of its seeds."""
    groups: dict[str, list[T]] = {}
    for name in sorted(runs, key=lambda name: (name.rpartition("/")[0], int(name.rpartition("/")[2]))):
        groups.setdefault(name.rpartition("/")[0], []).append(runs[name])
    return groups


def shown(runs: Mapping[str, T], grid: Grid, condition: str) -> T:
    """The run that stands for a condition where one network is looked at."""
    return runs[grid["conditions"][condition]["shown"]]


def shown_row(runs: Mapping[str, T], grid: Grid, condition: str) -> int:
    """Which of a condition's runs that is, in the order of their seeds, from 0."""
    seeds = sorted(int(name.rpartition("/")[2]) for name in runs if name.rpartition("/")[0] == condition)
    return seeds.index(int(grid["conditions"][condition]["shown"].rpartition("/")[2]))


def moments(runs: Mapping[str, Mapping[str, Any]]) -> Any:
    """The epochs that runs were read at, `epochs` of each; the last is -1 where not all were trained for as many."""
    each = [run["epochs"] for run in runs.values()]
    alike = all(list(other) == list(each[0]) for other in each)
    return each[0] if alike else np.append(each[0][:-1], -1)


def comparisons(grid: Grid, conditions: Iterable[str], *, axis: str = "") -> dict[str, tuple[str, str]]:
    """{name: (condition, minus condition)} of the comparisons that these conditions allow, along one axis or all."""
    known = set(conditions)
    return {
        name: (each["first"], each["second"])
        for name, each in grid["comparisons"].items()
        if axis in ("", each["axis"]) and {each["first"], each["second"]} <= known
    }


def together(first: Any, second: Any) -> tuple[Any, Any]:
    """What two conditions have by seed, as far as both have the seed: two lists or arrays, the longer one cut.

    They are in the order of their seeds, and a condition with fewer seeds than another has the first of them.
    """
    shared = min(len(first), len(second))
    return first[:shared], second[:shared]


def pairs(
    grid: Grid, measured: Mapping[str, Mapping[str, Any]], *, measure: str, axis: str = ""
) -> dict[str, tuple[Any, Any]]:
    """The comparisons that `measured`, {condition: {part: one value per seed}}, allows, named as facts.

    A part (a layer, say) is compared where both conditions have it: `<measure>.difference.<comparison>.<part>`.
    The part "" stands for the whole network: `<measure>.difference.<comparison>`. Only seeds that both conditions
    have are paired, see `together`.
    """
    return {
        ".".join(filter(None, (measure, "difference", comparison, part))): together(
            measured[first][part], measured[second][part]
        )
        for comparison, (first, second) in comparisons(grid, measured, axis=axis).items()
        for part in measured[first]
        if part in measured[second]
    }


def differences(
    grid: Grid, compared: Mapping[str, tuple[Any, Any]], *, name: str, unit: str, margin: float | None = None
) -> dict[str, Fact]:
    """The facts of comparisons, as `pairs` names them, in two families: those of the product of architectures and
    treatments, and those that a control takes part in, which answer another question."""
    controls = {each for each, of in grid["comparisons"].items() if of.get("beside")}
    beside = {fact for fact in compared if not controls.isdisjoint(fact.split("."))}
    of_product = {fact: values for fact, values in compared.items() if fact not in beside}
    of_controls = {fact: values for fact, values in compared.items() if fact in beside}
    found = family(of_product, name=name, unit=unit, margin=margin)
    found |= family(of_controls, name=f"{name} with controls", unit=unit, margin=margin)
    return {fact: found[fact] for fact in compared}


def architecture(grid: Grid, condition: str) -> str:
    """The name of a condition's architecture."""
    return grid["conditions"][condition]["architecture"]


def of_layers(
    start: Table,
    end: Table,
    grid: Grid,
    *,
    measure: str,
    unit: str,
    margin: float | None = None,
    least: float | None = None,
) -> dict[str, Fact]:
    """Every condition and hook point at the start (`<measure>_start`), at the end and the gain; then comparisons.

    Differences are taken at the end of training, where both conditions have the hook point; `last` is the
    end of the last hidden layer, between architectures. margin, least: see `statistics.difference` and `summary`.
    """
    apart = "points" if unit == "%" else unit
    named: dict[str, Fact] = {}
    gains = {}
    for condition, hooks in end.items():
        for hook, values in hooks.items():
            place = f"{condition}.{hook}"
            named[f"{measure}.{place}"] = summary(values, unit=unit, least=least)
            named[f"{measure}_start.{place}"] = summary(start[condition][hook], unit=unit, least=least)
            gains[f"{measure}_gain.{place}"] = (values, start[condition][hook])
    last = {
        condition: {"last": [values for hook, values in hooks.items() if hook != "logits"][-1]}
        for condition, hooks in end.items()
    }
    compared = pairs(grid, end, measure=measure) | pairs(grid, last, measure=measure, axis="architecture")
    named |= family(gains, name=f"{measure}_gain", unit=apart, margin=margin)
    return named | differences(grid, compared, name=measure, unit=apart, margin=margin)
