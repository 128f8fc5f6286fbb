"""What the pages' own scripts read, packed as JavaScript that a page can load from anywhere, a file too.

In: published products. Out: the text of data/<name>.js, which sets InsideMNIST.data.<name>. Standard library only.
"""

from __future__ import annotations

import array
import base64
import json
import math
from collections.abc import Mapping
from typing import Any

from report.errors import PageError

DIMENSIONS = {"linear": 2, "conv": 4}  # of the weights of a layer, by its kind


def networks(
    *,
    networks: Mapping[str, bytes],
    told: Mapping[str, Mapping[str, Any]],
    titles: Mapping[str, str],
    card: Mapping[str, Any],
) -> dict[str, Any]:
    """The trained networks {condition: bytes of a safetensors file}, as far as a page can run them: networks.js, and
    networks.json, {"runnable": the names of those that it can run}.

    told: {condition: runnable.json}, see experiments.networks.runnable. A network that a page can run is {"title",
    "side" of the images in pixels, "mean", "std", "layers", "reference"}, its layers in forward order: {"name",
    "kind": "conv" or "linear", "padding" of a convolution, "shape" of the weight, "weight", "bias"}, numbers as base64
    of little-endian float32, row by row. Any other is {"title", "cannot": why not}.
    Raises PageError for a network whose file is not whole: other numbers would be shown in the place of its own.
    """
    opened = {}
    for condition, data in networks.items():
        try:
            opened[condition] = _network(data, told[condition], side=card["height"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            cause = f"no {error}" if isinstance(error, KeyError) else error
            raise PageError(f"the packed network {condition} is damaged ({cause}); build it again.") from error
    packed = {name: {"title": titles[name], **network} for name, network in opened.items()}
    can = [name for name, network in packed.items() if "cannot" not in network]
    return {"networks.js": script("networks", packed), "networks.json": {"runnable": can}}


def script(name: str, value: Any) -> str:
    """JavaScript that sets InsideMNIST.data.<name> to a value that JSON can hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"window.InsideMNIST ??= {{}};\n(InsideMNIST.data ??= {{}})[{json.dumps(name)}] = {text};\n"


def _network(data: bytes, told: Mapping[str, Any], *, side: int) -> dict[str, Any]:
    """A network from its safetensors file: the header's length, the header as JSON, the numbers.

    Raises ValueError, KeyError, TypeError or AttributeError where the file is not of that form.
    """
    if "cannot" in told:
        return dict(told)
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    belongs = json.loads(header.pop("__metadata__")["network"])
    values = _values(header, data[start:])

    def layer(name: str, kind: str, **more: Any) -> dict[str, Any]:
        shape, bias = (header[f"{name}.{part}"]["shape"] for part in ("weight", "bias"))
        if len(shape) != DIMENSIONS[kind] or bias != shape[:1]:
            raise ValueError(f"{name} has weights of shape {shape} and biases of shape {bias}")
        packed = {part: base64.b64encode(values[f"{name}.{part}"]).decode() for part in ("weight", "bias")}
        return {"name": name, "kind": kind, **more, "shape": shape, **packed}

    treatment = {"mean": belongs["treatment"]["mean"], "std": belongs["treatment"]["std"]}
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in treatment.values()):
        raise ValueError(f"its input treatment is {treatment}")
    layers = [layer(**each) for each in told["layers"]]
    return {"side": side, **treatment, "layers": layers, "reference": told["reference"]}


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
