"""A portrait of every unit: what it prefers, which images excite it, what is lost without it, and who is like it.

In: the weights of a network, its record, the probe images, and what `interventions.read` counted. Out: for one
network (`read`) arrays per unit and what each unit says to each probe image; for all of them (`gather`) each unit's
nearest units in the other networks, the images that portraits show, and facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.functional import pad

from experiments.analyses.absent import of_layers, told
from experiments.analyses.health import ALWAYS, RARE, states
from experiments.analyses.selectivity import limits
from experiments.analyses.unit_effects import ATTRACTOR, BASE, BOTTLENECK, OFF, TRIPLED
from experiments.evidence import Grid, architecture
from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.answers import accuracy, class_accuracy, pull
from experiments.measures.attribution import hook_point_of, reader
from experiments.measures.maps import narrow, packed
from experiments.measures.scaling import BATCH, SCALES
from experiments.measures.stimuli import favourites, one_hot_maps
from experiments.measures.units import living, participation_ratio, selectivity
from experiments.networks import at_epoch
from experiments.record import reading_point
from experiments.statistics import constant
from experiments.treatment import in_pixels, transformed, treat

Arrays = Mapping[str, np.ndarray]

TOP_IMAGES = 8  # of a portrait
PATCHES = 100  # images over whose patches a channel's mean patch is taken
KINDS = ("dead", "specialist", "polysemantic", "generalist")


def read(
    *,
    weights: Arrays,
    record: Arrays,
    probe: Arrays,
    interventions: Arrays,
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, Any]:
    """The portraits of one trained network's hidden units; in a convolutional layer a unit is a channel.

    interventions: arrays of `interventions.read`. Returns `responses.npz`, <layer> (image, unit): activations after
    the ReLU, averaged over positions; and `portraits.npz`: layers, scales, images (class,) of the test set
    by class, and for each hidden layer

        profile/<layer>       (unit, class)          class means on the probe images, at the end
        means/<layer>         (epoch, unit, class)   the same by epoch, float16
        selectivity/<layer>, active/<layer>       (epoch, unit)
        participation/<layer> (unit,)             at the end
        kind/<layer>          (unit,)             one of KINDS, by the participation ratio at the end
        always/<layer>, rare/<layer>              (unit,)  see `health`
        correct/<layer>       (unit, scale, class)   test images of each class read correctly, at SCALES
        change/<layer>        (unit, class, class)   confusion matrix with the unit off minus the baseline's, in images
        effect/<layer>        (unit, 6)           see `effects`
        averaged/<layer>      (unit,)             accuracy lost with the unit set to its average, in points
        bottleneck/<layer>, attractor/<layer>     (unit,)  see `interventions`
        onehot/<layer>        (unit, side, side)     layers that are no convolutions; see `stimuli.one_hot_maps`
        filter/<layer>        (unit, channel, k, k)   convolutional layers: the weights
        patch/<layer>         (unit, side, side) uint8    convolutional layers: see `mean_patches`
        top/<layer>           (unit, 8)           places in the probe set of the images it answers most strongly
        answer/<layer>        (unit, 8)           what it says to them after the ReLU, a channel where it is highest

    onehot/ and filter/ are in eight bits, see `maps.packed`. Of a layer without a ReLU there is no selectivity, active,
    participation, kind, always or rare.
    """
    model = cast(HookedModule, at_epoch(weights, epoch=-1, architecture=architecture))
    inputs = treat(probe["images"], **treatment)
    pixels = transformed(in_pixels(probe["images"]), treatment.get("transforms", ()))[:, 0]
    layers = [str(layer) for layer in interventions["layers"]]
    arrays: dict[str, np.ndarray] = {"layers": np.array(layers), "scales": np.array(SCALES)} | told(
        of_layers(record, layers)
    )
    arrays["images"] = interventions[f"confusion/{layers[0]}"][0, BASE].sum(axis=1)
    responses: dict[str, np.ndarray] = {}
    for layer in layers:
        pre, post = _activations(model, inputs, layer)  # (image, unit, ...) each
        top = favourites(pre.flatten(2).amax(2) if pre.ndim > 2 else pre, count=TOP_IMAGES)
        peak = post.flatten(2).amax(2) if post.ndim > 2 else post
        responses[layer] = (post.flatten(2).mean(2) if post.ndim > 2 else post).numpy()
        arrays |= _history(record, layer) | _interventions(interventions, layer)
        arrays |= {
            f"top/{layer}": narrow(top, np.int16),
            f"answer/{layer}": np.take_along_axis(peak.numpy().T, top, axis=1).astype(np.float16),
        }
        if isinstance(model.get_submodule(layer), nn.Conv2d):
            arrays |= packed(f"filter/{layer}", weights[f"{layer}.weight"][-1])
            field = receptive_field(model, layer, shape=tuple(pre.shape[2:]), side=pixels.shape[-1])
            if field is not None:
                arrays[f"patch/{layer}"] = mean_patches(pre, pixels, field)
        else:
            units = reader(model, hook_point_of(model, layer), **treatment)
            arrays |= packed(f"onehot/{layer}", one_hot_maps(units, side=pixels.shape[-1]).numpy())
    return {"portraits.npz": arrays, "responses.npz": responses}


def kinds(means: Float[np.ndarray, "unit classes"]) -> np.ndarray:
    """One of KINDS for every unit, by its class means: by the thresholds that the study counts specialists with."""
    ratio, (few, many) = participation_ratio(means), limits(means.shape[-1])
    found = np.where(ratio < few, "specialist", np.where(ratio > many, "generalist", "polysemantic"))
    return np.where(living(means), found, "dead")


def effects(confusion: Int[np.ndarray, "unit scale true read"]) -> Float[np.ndarray, "unit 6"]:
    """What becomes of the network's answers when each unit is switched off, and when it is tripled.

    Columns: accuracy lost when off, in points; the class that loses most then, and by how many points; accuracy
    lost when tripled, in points; the class that then draws most images of other classes, and by how many points of
    them more than in the untouched network.
    """
    base, off, tripled = (confusion[:, scale] for scale in (BASE, OFF, TRIPLED))
    losses = class_accuracy(base) - class_accuracy(off)  # (unit, class)
    pulled = pull(tripled) - pull(base)
    columns = (
        accuracy(base) - accuracy(off),
        losses.argmax(axis=1),
        losses.max(axis=1),
        accuracy(base) - accuracy(tripled),
        pulled.argmax(axis=1),
        pulled.max(axis=1),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def mean_patches(
    pre: Float[Tensor, "image channel h w"], pixels: Float[Tensor, "image side side"], field: Field
) -> UInt8[np.ndarray, "channel size size"]:
    """For each channel, what it looks at where it is highest: the mean patch of the images it answers most strongly.

    From each of its PATCHES favourite images the patch that lies in the receptive field of its highest position is
    taken, and the patches are averaged; outside of the image all is black. Grey levels 0 to 255.
    """
    size, stride, margin = field.size, field.stride, field.margin
    pixels = pad(pixels, [margin] * 4)
    peak, place = pre.flatten(2).max(2)  # (image, channel)
    top = favourites(peak, count=PATCHES)  # (channel, rank)
    found = np.zeros((pre.shape[1], size, size))
    for channel, images in enumerate(top):
        rows, columns = np.divmod(place[images, channel].numpy() * 1, pre.shape[3])
        patches = [
            pixels[image, row : row + size, column : column + size].numpy()
            for image, row, column in zip(images, rows * stride, columns * stride, strict=True)
        ]
        found[channel] = np.mean(patches, axis=0)
    return np.rint(255 * found).astype(np.uint8)


@dataclass(frozen=True)
class Field:
    """Of a channel's position: how many pixels across it sees, how many pixels lie between neighbours' fields, and how
    far the first one's reaches beyond the image."""

    size: int
    stride: int
    margin: int


def receptive_field(model: HookedModule, layer: str, *, shape: tuple[int, ...], side: int) -> Field | None:
    """What each position of a layer's maps sees of images of that side.

    Known for convolutions and 2x2 pooling, one after another; None where maps of that shape do not agree with that.
    """
    size, stride, margin, left = 1, 1, 0, side
    for name in model.layers[: model.layers.index(layer) + 1]:
        module = model.get_submodule(name)
        if not isinstance(module, nn.Conv2d) or isinstance(module.padding, str) or module.dilation != (1, 1):
            return None
        kernel, step, around = module.kernel_size[0], module.stride[0], module.padding[0]
        size, margin, stride = size + (kernel - 1) * stride, margin + around * stride, stride * step
        left = (left + 2 * around - kernel) // step + 1
        if name != layer and f"{name}.pooled" in model.hook_points:
            size, stride, left = size + stride, 2 * stride, left // 2
    return Field(size, stride, margin) if shape == (left, left) else None


def correlations(
    a: Float[np.ndarray, "image unit"], b: Float[np.ndarray, "image other"]
) -> Float[np.ndarray, "unit other"]:
    """Pearson's correlation, over images, of every unit of one network with every unit of another; 0 for a unit
    that says the same to every image."""
    standard = []
    for values in (a, b):
        centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
        size = np.sqrt((centred**2).sum(axis=0))
        standard.append(np.divide(centred, size, out=np.zeros_like(centred), where=size > 0))
    return standard[0].T @ standard[1]


def gather(
    *,
    portraits: Mapping[str, Arrays],
    responses: Mapping[str, Arrays],
    probe: Arrays,
    card: Mapping[str, Any],
    grid: Grid,
) -> dict[str, Any]:
    """Each unit's nearest units in the other networks, and the images of all portraits.

    portraits, responses: {"mlp-raw": arrays of `read`}. card: of the data set. Returns `arrays.npz`: place (n,) in the
    probe set, index (n,) in the test set, images (n, side, side) and labels (n,) of the images that portraits show, and
    for every pair

        nearest/<condition>/<other>       (unit,)   the other network's hidden unit that correlates best, counted
                                                    through its layers; -1 for a unit that says nothing
        correlation/<condition>/<other>   (unit,)   that correlation

    and `facts.json`: counts units.<kind>.<condition> and units.<kind>, medians
    units.nearest.<condition>.<other>, units.nearest.same and units.nearest.other (of pairs of networks with the
    same and with another architecture, where there are such), and the thresholds.
    """
    said = {
        condition: np.concatenate([found[str(layer)] for layer in portraits[condition]["layers"]], axis=1)
        for condition, found in responses.items()
    }
    arrays: dict[str, np.ndarray] = {}
    for condition, own in said.items():
        for other, theirs in said.items():
            if other == condition:
                continue
            alike = correlations(own, theirs)
            best = np.where(np.ptp(own, axis=0) > 0, alike.argmax(axis=1), -1)
            arrays[f"nearest/{condition}/{other}"] = best.astype(np.int16)
            arrays[f"correlation/{condition}/{other}"] = alike.max(axis=1).astype(np.float32)
    shown = [found[name].ravel() for found in portraits.values() for name in found if name.startswith("top/")]
    place = np.unique(np.concatenate(shown))
    arrays |= {
        "place": narrow(place, np.int16),
        "index": probe["index"][place],
        "images": probe["images"][place],
        "labels": probe["labels"][place],
    }
    return {"arrays.npz": arrays, "facts.json": _facts(portraits, arrays, card, grid)}


def _facts(portraits: Mapping[str, Arrays], arrays: Arrays, card: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    counted = "counted over the hidden units and channels of the specimens"
    totals = dict.fromkeys(("units", *KINDS, "bottlenecks", "attractors"), 0)
    for condition, found in portraits.items():
        for name, count in _counts(found).items():
            totals[name] += count
            facts[f"units.{name}.{condition}"] = constant(count, unit="units", n=1, method=counted)
    facts |= {f"units.{name}": constant(count, unit="units", n=1, method=counted) for name, count in totals.items()}
    best: dict[str, list[np.ndarray]] = {"same": [], "other": []}
    for name in arrays:
        kind, _, pair = name.partition("/")
        if kind == "nearest":
            condition, other = pair.split("/")
            chosen = arrays[f"correlation/{pair}"][arrays[name] >= 0]
            facts[f"units.nearest.{condition}.{other}"] = _median(chosen)
            alike = architecture(grid, condition) == architecture(grid, other)
            best["same" if alike else "other"].append(chosen)
    facts |= {f"units.nearest.{kind}": _median(np.concatenate(chosen)) for kind, chosen in best.items() if chosen}
    few, many = limits(card["classes"])
    thresholds = {
        "specialist_below": (few, card["kinds"]),
        "generalist_above": (many, card["kinds"]),
        "bottleneck_from": (BOTTLENECK, "points"),
        "attractor_from": (ATTRACTOR, "points"),
        "always_above": (100 * ALWAYS, "%"),
        "rare_below": (100 * RARE, "%"),
        "top_images": (TOP_IMAGES, "images"),
        "patches": (PATCHES, "images"),
    }
    for name, (value, unit) in thresholds.items():
        facts[f"units.{name}"] = constant(value, unit=unit, n=1, method="a constant of the study")
    return facts


def _counts(found: Arrays) -> dict[str, int]:
    """How many units of a network are of which kind."""
    layers = [str(layer) for layer in found["layers"]]
    kind = np.concatenate([found.get(f"kind/{layer}", np.array([], dtype=str)) for layer in layers])
    units = sum(len(found[f"profile/{layer}"]) for layer in layers)
    counts = {"units": units, **{each: int((kind == each).sum()) for each in KINDS if len(kind)}}
    return counts | {
        f"{name}s": sum(int(found[f"{name}/{layer}"].sum()) for layer in layers) for name in ("bottleneck", "attractor")
    }


def _median(correlation: Float[np.ndarray, " unit"]) -> dict[str, Any]:
    """The median over living units of the correlation with the nearest unit; no value where there are none."""
    return constant(
        float(np.median(correlation)) if len(correlation) else None,
        unit="",
        n=max(len(correlation), 1),
        method="median over the living units of the specimen of the correlation with the nearest unit",
    )


def _history(record: Arrays, layer: str) -> dict[str, np.ndarray]:
    """A layer's units by epoch, as recorded."""
    means, active = record[f"class_mean/{layer}"], record.get(f"active/{layer}")
    if active is None:
        return {f"means/{layer}": means.astype(np.float16), f"profile/{layer}": means[-1].astype(np.float32)}
    return {
        f"means/{layer}": means.astype(np.float16),
        f"selectivity/{layer}": selectivity(means).astype(np.float32),
        f"profile/{layer}": means[-1].astype(np.float32),
        f"participation/{layer}": participation_ratio(means[-1]),
        f"active/{layer}": active.astype(np.float32),
        f"kind/{layer}": kinds(means[-1]),
        f"always/{layer}": states(active[-1])["always"],
        f"rare/{layer}": states(active[-1])["rare"],
    }


def _interventions(counted: Arrays, layer: str) -> dict[str, np.ndarray]:
    """What `interventions.read` counted of a layer, and what it comes to."""
    confusion = counted[f"confusion/{layer}"]
    effect = effects(confusion)
    base, mean = confusion[:, BASE], counted[f"mean_confusion/{layer}"]
    averaged = class_accuracy(base) - class_accuracy(mean)  # (unit, class)
    return {
        f"correct/{layer}": narrow(np.diagonal(confusion, axis1=2, axis2=3), np.int16),
        f"change/{layer}": narrow(confusion[:, OFF] - confusion[:, BASE], np.int16),
        f"effect/{layer}": effect,
        f"averaged/{layer}": (accuracy(base) - accuracy(mean)).astype(np.float32),
        f"bottleneck/{layer}": averaged.max(axis=1) >= BOTTLENECK,
        f"attractor/{layer}": effect[:, 5] >= ATTRACTOR,
    }


def _activations(model: HookedModule, inputs: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """What every unit of a layer says to every image, (image, unit, ...): before the ReLU, and where it is read."""
    points = [hook_point_of(model, layer), reading_point(model, layer)]
    found = [run_with_cache(model, batch, names=[*{*points}])[1] for batch in inputs.split(BATCH)]
    before, read = (torch.cat([cache[point] for cache in found]) for point in points)
    return before, read
