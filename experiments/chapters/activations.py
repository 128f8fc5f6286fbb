"""How activations drift while a network trains, at every hook point."""

from __future__ import annotations

from experiments.rows import LAST, Row
from experiments.spec import Stage, Study
from experiments.wiring import CARD, analysis, figures, grid, record

ROWS = (
    Row("activations", "mean_shift", LAST, "drift of the mean", "in standard deviations of the untrained layer"),
    Row("activations", "spread_ratio", LAST, "growth of the spread", "trained, as a multiple of untrained"),
)


def stages(study: Study) -> list[Stage]:
    inputs = {"records": {run.name: record(run) for run in study.runs}, "card": CARD}
    return [
        analysis("activations", "drift", inputs=inputs, parameters={"grid": grid(study)}),
        *figures(study, "activations", "distributions", "drift", "quantiles", "class_drift", "units"),
    ]
