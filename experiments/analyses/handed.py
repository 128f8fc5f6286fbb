"""What every unit hands on, on average: what mean-ablation sets it to.

In: the weights of a network, the probe images. Out: for each hidden layer, the average of what its units hand on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.measures.scaling import hidden_layers, mean_activations
from experiments.networks import at_epoch
from experiments.treatment import treat


def means(
    *,
    weights: Mapping[str, np.ndarray],
    probe: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, dict[str, np.ndarray]]:
    """means.npz of one trained network: {hidden layer: (unit, ...) float32}, over all probe images; of a channel at
    each position of the map that it hands on. See `scaling.mean_activations`."""
    model = at_epoch(weights, epoch=-1, architecture=architecture)
    inputs = treat(probe["images"], **treatment)
    return {
        "means.npz": {layer: mean_activations(model, inputs, layer=layer).numpy() for layer in hidden_layers(model)}
    }
