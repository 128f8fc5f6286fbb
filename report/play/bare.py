"""A trained network as a few lines of PyTorch alone, for readers who take its file away and leave this project behind.

In: the bytes of a safetensors file, and what `experiments.networks.runnable` tells of the network. Out: Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def header(data: bytes) -> dict[str, Any]:
    """What the header of a safetensors file says: {parameter: {"shape", ...}}, and "__metadata__"."""
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])


def treatment(data: bytes) -> dict[str, Any]:
    """What was done to the pixels of the network in a file of `experiments.networks.keep`: {"mean", "std", ...}."""
    return json.loads(header(data)["__metadata__"]["network"])["treatment"]


def bare(data: bytes, told: Mapping[str, Any], *, file: str) -> str:
    """Code that builds the network of `torch.nn`'s modules alone, and fills in the weights from `file`; nothing where
    the network is more than layers in a row, as "cannot" in `told` says, or names its layers as no argument can be."""
    if "cannot" in told or not all(layer["name"].isidentifier() for layer in told["layers"]):
        return ""
    modules = "".join(f"        {name}={made},\n" for name, made in _modules(header(data), told["layers"]))
    return (
        "from collections import OrderedDict\n\n"
        "from safetensors.torch import load_file\n"
        "from torch import nn\n\n"
        f"network = nn.Sequential(\n    OrderedDict(\n{modules}    )\n)\n"
        f'network.load_state_dict(load_file("{file}"))\n'
        "network.eval()\n"
    )


def fed(data: bytes) -> str:
    """What a bare network is fed, as an expression of `images`: float, (image, 1, side, side), pixels 0 to 255."""
    constants = treatment(data)
    return f"(images / 255 - {constants['mean']}) / {constants['std']}"


def _modules(shapes: Mapping[str, Any], layers: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(name, what makes it) of every module in turn; layers keep the names under which the file has their weights."""
    flat = False
    for place, layer in enumerate(layers):
        name, (outputs, inputs, *kernel) = layer["name"], shapes[f"{layer['name']}.weight"]["shape"]
        if layer["kind"] == "conv":
            padding = f", padding={layer['padding']}" if layer["padding"] else ""
            yield name, f"nn.Conv2d({inputs}, {outputs}, {kernel[0]}{padding})"
            yield f"{name}_relu", "nn.ReLU()"
            yield f"{name}_pool", "nn.MaxPool2d(2)"
            continue
        if not flat:
            yield "flatten", "nn.Flatten()"
            flat = True
        yield name, f"nn.Linear({inputs}, {outputs})"
        if place < len(layers) - 1:
            yield f"{name}_relu", "nn.ReLU()"
