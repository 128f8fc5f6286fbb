"""Hands: processes that compute one call at a time, on one numerical thread each.

In: a function and its arguments, pickled. Out: what it returned or raised, pickled. A hand that dies takes nothing with
it but the call that it had.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, Pipe
from typing import Any, NoReturn

from experiments.engine.runner import KEEP_MEMORY, ONE_THREAD

BEGIN = "import sys; sys.path[:] = sys.argv[2:]; from experiments.engine.hand import work; work(int(sys.argv[1]))"
PATIENCE = 5  # seconds that a process may take to end


class Died(BrokenExecutor):
    """The process of a call died before it answered."""

    def __init__(self) -> None:
        super().__init__(
            "its process died (killed, or out of memory); run again to resume, with fewer --jobs if need be"
        )


class Hand:
    """A process that finds the project on `path`, and knows what `known` says, pickled, of what is installed.

    It ends when it is told to, and when the process that began it ends, however that happens. It never hears of Ctrl-C.
    """

    def __init__(self, path: Sequence[str], known: bytes) -> None:
        self.connection, theirs = Pipe()
        chosen = dict.fromkeys(ONE_THREAD, "1") | dict.fromkeys(KEEP_MEMORY, str(10**9))
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", BEGIN, str(theirs.fileno()), *path],
                env=os.environ | chosen,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        except BaseException:
            self.connection.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        with contextlib.suppress(OSError):  # it died at once, as `ask` will tell
            self.connection.send_bytes(known)

    def ask(self, call: bytes) -> bytes:
        """The answer to a call. Raises Died."""
        try:
            self.connection.send_bytes(call)
            return self.connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise Died from error

    def end(self) -> None:
        """Has an idle process end, and sees it gone."""
        self.connection.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.stop()

    def stop(self) -> None:
        """Kills the process, with whatever it was doing, and sees it gone."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)


class Hands:
    """As many hands as are asked at a time; who asks next gets the one that was idle last."""

    def __init__(self, path: Sequence[str], known: bytes) -> None:
        self.path, self.known = path, known
        self.busy: dict[object, Hand] = {}  # {whose call it is: who computes it}
        self._idle: list[Hand] = []

    def ask(self, call: bytes, *, of: object) -> bytes:
        """The answer to a call, from a hand that is told by `of` meanwhile. Raises Died, and OSError where no process
        can be started."""
        hand = self._idle_hand() or Hand(self.path, self.known)
        self.busy[of] = hand
        try:
            answer = hand.ask(call)
        except BaseException:
            hand.stop()
            hand.connection.close()
            raise
        finally:
            del self.busy[of]
        self._idle.append(hand)
        return answer

    def _idle_hand(self) -> Hand | None:
        """One that was not killed while it was idle."""
        while True:
            try:
                hand = self._idle.pop()
            except IndexError:  # none is left; another thread may have had the last
                return None
            if hand.process.poll() is None:
                return hand
            hand.connection.close()

    def end(self) -> None:
        """Has idle hands end."""
        while self._idle:
            self._idle.pop().end()

    def stop(self) -> None:
        """Kills all hands, and sees them gone."""
        for hand in [*self.busy.values(), *self._idle]:
            hand.stop()


class Pool(ThreadPoolExecutor):
    """An executor of `jobs` hands on this machine. A call whose hand dies ends in Died, and the others go on."""

    def __init__(self, jobs: int, *, known: object = None) -> None:
        super().__init__(jobs)
        self.jobs = jobs
        self.hands = Hands(sys.path, pickle.dumps(known))

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:  # type: ignore[override]
        """Has a function that can be found by its name called with these arguments."""
        return super().submit(self._compute, function, arguments)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the hands, once what was asked for is done; without `wait`, at once."""
        super().shutdown(wait=wait, cancel_futures=cancel_futures or not wait)
        self.hands.end() if wait else self.stop()

    def stop(self) -> None:
        """Kills the hands at any moment, also in the midst of anything else that is done here."""
        self.hands.stop()

    def _compute(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        return result(self.hands.ask(question(function, arguments), of=object()))


def question(function: Callable[..., Any], arguments: Sequence[Any]) -> bytes:
    """A call as it is asked of a hand."""
    return pickle.dumps((pickle.dumps((function, arguments)), {}))


def result(answer: bytes) -> Any:
    """What a function returned. Raises what it raised."""
    made, error = pickle.loads(answer)
    if error is not None:
        raise error
    return made


def work(number: int) -> NoReturn:
    """What the process of a hand does: answers what is asked through the pipe of that number, until that is closed."""
    from experiments.engine.runner import begin_worker

    begin_worker(os.getppid())
    connection = Connection(number)
    with contextlib.suppress(EOFError, OSError):
        from experiments.engine.work import know

        know(pickle.loads(connection.recv_bytes()))
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))
    os._exit(0)


def _answer(call: bytes) -> bytes:
    from traceback import format_exc

    try:
        asked, further = pickle.loads(call)
        function, arguments = pickle.loads(asked)
        return pickle.dumps((function(*arguments, **further), None))
    except BaseException as error:
        error.add_note(format_exc())
        try:
            return pickle.dumps((None, error))
        except Exception:
            return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
