"""Files that are whole or not there: written beside their place, flushed to the disk, then renamed.

In: bytes and where they go. Out: nothing, or a FilesError that says which file, why, and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

REMEDIES = {
    errno.ENOSPC: "free some space there, or choose another folder",
    errno.EDQUOT: "free some space there, or choose another folder",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.EACCES: "change the folder's permissions, or choose another folder",
    errno.EPERM: "change the folder's permissions, or choose another folder",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away, or choose another folder",
    errno.EEXIST: "a file stands where a folder is needed: move it away, or choose another folder",
    errno.EISDIR: "a folder stands where a file is needed: move it away",
}


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


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole: a reader, or a build killed half way, never sees a part of it."""
    with explained("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            _write_and_flush(beside, data)
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


def replace_folder(folder: Path, files: Mapping[str, bytes], *, sign: str) -> None:
    """Puts a folder with exactly `files` where `folder` is, in one step.

    A folder that is there is replaced only if it is empty or holds the file `sign`, so that a mistyped name
    never costs somebody their files.
    """
    check_replaceable(folder, sign=sign)
    with explained("write", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent, prefix=f".{folder.name}.")
        fresh = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            for name, data in files.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_and_flush(path, data)
            _swap(folder, fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def check_replaceable(folder: Path, *, sign: str) -> None:
    """Raises FilesError unless `replace_folder` may write there: asked before any work is done."""
    if folder.exists() and not folder.is_dir():
        raise FilesError(f"cannot write {folder}: it is a file; move it away, or choose another folder")
    with explained("read", folder):
        if folder.is_dir() and any(folder.iterdir()) and not (folder / sign).is_file():
            raise FilesError(
                f"will not replace {folder}: it holds files but no {sign}, so it is not a site written by this "
                "program; choose another folder, or empty this one"
            )
    with explained("write", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(folder.parent, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))


def holds(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether a folder holds exactly the files {relative path: sha256}."""
    import hashlib

    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if found.keys() != files.keys():
        return False
    return all(hashlib.sha256(found[name].read_bytes()).hexdigest() == files[name] for name in found)


def sweep(folder: Path, *, prefix: str = ".") -> None:
    """Removes what builds that were killed left half-written in a folder; never a living build's."""
    for path in folder.glob(f"{prefix}*.tmp"):
        parts = path.name.split(".")
        if len(parts) >= 4 and parts[-3].isdigit() and not _alive(int(parts[-3])):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _swap(folder: Path, fresh: Path) -> None:
    """Exchanges two folders. Where another build swaps at the same moment, the last one stands."""
    for _ in range(100):
        old = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        with contextlib.suppress(FileNotFoundError):
            os.rename(folder, old)
        try:
            os.rename(fresh, folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                if old.exists() and not folder.exists():
                    os.rename(old, folder)
                raise
            continue
        finally:
            if folder.exists():
                shutil.rmtree(old, ignore_errors=True)
        _flush_folder(folder.parent)
        return
    raise FilesError(f"cannot write {folder}: other builds keep writing it; run one at a time")


def _write_and_flush(path: Path, data: bytes) -> None:
    with open(path, "xb") as file:
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
