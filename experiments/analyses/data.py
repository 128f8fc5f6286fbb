"""What the networks see: classes, pixel values, and what an input treatment does to the geometry of the input.

In: the training, test and probe images with their labels, the data set's card, and the treatments of the study.
Out: arrays for the figures, facts for the prose, and a hundred example images for snippets and the browser.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Real, UInt8

from experiments import statistics
from experiments.treatment import in_pixels, transformed

Images = Mapping[str, np.ndarray]
WHITE = 255  # the brightest level of a uint8 pixel, 1 on the scale of the study
EXAMPLES_PER_CLASS = 4
SNIPPETS_PER_CLASS = 10


def examine(
    *,
    train: Images,
    test: Images,
    probe: Images,
    card: Mapping[str, Any],
    treatments: Mapping[str, Any],
    measured: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe a data set as its networks see it.

    train, test, probe: {"images": (n, side, side) uint8, "labels": (n,) uint8}, probe also {"index": (n,)}.
    card: what the data set says of itself. treatments: {name: arguments of `treatment.treat`}, in units of a pixel in
    [0, 1]; measured: those of them whose constants were looked up in the training images.
    """
    classes = len(card["class_names"])
    treatments = {**treatments, **(measured or {})}
    arrays = {
        "class_names": np.array(card["class_names"]),
        "treatments": np.array(list(treatments)),
        "train_count": np.bincount(train["labels"], minlength=classes),
        "test_count": np.bincount(test["labels"], minlength=classes),
        "example_images": _first_of_each(train, classes, EXAMPLES_PER_CLASS),
        "class_mean": class_images(train, classes, np.mean),
        "class_std": class_images(train, classes, np.std),
        "level_count": np.bincount(train["images"].ravel(), minlength=WHITE + 1),
    }
    facts = _count_facts(arrays, probe, classes) | _pixel_facts(arrays, train["images"])
    moments: dict[str, dict[str, np.ndarray]] = {}
    for name, treatment in treatments.items():
        done, kept = treatment.get("transforms", ()), json.dumps(treatment.get("transforms", ()))
        if kept not in moments:
            moments[kept] = pixel_moments(_after(train["images"], done))
        spectrum, described = _treatment_facts(name, moments[kept], mean=treatment["mean"], std=treatment["std"])
        arrays[f"eigenvalues/{name}"] = spectrum.astype(np.float32)
        arrays[f"constants/{name}"] = np.array([treatment["mean"], treatment["std"]])
        facts |= described
    return {"arrays.npz": arrays, "facts.json": facts, "examples.npz": _snippets(probe, classes)}


def _after(images: np.ndarray, transforms: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Images after transforms, in levels of grey as they are stored: float64 where there are any."""
    if not transforms:
        return images
    return WHITE * transformed(in_pixels(images), transforms)[:, 0].double().numpy()


def pixel_moments(images: Real[np.ndarray, "image height width"]) -> dict[str, np.ndarray]:
    """First and second moment of images as vectors of pixels in [0, 1]: {"mean": (pixel,), "second": (pixel, pixel)}.

    images: in levels of grey. Of whole ones the sums are over whole numbers below 2^53, so they are exact in whatever
    order they are taken.
    """
    flat = images.reshape(len(images), -1)  # (n, pixel)
    second = np.zeros((flat.shape[1], flat.shape[1]))
    for block in np.array_split(flat, -(-len(flat) // 4096)):
        whole = block.astype(np.float64)
        second += whole.T @ whole
    return {"mean": flat.mean(axis=0, dtype=np.float64) / WHITE, "second": second / (len(flat) * WHITE**2)}


def treated_moments(moments: Mapping[str, np.ndarray], *, mean: float, std: float) -> dict[str, np.ndarray]:
    """The moments of (pixel - mean) / std, from those of the pixel; nothing is passed over again."""
    first, second = moments["mean"], moments["second"]
    shifted = second - mean * (first[:, None] + first[None, :]) + mean**2
    return {"mean": (first - mean) / std, "second": shifted / std**2}


def spectrum_of(second: Float64[np.ndarray, "pixel pixel"]) -> Float64[np.ndarray, " pixel"]:
    """Eigenvalues of the uncentred second moment E[x x^T] of the input, largest first.

    For a linear layer under squared error this matrix is, up to the output, the Hessian: the largest eigenvalue
    bounds the learning rate and its ratio to the others sets how long the slow directions take. A mean far
    from zero makes one eigenvalue large (LeCun, Bottou, Orr and Mueller 1998, *Efficient BackProp*, section 4.3).
    """
    return np.clip(np.linalg.eigvalsh(second)[::-1], 0, None)


def class_images(data: Images, classes: int, statistic: Any) -> Float32[np.ndarray, "class height width"]:
    """A statistic of the pixels in [0, 1] over the images of each class: (classes, side, side)."""
    groups = (data["images"][data["labels"] == label] for label in range(classes))
    return np.stack([statistic(group, axis=0, dtype=np.float64) / WHITE for group in groups]).astype(np.float32)


def _count_facts(arrays: Mapping[str, np.ndarray], probe: Images, classes: int) -> dict[str, statistics.Fact]:
    counted: dict[str, statistics.Fact] = {}
    for split in ("train", "test"):
        counts = arrays[f"{split}_count"]
        total, share = int(counts.sum()), 100 * counts / counts.sum()
        found = {
            f"count.{split}": (total, "images"),
            f"smallest_class.{split}": (int(counts.argmin()), ""),
            f"largest_class.{split}": (int(counts.argmax()), ""),
            f"smallest_share.{split}": (share.min(), "%"),
            f"largest_share.{split}": (share.max(), "%"),
        }
        counted |= {name: _counted(value, unit, total) for name, (value, unit) in found.items()}
        for label in range(classes):
            counted[f"class_count.{split}.{label}"] = _counted(int(counts[label]), "images", total)
    total = len(probe["labels"])
    counted["count.probe"] = _counted(total, "images", total)
    counted["probe_per_class"] = _counted(total // classes, "images", total)
    counted["classes"] = _counted(classes, "classes", classes)
    return {f"data.{name}": fact for name, fact in counted.items()}


def _pixel_facts(
    arrays: Mapping[str, np.ndarray], images: UInt8[np.ndarray, "image height width"]
) -> dict[str, statistics.Fact]:
    counts = arrays["level_count"]
    levels, pixels = np.arange(len(counts)) / WHITE, int(counts.sum())
    mean = (levels * counts).sum() / pixels
    flat = images.reshape(len(images), -1)
    found = {
        "pixels": (flat.shape[1], "pixels"),
        "side": (images.shape[1], "pixels"),
        "pixel_mean": (mean, ""),
        "pixel_std": (np.sqrt((levels**2 * counts).sum() / pixels - mean**2), ""),
        "black_share": (100 * counts[0] / pixels, "%"),
        "white_share": (100 * counts[-1] / pixels, "%"),
        "grey_share": (100 * counts[1:-1].sum() / pixels, "%"),
        "constant_pixels": (int((flat.min(axis=0) == flat.max(axis=0)).sum()), "pixels"),
    }
    return {f"data.{name}": _counted(value, unit, len(images)) for name, (value, unit) in found.items()}


def _treatment_facts(
    name: str, moments: Mapping[str, np.ndarray], *, mean: float, std: float
) -> tuple[Float64[np.ndarray, " pixel"], dict[str, statistics.Fact]]:
    treated = treated_moments(moments, mean=mean, std=std)
    spectrum = spectrum_of(treated["second"])
    power, mean_power = float(treated["second"].trace()), float((treated["mean"] ** 2).sum())
    grand_mean = float(treated["mean"].mean())
    found = {
        "constant.mean": (mean, ""),
        "constant.std": (std, ""),
        "black": ((0 - mean) / std, ""),
        "white": ((1 - mean) / std, ""),
        "treated_mean": (round(grand_mean, 4), ""),  # the constants have four decimals, so what they leave has too
        "treated_std": (round(float(np.sqrt(power / len(spectrum) - grand_mean**2)), 4), ""),
        "input_norm": (np.sqrt(power), ""),
        "mean_norm": (np.sqrt(mean_power), ""),
        "mean_share": (100 * mean_power / power, "%"),
        "leading": (spectrum[0], ""),
        "leading_share": (100 * spectrum[0] / power, "%"),
        "second": (spectrum[1], ""),
        "leading_ratio": (spectrum[0] / spectrum[1], ""),
        "spread": (spectrum[0] / spectrum[1:].mean(), ""),
    }
    method = "training images, treated"
    facts = {f"data.{key}.{name}": _counted(value, unit, 1, method) for key, (value, unit) in found.items()}
    return spectrum, facts


def _counted(value: statistics.Number, unit: str, n: int, method: str = "counted over all images") -> statistics.Fact:
    return statistics.constant(value, unit=unit, n=n, method=method)


def _first_of_each(data: Images, classes: int, many: int) -> UInt8[np.ndarray, "class example height width"]:
    """The first images of each class, (classes, many, side, side); black where a class has fewer."""
    found = np.zeros((classes, many, *data["images"].shape[1:]), np.uint8)
    for label in range(classes):
        images = data["images"][data["labels"] == label][:many]
        found[label, : len(images)] = images
    return found


def _snippets(probe: Images, classes: int) -> dict[str, np.ndarray]:
    """The first probe images of each class, in the order of the test set."""
    of_class = [np.flatnonzero(probe["labels"] == label)[:SNIPPETS_PER_CLASS] for label in range(classes)]
    chosen = np.sort(np.concatenate(of_class))
    return {name: probe[name][chosen] for name in ("images", "labels", "index")}
