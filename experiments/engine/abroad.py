"""Abroad: what a Dask worker does for a build that runs elsewhere.

In: the build's sources, and its calls. Out: answers. All of this is sent by value, and what it uses of hand.py with it:
a worker has the packages that stages import, and need not have the project.
"""

from __future__ import annotations

import asyncio
import pickle
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from distributed import Reschedule, Worker, WorkerPlugin, get_worker

from experiments.engine.hand import Died, Hands

GIVEN_UP = ("released", "cancelled", "forgotten")  # what Dask makes of a call that nobody waits for


class Abroad(WorkerPlugin):  # type: ignore[misc]
    """The hands of one build on a worker, and a folder with the build's sources.

    files: {path: source}. known: what the build knows of installed packages, pickled.
    """

    def __init__(self, name: str, files: Mapping[str, bytes], known: bytes) -> None:
        self.name, self.files, self.known = name, files, known
        self.called_off: set[object] = set()

    def setup(self, worker: Worker) -> None:
        """Called by a worker that joins."""
        self.folder = Path(worker.local_directory, self.name)
        self.hands = Hands([str(self.folder), *sys.path], self.known)
        for name, data in self.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 (Dask names it)
        """Called by a worker when the build ends."""
        self.hands.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def transition(self, key: Any, start: Any, finish: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Called by a worker where something becomes of a call. One that nobody waits for is not computed further."""
        hand = self.hands.busy.get(key)
        if finish in GIVEN_UP and hand is not None:
            self.called_off.add(key)
            hand.process.kill()

    def ask(self, call: bytes, *, of: object) -> bytes:
        """A hand's answer to a call; nothing where the hand died."""
        try:
            return self.hands.ask(call, of=of)
        except Died as error:
            if of in self.called_off:
                raise Reschedule from error
            return b""


# Functions within functions are what Dask sends by value.


def computing(name: str) -> Callable[..., bytes]:
    """A function that has a worker answer a call of the build of that name: the call, the addresses of what it reads,
    and as many bytes."""

    def compute(call: bytes, addresses: Sequence[str], *held: bytes) -> bytes:
        worker = get_worker()
        asked = pickle.dumps((call, {"held": dict(zip(addresses, held, strict=True))}))
        build: Any = worker.plugins[name]
        answer: bytes = build.ask(asked, of=worker.get_current_task())
        return answer

    return compute


def asking(name: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
    """A function that has every worker answer a question."""

    async def ask(call: bytes, dask_worker: Worker) -> bytes:
        build: Any = dask_worker.plugins[name]
        return await asyncio.to_thread(build.ask, call, of="a question")

    return ask
