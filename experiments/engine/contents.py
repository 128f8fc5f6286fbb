"""Contents: what a published shelf was published with, by which a clone tells what is no longer there as it was.

In: a shelf. Out: its files and their digests, the definitions in the sources behind them, and what of it is lost.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from experiments.engine.files import read_file, write_file
from experiments.engine.key import digest
from experiments.engine.store import LARGEST, Shelf
from experiments.spec import Json

NAME = "contents.json"


def lost(shelf: Shelf) -> list[str]:
    """What of a published shelf is gone or no longer as it was published, by relative paths; all is well where nothing
    was ever published."""
    listed = contents(shelf)["files"]
    if not listed and shelf.files():
        return [NAME]
    return [name for name, address in listed.items() if not _is_as_listed(shelf.folder / name, address)]


def contents(shelf: Shelf) -> dict[str, Mapping[str, Json]]:
    """What a shelf was published with: {"files": {relative path: sha256}, "definitions": {module: {digest: the name of
    a definition}}}; nothing where there is no list, or none that can be read."""
    try:
        told = json.loads(read_file(shelf.folder / NAME, limit=LARGEST))
        return {"files": dict(told["files"]), "definitions": dict(told["definitions"])}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {"files": {}, "definitions": {}}


def note(shelf: Shelf, files: Collection[Path], *, definitions: Mapping[str, Mapping[str, str]]) -> None:
    """Writes the list of contents, a line for each entry."""
    listed = {path.relative_to(shelf.folder).as_posix(): digest(path.read_bytes()) for path in sorted(files)}
    parts = []
    for part, entries in (("files", listed), ("definitions", definitions)):
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
        parts.append(f"{json.dumps(part)}: {{\n{lines}\n}}")
    write_file(shelf.folder / NAME, ("{\n" + ",\n".join(parts) + "\n}\n").encode())


def _is_as_listed(path: Path, address: Json) -> bool:
    try:
        return digest(read_file(path, limit=LARGEST)) == address
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return False
