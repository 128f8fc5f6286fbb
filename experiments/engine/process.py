"""The process of a build: streams that may be closed or full, and signals that end it at any moment.

`begin` is called before anything else is imported, so that there is no moment at which Ctrl-C ends in a traceback.
`end` is called last. In between, `held` keeps signals waiting where a process of ours is half started.
"""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from experiments.engine.installed import PROGRAM

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = "interrupted; what was finished is kept, run again to resume"

_held = 0
_waiting: list[int] = []
_last_acts: list[Callable[[], None]] = []


def begin() -> None:
    """Opens what is closed, makes streams that never raise, and has signals end the process in one line."""
    for number in range(3):  # else the next file that is opened takes the number, and what is printed goes into it
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
    sys.stdout, sys.stderr = _stream(1, sys.stdout), _stream(2, sys.stderr)
    answer(f"{PROGRAM}: {INTERRUPTED}\n", code=130)


def end(code: int) -> int:
    """The exit code of a process that is done; what standard output did not take makes it at least 1. Signals no
    longer change anything."""
    _ignore_signals()
    sys.stdout.flush()
    if trouble := getattr(sys.stdout, "trouble", ""):
        print(f"{PROGRAM}: cannot write to standard output: {trouble}", file=sys.stderr)
        code = code or 1
    sys.stderr.flush()
    return code


def answer(said: str, *, code: int) -> None:
    """Has Ctrl-C and its like end this process at once, with this line and this exit code, after what was asked for
    with `at_last`.

    Nothing is unwound: whatever is half done is what a kill would leave, and the next build can do with that. An
    exception instead would be lost or told twice where Python is in the midst of an import or of a clean-up.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        if _held:
            _waiting.append(number)
            return
        _ignore_signals()
        for act in list(_last_acts):
            act()
        shown = "\x1b[?25h\n" if "rich" in sys.modules and os.isatty(2) else ""  # a bar had hidden the cursor
        with suppress(OSError):
            os.write(2, (shown + said).encode())  # sys.stderr may be in the midst of a line
        os._exit(code)

    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:  # nohup, or a shell's background job
            signal.signal(each, leave)


def at_last(act: Callable[[], None]) -> None:
    """Has something done before a signal ends this process."""
    if act not in _last_acts:
        _last_acts.append(act)


def not_at_last(act: Callable[[], None]) -> None:
    """Takes that back."""
    _last_acts.remove(act)


@contextmanager
def held() -> Iterator[None]:
    """Has signals wait for the end of a few lines. What is started in them never hears of Ctrl-C: we decide for it."""
    global _held
    _held += 1
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        _held -= 1
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if _waiting and not _held:
            signal.raise_signal(_waiting.pop())


def _ignore_signals() -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)


class _Forgiving(io.FileIO):
    """A standard stream that never raises: what it cannot take is dropped. A reader who has gone away (`| head`) is
    no trouble, another cause is noted."""

    trouble = ""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            while (count := super().write(data)) is None:  # another process had the pipe wait for nobody
                select.select([], [self], [])
            return count
        except OSError as error:
            if error.errno != errno.EPIPE:
                self.trouble = error.strerror or str(error)
            return len(data)


class _Text(io.TextIOWrapper):
    @property
    def trouble(self) -> str:
        return self.buffer.raw.trouble  # type: ignore[attr-defined,no-any-return]


def _stream(number: int, before: TextIO | None) -> TextIO:
    """The stream of a number; characters that its encoding has not are written as their codes."""
    encoding = before.encoding if before is not None else "utf-8"
    buffer = io.BufferedWriter(_Forgiving(number, "wb", closefd=False))  # type: ignore[type-var]
    return _Text(buffer, encoding=encoding, errors="backslashreplace", line_buffering=True)
