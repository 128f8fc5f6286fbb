"""What the pages' own scripts read, packed as JavaScript that a page can load from anywhere, a file too.

In: published products. Out: the text of data/<name>.js, which sets InsideMNIST.data.<name>. Standard library only.
"""

from __future__ import annotations

import array
import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from report.errors import PageError

# The networks whose forward pass templates/assets/forward.js knows; any other is left out of the pages' data.
KNOWN = ("experiments.models.mlp:MLP", "experiments.models.cnn:CNN")
LAYER = re.compile(r"(conv|hidden)\d+|logits")


def networks(*, networks: Mapping[str, bytes], titles: Mapping[str, str], card: Mapping[str, Any]) -> dict[str, str]:
    """networks.js: the trained networks {condition: bytes of a safetensors file}, as far as a page can run them.

    Each is {"title", "side" of the images in pixels, "mean", "std", "layers"}, its layers in forward order: {"name",
    "kind": "conv" or "linear", "shape" of the weight, "weight", "bias"}, numbers as base64 of little-endian float32,
    row by row.
    Raises PageError for a network whose file is not whole: other numbers would be shown in the place of its own.
    """
    opened = {}
    for condition, data in networks.items():
        try:
            opened[condition] = _network(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            cause = f"no {error}" if isinstance(error, KeyError) else error
            raise PageError(f"the packed network {condition} is damaged ({cause}); build it again.") from error
    about = {"side": card["height"]}
    known = {name: {"title": titles[name], **about, **network} for name, network in opened.items() if network}
    return {"networks.js": script("networks", known)}


def script(name: str, value: Any) -> str:
    """JavaScript that sets InsideMNIST.data.<name> to a value that JSON can hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"window.InsideMNIST ??= {{}};\n(InsideMNIST.data ??= {{}})[{json.dumps(name)}] = {text};\n"


def _network(data: bytes) -> dict[str, Any] | None:
    """A network from its safetensors file: the header's length, the header as JSON, the numbers. None if not known.

    Raises ValueError, KeyError, TypeError or AttributeError where the file is not of that form.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    belongs = json.loads(header.pop("__metadata__")["network"])
    values = _values(header, data[start:])
    names = sorted({name.rpartition(".")[0] for name in header}, key=_place)
    expected = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
    if belongs["architecture"]["build"] not in KNOWN or set(header) != expected or not all(map(LAYER.fullmatch, names)):
        return None

    def layer(name: str) -> dict[str, Any]:
        shape, bias = (header[f"{name}.{part}"]["shape"] for part in ("weight", "bias"))
        kinds = {2: "linear", 4: "conv"}
        if len(shape) not in kinds or bias != shape[:1]:
            raise ValueError(f"{name} has weights of shape {shape} and biases of shape {bias}")
        packed = {part: base64.b64encode(values[f"{name}.{part}"]).decode() for part in ("weight", "bias")}
        return {"name": name, "kind": kinds[len(shape)], "shape": shape, **packed}

    treatment = {"mean": belongs["treatment"]["mean"], "std": belongs["treatment"]["std"]}
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in treatment.values()):
        raise ValueError(f"its input treatment is {treatment}")
    return {**treatment, "layers": [layer(name) for name in names]}


def _values(header: Mapping[str, Any], data: bytes) -> dict[str, bytes]:
    """The bytes of each tensor, which are float32, finite, and fill the file without a gap or an overlap."""
    found, end = {}, 0
    for name, told in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, after = told["data_offsets"]
        sizes = [size for size in told["shape"] if isinstance(size, int) and size > 0]
        if told["dtype"] != "F32":
            raise ValueError(f"{name} is {told['dtype']}, not F32")
        if begin != end or len(sizes) != len(told["shape"]) or after != begin + 4 * math.prod(sizes):
            raise ValueError(f"{name}, of shape {told['shape']}, does not fit bytes {begin} to {after}")
        found[name], end = data[begin:after], after
        if after <= len(data) and not all(map(math.isfinite, array.array("f", found[name]))):
            raise ValueError(f"{name} has numbers that are not finite")
    if end != len(data):
        raise ValueError(f"{end} bytes of numbers are promised, {len(data)} are there")
    return found


def _place(layer: str) -> tuple[int, int]:
    """Where a layer stands: by its number (hidden10 after hidden9), the logits last."""
    number = re.search(r"\d+$", layer)
    return (0, int(number[0])) if number else (1, 0)
