"""The wiring: a study becomes a list of stages, each after what it reads. Computes nothing.

In: a study, and the data set by name and content. Out: the stages, in an order in which they could run.
"""

from __future__ import annotations

from collections.abc import Mapping

from experiments import chapters, play
from experiments.spec import Json, Product, Stage, Study
from experiments.wiring import CARD, PROBE, TEST, TRAIN, analysis, figure, record, train, weights

# The figures of each page: report/figures/<page>.py has a function of each name.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "data": ("examples", "class_means", "intensities", "classes", "spectrum"),
    "training": (
        "learning_curves",
        "epochs_to_accuracy",
        "class_accuracy",
        "confusions",
        "failures",
        "difference",
    ),
    "activations": ("distributions", "drift", "quantiles", "class_drift", "units"),
    "health": ("dead_units", "revival", "activity", "gradient_flow", "update_ratios"),
    "selectivity": (
        "class_means_mlp",
        "class_means_cnn",
        "top_units",
        "agreement",
        "overlap",
        "participation",
        "growth",
    ),
    "interventions": (
        "ablation",
        "curves",
        "dose",
        "confusions",
        "bottlenecks",
        "attractors",
        "mean_ablation",
        "importance",
    ),
    "geometry": ("pca_mlp", "pca_cnn", "explained_variance", "silhouette", "dimension"),
    "similarity": ("epochs", "steps", "settling", "layers", "networks", "relations"),
    "features": (
        "first_layer",
        "change",
        "locality",
        "filters",
        "saliency",
        "unit_saliency",
        "randomisation",
        "one_hot",
        "maximised",
        "maximised_logits",
    ),
    "superposition": ("interference", "cosines", "confused", "units"),
    "layers": ("differences", "curves", "drift", "units"),
    "replication": ("learning_curve", "top_units", "unit_14"),
}

# Further figures of the page "geometry", by the analysis that they read: report/figures/<analysis>.py draws them.
GEOMETRY: Mapping[str, tuple[str, ...]] = {
    "atlas": ("maps_mlp", "maps_cnn", "development_mlp", "development_cnn", "kept", "starts", "stability"),
    "neighbours": ("neighbours", "by_epoch"),
    "subspaces": ("subspaces",),
}

# The analyses whose measures stand side by side on the page "comparison".
COMPARED = (
    "training",
    "activations",
    "health",
    "selectivity",
    "interventions",
    "geometry",
    "neighbours",
    "similarity",
    "features",
    "superposition",
)


# Stages that draw or pack: each build does it for itself, nothing of it is put on the published shelf.
PICTURES = ("figure/", "social/", "script/", "unit-page/")


def plan(
    study: Study,
    *,
    dataset: str = "mnist",
    folder: str = "",
    cache: str = "",
    files: Mapping[str, str] | None = None,
    description: Mapping[str, Json] | None = None,
    questions: Mapping[str, str] | None = None,
) -> list[Stage]:
    """All stages of a study.

    `folder` and `cache` say where data files are and where a download goes. `files` says what the folder holds
    where that is not MNIST (see `idx.fingerprints`), so that other files are other data; `description`, what it says
    of the set (see `description.described`). `questions` ({page: its heading}) are drawn as the pictures that stand for
    the pages elsewhere.
    """
    records = {run.name: record(run) for run in study.runs}
    stages = [
        Stage(
            name="data",
            function="experiments.data:load",
            parameters={"dataset": dataset, "files": dict(files or {}), "description": dict(description or {})},
            place={"folder": folder, "cache": cache},
            publish=("card.json",),
        ),
        Stage(
            name="probe",
            function="experiments.data:probe",
            parameters={"per_class": study.probe_per_class},
            inputs={"test": TEST},
        ),
        *(train(study, run) for run in study.runs),
        analysis(
            "data",
            "examine",
            inputs={"train": TRAIN, "test": TEST, "probe": PROBE, "card": CARD},
            parameters={"treatments": {t.name: {"mean": t.mean, "std": t.std} for t in study.treatments}},
            publish=("examples.npz",),
        ),
        analysis("training", "compare", inputs={"records": records, "test": TEST, "card": CARD}),
        analysis("activations", "drift", inputs={"records": records, "card": CARD}),
        analysis("health", "examine", inputs={"records": records}),
        *chapters.single_units(study),
        *chapters.geometry(study),
        *chapters.similarity(study),
        *chapters.features(study),
        analysis(
            "superposition",
            "compare",
            inputs={"records": records, "weights": {run.name: weights(run) for run in study.runs}},
        ),
        *chapters.layers(study),
        *chapters.replication(study),
        *play.lab(study),
        *play.units(study),
        *play.maps(study),
        Stage(
            name="analysis/comparison",
            function="experiments.analyses.comparison:gather",
            inputs={"facts": {name: Product(f"analysis/{name}", "facts.json") for name in COMPARED}},
            publish=("facts.json",),
        ),
    ]
    return stages + _pictures(questions or {})


def _pictures(questions: Mapping[str, str]) -> list[Stage]:
    facts = {page: Product(f"analysis/{page}", "facts.json") for page in FIGURES}
    return [
        *(figure(page, name) for page, names in FIGURES.items() for name in names),
        *(figure("geometry", name, analysis=analysis) for analysis, names in GEOMETRY.items() for name in names),
        Stage(
            name="figure/comparison/overview",
            function="report.figures.comparison:overview",
            inputs={"facts": Product("analysis/comparison", "facts.json")},
        ),
        Stage("figure/index/at-a-glance", "report.figures.index:at_a_glance", inputs={"facts": facts}),
        *(
            Stage(f"social/{page}", "report.figures.social:card", {"question": question, "title": "Inside MNIST"})
            for page, question in questions.items()
        ),
    ]


def shown(stages: list[Stage]) -> list[Product]:
    """The products that pages are made of: the data card, every analysis's facts, every picture and its numbers."""
    products = [CARD]
    for stage in stages:
        if stage.name.startswith("analysis/"):
            products.append(Product(stage.name, "facts.json"))
        elif stage.name.startswith("social/"):
            products.append(Product(stage.name, "social.png"))
        elif stage.name.startswith("unit-page/"):
            products.append(Product(stage.name, "units.json"))
        elif stage.name.startswith("script/"):
            products += made(stage)
        elif stage.name.startswith("figure/"):
            products += [Product(stage.name, "figure.svg"), Product(stage.name, "data.csv")]
    return products


def made(stage: Stage) -> tuple[Product, ...]:
    """What a stage makes for the browser: the files that it names as published."""
    return tuple(Product(stage.name, name) for name in stage.publish)
