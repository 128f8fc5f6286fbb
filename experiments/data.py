"""The images: MNIST, any set of square grey images as IDX files, or scikit-learn's digits; and the probe set.

In: where the files are, or may be put. Out: images uint8 (n, side, side), labels uint8 (n,), and a card: what the
site says about the set. Labels count from 0, and every class up to the last has images in both halves: so the classes
of a set are one more than its largest label. No path of the machine reaches a product.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from experiments.idx import (
    CLASSES,
    DESCRIPTION,
    FILES,
    MNIST_DIGESTS,
    PARTS,
    SIDES,
    WAYS_ON,
    DataError,
    find,
    read,
    shape,
)

FEWEST = {"train": 1, "test": 2}  # images of a class: to tell an image's likeness to its own, there must be another

Products = dict[str, Any]


MNIST = {
    "title": "MNIST",
    "noun": "digit",
    "plural": "digits",
    "source": "MNIST, handwritten digits collected by Yann LeCun, Corinna Cortes and Christopher Burges.",
    "licence": "Creative Commons Attribution-ShareAlike 3.0",
}
OTHER = {
    "title": "an IDX set other than MNIST",
    "noun": "image",
    "plural": "images",
    "source": "Files in MNIST's IDX format whose content is not MNIST's.",
    "licence": "",
}
DIGITS = {
    "title": "scikit-learn's handwritten digits",
    "noun": "digit",
    "plural": "digits",
    "source": (
        "The handwritten digits bundled with scikit-learn (E. Alpaydin and C. Kaynak, UCI Machine Learning "
        "Repository), resized from 8x8 to 28x28 pixels."
    ),
    "licence": "Creative Commons Attribution 4.0",
}


def load(
    *,
    dataset: str,
    folder: str,
    cache: str,
    files: Mapping[str, str] = MappingProxyType({}),
    description: Mapping[str, Any] = MappingProxyType({}),
) -> Products:
    """The data stage: train.npz and test.npz, each {images, labels}; card.json; shape.json, {"side", "classes"}.

    dataset: "mnist" reads the IDX files in `folder`, or, where that is empty, torchvision's download, kept in
        `cache`; "digits" is scikit-learn's bundled set, resized, and needs neither.
    files: {part: sha256} of what `folder` held when the work was planned, as `idx.fingerprints` tells it.
    description: what `folder` says of the set, as `description.described` tells it.
    Raises DataError with file, cause and remedy.
    """
    if dataset == "digits":
        return _digits()
    if dataset != "mnist":
        raise DataError(f"There is no data set called {dataset!r}. Use mnist or digits.")
    if not folder:
        return _downloaded(Path(cache))
    products = read_folder(Path(folder), description=description)
    if files and products["card.json"]["digests"] != files:
        raise DataError(f"{folder}: its files changed while the build ran. Run again.")
    return products


def part(
    *, train: Mapping[str, np.ndarray], test: Mapping[str, np.ndarray], card: Mapping[str, Any], most: Mapping[str, int]
) -> Products:
    """The data stage of a study that reads a part of a set: what `load` makes, of at most so many images.

    most: {"train", "test": images}. They are drawn at random, always the same, and stand in the order of the set. The
    card tells in "whole" how many there were.
    Raises DataError where a class has too few of them left.
    """
    halves = {}
    for name, half in (("train", train), ("test", test)):
        drawn = np.sort(np.random.default_rng(0).permutation(len(half["labels"]))[: most[name]])
        halves[name] = {key: half[key][drawn] for key in ("images", "labels")}
        counts = np.bincount(halves[name]["labels"], minlength=card["classes"])
        if counts.min() < FEWEST[name]:
            lost = card["class_names"][int(counts.argmin())]
            raise DataError(
                f"Of {most[name]} {name} images {counts.min()} are of the class {lost!r}, and {FEWEST[name]} or more "
                "are needed. Raise the study's `most` in experiments/study.py."
            )
    whole = {name: card[name] for name in halves}
    return {
        **{f"{name}.npz": half for name, half in halves.items()},
        "card.json": {**card, **{name: len(half["labels"]) for name, half in halves.items()}, "whole": whole},
        "shape.json": {"side": card["height"], "classes": card["classes"]},
    }


def probe(*, test: Mapping[str, np.ndarray], per_class: int, seed: int) -> Products:
    """The probe stage: probe.npz, the images on which every network is read.

    `per_class` test images of each class, drawn at random as the seed decides (all classes have as many as the smallest
    one, if that has fewer), in the order of the test set: images uint8 (P, side, side), labels uint8 (P,), index int64
    (P,).
    Raises DataError where it is asked for fewer than can be measured.
    """
    if per_class < FEWEST["test"]:
        raise DataError(f"probe_per_class is {per_class}: every class needs {FEWEST['test']} or more. Raise it.")
    labels = test["labels"]
    counts = np.bincount(labels)
    count = min(per_class, int(counts.min()))
    order = np.random.default_rng(seed).permutation(len(labels))
    drawn = [order[labels[order] == label][:count] for label in range(len(counts))]
    index = np.sort(np.concatenate(drawn)).astype(np.int64)
    return {"probe.npz": {"images": test["images"][index], "labels": labels[index], "index": index}}


def read_folder(folder: Path, *, description: Mapping[str, Any] = MappingProxyType({})) -> Products:
    """The products of four IDX files, plain or .gz, in one folder; `description` goes before what is known of them."""
    files = {part: find(folder, part) for part in PARTS}
    contents = {part: read(path, part) for part, path in files.items()}
    digests = {part: hashlib.sha256(content).hexdigest() for part, content in contents.items()}
    _check_places(files, digests)
    arrays = {part: _parse(contents[part], part=part, path=files[part]) for part in PARTS}
    _check_counts(files, arrays, named=description.get("class_names"))
    is_mnist = digests == MNIST_DIGESTS
    known = MNIST if is_mnist else OTHER
    plural = {"plural": f"{description['noun']}s"} if "noun" in description else {}
    return _products(arrays, dataset="mnist", **{**known, **plural, **description}, digests=digests, is_mnist=is_mnist)


def _products(arrays: Mapping[str, np.ndarray], **card: Any) -> Products:
    train = {"images": arrays["train-images"], "labels": arrays["train-labels"]}
    test = {"images": arrays["test-images"], "labels": arrays["test-labels"]}
    _, height, width = train["images"].shape
    counts = {"train": len(train["labels"]), "test": len(test["labels"]), "height": height, "width": width}
    classes = int(train["labels"].max()) + 1
    names = {"class_names": [str(label) for label in range(classes)]}
    named = card["noun"] != OTHER["noun"]
    kind = {"kind": card["noun"] if named else "class", "kinds": card["plural"] if named else "classes"}
    return {
        "train.npz": train,
        "test.npz": test,
        "card.json": {**names, **card, **kind, **counts, "classes": classes},
        "shape.json": {"side": height, "classes": classes},
    }


# ---------------------------------------------------------------------------------------------- IDX files


def _check_places(files: Mapping[str, Path], digests: Mapping[str, str]) -> None:
    owner = {digest: part for part, digest in MNIST_DIGESTS.items()}
    for part, path in files.items():
        true = owner.get(digests[part], part)
        if true != part:
            raise DataError(f"{path}: holds MNIST's {true}, not its {part}. Were two files swapped? Rename them.")


def _parse(content: bytes, *, part: str, path: Path) -> np.ndarray:
    """The array in the content of an IDX file; its header has been checked."""
    counts = shape(content)
    array = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * len(counts)).reshape(counts)
    least, most = SIDES
    if part.endswith("images") and not (counts[1] == counts[2] and least <= counts[1] <= most):
        sizes = f"images of {counts[1]}x{counts[2]} pixels; square ones of {least}x{least} to {most}x{most} are needed"
        raise DataError(f"{path}: {sizes}. Resize them.")
    if part.endswith("labels") and array.size and array.max() >= CLASSES[1]:
        largest = f"label {array.max()} found; labels 0 to {CLASSES[1] - 1} are possible"
        raise DataError(f"{path}: {largest}. Relabel the images, or use fewer classes.")
    return array


def _check_counts(files: Mapping[str, Path], arrays: Mapping[str, np.ndarray], *, named: Sequence[str] | None) -> None:
    """Raises DataError unless halves and parts fit together, and every class has the images that it needs.

    named: the names of the classes, where the set comes with some.
    """
    classes = _classes(files, arrays, named=named)
    for split in ("train", "test"):
        images, labels = f"{split}-images", f"{split}-labels"
        if len(arrays[images]) != len(arrays[labels]):
            lengths = f"{len(arrays[labels])} labels for {len(arrays[images])} images"
            raise DataError(f"{files[labels]}: {lengths} in {files[images].name}. Were two files swapped? Rename them.")
        counts = np.bincount(arrays[labels], minlength=classes)
        scarcest = int(counts.argmin())
        if counts[scarcest] < FEWEST[split]:
            name = f" ({named[scarcest]})" if named else ""
            found = f"{counts[scarcest] or 'no'} image of class {scarcest}{name}"
            raise DataError(f"{files[labels]}: {found}. Every class needs {FEWEST[split]} or more: use another set.")
        varying = int((arrays[images].min(axis=0) != arrays[images].max(axis=0)).sum())
        if varying < 2:
            same = "the same, but for one pixel" if varying else "the same"
            raise DataError(f"{files[images]}: all images are {same}: nothing can be learned. Use another set.")
    train, test = (arrays[f"{split}-images"].shape for split in ("train", "test"))
    if train[1:] != test[1:]:
        sizes = f"images of {test[1]}x{test[2]} pixels, while those for training have {train[1]}x{train[2]}"
        raise DataError(f"{files['test-images']}: {sizes}. Resize them.")
    if train[0] < test[0]:
        sizes = f"{train[0]} training images, {test[0]} test images"
        raise DataError(f"{files['train-images']}: {sizes}. Were training and test files swapped? Rename them.")


def _classes(files: Mapping[str, Path], arrays: Mapping[str, np.ndarray], *, named: Sequence[str] | None) -> int:
    """How many classes there are: one more than the largest label. Raises DataError where that cannot be."""
    labels = np.concatenate([arrays["train-labels"], arrays["test-labels"]])
    path, classes, lowest = files["train-labels"], int(labels.max(initial=0)) + 1, int(labels.min(initial=255))
    if len(labels) and lowest > 0:
        raise DataError(f"{path}: the lowest label is {lowest}; labels count from 0. Subtract {lowest} from all.")
    if len(labels) and classes < CLASSES[0]:
        raise DataError(f"{path}: all labels are 0: there is nothing to tell apart. Use a set of two or more classes.")
    description = path.with_name(DESCRIPTION)
    if named is not None and classes > len(named):
        needed = f"{len(named)} class names, but label {classes - 1} occurs, for which {classes} are needed"
        raise DataError(f"{description}: {needed}. Name every class, in the order of the labels.")
    if named is not None and classes < len(named):
        unused = f"no image has label {classes}, which is called {named[classes]!r}"
        raise DataError(f"{description}: {unused}. Labels count from 0; remove names that have no images.")
    return classes


# ------------------------------------------------------------------------------------- torchvision's download


def _downloaded(cache: Path) -> Products:
    """MNIST as torchvision fetches it; what an interrupted download left behind is fetched again."""
    kept = cache / "mnist"
    with contextlib.suppress(DataError):
        products = read_folder(kept)
        if products["card.json"]["is_mnist"]:
            return products
    cache.mkdir(parents=True, exist_ok=True)
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as fresh:
        _fetch(Path(fresh))
        raw = Path(fresh) / "MNIST" / "raw"
        products = read_folder(raw)
        if not products["card.json"]["is_mnist"]:
            raise DataError(f"{kept}: what was downloaded is not MNIST (its sha256 differs). {WAYS_ON}")
        for name in FILES.values():
            (raw / name).replace(kept / name)
    return products


def _fetch(folder: Path) -> None:
    from torchvision.datasets import MNIST

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            MNIST(folder, download=True)
    except (RuntimeError, OSError, ValueError, EOFError, zlib.error) as error:
        tried = ", ".join(MNIST.mirrors)
        raise DataError(f"MNIST could not be downloaded. Tried {tried}: {error}\n{WAYS_ON}") from error


# ------------------------------------------------------------------------------------- scikit-learn's digits


def _digits() -> Products:
    """load_digits, resized, with every fifth image of each class put into the test set."""
    bundled = load_digits()
    images, labels = resize(bundled.images.astype(np.int64)), bundled.target.astype(np.uint8)
    rank = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rank[labels == label] = np.arange(np.count_nonzero(labels == label))
    chosen = {"train": rank % 5 != 4, "test": rank % 5 == 4}
    arrays = {f"{split}-images": images[where] for split, where in chosen.items()}
    arrays |= {f"{split}-labels": labels[where] for split, where in chosen.items()}
    digests = {part: hashlib.sha256(arrays[part].tobytes()).hexdigest() for part in PARTS}
    return _products(arrays, dataset="digits", **DIGITS, digests=digests, is_mnist=False)


def resize(images: np.ndarray) -> np.ndarray:
    """Images of 8x8 pixels with values 0 to 16 as 28x28 uint8: bilinear, in the central 20x20 box, as in MNIST.

    All arithmetic is on integers, so the result is the same on every machine.
    """
    side, box, small, most = 28, 20, 8, 16
    tenths = np.zeros((box, small), dtype=np.int64)  # row i: the weights, in tenths, of the 8 pixels in pixel i
    for pixel in range(box):
        place = min(max(4 * pixel - 3, 0), 10 * (small - 1))  # (pixel + 0.5) * 8 / 20 - 0.5, in tenths
        left, share = divmod(place, 10)
        tenths[pixel, left] += 10 - share
        tenths[pixel, min(left + 1, small - 1)] += share
    sums = np.einsum("ai,nij,bj->nab", tenths, images, tenths)  # (n, 20, 20), in hundredths
    whole = 100 * most
    resized = np.zeros((len(images), side, side), dtype=np.uint8)
    margin = (side - box) // 2
    resized[:, margin:-margin, margin:-margin] = (sums * 255 + whole // 2) // whole
    return resized
