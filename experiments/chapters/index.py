"""The study at a glance: a few measures of all conditions side by side."""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import look, networks

ANALYSES = ("training", "health", "activations", "geometry")


def stages(study: Study) -> list[Stage]:
    return [
        Stage(
            name="figure/index/at-a-glance",
            function="report.figures.index:at_a_glance",
            parameters={"look": look(study)},
            inputs={
                "facts": {name: Product(f"analysis/{name}", "facts.json") for name in ANALYSES},
                "networks": networks(study),
            },
        )
    ]
