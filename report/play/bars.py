"""Bars as the paths of small SVG drawings: a density, groups by what they consist of.

In: plain numbers. Out: what stands in the attribute `d` of a path. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def steps(counts: Sequence[int], *, most: int, left: float, right: float, top: float, bottom: float) -> str:
    """Bars without gaps as the path of their outline; `most` would reach to the top."""
    width = (right - left) / len(counts)
    path = f"M{left:g} {bottom:g}"
    for place, count in enumerate(counts):
        path += f"V{_place(bottom - (bottom - top) * count / max(most, 1))}H{_place(left + width * (place + 1))}"
    return f"{path}V{bottom:g}z"


def stacks(groups: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """What each group consists of, as bars of one length below each other, the last group at the top: (class, path of
    lines along its parts of all bars), in a drawing 100 wide and 10 tall for each bar."""
    paths: dict[int, str] = {}
    for row, group in enumerate(reversed(groups)):
        whole, before = sum(group["classes"]), 0
        for label, count in enumerate(group["classes"]):
            start, end = round(100 * before / whole), round(100 * (before + count) / whole)
            before += count
            if end > start:
                paths[label] = paths.get(label, "") + f"M{start} {10 * row + 5}h{end - start}"
    return sorted(paths.items())


def most_of(group: Mapping[str, Any]) -> tuple[int, int]:
    """The class that most images of a group are of, and its share in %."""
    classes = group["classes"]
    label = max(range(len(classes)), key=classes.__getitem__)
    return label, round(100 * classes[label] / max(sum(classes), 1))


def _place(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
