"""The types that travel through a study: what is trained, what a stage is, what a stage hands on.

Standard library only, so that planning and a warm build never pay for torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any  # whatever json.dumps writes: str, int, float, bool, None, lists and dicts of these


@dataclass(frozen=True)
class Architecture:
    """A kind of network. `build` names the function that makes it; `options` are its keyword arguments."""

    name: str
    title: str
    build: str
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Treatment:
    """What is done to the pixels, in [0, 1], before a network sees them: (pixel - mean) / std."""

    name: str
    title: str
    mean: float
    std: float


@dataclass(frozen=True)
class Condition:
    """One cell of the study's grid: an architecture fed with one input treatment."""

    architecture: Architecture
    treatment: Treatment

    @property
    def name(self) -> str:
        return f"{self.architecture.name}-{self.treatment.name}"

    @property
    def title(self) -> str:
        return f"{self.architecture.title}, {self.treatment.title}"


@dataclass(frozen=True)
class Comparison:
    """Two conditions that differ along one axis only, "architecture" or "treatment"; seeds pair up.

    `first` is set against `second`: differences are first minus second. `within` is what both share. Where `second`
    has not the reference of the axis, it `is_contrast`: a comparison that a study asks for beside the others.
    """

    first: Condition
    second: Condition
    axis: str
    is_contrast: bool = False

    @property
    def within(self) -> Architecture | Treatment:
        return self.first.architecture if self.axis == "treatment" else self.first.treatment

    @property
    def of(self) -> Architecture | Treatment:
        """What `first` has where `second` has the reference."""
        return self.first.treatment if self.axis == "treatment" else self.first.architecture

    @property
    def reference(self) -> Architecture | Treatment:
        return self.second.treatment if self.axis == "treatment" else self.second.architecture

    @property
    def name(self) -> str:
        against = f"-vs-{self.reference.name}" if self.is_contrast else ""
        return f"{self.within.name}:{self.of.name}{against}"

    @property
    def title(self) -> str:
        return f"{self.within.title}: {self.of.title} minus {self.reference.title}"


@dataclass(frozen=True)
class Run:
    """One network that is trained: a condition and the seed of its initial weights and batch order."""

    condition: Condition
    seed: int

    @property
    def name(self) -> str:
        return f"{self.condition.name}/{self.seed}"


@dataclass(frozen=True)
class Study:
    """Everything a fork may change. Epoch 0 is the untrained network; `early` is the epoch shown as "early".

    The first architecture and the first treatment are the references of their axes: every other is compared with
    them. `controls` are conditions beside the full product of the two, `contrasts` further pairs of conditions, by
    name, that are compared; `faults` says what of this makes no sense.
    `embeddings` are the maps that are drawn of each layer: "pca", "tsne" and, if a minute may be spent on it, "umap".
    `ascent_steps` are those that make the image which a unit answers most strongly.
    `variants` are architectures that stand beside the condition named `variants_of`: trained as its runs are, with
    the first `variant_seeds` of the seeds. `replication` is the seed of the notebooks that are run again.
    """

    name: str
    architectures: tuple[Architecture, ...]
    treatments: tuple[Treatment, ...]
    seeds: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    probe_per_class: int
    early: int
    controls: tuple[Condition, ...] = ()
    contrasts: tuple[tuple[str, str], ...] = ()
    embeddings: tuple[str, ...] = ("pca", "tsne", "umap")
    ascent_steps: int = 200
    variants: tuple[Architecture, ...] = ()
    variants_of: str = ""
    variant_seeds: int = 5
    replication: int = 31416

    @property
    def conditions(self) -> tuple[Condition, ...]:
        product = tuple(Condition(a, t) for a in self.architectures for t in self.treatments)
        return product + self.controls

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every condition against the one that has the reference in its place: treatments first, then architectures."""
        known = {(each.architecture.name, each.treatment.name): each for each in self.conditions}
        architecture, treatment = self.architectures[0].name, self.treatments[0].name
        found = []
        for axis in ("treatment", "architecture"):
            for each in self.conditions:
                own = (each.architecture.name, each.treatment.name)
                other = (own[0], treatment) if axis == "treatment" else (architecture, own[1])
                if own != other and other in known:
                    found.append(Comparison(each, known[other], axis))
        named = {each.name: each for each in self.conditions}
        for one, another in self.contrasts:
            pair = named[one], named[another]
            axis = "treatment" if pair[0].architecture == pair[1].architecture else "architecture"
            found.append(Comparison(*pair, axis, is_contrast=True))
        return tuple(found)

    @property
    def faults(self) -> list[str]:
        """What of the study makes no sense, a line for each."""
        if not (self.architectures and self.treatments and self.seeds):
            return ["it has no architecture, no treatment or no seed: give it one of each at least"]
        axes: list[Architecture | Treatment] = [*self.architectures, *self.variants, *self.treatments]
        axes += [axis for control in self.controls for axis in (control.architecture, control.treatment)]
        told = [
            f"{each.name!r} is no name: use small letters, digits and hyphens" for each in axes if not _is_name(each)
        ]
        named = [*(each.name for each in self.architectures), *(each.name for each in self.treatments)]
        told += [f"two things are called {name!r}: name one anew" for name in _twice(named)]
        told += [
            f"two conditions are called {name!r}: name one anew" for name in _twice([c.name for c in self.conditions])
        ]
        told += [f"seed {seed} stands twice: take one out" for seed in _twice(self.seeds)]
        known = {each.name: each for each in self.conditions}
        for pair in self.contrasts:
            missing = [name for name in pair if name not in known]
            told += [f"a contrast names {name!r}; there are {', '.join(known)}" for name in missing]
            if not missing and not _is_contrast(known[pair[0]], known[pair[1]]):
                told.append(
                    f"the contrast {pair[0]}, {pair[1]} has to differ in its architecture or its treatment only"
                )
        return told

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(Run(condition, seed) for condition in self.conditions for seed in self.seeds)

    @property
    def first_runs(self) -> tuple[Run, ...]:
        """The runs of the first seed: the networks that are published and can be opened."""
        return tuple(run for run in self.runs if run.seed == self.seeds[0])

    @property
    def variant_runs(self) -> tuple[Run, ...]:
        """The runs of the variants; a variant's condition has the input treatment of the condition it stands beside."""
        beside = next(condition for condition in self.conditions if condition.name == self.variants_of)
        conditions = [Condition(variant, beside.treatment) for variant in self.variants]
        return tuple(Run(condition, seed) for condition in conditions for seed in self.seeds[: self.variant_seeds])


def _is_name(thing: Architecture | Treatment) -> bool:
    return re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", thing.name) is not None


def _twice(names: Iterable[Any]) -> list[Any]:
    seen: list[Any] = []
    return [name for name in names if name in seen or seen.append(name)]  # type: ignore[func-returns-value]


def _is_contrast(a: Condition, b: Condition) -> bool:
    return (a.architecture == b.architecture) != (a.treatment == b.treatment)


@dataclass(frozen=True)
class Product:
    """One named result of a stage; the ending of the name says how it is stored (.npz, .json, .svg, .csv, ...)."""

    stage: str
    name: str


@dataclass(frozen=True)
class Stage:
    """A pure function named by string, its parameters, and the products it reads.

    The function is called with keyword arguments: every input (the value of a product, or a dict of values
    where the input is a mapping), every parameter, and every entry of `place`. It returns a dict
    {product name: value}. `place` says where things are and never what they are (the data folder), so it is
    no part of the stage's key. `publish` names the products that go to the published shelf. `gate` says that nothing
    else may begin before the stage has succeeded, whether it is read or not.
    """

    name: str
    function: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    inputs: Mapping[str, Product | Mapping[str, Product]] = field(default_factory=dict)
    publish: tuple[str, ...] = ()
    place: Mapping[str, str] = field(default_factory=dict)
    gate: bool = False

    @property
    def comes_first(self) -> bool:
        """Whether all other stages wait for it: a gate, or what comes from outside."""
        return self.gate or bool(self.place)

    def products_read(self) -> tuple[Product, ...]:
        """Every product this stage reads, in the order of its arguments."""
        found: list[Product] = []
        for source in self.inputs.values():
            found.extend([source] if isinstance(source, Product) else source.values())
        return tuple(found)
