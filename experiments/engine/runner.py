"""The runner: computes what a survey finds missing, on any concurrent.futures.Executor.

In: a survey and an executor. Out: the same survey with every stage valid, or the failures. What was computed
is on the local shelf as soon as it is done, so a build that is stopped loses only what was in the making.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.engine.files import FilesError
from experiments.engine.key import digest
from experiments.engine.store import Damaged, Record, Shelf, decode, encode
from experiments.engine.survey import Standing, Survey
from experiments.errors import InputError
from experiments.spec import Product, Stage

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True)
class Failure:
    """A stage that could not be computed: a message for people, the traceback for --debug."""

    stage: str
    message: str
    details: str
    bad_input: bool = False


@dataclass
class Outcome:
    """What a run did: the stages it computed, in the order they finished, those that failed, and what it noticed."""

    computed: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run(survey: Survey, executor: Executor, *, told: Callable[[str, str], None] = lambda event, text: None) -> Outcome:
    """Runs stages until all are valid or nothing more can run; a failed stage stops only what reads it.

    `told(event, text)` hears of progress: ("done", stage), ("failed", stage), ("note", sentence).
    Raises KeyboardInterrupt as it came; the caller closes the executor.
    """
    outcome = Outcome()
    running: dict[Future[Record], Standing] = {}
    costs = survey.costs()
    while True:
        passed_over = {failure.stage for failure in outcome.failures} | {s.stage.name for s in running.values()}
        ready = [standing for standing in survey.ready() if standing.stage.name not in passed_over]
        reads = [product for standing in ready for product in standing.stage.products_read()]
        if notes := survey.drop_damaged(reads if running or ready else survey.wanted):
            outcome.notes += notes
            for note in notes:
                told("note", note)
            continue
        for standing in sorted(ready, key=lambda s: (-costs[s.stage.name], s.stage.name)):
            running[executor.submit(perform, *_task(survey, standing))] = standing
        if not running:
            return outcome
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            _collect(future, running.pop(future), survey, outcome, told)
        survey.again()


def perform(
    stage: Stage,
    key: str,
    made_of: Any,
    addresses: Mapping[Product, str],
    folders: tuple[str, ...],
    environment: dict,
) -> Record:
    """One stage, in whatever process: loads its inputs, calls its function, stores its products, then its record."""
    shelves = [Shelf(folder, Path(folder)) for folder in folders]
    started = time.perf_counter()
    products = _call(stage, addresses, shelves)
    seconds = time.perf_counter() - started
    local = shelves[0]
    stored = {name: local.add(name, encode(name, value)) for name, value in sorted(products.items())}
    record = Record(stage.name, key, stored, round(seconds, 3), environment, made_of)
    local.put(record)
    return record


def compare(
    stage: Stage, expected: Mapping[str, str], addresses: Mapping[Product, str], folders: tuple[str, ...]
) -> list[str]:
    """Computes a stage anew, stores nothing, and returns a line for every product that came out differently."""
    shelves = [Shelf(folder, Path(folder)) for folder in folders]
    products = _call(stage, addresses, shelves)
    lines = [f"{name}: no longer made" for name in sorted(expected.keys() - products.keys())]
    for name, value in sorted(products.items()):
        data = encode(name, value)
        if name not in expected:
            lines.append(f"{name}: new")
        elif digest(data) != expected[name]:
            lines.append(
                f"{name}: {digest(data)[:16]} instead of {expected[name][:16]}"
                + _distance(name, data, expected[name], shelves)
            )
    return lines


def verify(
    survey: Survey,
    names: Collection[str],
    executor: Executor,
    *,
    told: Callable[[str], object] = lambda line: None,
) -> dict[str, list[str]]:
    """{stage: differences} of the named stages, each computed anew from its stored inputs; an empty list is agreement.

    `told` hears a line for each stage as it is known.
    """
    folders = _folders(survey)
    futures = {}
    results: dict[str, list[str]] = {}
    for name in names:
        standing = survey.standings[name]
        read = standing.stage.products_read()
        if standing.record is None:
            results[name] = ["there is no valid stored result to compare with; build first"]
        elif absent := [p for p in read if survey.shelves.holder(p.name, survey.address(p)) is None]:
            results[name] = [
                f"cannot be computed: {absent[0].name} of {absent[0].stage} is on no shelf; --rebuild '{absent[0].stage}' makes it"
            ]
        else:
            addresses = {product: survey.address(product) for product in read}
            futures[name] = executor.submit(compare, standing.stage, standing.record.products, addresses, folders)
    for name in names:
        if name in futures:
            try:
                results[name] = futures[name].result()
            except Exception as error:
                results[name] = [f"failed: {type(error).__name__}: {error}"]
        told(f"{name}: {'; '.join(results[name]) or 'identical'}")
    return {name: results[name] for name in names}


def publish(survey: Survey, stages: Collection[Stage], shelf: Shelf) -> tuple[int, int]:
    """Copies the records of `stages` and the products they publish to a shelf, and drops everything else there.

    Returns the number of files and of bytes on the shelf afterwards.
    """
    keep: set[Path] = set()
    for stage in stages:
        record = survey.standings[stage.name].record
        if record is None:
            raise FilesError(f"cannot publish: stage {stage.name} has no valid result; build first")
        for name in stage.publish:
            address = survey.address(Product(stage.name, name))
            holder = survey.shelves.holder(name, address)
            if holder is None:
                raise FilesError(
                    f"cannot publish: {name} of {stage.name} is on no shelf; --rebuild '{stage.name}' makes it"
                )
            shelf.add(name, holder.read(name, address))
            keep.add(shelf.path(name, address))
        shelf.put(record)
        keep.add(shelf.record_path(record.key))
    for path in [*shelf.folder.glob("records/*"), *shelf.folder.glob("artifacts/*")]:
        if path not in keep:
            path.unlink()
    return len(keep), sum(path.stat().st_size for path in keep)


def local_pool(jobs: int) -> Executor:
    """A pool of `jobs` processes with one numerical thread each, that end when this process ends, however it ends."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    for name in ONE_THREAD:
        os.environ[name] = "1"
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_worker, initargs=(os.getpid(),))


def stop(executor: Executor) -> None:
    """Ends a local pool at once, with whatever its processes were doing."""
    import multiprocessing

    executor.shutdown(wait=False, cancel_futures=True)
    for process in multiprocessing.active_children():
        process.terminate()


def _begin_worker(parent: int) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _task(survey: Survey, standing: Standing) -> tuple[Any, ...]:
    addresses = {product: survey.address(product) for product in standing.stage.products_read()}
    environment = dict(survey.shelves.environment)
    return standing.stage, standing.key, standing.made_of, addresses, _folders(survey), environment


def _folders(survey: Survey) -> tuple[str, ...]:
    shelves = (survey.shelves.local, survey.shelves.published)
    return tuple(str(shelf.folder) for shelf in shelves if shelf is not None)


def _call(stage: Stage, addresses: Mapping[Product, str], shelves: list[Shelf]) -> dict[str, Any]:
    module, _, name = stage.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    inputs = {
        argument: _load(source, addresses, shelves)
        if isinstance(source, Product)
        else {label: _load(product, addresses, shelves) for label, product in source.items()}
        for argument, source in stage.inputs.items()
    }
    return function(**inputs, **stage.parameters, **stage.place)


def _load(product: Product, addresses: Mapping[Product, str], shelves: list[Shelf]) -> Any:
    address = addresses[product]
    holder = next((shelf for shelf in shelves if shelf.has(product.name, address)), shelves[0])
    return decode(product.name, holder.read(product.name, address))


def _collect(
    future: Future[Record],
    standing: Standing,
    survey: Survey,
    outcome: Outcome,
    told: Callable[[str, str], None],
) -> None:
    name = standing.stage.name
    try:
        future.result()
    except BrokenExecutor as error:
        text = "its process died (killed, or out of memory); what was finished is kept, run again to resume"
        failure = Failure(name, text, str(error))
    except Damaged as error:
        failure = Failure(name, f"{error.path} was damaged while it was read; run again to repair it", "")
    except (InputError, FilesError) as error:
        failure = Failure(name, str(error), _trace(error), bad_input=isinstance(error, InputError))
    except Exception as error:
        failure = Failure(name, f"{type(error).__name__}: {error}", _trace(error))
    else:
        survey.redo.discard(name)
        outcome.computed.append(name)
        told("done", name)
        return
    outcome.failures.append(failure)
    told("failed", name)


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _distance(name: str, data: bytes, address: str, shelves: list[Shelf]) -> str:
    """How far two versions of a product's arrays lie apart, where that can be told."""
    import numpy as np

    holder = next((shelf for shelf in shelves if shelf.has(name, address)), None)
    if holder is None or not name.endswith(".npz"):
        return ""
    ours, theirs = decode(name, data), decode(name, holder.read(name, address))
    if ours.keys() != theirs.keys():
        return ", with other arrays"
    gaps = {}
    for array in ours:
        if ours[array].shape != theirs[array].shape:
            return f", {array} has another shape"
        if np.issubdtype(ours[array].dtype, np.number) and ours[array].size:
            gaps[array] = float(np.max(np.abs(ours[array].astype(np.float64) - theirs[array].astype(np.float64))))
    worst = max(gaps, key=lambda array: gaps[array], default=None)
    return f", at most {gaps[worst]:.3g} apart (in {worst})" if worst else ""
