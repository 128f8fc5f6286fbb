"""What the notebooks report that this study began with: values cited from their source, none of them measured here.

Source: E. T. Holmes, *Interpretability applied to MNIST*, https://github.com/eriktholmes/interpreting_mnist, the
notebooks and the summary of the folder MLP. In: nothing. Out: numbers by name, with the decimals they are given to.
"""

from __future__ import annotations

from dataclasses import dataclass

SUBSETS = {"good": (6, 7, 8, 10, 13), "mixed": (5, 6, 7, 8, 0), "poor": (2, 0, 3, 11, 15)}


@dataclass(frozen=True)
class Published:
    """A number as it was published: `decimals` tells how far it was rounded."""

    value: float
    decimals: int
    unit: str = "%"


TRAINING = {0: (1.7227, 44.3167), 5: (0.3368, 90.4050), 10: (0.2477, 92.9117), 15: (0.1990, 94.2500)}
DIGITS = (98.27, 97.89, 95.06, 92.18, 94.91, 94.28, 95.51, 94.55, 92.61, 92.37)
SCALED = {7: {1: 94.46, 0: 81.61, 3: 96.30}, 9: {1: 93.26, 0: 53.32, 3: 97.22}}  # unit 14: digit, scale

VALUES: dict[str, Published] = {
    **{f"loss.{epoch}": Published(loss, 4, "nats") for epoch, (loss, _) in TRAINING.items()},
    **{f"train_accuracy.{epoch}": Published(accuracy, 4) for epoch, (_, accuracy) in TRAINING.items()},
    "test_accuracy": Published(94.80, 2),
    **{f"digit.{digit}": Published(accuracy, 2) for digit, accuracy in enumerate(DIGITS)},
    "silhouette.all": Published(0.23, 2, ""),
    "silhouette.random": Published(0.08, 2, ""),
    "silhouette.good": Published(0.19, 2, ""),
    "silhouette.mixed": Published(0.17, 2, ""),
    "silhouette.poor": Published(-0.04, 2, ""),
    **{
        f"unit14.digit{digit}.scale{scale}": Published(accuracy, 2)
        for digit, scales in SCALED.items()
        for scale, accuracy in scales.items()
    },
    "unit7.nines_as_sevens": Published(66.90, 2),
    "unit7.eights_as_twos": Published(25.05, 2),
    "unit0.ones": Published(0.0, 0),
    "unit8.sixes": Published(0.0, 0),
    "unit15.effect": Published(0.0, 0, "points"),
    "normalized": Published(96.34, 2),
    "catch_up": Published(25.0, 0),
    "notebooks": Published(96.7, 1),
    "dropout": Published(96.6, 1),
}

# The three units that each digit, 0 to 9, prefers, best first, by three measures.
TOP = {
    "mean": (
        (6, 2, 8), (0, 9, 10), (9, 13, 6), (9, 6, 12), (2, 8, 5),
        (6, 10, 12), (8, 2, 10), (2, 12, 14), (2, 9, 10), (2, 9, 12),
    ),
    "gradient": (
        (6, 12, 13), (0, 1, 9), (13, 9, 2), (9, 4, 5), (5, 2, 8),
        (10, 12, 7), (8, 7, 13), (4, 2, 14), (7, 1, 10), (7, 14, 9),
    ),
    "selectivity": (
        (6, 8, 12), (0, 3, 1), (15, 13, 9), (4, 6, 5), (5, 2, 8),
        (3, 7, 6), (8, 13, 10), (14, 4, 12), (7, 0, 1), (14, 5, 7),
    ),
}  # fmt: skip
