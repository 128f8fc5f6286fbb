"""The types that travel through a study: what is trained, what a stage is, what a stage hands on.

Standard library only, so that planning and a warm build never pay for torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
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
    epochs: how often it sees every image; where it is None, as often as the study says.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.01
    momentum: float | None = None
    weight_decay: float = 0.0
    batch_size: int = 64
    epochs: int | None = None

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
        if self.epochs is not None and self.epochs < 1:
            told.append(f"{self.epochs} epochs are none: use 1 or more")
        return told


@dataclass(frozen=True)
class Architecture:
    """A kind of network. `build` names the function that makes it; `options` are its keyword arguments.

    side_by_side: whether runs that differ in their seed alone are trained in one process. It pays for networks so small
    that calling a kernel takes as long as what it computes; no number depends on it.
    """

    name: str
    title: str
    build: str
    options: Mapping[str, Json] = field(default_factory=dict)
    side_by_side: bool = False


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
        told += [fault for title in (self.title, *(t.title for t in self.transforms)) for fault in _untold(title)]
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
class Sweep:
    """One architecture trained anew at several learning rates, fed by several treatments, beside the study's runs.

    `rates` are those of the study's recipe replaced; `seeds` how many of the study's seeds are trained, the first ones.
    `folded` are further starts, (treatment, other treatment) by name: networks that are fed by the one and begin as
    networks that compute what the same draw computes when it is fed by the other.
    """

    treatments: tuple[Treatment, ...]
    rates: tuple[float, ...]
    seeds: int
    epochs: int
    folded: tuple[tuple[str, str], ...] = ()

    @property
    def faults(self) -> list[str]:
        """What of it makes no sense."""
        told = [f"the treatment {each.name!r}: {fault}" for each in self.treatments for fault in each.faults]
        told += [
            f"the treatment {each.name!r} is measured: give numbers" for each in self.treatments if each.is_measured
        ]
        told += [
            f"a learning rate of {rate} is none: use a number above 0" for rate in self.rates if not 0 < rate < math.inf
        ]
        if len(self.treatments) < 1 or len(self.rates) < 2 or self.seeds < 1 or self.epochs < 1:
            told.append("it needs a treatment, two learning rates, a seed and an epoch at least")
        if list(self.rates) != sorted(set(self.rates)):
            told.append("its learning rates have to rise, each once")
        known = [each.name for each in self.treatments]
        told += [f"two treatments are called {name!r}: name one anew" for name in _twice(known)]
        told += [f"{name!r} is none of its treatments" for pair in self.folded for name in pair if name not in known]
        return told


@dataclass(frozen=True)
class DataSet:
    """A set of images other than MNIST, in files like MNIST's: what is said of it, and who fetches it.

    noun, plural: what an image shows, as in "a digit", "ten digits". class_names: in the order of the labels. loader: a
    class of torchvision.datasets that keeps such files, as "KMNIST" does.
    """

    title: str
    noun: str
    plural: str
    class_names: tuple[str, ...]
    source: str
    licence: str
    loader: str

    @property
    def described(self) -> dict[str, Json]:
        """The same as a folder's own description says it, see `experiments.description.described`."""
        told = {key: getattr(self, key) for key in ("title", "noun", "plural", "source", "licence")}
        return {**told, "class_names": list(self.class_names)}

    @property
    def faults(self) -> list[str]:
        """What of it makes no sense."""
        told = [f"two classes are called {name!r}: name one anew" for name in _twice(self.class_names)]
        return told if self.loader.isidentifier() else [*told, f"its loader is {self.loader!r}: name a class"]


@dataclass(frozen=True)
class Study:
    """Everything a fork may change. Epoch 0 is the untrained network; `early` is the epoch shown as "early".

    It reads all images of its set, or a part of `most` training and test images.
    The probe images, `probe_per_class` of each class, are drawn from the test set as `probe_seed` decides.
    The first architecture and the first treatment are the references of their axes: every other is compared with
    them. `controls` are conditions beside the full product of the two, `contrasts` further pairs of conditions, by
    name, that are compared, those of controls among them; `faults` says what of this makes no sense. A control is
    trained with the first `control_seeds` of the seeds. `specimen` is the seed whose networks are shown where one
    network is looked at, in the lab, on the map, as portraits: the first seed where it is None. `sweeps` are learning
    rates that are tried, by the name of an architecture.
    `recipe` is how its networks learn; `recipes` are those of a condition, an architecture or a treatment, by name,
    that learns otherwise: where a network has several, that of its condition counts, then of its architecture.
    `embeddings` are the maps that are drawn of each layer: "pca", "tsne" and, if a minute may be spent on it, "umap".
    `ascent_steps` are those that make the image which a unit answers most strongly.
    `variants` are architectures that stand beside the condition named `variants_of`: trained as its runs are, with
    the first `variant_seeds` of the seeds. `replication` is the seed of the notebooks that are run again.
    `data` is the set of images that it is made for, where that is not MNIST.
    """

    name: str
    architectures: tuple[Architecture, ...]
    treatments: tuple[Treatment, ...]
    seeds: tuple[int, ...]
    epochs: int
    probe_per_class: int
    early: int
    probe_seed: int = 0
    most: tuple[int, int] | None = None
    recipe: Recipe = Recipe()
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    controls: tuple[Condition, ...] = ()
    contrasts: tuple[tuple[str, str], ...] = ()
    control_seeds: int = 5
    specimen: int | None = None
    sweeps: Mapping[str, Sweep] = field(default_factory=dict)
    embeddings: tuple[str, ...] = ("pca", "tsne", "umap")
    ascent_steps: int = 200
    variants: tuple[Architecture, ...] = ()
    variants_of: str = ""
    variant_seeds: int = 5
    replication: int = 31416
    data: DataSet | None = None

    @cached_property
    def product(self) -> tuple[Condition, ...]:
        """Every architecture with every treatment."""
        return tuple(Condition(a, t) for a in self.architectures for t in self.treatments)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The product, and the controls beside it."""
        return self.product + self.controls

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every condition of the product against the one that has the reference in its place, treatments first, then
        architectures; then the contrasts, which alone tell what a control is compared with."""
        known = {(each.architecture.name, each.treatment.name): each for each in self.product}
        architecture, treatment = self.architectures[0].name, self.treatments[0].name
        found = []
        for axis in ("treatment", "architecture"):
            for each in self.product:
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

    def epochs_of(self, condition: Condition, recipe: Recipe | None = None) -> int:
        """For how many epochs the networks of a condition are trained, by their own recipe or another."""
        return (recipe or self.recipe_of(condition)).epochs or self.epochs

    def control_in(self, comparison: Comparison) -> str:
        """The name of the control that takes part in a comparison, or "" where none does."""
        return next((each.name for each in (comparison.first, comparison.second) if each in self.controls), "")

    def recipe_of(self, condition: Condition) -> Recipe:
        """How the networks of a condition learn; a variant without a recipe, as those do that it stands beside."""
        names = [condition.name, condition.architecture.name, condition.treatment.name]
        if condition.architecture in self.variants:
            names[2:2] = [self.beside_variants.name, self.beside_variants.architecture.name]
        return next((self.recipes[name] for name in names if name in self.recipes), self.recipe)

    @property
    def beside_variants(self) -> Condition:
        """The condition that the variants stand beside."""
        return next(each for each in self.conditions if each.name == self.variants_of)

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
        told += [
            f"the architecture {each.name!r}: {fault}"
            for each in axes
            if isinstance(each, Architecture)
            for fault in _untold(each.title)
        ]
        told += [f"seed {seed} stands twice: take one out" for seed in _twice(self.seeds)]
        told += [f"a part of {count} images is none: use 1 or more" for count in self.most or () if count < 1]
        told += [f"the recipe: {fault}" for fault in self.recipe.faults]
        told += [f"its data: {fault}" for fault in (self.data.faults if self.data else [])]
        known = {each.name: each for each in self.conditions}
        learning = [*known, *(each.name for each in axes)]
        for name, recipe in self.recipes.items():
            told += [f"the recipe of {name!r}: {fault}" for fault in recipe.faults]
            if name not in learning:
                told.append(f"a recipe is for {name!r}; there are {', '.join(learning)}")
        for treatment in {each.name: each for each in axes if isinstance(each, Treatment)}.values():
            told += [f"the treatment {treatment.name!r}: {fault}" for fault in treatment.faults]
        told += [
            f"{each.name} is trained for {self.epochs_of(each)} epochs: the early epoch, {self.early}, is none of them"
            for each in self.conditions
            if not 0 <= self.early <= self.epochs_of(each)
        ]
        lengths = {each.name: self.epochs_of(each) for each in self.conditions}
        if len({*lengths.values()}) > 1 and self.early in lengths.values():
            short = min(lengths, key=lengths.__getitem__)
            told.append(
                f"the early epoch, {self.early}, is the last of {short} and of others is not: give {short} more epochs"
            )
        if self.specimen is not None and self.specimen not in self.seeds:
            told.append(f"the specimen, {self.specimen}, is none of its seeds")
        if self.controls and self.control_seeds < 1:
            told.append(f"{self.control_seeds} seeds of a control are none: use 1 or more")
        for name, sweep in self.sweeps.items():
            told += [f"the sweep of {name!r}: {fault}" for fault in sweep.faults]
            if name not in [each.name for each in self.architectures]:
                told.append(f"a sweep is for {name!r}; there are {', '.join(each.name for each in self.architectures)}")
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
        return tuple(Run(condition, seed) for condition in self.conditions for seed in self.seeds_of(condition))

    def seeds_of(self, condition: Condition) -> tuple[int, ...]:
        """The seeds with which a condition is trained."""
        return self.seeds[: self.control_seeds] if condition in self.controls else self.seeds

    @property
    def shown_seed(self) -> int:
        """The seed of the networks that are looked at one by one."""
        return self.seeds[0] if self.specimen is None else self.specimen

    def shown_seed_of(self, condition: Condition) -> int:
        """The same of one condition: a control that lacks it shows its first."""
        seeds = self.seeds_of(condition)
        return self.shown_seed if self.shown_seed in seeds else seeds[0]

    @property
    def shown_runs(self) -> tuple[Run, ...]:
        """One network of every condition but the controls: those that are published and can be opened."""
        return tuple(Run(condition, self.shown_seed) for condition in self.product)

    def tried(self, architecture: Architecture) -> dict[str, tuple[Condition, Treatment | None]]:
        """The conditions that the sweep of an architecture trains, by name, and what those that are folded begin as."""
        sweep = self.sweeps[architecture.name]
        named = {each.name: each for each in sweep.treatments}
        found: dict[str, tuple[Condition, Treatment | None]] = {}
        for treatment in sweep.treatments:
            condition = Condition(architecture, treatment)
            found[condition.name] = condition, None
        for fed, begun in ((named[one], named[other]) for one, other in sweep.folded):
            name, title = f"{fed.name}-begun-{begun.name}", f"{fed.title}, begun as {begun.title}"
            condition = Condition(architecture, replace(fed, name=name, title=title))
            found[condition.name] = condition, begun
        return found

    @property
    def at_matched_step(self) -> tuple[tuple[Comparison, Comparison, Comparison], ...]:
        """(what a treatment changes, what of it the step changes, what is left): the treatment against the reference of
        its axis; a control that is the reference but for the rate of a layer, against it; the treatment against that
        control. As far as the study compares all three."""
        found = []
        along = [each for each in self.comparisons if each.axis == "treatment"]
        for whole in (each for each in along if not each.is_contrast):
            for rest in (each for each in along if each.first == whole.first and each.second.treatment.layer_rates):
                steps = [each for each in along if each.first == rest.second and each.second == whole.second]
                found += [(whole, step, rest) for step in steps]
        return tuple(found)

    @property
    def tried_treatments(self) -> tuple[Treatment, ...]:
        """The treatments of all sweeps, each once."""
        return tuple({each.name: each for sweep in self.sweeps.values() for each in sweep.treatments}.values())

    def tried_comparisons(self, architecture: Architecture) -> list[Comparison]:
        """Every treatment of a sweep against its first; and those that scale the pixels, and begin as they are drawn,
        against each that has a layer's rate of its own."""
        tried = self.tried(architecture).values()
        first, *others = [condition for condition, _ in tried]
        found = [Comparison(each, first, "treatment") for each in others]
        scaled = [each for each, begun in tried if begun is None and each.treatment.std != first.treatment.std]
        matched = [each for each in others if each.treatment.layer_rates]
        return found + [Comparison(each, other, "treatment", is_contrast=True) for other in matched for each in scaled]

    @property
    def variant_runs(self) -> tuple[Run, ...]:
        """The runs of the variants; a variant's condition has the input treatment of the condition it stands beside."""
        conditions = [Condition(variant, self.beside_variants.treatment) for variant in self.variants]
        return tuple(Run(condition, seed) for condition in conditions for seed in self.seeds[: self.variant_seeds])


def _is_name(thing: Architecture | Treatment) -> bool:
    return re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", thing.name) is not None


def _untold(title: str) -> list[str]:
    """What of a title pages would take for markup."""
    signs = "".join(dict.fromkeys(re.findall(r"[|*_$\[\]<>`\\{}]", title)))
    return [f"its title is {title!r}: leave out {signs}, which pages would take for markup"] if signs else []


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
    else may begin before the stage has succeeded, whether it is read or not. `stacked_by` names a parameter:
    stages that differ in it alone may be computed in one call. Their function is always given a list of its values, and
    returns a list of dicts; what it returns of a value must not depend on the others in the list.
    """

    name: str
    function: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    inputs: Mapping[str, Product | Mapping[str, Product]] = field(default_factory=dict)
    publish: tuple[str, ...] = ()
    place: Mapping[str, str] = field(default_factory=dict)
    gate: bool = False
    stacked_by: str = ""

    @property
    def comes_first(self) -> bool:
        """Whether all other stages wait for it: a gate, or what comes from outside."""
        return self.gate or bool(self.place)

    def told(self, *beside: Stage) -> dict[str, Json]:
        """The parameters as the function is given them, in a call for this stage and those that are stacked with it."""
        if not self.stacked_by:
            return dict(self.parameters)
        return {**self.parameters, self.stacked_by: [each.parameters[self.stacked_by] for each in (self, *beside)]}

    def products_read(self) -> tuple[Product, ...]:
        """Every product this stage reads, in the order of its arguments."""
        found: list[Product] = []
        for source in self.inputs.values():
            found.extend([source] if isinstance(source, Product) else source.values())
        return tuple(found)
