"""The notebooks' two runs, with plain kernels; and the first of them once more, as all others are trained.

Its subject is one network by nature, so this chapter names it: an MLP with its hidden layers of 32 and 16 units, on raw
and on normalized input.
"""

from __future__ import annotations

from experiments.chapters import layers
from experiments.spec import Condition, Product, Recipe, Run, Stage, Study
from experiments.wiring import TEST, analysis, constants, figures, network, record, train

BUILD, HIDDEN = "experiments.models.mlp:MLP", [32, 16]
RAW, NORMALIZED = (0.0, 1.0), (0.1307, 0.3081)  # mean and standard deviation
RECIPE = Recipe("sgd", learning_rate=0.01, batch_size=64)  # the notebooks', whatever the study's is
VARIANTS = ("notebooks", "dropout-1")
EXACT = "experiments.exact:train"


def missing(study: Study) -> str:
    absent = [str(of) for of in (RAW, NORMALIZED) if _condition(study, of) is None]
    if absent:
        return "it lacks the notebooks’ network, an MLP of 32 and 16 units on raw and on normalized input"
    learns = {study.recipe_of(each) for of in (RAW, NORMALIZED) if (each := _condition(study, of))}
    if learns != {RECIPE}:
        return "its MLPs learn by another recipe than the notebooks’"
    variants = [variant.name for variant in study.variants]
    if lost := [name for name in VARIANTS if name not in variants]:
        return f"it lacks variants that the notebooks report of: {', '.join(lost)}"
    return layers.missing(study)


def stages(study: Study) -> list[Stage]:
    conditions = [condition for of in (RAW, NORMALIZED) if (condition := _condition(study, of))]
    raw, normalized = (Run(condition, study.replication) for condition in conditions)

    def read(name: str, function: str, *, draws: int) -> Stage:
        return Stage(
            name=f"specimen/{name}",
            function=f"experiments.analyses.specimen:{function}",
            parameters={"architecture": network(raw.condition.architecture), "seed": 0, "draws": draws},
            inputs={"weights": Product(f"train/replication/{name}", "weights.npz"), "test": TEST},
        )

    records = {run.name: record(run) for run in study.runs if run.condition == raw.condition}
    return [
        train(study, raw, name="train/replication/raw", function=EXACT, recipe=RECIPE),
        train(study, normalized, name="train/replication/normalized", function=EXACT, recipe=RECIPE),
        train(study, raw, name="train/replication/fast", recipe=RECIPE),
        read("raw", "read_exactly", draws=len(study.seeds)),
        read("fast", "read", draws=0),
        analysis(
            "replication",
            "compare",
            inputs={
                "raw": Product("specimen/raw", "arrays.npz"),
                "record": Product("train/replication/raw", "record.npz"),
                "fast": Product("specimen/fast", "arrays.npz"),
                "fast_record": Product("train/replication/fast", "record.npz"),
                "normalized": Product("train/replication/normalized", "record.npz"),
                "records": records,
                "variants": Product("analysis/layers", "arrays.npz"),
            },
        ),
        *figures(study, "replication", "learning_curve", "top_units", "unit_14"),
    ]


def _condition(study: Study, treatment: tuple[float, float]) -> Condition | None:
    """The study's condition that has the notebooks' network and this treatment."""
    for each in study.conditions:
        alike = each.architecture.build == BUILD and list(each.architecture.options.get("hidden", HIDDEN)) == HIDDEN
        if alike and constants(each.treatment) == {"mean": treatment[0], "std": treatment[1]}:
            return each
    return None
