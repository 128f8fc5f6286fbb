"""The work of one stage, in whatever process: inputs are loaded, the function is called, products are stored.

In: a task, which says all that a worker needs. Out: a record, with everything it names already on the shelf.
"""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.engine.sources import SourceError, Sources
from experiments.engine.store import Record, Shelf, decode, encode
from experiments.engine.surroundings import ElsewhereError, Surroundings
from experiments.engine.survey import Standing, Survey
from experiments.spec import Json, Product, Stage


@dataclass(frozen=True)
class Task:
    """A stage to be computed: its key and what that is made of, its inputs by address, the shelves' folders (the
    first takes the products), the files of its sources as the survey read them, the packages that they import, and
    what the survey knew of those (`environment`, and what it learnt on the way, see `Surroundings`)."""

    stage: Stage
    key: str
    made_of: Json
    addresses: Mapping[Product, str]
    folders: tuple[str, ...]
    root: str
    files: Mapping[str, str]
    imports: tuple[str, ...]
    environment: Mapping[str, str]
    memo: Mapping[str, Json]

    @property
    def shelves(self) -> list[Shelf]:
        """The shelves, opened afresh."""
        return [Shelf(folder, Path(folder)) for folder in self.folders]


def task(survey: Survey, standing: Standing) -> Task:
    """The task of a stage whose inputs are all there."""
    shelves = (survey.shelves.local, survey.shelves.published)
    modules = standing.made_of["sources"]
    return Task(
        stage=standing.stage,
        key=standing.key or "",
        made_of=standing.made_of,
        addresses={product: survey.address(product) for product in standing.stage.products_read()},
        folders=tuple(str(shelf.folder) for shelf in shelves if shelf is not None),
        root=str(survey.sources.root),
        files=survey.sources.files(modules),
        imports=tuple(sorted(survey.sources.others(modules))),
        environment=survey.environment(standing.stage),
        memo=survey.surroundings.told(),
    )


def perform(*tasks: Task) -> list[Record]:
    """Computes a stage, or stages that are stacked, and stores the products of each, then its record. Raises what the
    stage raises, in a form that can travel between processes."""
    try:
        return _perform(tasks)
    except Exception as error:
        if _travels(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def products(*tasks: Task) -> list[dict[str, bytes]]:
    """The encoded products of a stage, or of stages that are stacked. Raises SourceError where the code is no longer
    the surveyed one, Unseen where it depends on what its key does not see, and whatever the stage's function raises."""
    from experiments.engine.guard import guarded  # a build with nothing to do never pays for it

    task, *beside = tasks
    parameters = task.stage.told(*(each.stage for each in beside))
    module, _, name = task.stage.function.partition(":")
    shelves = task.shelves
    inputs = {
        argument: _load(source, task.addresses, shelves)
        if isinstance(source, Product)
        else {label: _load(product, task.addresses, shelves) for label, product in source.items()}
        for argument, source in task.stage.inputs.items()
    }
    with guarded(
        Path(task.root), seen=task.files.keys(), places=[*task.folders, *filter(None, task.stage.place.values())]
    ):
        for each in task.files:
            importlib.import_module(each)
        _check_sources(task)
        function = getattr(importlib.import_module(module), name)
        made = function(**inputs, **parameters, **task.stage.place)
    results = made if task.stage.stacked_by else [made]
    if len(results) != len(tasks):
        raise ValueError(f"{task.stage.function} returned {len(results)} results where {len(tasks)} were asked for")
    return [{product: encode(product, value) for product, value in sorted(of.items())} for of in results]


def _check_sources(task: Task) -> None:
    """Raises SourceError unless the code that is loaded means what the survey read. Where modules are not loaded by
    the guard, their files are read again instead."""
    from experiments.engine.guard import here

    loaded, root = here().loaded, Path(task.root)
    as_read = all(loaded.get(module) == file for module, file in task.files.items())
    if not as_read and Sources(root).reached_by(task.stage) != task.made_of["sources"]:
        raise SourceError("its source was edited while the build ran; run again")


def _perform(tasks: Sequence[Task]) -> list[Record]:
    started = time.perf_counter()
    made = products(*tasks)
    seconds = round((time.perf_counter() - started) / len(tasks), 3)
    return [_keep(task, of, seconds) for task, of in zip(tasks, made, strict=True)]


def _keep(task: Task, made: Mapping[str, bytes], seconds: float) -> Record:
    environment = _environment(task)
    if environment != task.environment:
        names = sorted({*environment, *task.environment})
        differing = [each for each in names if environment.get(each) != task.environment.get(each)]
        told = ", ".join(
            f"{each} {environment.get(each)} instead of {task.environment.get(each)}" for each in differing
        )
        raise ElsewhereError(f"it was computed in other surroundings than this build's: {told}; make them alike")
    local = task.shelves[0]
    stored = {name: local.add(name, data) for name, data in made.items()}
    record = Record(task.stage.name, task.key, stored, seconds, environment, task.made_of)
    local.put(record)
    return record


def _environment(task: Task) -> dict[str, str]:
    """What the result depends on here beside its key. A worker, which ends with its build, looks once."""
    from experiments.engine.guard import here

    surroundings = _surroundings() if here().works else Surroundings()
    surroundings.learn(task.memo)
    return surroundings.of(task.imports)


@functools.cache
def _surroundings() -> Surroundings:
    return Surroundings()


def _load(product: Product, addresses: Mapping[Product, str], shelves: list[Shelf]) -> Any:
    address = addresses[product]
    holder = next((shelf for shelf in shelves if shelf.has(product.name, address)), shelves[0])
    return decode(product.name, holder.read(product.name, address))


def _travels(error: Exception) -> bool:
    """Whether an error survives the way to another process; one that does not would break the pool."""
    import pickle

    try:
        return str(pickle.loads(pickle.dumps(error))) == str(error)
    except Exception:
        return False
