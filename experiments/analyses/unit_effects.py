"""What interventions on the units of one layer of one network come to, and on random directions beside them.

In: what `interventions.read` counted. Out: `effects`, numbers per unit, and `measures`, numbers per layer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from experiments.measures.answers import accuracy, class_accuracy, pull
from experiments.measures.scaling import SCALES
from experiments.measures.units import living, partial_rank_correlation, rank_correlation, selectivity

Arrays = Mapping[str, np.ndarray]

OFF, BASE, TRIPLED = SCALES.index(0.0), SCALES.index(1.0), SCALES.index(3.0)
BOTTLENECK = 50.0  # points: what mean-ablating a bottleneck costs some class at least
ATTRACTOR = 20.0  # points: the share of the other classes' images that tripling an attractor pulls into one class


def effects(arrays: Arrays, layer: str) -> dict[str, np.ndarray]:
    """What was done to each unit of one layer, and what came of it, all (unit,).

    mean_lost, lost, tripled   accuracy lost over all images when mean-ablated, set to zero, tripled, in points
    mean_worst, worst          the largest loss of a class when mean-ablated, set to zero, in points
    pulled                     the largest rise, when tripled, of the share of other classes' images that are
                               read as one class, in points
    direction_<each of these>  the same for the random directions, but for tripled
    selectivity, share_on, living   of the unit; see experiments.measures.units
    hit                        whether mean-ablation costs its favourite class more than any other

    Directions are left out where there are none; selectivity, share_on and hit where units can be negative, all of
    which live.
    """
    confusion, mean = arrays[f"confusion/{layer}"], arrays[f"mean_confusion/{layer}"]
    direction, means = arrays.get(f"direction_confusion/{layer}"), arrays[f"class_mean/{layer}"]
    base = confusion[0, BASE]
    found = _costs(base, mean=mean, off=confusion[:, OFF], tripled=confusion[:, TRIPLED])
    found["tripled"] = accuracy(base) - accuracy(confusion[:, TRIPLED])
    if direction is not None:
        costs = _costs(base, mean=direction[:, 2], off=direction[:, 0], tripled=direction[:, 1])
        found |= {f"direction_{name}": values for name, values in costs.items()}
    if layer in arrays.get("signed", ()):
        return found | {"living": np.ones(len(means), dtype=bool)}
    losses = class_accuracy(base) - class_accuracy(mean)  # (unit, class)
    return found | {
        "selectivity": selectivity(means),
        "share_on": arrays[f"share_on/{layer}"],
        "living": living(means),
        "hit": (losses.argmax(axis=1) == means.argmax(axis=1)) & (losses.max(axis=1) > 0),
    }


def _costs(base: np.ndarray, *, mean: np.ndarray, off: np.ndarray, tripled: np.ndarray) -> dict[str, np.ndarray]:
    """What each of several interventions costs, from the confusion matrices that they leave."""
    return {
        "mean_lost": accuracy(base) - accuracy(mean),
        "mean_worst": (class_accuracy(base) - class_accuracy(mean)).max(axis=1),
        "lost": accuracy(base) - accuracy(off),
        "worst": (class_accuracy(base) - class_accuracy(off)).max(axis=1),
        "pulled": (pull(tripled) - pull(base)).max(axis=1),
    }


def measures(found: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The measures of one layer of one network whose `effects` these are.

    Averages and correlations are over living units: dead ones, neither selective nor important, would bring
    about a correlation by themselves. `hits` is the share of the units that cost anything whose mean-ablation
    costs their favourite class most. What needs effects that are not there is left out, and a correlation over a
    single unit; see `correlations`.
    """
    alive, costly = found["living"], found["mean_worst"] > 0

    def mean(name: str, units: np.ndarray) -> float:
        values = found[name][units]
        return float(values.mean()) if values.size else 0.0

    def count(name: str, least: float) -> float:
        return float((found[name] >= least).sum())

    averaged = ("mean_lost", "mean_worst", "lost", "worst", "tripled")
    measured = {name: mean(name, alive) for name in averaged}
    for kind in ("", "direction_") if "direction_lost" in found else ("",):
        if kind:
            measured |= {f"{kind}{name}": mean(f"{kind}{name}", alive) for name in averaged[:-1]}
        measured |= {
            f"{kind}mean_bottlenecks": count(f"{kind}mean_worst", BOTTLENECK),
            f"{kind}bottlenecks": count(f"{kind}worst", BOTTLENECK),
            f"{kind}attractors": count(f"{kind}pulled", ATTRACTOR),
        }
    if "hit" in found:
        measured["hits"] = 100 * mean("hit", alive & costly)
    if "selectivity" in found and len(alive) > 1:
        measured |= correlations({name: values[alive] for name, values in found.items()})
    return measured


def correlations(found: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Rank correlations of selectivity with what ablation costs, over the units whose `effects` these are.

    mean_correlation, correlation   with `mean_lost`, with `lost` (set to zero)
    <either>_held                   the same with the share of images held fixed on which the units are on: a unit that
                                    is seldom on is selective, and missed by few, for that reason alone
    mean_correlation_worst_held     with `mean_worst`, held likewise
    share_selectivity, share_cost   of that share with selectivity and with `mean_lost`: what is to be held fixed
    """
    selective, share = found["selectivity"], found["share_on"]
    held = {
        f"{name}_held": partial_rank_correlation(selective, found[cost], held=share)
        for name, cost in (
            ("mean_correlation", "mean_lost"),
            ("mean_correlation_worst", "mean_worst"),
            ("correlation", "lost"),
        )
    }
    return held | {
        "mean_correlation": rank_correlation(selective, found["mean_lost"]),
        "correlation": rank_correlation(selective, found["lost"]),
        "share_selectivity": rank_correlation(share, selective),
        "share_cost": rank_correlation(share, found["mean_lost"]),
    }
