"""What the units look for: where first-layer weights lie, what saliency maps fall on, and whether these can be trusted.

In: the weights of every run, the probe images, and how often each pixel is lit. Out: for one run (`read`) its
numbers, for one network of each condition (`gallery`) its images, for the study (`compare`) arrays and facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer, UInt8
from torch import Tensor

from experiments.analyses.features_facts import BORDER, facts
from experiments.evidence import Grid, by_condition
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures import attribution, stimuli
from experiments.measures.maps import narrow, packed, roughness, share
from experiments.networks import at_epoch

Arrays = Mapping[str, np.ndarray]
Treatment = Mapping[str, float]  # {"mean", "std"}

SAMPLE = 5  # images of each digit that are attributed for single units, by integration, and in the sanity check
NEW = 1_000_003  # plus a run's seed: the seed of the new weights in its sanity check, far from any run's own
FAVOURITES = 4  # images kept for each unit
METHODS = ("gradient", "gradient_ink", "integrated", "integrated_ink")  # `_ink`: compared on the lit pixels only
BY_EPOCH = ("weight_roughness", "weight_norm", "weight_border")
BY_MOMENT = ("saliency_border", "saliency_ink", "saliency_roughness", "unit_border")


def border(*, train: Arrays) -> dict[str, Any]:
    """How often each pixel is lit: `border.npz`, lit (side, side), the share of training images in which it is not
    black."""
    return {"border.npz": {"lit": (train["images"] > 0).mean(axis=0)}}


def read(
    *,
    weights: Arrays,
    probe: Arrays,
    border: Arrays,
    architecture: Mapping[str, Any],
    treatment: Treatment,
    seed: int,
) -> dict[str, Any]:
    """What one run's weights and saliency maps are like.

    weights: {parameter: (epoch, ...)}. probe: images, labels. border: lit (side, side). seed: the run's own; the new
    weights of the sanity check follow from it. Returns `arrays.npz`: layers (in forward order) and

        weight_roughness, weight_norm (epoch,)   of the first layer: mean `roughness` and L2 norm of a unit's weights,
                                                 where it has weights that are maps
        weight_border (epoch,)                   share of the squared weights on the border, in %, and the same
        change_border ()                         of what training added to them; where a unit sees the whole image
        change_map (side, side)                  root mean square, over units, of what training added to a weight
        saliency_border, saliency_ink (2,)       share of the absolute gradient of the true digit's logit that falls on
                                                 the border, on the image's lit pixels, in %; untrained and at the end
        saliency_roughness (2,)                  mean `roughness` of these absolute gradients
        unit_border (2,)                         as saliency_border, for the units of the last hidden layer
        saliency (sample, pixel)                 absolute gradients of the true digit's logit at the end
        incompleteness ()                        see `attribution.incompleteness`, in %
        fit/<layer> ()                           mean over units of `stimuli.template_fit`; later layers that are
                                                 no maps
        randomised/<method> (layer,)             likeness of the sample's maps to those of the network whose layers
                                                 were drawn anew from the top down to this one (see METHODS)
    """
    pixels, labels = to_pixels(probe["images"]), torch.tensor(probe["labels"]).long()
    few = first_of_each(probe["labels"], count=SAMPLE)
    edge = border["lit"] < BORDER
    start, end = (at_epoch(weights, epoch=epoch, architecture=architecture) for epoch in (0, -1))
    arrays = {"layers": np.array(end.layers)}
    if f"{end.layers[0]}.weight" in weights:
        arrays |= first_layer(weights[f"{end.layers[0]}.weight"], edge)
    moments = [_saliency(model, pixels, labels, few, edge, treatment) for model in (start, end)]
    arrays |= {measure: np.array([found[measure] for found in moments]) for measure in BY_MOMENT}
    arrays |= _fits(end, pixels, treatment)
    arrays |= _sanity(end, pixels[few], labels[few], architecture, treatment, seed)
    return {"arrays.npz": arrays}


def gallery(
    *, weights: Arrays, probe: Arrays, architecture: Mapping[str, Any], treatment: Treatment, ascent_steps: int
) -> dict[str, Any]:
    """The images of one trained network. Arguments as in `read`, and the steps that make a maximised image; returns
    `arrays.npz`

        weights/<layer>       (unit, [channel,] h, w)   of the first layer and of every convolution
        onehot/<layer>        (unit, side, side)        see `stimuli.one_hot_maps`
        gradient/<layer>, integrated/<layer> (n, side, side) of the logits: for the true logit of one image of each
                                                             digit; of the last hidden layer: for each unit and the
                                                             image it answers most strongly
        maximised/<layer>     (unit, side, side) uint8  see `stimuli.maximise`; last hidden layer and logits, from the
                                                        first of several starts
        excess/<layer>        (start, unit)             by how many of the unit's standard deviations the image from
                                                        each start drives it above its favourite probe image
        agreement/<layer>     (unit,)                   see `stimuli.agreement`, of the images from all starts
        favourites/<layer>    (unit, rank)              places in the probe set of the images it answers most strongly
        examples              (digit,)                  places in the probe set of those of gradient/ and integrated/

    All but the last five in eight bits, see `maps.packed`. Units are read before the ReLU. A channel is read where it
    is highest; as a convolution does the same everywhere, its one-hot map is flat but for the edges, by design.
    """
    model = at_epoch(weights, epoch=-1, architecture=architecture)
    pixels, labels = to_pixels(probe["images"]), torch.tensor(probe["labels"]).long()
    arrays: dict[str, np.ndarray] = {}
    for layer in model.layers:
        own = weights.get(f"{layer}.weight")
        kernel = _as_maps(own[-1], side=pixels.shape[-1]) if own is not None else None
        if kernel is not None:
            arrays |= packed(f"weights/{layer}", kernel)
        arrays |= _stimuli(model, layer, pixels, treatment, ascent_steps)
    examples = first_of_each(probe["labels"], count=1)
    arrays |= _explained(model, model.layers[-1], pixels[examples], labels[examples], treatment)
    last = model.layers[-2]
    favourites = arrays[f"favourites/{last}"][:, 0]
    arrays |= _explained(model, last, pixels[favourites.astype(int)], torch.arange(len(favourites)), treatment)
    return {"arrays.npz": arrays | {"examples": narrow(examples, np.int16)}}


def compare(
    *, runs: Mapping[str, Arrays], galleries: Mapping[str, Arrays], probe: Arrays, border: Arrays, grid: Grid
) -> dict[str, Any]:
    """The measures of all runs, stacked over seeds, beside the galleries of the first.

    runs: {"mlp-raw/0": arrays of `read`}. galleries: {"mlp-raw": arrays of `gallery`}. Returns `arrays.npz`:
    lit, edge (side, side); labels (digit,) of the examples; images (n, side, side), the probe images that the galleries
    speak of, and image_index (n,), their places in the probe set; and for every condition

        layers/<condition>, change_map/<condition> (side, side)     root mean square over seeds
        <measure of read>/<condition>                           (seed, epoch) or (seed, 2)
        randomised/<method>/<condition>                         (seed, layer)
        <kind>/<condition>/<layer>                              of the gallery

    and `facts.json`, see `features_facts.facts`.
    """
    groups, edge = by_condition(runs), border["lit"] < BORDER
    arrays: dict[str, np.ndarray] = {"lit": border["lit"].astype(np.float32), "edge": edge}
    for condition, group in groups.items():
        arrays[f"layers/{condition}"] = group[0]["layers"]
        for name in (*BY_EPOCH, *BY_MOMENT, *(f"randomised/{method}" for method in METHODS)):
            if name in group[0]:
                arrays[f"{name}/{condition}"] = np.stack([run[name] for run in group]).astype(np.float32)
        if "change_map" in group[0]:
            changes = np.mean([np.square(run["change_map"]) for run in group], axis=0)
            arrays[f"change_map/{condition}"] = np.sqrt(changes).astype(np.float32)
    for condition, kept in galleries.items():
        for name, values in kept.items():
            kind, slash, layer = name.partition("/")
            arrays[f"{kind}/{condition}{slash}{layer}"] = values
    spoken_of = [
        kept[name] for kept in galleries.values() for name in kept if name.startswith(("favourites/", "examples"))
    ]
    index = np.unique(np.concatenate([places.ravel() for places in spoken_of]))
    arrays |= {"image_index": index, "images": probe["images"][index]}
    return {
        "arrays.npz": arrays,
        "facts.json": facts(groups, galleries, probe["images"], border["lit"], edge, grid),
    }


def first_layer(
    weights: Float[np.ndarray, "epoch unit *receptive"], edge: Bool[np.ndarray, "side side"]
) -> dict[str, np.ndarray]:
    """The measures of the first layer's weights, by epoch; those of place only where a unit sees the whole image."""
    found_maps = [maps for epoch in weights if (maps := _as_maps(epoch, side=len(edge))) is not None]
    if not found_maps:
        return {}
    maps = np.stack(found_maps).astype(np.float64)
    maps = maps.reshape(*maps.shape[:2], *maps.shape[-2:])
    found = {"weight_norm": np.sqrt((maps**2).sum(axis=(2, 3))).mean(axis=1)}
    if min(maps.shape[-2:]) > 1:
        found = {"weight_roughness": np.array([roughness(epoch).mean() for epoch in maps]), **found}
    if maps.shape[-2:] == edge.shape:
        change = ((maps[-1] - maps[0]) ** 2).mean(axis=0)
        found["weight_border"] = 100 * share(np.square(maps).sum(axis=1), edge)
        found["change_border"] = 100 * share(change[None], edge)[0]
        found["change_map"] = np.sqrt(change)
    return found


def to_pixels(images: UInt8[np.ndarray, "image side side"]) -> Float[Tensor, "image 1 side side"]:
    """Pixels in [0, 1]."""
    return torch.tensor(images).float().div_(255).unsqueeze(1)


def first_of_each(labels: Integer[np.ndarray, " image"], *, count: int) -> Integer[np.ndarray, " chosen"]:
    """The places of the first images of each class, class by class."""
    return np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)])


def _as_maps(weights: np.ndarray, *, side: int) -> np.ndarray | None:
    """A layer's weights as maps (unit, [channel,] h, w): filters, or images where there is one for each pixel."""
    if weights.ndim == 4:
        return weights
    is_image = weights.ndim == 2 and weights.shape[1] == side * side
    return weights.reshape(-1, side, side) if is_image else None


def _saliency(
    model: HookedModule, pixels: Tensor, labels: Tensor, few: np.ndarray, edge: np.ndarray, treatment: Treatment
) -> dict[str, float]:
    """Where the gradients of one network fall: of the true logit over all images, of single units over a few."""
    maps = _sizes(attribution.saliency(attribution.reader(model, "logits", **treatment), pixels, labels))
    last = model.layers[-2]
    hidden = attribution.reader(model, attribution.hook_point_of(model, last), **treatment)
    with torch.no_grad():
        units = torch.arange(hidden(pixels[:1]).shape[1])
    each = attribution.saliency(hidden, pixels[few].repeat(len(units), 1, 1, 1), units.repeat_interleave(len(few)))
    return {
        "saliency_border": 100 * share(maps, edge).mean(),
        "saliency_ink": 100 * share(maps, pixels.squeeze(1).numpy() > 0).mean(),
        "saliency_roughness": roughness(maps).mean(),
        "unit_border": 100 * share(_sizes(each), edge).mean(),
    }


def _fits(model: HookedModule, pixels: Tensor, treatment: Treatment) -> dict[str, np.ndarray]:
    """How well one-hot maps foretell units without positions; of a first layer that is fully connected they are its
    weights."""
    found = {}
    for layer in model.layers[1:]:
        point = attribution.hook_point_of(model, layer)
        if run_with_cache(model, pixels[:1], names=point)[1][point].ndim == 2:
            units = attribution.reader(model, point, **treatment)
            with torch.no_grad():
                answers = units(pixels)
            fits = stimuli.template_fit(stimuli.one_hot_maps(units, side=pixels.shape[-1]), pixels, answers)
            found[f"fit/{layer}"] = np.array(fits.mean())
    return found


def _sanity(
    model: HookedModule,
    pixels: Tensor,
    labels: Tensor,
    architecture: Mapping[str, Any],
    treatment: Treatment,
    seed: int,
) -> dict[str, np.ndarray]:
    """Maps of the true logit, the error of integration, and what is left of the maps as the weights are drawn anew."""

    def maps(network: HookedModule) -> dict[str, Tensor]:
        logits = attribution.reader(network, "logits", **treatment)
        return {
            "gradient": attribution.saliency(logits, pixels, labels),
            "integrated": attribution.integrated_gradients(logits, pixels, labels),
        }

    whole, everywhere = maps(model), np.ones((len(pixels), *pixels.shape[2:]), dtype=bool)
    ink = pixels.squeeze(1).numpy() > 0
    alike: dict[str, list[float]] = {method: [] for method in METHODS}  # layers from the top
    for _, network in attribution.randomised(model, architecture=architecture, seed=NEW + seed):
        less = maps(network)
        for method in METHODS:
            kind, _, where = method.partition("_")
            alike[method].append(likeness(whole[kind], less[kind], ink if where else everywhere))
    missed = attribution.incompleteness(
        attribution.reader(model, "logits", **treatment), pixels, labels, whole["integrated"]
    )
    return {
        "saliency": _sizes(whole["gradient"]).reshape(len(pixels), -1).astype(np.float32),
        "incompleteness": np.array(100 * missed),
        **{f"randomised/{method}": np.array(found[::-1]) for method, found in alike.items()},
    }


def likeness(
    a: Float[Tensor, "image side side"], b: Float[Tensor, "image side side"], where: Bool[np.ndarray, "image side side"]
) -> float:
    """Mean over images of the rank correlation of two maps' absolute values, on the pixels chosen for each image."""
    maps = zip(_sizes(a), _sizes(b), where, strict=True)
    return float(np.mean([attribution.rank_correlation(x[on][None], y[on][None])[0] for x, y, on in maps]))


def _stimuli(
    model: HookedModule, layer: str, pixels: Tensor, treatment: Treatment, ascent_steps: int
) -> dict[str, np.ndarray]:
    """One-hot maps and favourite images of a layer's units; for the last two layers also the maximised images."""
    units = attribution.reader(model, attribution.hook_point_of(model, layer), **treatment)
    with torch.no_grad():
        answers = units(pixels)  # (image, unit)
    favourites = narrow(stimuli.favourites(answers, count=FAVOURITES), np.int16)
    side = pixels.shape[-1]
    maps = stimuli.one_hot_maps(units, side=side).numpy()
    found = {**packed(f"onehot/{layer}", maps), f"favourites/{layer}": favourites}
    if layer in model.layers[-2:]:
        scale = answers.std(dim=0)
        begin = stimuli.beginnings(len(scale), side=side)
        images = torch.stack([stimuli.maximise(units, scale=scale, begin=each, steps=ascent_steps) for each in begin])
        with torch.no_grad():
            driven = torch.stack([units(each.unsqueeze(1)).diagonal() for each in images])
        excess = (driven - answers.amax(dim=0)) / torch.where(scale > 0, scale, torch.ones_like(scale))
        found[f"maximised/{layer}"] = images[0].mul(255).round().byte().numpy()
        found[f"excess/{layer}"] = excess.numpy()
        found[f"agreement/{layer}"] = stimuli.agreement(images).astype(np.float32)
    return found


def _explained(
    model: HookedModule, layer: str, pixels: Tensor, units: Tensor, treatment: Treatment
) -> dict[str, np.ndarray]:
    """Gradient and integrated gradients of one unit of a layer for each image."""
    read = attribution.reader(model, attribution.hook_point_of(model, layer), **treatment)
    return {
        **packed(f"gradient/{layer}", attribution.saliency(read, pixels, units).numpy()),
        **packed(f"integrated/{layer}", attribution.integrated_gradients(read, pixels, units).numpy()),
    }


def _sizes(maps: Tensor) -> np.ndarray:
    return maps.abs().double().numpy()
