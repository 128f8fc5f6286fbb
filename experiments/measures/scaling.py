"""What a network answers when one unit is switched off, turned up, or replaced by its average: all units at once.

In: a model, treated images and their labels. Out: confusion matrices and correct logits for every unit and scale.

In any network a hook edits the unit, and the whole network is run again. A plain one (experiments/models/plain.py) need
not be: its layers reach the next through a weighted sum, so a unit's share in the next layer's pre-activations is
worked out once; multiplying the unit by s adds (s - 1) times that share, and only what lies behind is run again. Such a
replay counts only where it gives every answer of the untouched network, and on the first images what hooks give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import conv2d

from experiments.hooks import HookedModule, run_with_cache, run_with_hooks
from experiments.models import plain
from experiments.record import reading_point

SCALES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
BATCH = 250  # images at a time: the activations of all scales stay in the processor's cache
NEAR = 1e-4  # how far a replayed logit may lie from that of a hook, as a share of the largest

Edit = Callable[[Tensor], Tensor]  # what is read of a layer -> what stands in its place
# (what a layer hands on) -> (place) -> (change, batch, ...): what each change there adds to the next layer's
# pre-activations
Shares = Callable[[Tensor], Callable[[int], Tensor]]


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
    unit hands on, on every image, what it hands on on average, at each position of a channel.
    """
    if min(scales) < 0:
        raise ValueError(f"a unit is multiplied by 0 or more, got {min(scales)}: pooling has no mirror image")
    edits = [[_multiplied(unit, scale) for scale in scales] for unit in units]
    if means is not None:
        edits = [[*found, _replaced(unit, means[unit])] for unit, found in zip(units, edits, strict=True)]

    def shares() -> Shares:
        weight, padding = _listening(model, layer)
        factors = torch.tensor([scale - 1 for scale in scales])

        def of_batch(activations: Tensor) -> Callable[[int], Tensor]:
            def of_unit(place: int) -> Tensor:
                unit = units[place]
                share = contribution(activations, weight, unit, padding=padding)
                scaled = factors.reshape(-1, *[1] * share.ndim) * share
                if means is None:
                    return scaled
                return torch.cat([scaled, (contribution(means[None], weight, unit, padding=padding) - share)[None]])

            return of_unit

        return of_batch

    point = _handing_point(model, layer)
    return _outcome(model, images, labels, layer=layer, point=point, edits=edits, shares=shares)


def scale_directions(
    model: HookedModule,
    images: Float[Tensor, "image 1 side side"],
    labels: Int[Tensor, " image"],
    *,
    layer: str,
    axes: Float[Tensor, "unit direction"],
    scales: Sequence[float],
    means: Float[Tensor, "unit ..."] | None = None,
) -> Outcome:
    """The same with directions in place of units, (direction, scale): the control for what one unit can do.

    axes: orthonormal columns. What the layer hands on (at each position alike) is multiplied by s along the direction
    and left alone across it. means: as in `scale_units`; the last column is then mean-ablation, the direction
    projected out to its mean.
    """
    edits = [[_stretched(axis, scale) for scale in scales] for axis in axes.T]
    if means is not None:
        edits = [[*found, _levelled(axis, means)] for axis, found in zip(axes.T, edits, strict=True)]

    def shares() -> Shares:
        own, padding = _listening(model, layer)
        weight = torch.einsum("ou...,ud->od...", own, axes)
        factors = torch.tensor([scale - 1 for scale in scales])

        def of_batch(activations: Tensor) -> Callable[[int], Tensor]:
            along = torch.einsum("bu...,ud->bd...", activations, axes)
            level = None if means is None else torch.einsum("u...,ud->d...", means, axes)[None]

            def of_direction(place: int) -> Tensor:
                share = contribution(along, weight, place, padding=padding)
                scaled = factors.reshape(-1, *[1] * share.ndim) * share
                if level is None:
                    return scaled
                return torch.cat([scaled, (contribution(level, weight, place, padding=padding) - share)[None]])

            return of_direction

        return of_batch

    point = _handing_point(model, layer)
    return _outcome(model, images, labels, layer=layer, point=point, edits=edits, shares=shares)


def mean_activations(
    model: HookedModule, images: Float[Tensor, "image 1 side side"], *, layer: str
) -> Float[Tensor, "unit ..."]:
    """What a layer hands on when every unit hands on, on every image, its average over these images."""
    point = _handing_point(model, layer)
    total: Tensor | None = None
    for batch in images.split(BATCH):
        post = run_with_cache(model, batch, names=point)[1][point].double().sum(0)
        total = post if total is None else total + post
    if total is None:
        raise ValueError("an average over no images")
    return (total / len(images)).float()


def hidden_layers(model: HookedModule) -> tuple[str, ...]:
    """The layers whose units can be scaled: all that come before the logits."""
    return model.layers[:-1]


# By hooks: in any network


def _multiplied(unit: int, scale: float) -> Edit:
    def edit(activation: Tensor) -> Tensor:
        activation = activation.clone()
        activation[:, unit] *= scale
        return activation

    return edit


def _replaced(unit: int, mean: Tensor) -> Edit:
    def edit(activation: Tensor) -> Tensor:
        activation = activation.clone()
        activation[:, unit] = mean
        return activation

    return edit


def _stretched(axis: Float[Tensor, " unit"], scale: float) -> Edit:
    def edit(activation: Tensor) -> Tensor:
        along = torch.einsum("bu...,u->b...", activation, axis)
        return activation + (scale - 1) * torch.einsum("b...,u->bu...", along, axis)

    return edit


def _levelled(axis: Float[Tensor, " unit"], means: Float[Tensor, "unit ..."]) -> Edit:
    def edit(activation: Tensor) -> Tensor:
        along = torch.einsum("bu...,u->b...", means - activation, axis)
        return activation + torch.einsum("b...,u->bu...", along, axis)

    return edit


@torch.no_grad()
def _edited(model: HookedModule, images: Tensor, point: str, edit: Edit) -> Float[Tensor, "batch class"]:
    return run_with_hooks(model, images, forward_hooks=[(point, lambda activation, _: edit(activation))])


def _outcome(
    model: HookedModule,
    images: Tensor,
    labels: Tensor,
    *,
    layer: str,
    point: str,
    edits: Sequence[Sequence[Edit]],
    shares: Callable[[], Shares],
) -> Outcome:
    """What comes of (place, change) edits of a layer at a hook point; by replay where that can be relied on."""
    if layer not in hidden_layers(model):
        raise ValueError(f"no hidden layer is called {layer!r}; there are {', '.join(hidden_layers(model))}")
    batches = list(zip(images.split(BATCH), labels.split(BATCH), strict=True))
    if not plain.departure(model):
        replayed = _replayed(model, batches, layer=layer, point=point, edits=edits, shares=shares())
        if replayed is not None:
            return replayed
    tally = _Tally(len(edits), len(edits[0]), classes=_classes(model))
    for batch, truth in batches:
        for place, of_place in enumerate(edits):
            tally.add(place, torch.stack([_edited(model, batch, point, edit) for edit in of_place]), truth)
    return tally.outcome()


# By replay: in a plain network


def _replayed(
    model: HookedModule,
    batches: Sequence[tuple[Tensor, Tensor]],
    *,
    layer: str,
    point: str,
    edits: Sequence[Sequence[Edit]],
    shares: Shares,
) -> Outcome | None:
    """The same by replay; None where one answer of the untouched network comes out otherwise, or, of the first images
    and the last change of any place, a logit."""
    following = model.layers[model.layers.index(layer) + 1]
    tally = _Tally(len(edits), len(edits[0]), classes=_classes(model))
    for number, (batch, truth) in enumerate(batches):
        logits, activations, base = _cached(model, batch, layer, following)
        untouched = _answers(model, following, base[None].clone())[0]
        if not torch.equal(untouched.argmax(1), logits.argmax(1)):
            return None
        added = shares(activations)
        for place, of_place in enumerate(edits):
            answers = _answers(model, following, base + added(place))
            if number == 0 and not _are_alike(answers[-1], _edited(model, batch, point, of_place[-1])):
                return None
            tally.add(place, answers, truth)
    return tally.outcome()


def _are_alike(replayed: Tensor, logits: Tensor) -> bool:
    return bool((replayed - logits).abs().max() <= NEAR * logits.abs().max())


def contribution(
    activations: Float[Tensor, "batch unit ..."],
    weight: Float[Tensor, "out unit ..."],
    unit: int,
    *,
    padding: int | None,
) -> Float[Tensor, "batch out ..."]:
    """What one unit adds to the pre-activations of the next layer.

    weight: of the next layer; (out, unit) between fully connected layers, (out, unit, i, j) behind a map, a
    kernel for a convolution and as large as the map for a fully connected layer. padding: of the convolution, or None.
    """
    if padding is None:
        return activations[:, unit].reshape(len(activations), -1) @ weight[:, unit].reshape(len(weight), -1).T
    return conv2d(activations[:, unit : unit + 1], weight[:, unit : unit + 1], padding=padding)


def _listening(model: HookedModule, layer: str) -> tuple[Float[Tensor, "out unit ..."], int | None]:
    """The next layer's weights, by the unit that they listen to, and its padding; see `contribution`."""
    module = model.get_submodule(model.layers[model.layers.index(layer) + 1])
    weight: Tensor = module.weight.detach()  # type: ignore[operator, union-attr, assignment]
    if isinstance(module, nn.Conv2d):
        return weight, int(module.padding[0])
    size = len(model.get_parameter(f"{layer}.bias"))
    if weight.shape[1] != size:
        side = round((weight.shape[1] / size) ** 0.5)  # behind a square map, flattened channel by channel
        weight = weight.reshape(-1, size, side, side)
    return weight, None


def _classes(model: HookedModule) -> int:
    return len(model.get_submodule(model.layers[-1]).bias)  # type: ignore[arg-type]


def _handing_point(model: HookedModule, layer: str) -> str:
    """Where a layer's units are edited: behind its pooling, where it has one, else where they are read."""
    return f"{layer}.pooled" if _is_pooled(model, layer) else reading_point(model, layer)


def _is_pooled(model: HookedModule, layer: str) -> bool:
    return f"{layer}.pooled" in model.hook_points


def _cached(model: HookedModule, images: Tensor, layer: str, following: str) -> tuple[Tensor, Tensor, Tensor]:
    """The logits, what the layer hands on, and the next layer's pre-activations."""
    last = [name for name in model.hook_points if name.split(".")[0] == layer][-1]
    pre = f"{following}.pre" if f"{following}.pre" in model.hook_points else following
    logits, cache = run_with_cache(model, images, names=[last, pre])
    return logits, cache[last], cache[pre]


@torch.no_grad()
def _answers(
    model: HookedModule, layer: str, pre: Float[Tensor, "change batch ..."]
) -> Float[Tensor, "change batch class"]:
    """The logits that follow from a layer's pre-activations, of several changes at once."""
    changes, batch = pre.shape[:2]
    values = pre.flatten(0, 1)
    if layer != model.layers[-1]:
        if f"{layer}.pooled" in model.hook_points:
            values = _pooled(values)  # before the ReLU, with which it may change places: fewer numbers left
        values = values.relu_()
        for name in model.layers[model.layers.index(layer) + 1 :]:
            module = model.get_submodule(name)
            values = module(values.flatten(1) if isinstance(module, nn.Linear) else values)
    return values.reshape(changes, batch, -1)


def _pooled(values: Float[Tensor, "batch unit h w"]) -> Float[Tensor, "batch unit down across"]:
    """Max pooling by two: what max_pool2d gives, in a fifth of the time, as no place needs to be remembered."""
    down, across = (size // 2 * 2 for size in values.shape[2:])
    rows = torch.maximum(values[:, :, 0:down:2], values[:, :, 1:down:2])
    return torch.maximum(rows[..., 0:across:2], rows[..., 1:across:2])


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
