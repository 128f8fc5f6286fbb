"""Which units prefer which class, and how many mean several things."""

from __future__ import annotations

from experiments.rows import LAST, Row
from experiments.spec import Stage, Study
from experiments.wiring import CARD, analysis, arrays, figures, grid, read_networks

ROWS = (
    Row("selectivity", "selectivity", LAST, "class selectivity", "mean over units: one answers to one class only"),
    Row("selectivity", "participation", LAST, "classes per unit", "participation ratio of a unit’s class means"),
    Row("selectivity", "specialists", LAST, "specialists", "share of units that answer to fewer than two classes"),
)


def stages(study: Study) -> list[Stage]:
    return [
        *read_networks(study, "selectivity", recorded=True, seeded=False),
        analysis(
            "selectivity",
            "compare",
            inputs={"card": CARD, "runs": arrays("selectivity", study.runs)},
            parameters={"grid": grid(study)},
        ),
        *figures(study, "selectivity", "class_means", each="architecture"),
        *figures(study, "selectivity", "top_units", "agreement", "participation", "growth"),
    ]
