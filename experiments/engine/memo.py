"""The memo: what an earlier build learnt about files and packages, so that the next one need not look again.

In: a file in the cache. Out: what it says, or nothing of it: a memo that is not as it was written is no memo.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from experiments.engine.files import FilesError, opened, read_file, sealed, write_file
from experiments.spec import Json

PARTS = ("files", "sources", "installed", "pages")  # data files, first-party sources, installed packages, front matter
LARGEST = 50_000_000


class Memo:
    """What is known, by parts; whoever learns more puts it there, and `keep` writes it down."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known, self._written = _read(path)

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
