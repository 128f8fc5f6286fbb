"""Whether a unit's number means anything in another network: whose best match is the unit of the same number.

In: what `similarity.read` kept of every run. Out: facts. Networks of one seed and one architecture begin with the same
weights, whatever their input; networks of two seeds share nothing that would number their units alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from experiments.evidence import Grid, architecture, comparisons
from experiments.measures.matching import lot, same_number, unit_correlations
from experiments.measures.representations import pair_values
from experiments.statistics import family, summary

Arrays = Mapping[str, np.ndarray]
Groups = Mapping[str, Sequence[Arrays]]
Shares = dict[str, np.ndarray]  # {end of a fact's name: one value per seed}

FEWEST = 3  # seeds: of fewer, the pairs have no spread that could be told
MARGIN = 5.0  # points, less than one unit of twenty: the smallest difference that a reader should care about
OVER_PAIRS = "; over all pairs of seeds, the interval from one jackknife pseudo-value per seed"


def number_facts(groups: Groups, grid: Grid) -> dict[str, Any]:
    """The share of living units whose best match in another network has the same number, in %, at the end of training.

    similarity.numbered.same_seed.<comparison>.<layer>    in the network of the same seed and another treatment
    similarity.numbered.other_seed.<comparison>.<layer>   in those of other seeds and another treatment
    similarity.numbered.seeds.<condition>.<layer>         in those of other seeds and the same treatment
    similarity.numbered.lot.<comparison>.<layer>          what `other_seed` would be if numbers meant nothing
    similarity.numbered.kept.<comparison>.<layer>         same_seed minus other_seed
    similarity.numbered.beyond_lot.<comparison>.<layer>   other_seed minus lot

    Where a condition has fewer than three seeds, only those of one seed. Layers that the conditions of an architecture
    share are compared; the last hidden one is called `last`.
    """
    compared = comparisons(grid, groups, axis="treatment")
    found: dict[str, Shares] = {name: {} for name in ("same_seed", "other_seed", "seeds", "lot")}
    for conditions in _by_architecture(groups, grid).values():
        for layer, part in _layers(groups[conditions[0]][0]):
            runs = {c: [run[f"activations/{layer}"][1] for run in groups[c]] for c in conditions}
            shares, chances = _tables([each for condition in conditions for each in runs[condition]])
            ends = np.cumsum([0, *(len(runs[condition]) for condition in conditions)])
            place = {c: slice(a, b) for c, a, b in zip(conditions, ends[:-1], ends[1:], strict=True)}
            for condition in conditions:
                own = shares[place[condition], place[condition]]
                if len(own) >= FEWEST:
                    found["seeds"][f"{condition}.{part}"] = pair_values(own)
            for name, (first, second) in compared.items():
                if first in place and second in place:
                    _add(
                        found,
                        f"{name}.{part}",
                        shares[place[first], place[second]],
                        chances[place[first], place[second]],
                    )
    named = {
        f"similarity.numbered.{relation}.{where}": _share(values, note="" if relation == "same_seed" else OVER_PAIRS)
        for relation, shares in found.items()
        for where, values in shares.items()
    }
    contrasts = {"kept": ("same_seed", "other_seed"), "beyond_lot": ("other_seed", "lot")}
    for contrast, (first, second) in contrasts.items():
        apart = {
            f"similarity.numbered.{contrast}.{where}": (found[first][where][: len(values)], values)
            for where, values in found[second].items()
        }
        named |= family(apart, name=f"similarity.numbered.{contrast}", unit="points")
    return named


def _by_architecture(groups: Groups, grid: Grid) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for condition in groups:
        found.setdefault(architecture(grid, condition), []).append(condition)
    return found


def _layers(run: Arrays) -> list[tuple[str, str]]:
    """(hidden layer, what it is called in facts)."""
    hidden = [str(layer) for layer in run["layers"][:-1]]
    return [(layer, "last" if layer == hidden[-1] else layer) for layer in hidden]


def _tables(
    networks: Sequence[np.ndarray],
) -> tuple[Float[np.ndarray, "network network"], Float[np.ndarray, "network network"]]:
    """`same_number` of every two networks, and `lot`."""
    correlations = unit_correlations(networks)
    count = len(networks)
    alive = ~np.isnan(correlations).all(axis=(1, 3))  # (network, unit)
    shares, chances = np.zeros((count, count)), np.zeros((count, count))
    for a, b in np.ndindex(count, count):
        shares[a, b], chances[a, b] = same_number(correlations[a, b]), lot(alive[a], alive[b])
    return shares, chances


def _add(found: Mapping[str, Shares], where: str, shares: np.ndarray, chances: np.ndarray) -> None:
    """Of two conditions: what their networks of one seed share, and what those of different seeds do."""
    both = min(shares.shape)
    shares, chances = shares[:both, :both], chances[:both, :both]  # a condition may have the first seeds only
    found["same_seed"][where] = np.diag(shares)
    if both >= FEWEST:
        found["other_seed"][where] = pair_values(shares)
        found["lot"][where] = pair_values(chances)


def _share(values: np.ndarray, *, note: str) -> dict[str, Any]:
    fact = summary(values, unit="%")
    return fact | {"method": fact["method"] + note}
