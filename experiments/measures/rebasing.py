"""The units of one network put into the order, and onto the scale, of another's: what each computes stays as it was.

In: two networks whose layers follow one another, and what their units say. Out: the second, rearranged (Ainsworth et
al. 2023, *Git Re-Basin*); and what lies between the weights of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from experiments.hooks import HookedModule
from experiments.measures.matching import standardized
from experiments.models.chain import Chain

State = Mapping[str, Tensor]
Activations = Mapping[str, np.ndarray]  # {hidden layer: (image, unit, ...)}
KNOWN = ({"linear", "relu"}, {"conv", "relu", "pool"}, {"conv", "relu"})  # parts that do not care for a unit's scale


def fits(model: HookedModule) -> bool:
    """Whether units of a network can be rearranged: its hidden layers are of ReLU units, each with a bias."""
    hidden = model.layers[:-1]
    is_chain = isinstance(model, Chain) and all(set(model.parts[layer]) in KNOWN for layer in hidden)
    return is_chain and all(getattr(model.get_submodule(layer), "bias", None) is not None for layer in hidden)


def best_order(
    first: Float[np.ndarray, "image unit ..."], second: Float[np.ndarray, "image unit ..."]
) -> tuple[Int[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
    """(order, scale): unit k of `first` is matched with unit order[k] of `second`, which is scale[k] times as large as
    needs be divided by: together they have the largest sum of correlations (the Hungarian method).

    Units that never vary match anything, and keep their scale.
    """
    one, other = standardized(first), standardized(second)
    order = linear_sum_assignment(one.T @ other, maximize=True)[1]
    spread = [
        np.moveaxis(each, 1, -1).reshape(-1, each.shape[1]).astype(np.float64).std(axis=0) for each in (first, second)
    ]
    known = (spread[0] > 0) & (spread[1][order] > 0)
    scale = np.divide(spread[1][order], spread[0], out=np.ones(len(order)), where=known)
    return order, scale


def rearranged(model: HookedModule, first: Activations, second: Activations) -> State:
    """The state of a network, `second` of which are the activations, with its units in the order and on the scale of
    those of another network of its kind. It computes what it did."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    for layer, behind in zip(model.layers[:-1], model.layers[1:], strict=True):
        order, scale = best_order(first[layer], second[layer])
        factor = torch.from_numpy(1 / scale).to(torch.float32)
        weight, bias, fed = state[f"{layer}.weight"], state[f"{layer}.bias"], state[f"{behind}.weight"]
        shape = (-1, *[1] * (weight.ndim - 1))
        state[f"{layer}.weight"] = weight[order] * factor.view(shape)
        state[f"{layer}.bias"] = bias[order] * factor
        by_unit = fed.reshape(len(fed), len(order), -1)  # a unit's places lie beside each other
        state[f"{behind}.weight"] = (by_unit[:, order] / factor.view(1, -1, 1)).reshape(fed.shape)
    return state


def between(first: State, second: State, share: float) -> dict[str, Tensor]:
    """The weights on the straight line from one network to another: at 0 the first, at 1 the second."""
    return {name: torch.lerp(value, second[name], share) for name, value in first.items()}


def barrier(losses: Float[np.ndarray, " share"]) -> float:
    """How far the loss on the way rises above the straight line between the losses of its ends; 0 if it nowhere does.

    losses: at shares evenly spaced from 0 to 1.
    """
    line: Any = np.linspace(losses[0], losses[-1], len(losses))
    return float(np.max(losses - line))
