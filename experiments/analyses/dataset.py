"""What is wrong with a set of images, as far as its files can tell: images that stand twice, with one label or two.

In: training and test images. Out: facts. Wrong labels that no file gives away are told by others, in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from experiments.statistics import Fact, constant

Split = Mapping[str, np.ndarray]


def faults(*, train: Split, test: Split) -> dict[str, Any]:
    """The stage behind the data card: facts.json.

    train, test: {"images": uint8 (image, side, side), "labels": uint8 (image,)}. Images are the same where all of
    their pixels are. `dataset.again.train` and `.test` count the images of a half that repeat an earlier one of it,
    `dataset.shared` the test images that are training images as well, `dataset.torn` the different images that stand
    with more than one label, in both halves together, and `dataset.blank` the images without a lit pixel.
    """
    halves = {"train": train, "test": test}
    seen = {half: [each.tobytes() for each in split["images"]] for half, split in halves.items()}
    labelled = zip([*seen["train"], *seen["test"]], np.concatenate([train["labels"], test["labels"]]), strict=True)
    images = {half: len(pixels) for half, pixels in seen.items()}
    trained = set(seen["train"])
    blank = sum(not any(pixels) for half in seen.values() for pixels in half)
    return {
        "facts.json": {
            **{f"dataset.again.{half}": _count(images[half] - len({*seen[half]}), images[half]) for half in halves},
            "dataset.shared": _count(sum(pixels in trained for pixels in seen["test"]), images["test"]),
            "dataset.torn": _count(torn(labelled), sum(images.values())),
            "dataset.blank": _count(blank, sum(images.values())),
        }
    }


def torn(labelled: Iterable[tuple[bytes, Any]]) -> int:
    """How many different images stand with more than one label, of (pixels, label)."""
    labels: dict[bytes, set[int]] = {}
    for pixels, label in labelled:
        labels.setdefault(pixels, set()).add(int(label))
    return sum(len(found) > 1 for found in labels.values())


def _count(number: int, images: int) -> Fact:
    return constant(number, unit="images", n=images, method="counted, pixel by pixel")
