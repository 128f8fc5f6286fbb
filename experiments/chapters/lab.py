"""What the lab is made of: the specimens, and a shelf of images for them to read."""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import CARD, PROBE, TEST, kept, of_shown, record, titles, weights


def stages(study: Study) -> list[Stage]:
    return [
        *of_shown(
            study,
            "network",
            "experiments.networks:keep",
            inputs=lambda run: {"weights": weights(run)},
            publish=("network.safetensors",),
        ),
        *of_shown(
            study,
            "runnable",
            "experiments.networks:runnable",
            inputs=lambda run: {"weights": weights(run), "probe": PROBE},
            publish=("runnable.json",),
        ),
        *of_shown(
            study,
            "handed",
            "experiments.analyses.handed:means",
            inputs=lambda run: {"weights": weights(run), "probe": PROBE},
            publish=("means.npz",),
        ),
        Stage(
            name="shelf",
            function="experiments.analyses.shelf:choose",
            inputs={"records": {run.condition.name: record(run) for run in study.shown_runs}, "test": TEST},
            publish=("shelf.npz",),
        ),
        Stage(
            name="script/networks",
            function="report.play.networks:networks",
            parameters={"titles": titles(study)},
            inputs={
                "networks": {c.name: kept(c) for c in study.product},
                "told": {c.name: Product(f"runnable/{c.name}", "runnable.json") for c in study.product},
                "card": CARD,
            },
            publish=("networks.js", "networks.json"),
        ),
        Stage(
            name="script/shelf",
            function="report.play.shelf:pack",
            parameters={"titles": titles(study)},
            inputs={
                "shelf": Product("shelf", "shelf.npz"),
                "means": {c.name: Product(f"handed/{c.name}", "means.npz") for c in study.product},
                "card": CARD,
            },
            publish=("shelf.js", "shelf.png", "shelf.json"),
        ),
    ]
