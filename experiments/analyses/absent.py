"""What a measure leaves out of a network, and why: said in the arrays, so that nobody takes an absence for a fault.

In: reasons in words. Out: `left_out` (reason,) beside what was measured of one run, `left_out/<condition>` for all runs
of a condition; neither is there where nothing was left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

Arrays = Mapping[str, np.ndarray]

SIGNED = "not behind a ReLU, so its units can be negative and are never silent"
ALONE = "a single unit, which has no other to be compared with"


def told(reasons: Sequence[str]) -> dict[str, np.ndarray]:
    """The reasons as an array, e.g. "hidden1: a single unit, ..."."""
    return {"left_out": np.array(reasons)} if reasons else {}


def gathered(groups: Mapping[str, Sequence[Arrays]]) -> dict[str, np.ndarray]:
    """What `told` said of each condition's first run."""
    return {
        f"left_out/{condition}": group[0]["left_out"] for condition, group in groups.items() if "left_out" in group[0]
    }


def of_layers(record: Arrays, layers: Iterable[str]) -> list[str]:
    """Why some of these hidden layers have no states and no preferences: the record does not call them on or off."""
    return [f"{layer}: {SIGNED}" for layer in layers if f"active/{layer}" not in record]
