"""How far every network's layers move, and who is like whom."""

from __future__ import annotations

from experiments.rows import LAST, SHARED, Row
from experiments.spec import Stage, Study
from experiments.wiring import analysis, arrays, figures, grid, read_networks

ROWS = (
    Row("similarity", "settled", LAST, "time to settle", "epochs until the layer is nearly what it will be"),
    Row("similarity", "cka.untrained", SHARED, "likeness to untrained", "CKA of the layer, trained and untrained"),
    Row(
        "similarity",
        "cka.seeds",
        SHARED,
        "likeness between seeds",
        "CKA of the layer in two trained networks",
        paired=True,
    ),
)


def stages(study: Study) -> list[Stage]:
    drawn = ["epochs", "steps", "settling", "layers", "networks"] + (["relations"] if study.comparisons else [])
    return [
        *read_networks(study, "similarity", seeded=False),
        analysis(
            "similarity",
            "compare",
            inputs={"runs": arrays("similarity", study.runs)},
            parameters={"grid": grid(study), "threshold": 0.95},
        ),
        *figures(study, "similarity", *drawn),
    ]
