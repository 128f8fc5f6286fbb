"""The study's grid as the analyses read it: runs grouped by condition, conditions paired into comparisons.

In: {"mlp-raw/0": anything}. Out: {"mlp-raw": [anything, by seed]}, and the pairs that are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

COMPARISONS = {  # name: (condition, minus condition); seeds pair up
    "mlp": ("mlp-normalized", "mlp-raw"),
    "cnn": ("cnn-normalized", "cnn-raw"),
    "raw": ("cnn-raw", "mlp-raw"),
    "normalized": ("cnn-normalized", "mlp-normalized"),
}


def by_condition(runs: Mapping[str, T]) -> dict[str, list[T]]:
    """{"condition/seed": run} grouped by condition, each group in the order of its seeds."""
    groups: dict[str, list[T]] = {}
    for name in sorted(runs, key=lambda name: (name.rpartition("/")[0], int(name.rpartition("/")[2]))):
        groups.setdefault(name.rpartition("/")[0], []).append(runs[name])
    return groups


def pairs(
    measured: Mapping[str, Mapping[str, T]], *, measure: str, only: Sequence[str] = tuple(COMPARISONS)
) -> dict[str, tuple[T, T]]:
    """The comparisons that `measured`, {condition: {part: one value per seed}}, allows, named as facts.

    A part (a layer, say) is compared where both conditions have it: `<measure>.difference.mlp.hidden1`.
    The part "" stands for the whole network: `<measure>.difference.mlp`. `only` names the comparisons wanted.
    """
    found: dict[str, tuple[T, T]] = {}
    for comparison in only:
        first, second = COMPARISONS[comparison]
        for part in measured.get(first, {}):
            if part in measured.get(second, {}):
                name = ".".join(filter(None, (measure, "difference", comparison, part)))
                found[name] = (measured[first][part], measured[second][part])
    return found
