"""What a file is that is not what it should be: other formats by their first bytes, and sets of images of other shapes.

In: the first bytes of a file, or a folder. Out: words for an error. Standard library only.
"""

from __future__ import annotations

import gzip
import os
import zlib
from itertools import islice
from pathlib import Path

TELLING = 512  # bytes at the beginning of a file that tell what it is
GZIP = b"\x1f\x8b"
PACKED = {  # first bytes: the format, the ending by which it goes
    GZIP: ("gzip", ".gz"),
    b"PK\x03\x04": ("zip", ".zip"),
    b"\xfd7zXZ\x00": ("xz", ".xz"),
    b"BZh": ("bzip2", ".bz2"),
    b"\x28\xb5\x2f\xfd": ("zstd", ".zst"),
    b"7z\xbc\xaf\x27\x1c": ("7z", ".7z"),
}
OTHERS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x93NUMPY": "a NumPy array (.npy)",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet table",
    b"version https://git-lfs": "a Git LFS pointer in place of the file (git lfs pull fetches it)",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
}
TYPES = {9: "signed bytes", 11: "16-bit integers", 12: "32-bit integers", 13: "32-bit floats", 14: "64-bit floats"}
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
SETS = (".npz", ".npy", ".csv", ".parquet", ".zip", ".tar", ".tgz", ".tar.gz", ".h5", ".mat", ".pkl", *PICTURES)
MOST = 1000  # entries of a folder that are looked at
WRITE_IDX = (
    "Write them, grey and square, as four IDX files: struct.pack('>4I', 0x803, n, side, side) and the pixels, "
    "struct.pack('>2I', 0x801, n) and the labels, one byte each"
)
SPLIT = (
    "Split them: every sixth image of each class and its label into t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, "
    "the others into train-images-idx3-ubyte and train-labels-idx1-ubyte"
)
RENAME = (
    "Rename them to train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte (or the same with .gz)"
)


def told(start: bytes, *, kind: str) -> str:
    """What a file of images or labels (`kind`) is that begins with these bytes and not as it should; and what to do."""
    for magic, (name, ending) in PACKED.items():
        if start.startswith(magic):
            way = "rename it to end in .gz" if magic == GZIP else f"unpack it (it is a {ending} file)"
            return f"not an IDX file but one packed as {name}; {way}."
    if start[257:262] == b"ustar":
        return "not an IDX file but a tar archive; unpack it."
    if len(start) >= 4 and start[:2] == b"\0\0" and start[2] in (8, *TYPES):
        return _other_idx(start, kind=kind)
    if len(start) >= 4 and start[2:4] == b"\0\0" and start[1] == 8:
        return f"an IDX file with its bytes reversed (it begins with {start[:4].hex()}). Write its header big-endian."
    return f"not an IDX file of bytes but {_what(start)}."


def _other_idx(start: bytes, *, kind: str) -> str:
    """An IDX file, only not of bytes, or with other axes."""
    code, axes = start[2], start[3]
    if code != 8:
        way = "Scale them to 0 to 255" if kind == "images" else "Write one byte for each label"
        return (
            f"an IDX file of {TYPES[code]} ({start[:4].hex()}); bytes are needed (type 08). {way} and save them anew."
        )
    if (kind, axes) in (("images", 1), ("labels", 3)):
        other = "labels" if kind == "images" else "images"
        return f"holds {other} where {kind} are expected. Were two files swapped? Rename them."
    counts = tuple(int.from_bytes(start[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(axes))
    if kind == "images" and axes == 4:
        colours = next((count for count in (counts[3], counts[1]) if count in (3, 4)), None)
        what = f"images with {colours} colours" if colours else f"images of {axes} axes, {counts}"
        return f"{what} ({start[:4].hex()}); grey images are needed, with axes image, row, column. Convert them."
    needed = "3 axes (image, row, column)" if kind == "images" else "1 axis, one label for each image,"
    return f"{kind} of {axes} axes, {counts}; {needed} needed. Reshape them."


def _what(start: bytes) -> str:
    if not start:
        return "empty"
    for magic, name in OTHERS.items():
        if start.startswith(magic):
            return name
    if start.lstrip()[:1] == b"<":
        return "a web page, such as a server sends in place of a file it lacks; fetch it again"
    begins = f"it begins with {start[:4].hex()}"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in start[:64]):
        return f"text, perhaps a table ({begins})"
    return f"something else ({begins})"


def instead(folder: Path) -> str:
    """What a folder without IDX files holds in their place, and how to go on; empty where that is nothing known.

    Raises OSError where the folder cannot be read.
    """
    for below in ("MNIST/raw", "raw"):
        if (folder / below / "train-images-idx3-ubyte").exists() or (
            folder / below / "train-images-idx3-ubyte.gz"
        ).exists():
            return f"The files lie in {folder / below}: pass --data {folder / below}."
    if not folder.is_dir():
        return ""
    with os.scandir(folder) as entries:
        found = sorted(islice(entries, MOST), key=lambda entry: entry.name)
    kinds = {entry.name: _kind(Path(entry.path)) for entry in found if entry.is_file()}
    images, labels = ([name for name, kind in kinds.items() if kind == each] for each in ("images", "labels"))
    if len(images) == len(labels) == 1:
        return f"The folder holds one pair, {images[0]} and {labels[0]}, with no test set. {SPLIT}."
    if len(images) == len(labels) == 2:
        return f"The folder holds {', '.join(sorted(images + labels))}. {RENAME}."
    for entry in found:
        if entry.is_dir() and (picture := _picture(Path(entry.path))):
            return f"The folder holds folders of pictures ({entry.name}/{picture}), not IDX files. {WRITE_IDX}."
    names = [entry.name for entry in found if entry.name.lower().endswith(SETS)]
    if not names:
        return ""
    return f"The folder holds {names[0]}, not IDX files. If that has the images: {WRITE_IDX[0].lower()}{WRITE_IDX[1:]}."


def _kind(path: Path) -> str:
    """Whether a regular file, plain or packed, begins as an IDX file of "images" or of "labels"; else nothing."""
    try:
        with path.open("rb") as plain:
            start = plain.read(4)
        if start.startswith(GZIP):
            with gzip.open(path) as packed:
                start = packed.read(4)
    except (OSError, EOFError, zlib.error):
        return ""
    return {b"\0\0\x08\x03": "images", b"\0\0\x08\x01": "labels"}.get(start, "")


def _picture(folder: Path, *, depth: int = 3) -> str:
    """The first picture in a folder, or in one of its own folders: train/7/00012.png."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(islice(entries, MOST), key=lambda entry: entry.name)
    except OSError:
        return ""
    for entry in found:
        if entry.name.lower().endswith(PICTURES):
            return entry.name
    for entry in found:
        if depth > 1 and entry.is_dir() and (below := _picture(Path(entry.path), depth=depth - 1)):
            return f"{entry.name}/{below}"
    return ""
