"""What the reader can touch: the stages behind the lab, the map and the pages of single units.

In: a study. Out: stages that choose and measure (their products are published), and stages that pack what they found
for the browser (`script/`, `unit-page/`: each build does that for itself). All of it is of the first seed's networks.
"""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import CARD, PROBE, TEST, network_of, record, titles, weights


def lab(study: Study) -> list[Stage]:
    """The networks themselves, and a shelf of digits for them to read."""
    return [
        *(
            Stage(
                name=f"network/{run.condition.name}",
                function="experiments.networks:keep",
                parameters=network_of(run),
                inputs={"weights": weights(run)},
                publish=("network.safetensors",),
            )
            for run in study.first_runs
        ),
        Stage(
            name="shelf",
            function="experiments.analyses.shelf:choose",
            inputs={"records": {run.condition.name: record(run) for run in study.first_runs}, "test": TEST},
            publish=("shelf.npz",),
        ),
        Stage(
            name="script/networks",
            function="report.scripts:networks",
            parameters={"titles": titles(study)},
            inputs={
                "networks": {c.name: Product(f"network/{c.name}", "network.safetensors") for c in study.conditions},
                "card": CARD,
            },
            publish=("networks.js",),
        ),
        Stage(
            name="script/shelf",
            function="report.shelf:pack",
            parameters={"titles": titles(study)},
            inputs={"shelf": Product("shelf", "shelf.npz"), "card": CARD},
            publish=("shelf.js", "shelf.png", "shelf.json"),
        ),
    ]


def units(study: Study) -> list[Stage]:
    """A portrait of every unit, and the pages that show them."""
    portraits = [
        Stage(
            name=f"portraits/{run.condition.name}",
            function="experiments.analyses.portraits:read",
            parameters=network_of(run),
            inputs={
                "weights": weights(run),
                "record": record(run),
                "interventions": Product(f"interventions/{run.name}", "arrays.npz"),
                "probe": PROBE,
            },
            publish=("portraits.npz",),
        )
        for run in study.first_runs
    ]
    gathered = Stage(
        name="analysis/units",
        function="experiments.analyses.portraits:gather",
        inputs={
            "portraits": {c.name: Product(f"portraits/{c.name}", "portraits.npz") for c in study.conditions},
            "responses": {c.name: Product(f"portraits/{c.name}", "responses.npz") for c in study.conditions},
            "probe": PROBE,
            "card": CARD,
        },
        publish=("arrays.npz", "facts.json"),
    )
    pages = [
        Stage(
            name=f"unit-page/{condition.name}",
            function="report.portraits:draw",
            parameters={"condition": condition.name, "titles": [list(each) for each in titles(study).items()]},
            inputs={
                "portraits": gathered.inputs["portraits"],
                "gathered": Product("analysis/units", "arrays.npz"),
            },
        )
        for condition in study.conditions
    ]
    return [*portraits, gathered, *pages]


def maps(study: Study) -> list[Stage]:
    """What the page "map" is made of, each image's place in every hidden layer."""
    runs = {run.condition.name: run for run in study.first_runs}
    planes = {name: Product(f"embed/{run.name}", "arrays.npz") for name, run in runs.items()}
    places = [
        Stage(
            name=f"places/{name}",
            function="experiments.analyses.places:place",
            parameters=network_of(run),
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
    sheet = Stage("sheet", "experiments.analyses.places:sheet", inputs={"probe": PROBE}, publish=("sheet.npz",))
    script = Stage(
        name="script/map",
        function="report.scripts_map:pack",
        parameters={
            "networks": {
                name: {
                    "title": titles(study)[name],
                    "architecture": run.condition.architecture.title,
                    "treatment": run.condition.treatment.name,
                }
                for name, run in runs.items()
            }
        },
        inputs={
            "sheet": Product("sheet", "sheet.npz"),
            "places": {name: Product(f"places/{name}", "places.npz") for name in runs},
            "card": CARD,
        },
        publish=("map.js", "map-digits.png", *(f"map-{name}.js" for name in runs)),
    )
    return [*places, sheet, script]
