"""What the map is made of: each image's place in every hidden layer of the specimens, and its neighbours there."""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import CARD, PROBE, SHEET, kept, of_network, of_shown, titles, weights


def stages(study: Study) -> list[Stage]:
    runs = {run.condition.name: run for run in study.shown_runs}
    planes = {name: Product(f"embed/{run.name}", "arrays.npz") for name, run in runs.items()}
    places = [
        of_network(
            run,
            f"places/{name}",
            "experiments.analyses.places:place",
            inputs={
                "planes": planes[name],
                "bent": {"maps": Product(f"manifold/{name}", "arrays.npz")},
                "reference": next(iter(planes.values())),
                "trajectory": Product(f"train/{run.name}", "trajectory.npz"),
                "weights": weights(run),
                "probe": PROBE,
            },
            publish=("places.npz",),
        )
        for name, run in runs.items()
    ]
    nearby = of_shown(
        study,
        "nearby",
        "experiments.analyses.nearby:read",
        inputs=lambda run: {"network": kept(run.condition), "sheet": SHEET},
        publish=("nearby.npz",),
    )
    sheet = Stage("sheet", "experiments.analyses.places:sheet", inputs={"probe": PROBE}, publish=("sheet.npz",))
    script = Stage(
        name="script/map",
        function="report.play.map:pack",
        parameters={
            "networks": {
                name: {
                    "title": titles(study)[name],
                    "architecture": run.condition.architecture.title,
                    "treatment": run.condition.treatment.title,
                }
                for name, run in runs.items()
            }
        },
        inputs={
            "sheet": SHEET,
            "places": {name: Product(f"places/{name}", "places.npz") for name in runs},
            "nearby": {name: Product(f"nearby/{name}", "nearby.npz") for name in runs},
            "card": CARD,
        },
        publish=("map.js", "map-digits.png", *(f"map-{name}.js" for name in runs)),
    )
    return [*places, sheet, *nearby, script]
