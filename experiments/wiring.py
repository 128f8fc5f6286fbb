"""The kinds of stages that a plan is made of, and the products that many of them read.

In: a run, a condition or a page. Out: a stage. Which of them a study has, plan.py says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from experiments.spec import Json, Product, Run, Stage, Study

TRAIN = Product("data", "train.npz")
TEST = Product("data", "test.npz")
CARD = Product("data", "card.json")
PROBE = Product("probe", "probe.npz")


def train(study: Study, run: Run, *, name: str = "", function: str = "experiments.train:train") -> Stage:
    return Stage(
        name=name or f"train/{run.name}",
        function=function,
        parameters={
            **network_of(run),
            "seed": run.seed,
            "epochs": study.epochs,
            "batch_size": study.batch_size,
            "learning_rate": study.learning_rate,
            "early": study.early,
        },
        inputs={"train_set": TRAIN, "test_set": TEST, "probe_set": PROBE},
    )


def network_of(run: Run) -> dict[str, Json]:
    """What the stages that build a network are told of it."""
    architecture, treatment = run.condition.architecture, run.condition.treatment
    return {
        "architecture": {"build": architecture.build, "options": dict(architecture.options)},
        "treatment": {"mean": treatment.mean, "std": treatment.std},
    }


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
    """What the conditions are called on pages."""
    return {c.name: f"{c.architecture.title}, {c.treatment.title}" for c in study.conditions}


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


def figure(page: str, name: str, *, analysis: str = "") -> Stage:
    """The stage that draws a figure, from the analysis of its page or another one."""
    analysis = analysis or page
    return Stage(
        name=f"figure/{page}/{name.replace('_', '-')}",
        function=f"report.figures.{analysis}:{name}",
        inputs={
            "arrays": Product(f"analysis/{analysis}", "arrays.npz"),
            "facts": Product(f"analysis/{analysis}", "facts.json"),
            "card": CARD,
        },
    )
