"""What the snippets of the tutorial find in the network that they open."""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import of_network, weights


def stages(study: Study) -> list[Stage]:
    first = study.shown_runs[0]
    return [
        of_network(
            first,
            "analysis/hooks",
            "experiments.analyses.hooks:found",
            inputs={"weights": weights(first), "examples": Product("analysis/data", "examples.npz")},
            publish=("facts.json",),
        )
    ]
