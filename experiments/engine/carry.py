"""What others keep in a folder that a build replaces: found, taken along by a second name, and never removed.

In: two folders, the old and the new one, and {relative path: sha256} of what builds wrote. Out: everything else lies in
the new folder as it lay in the old one; the same file where the file system allows it, else a copy.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.engine.files import FilesError, explained, printable, unlock

# Why a second name may be refused although a copy is possible: no such names here, too many, somebody else's file.
UNLINKABLE = (errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@dataclass(frozen=True)
class Others:
    """What is not a build's, by relative path: `files` of every kind but folders, and the folders that are there for
    them or, like those that are empty, for themselves."""

    files: Collection[str]
    folders: Collection[str]


def others(folder: Path, ours: Collection[str]) -> Others:
    """What lies in a folder besides the files that a build wrote and the folders that it made for them."""
    if not folder.is_dir():
        return Others((), ())
    made = {parent for name in ours for parent in parents(name)}
    files, folders = [], []
    for name, is_folder in _entries(folder):
        if is_folder:
            folders += [name] if name not in made else []
        else:
            files += [name] if name not in ours else []
    above = {parent for name in (*files, *folders) for parent in parents(name)}
    return Others(frozenset(files), above | set(folders))


def parents(name: str) -> list[str]:
    """The folders that a relative path leads through, the uppermost first: "a" and "a/b" for "a/b/c"."""
    return [name[:place] for place, letter in enumerate(name) if letter == "/"]


def bring(source: str, target: str) -> bool:
    """Gives a file a second name, or copies it where it cannot have one. False where it is gone meanwhile."""
    with explained("take along", source), contextlib.suppress(FileNotFoundError):
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError as error:
            kind = stat.S_IFMT(os.lstat(source).st_mode)
            if error.errno not in UNLINKABLE or kind not in (stat.S_IFREG, stat.S_IFLNK):
                raise
            _copy(source, target, flush=kind == stat.S_IFREG)
        return True
    return False


def as_before(source: Path, target: Path) -> None:
    """Gives a new folder the owner, mode and times of the old one."""
    with explained("take along", source):
        _owned_as(source, target)
        shutil.copystat(source, target)


def retire(old: Path, folder: Path, *, listed: Mapping[str, str]) -> str | None:
    """Removes a folder whose place another has taken: of its files those that a build wrote (`listed`, which ends with
    the list itself) and those that are in the new folder as well. What somebody put there in the very moment of the
    exchange moves to the new folder; where that has something else of the same name, it stays, and the sentence that
    is returned says so."""
    entries = [(name, is_folder) for name, is_folder in _entries_if_any(old)]
    inner = {parent for name, _ in entries for parent in parents(name)}
    stays = []
    turns = {name: turn for turn, name in enumerate(listed)}  # the list itself goes last, or a kill would make the rest
    for name, is_folder in sorted(entries, key=lambda entry: turns.get(entry[0], -1)):  # look like somebody else's
        if is_folder:
            continue
        with contextlib.suppress(OSError):
            there, here = f"{old}/{name}", f"{folder}/{name}"
            if _is_same(there, here) or _is_listed(there, listed.get(name)):
                _drop(os.unlink, there)  # (paths as plain text: there are hundreds of them)
                continue
            if not os.path.lexists(here):
                _move(old, folder, name)
                continue
        stays.append(name)
    made = {parent for name in listed for parent in parents(name)}
    for name in sorted((name for name, is_folder in entries if is_folder), reverse=True):
        with contextlib.suppress(OSError):
            if name not in inner and name not in made and not os.path.lexists(folder / name):
                _make_folders(old, folder, [*parents(name), name])  # an empty one, there for itself
            _drop(os.rmdir, f"{old}/{name}")
    with contextlib.suppress(OSError):
        old.rmdir()
    if not os.path.lexists(old):
        return None
    named = printable(", ".join(sorted(stays))) or "what cannot be read"
    return f"kept {named} in {old}, as it could not be put into {folder}; move it, or remove it"


def _entries(folder: Path) -> Iterator[tuple[str, bool]]:
    """Everything below a folder by relative path, and whether it is a folder itself; links are not followed."""
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with explained("read", folder / above), os.scandir(folder / above) as found:
            for entry in found:
                name = f"{above}{entry.name}"
                if is_folder := entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                yield name, is_folder


def _entries_if_any(folder: Path) -> Iterator[tuple[str, bool]]:
    with contextlib.suppress(FilesError):
        yield from _entries(folder)


def _drop(drop: Callable[[str], None], path: str) -> None:
    """Removes a name, also from a folder that is closed to writing: that goes as well."""
    try:
        drop(path)
    except PermissionError:
        unlock(Path(path).parent)
        drop(path)


def _is_listed(path: str, digest: str | None) -> bool:
    if digest is None or not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with open(path, "rb") as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _is_same(one: str, other: str) -> bool:
    """Whether two names are of the same file, or of two with the same content."""
    import filecmp

    try:
        first, second = os.lstat(one), os.lstat(other)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if os.path.samestat(first, second):
        return True
    if stat.S_ISLNK(first.st_mode) and stat.S_ISLNK(second.st_mode):
        return os.readlink(one) == os.readlink(other)  # noqa: PTH115
    both = stat.S_ISREG(first.st_mode) and stat.S_ISREG(second.st_mode)
    return both and filecmp.cmp(one, other, shallow=False)


def _move(old: Path, folder: Path, name: str) -> None:
    """Moves a file to the same place in another folder, where nothing is. Raises OSError where that cannot be."""
    _make_folders(old, folder, parents(name))
    try:
        os.link(old / name, folder / name, follow_symlinks=False)
        (old / name).unlink()
    except OSError:
        if os.path.lexists(folder / name):
            raise
        (old / name).rename(folder / name)


def _make_folders(old: Path, folder: Path, names: Collection[str]) -> None:
    for name in names:
        if not os.path.lexists(folder / name):
            (folder / name).mkdir()
            shutil.copystat(old / name, folder / name)


def _copy(source: str, target: str, *, flush: bool) -> None:
    shutil.copy2(source, target, follow_symlinks=False)
    _owned_as(source, target)
    if flush:
        with open(target, "rb") as file:  # noqa: PTH123 (a path as plain text)
            os.fsync(file.fileno())


def _owned_as(source: Path | str, target: Path | str) -> None:
    owner = os.lstat(source)
    with contextlib.suppress(OSError):
        os.chown(target, owner.st_uid, owner.st_gid, follow_symlinks=False)
