"""A trained network as a file that anyone can open: weights as safetensors, and in its header what they belong to.

In: the weights recorded of a run. Out: bytes, and from bytes a network with the input treatment it was trained on; and
what the pages' scripts are told, to run it themselves and to notice if they do it wrong.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from experiments import models
from experiments.errors import InputError
from experiments.hooks import HookedModule
from experiments.models import plain
from experiments.treatment import treat

HEADER = "network"
OURS = "experiments.models"  # a header may name any function of any module, and a file may be anybody's
REFERENCES = 3  # images whose logits a page compares with its own


@dataclass(frozen=True)
class Network:
    """A trained network and its input treatment: `network.model(network.treat(images))` gives logits.

    treatment: {"mean", "std"} and, where there are any, "transforms"; the arguments of `treatment.treat`.
    """

    model: HookedModule
    treatment: Mapping[str, Any]

    def treat(self, images: np.ndarray) -> Float[Tensor, "image 1 side side"]:
        """What the network is fed, from images uint8 (image, side, side)."""
        return treat(images, **self.treatment)


def keep(
    *, weights: Mapping[str, np.ndarray], architecture: Mapping[str, Any], treatment: Mapping[str, Any]
) -> dict[str, bytes]:
    """The stage that keeps one trained network: network.safetensors, its weights after the last epoch.

    weights: {parameter: (epoch, ...)}, as `train` records them.
    """
    final = {name: torch.tensor(values[-1]) for name, values in sorted(weights.items())}
    belongs = json.dumps({"architecture": architecture, "treatment": treatment}, sort_keys=True)
    return {"network.safetensors": save(final, metadata={HEADER: belongs})}  # the order of several would be chance


def runnable(
    *,
    weights: Mapping[str, np.ndarray],
    probe: Mapping[str, np.ndarray],
    architecture: Mapping[str, Any],
    treatment: Mapping[str, Any],
) -> dict[str, Any]:
    """The stage that says whether pages can run one trained network, and how: `runnable.json`.

    {"cannot": why not} where the network is not plain (experiments/models/plain.py); else {"layers": see
    `plain.described`, "reference": {"images": base64 of the bytes of each, "logits": of each image, by PyTorch}}.
    """
    model = at_epoch(weights, epoch=-1, architecture=architecture)
    if reason := plain.departure(model) or ("its images are rearranged first" if treatment.get("transforms") else ""):
        return {"runnable.json": {"cannot": reason}}
    places = np.linspace(0, len(probe["images"]) - 1, REFERENCES).astype(int)
    images = np.ascontiguousarray(probe["images"][places])
    with torch.no_grad():
        logits = model(treat(images, **treatment))
    packed = [base64.b64encode(image.tobytes()).decode() for image in images]
    reference = {"images": packed, "logits": [[round(float(x), 5) for x in each] for each in logits]}
    return {"runnable.json": {"layers": plain.described(model), "reference": reference}}


def open_network(data: bytes, *, package: str = OURS) -> Network:
    """The network that `keep` made these bytes of, ready to be read (in evaluation mode).

    package: in which module, or package of modules, its builder has to be a class of networks; nothing else that the
    header names is imported or called.

    Raises InputError where the file is not whole, or is not what `keep` makes: wrong sizes, types, or numbers; or names
    another builder.
    """
    try:
        state = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        belongs = json.loads(header["__metadata__"][HEADER])
        builder = belongs["architecture"]["build"]
        if not _is_network(builder, package):
            raise ValueError(f"it is built by {builder!r}, which is none of the networks in {package}")
        wrong = [name for name, value in state.items() if not value.isfinite().all()]
        model = _with_state(state, belongs["architecture"])
        wrong += [name for name, value in model.state_dict().items() if value.dtype != state[name].dtype]
        if wrong:
            raise ValueError(f"{wrong[0]} has numbers that are not finite, or of another type than the network's")
        treat(np.zeros((1, 1, 1), np.uint8), mean=belongs["treatment"]["mean"], std=belongs["treatment"]["std"])
        return Network(model, belongs["treatment"])
    except (SafetensorError, ImportError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        cause = " ".join(str(error).split())
        raise InputError(f"a packed network is damaged ({cause}); build it again") from error


def _is_network(builder: str, package: str) -> bool:
    """Whether a class of networks is named, and not a function, which might go on to call whatever it is told."""
    from importlib import import_module  # here alone: stages rest on what this file imports, and open no files

    module, _, name = builder.partition(":")
    if not f"{module}.".startswith(f"{package}."):
        return False
    made = getattr(import_module(module), name, None)
    return isinstance(made, type) and issubclass(made, HookedModule)


def kept(data: bytes, *, architecture: Mapping[str, Any]) -> HookedModule:
    """The network of a file that `keep` made, for stages: told the architecture, their keys see its code."""
    return _with_state(load(data), architecture)


def at_epoch(weights: Mapping[str, np.ndarray], *, epoch: int, architecture: Mapping[str, Any]) -> HookedModule:
    """The model as it was after an epoch (0: untrained; -1: the last), in evaluation mode.

    weights: {name in the state_dict: (epoch, ...)}, as `train` records them. architecture: {"build", "options"}.
    """
    return _with_state({name: torch.tensor(values[epoch]) for name, values in weights.items()}, architecture)


def _with_state(state: Mapping[str, Tensor], architecture: Mapping[str, Any]) -> HookedModule:
    name, options = architecture["build"], architecture["options"]
    sizes = models.sizes(name, options=options, shapes={name: value.shape for name, value in state.items()})
    with torch.random.fork_rng(devices=[]):
        model = models.build(name, options=options, **sizes)
    model.load_state_dict(state)
    return model.eval()
