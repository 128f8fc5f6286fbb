"""Which units matter: every hidden unit switched off, turned up and set to its average."""

from __future__ import annotations

from experiments.rows import LAST, Row
from experiments.spec import Stage, Study
from experiments.wiring import CARD, TEST, analysis, arrays, figures, grid, read_networks

ROWS = (
    Row(
        "interventions",
        "mean_lost",
        LAST,
        "cost of a unit",
        "accuracy lost with it set to its average, mean over units",
    ),
    Row(
        "interventions", "mean_worst", LAST, "cost to the worst class", "accuracy lost by the class that needs it most"
    ),
    Row("interventions", "lost", LAST, "cost of a unit at zero", "accuracy lost with it set to zero, mean over units"),
    Row("interventions", "tripled", LAST, "cost of a unit tripled", "accuracy lost with it turned up, mean over units"),
    Row(
        "interventions",
        "mean_bottlenecks",
        LAST,
        "bottlenecks",
        "units whose average costs a class fifty points or more",
    ),
    Row("interventions", "attractors", LAST, "attractors", "units that, tripled, pull many images into one class"),
    Row(
        "interventions", "mean_correlation_held", LAST, "selectivity with cost", "rank correlation, share-on held fixed"
    ),
)
FIGURES = ("ablation", "curves", "confusions", "mean_ablation", "importance")


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
