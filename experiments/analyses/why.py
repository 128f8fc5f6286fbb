"""Why normalization helps: accuracy against learning rate, treatment by treatment, and how sharply the loss bends.

In: the curves of every network that was tried, and its curvature by epoch. Out: curves by treatment as
arrays; accuracies at the study's own rate and at each treatment's best, ratios of rates and curvatures as facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.evidence import by_condition
from experiments.measures.rates import rate_ratio
from experiments.statistics import Fact, constant, family, summary

Arrays = Mapping[str, np.ndarray]
Tried = Mapping[str, Mapping[str, Any]]
Groups = Mapping[str, Sequence[Arrays]]  # {condition: one for each seed}

WHEN = {"first_epoch": 1, "end": -1}  # the rows of a curve that are compared
TURN = {"first_epoch": "after one epoch", "end": "at the end"}
MARGINS = {"first_epoch": 2.0, "end": 0.25}  # points of accuracy that nobody should care about


def gather(
    *,
    curves: Mapping[str, Arrays],
    bends: Mapping[str, Arrays],
    card: Mapping[str, Any],
    tried: Tried,
    compared: Mapping[str, Mapping[str, str]],
    own: Mapping[str, float],
) -> dict[str, Any]:
    """The stage: arrays.npz and facts.json.

    curves, bends: {"condition/seed": what `sweep.sweep` and `curvature.read` found}. tried: {condition:
    {"architecture", "treatment", "is_folded"}}. compared: {name: {"architecture", "first", "second", "against": the
    treatment of the second}}; what is compared in one architecture with one treatment is a family. own: {architecture:
    the learning rate of the study's own networks}.

    why.<when>.given.<condition>, why.<when>.best.<condition>   accuracy at the study's own rate, and at the best of the
        rates; `when` is first_epoch or end. The best is that with the highest mean accuracy on images set aside.
    why.<when>.best_rate.<condition>, why.largest_rate.<condition>   that rate; and the largest at which every network
        ends better than one that guesses. why.diverged.<condition>: how many networks' loss became no number.
    why.<when>.<given or best>.difference.<comparison>   paired by seed
    why.<when>.ratio.<comparison>   how many times as large the second's rate must be, see `rates.rate_ratio`
    why.curvature.<start, early or end>.<condition>   the largest eigenvalue; why.bend.<comparison>, the ratio of two
        before any training
    """
    found, bent = by_condition(curves), by_condition(bends)
    guessing = float(np.log(card["classes"]))
    unfolded = [name for name in tried if name in found and not tried[name]["is_folded"]]
    arrays: dict[str, np.ndarray] = {"unfolded": np.array(unfolded)}
    facts: dict[str, Fact] = {}
    for condition, runs in found.items():
        arrays[f"rates/{condition}"] = runs[0]["rates"]
        for when, row in WHEN.items():
            arrays[f"{when}/{condition}"] = 100 * np.stack([run["test"][:, row] for run in runs])
        facts |= _largest(condition, runs, guessing)
    for when in WHEN:
        facts |= _at_rates(when, found, tried, compared, own) | _ratios(when, found, compared)
    for condition, runs in bent.items():
        arrays[f"bent/{condition}"] = np.stack([run["largest"] for run in runs])
        arrays[f"bent_at/{condition}"] = runs[0]["epochs"]
        arrays[f"limit/{condition}"] = np.array(2 / own[tried[condition]["architecture"]])
    facts |= _curvature(bent, compared)
    return {"arrays.npz": arrays, "facts.json": facts}


def best_rate(runs: Sequence[Arrays], row: int) -> int:
    """The place of the rate whose networks have the highest mean accuracy on the images that were set aside."""
    return int(np.mean([run["set_aside"][:, row] for run in runs], axis=0).argmax())


def largest_rate(runs: Sequence[Arrays], *, guessing: float) -> float | None:
    """The largest rate below which, and at which, every network ends with a smaller training loss than guessing has."""
    loss = np.stack([run["train_loss"][:, -1] for run in runs])
    learns = np.logical_and.accumulate((loss < guessing).all(axis=0))  # no number is smaller than none
    return float(runs[0]["rates"][learns][-1]) if learns.any() else None


def _at_rates(
    when: str, found: Groups, tried: Tried, compared: Mapping[str, Mapping[str, str]], own: Mapping[str, float]
) -> dict[str, Fact]:
    """Accuracies at the study's own rate and at the best, with the differences that are compared."""
    row, facts = WHEN[when], {}
    places: dict[str, dict[str, int]] = {"given": {}, "best": {}}
    for condition, runs in found.items():
        rates, given = runs[0]["rates"].tolist(), own[tried[condition]["architecture"]]
        places["best"][condition] = best_rate(runs, row)
        if given in rates:
            places["given"][condition] = rates.index(given)
        best = rates[places["best"][condition]]
        facts[f"why.{when}.best_rate.{condition}"] = constant(
            best,
            unit="",
            n=len(runs),
            method=f"the rate with the highest mean accuracy {TURN[when]} on images set aside",
        )
    for which, chosen in places.items():
        measured = {
            condition: np.array([100 * run["test"][place, row] for run in found[condition]])
            for condition, place in chosen.items()
        }
        facts |= {f"why.{when}.{which}.{name}": summary(values, unit="%") for name, values in measured.items()}
        families: dict[str, dict[str, Any]] = {}
        for name, of in compared.items():
            if {of["first"], of["second"]} <= measured.keys():
                together = f"why.{when}.{which}, {of['architecture']}, against {of['against']}"
                pair = measured[of["first"]], measured[of["second"]]
                families.setdefault(together, {})[f"why.{when}.{which}.difference.{name}"] = pair
        for together, pairs in families.items():
            facts |= family(pairs, name=together, unit="points", margin=MARGINS[when])
    return facts


def _ratios(when: str, found: Groups, compared: Mapping[str, Mapping[str, str]]) -> dict[str, Fact]:
    """Ratios of rates, each a geometric mean over seeds."""
    facts = {}
    for name, of in compared.items():
        pairs = zip(found[of["first"]], found[of["second"]], strict=True)
        curves = [(one["rates"], one["test"][:, WHEN[when]], other["test"][:, WHEN[when]]) for one, other in pairs]
        ratios = [ratio for curve in curves if (ratio := rate_ratio(*curve)) is not None]
        if ratios:
            facts[f"why.{when}.ratio.{name}"] = _geometric(ratios)
    return facts


def _largest(condition: str, runs: Sequence[Arrays], guessing: float) -> dict[str, Fact]:
    networks = len(runs) * len(runs[0]["rates"])
    method = "the largest rate at which every network ends with a smaller training loss than guessing has"
    return {
        f"why.largest_rate.{condition}": constant(
            largest_rate(runs, guessing=guessing), unit="", n=len(runs), method=method
        ),
        f"why.diverged.{condition}": constant(
            sum(int((run["diverged"] > 0).sum()) for run in runs),
            unit="",
            n=networks,
            method="networks, over seeds and rates, whose loss became no number",
        ),
    }


def _curvature(bent: Groups, compared: Mapping[str, Mapping[str, str]]) -> dict[str, Fact]:
    facts = {}
    for condition, runs in bent.items():
        moments = {"start": 0, "early": 1, "end": -1} if len(runs[0]["epochs"]) > 2 else {"start": 0, "end": -1}
        for moment, place in moments.items():
            values = np.array([run["largest"][place] for run in runs])
            facts[f"why.curvature.{moment}.{condition}"] = summary(values, unit="")
    for name, of in compared.items():
        if {of["first"], of["second"]} <= bent.keys():
            pairs = zip(bent[of["first"]], bent[of["second"]], strict=True)
            facts[f"why.bend.{name}"] = _geometric([one["largest"][0] / other["largest"][0] for one, other in pairs])
    return facts


def _geometric(ratios: Sequence[float]) -> Fact:
    """The mean of ratios on the scale of their logarithms."""
    told = summary(np.log(ratios), unit="")
    ends = {end: None if told[end] is None else float(np.exp(told[end])) for end in ("value", "low", "high")}
    return {**told, **ends, "method": f"{told['method']}, of logarithms"}
