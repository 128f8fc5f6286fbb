"""A linear probe: a classifier trained on the activations of a layer, and how many new images it reads.

In: activations of images (image, unit) and their classes. Out: weights, or the share of images that are read.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer
from scipy.optimize import minimize

PENALTY = 1e-4  # on half the sum of squared weights; a tenth or ten times of it read training images no better
STEPS = 60  # of L-BFGS, at most; what wide layers would gain by more is a few tenths of a per cent
ENOUGH = 1e-4  # the largest slope of the loss at which the fit rests


def linear_probe_accuracy(
    shown: Float[np.ndarray, "image unit"],
    labels: Integer[np.ndarray, " image"],
    new: Float[np.ndarray, "other unit"],
    truth: Integer[np.ndarray, " other"],
) -> float:
    """Share of new images, in %, that a logistic classifier reads which was trained on the images shown.

    Alain and Bengio 2016. Units are brought to a mean of 0 and a standard deviation of 1 on the images shown; a unit
    that says the same of all of them is left out. Where none is left, the answer is the most frequent class shown.
    """
    shown, new = standardized(shown, new)
    classes, places = np.unique(labels, return_inverse=True)
    weights, bias = logistic(shown, places, classes=len(classes))
    return 100 * float((classes[(new @ weights + bias).argmax(axis=1)] == truth).mean())


def standardized(
    shown: Float[np.ndarray, "image unit"], new: Float[np.ndarray, "other unit"]
) -> tuple[Float[np.ndarray, "image kept"], Float[np.ndarray, "other kept"]]:
    """Both in the units' standard deviations from their means on the images shown, without units that never vary."""
    varies = np.ptp(shown, axis=0) > 0
    shown, new = (np.array(each[:, varies], dtype=np.float32) for each in (shown, new))
    mean = shown.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = shown.std(axis=0, dtype=np.float64).astype(np.float32)
    for each in (shown, new):
        each -= mean
        each /= np.where(scale > 0, scale, np.float32(1))
    return shown, new


def logistic(
    points: Float[np.ndarray, "image unit"],
    labels: Integer[np.ndarray, " image"],
    *,
    classes: int,
    penalty: float = PENALTY,
    steps: int = STEPS,
) -> tuple[Float[np.ndarray, "unit class"], Float[np.ndarray, " class"]]:
    """Weights and biases of multinomial logistic regression, from nothing, by L-BFGS (Liu and Nocedal 1989).

    What is made small is the mean cross entropy plus `penalty` times half the sum of squared weights. The fit rests
    where no slope is above ENOUGH, or after `steps`. points: best of like spread. labels: 0 to classes - 1.
    """
    images, units = points.shape
    points = points.astype(np.float32, copy=False)
    truth = np.eye(classes, dtype=np.float32)[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = _unpacked(flat, units)
        logits = points @ weights.astype(np.float32) + bias.astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        right = (logits * truth).sum(axis=1, dtype=np.float64)
        np.exp(logits, out=logits)
        whole = logits.sum(axis=1, keepdims=True)
        error = logits / whole
        error -= truth
        slope = points.T @ error / images + penalty * weights
        value = float(np.log(whole).mean(dtype=np.float64) - right.mean()) + penalty / 2 * float((weights**2).sum())
        return value, np.concatenate([slope.ravel(), error.mean(axis=0, dtype=np.float64)])

    start = np.zeros((units + 1) * classes)
    options = {"maxiter": steps, "gtol": ENOUGH}
    return _unpacked(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x, units)


def _unpacked(flat: np.ndarray, units: int) -> tuple[np.ndarray, np.ndarray]:
    parts = flat.reshape(units + 1, -1)
    return parts[:-1], parts[-1]
