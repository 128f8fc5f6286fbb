"""What feeds a unit and what it feeds: the weights that lead to it and on from it, strongest first.

In: the connections of a network (experiments/analyses/connections.py). Out: for one unit what its page shows of them,
{"source" or "target": the other layer, "units": [{"unit", "weight"}]} and more, and pictures of kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from report.play.pictures import column, signed

Arrays = Mapping[str, np.ndarray]

IMAGE = "input"
FEW = 3  # weights above zero that are shown, and as many below; of kernels twice as many


def incoming(connections: Arrays, layer: str, unit: int, *, silent: Sequence[int] = ()) -> dict[str, Any] | None:
    """What leads to a unit. None where that is not known.

    {"source", "bias", "low", "high"}: the layer before, or "input"; the least and the largest weight, of a layer whose
    weights are known one by one. Behind a layer also what `_strongest` says of its units. silent: units of the layer
    before that never say anything.
    """
    if f"source/{layer}" not in connections:
        return None
    source = str(connections[f"source/{layer}"])
    told: dict[str, Any] = {"source": source, "bias": _digits(connections[f"bias/{layer}"][unit])}
    weights = connections.get(f"weights/{layer}")
    if source == IMAGE or weights is None:
        return told
    return told | _strongest(weights[unit], without=silent)


def outgoing(connections: Arrays, layer: str, unit: int, *, last: str) -> dict[str, Any] | None:
    """What leads on from a unit. None where that is not known.

    {"target": the layer that it feeds, "answers": whether those are the logits, `last`, all of which are told of in
    their order} and what `_strongest` says of that layer's units.
    """
    target = next((name for name in _fed(connections, layer)), None)
    if target is None:
        return None
    weights = connections[f"weights/{target}"][:, unit]
    told = _every(weights) if target == last else _strongest(weights)
    return {"target": target, "answers": target == last, **told}


def kernels(connections: Arrays, told: Mapping[str, Any] | None, unit: int, *, layer: str) -> str | None:
    """The kernels of what `incoming` or `outgoing` tells of a unit, one below the other, as a picture; None where its
    weights are single numbers. Their colours share one scale."""
    if not told or not told.get("kernel"):
        return None
    if "source" in told:
        chosen = [connections[f"weights/{layer}"][unit, each["unit"]] for each in told["units"]]
    else:
        chosen = [connections[f"weights/{told['target']}"][each["unit"], unit] for each in told["units"]]
    return signed(column(chosen)) if chosen else None


def _fed(connections: Arrays, layer: str) -> list[str]:
    """The layers that a layer feeds, unit by unit."""
    names = [name.removeprefix("source/") for name in connections if name.startswith("source/")]
    return [name for name in names if str(connections[f"source/{name}"]) == layer and f"weights/{name}" in connections]


def _strongest(weights: np.ndarray, *, without: Sequence[int] = ()) -> dict[str, Any]:
    """The units at the other end of the strongest of weights (unit, a, b): {"kernel": [width, height] or None, "units":
    [{"unit", "weight"}], "left": how many others there are}.

    Single weights: the largest above zero first, then those below it, the strongest first. Kernels: by the sum of their
    squares, and without a weight.
    """
    heard = [unit for unit in range(len(weights)) if unit not in set(without)]
    if weights.shape[1:] == (1, 1):
        single = weights[:, 0, 0]
        order = sorted(heard, key=lambda unit: -single[unit])
        above = [unit for unit in order if single[unit] > 0][:FEW]
        below = [unit for unit in reversed(order) if single[unit] < 0][:FEW]
        chosen = [{"unit": unit, "weight": _digits(single[unit])} for unit in (*above, *below)]
        return {"kernel": None, "units": chosen, "left": len(heard) - len(chosen)}
    sizes = np.square(weights.astype(float)).sum(axis=(1, 2))
    order = sorted(heard, key=lambda unit: -sizes[unit])[: 2 * FEW]
    return {"kernel": _size(weights), "units": [{"unit": unit} for unit in order], "left": len(heard) - len(order)}


def _every(weights: np.ndarray) -> dict[str, Any]:
    """The same of all units in their order."""
    if weights.shape[1:] == (1, 1):
        units = [{"unit": unit, "weight": _digits(weight)} for unit, weight in enumerate(weights[:, 0, 0])]
        return {"kernel": None, "units": units, "left": 0}
    return {"kernel": _size(weights), "units": [{"unit": unit} for unit in range(len(weights))], "left": 0}


def _size(weights: np.ndarray) -> list[int]:
    return [weights.shape[2], weights.shape[1]]


def _digits(value: float) -> float:
    return float(f"{float(value):.3g}")
