"""Small networks, linear units and images of which it is known what a measure must find."""

import json
from dataclasses import replace

import numpy as np
import torch

from experiments import models, wiring
from experiments.measures import attribution
from experiments.spec import Architecture, Treatment
from experiments.study import PUBLISHED

ARCHITECTURES = {
    "mlp": {"build": "experiments.models.mlp:MLP", "options": {"hidden": [6, 5]}},
    "cnn": {"build": "experiments.models.cnn:CNN", "options": {"channels": [2, 3], "hidden": 5}},
}
TREATMENTS = {"raw": {"mean": 0.0, "std": 1.0}, "normalized": {"mean": 0.1307, "std": 0.3081}}
NORMALIZED = TREATMENTS["normalized"]
PLAIN = replace(PUBLISHED, controls=(), contrasts=(), specimen=None, sweeps={})
GRID = wiring.grid(PLAIN)  # four conditions, as analyses are told of them
LOOK = wiring.look(PLAIN)  # and as figures are
SCALED = Treatment(name="scaled", title="scaled", mean=0.0, std=0.3081)
THREE = wiring.look(replace(PLAIN, treatments=(*PLAIN.treatments, SCALED)))  # of a study with a third treatment
CONDITIONS = [f"{architecture}-{treatment}" for architecture in ARCHITECTURES for treatment in TREATMENTS]


def study(*, architectures=("mlp", "cnn"), treatments=("raw", "normalized")):
    """A study of so many conditions, of which only the names count."""
    return replace(
        PLAIN,
        architectures=tuple(Architecture(name, name.upper(), build="", options={}) for name in architectures),
        treatments=tuple(Treatment(name, name, 0.0, 1.0) for name in treatments),
    )


def network(architecture: str, *, seed: int = 0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return models.build(ARCHITECTURES[architecture]["build"], options=ARCHITECTURES[architecture]["options"]).eval()


def linear(template: torch.Tensor) -> attribution.Reader:
    """Units that are weighted sums of pixels: template (unit, 28, 28)."""
    return lambda pixels: pixels.flatten(1) @ template.flatten(1).T


def digits(random, *, per_class: int = 2, classes: int = 10, side: int = 28) -> dict[str, np.ndarray]:
    """Blots in the middle of black images: the border is never lit."""
    labels = np.repeat(np.arange(classes, dtype=np.uint8), per_class)
    images = np.zeros((len(labels), side, side), dtype=np.uint8)
    inside, shape = slice(side // 3 - 1, side // 3 + 11), (len(labels), 12, 12)
    images[:, inside, inside] = random.integers(0, 256, shape) * (random.random(shape) > 0.4)
    return {"images": images, "labels": labels}


def some(random, *, count: int = 4, dtype=torch.float64):
    pixels = torch.tensor(random.random((count, 1, 28, 28)) * (random.random((count, 1, 28, 28)) > 0.5), dtype=dtype)
    return pixels, torch.arange(count) % 10


def crippled(*, build: str, options: dict, how: str, classes: int, side: int):
    """A network of which each hidden layer is "dead", has "one living unit", says "the same" of every image, or is
    "whole"."""
    model = models.build(build, options=options, classes=classes, side=side)
    with torch.no_grad():
        for layer in model.layers[:-1]:
            module = model.get_submodule(layer)
            if how == "the same":
                module.weight.zero_()
                module.bias.fill_(1)
            elif how != "whole":
                module.bias[1 if how == "one living unit" else 0 :] = -1000
                module.weight[:1].abs_()  # of pixels that are not negative, and so of all that is handed on
    return model


def altered(data, *, told=None, numbers=None):
    """A safetensors file with its header changed by `told`, and its numbers by `numbers`."""
    start = 8 + int.from_bytes(data[:8], "little")
    header, rest = json.loads(data[8:start]), data[start:]
    if told:
        told(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + (numbers(rest) if numbers else rest)
