"""What an untrained network hands on once its running statistics are those of a batch, and not those it is made with.

In: the weights of one run, training images, the probe images. Out: mean and standard deviation of what each layer hands
on, from which drift can be counted. A network without running statistics hands on what its record has at epoch 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from experiments.hooks import HookedModule, run_with_cache
from experiments.networks import at_epoch
from experiments.record import hook_statistics, last_points
from experiments.treatment import treat

Arrays = Mapping[str, np.ndarray]

BATCH = 1000  # training images that set the statistics: enough that they hardly depend on which
RUNNING = (nn.BatchNorm1d, nn.BatchNorm2d)


def read(
    *,
    weights: Arrays,
    train: Arrays,
    probe: Arrays,
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, Any]:
    """The untrained network of one run, settled, on the probe images.

    weights: {name in the state_dict: (epoch, ...)}. train, probe: images, labels. Returns `arrays.npz`: mean/<hook>,
    std/<hook> (class + 1,) of the last hook point of each layer, as `record.hook_statistics` has them.
    """
    model = at_epoch(weights, epoch=0, architecture=architecture)
    settle(model, treat(train["images"][:BATCH], **treatment))
    _, cache = run_with_cache(model, treat(probe["images"], **treatment), names=last_points(model))
    labels = torch.tensor(probe["labels"].astype(np.int64))
    found: dict[str, np.ndarray] = {}
    for hook, activation in cache.items():
        told = hook_statistics(hook, activation, labels)
        found |= {name: told[name] for name in (f"mean/{hook}", f"std/{hook}")}
    return {"arrays.npz": found}


@torch.no_grad()
def settle(model: HookedModule, images: Tensor) -> None:
    """Gives every running statistic the value that it has of these images; all else stays as it is, dropout off."""
    running = [module for module in model.modules() if isinstance(module, RUNNING)]
    for module in running:
        module.reset_running_stats()
        module.momentum = None  # the average of all batches seen, which is one
        module.train()
    model(images)
    model.eval()
