"""Small sets of images as IDX files, of any number of classes and any side, that a network learns in one epoch."""

import struct

import numpy as np

from experiments.idx import DESCRIPTION, FILES

NAMES = ("circle", "cross", "horizontal bar", "ring & dot", "empty <frame>")


def plant(folder, *, classes, side=28, train=40, test=15, **description):
    """Writes a set into a folder, `train` and `test` images of each class, and what is said of it; returns the folder.

    An image is its class's pattern of five by five squares, lit or not, which no two classes share, with noise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(classes)
    patterns = random.integers(0, 2, (classes, 5, 5))
    square = side // 6
    inside = slice((side - 5 * square) // 2, (side - 5 * square) // 2 + 5 * square)
    for split, many in (("train", train), ("test", test)):
        labels = np.tile(np.arange(classes, dtype=np.uint8), many)
        images = np.zeros((len(labels), side, side))
        images[:, inside, inside] = np.kron(patterns, np.ones((square, square)))[labels]
        images = images * random.integers(120, 256, images.shape) * (random.random(images.shape) > 0.1)
        write(folder / FILES[f"{split}-images"], images.astype(np.uint8))
        write(folder / FILES[f"{split}-labels"], labels)
    if description:
        lines = [f"{key} = {told(value)}" for key, value in description.items()]
        (folder / DESCRIPTION).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write(path, array):
    """An IDX file of bytes."""
    path.write_bytes(struct.pack(f">{array.ndim + 1}I", 0x800 + array.ndim, *array.shape) + array.tobytes())


def told(value):
    return "[" + ", ".join(map(told, value)) + "]" if not isinstance(value, str) else f"'{value}'"
