"""The study at a glance: its networks, and a few measures of all conditions side by side."""

from __future__ import annotations

from experiments.spec import Condition, Product, Run, Stage, Study
from experiments.wiring import CARD, PROBE, look, networks, of_network, weights

ANALYSES = ("training", "health", "activations", "geometry")


def stages(study: Study) -> list[Stage]:
    shown = [Run(Condition(each, study.treatments[0]), study.shown_seed) for each in study.architectures]
    return [
        *(_followed(run) for run in shown),
        Stage(
            name="figure/index/networks",
            function="report.figures.index:networks",
            parameters={"look": look(study)},
            inputs={
                "flows": {run.condition.architecture.name: Product(_place(run), "arrays.npz") for run in shown},
                "card": CARD,
            },
        ),
        Stage(
            name="figure/index/at-a-glance",
            function="report.figures.index:at_a_glance",
            parameters={"look": look(study)},
            inputs={
                "facts": {name: Product(f"analysis/{name}", "facts.json") for name in ANALYSES},
                "networks": networks(study),
            },
        ),
    ]


def _followed(run: Run) -> Stage:
    inputs = {"weights": weights(run), "probe": PROBE}
    return of_network(run, _place(run), "experiments.analyses.flow:read", inputs=inputs, publish=("arrays.npz",))


def _place(run: Run) -> str:
    return f"flow/{run.condition.architecture.name}"
