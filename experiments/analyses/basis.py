"""Whether neurons are special: the units of a layer beside random axes through it, by everything that could tell.

In: the weights of a run and the probe images; for the study what other analyses made of random directions. Out: for one
run (`read`) what units and axes prefer and tell; for the study (`compare`) facts, units minus random axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments.analyses.absent import ALONE, SIGNED, gathered, told
from experiments.analyses.unit_effects import measures
from experiments.evidence import by_condition
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.axes import CONTROLS, best_alone, own, turned
from experiments.measures.units import living, participation_ratio, rotations, selectivity
from experiments.networks import at_epoch
from experiments.record import class_means, rectified
from experiments.statistics import family, summary
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]
Table = dict[str, dict[str, np.ndarray]]  # {condition: {layer: one value per seed}}
Pairs = dict[str, tuple[np.ndarray, np.ndarray]]

BETWEEN = "something stands between its weighted sum and its ReLU, so that no turned layer is one like it"
UNITS = {  # of what is read here; a class is called as the data set calls it
    "selectivity": "",
    "classes": "classes",
    "alone": "%",
}
INTERVENED = {"missed": "mean_worst", "attractors": "attractors"}  # what `unit_effects.measures` calls them
COSTS = ("mean_lost", "mean_worst", "lost", "worst", "pulled")
EFFECTS = ("living", "tripled", *COSTS, *(f"direction_{name}" for name in COSTS))  # that `measures` asks for
MOMENTS = (0, -1)  # the epochs that are read
MARGINS = {  # the smallest difference that a reader should care about
    "selectivity": 0.01,  # of a measure that goes from nought to one
    "classes": 0.1,  # a tenth of a class
    "alone": 1.0,
    "spread": 0.25,  # a quarter of a unit
    "missed": 2.0,  # one image of the class in fifty
    "attractors": 0.5,  # half a unit
}


def read(
    *,
    weights: Arrays,
    probe: Arrays,
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
    seed: int,
    draws: int,
) -> dict[str, Any]:
    """The units of every hidden layer of one network, and random axes, on the probe images.

    seed: of the axes; draws: how many sets of them. Returns `arrays.npz`: layers, those that are read, and for each,
    untrained and at the end,

        own/<layer>      (2, measure)                  see `measured`, of the living units
        turned/<layer>   (2, control, draw, measure)   the same of random axes, controls as in `axes.CONTROLS`

    Living units are turned among themselves: dead ones would lend axes nothing. Left out are
    layers that are not behind a ReLU, of a single living unit, or with a part between their weighted sum and the ReLU.
    """
    labels = torch.tensor(probe["labels"].astype(np.int64))
    images = treat(probe["images"], **treatment)
    models = [cast(HookedModule, at_epoch(weights, epoch=epoch, architecture=architecture)) for epoch in MOMENTS]
    arrays: dict[str, np.ndarray] = {}
    layers, reasons = [], []
    for layer in models[0].layers[:-1]:
        if not rectified(models[0], layer):
            reasons.append(f"random axes of {layer}: {SIGNED}")
            continue
        pre = [before_relu(model, images, layer) for model in models]
        alive = [_living(each, labels) for each in pre if each is not None]
        if len(alive) < len(pre) or any(each.shape[1] < 2 for each in alive):
            reasons.append(f"random axes of {layer}: {BETWEEN if len(alive) < len(pre) else ALONE}")
            continue
        layers.append(layer)
        arrays[f"own/{layer}"] = np.array([measured(own(each), labels) for each in alive])
        arrays[f"turned/{layer}"] = np.array([_turned(each, labels, seed=seed, draws=draws) for each in alive])
    return {"arrays.npz": {"layers": np.array(layers, dtype=str)} | arrays | told(reasons)}


def _living(pre: Float[Tensor, "image unit ..."], labels: Int[Tensor, " image"]) -> Float[Tensor, "image living ..."]:
    """The units that are above zero on some image."""
    return pre[:, torch.from_numpy(living(class_means(_by_unit(own(pre)), labels)))]


def _turned(
    pre: Float[Tensor, "image unit ..."], labels: Int[Tensor, " image"], *, seed: int, draws: int
) -> Float[np.ndarray, "control draw measure"]:
    sets = rotations(pre.shape[1], draws=draws, seed=seed)
    return np.array([[measured(turned(pre, axes, keep=keep), labels) for axes in sets] for keep in CONTROLS])


def before_relu(
    model: HookedModule, images: Float[Tensor, "image 1 side side"], layer: str
) -> Float[Tensor, "image unit ..."] | None:
    """What a layer's ReLU is fed; None where that cannot be read, as another part stands between `pre` and ReLU."""
    pre, post = f"{layer}.pre", f"{layer}.post"
    if not {pre, post} <= {*model.hook_points}:
        return None
    _, cache = run_with_cache(model, images, names=[pre, post])
    return cache[pre] if torch.equal(cache[pre].relu(), cache[post]) else None


def measured(
    activations: Float[Tensor, "image axis ..."], labels: Int[Tensor, " image"]
) -> Float[np.ndarray, " measure"]:
    """Mean selectivity of the axes, mean number of classes that one answers to (participation ratio), both 0 where no
    axis lives; and how well the best alone tells a class, mean over classes, in %, see `axes.best_alone`."""
    means = class_means(_by_unit(activations), labels)
    alone = best_alone(activations, labels).mean()
    if not living(means).any():
        return np.array([0.0, 0.0, alone])
    means = means[living(means)]
    return np.array([selectivity(means).mean(), participation_ratio(means).mean(), alone])


def _by_unit(activations: Tensor) -> Float[Tensor, "image unit"]:
    return activations.flatten(2).mean(2) if activations.ndim > 2 else activations


def compare(
    *, runs: Mapping[str, Arrays], superposition: Arrays, interventions: Arrays, card: Mapping[str, Any]
) -> dict[str, Any]:
    """The units of all networks beside random axes, over seeds.

    runs: {"mlp-raw/0": arrays of read}. superposition, interventions: arrays of those analyses, which have measured
    random directions of their own. Returns `arrays.npz`, layers/<condition>, and `facts.json`:

        basis.<measure>.<condition>.<layer>             of the units: UNITS; "spread", over how many of them a class's
                                                        direction is spread; "missed", what a class loses at most if a
                                                        unit is set to its average; "attractors"
        basis.<measure>_<control>.<condition>.<layer>   of random axes: "zero", "mean", "share", or "drawn"
        basis.<measure>_beyond.<condition>.<layer>      the units minus random axes that share what matters (the share
                                                        of images, for selectivity and classes); one family of all
        basis.<measure>_start_beyond.<...>              the same before training, a family for each measure
        basis.<measure>_over_<control>.<...>            the units minus axes that keep less, a family for each
    """
    groups = by_condition(runs)
    kinds = UNITS | {"classes": card["kinds"], "spread": "units", "missed": "points", "attractors": "units"}
    arrays = {f"layers/{condition}": np.array(_shared(group), dtype=str) for condition, group in groups.items()}
    arrays |= gathered(groups)
    units, random = _here(groups, moment=-1)
    for measure, (of_units, of_directions) in _elsewhere(groups, superposition, interventions).items():
        units[measure], random[measure] = of_units, {"drawn": of_directions}
    facts: dict[str, Any] = {}
    beyond: Pairs = {}
    for measure, table in units.items():
        least = 0.0 if measure in ("spread", "attractors") else None
        facts |= _summaries(f"basis.{measure}", table, kinds[measure], least)
        for control, of_axes in random[measure].items():
            facts |= _summaries(f"basis.{measure}_{control}", of_axes, kinds[measure], least)
        beyond |= _against(f"basis.{measure}_beyond", table, [*random[measure].values()][-1])
    apart = {name: "points" if unit == "%" else unit for name, unit in kinds.items()}
    of = {fact: fact.split(".")[1].removesuffix("_beyond") for fact in beyond}
    facts |= family(
        beyond,
        name="basis",
        unit={fact: apart[measure] for fact, measure in of.items()},
        margin={fact: MARGINS[measure] for fact, measure in of.items()},
    )
    start, start_random = _here(groups, moment=0)
    for measure in UNITS:
        name = f"basis.{measure}_start_beyond"
        pairs = _against(name, start[measure], start_random[measure][CONTROLS[-1]])
        facts |= family(pairs, name=name, unit=apart[measure], margin=MARGINS[measure])
        for control in CONTROLS[:-1]:
            name = f"basis.{measure}_over_{control}"
            pairs = _against(name, units[measure], random[measure][control])
            facts |= family(pairs, name=name, unit=apart[measure], margin=MARGINS[measure])
    return {"arrays.npz": arrays, "facts.json": facts}


def _shared(group: Sequence[Arrays]) -> list[str]:
    """The layers that are read in every run: where too few units of one live, a layer is read in others alone."""
    return [str(layer) for layer in group[0]["layers"] if all(layer in run["layers"] for run in group)]


def _here(
    groups: Mapping[str, Sequence[Arrays]], *, moment: int
) -> tuple[dict[str, Table], dict[str, dict[str, Table]]]:
    """{measure: table} of the units, {measure: {control: table}} of random axes, mean over draws."""
    units: dict[str, Table] = {measure: {} for measure in UNITS}
    random: dict[str, dict[str, Table]] = {measure: {control: {} for control in CONTROLS} for measure in UNITS}
    for condition, group in groups.items():
        for layer in _shared(group):
            for place, measure in enumerate(UNITS):
                values = np.array([run[f"own/{layer}"][moment, place] for run in group])
                units[measure].setdefault(condition, {})[layer] = values
                for row, control in enumerate(CONTROLS):
                    drawn = np.array([run[f"turned/{layer}"][moment, row, :, place].mean() for run in group])
                    random[measure][control].setdefault(condition, {})[layer] = drawn
    return units, random


def _elsewhere(
    groups: Mapping[str, Sequence[Arrays]], superposition: Arrays, interventions: Arrays
) -> dict[str, tuple[Table, Table]]:
    """{measure: (table of the units, table of random directions)} of what other analyses have measured."""
    found: dict[str, tuple[Table, Table]] = {name: ({}, {}) for name in ("spread", *INTERVENED)}
    for condition, group in groups.items():
        for layer in _shared(group):
            place = f"{condition}/{layer}"
            for table, name in zip(found["spread"], ("units", "units_rotated"), strict=True):
                if f"{name}/{place}" in superposition:
                    table.setdefault(condition, {})[layer] = superposition[f"{name}/{place}"][:, -1].astype(np.float64)
            if f"direction_mean_worst/{place}" not in interventions:
                continue
            by_unit = {name: interventions[f"{name}/{place}"] for name in EFFECTS}
            each = [measures({name: values[seed] for name, values in by_unit.items()}) for seed in range(len(group))]
            for measure, name in INTERVENED.items():
                for table, kind in zip(found[measure], ("", "direction_"), strict=True):
                    table.setdefault(condition, {})[layer] = np.array([values[f"{kind}{name}"] for values in each])
    return found


def _summaries(name: str, table: Table, unit: str, least: float | None) -> dict[str, Any]:
    return {
        f"{name}.{c}.{layer}": summary(values, unit=unit, least=least)
        for c, layers in table.items()
        for layer, values in layers.items()
    }


def _against(name: str, table: Table, other: Table) -> Pairs:
    return {
        f"{name}.{c}.{layer}": (values, other[c][layer])
        for c, layers in table.items()
        for layer, values in layers.items()
        if layer in other.get(c, {})
    }
