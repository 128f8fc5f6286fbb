"""The work of one stage, in whatever process: inputs are loaded, the function is called, products are stored.

In: a task, which says all that a worker needs. Out: a record, and the products that it names where the worker could
not put them on the shelf itself.
"""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from experiments.engine.files import FilesError, check_writable
from experiments.engine.key import digest
from experiments.engine.sources import SourceError, Sources
from experiments.engine.store import Record, Shelf, decode, encode
from experiments.engine.surroundings import ElsewhereError, Surroundings
from experiments.engine.survey import Standing, Survey
from experiments.spec import Json, Product, Stage


@dataclass(frozen=True)
class Task:
    """A stage to be computed: its key and what that is made of, its inputs by address, the shelves' folders (the
    first takes the products; without one they go back with the record), the files of its sources as the survey read
    them, the packages that they import, what the survey knew of those, and inputs that came with the task, by address.
    """

    stage: Stage
    key: str
    made_of: Json
    addresses: Mapping[Product, str]
    folders: tuple[str, ...]
    root: str
    files: Mapping[str, str]
    imports: tuple[str, ...]
    environment: Mapping[str, str]
    held: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def shelves(self) -> list[Shelf]:
        """The shelves, opened afresh."""
        return [Shelf(folder, Path(folder)) for folder in self.folders]


@dataclass(frozen=True)
class Made:
    """What came of a task: the record, and the products' bytes by name; None where they are on the shelf already."""

    record: Record
    products: Mapping[str, bytes] | None = None


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
    )


def perform(*tasks: Task) -> list[Made]:
    """Computes a stage, or stages that are stacked, and stores the products of each, then its record, where there is a
    shelf. Raises what the stage raises, in a form that can travel between processes."""
    try:
        return _perform(tasks)
    except Exception as error:
        if _travels(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def keep(made: Made, shelf: Shelf) -> None:
    """Has a shelf hold what was made: stores what came back, and takes notice of what a worker stored. Raises
    FilesError where it cannot be written, is not on the shelf, or is not what its record says."""
    record = made.record
    if made.products is None:
        if not all(shelf.has(name, address) for name, address in record.products.items()):
            raise FilesError(
                f"the result of {record.stage} is not in {shelf.folder}: all workers must share this folder"
            )
        shelf.learn(record)
        return
    for name, data in made.products.items():
        if shelf.add(name, data) != record.products[name]:
            raise FilesError(f"{name} of {record.stage} changed on its way here; run again")
    shelf.put(record)


def afar(function: Callable[..., Any], arguments: Sequence[Any], *, held: Mapping[str, bytes]) -> Any:
    """Calls a function on tasks that came from another machine: their code lies where that of this process does, and
    what they read is held."""
    from experiments.engine.guard import ROOT

    return function(
        *(replace(each, root=str(ROOT), held=held) if isinstance(each, Task) else each for each in arguments)
    )


def facts(imports: Iterable[str], folder: str, sign: tuple[str, str]) -> tuple[dict[str, str], bool]:
    """The surroundings of this process, and whether it shares a folder with who asks: finds in it a file of that name
    with that text, and can write there."""
    try:
        shares = Path(folder, sign[0]).read_text() == sign[1]
        for kept in ("records", "artifacts"):
            check_writable(Path(folder, kept))
    except (OSError, FilesError):
        shares = False
    return _surroundings().of(imports), shares


def know(memo: Mapping[str, Json]) -> None:
    """Takes over what the build's own process learnt of the packages here, see `Surroundings`."""
    _surroundings().learn(memo)


def products(*tasks: Task) -> list[dict[str, bytes]]:
    """The encoded products of a stage, or of stages that are stacked. Raises SourceError where the code is no longer
    the surveyed one, Unseen where it depends on what its key does not see, and whatever the stage's function raises."""
    from experiments.engine.guard import guarded  # a build with nothing to do never pays for it

    task, *beside = tasks
    parameters = task.stage.told(*(each.stage for each in beside))
    module, _, name = task.stage.function.partition(":")
    shelves = task.shelves
    inputs = {
        argument: _load(source, task, shelves)
        if isinstance(source, Product)
        else {label: _load(product, task, shelves) for label, product in source.items()}
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


def _perform(tasks: Sequence[Task]) -> list[Made]:
    started = time.perf_counter()
    made = products(*tasks)
    seconds = round((time.perf_counter() - started) / len(tasks), 3)
    return [_keep(task, of, seconds) for task, of in zip(tasks, made, strict=True)]


def _keep(task: Task, made: Mapping[str, bytes], seconds: float) -> Made:
    environment = _environment(task)
    if environment != task.environment:
        names = sorted({*environment, *task.environment})
        differing = [each for each in names if environment.get(each) != task.environment.get(each)]
        told = ", ".join(
            f"{each} {environment.get(each)} instead of {task.environment.get(each)}" for each in differing
        )
        raise ElsewhereError(f"it was computed in other surroundings than this build's: {told}; make them alike")
    addresses = {name: digest(data) for name, data in made.items()}
    record = Record(task.stage.name, task.key, addresses, seconds, environment, task.made_of)
    if not task.folders:
        return Made(record, made)
    local = task.shelves[0]
    for name, data in made.items():
        local.add(name, data)
    local.put(record)
    return Made(record)


def _environment(task: Task) -> dict[str, str]:
    """What the result depends on here beside its key. A worker, which ends with its build, looks once."""
    from experiments.engine.guard import here

    surroundings = _surroundings() if here().works else Surroundings()
    return surroundings.of(task.imports)


@functools.cache
def _surroundings() -> Surroundings:
    return Surroundings()


def _load(product: Product, task: Task, shelves: list[Shelf]) -> Any:
    address = task.addresses[product]
    if address in task.held:
        data = task.held[address]
        if digest(data) != address:
            raise FilesError(f"{product.name} of {product.stage} changed on its way; run again")
        return decode(product.name, data)
    holder = next((shelf for shelf in shelves if shelf.has(product.name, address)), shelves[0])
    return decode(product.name, holder.read(product.name, address))


def _travels(error: Exception) -> bool:
    """Whether an error survives the way to another process; one that does not would break the pool."""
    import pickle

    try:
        return str(pickle.loads(pickle.dumps(error))) == str(error)
    except Exception:
        return False
