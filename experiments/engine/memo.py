"""The memo: what an earlier build learnt about files and packages, so that the next one need not look again.

In: a file in the cache. Out: what it says, or nothing of it: a memo that is not as it was written is no memo. One that
no build wrote is never replaced.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path

from experiments.engine.files import FilesError, opened, read_file, sealed, write_file
from experiments.engine.store import Shelf
from experiments.spec import Json

PARTS = ("files", "sources", "installed", "pages")  # data files, first-party sources, installed packages, front matter
LARGEST = 50_000_000
BEGINNING = re.compile(rb'[0-9a-f]{64}\n\{"')


class Memo:
    """What is known, by parts; whoever learns more puts it there, and `keep` writes it down."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known, self._written = _read(path)

    def check(self) -> None:
        """Raises FilesError where `keep` would replace what no build wrote. One that was damaged is known by its
        beginning, or by what else of a cache lies beside it."""
        if not os.path.lexists(self.path) or _begins_as_ours(self.path):
            return
        if self.path.is_symlink() or not self.path.is_file() or not Shelf("cache", self.path.parent).files():
            raise FilesError(f"will not replace {self.path}, which no build wrote; move it away, or name another cache")

    def keep(self) -> None:
        """Writes the memo if there is more to it than was read. It only saves time: where it cannot be written, it is
        not, and what must be written says so itself."""
        text = json.dumps(self.known)
        if text != self._written:
            with contextlib.suppress(FilesError):
                write_file(self.path, sealed(text.encode()))
            self._written = text


def _read(path: Path) -> tuple[dict[str, dict[str, Json]], str]:
    """What was kept, and the text of it."""
    try:
        text = opened(read_file(path, limit=LARGEST)).decode()
        kept = json.loads(text)
        return {part: dict(kept[part]) for part in PARTS}, text
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {part: {} for part in PARTS}, ""


def _begins_as_ours(path: Path) -> bool:
    try:
        return not path.is_symlink() and BEGINNING.match(read_file(path, limit=LARGEST)) is not None
    except OSError:
        return False
