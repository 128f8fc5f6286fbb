"""What is said of accuracy against learning rate: how far one curve lies from another, along the axis of rates.

In: rates, and one accuracy for each. Out: a ratio of rates. All in NumPy.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def rate_ratio(
    rates: Float[np.ndarray, " rate"], faster: Float[np.ndarray, " rate"], slower: Float[np.ndarray, " rate"]
) -> float | None:
    """By how much a rate must be multiplied for `slower` to reach what `faster` has: a mean of logarithms, taken back.

    rates rise; accuracies belong to them. Each of `faster`, up to its best, is looked up on the rise of `slower`, which
    is taken as straight between two rates, on a logarithmic axis. None where no accuracy of the one lies on the other's
    rise. 1 for two curves that are the same, k where slower(k r) = faster(r).
    """
    places = np.log(rates)
    best = int(np.argmax(slower)) + 1
    rise = np.maximum.accumulate(slower[:best])
    heights, first = np.unique(rise, return_index=True)  # on a level stretch the first rate counts
    risen = faster[: int(np.argmax(faster)) + 1]
    there = (risen >= heights[0]) & (risen <= heights[-1])
    if not there.any() or len(heights) < 2:
        return None
    found = np.interp(risen[there], heights, places[first]) - places[: len(risen)][there]
    return float(np.exp(found.mean()))
