"""What the units look for: numbers of every network, images of the specimens."""

from __future__ import annotations

from experiments.rows import WHOLE, WITHIN, Row
from experiments.spec import Product, Stage, Study
from experiments.wiring import PROBE, TRAIN, analysis, arrays, figures, grid, of_network, read_networks, weights

ROWS = (
    Row("features", "saliency_border", WHOLE, "saliency on the border", "share on pixels that are hardly ever lit"),
    Row("features", "saliency_ink", WHOLE, "saliency on ink", "share on the lit pixels of the image"),
    Row("features", "saliency_roughness", WHOLE, "roughness of saliency", "how unlike neighbouring pixels are"),
    Row("features", "weight_roughness", WITHIN, "roughness of weights", "how unlike neighbours are, first layer"),
    Row("features", "norm_growth", WITHIN, "growth of weights", "norm of the first layer, trained over untrained"),
)
BORDER = Product("border", "border.npz")
FIGURES = (
    "change",
    "locality",
    "saliency",
    "unit_saliency",
    "randomisation",
    "one_hot",
    "maximised",
    "maximised_logits",
)


def stages(study: Study) -> list[Stage]:
    galleries = [
        of_network(
            run,
            f"gallery/{run.condition.name}",
            "experiments.analyses.features:gallery",
            parameters={"ascent_steps": study.ascent_steps},
            inputs={"weights": weights(run), "probe": PROBE},
        )
        for run in study.shown_runs
    ]
    return [
        Stage(name="border", function="experiments.analyses.features:border", inputs={"train": TRAIN}),
        *read_networks(study, "features", inputs={"border": BORDER}),
        *galleries,
        analysis(
            "features",
            "compare",
            inputs={
                "runs": arrays("features", study.runs),
                "galleries": {c.name: Product(f"gallery/{c.name}", "arrays.npz") for c in study.product},
                "probe": PROBE,
                "border": BORDER,
            },
            parameters={"grid": grid(study)},
        ),
        *figures(study, "features", "weights", each="architecture"),
        *figures(study, "features", *FIGURES),
    ]
