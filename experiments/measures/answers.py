"""What a confusion matrix says of a network: accuracy, over all images and by class, and which class draws the others.

In: confusion matrices, images of class i (row) read as class j (column). Out: shares in %.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def class_accuracy(confusion: Int[np.ndarray, "*shape true read"]) -> Float[np.ndarray, "*shape true"]:
    """Share of each class's images that are read as that class, in %."""
    correct = np.diagonal(confusion, axis1=-2, axis2=-1)
    return 100 * correct / np.maximum(confusion.sum(axis=-1), 1)


def accuracy(confusion: Int[np.ndarray, "*shape true read"]) -> Float[np.ndarray, "*shape"]:
    """Share of all images that are read correctly, in %."""
    return np.asarray(100 * np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1)))


def pull(confusion: Int[np.ndarray, "*shape true read"]) -> Float[np.ndarray, "*shape read"]:
    """Share of the other classes' images that are read as each class, in %."""
    counts = confusion.sum(axis=-1)
    others = counts.sum(axis=-1, keepdims=True) - counts
    wrong = confusion.sum(axis=-2) - np.diagonal(confusion, axis1=-2, axis2=-1)
    return 100 * wrong / np.maximum(others, 1)
