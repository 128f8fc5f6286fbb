"""Whether the units of a layer are special among the axes that could be laid through it."""

from __future__ import annotations

from dataclasses import replace

from experiments.spec import Product, Stage, Study
from experiments.wiring import CARD, analysis, arrays, figures, read_networks


def stages(study: Study) -> list[Stage]:
    plain = replace(study, controls=(), contrasts=())  # controls say what a step does, and nothing of axes
    gathered = analysis(
        "basis",
        "compare",
        inputs={
            "runs": arrays("basis", plain.runs),
            "superposition": Product("analysis/superposition", "arrays.npz"),
            "interventions": Product("analysis/interventions", "arrays.npz"),
            "card": CARD,
        },
    )
    return [
        *read_networks(plain, "basis", parameters={"draws": 5}),
        gathered,
        *figures(study, "basis", "beyond", "controls"),
        *figures(study, "basis", "bottlenecks", analysis="interventions"),
    ]
