"""The notebooks' two runs, with plain kernels; and the first of them once more, as all others are trained.

Its subject is one network by nature, so this chapter names it: an MLP with its hidden layers of 32 and 16 units, on raw
and on normalized input.
"""

from __future__ import annotations

from dataclasses import replace

from experiments.chapters import layers
from experiments.spec import Architecture, Condition, Product, Recipe, Run, Stage, Study, Treatment
from experiments.wiring import TEST, TRAIN, analysis, figures, network, record, train, whole

BUILD, HIDDEN = "experiments.models.mlp:MLP", [32, 16]
RAW, NORMALIZED = (0.0, 1.0), (0.1307, 0.3081)  # mean and standard deviation
RECIPE = Recipe("sgd", learning_rate=0.01, batch_size=64)  # the notebooks', whatever the study's is
VARIANTS = ("notebooks", "dropout-1")
EXACT = "experiments.exact:train"


def missing(study: Study) -> str:
    conditions = _conditions(study)
    if len(conditions) < 2:
        return "it lacks the notebooks’ network, an MLP of 32 and 16 units on raw and on normalized input"
    if any(study.recipe_of(each) != RECIPE for each in conditions):
        return "its MLPs learn by another recipe than the notebooks’"
    variants = [variant.name for variant in study.variants]
    if lost := [name for name in VARIANTS if name not in variants]:
        return f"it lacks variants that the notebooks report of: {', '.join(lost)}"
    return layers.missing(study)


def stages(study: Study) -> list[Stage]:
    raw, normalized = (Run(condition, study.replication) for condition in _conditions(study))

    def read(name: str, function: str, *, draws: int) -> Stage:
        return Stage(
            name=f"specimen/{name}",
            function=f"experiments.analyses.specimen:{function}",
            parameters={"architecture": network(raw.condition.architecture), "seed": 0, "draws": draws},
            inputs={"weights": Product(f"train/replication/{name}", "weights.npz"), "test": whole(study, TEST)},
        )

    def again(name: str, run: Run, function: str = "") -> Stage:
        stage = train(study, run, name=f"train/replication/{name}", function=function, recipe=RECIPE)
        sets = {"train_set": whole(study, TRAIN), "test_set": whole(study, TEST)}  # the notebooks' study was no part
        return replace(stage, inputs={**stage.inputs, **sets})

    records = {run.name: record(run) for run in study.runs if run.condition == raw.condition}
    return [
        again("raw", raw, EXACT),
        again("normalized", normalized, EXACT),
        again("fast", raw),
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


def _conditions(study: Study) -> list[Condition]:
    """The study's conditions that have the notebooks' network, raw before normalized, as far as it has them."""

    def given(mean: float, std: float) -> Condition | None:
        wanted = Treatment("", "", mean, std)
        alike = (each for each in study.conditions if replace(each.treatment, name="", title="") == wanted)
        return next((each for each in alike if _is_theirs(each.architecture)), None)

    return [condition for of in (RAW, NORMALIZED) if (condition := given(*of))]


def _is_theirs(architecture: Architecture) -> bool:
    return architecture.build == BUILD and list(architecture.options.get("hidden", HIDDEN)) == HIDDEN
