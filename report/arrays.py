"""What figures ask of an analysis's arrays, whatever its subject: conditions, architectures, layers, and spans.

In: arrays by name, in which "layers/<condition>" or "hook_points/<condition>" lists what a network is made of. Out:
names, in the order in which every figure shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from report import style

Arrays = Mapping[str, np.ndarray]
Facts = Mapping[str, Mapping[str, Any]]
Card = Mapping[str, Any]  # what the data set says of itself: class_names, classes, kind (what a class is called), kinds


def conditions_of(arrays: Arrays, architecture: str = "", *, by: str = "") -> list[str]:
    """The conditions that there is an array `<by>/<condition>` of; of one architecture, or of all.

    Without `by`, those whose layers or hook points are listed.
    """
    kind = by or _listing(arrays)
    names = [name.partition("/")[2] for name in arrays if name.startswith(f"{kind}/")]
    return style.present(name for name in names if architecture in ("", name, style.architecture(name)))


def architectures_of(arrays: Arrays) -> list[str]:
    """The architectures of these conditions, each once."""
    return list(dict.fromkeys(style.architecture(condition) for condition in conditions_of(arrays)))


def layers_of(arrays: Arrays, name: str) -> list[str]:
    """The layers, or the hook points, of a condition, or of an architecture's first one, in order of depth."""
    return [str(each) for each in arrays[f"{_listing(arrays)}/{conditions_of(arrays, name)[0]}"]]


def rows_of(arrays: Arrays, layers: Callable[[Arrays, str], Sequence[str]] = layers_of) -> dict[str, list[str]]:
    """The layers to be shown of each architecture, by its name; an architecture without any is left out."""
    found = {architecture: list(layers(arrays, architecture)) for architecture in architectures_of(arrays)}
    return {architecture: names for architecture, names in found.items() if names}


def span(values: np.ndarray) -> tuple[float, float, float]:
    """Mean, lowest and highest."""
    return float(values.mean()), float(values.min()), float(values.max())


def _listing(arrays: Arrays) -> str:
    return "layers" if any(name.startswith("layers/") for name in arrays) else "hook_points"
