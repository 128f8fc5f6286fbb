"""Why normalization helps: every treatment at several learning rates, and how sharply the loss bends."""

from __future__ import annotations

from typing import Any

from experiments.spec import Condition, Product, Run, Stage, Study, Treatment
from experiments.wiring import CARD, TEST, TRAIN, analysis, constants, of_network

FIGURES = ("rates", "apart", "curvature")


def missing(study: Study) -> str:
    return "" if study.sweeps else "it tries no other learning rates"


def stages(study: Study) -> list[Stage]:
    found, curves, bends = [], {}, {}
    for architecture in (each for each in study.architectures if each.name in study.sweeps):
        for condition, begun in study.tried(architecture).values():
            for seed in study.seeds[: study.sweeps[architecture.name].seeds]:
                run = Run(condition, seed)
                found.append(_swept(study, run, begun))
                curves[run.name] = Product(f"sweep/{run.name}", "curves.npz")
                if moments := _moments(study, condition):
                    found.append(_bent(run, moments))
                    bends[run.name] = Product(f"curvature/{run.name}", "arrays.npz")
    gathered = analysis(
        "why",
        "gather",
        inputs={"curves": curves, "bends": bends, "card": CARD},
        parameters=_told(study),
    )
    return [*found, gathered, *_drawn(study)]


def _swept(study: Study, run: Run, begun: Treatment | None) -> Stage:
    condition, sweep = run.condition, study.sweeps[run.condition.architecture.name]
    learns = study.recipe_of(Condition(condition.architecture, condition.treatment)).told
    if rates := condition.treatment.layer_rates:
        learns["layer_rates"] = dict(rates)
    return of_network(
        run,
        f"sweep/{run.name}",
        "experiments.sweep:sweep",
        inputs={"train_set": TRAIN, "test_set": TEST},
        parameters={
            "begins_as": begun and constants(begun),
            "recipe": learns,
            "rates": list(sweep.rates),
            "seed": run.seed,
            "epochs": sweep.epochs,
        },
    )


def _moments(study: Study, condition: Condition) -> list[int]:
    """The epochs at which the curvature is measured: none where the study's own rate is not among those tried."""
    sweep = study.sweeps[condition.architecture.name]
    if study.recipe_of(condition).learning_rate not in sweep.rates:
        return []
    return sorted({0, min(study.early, sweep.epochs), sweep.epochs})


def _bent(run: Run, moments: list[int]) -> Stage:
    return of_network(
        run,
        f"curvature/{run.name}",
        "experiments.analyses.curvature:read",
        inputs={"weights": Product(f"sweep/{run.name}", "weights.npz"), "train": TRAIN},
        parameters={"epochs": moments, "seed": 0},
    )


def _told(study: Study) -> dict[str, Any]:
    """What the analysis is told: who was tried, what is compared, and at which rate the study's own networks learn."""
    tried: dict[str, Any] = {}
    comparisons: dict[str, Any] = {}
    own: dict[str, float] = {}
    for architecture in (each for each in study.architectures if each.name in study.sweeps):
        for name, (condition, begun) in study.tried(architecture).items():
            tried[name] = {
                "architecture": architecture.name,
                "treatment": condition.treatment.name,
                "is_folded": begun is not None,
            }
        for each in study.tried_comparisons(architecture):
            comparisons[each.name] = {
                "architecture": architecture.name,
                "first": each.first.name,
                "second": each.second.name,
                "against": each.second.treatment.name,
            }
        own[architecture.name] = study.recipe_of(next(iter(study.tried(architecture).values()))[0]).learning_rate
    return {"tried": tried, "compared": comparisons, "own": own}


def _drawn(study: Study) -> list[Stage]:
    told = _told(study)
    treatments: dict[str, str] = {each.treatment.name: each.treatment.title for each in study.product}
    for architecture in (each for each in study.architectures if each.name in study.sweeps):
        for condition, _ in study.tried(architecture).values():
            treatments.setdefault(condition.treatment.name, condition.treatment.title)
    shown = {
        "conditions": {
            name: {"architecture": of["architecture"], "treatment": of["treatment"]}
            for name, of in told["tried"].items()
        },
        "comparisons": {
            name: {**of, "axis": "treatment", "within": of["architecture"]} for name, of in told["compared"].items()
        },
        "architectures": {each.name: each.title for each in study.architectures},
        "treatments": treatments,
    }
    return [
        Stage(
            name=f"figure/why/{name}",
            function=f"report.figures.why:{name}",
            parameters={"look": shown},
            inputs={
                "arrays": Product("analysis/why", "arrays.npz"),
                "facts": Product("analysis/why", "facts.json"),
            },
        )
        for name in FIGURES
    ]
