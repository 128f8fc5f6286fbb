"""Which units matter: every hidden unit switched off, turned up and set to its average."""

from __future__ import annotations

from experiments.rows import LAST, Row
from experiments.spec import Stage, Study
from experiments.wiring import CARD, TEST, analysis, arrays, figures, grid, read_networks

ROWS = (
    Row("interventions", "lost", LAST, "cost of a unit", "accuracy lost with the unit switched off, on average"),
    Row("interventions", "worst", LAST, "cost to the worst class", "accuracy lost by the class that needs it most"),
    Row("interventions", "tripled", LAST, "cost of a unit tripled", "accuracy lost with it turned up, on average"),
    Row("interventions", "bottlenecks", LAST, "bottlenecks", "units whose loss costs some class fifty points or more"),
    Row("interventions", "attractors", LAST, "attractors", "units that, tripled, pull many images into one class"),
    Row("interventions", "correlation", LAST, "selectivity with cost", "rank correlation over units"),
)
FIGURES = ("ablation", "curves", "confusions", "bottlenecks", "attractors", "mean_ablation", "importance")


def stages(study: Study) -> list[Stage]:
    return [
        *read_networks(study, "interventions", recorded=True, inputs={"test": TEST}),
        analysis(
            "interventions",
            "compare",
            inputs={"card": CARD, "runs": arrays("interventions", study.runs)},
            parameters={"grid": grid(study)},
        ),
        *figures(study, "interventions", *FIGURES),
    ]
