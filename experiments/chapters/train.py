"""What training in the page is made of: some of the images, and the specimens as they are before any training."""

from __future__ import annotations

from typing import Any

from experiments.spec import Architecture, Condition, Product, Recipe, Stage, Study, Treatment
from experiments.wiring import CARD, PROBE, SHAPE, TEST, TRAIN, measured, network

AROUND = (0.1, 0.3, 1, 3, 10)  # times a recipe's rate, where no others are tried


def missing(study: Study) -> str:
    return "" if _learning(study) else "none of its networks learns by plain gradient descent"


def stages(study: Study) -> list[Stage]:
    lesson = Stage(
        name="lesson",
        function="experiments.analyses.lesson:choose",
        inputs={"train": TRAIN, "test": TEST, "probe": PROBE},
        parameters={"seed": 0},
        publish=("lesson.npz",),
    )
    begun = [
        Stage(
            name=f"start/{each.name}",
            function="experiments.analyses.lesson:begin",
            inputs={"shape": SHAPE},
            parameters={"architecture": network(each), "seed": study.shown_seed},
            publish=("start.json", "start.npz"),
        )
        for each in _learning(study)
    ]
    fed = _fed(study)
    script = Stage(
        name="script/train",
        function="report.play.train:pack",
        parameters={
            "networks": [_told(study, each) for each in _learning(study)],
            "treatments": [_described(each) for each in fed],
        },
        inputs={
            "lesson": Product("lesson", "lesson.npz"),
            "begun": {each.name: Product(f"start/{each.name}", "start.json") for each in _learning(study)},
            "weights": {each.name: Product(f"start/{each.name}", "start.npz") for each in _learning(study)},
            "measured": {each.name: measured(each) for each in fed if each.is_measured},
            "card": CARD,
        },
        publish=("train.json", "train.js", *(f"train-{each.name}.js" for each in _learning(study))),
    )
    return [lesson, *begun, script]


def _learning(study: Study) -> list[Architecture]:
    """The architectures that learn as a page can: by plain gradient descent."""
    return [each for each in study.architectures if _is_plain(_recipe(study, each))]


def _recipe(study: Study, architecture: Architecture) -> Recipe:
    return study.recipe_of(Condition(architecture, study.treatments[0]))


def _is_plain(recipe: Recipe) -> bool:
    return recipe.optimizer == "sgd" and not recipe.momentum and not recipe.weight_decay


def _fed(study: Study) -> list[Treatment]:
    """The treatments that a page can apply, in the order in which figures colour them: the study's own, those that are
    tried at other rates, those of controls."""
    every = [*study.treatments, *study.tried_treatments, *(each.treatment for each in study.controls)]
    return [each for each in {each.name: each for each in every}.values() if not each.transforms]


def _described(treatment: Treatment) -> dict[str, Any]:
    constants = {} if treatment.is_measured else {"mean": treatment.mean, "std": treatment.std}
    return {
        "name": treatment.name,
        "title": treatment.title,
        "factors": dict(treatment.layer_rates),
        **constants,
    }


def _told(study: Study, architecture: Architecture) -> dict[str, Any]:
    """A network as the page is told of it: how it learns in the study, and at which other rates it may."""
    recipe = _recipe(study, architecture)
    swept = study.sweeps.get(architecture.name)
    tried = swept.rates if swept else [float(f"{recipe.learning_rate * times:.1g}") for times in AROUND]
    return {
        "name": architecture.name,
        "title": architecture.title,
        "batch": recipe.batch_size,
        "rate": recipe.learning_rate,
        "rates": sorted({*tried, recipe.learning_rate}),
    }
