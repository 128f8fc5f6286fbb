"""Do two networks do the same job with the same units: what lies between their weights, before and after reordering.

In: the weights of two networks, the probe images, the test images. Out: accuracy and loss along the straight line from
the one to the other, with the second as it is and with its units in the order of the first's; facts over pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments import record
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.rebasing import barrier, between, fits, rearranged
from experiments.measures.representations import cka
from experiments.networks import at_epoch
from experiments.statistics import constant, summary
from experiments.sweep import fold
from experiments.treatment import in_pixels, treat

Arrays = Mapping[str, np.ndarray]

SHARES = np.linspace(0, 1, 11)  # along the line, from the first network to the second
WAYS = ("plain", "reordered")
RAW = {"mean": 0.0, "std": 1.0}  # both networks are made to read pixels as they are
LEAST = 2  # pairs that a mean is taken of


def read(
    *,
    first: Arrays,
    second: Arrays,
    probe: Arrays,
    test: Arrays,
    architecture: Mapping[str, Any],
    treatments: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """One pair. first, second: {parameter: (epoch, ...)}; treatments: the constants of what each was fed.

    Returns `arrays.npz`: nothing where the networks' units cannot be rearranged, see `rebasing.fits`; else, for each
    way ("plain", "reordered"), accuracy/<way> (share,) in % and loss/<way> (share,) on the test images; cka (): of the
    last hidden layer. What a treatment does is first taken over by each network's first layer, so that both read pixels
    as they are and the line between their weights is one of networks that do.
    """
    models = [at_epoch(weights, epoch=-1, architecture=architecture) for weights in (first, second)]
    if not (fits(models[0]) and _takes_over(models[0])):
        return {"arrays.npz": {}}
    seen = [_hidden(model, treat(probe["images"], **fed)) for model, fed in zip(models, treatments, strict=True)]
    for model, fed in zip(models, treatments, strict=True):
        fold(model, fed=RAW, begun=fed)
    states = {"plain": models[1].state_dict(), "reordered": rearranged(models[1], *seen)}
    begin = {name: value.clone() for name, value in models[0].state_dict().items()}
    last = models[0].layers[-2]
    arrays = {"cka": np.array(cka([each[last].reshape(len(each[last]), -1) for each in seen])[0, 1])}
    pixels, labels = in_pixels(test["images"]), torch.tensor(test["labels"].astype(np.int64))
    for way, end in states.items():
        told = [_told(models[0], between(begin, end, float(share)), pixels, labels) for share in SHARES]
        arrays[f"accuracy/{way}"], arrays[f"loss/{way}"] = np.array(told).T
    return {"arrays.npz": arrays}


def compare(*, pairs: Mapping[str, Arrays], places: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """pairs: {name: arrays of read}; places: {a comparison, whose pairs share their seed, or a condition, whose pairs
    do not: the names of its pairs}.

    Returns `arrays.npz`: shares, places, accuracy/<way>/<place> (pair, share); and `facts.json`:
    alignment.middle.<way>.<place>, the accuracy half way, in %; alignment.barrier.<way>.<place>, in nats, see
    `rebasing.barrier`; alignment.cka.<place>; and alignment.regained.<place>, the points of accuracy half way that
    reordering gives.
    """
    arrays: dict[str, Any] = {"shares": SHARES}
    facts: dict[str, Any] = {}
    told = {place: [pairs[name] for name in names if "cka" in pairs[name]] for place, names in places.items()}
    told = {place: found for place, found in told.items() if len(found) >= LEAST}
    half = len(SHARES) // 2
    for place, found in told.items():
        middles = {}
        for way in WAYS:
            curves = np.stack([each[f"accuracy/{way}"] for each in found])
            arrays[f"accuracy/{way}/{place}"] = curves
            middles[way] = curves[:, half]
            losses = np.array([barrier(each[f"loss/{way}"]) for each in found])
            facts[f"alignment.middle.{way}.{place}"] = summary(middles[way], unit="%")
            facts[f"alignment.barrier.{way}.{place}"] = summary(losses, unit="nats", least=0.0)
        facts[f"alignment.regained.{place}"] = summary(middles["reordered"] - middles["plain"], unit="points")
        facts[f"alignment.cka.{place}"] = summary(np.array([float(each["cka"]) for each in found]), unit="")
    facts["alignment.pairs"] = constant(
        len(pairs), unit="pairs", n=len(pairs), method="pairs of networks that are set out"
    )
    return {"arrays.npz": {**arrays, "places": np.array(list(told), dtype=str)}, "facts.json": facts}


def _takes_over(model: HookedModule) -> bool:
    """Whether the first layer can take a treatment over: padding with zeros knows nothing of it."""
    return not any(np.ravel(getattr(model.get_submodule(model.layers[0]), "padding", 0)))


def _hidden(model: HookedModule, images: Tensor) -> dict[str, np.ndarray]:
    """What the units of each hidden layer say, behind their ReLU."""
    points = {layer: record.reading_point(model, layer) for layer in model.layers[:-1]}
    _, cache = run_with_cache(model, images, names=list(points.values()))
    return {layer: cache[point].numpy() for layer, point in points.items()}


def _told(model: HookedModule, state: Mapping[str, Tensor], pixels: Tensor, labels: Tensor) -> tuple[float, float]:
    """(accuracy in %, loss) of the network with other weights."""
    model.load_state_dict(state)
    logits = record.evaluate(model, pixels)
    return 100 * float((logits.argmax(1) == labels).double().mean()), float(cross_entropy(logits, labels))
