"""The types that travel through a study: what is trained, what a stage is, what a stage hands on.

Standard library only, so that planning and a warm build never pay for torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any  # whatever json.dumps writes: str, int, float, bool, None, lists and dicts of these
OPTIMIZERS = ("sgd", "adam")
ROLES = ("first", "last")  # of layers whose rate may differ; the last is the one that answers
TRAINING = "training"  # a constant of a treatment that the training images decide


@dataclass(frozen=True)
class Recipe:
    """How a network learns: the optimizer, its step, and how many images share one.

    momentum: of the gradient's running average; where it is None, what is usual: none for "sgd", 0.9 for "adam" (Kingma
    and Ba 2015), whose average of squares has 0.999. weight_decay: added to the gradient, as a share of the weights.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.01
    momentum: float | None = None
    weight_decay: float = 0.0
    batch_size: int = 64

    @property
    def averages(self) -> tuple[float, float]:
        """The shares of the old in Adam's averages of gradients and of their squares."""
        return 0.9 if self.momentum is None else self.momentum, 0.999

    @property
    def told(self) -> dict[str, Json]:
        """What training is told of it: the arguments of `experiments.descent.Steps`, and the size of a batch."""
        own = {"averages": list(self.averages)} if self.optimizer == "adam" else {"momentum": self.momentum or 0.0}
        return {
            "optimizer": self.optimizer,
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "batch_size": self.batch_size,
            **own,
        }

    @property
    def faults(self) -> list[str]:
        """What of it makes no sense."""
        told = []
        if self.optimizer not in OPTIMIZERS:
            told.append(f"no optimizer is called {self.optimizer!r}: use {' or '.join(OPTIMIZERS)}")
        if not 0 <= self.learning_rate < math.inf:
            told.append(f"a learning rate of {self.learning_rate} is none: use a number from 0 on")
        if self.momentum is not None and not 0 <= self.momentum < 1:
            told.append(f"a momentum of {self.momentum} is none: use a number from 0 on, below 1")
        if not 0 <= self.weight_decay < math.inf:
            told.append(f"a weight decay of {self.weight_decay} is none: use a number from 0 on")
        if self.batch_size < 1:
            told.append(f"batches of {self.batch_size} images are none: use 1 or more")
        return told


@dataclass(frozen=True)
class Architecture:
    """A kind of network. `build` names the function that makes it; `options` are its keyword arguments."""

    name: str
    title: str
    build: str
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Transform:
    """Something that is done to all images alike: `function`, "module:name", with `options` as keyword arguments.

    The function is handed images float32 (image, 1, side, side), pixels in [0, 1], and returns images of that shape;
    see `experiments.treatment.shuffled`. `title` says how the pixels are then shown: "in one fixed random order".
    """

    title: str
    function: str
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Treatment:
    """What is done to the pixels, in [0, 1], before a network sees them: `transforms`, then (pixel - mean) / std.

    mean, std: numbers, or TRAINING for those of all pixels of the training images. `layer_rates` are factors on the
    learning rate of a layer's weights (not of its biases), by the layer's role: {"first": 0.1} slows the first layer.
    """

    name: str
    title: str
    mean: float | str
    std: float | str
    transforms: tuple[Transform, ...] = ()
    layer_rates: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_measured(self) -> bool:
        """Whether the training images decide a constant of it."""
        return TRAINING in (self.mean, self.std)

    @property
    def is_identity(self) -> bool:
        """Whether it leaves the pixels as they are."""
        return (self.mean, self.std, self.transforms) == (0.0, 1.0, ())

    @property
    def faults(self) -> list[str]:
        """What of it makes no sense."""
        told = []
        for name, value in (("mean", self.mean), ("std", self.std)):
            if isinstance(value, str) and value != TRAINING:
                told.append(f"its {name} is {value!r}: give a number, or {TRAINING!r} for that of the training images")
        if not isinstance(self.std, str) and not 0 < self.std < math.inf:
            told.append(f"its std is {self.std}: give a number above 0")
        if not isinstance(self.mean, str) and not math.isfinite(self.mean):
            told.append(f"its mean is {self.mean}: give a number")
        told += [f"its transform is {t.function!r}: write 'module:function'" for t in self.transforms if not _leads(t)]
        for role, rate in self.layer_rates.items():
            if role not in ROLES:
                told.append(f"no layer has the role {role!r}: use {' or '.join(ROLES)}")
            if not 0 <= rate < math.inf:
                told.append(f"its rate of the {role} layer is {rate}: give a number from 0 on")
        return told


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
    `recipe` is how its networks learn; `recipes` are those of a condition, an architecture or a treatment, by name,
    that learns otherwise: where a network has several, that of its condition counts, then of its architecture.
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
    probe_per_class: int
    early: int
    recipe: Recipe = Recipe()
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
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

    def recipe_of(self, condition: Condition) -> Recipe:
        """How the networks of a condition learn."""
        names = (condition.name, condition.architecture.name, condition.treatment.name)
        return next((self.recipes[name] for name in names if name in self.recipes), self.recipe)

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
        told += [f"the recipe: {fault}" for fault in self.recipe.faults]
        known = {each.name: each for each in self.conditions}
        learning = [*known, *(each.name for each in axes)]
        for name, recipe in self.recipes.items():
            told += [f"the recipe of {name!r}: {fault}" for fault in recipe.faults]
            if name not in learning:
                told.append(f"a recipe is for {name!r}; there are {', '.join(learning)}")
        for treatment in {each.name: each for each in axes if isinstance(each, Treatment)}.values():
            told += [f"the treatment {treatment.name!r}: {fault}" for fault in treatment.faults]
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


def _leads(transform: Transform) -> bool:
    module, _, name = transform.function.partition(":")
    return name.isidentifier() and all(part.isidentifier() for part in module.split("."))


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
