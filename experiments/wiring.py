"""The kinds of stages that a plan is made of, and the products that many of them read.

In: a run, a condition or a page. Out: a stage. Which of them a study has, plan.py says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from experiments.spec import Architecture, Condition, Json, Product, Recipe, Run, Stage, Study, Treatment

TRAIN = Product("data", "train.npz")
TEST = Product("data", "test.npz")
CARD = Product("data", "card.json")
SHAPE = Product("data", "shape.json")
PROBE = Product("probe", "probe.npz")
SHEET = Product("sheet", "sheet.npz")  # the probe images in few greys, as pages show them
WHOLE = "whole"  # the stage that reads a set of which the study takes a part


def data(study: Study, load: Stage) -> list[Stage]:
    """The stages that read the data set: one that loads it; where the study takes a part, one that draws it, too."""
    if not study.most:
        return [load]
    train, test, card = (whole(study, product) for product in (TRAIN, TEST, CARD))
    part = Stage(
        name="data",
        function="experiments.data:part",
        parameters={"most": dict(zip(("train", "test"), study.most, strict=True))},
        inputs={"train": train, "test": test, "card": card},
        publish=load.publish,
    )
    return [replace(load, name=WHOLE), part]


def whole(study: Study, product: Product) -> Product:
    """A product of the data stage as it is of the whole set, where a study reads a part."""
    return replace(product, stage=WHOLE) if study.most else product


def train(
    study: Study,
    run: Run,
    *,
    name: str = "",
    function: str = "",
    recipe: Recipe | None = None,
) -> Stage:
    """The stage that trains a run, by its condition's recipe or another one."""
    learns, epochs = (recipe or study.recipe_of(run.condition)).told, study.epochs_of(run.condition, recipe)
    if rates := run.condition.treatment.layer_rates:
        learns["layer_rates"] = dict(rates)
    stacked = run.condition.architecture.side_by_side and not function
    return of_network(
        run,
        name or f"train/{run.name}",
        function or f"experiments.train:{'train_each' if stacked else 'train'}",
        stacked_by="seed" if stacked else "",
        inputs={"train_set": TRAIN, "test_set": TEST, "probe_set": PROBE},
        parameters={"recipe": learns, "seed": run.seed, "epochs": epochs, "early": study.early},
    )


def of_network(
    run: Run,
    name: str,
    function: str,
    *,
    inputs: Mapping[str, Product | Mapping[str, Product]],
    parameters: Mapping[str, Json] | None = None,
    publish: tuple[str, ...] = (),
    stacked_by: str = "",
) -> Stage:
    """A stage that is told which network a run's is, and what the network is fed: `architecture` and `treatment`."""
    treatment = run.condition.treatment
    told = {} if treatment.is_measured else {"treatment": constants(treatment)}
    asked = {"treatment": measured(treatment)} if treatment.is_measured else {}
    architecture = network(run.condition.architecture)
    return Stage(
        name=name,
        function=function,
        parameters={"architecture": architecture, **told, **(parameters or {})},
        inputs={**inputs, **asked},
        publish=publish,
        stacked_by=stacked_by,
    )


def of_shown(
    study: Study,
    kind: str,
    function: str,
    *,
    inputs: Callable[[Run], Mapping[str, Product | Mapping[str, Product]]],
    publish: tuple[str, ...],
) -> list[Stage]:
    """A stage "<kind>/<condition>" for each network that is shown."""
    return [
        of_network(run, f"{kind}/{run.condition.name}", function, inputs=inputs(run), publish=publish)
        for run in study.shown_runs
    ]


def kept(condition: Condition) -> Product:
    """The file of the network of a condition that is shown."""
    return Product(f"network/{condition.name}", "network.safetensors")


def network(architecture: Architecture) -> dict[str, Json]:
    """How a network is built."""
    return {"build": architecture.build, "options": dict(architecture.options)}


def constants(treatment: Treatment) -> dict[str, Json]:
    """What is done to the pixels, as `experiments.treatment.treat` is told."""
    done = [{"function": each.function, "options": dict(each.options)} for each in treatment.transforms]
    return {"mean": treatment.mean, "std": treatment.std, **({"transforms": done} if done else {})}


def measured(treatment: Treatment) -> Product:
    """The same where the training images decide it."""
    return Product(f"treatment/{treatment.name}", "treatment.json")


def treatments(study: Study) -> list[Stage]:
    """The stages that look up constants in the training images, for the treatments that ask for them; and, before
    anything is trained, try the transforms of those that have any."""
    return [
        Stage(
            name=measured(each).stage,
            function="experiments.treatment:measured",
            parameters=constants(each),
            inputs={"train": TRAIN},
            publish=("treatment.json",),
            gate=bool(each.transforms),
        )
        for each in along(study, "treatment")
        if each.is_measured or each.transforms
    ]


def weights(run: Run) -> Product:
    """What a run's network weighs, epoch by epoch."""
    return Product(f"train/{run.name}", "weights.npz")


def record(run: Run) -> Product:
    """What was logged of a run."""
    return Product(f"train/{run.name}", "record.npz")


def arrays(subject: str, runs: Iterable[Run]) -> dict[str, Product]:
    """What the stages `<subject>/<run>` found, by the names of the runs."""
    return {run.name: Product(f"{subject}/{run.name}", "arrays.npz") for run in runs}


def titles(study: Study) -> dict[str, str]:
    """What the conditions of the product are called on pages."""
    return {c.name: f"{c.architecture.title}, {c.treatment.title}" for c in study.product}


def analysis(
    page: str, function: str, *, inputs: Mapping, parameters: Mapping | None = None, publish: tuple[str, ...] = ()
) -> Stage:
    """The stage that gathers what was found about a subject: arrays for its figures, facts for its page."""
    return Stage(
        name=f"analysis/{page}",
        function=f"experiments.analyses.{page}:{function}",
        parameters=parameters or {},
        inputs=inputs,
        publish=("arrays.npz", "facts.json", *publish),
    )


def figures(
    study: Study,
    page: str,
    *names: str,
    analysis: str = "",
    each: str = "",
) -> list[Stage]:
    """The stages that draw figures, from the analysis of their page or another one and the card of the data set.

    report/figures/<analysis>.py has a function of each name. `each`: "architecture" draws one for every architecture,
    which is handed to the function by its name.
    """
    analysis, shown = analysis or page, look(study)
    of = list(shown["architectures"]) if each == "architecture" else [""]
    return [
        Stage(
            name=f"figure/{page}/{'-'.join(filter(None, (name.replace('_', '-'), one)))}",
            function=f"report.figures.{analysis}:{name}",
            parameters={"look": shown, **({"architecture": one} if one else {})},
            inputs={
                "arrays": Product(f"analysis/{analysis}", "arrays.npz"),
                "facts": Product(f"analysis/{analysis}", "facts.json"),
                "card": CARD,
            },
        )
        for name in names
        for one in of
    ]


def read_networks(
    study: Study,
    subject: str,
    *,
    inputs: Mapping[str, Product] | None = None,
    parameters: Mapping[str, Json] | None = None,
    recorded: bool = False,
    seeded: bool = True,
) -> list[Stage]:
    """The stages `<subject>/<run>`, which read every trained network: experiments/analyses/<subject>.py has `read`.

    They are handed its weights and the probe set; its record, where `recorded`, and its seed, where `seeded`.
    """
    return [
        of_network(
            run,
            f"{subject}/{run.name}",
            f"experiments.analyses.{subject}:read",
            parameters={**({"seed": run.seed} if seeded else {}), **(parameters or {})},
            inputs={
                "weights": weights(run),
                **({"record": record(run)} if recorded else {}),
                "probe": PROBE,
                **(inputs or {}),
            },
        )
        for run in study.runs
    ]


def networks(study: Study) -> dict[str, Product]:
    """What each architecture says of itself, by its name: see `experiments.models.check`."""
    return {each.name: Product(f"check/{each.name}", "check.json") for each in along(study, "architecture")}


def checks(study: Study) -> list[Stage]:
    """Every network of the study is held against what it declares, before anything is trained."""
    return [
        Stage(
            name=f"check/{each.name}",
            function="experiments.models.check:check",
            parameters={"architecture": network(each)},
            inputs={"shape": SHAPE},
            publish=("check.json",),
            gate=True,
        )
        for each in (*along(study, "architecture"), *study.variants)
    ]


def grid(study: Study, *, controls: bool = True) -> Json:
    """The study's conditions and comparisons as the analyses read them; see `experiments.evidence`."""
    conditions = study.conditions if controls else study.product
    return {
        "conditions": {
            each.name: {
                "architecture": each.architecture.name,
                "treatment": each.treatment.name,
                "shown": f"{each.name}/{study.shown_seed_of(each)}",
            }
            for each in conditions
        },
        "comparisons": {
            each.name: {
                "first": each.first.name,
                "second": each.second.name,
                "axis": each.axis,
                "within": each.within.name,
                "beside": study.control_in(each),
            }
            for each in study.comparisons
            if each.first in conditions and each.second in conditions
        },
    }


def look(study: Study, *, controls: bool = False) -> Json:
    """What figures must know to name and colour things: the grid, and the titles of what stands in it.

    controls: whether they draw the conditions beside the product, too.
    """
    drawn = grid(study, controls=controls)
    kept = {axis: {of[axis] for of in drawn["conditions"].values()} for axis in ("architecture", "treatment")}
    return {
        **drawn,
        "undrawn": [] if controls else _undrawn(study),
        **{
            f"{axis}s": {e.name: e.title for e in along(study, axis) if e.name in names} for axis, names in kept.items()
        },
    }


def _undrawn(study: Study) -> list[str]:
    """What figures leave out: controls, and the comparisons that one takes part in."""
    beside = [each for each in study.comparisons if study.control_in(each)]
    return [each.name for each in study.controls] + [each.name for each in beside]


def along(study: Study, axis: str) -> list:
    """The architectures or the treatments of the study's conditions, each once, in their order."""
    return list({getattr(each, axis).name: getattr(each, axis) for each in study.conditions}.values())
