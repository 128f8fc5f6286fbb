"""Files that are whole or not there: written beside their place, flushed to the disk, then renamed.

In: bytes and where they go. Out: nothing, or a FilesError that says which file, why, and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
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
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "a symbolic link leads back to itself: remove it, or choose another folder",
}


TOKEN = "inside-mnist"  # what is left half-written under a name without it is somebody else's
TEMPORARY = re.compile(
    rf"\.(?P<name>.+)\.{TOKEN}-(?P<process>[0-9]{{1,9}})-[0-9a-f]{{8}}(?P<ending>\.tmp|\.old)", re.DOTALL
)


class FilesError(Exception):
    """Something could not be written. The message names the file, the cause and the remedy."""


@contextlib.contextmanager
def explained(what: str, path: Path | str) -> Iterator[None]:
    """Turns an OSError into a FilesError: `what` could not be done with `path`, the cause, the remedy."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise FilesError(f"cannot {what} {path}: this system has no such characters in names; rename it") from error
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "look at the file and run again")
        raise FilesError(f"cannot {what} {path}: {error.strerror or error}; {remedy}") from error


def printable(text: str) -> str:
    """A text in one line, whatever names it holds: what cannot be printed, as Python writes it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def read_file(path: Path | str, *, limit: int) -> bytes:
    """The bytes of a regular file. Raises OSError where there is none, where it is something else (a fifo or a
    device would be waited for without end), or where it holds more than `limit` bytes."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        parts, left = [], limit + 1
        while left and (part := os.read(handle, min(left, found.st_size + 1))):  # a build reads hundreds of small ones
            parts.append(part)
            left -= len(part)
    finally:
        os.close(handle)
    if not left:
        raise OSError(errno.EFBIG, f"it holds more than {limit} bytes", str(path))
    return b"".join(parts)


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
        fresh = beside(path)
        try:
            write_and_flush(fresh, data)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)


def check_writable(folder: Path) -> None:
    """Raises FilesError unless files can be made in a folder, which is itself made if need be."""
    with explained("write in", folder):
        folder.mkdir(parents=True, exist_ok=True)
        trial = beside(folder / "trial")
        trial.mkdir()
        trial.rmdir()


def sweep(folder: Path, *, of: str | None = None) -> None:
    """Removes what builds that were killed left half-written in a folder; never a living build's. `of`: only what
    was to become the entry of this name."""
    for path in left_behind(folder, of=of, ending=".tmp"):
        remove(path)


def beside(path: Path, *, ending: str = ".tmp") -> Path:
    """A new name in the same folder that tells whose it is and which process uses it; see `TEMPORARY`."""
    return path.with_name(f".{path.name}.{TOKEN}-{os.getpid()}-{os.urandom(4).hex()}{ending}")


def left_behind(folder: Path, *, of: str | None, ending: str) -> list[Path]:
    """What builds that are no longer alive left in a folder, under names that only a build of ours gives."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []
    ours = [match for match in map(TEMPORARY.fullmatch, names) if match and of in (None, match["name"])]
    return [folder / match.string for match in ours if match["ending"] == ending and not _alive(int(match["process"]))]


def remove(path: Path) -> None:
    """Removes a file or a whole folder, as far as that is allowed."""
    import shutil

    if path.is_dir() and not path.is_symlink():
        for above, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                unlock(Path(above))
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def unlock(folder: Path) -> None:
    """Lets its owner remove what is in a folder."""
    folder.chmod(folder.stat().st_mode | stat.S_IRWXU)


def write_and_flush(path: Path, data: bytes) -> None:
    """Writes a new file, down to the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Has the names in a folder reach the disk, where the system can be asked for it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _alive(process: int) -> bool:
    """Whether a process can still write: one that has ended may keep its number until somebody asks how it ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):  # a system that has no such file, or it ended meanwhile: the next build looks again
        return True
