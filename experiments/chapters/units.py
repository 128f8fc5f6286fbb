"""A portrait of every unit of the specimens, what it says over its whole range, and the pages that show them."""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import CARD, PROBE, SHEET, grid, kept, of_shown, record, titles, weights


def stages(study: Study) -> list[Stage]:
    portraits = of_shown(
        study,
        "portraits",
        "experiments.analyses.portraits:read",
        inputs=lambda run: {
            "weights": weights(run),
            "record": record(run),
            "interventions": Product(f"interventions/{run.name}", "arrays.npz"),
            "probe": PROBE,
        },
        publish=("portraits.npz",),
    )
    ranges = of_shown(
        study,
        "ranges",
        "experiments.analyses.ranges:read",
        inputs=lambda run: {"weights": weights(run), "probe": PROBE},
        publish=("ranges.npz",),
    )
    connections = of_shown(
        study,
        "connections",
        "experiments.analyses.connections:read",
        inputs=lambda run: {"network": kept(run.condition), "sheet": SHEET},
        publish=("connections.npz",),
    )
    gathered = Stage(
        name="analysis/units",
        function="experiments.analyses.portraits:gather",
        inputs={
            "portraits": {c.name: Product(f"portraits/{c.name}", "portraits.npz") for c in study.product},
            "responses": {c.name: Product(f"portraits/{c.name}", "responses.npz") for c in study.product},
            "probe": PROBE,
            "card": CARD,
        },
        parameters={"grid": grid(study)},
        publish=("arrays.npz", "facts.json"),
    )
    pages = [
        Stage(
            name=f"unit-page/{condition.name}",
            function="report.play.portraits:draw",
            parameters={"condition": condition.name, "titles": [list(each) for each in titles(study).items()]},
            inputs={
                "portraits": gathered.inputs["portraits"],
                "gathered": Product("analysis/units", "arrays.npz"),
                "ranges": Product(f"ranges/{condition.name}", "ranges.npz"),
                "connections": Product(f"connections/{condition.name}", "connections.npz"),
                "sheet": SHEET,
            },
        )
        for condition in study.product
    ]
    return [*portraits, *ranges, *connections, gathered, *pages]
