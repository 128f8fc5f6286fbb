"""Files that are whole or not there: written beside their place, flushed to the disk, then renamed.

In: bytes and where they go. Out: nothing, or a FilesError that says which file, why, and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

REMEDIES = {
    errno.ENOSPC: "free some space there, or choose another folder",
    errno.EDQUOT: "free some space there, or choose another folder",
    errno.EFBIG: "allow larger files there, or choose another folder",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.EACCES: "change the folder's permissions, or choose another folder",
    errno.EPERM: "change the folder's permissions, or choose another folder",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away, or choose another folder",
    errno.EEXIST: "a file stands where a folder is needed: move it away, or choose another folder",
    errno.EISDIR: "a folder stands where a file is needed: move it away",
}


TOKEN = "inside-mnist"  # what is left half-written under a name without it is somebody else's
TEMPORARY = re.compile(rf"\..+\.{TOKEN}-(?P<process>[0-9]{{1,9}})-[0-9a-f]{{8}}(?P<ending>\.tmp|\.old)")


class FilesError(Exception):
    """Something could not be written. The message names the file, the cause and the remedy."""


@contextlib.contextmanager
def explained(what: str, path: Path) -> Iterator[None]:
    """Turns an OSError into a FilesError: `what` could not be done with `path`, the cause, the remedy."""
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "look at the file and run again")
        raise FilesError(f"cannot {what} {path}: {error.strerror or error}; {remedy}") from error


def read_file(path: Path, *, limit: int) -> bytes:
    """The bytes of a regular file. Raises OSError where there is none, where it is something else (a fifo or a
    device would be waited for without end), or where it holds more than `limit` bytes."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it holds more than {limit} bytes", str(path))
    return data


def sealed(data: bytes) -> bytes:
    """Bytes with their own sha256 before them, so that `opened` notices when a single one is no longer as written."""
    return hashlib.sha256(data).hexdigest().encode() + b"\n" + data


def opened(data: bytes) -> bytes:
    """What `sealed` was given. Raises ValueError where the seal does not fit."""
    seal, _, content = data.partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != seal:
        raise ValueError("its seal does not fit: it is not as it was written")
    return content


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole: a reader, or a build killed half way, never sees a part of it."""
    with explained("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path)
        try:
            _write_and_flush(beside, data)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


def replace_folder(folder: Path, files: Mapping[str, bytes], *, sign: str) -> None:
    """Puts a folder with exactly `files` where `folder` is, in one step.

    A folder that is there is replaced only if it is empty or signed (see `check_replaceable`), so that a
    mistyped name never costs somebody their files.
    """
    import shutil

    folder = folder.resolve()
    check_replaceable(folder, sign=sign)
    with explained("write", folder):
        sweep(folder.parent, prefix=f".{folder.name}.")
        fresh = _beside(folder)
        try:
            for name, data in files.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_and_flush(path, data)
            _swap(folder, fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def check_replaceable(folder: Path, *, sign: str) -> None:
    """Raises FilesError unless `replace_folder` may write there: asked before any work is done.

    `sign` is the file by which a folder of ours is known: JSON with an entry "study". Puts back what a build
    that was killed between the two steps of a swap had moved aside.
    """
    folder = folder.resolve()
    _put_back(folder)
    if folder.exists() and not folder.is_dir():
        raise FilesError(f"cannot write {folder}: it is a file; move it away, or choose another folder")
    with explained("read", folder):
        if _is_foreign(folder, sign=sign):
            raise FilesError(
                f"will not replace {folder}: it holds files but no {sign} of ours, so it is not a site written by "
                "this program; choose another folder, or empty this one"
            )
    check_writable(folder.parent)


def check_writable(folder: Path) -> None:
    """Raises FilesError unless files can be made in a folder, which is itself made if need be."""
    with explained("write in", folder):
        folder.mkdir(parents=True, exist_ok=True)
        beside = _beside(folder / "trial")
        beside.mkdir()
        beside.rmdir()


def holds(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether a folder holds exactly the files {relative path: sha256}."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if found.keys() != files.keys():
        return False
    return all(hashlib.sha256(path.read_bytes()).hexdigest() == files[name] for name, path in found.items())


def sweep(folder: Path, *, prefix: str = ".") -> None:
    """Removes what builds that were killed left half-written in a folder; never a living build's."""
    for path in _left_behind(folder, prefix=prefix, ending=".tmp"):
        _remove(path)


def _beside(path: Path, *, ending: str = ".tmp") -> Path:
    """A new name in the same folder that tells whose it is and which process uses it; see `TEMPORARY`."""
    return path.with_name(f".{path.name}.{TOKEN}-{os.getpid()}-{os.urandom(4).hex()}{ending}")


def _left_behind(folder: Path, *, prefix: str, ending: str) -> list[Path]:
    """What builds that are no longer alive left in a folder, under names that only a build of ours gives."""
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []
    ours = [match for name in names if name.startswith(prefix) and (match := TEMPORARY.fullmatch(name))]
    return [folder / match.string for match in ours if match["ending"] == ending and not _alive(int(match["process"]))]


def _put_back(folder: Path) -> None:
    for old in _left_behind(folder.parent, prefix=f".{folder.name}.", ending=".old"):
        if folder.exists():
            _remove(old)
        else:
            with contextlib.suppress(OSError):
                old.rename(folder)


def _remove(path: Path) -> None:
    import shutil

    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _is_foreign(folder: Path, *, sign: str) -> bool:
    """Whether a folder holds files that are not ours; looked at again where another build swaps it meanwhile."""
    while True:
        before = _identity(folder)
        try:
            foreign = folder.is_dir() and any(folder.iterdir()) and not _is_signed(folder / sign)
        except FileNotFoundError:
            continue
        if not foreign or _identity(folder) == before:
            return foreign


def _identity(folder: Path) -> tuple[int, int, int] | None:
    """What tells a folder from another one that is put in its place, or from itself as files come and go."""
    with contextlib.suppress(FileNotFoundError):
        found = folder.stat()
        return found.st_dev, found.st_ino, found.st_mtime_ns
    return None


def _is_signed(path: Path) -> bool:
    try:
        return "study" in dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return False


def _swap(folder: Path, fresh: Path) -> None:
    """Exchanges two folders. Where another build swaps at the same moment, the last one stands."""
    for _ in range(100):
        old = _beside(folder, ending=".old")
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        try:
            fresh.rename(folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                continue
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
        finally:
            if folder.exists():
                _remove(old)
        _flush_folder(folder.parent)
        return
    raise FilesError(f"cannot write {folder}: other builds keep writing it; run one at a time")


def _write_and_flush(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
