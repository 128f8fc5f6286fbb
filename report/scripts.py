"""What the pages' own scripts read, packed as JavaScript that a page can load from anywhere, a file too.

In: published products. Out: the text of data/<name>.js, which sets InsideMNIST.data.<name>. Standard library only.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

# The networks whose forward pass templates/assets/forward.js knows; any other is left out of the pages' data.
KNOWN = ("experiments.models.mlp:MLP", "experiments.models.cnn:CNN")
LAYER = re.compile(r"(conv|hidden)\d+|logits")


def networks(*, networks: Mapping[str, bytes], titles: Mapping[str, str]) -> dict[str, str]:
    """networks.js: the trained networks {condition: bytes of a safetensors file}, as far as a page can run them.

    Each is {"title", "mean", "std", "layers"}, its layers in forward order: {"name", "kind": "conv" or "linear",
    "shape" of the weight, "weight", "bias"}, numbers as base64 of little-endian float32, row by row.
    """
    opened = {condition: _network(data) for condition, data in networks.items()}
    known = {name: {"title": titles[name], **network} for name, network in opened.items() if network}
    return {"networks.js": script("networks", known)}


def script(name: str, value: Any) -> str:
    """JavaScript that sets InsideMNIST.data.<name> to a value that JSON can hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"window.InsideMNIST ??= {{}};\n(InsideMNIST.data ??= {{}})[{json.dumps(name)}] = {text};\n"


def _network(data: bytes) -> dict[str, Any] | None:
    """A network from its safetensors file: the header's length, the header as JSON, the numbers. None if not known."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    belongs = json.loads(header.pop("__metadata__")["network"])
    names = sorted({name.rpartition(".")[0] for name in header}, key=_place)
    expected = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
    if belongs["architecture"]["build"] not in KNOWN or set(header) != expected or not all(map(LAYER.fullmatch, names)):
        return None

    def numbers(name: str) -> str:
        begin, end = header[name]["data_offsets"]
        return base64.b64encode(data[start + begin : start + end]).decode()

    def layer(name: str) -> dict[str, Any]:
        shape = header[f"{name}.weight"]["shape"]
        kind = "linear" if len(shape) == 2 else "conv"
        packed = {part: numbers(f"{name}.{part}") for part in ("weight", "bias")}
        return {"name": name, "kind": kind, "shape": shape, **packed}

    return {**belongs["treatment"], "layers": [layer(name) for name in names]}


def _place(layer: str) -> tuple[int, int]:
    """Where a layer stands: by its number (hidden10 after hidden9), the logits last."""
    number = re.search(r"\d+$", layer)
    return (0, int(number[0])) if number else (1, 0)
