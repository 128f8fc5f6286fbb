"""The facts that a page may ask for, by measure and coordinates: a condition or comparison, a layer, a class.

In: facts by name, and what the networks say of themselves. Out: a fact, or a PageError that names the nearest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.spec import Architecture, Comparison, Condition, Study
from report.argument.facts import Fact
from report.errors import unknown

FIRST, LAST = "first", "last"  # roles of layers: the first, and the last hidden one
Titled = Condition | Comparison | Architecture
Place = Titled | str | int


@dataclass(frozen=True)
class Known:
    """The facts of a study. `networks` is {architecture: {"layers", "reading"}}, see `experiments.models.check`."""

    facts: Mapping[str, Fact]
    networks: Mapping[str, Mapping[str, Any]]

    def fact(self, measure: str, *at: Place) -> Fact:
        """The fact of a measure at some coordinates, in the order in which its name has them.

        A comparison stands for the difference of its two conditions, where the measure has one. "first" and "last"
        stand for the layer that has this role in the network of the coordinate before, read where it is read.
        """
        return self.facts[self.name(measure, *at)]

    def has(self, measure: str, *at: Place) -> bool:
        """Whether there is such a fact."""
        return any(name in self.facts for name in self._names(measure, *at))

    def name(self, measure: str, *at: Place) -> str:
        """The name of that fact. Raises PageError where there is none."""
        names = self._names(measure, *at)
        for name in names:
            if name in self.facts:
                return name
        raise unknown("fact", names[0], self.facts, "Facts are made in experiments/analyses.")

    def _names(self, measure: str, *at: Place) -> list[str]:
        names: list[str] = [measure]
        of: Condition | Comparison | None = None
        for place in at:
            if isinstance(place, Comparison):
                parts, of = [f"difference.{place.name}", place.name], place
            elif isinstance(place, Condition):
                parts, of = [place.name], place
            elif isinstance(place, Architecture):
                parts = [place.name]
            elif place in (FIRST, LAST):
                parts = self._layers(str(place), of)
            else:
                parts = [str(place)]
            names = [f"{name}.{part}" for name in names for part in parts]
        return names

    def _layers(self, role: str, of: Condition | Comparison | None) -> list[str]:
        """What the layer with a role may be called: by name, by where it is read, by its role, or by
        another of its points."""
        if of is None or (isinstance(of, Comparison) and of.axis == "architecture"):
            return [role]
        architecture = of.architecture if isinstance(of, Condition) else of.first.architecture
        network = self.networks[architecture.name]
        layer = network["layers"][0 if role == FIRST else -2]
        others = [point for point in network["points"] if point.startswith(f"{layer}.")]
        return [layer, network["reading"][layer], role, *reversed(others)]


class Coordinates:
    """What the names of a study's facts say of the facts: where in the study they are."""

    def __init__(self, study: Study, networks: Mapping[str, Mapping[str, Any]], classes: Sequence[str]) -> None:
        self._conditions = {each.name: each for each in study.conditions}
        self._comparisons = {each.name for each in study.comparisons}
        axes = ("architecture", "treatment")
        self._axes = {getattr(each, axis).name: axis for each in study.conditions for axis in axes}
        self._layers = {FIRST, LAST}.union(*([*of["layers"], *of["points"]] for of in networks.values()))
        self._classes = list(classes)

    def of(self, name: str) -> dict[str, str]:
        """{"measure", and of "architecture", "treatment", "comparison", "layer", "class" those that the name has}.

        A name is a measure, with coordinates behind it or between its parts, and "difference" before a comparison.
        """
        found: dict[str, str] = {}
        measure, *rest = name.split(".")
        kept = [measure]
        while rest:
            part = rest.pop(0)
            longer = f"{part}.{rest[0]}" if rest else ""
            if part in self._conditions:
                condition = self._conditions[part]
                found |= {"architecture": condition.architecture.name, "treatment": condition.treatment.name}
            elif part in self._comparisons:
                found["comparison"] = part
            elif longer in self._layers or part in self._layers:
                found["layer"] = f"{part}.{rest.pop(0)}" if longer in self._layers else part
            elif part in self._axes:
                found[self._axes[part]] = part
            elif part.isdigit() and not rest and int(part) < len(self._classes):
                found["class"] = self._classes[int(part)]
            elif part != "difference":
                kept.append(part)
        return {"measure": ".".join(kept), **found}
