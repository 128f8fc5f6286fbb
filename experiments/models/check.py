"""What a network says of itself: the layers that it has, and where each is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments import models, record


def check(*, build: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """`check.json`: layers (in order of depth, the logits last), and reading {layer: the hook point it is read at}."""
    network = models.build(build, options=options)
    reading = {layer: record.reading_point(network, layer) for layer in network.layers}
    return {"check.json": {"layers": list(network.layers), "reading": reading}}
