"""The survey: where every stage stands, before anything is computed.

In: the stages, the shelves, the sources and this machine's environment. Out: a standing for each stage, and
on request the reason for it in words.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.engine.key import Sources, ingredients
from experiments.engine.key import key as key_of
from experiments.engine.store import Damaged, Record, Shelf
from experiments.spec import Json, Product, Stage

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "umap-learn", "matplotlib")
VECTORS = ("avx512f", "avx2", "avx", "sve", "asimd")


@dataclass(frozen=True)
class Standing:
    """Where a stage stands.

    state is `cached` (a result of this machine serves), `published` (a result of the published shelf does),
    `stale` (there are results of this stage, none of them valid), `missing` (there is none) or `waiting` (an
    input has to be made before anyone can tell). Only the first two have a `record`. `key` is None while waiting.
    """

    stage: Stage
    state: str
    key: str | None = None
    made_of: Json = None
    record: Record | None = None

    @property
    def valid(self) -> bool:
        return self.record is not None


@dataclass(frozen=True)
class Shelves:
    """The two shelves and the one rule: a local record counts in the environment that made it, a published one everywhere."""

    local: Shelf
    published: Shelf | None
    environment: Mapping[str, str]

    def find(self, key: str, *, local_only: bool = False) -> tuple[str, Record] | None:
        """The valid record under a key, and the state it gives its stage."""
        record = self.local.record(key)
        if record is not None and dict(record.environment) == dict(self.environment):
            return "cached", record
        if local_only or self.published is None:
            return None
        record = self.published.record(key)
        return ("published", record) if record is not None else None

    def holder(self, product: str, address: str) -> Shelf | None:
        """The shelf that has an artifact."""
        for shelf in (self.local, self.published):
            if shelf is not None and shelf.has(product, address):
                return shelf
        return None


@dataclass
class Survey:
    """All standings of a plan; `again()` looks afresh, after something was computed."""

    stages: Sequence[Stage]
    shelves: Shelves
    sources: Sources
    wanted: Collection[Product] = ()
    redo: set[str] = field(default_factory=set)
    standings: dict[str, Standing] = field(default_factory=dict)
    _checked: set[tuple[str, str]] = field(default_factory=set)
    _keys: dict[tuple[str, tuple[str, ...]], tuple[str, Json]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self.stages)
        self.again()

    def again(self) -> dict[str, Standing]:
        """Looks at every stage in order. A stage that is valid but whose artifact is on no shelf (a checkpoint
        of the published study, say) is redone when something that must run reads it."""
        while True:
            self.standings = {}
            for stage in self.stages:
                self.standings[stage.name] = self._stand(stage)
            absent = {product.stage for product in self._needed() if self._absent(product)} - self.redo
            if not absent:
                return self.standings
            self.redo |= absent

    def address(self, product: Product) -> str:
        """The digest of a product whose stage is valid."""
        record = self.standings[product.stage].record
        if record is None or product.name not in record.products:
            raise PlanError(
                f"stage {product.stage} makes no product {product.name}: it makes {', '.join(record.products) if record else 'nothing yet'}"
            )
        return record.products[product.name]

    def ready(self) -> list[Standing]:
        """The stages that must run and can: all they read is there."""
        return [
            standing
            for standing in self.standings.values()
            if not standing.valid
            and standing.key is not None
            and not any(self._absent(product) for product in standing.stage.products_read())
        ]

    def drop_damaged(self, products: Iterable[Product]) -> list[str]:
        """Checks artifacts that are about to be read, once each. A damaged one is removed from the cache, or,
        on the published shelf, passed over; its stage is then redone. Returns a sentence for each."""
        notes = []
        for product in products:
            address = self.address(product)
            holder = self.shelves.holder(product.name, address)
            if holder is None or (product.name, address) in self._checked:
                continue
            try:
                holder.read(product.name, address)
                self._checked.add((product.name, address))
            except Damaged as damaged:
                notes.append(self._drop(damaged.path, product, holder))
        if notes:
            self.again()
        return notes

    def costs(self) -> dict[str, float]:
        """{stage name: expected seconds}, from its own stored results, else from those of the same function."""
        own: dict[str, float] = {}
        alike: dict[str, list[float]] = {}
        for name, records in histories(self).items():
            for record in records:
                own.setdefault(name, record.seconds)
                alike.setdefault(record.ingredients["function"], []).append(record.seconds)
        means = {function: sum(seconds) / len(seconds) for function, seconds in alike.items()}
        return {stage.name: own.get(stage.name, means.get(stage.function, 1.0)) for stage in self.stages}

    def named(self, pattern: str | None) -> list[str]:
        """The names of the stages that a glob matches; PlanError where none does."""
        import fnmatch

        names = [stage.name for stage in self.stages if fnmatch.fnmatchcase(stage.name, pattern or "*")]
        if not names:
            import difflib

            near = difflib.get_close_matches(pattern or "", [stage.name for stage in self.stages], n=3)
            raise PlanError(f"no stage is named {pattern}{_meant(near)}; see --list")
        return names

    def _stand(self, stage: Stage) -> Standing:
        read = stage.products_read()
        if not all(self.standings[product.stage].valid for product in read):
            return Standing(stage, "waiting")
        addresses = {product: self.address(product) for product in read}
        at = (stage.name, tuple(addresses.values()))
        if at not in self._keys:
            made_of = ingredients(stage, digests=addresses, sources=self.sources)
            self._keys[at] = (key_of(made_of), made_of)
        key, made_of = self._keys[at]
        found = None if stage.name in self.redo else self.shelves.find(key)
        if found is None:
            return Standing(stage, "missing", key, made_of)
        return Standing(stage, found[0], key, made_of, found[1])

    def _needed(self) -> Iterable[Product]:
        for standing in self.standings.values():
            if not standing.valid and standing.key is not None:
                yield from standing.stage.products_read()
        yield from (product for product in self.wanted if self.standings[product.stage].valid)

    def _drop(self, path: Path, product: Product, holder: Shelf) -> str:
        if holder is self.shelves.local:
            path.unlink(missing_ok=True)
            return f"{path} is damaged: removed; {product.stage} is computed again"
        holder.distrust(path)
        return f"{path} is damaged: not used; {product.stage} is computed again (git restore brings the file back)"

    def _absent(self, product: Product) -> bool:
        return self.shelves.holder(product.name, self.address(product)) is None


class PlanError(ValueError):
    """The plan or a name in it makes no sense. The message says which and what would."""


def check(stages: Sequence[Stage]) -> None:
    """Raises PlanError unless names are unique and every stage comes after what it reads."""
    seen: set[str] = set()
    for stage in stages:
        if stage.name in seen:
            raise PlanError(f"two stages are named {stage.name}; give each its own name")
        for product in stage.products_read():
            if product.stage not in seen:
                raise PlanError(f"stage {stage.name} reads {product.stage}, which is not planned before it")
        seen.add(stage.name)


def environment() -> dict[str, str]:
    """What a result may depend on beside its key: versions, platform and the processor's vector instructions."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        "python": python,
        **versions,
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _vectors(),
    }


def histories(survey: Survey) -> dict[str, list[Record]]:
    """{stage name: every record of it}, the local shelf's first."""
    found: dict[str, list[Record]] = {stage.name: [] for stage in survey.stages}
    for shelf in (survey.shelves.local, survey.shelves.published):
        for record in shelf.records() if shelf is not None else []:
            found.get(record.stage, []).append(record)
    return found


def states(survey: Survey) -> dict[str, str]:
    """{stage name: cached, published, stale or missing}: a stage that must run is stale if it ever had a result."""
    history = histories(survey)
    return {
        name: standing.state if standing.valid else ("stale" if history[name] else "missing")
        for name, standing in survey.standings.items()
    }


def explain(survey: Survey, name: str) -> str:
    """Why a stage would run, or why it need not: which source, parameter, input or environment differs."""
    survey.named(name)
    standing = survey.standings[name]
    if standing.record is not None:
        where = "computed here" if standing.state == "cached" else "restored from the published results"
        return f"{name} is {standing.state}: {where}, key {standing.key[:16] if standing.key else ''}"
    if standing.key is None:
        awaited = sorted({p.stage for p in standing.stage.products_read() if not survey.standings[p.stage].valid})
        return f"{name} waits for {', '.join(awaited)}; whether it runs depends on what they give"
    if name in survey.redo:
        return (
            f"{name} would run: it was asked for, or something that must run reads a product of it that is on no shelf"
        )
    history = histories(survey)[name]
    if not history:
        return f"{name} would run: there is no stored result of it"
    closest = min(history, key=lambda record: len(_differences(record, standing, survey.shelves.environment)))
    lines = _differences(closest, standing, survey.shelves.environment)
    return "\n".join([f"{name} would run. Against its closest stored result:", *(f"  {line}" for line in lines)])


def _differences(record: Record, standing: Standing, here: Mapping[str, str]) -> list[str]:
    """What differs between a stored result and the stage as it is now, a line each."""
    lines = []
    nouns = {"sources": "source", "parameters": "parameter", "inputs": "input"}
    if record.ingredients["function"] != standing.made_of["function"]:
        lines.append(f"function: {record.ingredients['function']} then, {standing.made_of['function']} now")
    for part, noun in nouns.items():
        then, now = record.ingredients[part], standing.made_of[part]
        for name in sorted({*then, *now}):
            if name not in now:
                lines.append(f"{noun} {name}: no longer there")
            elif name not in then:
                lines.append(f"{noun} {name}: new")
            elif then[name] != now[name]:
                lines.append(f"{noun} {name}: " + _changed(then[name], now[name], content=part != "parameters"))
    if record.key == standing.key or not lines:
        then_env = dict(record.environment)
        for name in sorted({*then_env, *here}):
            if then_env.get(name) != here.get(name):
                lines.append(
                    f"environment {name}: {then_env.get(name, 'unknown')} then, {here.get(name, 'unknown')} now"
                )
    return lines


def _changed(then: Json, now: Json, *, content: bool) -> str:
    if isinstance(then, dict) and isinstance(now, dict):
        labels = sorted(label for label in {*then, *now} if then.get(label) != now.get(label))
        return f"differs in {', '.join(labels[:6])}{' and more' if len(labels) > 6 else ''}"
    return "its meaning or content differs" if content else f"{then!r} then, {now!r} now"


def _meant(near: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _vectors() -> str:
    """The widest vector instructions the processor offers, as far as the system tells."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return platform.machine()
    return next((name for name in VECTORS if name in flags), platform.machine())
