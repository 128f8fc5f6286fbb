"""Publication: the records of stages, and the products that they publish, go to a shelf that travels with the code.

In: a survey in which the stages are valid. Out: the shelf, with exactly that on it, and a list of its contents, by
which a clone tells what is no longer as it was published.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from experiments.engine.contents import note
from experiments.engine.files import FilesError, explained
from experiments.engine.sources import parts
from experiments.engine.store import FILES, Shelf
from experiments.engine.survey import PlanError, Survey
from experiments.spec import Product, Stage


def publish(survey: Survey, stages: Collection[Stage], shelf: Shelf) -> tuple[int, int]:
    """Copies the records of `stages` and the products they publish to a shelf, and drops what else it holds of that
    kind; files of other names stay.

    Returns the number of files and of bytes on the shelf afterwards. Raises PlanError if something is missing, and
    FilesError where a folder of the shelf is a link: what lies behind it may be another shelf's.
    """
    for path in (shelf.folder / kind for kind in FILES):
        if path.is_symlink():
            raise FilesError(f"cannot publish into {path}: it is a link; put a folder there")
    keep: set[Path] = set()
    meanings: dict[str, set[str]] = {}
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
        for module, meaning in record.ingredients["sources"].items():
            meanings.setdefault(module, set()).update(parts(meaning))
    for path in shelf.files():
        if path not in keep:
            with explained("remove", path):
                path.unlink()
    note(shelf, keep, definitions={each: _named(survey, each, meanings[each]) for each in sorted(meanings)})
    return len(keep), sum(path.stat().st_size for path in keep)


def _named(survey: Survey, module: str, digests: Collection[str]) -> dict[str, str]:
    """{digest: the name of a definition} of those that count somewhere, by name."""
    known = survey.sources.definitions(module)
    return dict(sorted(((each, known[each]) for each in digests if each in known), key=lambda pair: pair[::-1]))
