"""A folder that a build replaces whole, although others keep files in it: a build's files go, theirs stay.

In: the files of the new folder, and the sign by which the old one is known to be ours. Out: at every instant, also
where the build is killed, the folder's name shows all of the old files or all of the new ones, and with them
everything that somebody else put there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.engine.carry import Others, as_before, bring, others, parents, retire
from experiments.engine.files import (
    FilesError,
    beside,
    check_writable,
    explained,
    flush_folder,
    left_behind,
    printable,
    read_file,
    remove,
    sweep,
    write_and_flush,
)

LARGEST = 256_000_000  # bytes; no build writes a file as large, so one that is larger need not be read to be foreign
LINK, NO_FILE = "is reached by a link", "is no file"
MOMENT = 1  # seconds after which it is said that a folder is waited for
REMEDY = "choose another folder, or move this one away"


@dataclass(frozen=True)
class Sign:
    """The file by which a folder of ours is known. `read` makes of its bytes {relative path: sha256} of all other
    files that the build wrote; its ValueError says why bytes are not ours."""

    name: str
    read: Callable[[bytes], Mapping[str, str]]


@dataclass(frozen=True)
class Kept:
    """A file that need not be written, as it lies in the folder already with this sha256."""

    digest: str


class Moved(FilesError):
    """A file that was to be kept lies there no more: another build put other files into the folder meanwhile."""


def replace(
    folder: Path, files: Mapping[str, bytes | Kept], *, sign: Sign, lying: Mapping[str, str] | None = None
) -> list[str]:
    """Puts `files` into a folder in place of those that an earlier build put there. Returns what else is to be said.
    `lying` is what `written` told just before; it need not be found out again where the sign is still the same.

    Only files that the old sign lists are ever replaced or removed (see `written`). Raises FilesError, with everything
    as it was, for a folder that is not ours and for a new file where somebody keeps something else, and Moved.
    """
    folder = real(folder)
    with explained("write", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            sweep(folder.parent, of=folder.name)
            _put_back(folder, sign)
            old = lying if lying and _listed(folder, sign) == lying else _written(folder, sign)
            kept = others(folder, old)
            _refuse_collisions(folder, kept, files)
            fresh = beside(folder)
            try:
                _fill(fresh, folder, kept, files, old)
                retired = _swap(fresh, folder)
            finally:
                remove(fresh)
            waiting = [*retired, *left_behind(folder.parent, of=folder.name, ending=".old")]
            return [said for each in waiting if (said := retire(each, folder, listed=_listed(each, sign)))]


def check(folder: Path, *, sign: Sign) -> None:
    """Raises FilesError unless `replace` may write there: asked before any work is done."""
    written(folder, sign=sign)
    check_place(folder)


def check_place(folder: Path) -> None:
    """Raises FilesError unless another folder can take this one's place."""
    if os.path.ismount(real(folder)):
        raise FilesError(f"cannot replace {folder}: a file system is mounted there; choose a folder within it")
    check_writable(real(folder).parent)


def written(folder: Path, *, sign: Sign) -> dict[str, str]:
    """{relative path: sha256} of the files that an earlier build wrote into a folder, its sign among them; nothing for
    a folder that is empty or not there.

    The folder is ours only if it has our sign and every file that the sign lists lies there as listed. Raises
    FilesError, which names the first thing that is wrong, for any other. Files of others are neither read nor counted.
    """
    folder = real(folder)
    with _alone(folder.parent):
        _put_back(folder, sign)
        return _written(folder, sign)


def real(folder: Path) -> Path:
    """The folder itself where its name is a link to it. (`Path.resolve` raises RuntimeError for links in a circle.)"""
    with explained("find", folder):
        return Path(os.path.realpath(folder))


def _written(folder: Path, sign: Sign) -> dict[str, str]:
    with explained("read", folder):
        try:
            found = folder.stat()
        except FileNotFoundError:
            return {}
        if not stat.S_ISDIR(found.st_mode):
            raise FilesError(f"cannot write {folder}: it is a file; move it away, or choose another folder")
        with os.scandir(folder) as entries:
            if next(entries, None) is None:
                return {}
    with explained("read", folder / sign.name):
        if _is_no_file(folder / sign.name):
            raise _foreign(folder, f"it holds files but no {sign.name} of ours")
        data = read_file(folder / sign.name, limit=LARGEST)
    try:
        listed = sign.read(data)
    except ValueError as error:
        raise _foreign(folder, f"it holds files but no {sign.name} of ours ({error})") from error
    if wrong := _first_wrong(folder, listed):
        raise _foreign(folder, f"its {sign.name} lists {wrong[0]}, which {wrong[1]}")
    return {**listed, sign.name: hashlib.sha256(data).hexdigest()}


def _first_wrong(folder: Path, listed: Mapping[str, str]) -> tuple[str, str] | None:
    """The first file that is not the one that a build wrote, and why; None where all are. (Paths as plain text: there
    are hundreds of files, and every build looks at each.)"""
    sound: set[str] = set()  # folders below this one that are folders indeed
    for name, digest in listed.items():
        path = f"{folder}/{name}"
        with explained("read", path):
            try:
                for above in parents(name):
                    if above not in sound and stat.S_ISLNK(os.lstat(f"{folder}/{above}").st_mode):
                        return name, LINK
                    sound.add(above)
                found = _digest_of_file(path)
            except (FileNotFoundError, NotADirectoryError):
                return name, "is gone"
            if found != digest:
                return name, found if found in (LINK, NO_FILE) else "was changed"
    return None


def _digest_of_file(path: str) -> str:
    """The sha256 of a file's bytes, or why there is none: LINK, NO_FILE, or nothing for one that is too large."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return LINK
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return NO_FILE
        if found.st_size > LARGEST:
            return ""
        return hashlib.sha256(os.read(handle, found.st_size + 1)).hexdigest()
    finally:
        os.close(handle)


def _is_no_file(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return True


def _foreign(folder: Path, why: str) -> FilesError:
    return FilesError(f"will not replace {folder}: {why}; {REMEDY}")


def _refuse_collisions(folder: Path, kept: Others, files: Collection[str]) -> None:
    """Raises FilesError where a new file, or a folder that one needs, has the name of something that is not ours."""
    needed = {parent for name in files for parent in parents(name)}
    for name in (*kept.files, *kept.folders):
        if name in files or (name in needed and name not in kept.folders):
            raise FilesError(
                f"will not replace {folder / name}, which no build of this program wrote: the new site has a "
                f"{'file' if name in files else 'folder'} of this name; move it away, or choose another folder"
            )


def _fill(fresh: Path, folder: Path, kept: Others, files: Mapping[str, bytes | Kept], old: Mapping[str, str]) -> None:
    """Makes the new folder. What is already in the old one is not written again but gets a second name here."""
    fresh.mkdir(0o700 if folder.exists() else 0o777)  # until it has the old one's mode, it is nobody else's to see
    needed = {parent for name in files for parent in parents(name)}
    folders = sorted(needed | set(kept.folders))  # parents come before what they hold
    for name in folders:
        (fresh / name).mkdir()
    for name in kept.files:
        bring(f"{folder}/{name}", f"{fresh}/{name}")
    for name, data in files.items():
        digest = data.digest if isinstance(data, Kept) else hashlib.sha256(data).hexdigest()
        if old.get(name) == digest and bring(f"{folder}/{name}", f"{fresh}/{name}"):
            continue
        if isinstance(data, Kept):
            raise Moved(f"cannot write {folder}: another build writes it; run again")
        write_and_flush(fresh / name, data)
    for name in [*reversed(folders), ""]:
        if (folder / name).is_dir():
            as_before(folder / name, fresh / name)
    flush_folder(fresh)


def _swap(fresh: Path, folder: Path) -> list[Path]:
    """Gives the new folder the old one's name. Returns where the old one is now, if there was one: under a name that
    ends in .old, as does every folder that has, or may have had, the public name; such a one is never removed whole."""
    if not folder.exists():
        fresh.rename(folder)
        flush_folder(folder.parent)
        return []
    ready = beside(folder, ending=".old")
    fresh.rename(ready)
    try:
        old = _trade(ready, folder)
    except OSError:
        ready.rename(fresh)  # it never had the public name
        raise
    flush_folder(folder.parent)
    return [old]


def _trade(ready: Path, folder: Path) -> Path:
    """Gives a folder that is ready the other's name. Returns where that is now; after an OSError both are as before."""
    if _exchange(ready, folder):
        return ready
    old = beside(folder, ending=".old")
    folder.rename(old)
    try:
        ready.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    return old


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two names in one step; False, and nothing is done, where the system knows no such step."""
    import ctypes

    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    rename.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    if rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code))


def _put_back(folder: Path, sign: Sign) -> None:
    """Gives back its name to a whole site that a build moved aside and was killed before it had put another there."""
    if os.path.lexists(folder):
        return
    for old in left_behind(folder.parent, of=folder.name, ending=".old"):
        with contextlib.suppress(FilesError, OSError):
            if _written(old, sign):
                old.rename(folder)
                return


def _listed(folder: Path, sign: Sign) -> dict[str, str]:
    """What the sign of a folder that was retired lists, itself included; nothing where that cannot be told."""
    try:
        data = read_file(folder / sign.name, limit=LARGEST)
        return {**sign.read(data), sign.name: hashlib.sha256(data).hexdigest()}
    except (OSError, ValueError):
        return {}


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits until no other build swaps a folder in this one, and says so where that takes longer; where the file system
    has no locks, does not wait."""
    handle = None
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        _lock(handle, folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    from experiments.engine import console

    end = time.monotonic() + MOMENT
    while time.monotonic() < end:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
    console.complain(f"waiting for {printable(str(folder))}: another build, or a program like flock, has locked it")
    return fcntl.flock(handle, fcntl.LOCK_EX)
