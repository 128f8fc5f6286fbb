"""Places: the folders that a command line names, refused where a build could not use them or would harm something.

In: names of folders, and the project's own. Out: nothing, or an error whose one line names them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.engine.files import FilesError

OWN = ("experiments", "report", "templates", "tests", "results", "benchmarks", ".git", ".github", ".ci")
READABLE = (errno.ENOENT, errno.EACCES)  # what a folder may be that is still to be made, or told of by who reads it

Identity = tuple[int, int] | str


def folder(text: str) -> Path:
    """The folder of that name, in full: the current folder may be one that is replaced. ValueError where no folder can
    have it."""
    if not text:
        raise ValueError("the name of a folder is needed, and this one is empty")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError(f"{text!r}: a folder's name without control characters is needed")
    if not Path(text).is_absolute():
        try:
            Path.cwd()
        except OSError as error:
            raise ValueError(f"{text}: the current folder is gone; go to another one, or give a full path") from error
    try:
        Path(text).stat()
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) not in READABLE:
            raise ValueError(f"{text}: {getattr(error, 'strerror', error)}; choose another folder") from error
    return Path(text).absolute()


def check(project: Path, *, out: Path, cache: Path, data: Path | None) -> None:
    """ValueError unless the folders of a build lie apart from one another, and where a build may write.

    A build puts files into `out` and `cache`, and removes what it put there. So none of these and `data` may be, or
    lie in, another; none may be or hold the project; and in the project there is room for `out` and `cache` only
    beside its own folders. Links are followed.
    """
    named = {"--out": _place(out), "--cache": _place(cache)} | ({"--data": _place(data)} if data is not None else {})
    here, owned = _place(project), [_place(project / name) for name in OWN]
    for option, place in named.items():
        if here.lies_in(place):
            how = "is the project's own folder" if here.is_same(place) else f"holds the project, {project}"
            raise ValueError(f"{option} {place.path} {how}; choose a folder beside it")
        for own in owned:
            _apart(option, place, "the project's folder", own)
        if option != "--data" and place.lies_in(here) and place.line[1] != here.line[0]:
            raise ValueError(
                f"{option} {place.path} lies deep in the project, {project}; choose a folder outside of it"
            )
    for first, second in (("--out", "--cache"), ("--out", "--data"), ("--cache", "--data")):
        if first in named and second in named:
            _apart(first, named[first], second, named[second])


def check_readable(folders: Iterable[Path]) -> None:
    """FilesError where what is stored in one of these folders cannot be read: it would be taken for lost."""
    for folder in folders:
        try:
            if os.access(folder, os.R_OK | os.X_OK) or not folder.is_dir():
                continue
        except PermissionError:  # the folder above is closed
            pass
        raise FilesError(f"cannot read {folder}: Permission denied; change its permissions, or choose another folder")


@dataclass(frozen=True)
class _Place:
    """A folder, under whichever of its names. `line` tells it and each folder that it lies in, from within."""

    path: Path
    line: Sequence[Identity]

    def is_same(self, other: _Place) -> bool:
        return self.line[0] == other.line[0]

    def lies_in(self, other: _Place) -> bool:
        return other.line[0] in self.line


def _place(path: Path) -> _Place:
    real = Path(os.path.realpath(path))
    return _Place(path, [_identity(each) for each in (real, *real.parents)])


def _identity(real: Path) -> Identity:
    """What tells a folder; that of one yet to be made is its path."""
    try:
        found = real.stat()
    except OSError:
        return str(real)
    return found.st_dev, found.st_ino


def _apart(first: str, one: _Place, second: str, other: _Place) -> None:
    if one.is_same(other):
        raise ValueError(f"{first} {one.path} and {second} {other.path} are the same folder; choose another one")
    if one.lies_in(other):
        raise ValueError(f"{first} {one.path} lies in {second} {other.path}; choose a folder outside of it")
    if other.lies_in(one):
        raise ValueError(f"{second} {other.path} lies in {first} {one.path}; choose a folder beside it")
