"""What the tutorial's snippets find, so that its page can show what they print.

In: the weights of one run, and the images that are published. Out: facts about its last hidden layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.hooks import HookedModule, run_with_cache, run_with_hooks
from experiments.networks import at_epoch
from experiments.record import reading_point
from experiments.statistics import Fact, constant
from experiments.treatment import treat

MOST = 3  # units that are named for each class


def found(
    *,
    weights: Mapping[str, np.ndarray],
    examples: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, Any]:
    """What is printed of the units of the last hidden layer, read where it is read, on the published images.

    weights: {name in the state_dict: (epoch, ...)}. examples: images, labels. Returns `facts.json`:

        hooks.images, hooks.units       how many images and units there are
        hooks.silent, hooks.silent.<k>  how many units are zero on all of them, and the number of each
        hooks.without.<unit>            how many images are read differently with the unit set to zero
        hooks.pull.<class>.<rank>       the unit with so high a mean gradient of the class's logit, on its images;
                                        where units have no positions
    """
    model = at_epoch(weights, epoch=-1, architecture=architecture)
    inputs, labels = treat(examples["images"], **treatment), torch.as_tensor(examples["labels"]).long()
    point = reading_point(model, model.layers[-2])
    _, cache = run_with_cache(
        model, inputs, gradients_of=lambda logits: logits[torch.arange(len(labels)), labels].sum()
    )
    hidden, pull = cache[point], cache.gradients[point]
    silent = (hidden == 0).all(dim=0).nonzero().flatten().tolist()
    numbers = {
        "images": len(labels),
        "units": hidden.shape[1],
        "silent": len(silent),
        **{f"silent.{place}": unit for place, unit in enumerate(silent)},
        **{f"without.{unit}": count for unit, count in enumerate(changed(model, inputs, point))},
    }
    for label in range(cache[model.layers[-1]].shape[1] if hidden.ndim == 2 else 0):
        mean = pull[labels == label].mean(dim=0)
        best = mean.topk(min(MOST, len(mean))).indices.tolist() if (labels == label).any() else []
        numbers |= {f"pull.{label}.{rank}": unit for rank, unit in enumerate(best)}
    return {"facts.json": _facts(numbers, images=len(labels))}


@torch.no_grad()
def changed(model: HookedModule, inputs: Tensor, point: str) -> list[int]:
    """For each unit at a hook point: how many images are read differently when it is set to zero."""

    def switch_off(unit: int) -> Any:
        def hook(activation: Tensor, _: Any) -> Tensor:
            activation = activation.clone()
            activation[:, unit] = 0
            return activation

        return hook

    logits, cache = run_with_cache(model, inputs, names=[point])
    before = logits.argmax(dim=1)
    return [
        int((run_with_hooks(model, inputs, forward_hooks=[(point, switch_off(unit))]).argmax(dim=1) != before).sum())
        for unit in range(cache[point].shape[1])
    ]


def _facts(numbers: Mapping[str, int], *, images: int) -> dict[str, Fact]:
    method = "printed by a snippet, on the published images"
    return {f"hooks.{name}": constant(number, unit="", n=images, method=method) for name, number in numbers.items()}
