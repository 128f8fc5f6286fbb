"""The last hidden layers of two architectures, side by side; but never channels beside units of a dense layer.

In: a measure by condition and layer. Out: the pairs of it that may be compared. A channel is one filter at many
positions: how often it is on, what it costs and what it prefers is counted over all of them, so that its numbers and
those of a unit of a dense layer are not of one kind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from experiments.evidence import Grid, pairs

T = TypeVar("T")


def last_pairs(
    grid: Grid,
    table: Mapping[str, Mapping[str, T]],
    ends: Mapping[str, str],
    channels: Mapping[str, Collection[str]],
    *,
    measure: str,
) -> dict[str, tuple[T, T]]:
    """`<measure>.difference.<comparison>.last` of the comparisons of architectures whose last hidden layers are alike.

    ends: {condition: its last hidden layer}. channels: {condition: those of its layers whose units are channels}.
    """
    found: dict[str, tuple[T, T]] = {}
    for of_channels in (False, True):
        last = {
            condition: {"last": parts[ends[condition]]}
            for condition, parts in table.items()
            if ends[condition] in parts and (ends[condition] in channels[condition]) == of_channels
        }
        found |= pairs(grid, last, measure=measure, axis="architecture")
    return found
