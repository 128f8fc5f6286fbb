"""What the snippets of the tutorial find in the network that they open."""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import analysis


def stages(study: Study) -> list[Stage]:
    inputs = {
        "network": Product(f"network/{study.conditions[0].name}", "network.safetensors"),
        "examples": Product("analysis/data", "examples.npz"),
    }
    return [analysis("hooks", "found", inputs=inputs)]
