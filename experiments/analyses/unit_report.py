"""One unit of one network, in full: what it prefers, and what the network answers when it is scaled.

In: a network or a model, images and labels. Out: a UnitReport, which prints itself. Made for notebooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments.hooks import HookedModule, run_with_cache
from experiments.measures.answers import accuracy, class_accuracy
from experiments.measures.scaling import BATCH, SCALES, hidden_layers, mean_activations, scale_units
from experiments.measures.units import TOP, class_selectivity, participation_ratio
from experiments.networks import Network
from experiments.record import class_means, reading_point, rectified


def analyze_unit(
    network: Network | HookedModule,
    images: np.ndarray | Tensor,
    labels: np.ndarray | Tensor,
    *,
    layer: str,
    unit: int,
    scales: Sequence[float | int] = SCALES,
) -> UnitReport:
    """Everything that this study measures of one unit, for these images.

        from experiments import published
        from experiments.analyses.unit_report import analyze_unit

        network = published.network("mlp-raw")
        images, labels = published.examples()
        report = analyze_unit(network, images, labels, layer="hidden2", unit=7)
        report                        # a readable summary
        report.class_accuracy[0]      # accuracy on each class with the unit switched off, in %
        report.confusion_change[0]    # how many images of class i (row) are now read as class j (column)

    network: a `Network`, with images uint8 (image, side, side) as they are stored, for it knows its input treatment;
        or a bare model, with images (image, 1, side, side) as it is fed. labels: (image,) integers from 0.
    layer: a hidden layer, e.g. "hidden1" or "conv2"; unit: its number, from 0; in a convolutional layer a channel.
    scales: what the unit is multiplied by, each 0 or more; 0 is ablation.

    Raises ValueError for a layer that the network lacks, a unit that the layer lacks, images that do not fit, or
    a negative scale.
    """
    model, inputs, truth = _prepared(network, images, labels)
    if layer not in hidden_layers(model):
        raise ValueError(f"no hidden layer is called {layer!r}; there are {', '.join(hidden_layers(model))}")
    averages = mean_activations(model, inputs, layer=layer)
    if not 0 <= unit < len(averages):
        raise ValueError(f"{layer} has units 0 to {len(averages) - 1}, got {unit}")
    outcome = scale_units(
        model, inputs, truth, layer=layer, units=[unit], scales=[1.0, *map(float, scales)], means=averages
    )  # (1, baseline + scales + mean-ablation)
    confusion, logits = outcome.confusion[0], outcome.correct_logit[0]
    means = class_means(_read(model, inputs, layer)[:, unit : unit + 1], truth, classes=confusion.shape[-1])[0]
    return UnitReport(
        layer=layer,
        unit=unit,
        scales=np.array(scales, dtype=float),
        class_means=means,
        selectivity=class_selectivity(means) if rectified(model, layer) else None,
        participation_ratio=float(participation_ratio(means)) if rectified(model, layer) else None,
        top_classes=np.argsort(-means, kind="stable")[:TOP],
        baseline=confusion[0],
        accuracy=accuracy(confusion[1:-1]),
        class_accuracy=class_accuracy(confusion[1:-1]),
        correct_logit=logits[1:-1],
        confusion_change=confusion[1:-1] - confusion[0],
        mean_ablated_class_accuracy=class_accuracy(confusion[-1]),
    )


@dataclass(frozen=True, eq=False, repr=False)
class UnitReport:
    """One unit. Accuracies are in %; class means are after the ReLU (a channel: averaged over positions)."""

    layer: str
    unit: int
    scales: Float[np.ndarray, " scale"]
    class_means: Float[np.ndarray, " classes"]
    selectivity: Float[np.ndarray, " classes"] | None  # for each class; None without a ReLU: it can be negative
    participation_ratio: float | None  # to how many classes it responds, 0: it is dead on these images; or None
    top_classes: Int[np.ndarray, " top"]  # classes with the largest means, best first
    baseline: Int[np.ndarray, "true read"]  # confusion matrix of the untouched network, in images
    accuracy: Float[np.ndarray, " scale"]
    class_accuracy: Float[np.ndarray, "scale classes"]
    correct_logit: Float[np.ndarray, "scale classes"]  # mean logit of the correct class
    confusion_change: Int[np.ndarray, "scale true read"]  # confusion matrix minus the baseline, in images
    mean_ablated_class_accuracy: Float[np.ndarray, " classes"]

    def __repr__(self) -> str:
        favourite = self.top_classes[0]
        head = [
            f"Unit {self.unit} of {self.layer}, {int(self.baseline.sum())} images",
            f"  responds most to    {', '.join(str(each) for each in self.top_classes)}"
            f"   (class means {', '.join(f'{self.class_means[each]:.2f}' for each in self.top_classes)})",
        ]
        if self.selectivity is not None:
            head.append(f"  selectivity         {self.selectivity[favourite]:.2f} for {favourite}")
            head.append(f"  participation ratio {self.participation_ratio:.1f} of {len(self.class_means)} classes")
        head.append(f"  accuracy in %, untouched {float(accuracy(self.baseline)):.1f}")
        names = "".join(f"{digit:>7}" for digit in range(len(self.class_means)))
        table = [f"  {'scale':>9}{'all':>7}{names}"]
        table += [
            f"  {scale:>9g}{total:>7.1f}{''.join(f'{share:>7.1f}' for share in shares)}"
            for scale, total, shares in zip(self.scales, self.accuracy, self.class_accuracy, strict=True)
        ]
        return "\n".join(head + table)


def _prepared(network: Network | HookedModule, images: Any, labels: Any) -> tuple[HookedModule, Tensor, Tensor]:
    truth = torch.as_tensor(np.asarray(labels).astype(np.int64))
    if isinstance(network, Network):
        images, model = network.treat(np.asarray(images)), cast(HookedModule, network.model)
    else:
        images, model = torch.as_tensor(images), network
    if images.ndim != 4 or len(images) != len(truth) or not len(truth):
        shapes = f"{tuple(images.shape)} and {tuple(truth.shape)}"
        raise ValueError(f"a model takes images (image, 1, side, side), one label for each, got {shapes}")
    return model, images, truth


def _read(model: HookedModule, inputs: Tensor, layer: str) -> Float[Tensor, "image unit"]:
    """The layer's activations where it is read; averaged over positions."""
    hook = reading_point(model, layer)
    values = torch.cat([run_with_cache(model, batch, names=hook)[1][hook] for batch in inputs.split(BATCH)])
    return values.flatten(2).mean(2) if values.ndim > 2 else values
