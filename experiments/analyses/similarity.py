"""How far representations move while training, and whether different networks arrive at the same ones.

In: the weights of every run at every epoch, and the probe images. Out: for one run (`read`) how alike its epochs and
its layers are, and activations to compare; for the study (`compare`) arrays and facts. Every comparison is made with
linear CKA (1: alike) and with the Procrustes distance (0: alike); see experiments.measures.representations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
from jaxtyping import Integer

from experiments.evidence import Grid, by_condition, comparisons, pairs, together
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.representations import cka, pair_values, procrustes, settled
from experiments.networks import at_epoch
from experiments.statistics import constant, family, summary
from experiments.treatment import treat
from experiments.verdicts import UNDECIDED

Arrays = Mapping[str, np.ndarray]
Groups = Mapping[str, Sequence[Arrays]]
Table = dict[str, dict[str, np.ndarray]]  # {condition or comparison: {layer: one value per seed}}
Relations = dict[str, Table]

MEASURES = {"cka": cka, "procrustes": procrustes}
MARGINS = {  # the smallest difference that a reader should care about
    "cka": 0.02,  # of likenesses that go from nought to one
    "procrustes": 0.02,
    "settled": 0.5,  # layers are read once an epoch
    "step_first": 0.01,
    "step_last": 0.01,
}
RANGES = {"cka": (-1.0, 1.0), "procrustes": (0.0, 1.0)}  # unbiased CKA can fall short of 0 by chance
THRESHOLDS = (0.9, 0.99)  # drawn beside the threshold that the study asks for, to see what depends on it
OVER_PAIRS = ("seeds", "seeds_start", "untrained_other", "other_seed")  # relations of networks of different seeds
CONTRASTS = {  # name: (relation, minus relation)
    "gain": ("seeds", "seeds_start"),
    "seeds_minus_untrained": ("seeds", "untrained_other"),
    "same_seed_minus_seeds": ("same_seed", "seeds"),
    "other_seed_minus_seeds": ("other_seed", "seeds"),
    "same_seed_minus_other_seed": ("same_seed", "other_seed"),
}


def read(
    *,
    weights: Arrays,
    probe: Arrays,
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
    images: int = 1000,
) -> dict[str, Any]:
    """How alike the epochs, and at the end the layers, of one network are.

    weights: {parameter: (epoch, ...)}. probe: images uint8 (P, side, side), labels (P,), of which `images` are used,
    balanced by class. Returns `arrays.npz`: layers in order of depth, image (chosen probe image,), and

        cka, procrustes /<layer>   (epoch, epoch)          see representations
        across                     (1 + layer, 1 + layer)  CKA at the end of the input and all layers
        activations/<layer>        (2, image, unit, ...)   float16, untrained and at the end

    A layer is read after its ReLU, and after its pooling where it has one.
    """
    chosen = balanced(probe["labels"], images=images)
    inputs = treat(probe["images"][chosen], **treatment)
    epochs = len(next(iter(weights.values())))
    readings: dict[str, list[np.ndarray]] = {}
    for epoch in range(epochs):
        model = cast(HookedModule, at_epoch(weights, epoch=epoch, architecture=architecture))
        ends = {hook.partition(".")[0]: hook for hook in model.hook_points}  # the last hook point of each layer
        _, cache = run_with_cache(model, inputs, names=[ends[layer] for layer in model.layers])
        for layer in model.layers:
            readings.setdefault(layer, []).append(cache[ends[layer]].numpy())
    last = [inputs.flatten(1).numpy(), *(layer[-1] for layer in readings.values())]
    arrays = {"layers": np.array(list(readings)), "image": chosen, "across": cka(last)}
    for layer, moments in readings.items():
        arrays |= {f"{measure}/{layer}": compared(moments) for measure, compared in MEASURES.items()}
        arrays[f"activations/{layer}"] = np.stack([moments[0], moments[-1]]).astype(np.float16)
    return {"arrays.npz": arrays}


def balanced(labels: Integer[np.ndarray, " image"], *, images: int) -> Integer[np.ndarray, " chosen"]:
    """The places of the first images of each class, equally many of each, about `images` in all."""
    classes = np.unique(labels)
    each = max(1, images // len(classes))
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in classes]))


def compare(*, runs: Mapping[str, Arrays], grid: Grid, threshold: float = 0.95) -> dict[str, Any]:
    """The drift of every representation, and how alike the representations of different networks are.

    runs: {"mlp-raw/0": arrays of read}. threshold: the CKA with its end above which a layer has settled.
    Returns `arrays.npz`: threshold (), thresholds (that one and two more), and

        layers/<condition>                        in order of depth
        cka/<condition>/<layer>                   (epoch, epoch)     mean over seeds
        settled/<condition>/<layer>               (threshold, seed)  epochs, see `settled`
        step/<condition>/<layer>                  (seed, trained epoch)   Procrustes distance from the epoch before
        across/<condition>                        (1 + layer, 1 + layer)  mean over seeds
        networks                                  (network,)  the condition of each network, seeds in order
        alike                                     (network, network)  CKA of the last hidden layers at the end

    and `facts.json`: `similarity.<cka or procrustes>.<relation>.<condition or comparison>.<layer>` (see `relations`;
    the last hidden layer is called `last`), their contrasts, and
    `similarity.settled`, `.step_first`, `.step_last`, `.across`.
    """
    groups = by_condition(runs)
    thresholds = np.array(sorted({*THRESHOLDS, threshold}))
    arrays: dict[str, np.ndarray] = {"thresholds": thresholds, "threshold": np.array(threshold)}
    for condition, group in groups.items():
        arrays[f"layers/{condition}"] = group[0]["layers"]
        arrays[f"across/{condition}"] = np.mean([run["across"] for run in group], axis=0)
        for layer in group[0]["layers"]:
            place = f"{condition}/{layer}"
            arrays[f"cka/{place}"] = np.mean([run[f"cka/{layer}"] for run in group], axis=0)
            arrays[f"step/{place}"] = np.stack([np.diag(run[f"procrustes/{layer}"], 1) for run in group])
            ends = [run[f"cka/{layer}"][-1] for run in group]
            found = [[settled(end, threshold=level) for end in ends] for level in thresholds]
            arrays[f"settled/{place}"] = np.array(found)
    related, networks = relations(groups, grid)
    arrays |= {"networks": np.repeat(list(groups), [len(group) for group in groups.values()]), "alike": networks}
    facts = drift_facts(groups, arrays, grid)
    facts |= relation_facts(related, grid)
    images = len(next(iter(runs.values()))["image"])
    facts["similarity.images"] = constant(images, unit="images", n=images, method="probe images compared")
    facts["similarity.threshold"] = constant(threshold, unit="", n=1, method="constant of the study")
    arrays = {name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in arrays.items()}
    return {"arrays.npz": arrays, "facts.json": facts}


def relations(groups: Groups, grid: Grid) -> tuple[dict[str, Relations], np.ndarray]:
    """Who is like whom: {measure: {relation: {condition or comparison: {layer: (seed,)}}}}; and all networks' CKA.

    Of a condition, at the end of training:   seeds            two networks that differ in their seed
                                              seeds_start      the same two, both untrained
                                              untrained        a network and itself, untrained
                                              untrained_other  a network and another seed's, untrained
                                              shuffled         a network and itself on shuffled images
    Of a comparison (two conditions):         same_seed        two networks of one seed
                                              other_seed       two networks of different seeds

    Relations between different seeds are over all pairs; see `pair_values`. With one seed there are none. Layers of
    different positions (a map and no map, or of another side) have a CKA, and no Procrustes distance.
    """
    found: dict[str, Relations] = {measure: {} for measure in MEASURES}
    networks = np.zeros((0, 0))
    for part, members in _parts(groups).items():
        for measure, compared in MEASURES.items():
            for alike in [members] if measure == "cka" else _by_positions(groups, members):
                both = [run[f"activations/{layer}"] for condition, layer in alike for run in groups[condition]]
                trained, untrained = [each[1] for each in both], [each[0] for each in both]
                bounds = pairwise(np.cumsum([0, *(len(groups[condition]) for condition, _ in alike)]))
                slices = {condition: slice(*ends) for (condition, _), ends in zip(alike, bounds, strict=True)}
                states = compared([*trained, *untrained])
                floor = [compared([each, _shuffled(each, seed=place)])[0, 1] for place, each in enumerate(trained)]
                for relation, where, values in _related(states, np.array(floor), slices, grid):
                    found[measure].setdefault(relation, {}).setdefault(where, {})[part] = values
                if (measure, part) == ("cka", "last"):
                    networks = states[: len(both), : len(both)]
    return found, networks


def _by_positions(groups: Groups, members: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The members in groups whose layers have the same positions: only these can be turned onto each other."""
    alike: dict[tuple[int, ...], list[tuple[str, str]]] = {}
    for condition, layer in members:
        alike.setdefault(groups[condition][0][f"activations/{layer}"].shape[3:], []).append((condition, layer))
    return list(alike.values())


def _parts(groups: Groups) -> dict[str, list[tuple[str, str]]]:
    """{part: [(condition, its layer)]}: layers by their name, but the last hidden one is `last` everywhere."""
    parts: dict[str, list[tuple[str, str]]] = {}
    for condition, group in groups.items():
        layers = [str(layer) for layer in group[0]["layers"]]
        for layer in layers:
            parts.setdefault("last" if layer == layers[-2] else layer, []).append((condition, layer))
    return parts


def _shuffled(activations: np.ndarray, *, seed: int) -> np.ndarray:
    return activations[np.random.default_rng(seed).permutation(len(activations))]


def _related(
    states: np.ndarray, floor: np.ndarray, slices: Mapping[str, slice], grid: Grid
) -> list[tuple[str, str, np.ndarray]]:
    """(relation, condition or comparison, values by seed).

    states: (2 networks, 2 networks), all of them trained, then all of them untrained. floor: (network,).
    """
    n = len(floor)
    trained, before, start = states[:n, :n], states[:n, n:], states[n:, n:]
    found = []
    for condition, own in slices.items():
        found += [("untrained", condition, np.diag(before[own, own])), ("shuffled", condition, floor[own])]
        if own.stop - own.start > 1:
            sources = {"seeds": trained, "seeds_start": start, "untrained_other": before}
            found += [(relation, condition, pair_values(source[own, own])) for relation, source in sources.items()]
    for comparison, (first, second) in comparisons(grid, slices).items():
        across = trained[slices[first], slices[second]]
        across = across[: min(across.shape), : min(across.shape)]  # the seeds that both have
        found.append(("same_seed", comparison, np.diag(across)))
        if len(across) > 1:
            found.append(("other_seed", comparison, pair_values(across)))
    return found


def relation_facts(related: Mapping[str, Relations], grid: Grid) -> dict[str, Any]:
    """Every relation as a fact, its difference between conditions, and contrasts between relations.

    `similarity.cka.seeds.<condition>.last`, `similarity.cka.seeds.difference.<comparison>.last`, and, as `CONTRASTS`
    says, `similarity.cka.same_seed_minus_seeds.<comparison>.last`; where a comparison meets a relation within
    conditions, the mean of its two conditions stands for it.
    """
    named: dict[str, Any] = {}
    for measure, tables in related.items():
        width = RANGES[measure][1] - RANGES[measure][0]
        reach = (-width, width)  # of differences
        for relation, table in tables.items():
            name = f"similarity.{measure}.{relation}"
            values = {f"{name}.{where}.{part}": each for where, parts in table.items() for part, each in parts.items()}
            found = {place: _within(summary(each, unit=""), RANGES[measure]) for place, each in values.items()}
            apart = family(pairs(grid, table, measure=name), name=name, unit="", margin=MARGINS[measure])
            if relation in OVER_PAIRS:
                found, apart = _over_pairs(found, RANGES[measure]), _over_pairs(apart, reach)
            named |= found | apart
        for contrast, (first, second) in CONTRASTS.items():
            if first in tables and second in tables:
                name = f"similarity.{measure}.{contrast}"
                compared = _contrast(tables[first], tables[second], grid, name=name)
                told = family(compared, name=name, unit="", margin=MARGINS[measure])
                named |= _over_pairs(told, reach)
    return named


def _within(fact: dict[str, Any], limits: tuple[float, float]) -> dict[str, Any]:
    """The fact with the part of its interval that the measure can take."""
    if fact["low"] is None:
        return fact
    return fact | {"low": max(fact["low"], limits[0]), "high": min(fact["high"], limits[1])}


def _contrast(table: Table, other: Table, grid: Grid, *, name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found, compared = {}, comparisons(grid, other)
    for where, parts in table.items():
        against = (where, where) if where in other else compared.get(where)
        if against is None:
            continue  # a condition of one seed has no pairs
        first, second = (other[each] for each in against)
        for part, values in parts.items():
            found[f"{name}.{where}.{part}"] = together(values, np.mean(together(first[part], second[part]), axis=0))
    return found


def _over_pairs(found: Mapping[str, Any], limits: tuple[float, float]) -> dict[str, Any]:
    """The facts, with what their intervals rest on: pseudo-values, or of a single pair only what is possible."""
    note = "; over all pairs of seeds, the interval from one jackknife pseudo-value per seed"
    return {
        name: fact | {"method": fact["method"] + note} if fact["n"] > 2 else _of_one_pair(fact, limits)
        for name, fact in found.items()
    }


def _of_one_pair(fact: dict[str, Any], limits: tuple[float, float]) -> dict[str, Any]:
    method = "one pair of seeds: its spread is unknown, so the interval is all that the measure can be"
    told = {"verdict": UNDECIDED} if "verdict" in fact else {}
    known = {key: value for key, value in fact.items() if key != "equal"}
    return known | {"low": limits[0], "high": limits[1], "method": method} | told


def drift_facts(groups: Groups, arrays: Arrays, grid: Grid) -> dict[str, Any]:
    """When layers settle, how far they move in an epoch, and how alike neighbouring layers are at the end.

    `similarity.settled.deeper.<condition>.<layer>` is a layer's epoch less that of the layer before it, and
    `similarity.settled.deeper.<condition>` the logits' less the first layer's: higher means bottom up.
    """
    row = int(np.searchsorted(arrays["thresholds"], arrays["threshold"]))
    tables: dict[str, Table] = {"settled": {}, "step_first": {}, "step_last": {}}
    named: dict[str, Any] = {}
    deeper: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for condition, group in groups.items():
        layers = [str(layer) for layer in group[0]["layers"]]
        steps = {layer: arrays[f"step/{condition}/{layer}"] for layer in layers}
        epochs = {layer: arrays[f"settled/{condition}/{layer}"][row].astype(float) for layer in layers}
        tables["settled"][condition] = epochs
        tables["step_first"][condition] = {layer: values[:, 0] for layer, values in steps.items()}
        tables["step_last"][condition] = {layer: values[:, -1] for layer, values in steps.items()}
        name = f"similarity.settled.deeper.{condition}"
        deeper[name] = (epochs[layers[-1]], epochs[layers[0]])
        deeper |= {f"{name}.{b}": (epochs[b], epochs[a]) for a, b in pairwise(layers)}
        named |= _across(condition, group)
    for measure, table in tables.items():
        unit = "epochs" if measure == "settled" else ""
        named |= {
            f"similarity.{measure}.{condition}.{layer}": summary(values, unit=unit, least=0.0)
            for condition, found in table.items()
            for layer, values in found.items()
        }
        name = f"similarity.{measure}"
        named |= family(_differences(table, grid, name=name), name=name, unit=unit, margin=MARGINS[measure])
    return named | family(deeper, name="similarity.settled.deeper", unit="epochs", margin=MARGINS["settled"])


def _differences(table: Table, grid: Grid, *, name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    last = {condition: {"last": list(layers.values())[-2]} for condition, layers in table.items()}
    return pairs(grid, table, measure=name) | pairs(grid, last, measure=name, axis="architecture")


def _across(condition: str, group: Sequence[Arrays]) -> dict[str, Any]:
    """CKA of the input with every layer, and of every layer with the one before it."""
    names = ["input", *(str(layer) for layer in group[0]["layers"])]
    wanted = {(0, place) for place in range(1, len(names))} | {(place - 1, place) for place in range(1, len(names))}
    return {
        f"similarity.across.{condition}.{names[a]}.{names[b]}": summary([run["across"][a, b] for run in group], unit="")
        for a, b in sorted(wanted)
    }
