"""How activations drift while a network trains, at every hook point."""

from __future__ import annotations

from experiments.rows import LAST, Row
from experiments.spec import Product, Stage, Study
from experiments.wiring import CARD, PROBE, analysis, arrays, figures, grid, record

ROWS = (
    Row("activations", "mean_shift", LAST, "drift of the mean", "in standard deviations of the untrained layer"),
    Row("activations", "spread_ratio", LAST, "growth of the spread", "trained, as a multiple of untrained"),
    Row("activations", "class_share", LAST, "share between classes", "of a unit's variance, mean over units"),
)


def stages(study: Study) -> list[Stage]:
    inputs = {
        "records": {run.name: record(run) for run in study.runs},
        "shares": arrays("activations", study.runs),
        "probe": PROBE,
        "card": CARD,
    }
    return [
        *(
            Stage(
                f"activations/{run.name}",
                "experiments.analyses.activations:read",
                inputs={"layers": Product(f"train/{run.name}", "layers.npz"), "probe": PROBE},
            )
            for run in study.runs
        ),
        analysis("activations", "drift", inputs=inputs, parameters={"grid": grid(study)}),
        *figures(study, "activations", "distributions", "drift", "quantiles", "class_drift", "units"),
    ]
