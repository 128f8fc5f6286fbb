"""The runner: computes what a survey finds missing, on any concurrent.futures.Executor.

In: a survey and an executor. Out: the same survey with every stage valid, or the failures. What was computed
is on the local shelf as soon as it is done, so a build that is stopped loses only what was in the making.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from experiments.engine import process
from experiments.engine.files import FilesError
from experiments.engine.sources import SourceError
from experiments.engine.store import Damaged
from experiments.engine.surroundings import KERNELS, ElsewhereError
from experiments.engine.survey import Standing, Survey
from experiments.engine.work import Made, keep, perform, task
from experiments.errors import InputError, NetworkError
from experiments.spec import Json, Stage

if TYPE_CHECKING:  # a build with nothing to do never pays for these
    from concurrent.futures import Executor, Future

    from experiments.engine.cluster import Cluster
    from experiments.engine.hand import Pool

# glibc gives freed memory back and faults it in again at every training step; keeping it saves a tenth of the time
KEEP_MEMORY = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
ONE_THREAD = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# All that a worker keeps of the environment: where things are, how the network is reached, and what is noted with every
# result. Nothing else can reach a result without being seen.
KEPT = {
    *("PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHASHSEED", "TMPDIR", "VIRTUAL_ENV"),
    *("XDG_CACHE_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *ONE_THREAD,
    *KEEP_MEMORY,
    *KERNELS,
}
# torch and matplotlib make objects by the hundred thousand that live on; looking for garbage among them that often
# takes a fifth of a drawing's time
RARELY = (100_000, 20, 100)
NOBODY = "the build"
AHEAD = 2  # stages that wait in line, so that no process ever does
CALLED_OFF = 3  # times that a stage is handed over again which an executor gave up
STACKED = 10  # stages that are computed in one call, at most: more gain little, and a build that is stopped loses more


@dataclass(frozen=True)
class Failure:
    """Who failed (a stage, or the build as a whole): a message for people, the traceback for --debug."""

    stage: str
    message: str
    details: str = ""
    bad_input: bool = False
    final: bool = False


@dataclass
class Outcome:
    """What a run did: the stages it computed, in the order they finished, what failed, what it noticed, and how often
    an executor gave a stage up."""

    computed: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    called_off: dict[str, int] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether something happened after which no stage can succeed: a full disk, a dead process."""
        return any(failure.final for failure in self.failures)


def run(
    survey: Survey, executor: Executor, *, jobs: int = 1, told: Callable[[str, str], None] = lambda *_: None
) -> Outcome:
    """Runs stages until all are valid or nothing more can run; a failed stage stops only what reads it.

    jobs: how many the executor can run at a time; it is handed few more, so that what becomes ready need not wait in
    line. Where several can run, the one goes first that the longest chain of others waits for.

    What comes from outside (a stage with a place: the data) is had first, and gates are passed first: if that fails,
    nothing else is begun. `told(event, text)` hears of progress: ("done", stage), ("failed", stage), ("spared", stage)
    where a stage turns out to be valid after all, ("due", stage) where one that waited turns out to have to run, and
    ("note", sentence).
    Raises KeyboardInterrupt as it came; the caller closes the executor.
    """
    from concurrent.futures import FIRST_COMPLETED, wait

    outcome = Outcome()
    running: dict[Future[list[Made]], list[Standing]] = {}
    while True:
        if not outcome.over and (notes := _submit_ready(survey, executor, running, outcome, jobs)):
            outcome.notes += notes
            for note in notes:
                told("note", note)
            continue
        if not running:
            return outcome
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        before, known = set(survey.must_run()), len(outcome.computed)
        waited = [name for name in before if survey.standings[name].state == "waiting"]
        for future in done:
            for place, standing in enumerate(running.pop(future)):
                _collect(future, place, standing, survey, outcome, told)
        if outcome.over:
            for future in running:
                future.cancel()
        survey.settle(outcome.computed[known:])
        for name in sorted(before - set(survey.must_run()) - set(outcome.computed)):
            told("spared", name)
        for name in sorted(each for each in waited if survey.standings[each].state == "missing"):
            told("due", name)


def submit(executor: Executor, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Hands work to an executor. Processes that it starts for this never hear of Ctrl-C: their parent decides."""
    with process.held():
        return executor.submit(function, *arguments)


def local_pool(jobs: int, *, known: Mapping[str, Json] | None = None) -> Pool:
    """A pool of `jobs` processes with one numerical thread each, that end when this process ends, however it ends.
    known: what this process learnt of the packages here, see `Surroundings`."""
    from experiments.engine.hand import Pool

    return Pool(jobs, known=known or {})


@contextmanager
def workers(survey: Survey, *, most: int, jobs: int | None = None, scheduler: str = "") -> Iterator[Pool | Cluster]:
    """What computes stages for the length of a `with` block: a local pool, or the workers of a Dask scheduler. Stopped
    at once where the block ends in an exception, or the process in a signal.

    most: more processes are not needed. jobs: more are not wanted; None is one for each core, or for each thread of the
    scheduler's workers. Raises ClusterError.
    """
    cluster = None
    if scheduler:
        from experiments.engine.cluster import Cluster

        cluster = Cluster(scheduler, survey, jobs=min(jobs or most, most))
    hired = cluster or local_pool(min(jobs or os.cpu_count() or 1, most), known=survey.surroundings.told())
    process.at_last(hired.stop)
    try:
        if cluster is not None:
            cluster.join()
        yield hired
        hired.shutdown()
    except BaseException:
        hired.shutdown(wait=False)
        raise
    finally:
        process.not_at_last(hired.stop)


def begin_worker(parent: int) -> None:
    """What a process does that is to compute stages: keeps of the environment only what may matter, loads first-party
    code from its source, and ends when its parent does."""
    import gc
    import threading
    import time

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    from experiments.engine.guard import here

    for name in os.environ.keys() - KEPT:
        del os.environ[name]
    here().begin()
    gc.set_threshold(*RARELY)
    threading.Thread(target=watch, daemon=True).start()


def _submit_ready(
    survey: Survey,
    executor: Executor,
    running: dict[Future[list[Made]], list[Standing]],
    outcome: Outcome,
    jobs: int,
) -> list[str]:
    """Submits what can run, until `jobs` and a few more calls are under way, those stages first that the longest chain
    waits for. If a damaged artifact comes to light, only says so."""
    if len(running) >= jobs + AHEAD:
        return []
    under_way = [standing for standings in running.values() for standing in standings]
    failed = {failure.stage for failure in outcome.failures}
    ready = survey.ready(besides=failed | {each.stage.name for each in under_way})
    first = [standing for standing in ready if standing.stage.comes_first]
    if first or any(each.stage.comes_first for each in [*under_way, *(survey.standings[name] for name in failed)]):
        ready = first
    reads = [product for standing in ready for product in standing.stage.products_read()]
    if notes := survey.drop_damaged(reads if running or ready else survey.wanted):
        return notes
    ways = survey.ways() if ready else {}
    order = sorted(ready, key=lambda each: (-ways[each.stage.name], each.stage.name))
    while order and len(running) < jobs + AHEAD:
        stacked = _stacked(order, under_way, jobs)
        order = [each for each in order if each not in stacked]
        try:
            running[submit(executor, perform, *(task(survey, each) for each in stacked))] = stacked
            under_way += stacked
        except (RuntimeError, OSError) as error:  # it broke in the meantime, as what it was given says; or never began
            outcome.failures.append(_failure(error, stacked[0].stage.name))
            break
    return []


def _stacked(order: Sequence[Standing], under_way: Sequence[Standing], jobs: int) -> list[Standing]:
    """The first of the stages that wait, and those that are computed in one call with it: as many as leave all
    processes as much to do."""
    first = order[0].stage
    if not first.stacked_by:
        return [order[0]]
    alike = [each for each in order if _differ_only(first, each.stage)]
    share = -(-sum(each.stage.function == first.function for each in (*order, *under_way)) // jobs)
    return alike[: min(share, STACKED)]


def _differ_only(one: Stage, other: Stage) -> bool:
    """Whether two stages are the same but for the parameter that they are stacked by."""

    def rest(stage: Stage) -> Stage:
        return replace(stage, name="", parameters={**stage.parameters, one.stacked_by: None})

    return one.stacked_by == other.stacked_by and rest(one) == rest(other)


def _collect(
    future: Future[list[Made]],
    place: int,
    standing: Standing,
    survey: Survey,
    outcome: Outcome,
    told: Callable[[str, str], None],
) -> None:
    """Takes note of how a stage ended: the one at this place among those of a call."""
    name = standing.stage.name
    if future.cancelled():
        if not outcome.over:
            _called_off(name, outcome, told)
        return
    error = future.exception()
    if isinstance(error, KeyboardInterrupt):
        raise error
    if error is None:
        try:
            made = future.result()[place]
            keep(made, survey.shelves.local)
            survey.took(made.record)
        except FilesError as unkept:
            error = unkept
    if error is None:
        survey.redo.pop(name, None)
        outcome.computed.append(name)
        told("done", name)
        return
    _fail(_failure(error, name), outcome, told)


def _called_off(name: str, outcome: Outcome, told: Callable[[str, str], None]) -> None:
    """Takes note of a stage that an executor gave up, as one does that lost what the stage reads: it is handed over
    again, a few times."""
    outcome.called_off[name] = outcome.called_off.get(name, 0) + 1
    if outcome.called_off[name] > CALLED_OFF:
        times = f"it was called off {outcome.called_off[name]} times by what should compute it"
        _fail(Failure(name, times), outcome, told)


def _fail(failure: Failure, outcome: Outcome, told: Callable[[str, str], None]) -> None:
    if not failure.final:
        told("failed", failure.stage)
    if not (failure.final and outcome.over):
        outcome.failures.append(failure)


def _failure(error: BaseException, name: str) -> Failure:
    from concurrent.futures import BrokenExecutor
    from traceback import format_exception

    from experiments.engine.hand import Died

    details = "".join(format_exception(error))
    match error:
        case Died():
            return Failure(name, str(error), details)
        case BrokenExecutor() | FilesError():
            return Failure(NOBODY, str(error), details, final=True)
        case OSError(errno=errno.EMFILE | errno.ENFILE | errno.EAGAIN | errno.ENOMEM):
            text = f"{error.strerror}: allow this user more (ulimit -a tells), or use fewer --jobs"
            return Failure(NOBODY, text, details, final=True)
        case Damaged():
            return Failure(name, f"{error.path} was damaged while the build ran; run again to repair it", details)
        case ModuleNotFoundError():
            return Failure(name, f"{error}; `pip install -e .` in the project's folder brings what it needs", details)
        case InputError() | NetworkError() | SourceError() | ElsewhereError():
            return Failure(name, str(error), details, bad_input=isinstance(error, InputError))
    return Failure(name, f"{type(error).__name__}: {error}", details)
