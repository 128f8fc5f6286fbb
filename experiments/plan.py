"""The wiring: a study becomes a list of stages, each after what it reads. Computes nothing.

In: a study, and the data set by name and content. Out: the stages, in an order in which they could run.
"""

from __future__ import annotations

from collections.abc import Mapping

from experiments import chapters
from experiments.errors import InputError
from experiments.spec import DataSet, Json, Product, Stage, Study
from experiments.wiring import CARD, checks, data, look, treatments

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
    """All stages of a study: the data, the checks of its networks, what its chapters declare, and cards for its pages.

    `folder` and `cache` say where data files are and where a download goes. `files` says what the folder holds
    where that is not MNIST (see `idx.fingerprints`), so that other files are other data; `description`, what
    it says of the set (see `description.described`), which goes before what the study says of its own. `questions`
    ({page: its heading}) are drawn as the pictures that stand for the pages elsewhere. Raises InputError for a study
    that makes no sense, with a line for each fault, and for MNIST where it is made for another set.
    """
    sensible(study)
    own = study.data if dataset == "mnist" else None
    told = {**(own.described if own else {}), **(description or {})}
    load = _fetched(own, told, cache) if own and not folder else _read(dataset, told, folder, cache, files or {})
    if own and folder and not files:
        raise InputError(
            f"{folder} holds MNIST, and {study.name} is a study of {own.title}: name a folder that holds that"
        )
    declared = [stage for chapter in chapters.chapters_of(study).values() for stage in chapter.stages(study)]
    cards = [
        Stage(
            name=f"social/{page}",
            function="report.figures.social:card",
            parameters={"question": question, "title": "Inside MNIST", "look": look(study)},
        )
        for page, question in (questions or {}).items()
    ]
    return _in_order([*data(study, load), *checks(study), *treatments(study), *declared, *cards])


def _read(dataset: str, told: Mapping[str, Json], folder: str, cache: str, files: Mapping[str, str]) -> Stage:
    """The stage that reads the images from a folder; of MNIST, perhaps after a download; or scikit-learn's."""
    return Stage(
        name="data",
        function="experiments.data:load",
        parameters={"dataset": dataset, "files": dict(files), "description": dict(told)},
        place={"folder": folder, "cache": cache},
        publish=("card.json", "shape.json"),
    )


def _fetched(own: DataSet, told: Mapping[str, Json], cache: str) -> Stage:
    """The stage that downloads a study's own images."""
    return Stage(
        name="data",
        function="experiments.download:load",
        parameters={"loader": own.loader, "description": dict(told)},
        place={"cache": cache},
        publish=("card.json", "shape.json"),
    )


def sensible(study: Study) -> Study:
    """The study, if it makes sense. Raises InputError with a line for each fault."""
    if study.faults:
        raise InputError("\n".join(f"experiments/study.py, {study.name}: {fault}." for fault in study.faults))
    return study


def _in_order(stages: list[Stage]) -> list[Stage]:
    """The stages, each after those that it reads, else in the order given. Raises ValueError where a name stands twice
    or something is read that no stage makes."""
    named = {stage.name: stage for stage in stages}
    if len(named) < len(stages):
        names = [stage.name for stage in stages]
        raise ValueError(f"two stages are called {next(name for name in names if names.count(name) > 1)}")
    placed: dict[str, Stage] = {}

    def place(stage: Stage) -> None:
        if stage.name in placed:
            return
        for product in stage.products_read():
            if product.stage not in named:
                raise ValueError(
                    f"{stage.name} reads {product.stage}/{product.name}, which no stage of the study makes"
                )
            place(named[product.stage])
        placed[stage.name] = stage

    for stage in stages:
        place(stage)
    return list(placed.values())


def shown(stages: list[Stage]) -> list[Product]:
    """The products that pages are made of: the data card, every analysis's facts, the specimens' files, every
    picture and its numbers."""
    products = [CARD]
    for stage in stages:
        if stage.name.startswith("analysis/"):
            products.append(Product(stage.name, "facts.json"))
        elif stage.name.startswith("check/"):
            products.append(Product(stage.name, "check.json"))
        elif stage.name.startswith(("network/", "runnable/")):
            products += made(stage)
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
