"""Publication: the records of stages, and the products that they publish, go to a shelf that travels with the code.

In: a survey in which the stages are valid. Out: the shelf, with exactly that on it, and a list of its contents, by
which a clone tells what is no longer as it was published.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from experiments.engine.files import explained, read_file, write_file
from experiments.engine.key import digest
from experiments.engine.store import LARGEST, Shelf
from experiments.engine.survey import PlanError, Survey
from experiments.spec import Json, Product, Stage

CONTENTS = "contents.json"


def publish(survey: Survey, stages: Collection[Stage], shelf: Shelf) -> tuple[int, int]:
    """Copies the records of `stages` and the products they publish to a shelf, and drops what else it holds of that
    kind; files of other names stay.

    Returns the number of files and of bytes on the shelf afterwards. Raises PlanError if something is missing.
    """
    keep: set[Path] = set()
    meanings: set[str] = set()
    for stage in stages:
        record = survey.standings[stage.name].record
        if record is None:
            raise PlanError(f"cannot publish: stage {stage.name} has no valid result; build first")
        for name in stage.publish:
            address = survey.address(Product(stage.name, name))
            holder = survey.shelves.holder(name, address)
            if holder is None:
                how = f"--rebuild '{stage.name}' makes it"
                raise PlanError(f"cannot publish: {name} of {stage.name} is on no shelf; {how}")
            shelf.add(name, holder.read(name, address))
            keep.add(shelf.path(name, address))
        shelf.put(record)
        keep.add(shelf.record_path(record.key))
        meanings.update(record.ingredients["sources"].values())
    for path in shelf.files():
        if path not in keep:
            with explained("remove", path):
                path.unlink()
    definitions = {each: survey.sources.definitions(each) for each in sorted(meanings)}
    _list(shelf, keep, definitions={each: known for each, known in definitions.items() if known is not None})
    return len(keep), sum(path.stat().st_size for path in keep)


def lost(shelf: Shelf) -> list[str]:
    """What of a published shelf is gone or no longer as it was published, by relative paths; all is well where nothing
    was ever published."""
    listed = contents(shelf)["files"]
    if not listed and shelf.files():
        return [CONTENTS]
    return [name for name, address in listed.items() if not _is_as_listed(shelf.folder / name, address)]


def contents(shelf: Shelf) -> dict[str, Mapping[str, Json]]:
    """What a shelf was published with: {"files": {relative path: sha256}, "definitions": {meaning of a module: {name:
    digest}}}; nothing where there is no list, or none that can be read."""
    try:
        told = json.loads(read_file(shelf.folder / CONTENTS, limit=LARGEST))
        return {"files": dict(told["files"]), "definitions": dict(told["definitions"])}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {"files": {}, "definitions": {}}


def _list(shelf: Shelf, files: Collection[Path], *, definitions: Mapping[str, Mapping[str, str]]) -> None:
    """Writes the list of contents, a line for each entry."""
    listed = {path.relative_to(shelf.folder).as_posix(): digest(path.read_bytes()) for path in sorted(files)}
    parts = []
    for part, entries in (("files", listed), ("definitions", definitions)):
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
        parts.append(f"{json.dumps(part)}: {{\n{lines}\n}}")
    write_file(shelf.folder / CONTENTS, ("{\n" + ",\n".join(parts) + "\n}\n").encode())


def _is_as_listed(path: Path, address: Json) -> bool:
    try:
        return digest(read_file(path, limit=LARGEST)) == address
    except OSError:
        return False
