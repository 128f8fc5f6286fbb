"""The cluster: an executor whose calls the workers of a Dask scheduler compute.

In: the scheduler's address and a survey. Out: futures, as of any executor. Dask hands out the calls, and again those of
a worker that was lost. The build's sources travel to the workers once. Where all of them share the cache folder, they
read from it and write there; else inputs are sent to them by digest, and products come back as bytes.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import threading
import uuid
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.engine.files import beside, explained, read_file
from experiments.engine.guard import ROOT
from experiments.engine.hand import Died, Pool, question, result
from experiments.engine.key import digest
from experiments.engine.sources import LARGEST, SourceError, Sources, source_path
from experiments.engine.store import Damaged
from experiments.engine.surroundings import ClusterError
from experiments.engine.survey import Survey
from experiments.engine.work import Task, afar, facts
from experiments.spec import Stage

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Remote

OURS = ("experiments.engine.hand", "experiments.engine.work", "experiments.engine.verify", "experiments.engine.guard")
PATIENCE = 5  # seconds to wait for a scheduler, and for workers to end what they were doing
WORKERS = 20  # seconds to wait for the first worker
MOST = 5  # differences that are told
HELD = 2_000_000_000  # bytes of inputs that the workers are asked to keep for later stages


class Lost(BrokenExecutor):
    """The scheduler is gone."""


class Cluster(Executor):
    """The workers of a scheduler, as an executor of at most so many jobs; `join` comes first.

    What has a place, the data, is had on this machine, where that place is.
    """

    def __init__(self, address: str, survey: Survey, *, jobs: int) -> None:
        self.address, self.survey, self.jobs = address, survey, jobs
        self.name = f"inside-mnist-{uuid.uuid4().hex[:12]}"
        self.shared = False  # whether all workers share the cache folder
        self._known = survey.surroundings.told()
        self._here = Pool(1, known=self._known)
        self._client: Client | None = None
        self._held: dict[str, tuple[Remote, int]] = {}  # {address: the bytes on the cluster, how many}

    def join(self) -> None:
        """Reaches the scheduler, hands the sources to its workers, and holds their surroundings against this machine's.
        Raises ClusterError, and SourceError where a source was edited meanwhile."""
        self._client = client = _client(self.address)
        self.jobs = min(self.jobs, sum(_threads(client, self.address).values()))
        _compare_versions(client)
        self._send_sources(client)
        self._meet_workers(client)
        self._executor = client.get_executor(pure=False)

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:  # type: ignore[override]
        """Has a function called by a worker. Raises Lost, and Damaged where what it reads cannot be read."""
        tasks = [each for each in arguments if isinstance(each, Task)]
        if any(each.stage.place for each in tasks):
            return self._here.submit(function, *arguments)
        if not self._reached:
            raise self._lost()
        if not self.shared:
            arguments = tuple(replace(each, folders=()) if isinstance(each, Task) else each for each in arguments)
        call = pickle.dumps((afar, (function, arguments)))
        try:
            held = self._hold(tasks)
            name = f"{tasks[0].stage.name}-{uuid.uuid4().hex[:12]}" if tasks else None
            inner = self._executor.submit(self._compute, call, list(held), *held.values(), key=name)
        except (OSError, RuntimeError) as error:
            raise self._lost() from error
        return self._outer(inner)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leaves the cluster as it was; without `wait`, whatever runs there for this build."""
        self._here.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._leave()

    def stop(self) -> None:
        """Does that at any moment."""
        self._here.stop()
        self._leave()

    # ------------------------------------------------------------------------------------------ what is sent

    def _send_sources(self, client: Client) -> None:
        import cloudpickle

        from experiments.engine import abroad, hand

        for module in (abroad, hand):
            cloudpickle.register_pickle_by_value(module)
        self._compute, self._ask = abroad.computing(self.name), abroad.asking(self.name)
        sent = abroad.Abroad(self.name, sources(self.survey), pickle.dumps(self._known))
        with _told(f"the workers of {self.address} cannot take the build's sources"):
            client.register_plugin(sent, name=self.name)

    def _meet_workers(self, client: Client) -> None:
        """Compares surroundings, and finds out whether the cache folder is shared."""
        imports = {each for stage in self.survey.stages for each in _imported(self.survey, stage)}
        with self._signed() as (folder, sign), _told(f"the workers of {self.address} cannot begin"):
            answers = client.run(self._ask, question(facts, (sorted(imports), str(folder), (sign, self.name))))
            told = {f"worker {worker}": _fact(answer) for worker, answer in answers.items()}
        _compare(self.survey.surroundings.of(imports), {worker: there for worker, (there, _) in told.items()})
        self.shared = all(shares for _, shares in told.values())

    @contextlib.contextmanager
    def _signed(self) -> Iterator[tuple[Path, str]]:
        """The cache folder, and the name of a file in it that holds this cluster's name for the length of a block."""
        folder = self.survey.shelves.local.folder
        sign = beside(folder / "shared")
        with explained("write", sign):
            folder.mkdir(parents=True, exist_ok=True)
            sign.write_text(self.name)
        try:
            yield folder, sign.name
        finally:
            sign.unlink(missing_ok=True)

    def _hold(self, tasks: Sequence[Task]) -> dict[str, Remote]:
        """{address: its bytes on the cluster} of all that tasks read and workers do not find in a shared cache folder.
        What was not read for longest is let go, once nothing waits for it."""
        held: dict[str, Remote] = {}
        local = self.survey.shelves.local
        for task in tasks:
            for product, address in task.addresses.items():
                if address in held or (self.shared and local.has(product.name, address)):
                    continue
                remote, size = self._held.pop(address, (None, 0))
                if remote is None or remote.status != "finished":
                    holder = self.survey.shelves.holder(product.name, address)
                    if holder is None:
                        raise Damaged(local.path(product.name, address))
                    data = holder.read(product.name, address)
                    remote, size = self._scattered(address, data), len(data)
                held[address], self._held[address] = remote, (remote, size)
        while sum(size for _, size in self._held.values()) > HELD and len(self._held) > len(held):
            del self._held[next(iter(self._held))]
        return held

    def _scattered(self, address: str, data: bytes) -> Remote:
        assert self._client is not None
        name = f"input-{address}"
        return self._client.scatter({name: data}, hash=False)[name]

    # ------------------------------------------------------------------------------------------ what comes back

    def _outer(self, inner: Future[bytes]) -> Future[Any]:
        """A future of what is in an answer."""
        outer: Future[Any] = Future()

        def answered(_: Future[bytes]) -> None:
            if outer.done():
                return
            if inner.cancelled():
                if self._reached:
                    outer.cancel()
                else:
                    outer.set_exception(self._lost())
            elif error := inner.exception():
                outer.set_exception(error)
            elif not inner.result():
                outer.set_exception(Died())
            else:
                try:
                    outer.set_result(result(inner.result()))
                except BaseException as raised:
                    outer.set_exception(raised)

        def called_off(_: Future[Any]) -> None:
            if outer.cancelled():
                outer.set_running_or_notify_cancel()  # else nobody who waits for it is told
                inner.cancel()

        outer.add_done_callback(called_off)
        inner.add_done_callback(answered)
        return outer

    # ------------------------------------------------------------------------------------------ coming and going

    @property
    def _reached(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _lost(self) -> Lost:
        return Lost(f"the scheduler at {self.address} is lost; what was finished is kept, run again to resume")

    def _leave(self) -> None:
        """Has the workers forget the build, if they can be reached, within some seconds."""

        def leave() -> None:
            assert client is not None
            if self._reached:
                with contextlib.suppress(Exception):
                    self._executor.shutdown(wait=False)
                with contextlib.suppress(Exception):
                    client.unregister_worker_plugin(self.name)
            with contextlib.suppress(Exception):
                client.close()

        client = self._client
        if client is not None:
            leaving = threading.Thread(target=leave, daemon=True)
            leaving.start()
            leaving.join(PATIENCE)
            self._client = None


def sources(survey: Survey) -> dict[str, bytes]:
    """{path: content} of the first-party modules that a survey's stages, and the engine at work, can reach. Raises
    SourceError where one is no longer as it was surveyed."""
    engine = survey.sources if survey.sources.root == ROOT else Sources(ROOT)
    found = _read(engine, {each for module in OURS for each in engine.reach(module)})
    return found | _read(survey.sources, {each for stage in survey.stages for each in survey.sources.reached_by(stage)})


def _read(sources: Sources, modules: Collection[str]) -> dict[str, bytes]:
    found = {}
    for module, file in sources.files(sorted(modules)).items():
        path = source_path(sources.root, module)
        data = read_file(path, limit=LARGEST) if path is not None else b""
        if path is None or digest(data) != file:
            raise SourceError(f"the source of {module} was edited as the build began; run again")
        found[path.relative_to(sources.root).as_posix()] = data
    return found


def _imported(survey: Survey, stage: Stage) -> Collection[str]:
    return survey.sources.others(survey.sources.reached_by(stage))


def _client(address: str) -> Client:
    try:
        from distributed import Client, Security
    except ImportError as error:
        raise ClusterError(
            f"--scheduler needs Dask ({error}): `pip install -e '.[cluster]'` in the project's folder brings it"
        ) from error
    is_private = address.startswith(("tls", "wss"))
    if is_private and Security().get_connection_args("client").get("ssl_context") is None:
        how = "name them in Dask's configuration, under distributed.comm.tls"
        raise ClusterError(f"{address} cannot be reached without certificates; {how}")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is told here, in one line
    with warnings.catch_warnings(), _told(f"no Dask scheduler answers at {address}"):
        warnings.simplefilter("ignore")  # versions are compared below
        return Client(address, timeout=PATIENCE, set_as_default=False)


def _threads(client: Client, address: str) -> dict[str, int]:
    """{worker: how many calls it takes at a time}. Raises ClusterError where none comes."""
    try:
        client.wait_for_workers(1, timeout=WORKERS)
    except TimeoutError as error:
        raise ClusterError(f"the scheduler at {address} has no workers; start some: dask worker {address}") from error
    threads: dict[str, int] = client.nthreads()
    return threads


def _compare_versions(client: Client) -> None:
    """Raises ClusterError where somebody has another Python or Dask: nothing that is sent could be read there."""
    told: Any = client.get_versions()  # which, in a client that waits, it is
    versions = {"the scheduler": _versions(told["scheduler"])}
    versions |= {f"worker {worker}": _versions(there) for worker, there in told["workers"].items()}
    _compare(_versions(told["client"]), versions)


def _versions(told: Mapping[str, Any]) -> dict[str, str]:
    if not told:
        return {}
    python = ".".join(told["host"]["python"].split(".")[:2])
    return {
        "python": python,
        **{name: str(told["packages"].get(name)) for name in ("dask", "distributed", "cloudpickle")},
    }


def _fact(answer: bytes) -> tuple[dict[str, str], bool]:
    if not answer:
        raise Died
    told: tuple[dict[str, str], bool] = result(answer)
    return told


def _compare(ours: Mapping[str, str], theirs: Mapping[str, Mapping[str, str]]) -> None:
    """Raises ClusterError where other surroundings are told of somebody: results would not count here."""
    others = {who: there for who, there in theirs.items() if there != ours}
    if others:
        who, there = next(iter(sorted(others.items())))
        more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
        names = sorted(each for each in {*ours, *there} if ours.get(each) != there.get(each))
        listed = ", ".join(_difference(each, ours.get(each), there.get(each)) for each in names[:MOST])
        rest = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        raise ClusterError(f"{who}{more} has other surroundings than this build: {listed}{rest}; make them alike")


def _difference(name: str, ours: str | None, theirs: str | None) -> str:
    return f"{f'{name} {theirs}' if theirs else f'no {name}'}{f' instead of {ours}' if ours else ''}"


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Turns whatever goes wrong on the way to others into a ClusterError of one line."""
    try:
        yield
    except Exception as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise ClusterError(f"{what}: {cause}") from error
