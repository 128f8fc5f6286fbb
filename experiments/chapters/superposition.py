"""Whether classes share units and directions."""

from __future__ import annotations

from experiments.rows import LAST, WHOLE, Row
from experiments.spec import Stage, Study
from experiments.wiring import analysis, figures, grid, record, weights

ROWS = (
    Row("superposition", "interference", LAST, "interference", "mean squared cosine between classes’ directions"),
    Row("superposition", "units", LAST, "units per class", "over how many units a class’s direction is spread"),
    Row("superposition", "confused", WHOLE, "overlap with confusion", "rank correlation over pairs of classes"),
)


def stages(study: Study) -> list[Stage]:
    inputs = {
        "records": {run.name: record(run) for run in study.runs},
        "weights": {run.name: weights(run) for run in study.runs},
    }
    return [
        analysis("superposition", "compare", inputs=inputs, parameters={"grid": grid(study)}),
        *figures(study, "superposition", "interference"),
        *figures(study, "superposition", "cosines", "confused"),
    ]
