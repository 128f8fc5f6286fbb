"""Places: the folders that a command line names, refused where a build could not use them or would harm something.

In: names of folders, and the project's own. Out: nothing, or an error whose one line names them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from experiments.engine.files import FilesError

OWN = ("experiments", "report", "templates", "tests", "results", "benchmarks", ".git", ".github", ".ci")
READABLE = (errno.ENOENT, errno.EACCES)  # what a folder may be that is still to be made, or told of by who reads it

Identity = tuple[int, int] | str


def folder(text: str) -> Path:
    """The folder of that name. ValueError where no folder can have it."""
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
    return Path(text)


def check(project: Path, *, out: Path, cache: Path, data: Path | None) -> None:
    """ValueError unless the folders of a build lie apart from one another, and where a build may write.

    A build puts files into `out` and `cache`, and removes what it put there. So none of these and `data` may be, or
    lie in, another; none may be or hold the project; and in the project there is room for `out` and `cache` only
    beside its own folders. Links are followed.
    """
    named = {"--out": out, "--cache": cache} | ({"--data": data} if data is not None else {})
    for option, path in named.items():
        if _within(project, path):
            same = _identity(path) == _identity(project)
            how = "is the project's own folder" if same else f"holds the project, {project}"
            raise ValueError(f"{option} {path} {how}; choose a folder beside it")
        for name in OWN:
            _apart(option, path, "the project's folder", project / name)
        if option != "--data" and _within(path, project) and _identity(_real(path).parent) != _identity(project):
            raise ValueError(f"{option} {path} lies deep in the project, {project}; choose a folder outside of it")
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


def _apart(first: str, one: Path, second: str, other: Path) -> None:
    if _identity(one) == _identity(other):
        raise ValueError(f"{first} {one} and {second} {other} are the same folder; choose another one")
    if _within(one, other):
        raise ValueError(f"{first} {one} lies in {second} {other}; choose a folder outside of it")
    if _within(other, one):
        raise ValueError(f"{second} {other} lies in {first} {one}; choose a folder beside it")


def _within(path: Path, other: Path) -> bool:
    """Whether a folder is another one or lies in it."""
    real = _real(path)
    return _identity(other) in {_identity(each) for each in (real, *real.parents)}


def _identity(path: Path) -> Identity:
    """What tells a folder, under whichever of its names; that of one yet to be made is its path."""
    real = _real(path)
    try:
        found = real.stat()
    except OSError:
        return str(real)
    return found.st_dev, found.st_ino


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
