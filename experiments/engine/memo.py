"""The memo: what an earlier build learnt about files and packages, so that the next one need not look again.

In: a file in the cache. Out: what it says, or nothing of it: a memo that is not as it was written is no memo.
"""

from __future__ import annotations

import json
from pathlib import Path

from experiments.engine.files import opened, read_file, sealed, write_file
from experiments.spec import Json

PARTS = ("files", "sources", "installed")  # of data files, of first-party sources, of installed packages
LARGEST = 50_000_000


def read(path: Path) -> dict[str, dict[str, Json]]:
    """{part: what is known}; nothing of each where there is no memo, or none that is as it was written."""
    try:
        kept = json.loads(opened(read_file(path, limit=LARGEST)))
        return {part: dict(kept[part]) for part in PARTS}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {part: {} for part in PARTS}


def write(path: Path, known: dict[str, dict[str, Json]]) -> None:
    """Writes a memo, sealed; what was learnt last stands last."""
    write_file(path, sealed(json.dumps(known).encode()))
