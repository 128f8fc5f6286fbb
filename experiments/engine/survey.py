"""The survey: where every stage stands, before anything is computed.

In: the stages, the shelves, the sources and this machine's environment. Out: a standing for each stage;
experiments/engine/reasons.py puts it into words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments.engine.files import explained
from experiments.engine.key import ingredients
from experiments.engine.key import key as key_of
from experiments.engine.sources import Sources
from experiments.engine.store import Damaged, Record, Shelf, decode
from experiments.engine.surroundings import Surroundings
from experiments.spec import Json, Product, Stage


class PlanError(ValueError):
    """The plan or a name in it makes no sense. The message says which and what would."""


@dataclass(frozen=True)
class Standing:
    """Where a stage stands.

    state is `cached` (a result of this machine serves), `published` (a result of the published shelf does),
    `missing` (it must run) or `waiting` (an input has to be made before anyone can tell). Only the first two
    have a `record`. `key` and `made_of` are None while waiting.
    """

    stage: Stage
    state: str
    key: str | None = None
    made_of: Json = None
    record: Record | None = None

    @property
    def valid(self) -> bool:
        """Whether a stored result serves, so that the stage need not run."""
        return self.record is not None


@dataclass(frozen=True)
class Shelves:
    """The two shelves and the one rule: a local record counts in the environment that made it, a published one
    everywhere."""

    local: Shelf
    published: Shelf | None

    def find(self, key: str, *, made_of: Json, environment: Mapping[str, str]) -> tuple[str, Record] | None:
        """The valid record under the key of these ingredients, and the state it gives its stage."""
        record = self.local.record(key)
        if record is not None and record.ingredients == made_of and record.environment == environment:
            return "cached", record
        record = self.published.record(key) if self.published is not None else None
        return ("published", record) if record is not None and record.ingredients == made_of else None

    def holder(self, product: str, address: str) -> Shelf | None:
        """The shelf that has an artifact."""
        for shelf in (self.local, self.published):
            if shelf is not None and shelf.has(product, address):
                return shelf
        return None


@dataclass
class Survey:
    """All standings of a plan; `again()` looks afresh, after something was computed.

    `wanted` are the products that somebody will read in the end (the pages). `redo` says which stages must run
    although they have a valid result, and why: {stage name: reason}.
    """

    stages: Sequence[Stage]
    shelves: Shelves
    sources: Sources
    surroundings: Surroundings = field(default_factory=Surroundings)
    wanted: Collection[Product] = ()
    redo: dict[str, str] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    _checked: set[tuple[str, str]] = field(default_factory=set)
    _there: set[tuple[str, str]] = field(default_factory=set)
    _keys: dict[tuple[str, tuple[str, ...]], tuple[str, Json]] = field(default_factory=dict)
    _definitions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _environments: dict[tuple[str, ...], Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self.stages)
        self.again()

    def again(self) -> dict[str, Standing]:
        """Looks at every stage in order. A stage that is valid but whose artifact is on no shelf (a checkpoint
        of the published study, say) is redone when something that must run reads it."""
        self._there.clear()
        while True:
            self.standings = {}
            for stage in self.stages:
                self.standings[stage.name] = self._stand(stage)
            if not self._redo_what_is_absent(self.standings):
                return self.standings

    def settle(self, names: Iterable[str]) -> None:
        """Takes notice of stages that were just computed. Says what `again` would say, but looks only at them and at
        those that read them, directly or not: a build asks after every stage."""
        changed = set(names)
        for stage in self.stages:
            if stage.name in changed or not changed.isdisjoint(self._read_by[stage.name]):
                standing = self._stand(stage)
                if standing != self.standings[stage.name]:
                    changed.add(stage.name)
                self.standings[stage.name] = standing
        if self._redo_what_is_absent(changed):
            self.again()

    def rebuild(self, pattern: str) -> None:
        """Has the stages that a glob matches run, whatever is stored of them."""
        self.redo |= dict.fromkeys(self.named(pattern), "it was asked for")
        self.again()

    def environment(self, stage: Stage) -> Mapping[str, str]:
        """What a result of a stage would depend on here beside its key."""
        return self._environment(self.sources.reached_by(stage))

    def _environment(self, sources: Iterable[str]) -> Mapping[str, str]:
        modules = tuple(sources)
        if modules not in self._environments:
            self._environments[modules] = self.surroundings.of(self.sources.others(modules))
        return self._environments[modules]

    def address(self, product: Product) -> str:
        """The digest of a product whose stage is valid."""
        record = self.standings[product.stage].record
        if record is None:
            raise PlanError(f"stage {product.stage} has no result yet, so there is no {product.name}")
        if product.name not in record.products:
            made = ", ".join(sorted(record.products)) or "nothing"
            raise PlanError(f"stage {product.stage} makes no product {product.name}; it makes {made}")
        return record.products[product.name]

    def value(self, product: Product) -> Any:
        """A product of a valid stage, decoded. Raises Damaged."""
        address = self.address(product)
        holder = self.shelves.holder(product.name, address) or self.shelves.local
        return decode(product.name, holder.read(product.name, address))

    def absent(self, product: Product) -> bool:
        """Whether a product of a valid stage is on no shelf. What was found once is not looked for before `again`."""
        at = product.name, self.address(product)
        if at not in self._there:
            if self.shelves.holder(*at) is None:
                return True
            self._there.add(at)
        return False

    def must_run(self) -> list[str]:
        """The names of the stages without a valid result, in the order of the plan."""
        return [name for name, standing in self.standings.items() if not standing.valid]

    def ready(self, *, besides: Collection[str] = ()) -> list[Standing]:
        """The stages that must run and can, as all they read is there; `besides` those of these names."""
        missing = [standing for standing in self.standings.values() if standing.state == "missing"]
        others = [standing for standing in missing if standing.stage.name not in besides]
        return [each for each in others if not any(map(self.absent, each.stage.products_read()))]

    def drop_damaged(self, products: Iterable[Product]) -> list[str]:
        """Checks artifacts that are about to be read, once each. A damaged one is removed from the cache, or,
        on the published shelf, passed over; its stage is then redone. Returns a sentence for each."""
        notes = []
        for product in [product for product in products if self.standings[product.stage].valid]:
            at = product.name, self.address(product)
            holder = None if at in self._checked else self.shelves.holder(*at)
            if holder is None:
                continue
            try:
                holder.read(*at)
                self._checked.add(at)
            except Damaged as damaged:
                notes.append(self._drop(damaged.path, product, holder))
        if notes:
            self.again()
        return notes

    def definitions(self, module: str) -> Mapping[str, str]:
        """{digest: the name of a definition} of a module, as it is and as it was, as far as anybody remembers."""
        if module not in self._definitions:
            published = self._published_definitions.get(module, {})
            self._definitions[module] = {**published, **self.sources.definitions(module)}
        return self._definitions[module]

    @cached_property
    def _published_definitions(self) -> Mapping[str, Mapping[str, str]]:
        from experiments.engine.contents import contents

        return contents(self.shelves.published)["definitions"] if self.shelves.published is not None else {}

    def costs(self) -> dict[str, float]:
        """{stage name: seconds it took when it last ran, or a stage of the same function on average}, where known."""
        own, alike = self._seconds
        means = {function: sum(seconds) / len(seconds) for function, seconds in alike.items()}
        return {stage.name: means[stage.function] for stage in self.stages if stage.function in means} | own

    def took(self, record: Record) -> None:
        """Takes notice of how long a stage took that was just computed."""
        own, alike = self._seconds
        own[record.stage] = record.seconds
        alike.setdefault(record.ingredients["function"], []).append(record.seconds)

    @cached_property
    def _seconds(self) -> tuple[dict[str, float], dict[str, list[float]]]:
        """The seconds that each stage took when it last ran, and those of every function's, as the records tell."""
        own: dict[str, float] = {}
        alike: dict[str, list[float]] = {}
        for name, records in histories(self).items():
            for record in records:
                own.setdefault(name, record.seconds)
                alike.setdefault(record.ingredients["function"], []).append(record.seconds)
        return own, alike

    def ways(self) -> dict[str, float]:
        """{stage name: seconds until it, and the longest chain of stages that wait for it, are done}. What nothing is
        known of may take as long as anything that something is known of."""
        costs = self.costs()
        longest = max(costs.values(), default=0.0)
        ways: dict[str, float] = {}
        for stage in reversed(self.stages):
            ways[stage.name] = ways.get(stage.name, 0.0) + costs.get(stage.name, longest)
            for name in self._read_by[stage.name]:
                ways[name] = max(ways.get(name, 0.0), ways[stage.name])
        return ways

    def named(self, pattern: str) -> list[str]:
        """The names of the stages that a glob matches; PlanError where none does."""
        import fnmatch

        names = [stage.name for stage in self.stages]
        if found := [name for name in names if fnmatch.fnmatchcase(name, pattern)]:
            return found
        import difflib

        near = " or ".join(difflib.get_close_matches(pattern, names, n=3))
        raise PlanError(
            f"no stage is named {pattern or repr(pattern)}; {f'did you mean {near}?' if near else 'see --list'}"
        )

    def _stand(self, stage: Stage) -> Standing:
        read = stage.products_read()
        if not all(self.standings[product.stage].valid for product in read):
            return Standing(stage, "waiting")
        addresses = {product: self.address(product) for product in read}
        at = (stage.name, tuple(addresses.values()))
        if at not in self._keys:
            made_of = ingredients(stage, digests=addresses, sources=self.sources)
            try:
                self._keys[at] = (key_of(made_of), made_of)
            except ValueError as error:
                raise PlanError(f"the parameters of stage {stage.name} are not JSON: {error}") from error
        key, made_of = self._keys[at]
        found = None
        if stage.name not in self.redo:
            found = self.shelves.find(key, made_of=made_of, environment=self._environment(made_of["sources"]))
        if found is None:
            return Standing(stage, "missing", key, made_of)
        return Standing(stage, found[0], key, made_of, found[1])

    @cached_property
    def _read_by(self) -> dict[str, frozenset[str]]:
        """{stage: the stages that it reads}."""
        return {stage.name: frozenset(each.stage for each in stage.products_read()) for stage in self.stages}

    def _redo_what_is_absent(self, names: Collection[str]) -> bool:
        """Has the stages redone whose products are on no shelf and will be read: by these stages, or, of these
        stages, by the site. Tells whether there are any that were not to be redone already."""
        before = len(self.redo)
        for product, reader in self._reads(names):
            if self.absent(product):
                self.redo.setdefault(product.stage, f"{reader} reads its {product.name}, which is on no shelf")
        return len(self.redo) > before

    def _reads(self, names: Collection[str]) -> Iterable[tuple[Product, str]]:
        """The products that these stages will read, as far as they can be named, and those of theirs that the site
        will; and who reads them."""
        for name in names:
            if self.standings[name].state == "missing":
                yield from ((product, name) for product in self.standings[name].stage.products_read())
        for product in self.wanted:
            if product.stage in names and self.standings[product.stage].valid:
                yield product, "the site"

    def _drop(self, path: Path, product: Product, holder: Shelf) -> str:
        if holder is self.shelves.local:
            with explained("remove the damaged", path):
                path.unlink(missing_ok=True)
            return f"{path} is damaged: removed; {product.stage} is computed again where nothing else has it"
        holder.distrust(path)
        return f"{path} is damaged: not used; {product.stage} is computed again (git restore brings the file back)"


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


def histories(survey: Survey) -> dict[str, list[Record]]:
    """{stage name: every record of it}, the local shelf's first."""
    found: dict[str, list[Record]] = {stage.name: [] for stage in survey.stages}
    for shelf in (survey.shelves.local, survey.shelves.published):
        for record in shelf.records() if shelf is not None else []:
            found.get(record.stage, []).append(record)
    return found
