"""The four IDX files of MNIST and of sets made like it: where they are, what they hold, and which content is MNIST's.

In: a folder. Out: paths, bytes, digests of the content. Standard library only, so that a plan can name its data.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import stat
import zlib
from collections.abc import MutableMapping
from pathlib import Path
from typing import Protocol

from experiments import formats
from experiments.errors import InputError

PARTS = ("train-images", "train-labels", "test-images", "test-labels")

# sha256 of the decompressed IDX files: compression differs between mirrors, the content does not.
MNIST_DIGESTS = {
    "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "test-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "test-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
FILES = {
    "train-images": "train-images-idx3-ubyte",
    "train-labels": "train-labels-idx1-ubyte",
    "test-images": "t10k-images-idx3-ubyte",
    "test-labels": "t10k-labels-idx1-ubyte",
}
AXES = {"images": 3, "labels": 1}
DESCRIPTION = "dataset.toml"  # may lie beside them, see experiments/description.py
CLASSES = (2, 30)  # the fewest and the most
SIDES = (8, 64)  # pixels: the smallest and the largest side of an image
LARGEST = 1 << 30  # bytes of a file, as it is stored and unpacked: a million images and more
CHUNK = 1 << 20  # bytes that are unpacked at once
WAYS_ON = "Pass --data DIR with the four IDX files (plain or .gz), or --dataset digits to work offline."


class Readable(Protocol):
    """A file, or what unpacks one."""

    def read(self, size: int, /) -> bytes: ...


class DataError(InputError):
    """The images cannot be had, or are not what they should be; the message says what to do."""


def fingerprints(folder: Path, *, memo: MutableMapping[str, str]) -> dict[str, str]:
    """{part: sha256 of its decompressed content}; empty where the content is MNIST's, however it came there.

    So a study of MNIST has one name whether its files were downloaded or lay in a folder, packed or not, and any
    other set has names of its own. `memo` remembers {sha256 of a file: sha256 of its content}.
    Raises DataError where a file is missing, or is not what its name says.
    """
    if not folder.is_dir():
        raise DataError(f"--data {folder}: no such folder; name the folder that holds the four IDX files")
    found = {}
    for part in PARTS:
        path = find(folder, part)
        stored = _stored(path)
        name = hashlib.sha256(stored).hexdigest()
        if name not in memo:
            memo[name] = hashlib.sha256(_unpacked(stored, path, part)).hexdigest()
        found[part] = memo[name]
    return {} if found == MNIST_DIGESTS else found


def find(folder: Path, part: str) -> Path:
    """The file of a part ("train-images", ...), under any of its usual names, plain or .gz."""
    stem = FILES[part]
    names = (name + ending for name in (stem, stem.replace("-idx", ".idx")) for ending in ("", ".gz"))
    paths = [folder / name for name in names]
    try:
        for path in paths:
            if path.is_file():
                return path
        for path in paths:
            if os.path.lexists(path):
                kind = "a folder" if path.is_dir() else "no regular file"
                raise DataError(f"{path}: this is {kind}. Put the IDX file itself there.")
        hint = formats.instead(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error
    cause = "is not there" if folder.is_dir() else "is not there, nor is the folder"
    raise DataError(f"{paths[0]}: the file {cause} (nor as .gz). {hint or WAYS_ON}")


def read(path: Path, part: str) -> bytes:
    """The content of a part's file, unpacked where its name ends in .gz: an IDX header, and all that it declares.

    No more is unpacked than a header declares, and no header may declare more than LARGEST bytes.
    Raises DataError where the file cannot be read, or holds anything else.
    """
    return _unpacked(_stored(path), path, part)


def shape(content: bytes) -> tuple[int, ...]:
    """The counts in an IDX header: 32 bits for each axis, behind a magic number whose last byte is their number."""
    return tuple(int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(content[3]))


def regular(path: Path, *, what: str, most: int) -> bytes:
    """The bytes of a regular file, `most` of them at most.

    Raises DataError, which calls it `what`, for anything else (a fifo, or a device, would be waited for without end),
    and for what cannot be read.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DataError(f"{path}: this is no regular file. Put the {what} itself there.")
            return file.read(most)
    except IsADirectoryError:
        raise DataError(f"{path}: this is a folder. Put the {what} itself there.") from None
    except OSError as error:
        raise _unreadable(path, error) from error


def _stored(path: Path) -> bytes:
    stored = regular(path, what="IDX file", most=LARGEST + 1)
    if len(stored) > LARGEST:
        raise DataError(f"{path}: more than {LARGEST >> 20} MB. Use a smaller set of images.")
    return stored


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: cannot be read ({error.strerror or error}). Make it readable.")


def _unpacked(stored: bytes, path: Path, part: str) -> bytes:
    kind = part.partition("-")[2]
    if path.suffix != ".gz":
        return _content(io.BytesIO(stored), path, kind)
    if not stored.startswith(formats.GZIP):
        if stored.startswith(b"\0\0\x08"):
            raise DataError(f"{path}: an IDX file that is not packed. Take .gz off its name.")
        raise DataError(f"{path}: damaged gzip file: {formats.told(stored[: formats.TELLING], kind=kind)}")
    try:
        return _content(gzip.GzipFile(fileobj=io.BytesIO(stored)), path, kind)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{path}: damaged gzip file ({error}). Fetch this file again.") from error


def _content(file: Readable, path: Path, kind: str) -> bytes:
    """A header and the bytes that it declares, which must be all that there are."""
    length = 4 + 4 * AXES[kind]
    header = file.read(length)
    if header[:4] != bytes((0, 0, 8, AXES[kind])):
        raise DataError(f"{path}: {formats.told(header + file.read(formats.TELLING), kind=kind)}")
    if len(header) < length:
        raise DataError(f"{path}: cut short within its header, after {len(header)} bytes: fetch it again.")
    size = length + math.prod(shape(header))
    if size > LARGEST:
        counts = " x ".join(map(str, shape(header)))
        raise DataError(f"{path}: its header declares {counts} bytes, more than {LARGEST >> 20} MB. Fetch it again.")
    chunks, left = [header], size - length + 1  # one byte too many tells that there are more
    while left and (chunk := file.read(min(left, CHUNK))):
        chunks.append(chunk)
        left -= len(chunk)
    if left != 1:
        found, cause = ("more", "too long") if left == 0 else (str(size + 1 - left), "cut short")
        raise DataError(f"{path}: {size} bytes expected, {found} found. The file is {cause}: fetch it again.")
    return b"".join(chunks)
