"""What a network answers when one unit is switched off, turned up, or replaced by its average: all units at once.

In: a model, treated images and their labels. Out: confusion matrices and correct logits for every unit and scale.

A layer reaches the next one through a weighted sum, so a unit's share in the next layer's pre-activations is
worked out once: multiplying the unit by s adds (s - 1) times that share. Only what lies behind is run again, on
cached activations, never the whole network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

from experiments.hooks import HookedModule, run_with_cache

SCALES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
BATCH = 250  # images at a time: the activations of all scales stay in the processor's cache


@dataclass(frozen=True)
class Outcome:
    """What the network answers under a list of interventions.

    confusion (..., class, class): images of class i (row) read as class j (column). correct_logit (..., class): mean
    logit of the correct class, over the images of each class (0 for a class without images).
    """

    confusion: Int[np.ndarray, "*shape class class"]
    correct_logit: Float[np.ndarray, "*shape class"]

    def __getitem__(self, index: object) -> Outcome:
        return Outcome(self.confusion[index], self.correct_logit[index])  # type: ignore[call-overload, index]


def scale_units(
    model: HookedModule,
    images: Float[Tensor, "image 1 side side"],
    labels: Int[Tensor, " image"],
    *,
    layer: str,
    units: Sequence[int],
    scales: Sequence[float] = SCALES,
    means: Float[Tensor, "unit ..."] | None = None,
) -> Outcome:
    """Each unit multiplied by each scale, (unit, scale); a unit of a convolutional layer is a channel.

    layer: any but the logits. scales: not negative (so that scaling and max pooling may change places).
    means: what `mean_activations` gives of the layer; then one more column, the last, is mean-ablation: the
    unit says on every image what it says on average, at each position of a channel.
    """
    if min(scales) < 0:
        raise ValueError(f"a unit is multiplied by 0 or more, got {min(scales)}: pooling has no mirror image")
    following = _next_layer(model, layer)
    weight = _listening(model, layer)
    factors = torch.tensor([scale - 1 for scale in scales])

    def changes(activations: Tensor, unit: int) -> Tensor:
        share = contribution(activations, weight, unit)  # (batch, ...) of the next layer's pre-activation
        scaled = factors.reshape(-1, *[1] * share.ndim) * share
        if means is None:
            return scaled
        return torch.cat([scaled, (contribution(means[None], weight, unit) - share)[None]])

    tally = _Tally(len(units), len(scales) + (means is not None), classes=_classes(model))
    for batch, truth in zip(images.split(BATCH), labels.split(BATCH), strict=True):
        activations, base = _cached(model, batch, layer, following)
        for place, unit in enumerate(units):
            tally.add(place, _answers(model, following, base + changes(activations, unit)), truth)
    return tally.outcome()


def scale_directions(
    model: HookedModule,
    images: Float[Tensor, "image 1 side side"],
    labels: Int[Tensor, " image"],
    *,
    layer: str,
    axes: Float[Tensor, "unit direction"],
    scales: Sequence[float],
) -> Outcome:
    """The same with directions in place of units, (direction, scale): the control for what one unit can do.

    axes: orthonormal columns. What the layer hands on (a convolutional layer: after pooling, at each position
    alike) is multiplied by s along the direction and left alone across it.
    """
    following = _next_layer(model, layer)
    weight = torch.einsum("ou...,ud->od...", _listening(model, layer), axes)
    factors = torch.tensor([scale - 1 for scale in scales])
    tally = _Tally(axes.shape[1], len(scales), classes=_classes(model))
    for batch, truth in zip(images.split(BATCH), labels.split(BATCH), strict=True):
        activations, base = _cached(model, batch, layer, following)
        along = torch.einsum("bu...,ud->bd...", activations, axes)
        for place in range(axes.shape[1]):
            share = contribution(along, weight, place)
            changed = base + factors.reshape(-1, *[1] * share.ndim) * share
            tally.add(place, _answers(model, following, changed), truth)
    return tally.outcome()


def contribution(
    activations: Float[Tensor, "batch unit ..."], weight: Float[Tensor, "out unit ..."], unit: int
) -> Float[Tensor, "batch out ..."]:
    """What one unit adds to the pre-activations of the next layer.

    weight: of the next layer; (out, unit) between fully connected layers, (out, unit, i, j) behind a map, a
    kernel for a convolution and as large as the map for a fully connected layer.
    """
    if weight.shape[2:] == activations.shape[2:]:
        return activations[:, unit].reshape(len(activations), -1) @ weight[:, unit].reshape(len(weight), -1).T
    return conv2d(activations[:, unit : unit + 1], weight[:, unit : unit + 1])


def mean_activations(
    model: HookedModule, images: Float[Tensor, "image 1 side side"], *, layer: str
) -> Float[Tensor, "unit ..."]:
    """What a layer hands on when every unit says on every image what it says on average over these images."""
    total: Tensor | None = None
    for batch in images.split(BATCH):
        post = run_with_cache(model, batch, names=f"{layer}.post")[1][f"{layer}.post"].double().sum(0)
        total = post if total is None else total + post
    if total is None:
        raise ValueError("an average over no images")
    mean = (total / len(images)).float()
    return max_pool2d(mean, 2) if f"{layer}.pooled" in model.hook_points else mean


def hidden_layers(model: HookedModule) -> tuple[str, ...]:
    """The layers whose units can be scaled: all that come before the logits."""
    return model.layers[:-1]


def _next_layer(model: HookedModule, layer: str) -> str:
    if layer not in hidden_layers(model):
        raise ValueError(f"no hidden layer is called {layer!r}; there are {', '.join(hidden_layers(model))}")
    return model.layers[model.layers.index(layer) + 1]


def _classes(model: HookedModule) -> int:
    return len(model.get_submodule(model.layers[-1]).bias)  # type: ignore[arg-type]


def _listening(model: HookedModule, layer: str) -> Float[Tensor, "out unit ..."]:
    """The next layer's weights, by the unit that they listen to; see `contribution`."""
    module = model.get_submodule(_next_layer(model, layer))
    if not isinstance(module, nn.Linear | nn.Conv2d):
        raise TypeError(f"behind {layer} stands a {type(module).__name__}; a weighted sum is needed")
    weight, before = module.weight.detach(), model.get_submodule(layer)
    if isinstance(module, nn.Linear) and isinstance(before, nn.Conv2d):
        side = round((weight.shape[1] / before.out_channels) ** 0.5)  # behind a square map, flattened by channel
        return weight.reshape(-1, before.out_channels, side, side)
    return weight


def _cached(model: HookedModule, images: Tensor, layer: str, following: str) -> tuple[Tensor, Tensor]:
    """What the layer hands on, and the next layer's pre-activations."""
    last = [name for name in model.hook_points if name.split(".")[0] == layer][-1]
    pre = f"{following}.pre" if f"{following}.pre" in model.hook_points else following
    _, cache = run_with_cache(model, images, names=[last, pre])
    return cache[last], cache[pre]


@torch.no_grad()
def _answers(
    model: HookedModule, layer: str, pre: Float[Tensor, "change batch ..."]
) -> Float[Tensor, "change batch class"]:
    """The logits that follow from a layer's pre-activations, of several changes at once."""
    changes, batch = pre.shape[:2]
    values = pre.flatten(0, 1)
    if layer != model.layers[-1]:
        if f"{layer}.pooled" in model.hook_points:
            values = max_pool2d(values, 2)  # before the ReLU, with which it may change places: fewer numbers left
        values = values.relu_()
        for name in model.layers[model.layers.index(layer) + 1 :]:
            module = model.get_submodule(name)
            values = module(values.flatten(1) if isinstance(module, nn.Linear) else values)
    return values.reshape(changes, batch, -1)


class _Tally:
    """Answers counted up over batches, for (unit, change)."""

    def __init__(self, units: int, changes: int, *, classes: int) -> None:
        self._pairs = torch.zeros(units, changes, classes, classes, dtype=torch.int64)
        self._logits = torch.zeros(units, changes, classes, dtype=torch.float64)

    def add(self, unit: int, logits: Float[Tensor, "change batch class"], labels: Int[Tensor, " batch"]) -> None:
        changes, _, classes = logits.shape
        offset = torch.arange(changes)[:, None] * classes * classes
        pairs = offset + labels * classes + logits.argmax(2)
        counts = torch.bincount(pairs.flatten(), minlength=changes * classes * classes)
        self._pairs[unit] += counts.reshape(changes, classes, classes)
        correct = logits.gather(2, labels.expand(changes, -1)[:, :, None])[:, :, 0]
        self._logits[unit].index_add_(1, labels, correct.double())

    def outcome(self) -> Outcome:
        confusion = self._pairs.numpy()
        logits = self._logits.numpy() / np.maximum(confusion.sum(axis=3), 1)
        return Outcome(confusion.astype(np.int32), logits.astype(np.float32))
