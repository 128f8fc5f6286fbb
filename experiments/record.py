"""What is logged of a network while it is trained: its outputs, the statistics of its activations, its gradients.

In: a network that can be read by hook point (`.hook_points`, `.layers`), images, labels. Out: dicts of NumPy
arrays by name; readings are taken before the first epoch and after each, and stacked along a first axis, epoch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.hooks import HookedModule, run_with_cache

Arrays = dict[str, np.ndarray]

QUANTILE_LEVELS = np.array([0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1])
SMALLEST_RATIO = 1e-12  # stands for an update of nothing, whose logarithm would be minus infinity
EVALUATION_BATCH = 250  # images at a time; keeps a convolution's activations in the processor's cache


def histogram_edges(*, bins: int = 120, most: float = 100.0, linear: float = 0.1) -> np.ndarray:
    """Edges (bins + 1,) from -most to most, evenly spaced in asinh(x / linear), with one edge at exactly 0.

    Below `linear` the bins are nearly equal; above, they widen in proportion. The same for all networks, so
    that histograms can be laid side by side. Edges are rounded to eight significant bits (see `distribution`).
    """
    half = linear * np.sinh(np.linspace(0, np.arcsinh(most / linear), bins // 2 + 1))
    half = (_upper_half(half).astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return np.concatenate([-half[:0:-1], half])


def read_probe(
    model: HookedModule, images: Float[Tensor, "image 1 side side"], labels: Int[Tensor, " image"]
) -> tuple[Arrays, Arrays]:
    """What the probe images do in the network now: (statistics, what each layer hands on to the next).

    The statistics, of every hook point but the input, which never changes, and of every unit:
    mean/<hook>, std/<hook> (class + 1,): per class and, last, over all images; over images, units and positions.
    quantile/<hook> (9,), histogram/<hook> (bins,): over all activations of the hook point.
    class_mean/<layer> (unit, class), class_peak/<layer> (channel, class), active/<layer> (unit,): see
    `unit_statistics`; active/ only where the units can be silent, see `rectified`.
    What each layer hands on: <hook> (image, ...), the activations at its last hook point.
    """
    _, cache = run_with_cache(model, images, names=model.hook_points[1:])
    classes = cache[model.layers[-1]].shape[1]
    statistics: Arrays = {}
    for name, activation in cache.items():
        statistics |= hook_statistics(name, activation, labels, classes=classes)
    for layer in model.layers:
        statistics |= unit_statistics(layer, cache[reading_point(model, layer)], labels, classes=classes)
        if not rectified(model, layer):
            del statistics[f"active/{layer}"]  # a logit is neither on nor off, nor is what is read behind a tanh
    return statistics, {name: cache[name].numpy() for name in last_points(model)}


def hook_statistics(
    name: str, activation: Float[Tensor, "image ..."], labels: Int[Tensor, " image"], *, classes: int | None = None
) -> Arrays:
    """mean/<name>, std/<name> (class + 1,), quantile/<name> (9,), histogram/<name> (bins,) of a hook point's
    activations.

    mean and std: a column for each class, and a last one for all images; the standard deviation is the population's.
    classes: how many there are; as many as the labels tell where it is left out.
    """
    mean, variance = _mean_and_variance(activation.flatten(1))  # of each image
    variances, means = variance.double().numpy(), mean.double().numpy()
    each = range(classes or classes_of(labels))
    groups: list[Any] = [*((labels == label).numpy() for label in each), slice(None)]
    quantile, histogram = distribution(activation.flatten().numpy())
    return {
        f"mean/{name}": np.array([means[group].mean() for group in groups], dtype=np.float32),
        f"std/{name}": np.array(
            [np.sqrt(variances[group].mean() + means[group].var()) for group in groups], dtype=np.float32
        ),
        f"quantile/{name}": quantile,
        f"histogram/{name}": histogram,
    }


def _mean_and_variance(
    values: Float[Tensor, "image value"],
) -> tuple[Float[Tensor, " image"], Float[Tensor, " image"]]:
    """The same as torch.var_mean with correction=0, in a third of its time: that goes from number to number."""
    mean = values.mean(1)
    centred = values - mean[:, None]
    return mean, torch.linalg.vecdot(centred, centred) / values.shape[1]


def distribution(values: Float[np.ndarray, " value"]) -> tuple[np.ndarray, np.ndarray]:
    """(quantile (9,), histogram (bins,)) of float32 values: what sorting would give, in a fraction of the time.

    quantile: at QUANTILE_LEVELS, interpolated linearly as numpy.quantile does. histogram: counts between
    `histogram_edges()`; an edge belongs to the bin on its far side from 0, and the end bins take what lies outside.

    The upper half of a float32 (sign, exponent, seven bits of mantissa) puts the values into ordered drawers.
    Edges lie between drawers, so the histogram is a sum of drawers; for quantiles, only the drawers in which
    they lie are sorted.
    """
    upper = _upper_half(values + np.float32(0))  # adding 0 makes -0.0 a 0.0
    ends = np.concatenate([[0], np.cumsum(np.bincount(upper, minlength=len(DRAWERS))[DRAWERS])])  # values before each
    edges = histogram_edges()[1:-1]
    cuts = ends[PLACE_OF[_upper_half(edges)] + (edges < 0)]
    places = QUANTILE_LEVELS * (len(values) - 1)
    low, high = _ranked(values, upper, ends, np.stack([np.floor(places), np.ceil(places)]).astype(np.int64))
    quantile = low + (high - low) * (places - np.floor(places))
    return quantile.astype(np.float32), np.diff(cuts, prepend=0, append=len(values)).astype(np.int32)


def _ranked(values: np.ndarray, upper: np.ndarray, ends: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """The values that would stand at `ranks`, in float64, if all were sorted."""
    drawer = np.searchsorted(ends, ranks, side="right") - 1
    opened = np.zeros(len(DRAWERS), dtype=bool)
    opened[drawer] = True
    opened[ZERO] = False  # what a ReLU cuts off lies here, and is known without looking
    wanted = np.zeros(len(DRAWERS), dtype=bool)
    wanted[DRAWERS] = opened
    chosen = np.sort(values[wanted.take(upper)]).astype(np.float64)
    before = np.cumsum(np.where(opened, 0, np.diff(ends)))  # values in drawers left shut, up to each drawer
    places = ranks - before[drawer]
    return np.where(drawer == ZERO, 0.0, np.append(chosen, 0.0)[np.where(drawer == ZERO, -1, places)])


def _upper_half(values: Float[np.ndarray, " value"]) -> np.ndarray:
    halves = np.ascontiguousarray(values, dtype=np.float32).view(np.uint16)
    return np.ascontiguousarray(halves[int(sys.byteorder == "little") :: 2])


DRAWERS = np.concatenate([np.arange(0xFFFF, 0x7FFF, -1), np.arange(0x8000)])  # upper halves, from lowest value up
PLACE_OF = np.concatenate([np.arange(0x8000, 0x10000), np.arange(0x7FFF, -1, -1)])  # where each stands among them
ZERO = 0x8000  # the place of 0.0


def unit_statistics(
    layer: str, post: Float[Tensor, "image unit ..."], labels: Int[Tensor, " image"], *, classes: int | None = None
) -> Arrays:
    """What each unit of a layer does for each class; in a convolutional layer a unit is a channel.

    class_mean/<layer> (unit, class): mean activation over the images of a class (and positions).
    class_peak/<layer> (channel, class): mean over the images of a class of the largest activation; convolutional only.
    active/<layer> (unit,): share of the images on which the unit is above 0 (anywhere).
    classes: how many there are; as many as the labels tell where it is left out.
    """
    places = post.flatten(2) if post.ndim > 2 else post.unsqueeze(2)  # (image, unit, position)
    peak = places.amax(2)
    statistics = {
        f"class_mean/{layer}": class_means(places.mean(2), labels, classes=classes),
        f"active/{layer}": (peak > 0).float().mean(0).numpy(),
    }
    return statistics | ({f"class_peak/{layer}": class_means(peak, labels, classes=classes)} if post.ndim > 2 else {})


def class_means(
    values: Float[Tensor, "image unit"], labels: Int[Tensor, " image"], *, classes: int | None = None
) -> Float[np.ndarray, "unit class"]:
    """The mean of each unit over the images of each class; classes: as many as the labels tell where it is left out."""
    means = [values[labels == label].double().mean(0) for label in range(classes or classes_of(labels))]
    return torch.stack(means, dim=1).float().numpy()


def classes_of(labels: Int[Tensor, " image"] | Int[np.ndarray, " image"]) -> int:
    """How many classes labels tell of, where the last class has an image: they count from 0."""
    return int(labels.max()) + 1


def reading_point(model: HookedModule, layer: str) -> str:
    """Where a layer's units are read: behind the ReLU, or, where there is none, the layer's own output."""
    return f"{layer}.post" if f"{layer}.post" in model.hook_points else layer


def rectified(model: HookedModule, layer: str) -> bool:
    """Whether a layer's units are read behind a ReLU, and so are never negative, and can be silent."""
    return "relu" in model.parts.get(layer, ())


def last_points(model: HookedModule) -> list[str]:
    """The last hook point of each layer: what it hands to the next one (hidden1.post, conv1.pooled, logits)."""
    return [[name for name in model.hook_points if name.split(".")[0] == layer][-1] for layer in model.layers]


def evaluate(model: nn.Module, images: Float[Tensor, "image 1 side side"]) -> Float[Tensor, "image class"]:
    """The logits of all images."""
    with torch.no_grad():
        return torch.cat([model(batch) for batch in images.split(EVALUATION_BATCH)])


def read_test(logits: Float[Tensor, "image class"], labels: Int[Tensor, " image"]) -> Arrays:
    """test_loss (), test_accuracy () and class_accuracy (class,), accuracies in [0, 1]."""
    counts = confusion(logits.argmax(1).numpy(), labels.numpy(), classes=logits.shape[1])
    return {
        "test_loss": cross_entropy(logits, labels).numpy(),
        "test_accuracy": np.float64(np.trace(counts) / counts.sum()),
        "class_accuracy": np.diag(counts) / counts.sum(axis=1),
    }


def read_final(model: HookedModule, *, test: tuple[Tensor, Tensor], train: tuple[Tensor, Tensor]) -> Arrays:
    """What is said of the finished network alone; `test` and `train` are (images, labels).

    test_prediction uint8 (image,), test_confidence (image,): the softmax of the predicted class; confusion
    (class, class); final_train_loss (), final_train_accuracy (): over the whole training set.
    """
    confidence, prediction = evaluate(model, test[0]).softmax(1).max(1)
    logits, labels = evaluate(model, train[0]), train[1]
    return {
        "test_prediction": prediction.numpy().astype(np.uint8),
        "test_confidence": confidence.numpy(),
        "confusion": confusion(prediction.numpy(), test[1].numpy(), classes=logits.shape[1]),
        "final_train_loss": cross_entropy(logits, labels).numpy(),
        "final_train_accuracy": (logits.argmax(1) == labels).double().mean().numpy(),
    }


def constants(model: HookedModule) -> Arrays:
    """The names and scales by which a record is read: hook_points, layers, quantile_levels, histogram_edges."""
    return {
        "hook_points": np.array(model.hook_points),
        "layers": np.array(model.layers),
        "quantile_levels": QUANTILE_LEVELS,
        "histogram_edges": histogram_edges(),
    }


def confusion(
    prediction: Int[np.ndarray, " image"], labels: Int[np.ndarray, " image"], *, classes: int | None = None
) -> Int[np.ndarray, "class class"]:
    """How many images of class i (row) are read as class j (column); classes: as many as the labels tell where it is
    left out."""
    classes = classes or classes_of(labels)
    pairs = labels.astype(np.int64) * classes + prediction
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


class StepLog:
    """What happens in the steps of one epoch to one network, or to several of one shape side by side, written into
    arrays made beforehand so that no step waits.

    A layer's gradient is that of its own weight and bias together; of a layer that has none of its own, that of all
    parameters within. A unit's gradient is zero in a step where its bias's gradient, the sum of what reaches the unit
    from every image and position, is exactly zero; a layer without a bias is left out there.
    rates: {parameter: learning rate} of plain gradient descent; None where the caller tells of each step what it
    did, see `moved`.
    """

    def __init__(
        self,
        model: HookedModule,
        *,
        networks: int = 1,
        samples: int,
        steps: int,
        rates: Mapping[str, float] | None,
    ) -> None:
        self._layers = tuple(model.layers)
        modules = {layer: model.get_submodule(layer) for layer in self._layers}
        own = [list(module.parameters(recurse=False)) or list(module.parameters()) for module in modules.values()]
        self.parameters: list[Tensor] = [parameter for of_layer in own for parameter in of_layer]
        self._counts = [len(of_layer) for of_layer in own]
        names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
        self._rates = None if rates is None else [rates[names[parameter]] for parameter in self.parameters]
        biases = {layer: getattr(modules[layer], "bias", None) for layer in self._layers[:-1]}
        self._biases = {layer: bias for layer, bias in biases.items() if isinstance(bias, nn.Parameter)}
        places = {parameter: place for place, parameter in enumerate(self.parameters)}
        self._places = [places[bias] for bias in self._biases.values()]
        self._loss = torch.zeros(steps, networks)
        self._logits = torch.zeros(networks, samples, len(modules[self._layers[-1]].bias))  # type: ignore[arg-type]
        self._norms = torch.zeros(steps, 2, networks, len(self.parameters))
        self._moved = torch.zeros(steps, networks, len(self.parameters))
        self._bias_gradients = torch.zeros(steps, networks, sum(len(bias) for bias in self._biases.values()))

    @torch.no_grad()
    def write(
        self,
        step: int,
        start: int,
        *,
        losses: Sequence[Tensor],
        logits: Float[Tensor, "network sample class"],
        gradients: Sequence[Float[Tensor, "network _"]],
        weights: Sequence[Float[Tensor, "network _"]],
    ) -> None:
        """Logs one step, between the backward pass and the update; `start` is the batch's first sample. losses: () of
        each network. gradients, weights: of each of `parameters`, of all networks, a network's in a row."""
        torch.stack(list(losses), out=self._loss[step])
        self._logits[:, start : start + logits.shape[1]] = logits
        for norms, tensors in zip(self._norms[step], (gradients, weights), strict=True):
            for norm, tensor in zip(norms.unbind(1), tensors, strict=True):
                torch.linalg.vector_norm(tensor, dim=1, out=norm)
        if self._places:
            torch.cat([gradients[place] for place in self._places], dim=1, out=self._bias_gradients[step])

    @torch.no_grad()
    def moved(self, step: int, before: Sequence[Tensor]) -> None:
        """Logs what one step of a single network did; `before` are copies of `parameters` from before it."""
        moves = torch._foreach_norm(torch._foreach_sub(self.parameters, list(before)))
        torch.stack(moves, out=self._moved[step, 0])

    def summaries(self, labels: Int[Tensor, "network sample"], *, batch_size: int) -> list[Arrays]:
        """The epoch in numbers, of each network; `labels` in the order in which it saw the samples.

        train_loss (), train_accuracy (): means over the samples, each read just before its step.
        gradient_norm/<layer> (), update_ratio/<layer> (): means over the steps of the L2 norm of the gradient,
            and of log10(norm of the step / norm of the weights), where the step of plain gradient descent is the
            learning rate times the gradient.
        zero_gradient/<layer> (unit,): the share of steps in which the unit's gradient is exactly zero.
        """
        sizes = np.array([len(batch) for batch in labels[0].split(batch_size)])
        return [self._summary(network, seen, sizes) for network, seen in enumerate(labels)]

    def _summary(self, network: int, labels: Int[Tensor, " sample"], sizes: Int[np.ndarray, " step"]) -> Arrays:
        norms = self._norms[:, :, network]
        gradients, weights = self._of_layers(norms).unbind(1)  # (step, layer) each
        if self._rates is None:
            moves = self._of_layers(self._moved[:, network])
        elif len(set(self._rates)) == 1:
            moves = self._rates[0] * gradients
        else:
            moves = self._of_layers(norms[:, 0].double() * torch.tensor(self._rates, dtype=torch.float64))
        ratios = (moves / weights).clamp_min(SMALLEST_RATIO).log10()
        zero = (
            (self._bias_gradients[:, network] == 0)
            .double()
            .mean(0)
            .split([len(bias) for bias in self._biases.values()])
        )
        return {
            "train_loss": np.average(self._loss[:, network].double().numpy(), weights=sizes),
            "train_accuracy": (self._logits[network].argmax(1) == labels).double().mean().numpy(),
            **_by_layer("gradient_norm", self._layers, gradients.mean(0)),
            **_by_layer("update_ratio", self._layers, ratios.mean(0)),
            **_by_layer("zero_gradient", tuple(self._biases), zero),
        }

    def _of_layers(self, norms: Float[Tensor, "*shape parameter"]) -> Float[Tensor, "*shape layer"]:
        """The norms of layers, of those of their parameters."""
        parts = norms.double().square().split(self._counts, dim=-1)
        return torch.stack([part.sum(-1) for part in parts], dim=-1).sqrt()


def _by_layer(measure: str, layers: Sequence[str], values: Iterable[Tensor]) -> Arrays:
    return {f"{measure}/{layer}": value.numpy() for layer, value in zip(layers, values, strict=True)}


def stacked(readings: Sequence[Mapping[str, np.ndarray]]) -> Arrays:
    """Readings with the same names, as one: the first axis is the reading."""
    return {name: np.stack([reading[name] for reading in readings]) for name in (readings[0] if readings else ())}
