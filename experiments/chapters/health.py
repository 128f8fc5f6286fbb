"""Which units die, and whether the gradient reaches everyone."""

from __future__ import annotations

from experiments.rows import FIRST, LAST, Row
from experiments.spec import Stage, Study
from experiments.wiring import analysis, figures, grid, record

ROWS = (
    Row("health", "dead", LAST, "dead units", "share of the layer's units that are off for every image"),
    Row("health", "always", LAST, "always-on units", "share of the layer's units that are on for nearly every image"),
    Row("health", "zero_gradient", LAST, "units without gradient", "share of the layer's units, in the last epoch"),
    Row("health", "gradient_start", FIRST, "gradient at the start", "norm in the first layer, first epoch"),
    Row("health", "update_start", FIRST, "step size at the start", "step over weights, log10, first layer"),
)


def stages(study: Study) -> list[Stage]:
    inputs = {"records": {run.name: record(run) for run in study.runs}}
    return [
        analysis("health", "examine", inputs=inputs, parameters={"grid": grid(study)}),
        *figures(study, "health", "dead_units", "revival", "activity", "gradient_flow", "update_ratios"),
    ]
