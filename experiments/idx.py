"""The four IDX files of MNIST and of sets made like it: their names, where they are, and which content is MNIST's.

In: a folder. Out: paths, bytes, digests of the content. Standard library only, so that a plan can name its data.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import MutableMapping
from pathlib import Path

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
WAYS_ON = "Pass --data DIR with the four IDX files (plain or .gz), or --dataset digits to work offline."


class DataError(InputError):
    """The images cannot be had, or are not what they should be; the message says what to do."""


def fingerprints(folder: Path, *, memo: MutableMapping[str, str]) -> dict[str, str]:
    """{part: sha256 of its decompressed content}; empty where the content is MNIST's, however it came there.

    So a study of MNIST has one name whether its files were downloaded or lay in a folder, packed or not, and any
    other set has names of its own. `memo` remembers {sha256 of a file: sha256 of its content}.
    Raises DataError where a file is missing or cannot be unpacked.
    """
    if not folder.is_dir():
        raise DataError(f"--data {folder}: no such folder; name the folder that holds the four IDX files")
    found = {}
    for part in PARTS:
        path = find(folder, part)
        packed = hashlib.sha256(path.read_bytes()).hexdigest()
        if packed not in memo:
            memo[packed] = hashlib.sha256(decompressed(path)).hexdigest()
        found[part] = memo[packed]
    return {} if found == MNIST_DIGESTS else found


def find(folder: Path, part: str) -> Path:
    """The file of a part ("train-images", ...), under any of its usual names, plain or .gz."""
    stem = FILES[part]
    names = [name + ending for name in (stem, stem.replace("-idx", ".idx")) for ending in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    cause = "is not there" if folder.is_dir() else "is not there, nor is the folder"
    raise DataError(f"{folder / stem}: the file {cause} (nor as .gz). {WAYS_ON}")


def decompressed(path: Path) -> bytes:
    """The content of a file, unpacked where its name ends in .gz."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{path}: damaged gzip file ({error}). Fetch this file again.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}). Make the file readable.") from error
