"""The types that travel through a study: what is trained, what a stage is, what a stage hands on.

Standard library only, so that planning and a warm build never pay for torch.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    embeddings: tuple[str, ...] = ("pca", "tsne", "umap")
    ascent_steps: int = 200
    variants: tuple[Architecture, ...] = ()
    variants_of: str = "mlp-normalized"
    variant_seeds: int = 5
    replication: int = 31416

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(Condition(a, t) for a in self.architectures for t in self.treatments)

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
