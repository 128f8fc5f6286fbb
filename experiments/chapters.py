"""The stages of each chapter, from what its networks are asked to what its figures read.

In: a study. Out: stages, in an order in which they could run. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from experiments.spec import Json, Product, Run, Stage, Study
from experiments.wiring import CARD, PROBE, TEST, TRAIN, analysis, arrays, network_of, record, train, weights

BORDER = Product("border", "border.npz")


def geometry(study: Study) -> list[Stage]:
    """Planes, neighbours and subspaces of every network; bent maps of the first seed's, and how chance bends them."""
    first, starts = study.seeds[0], study.seeds[:5]
    embed = [
        Stage(
            name=f"embed/{run.name}",
            function="experiments.analyses.geometry:embed",
            inputs={
                "layers": Product(f"train/{run.name}", "layers.npz"),
                "trajectory": Product(f"train/{run.name}", "trajectory.npz"),
                "probe": PROBE,
            },
        )
        for run in study.runs
    ]
    neighbours = [
        Stage(
            name=f"neighbours/{run.name}",
            function="experiments.analyses.neighbours:examine",
            inputs={**stage.inputs, "embedded": Product(stage.name, "arrays.npz")},
        )
        for run, stage in zip(study.runs, embed, strict=True)
    ]
    subspaces = [
        Stage(
            name=f"subspaces/{run.name}",
            function="experiments.analyses.subspaces:examine",
            parameters={"seed": 0},
            inputs={"trajectory": Product(f"train/{run.name}", "trajectory.npz"), "probe": PROBE},
        )
        for run in study.runs
    ]
    manifold = [
        Stage(
            name=f"manifold/{condition.name}",
            function="experiments.analyses.manifold:embed",
            parameters={"seed": 0, "methods": list(study.embeddings)},
            inputs={"layers": Product(f"train/{condition.name}/{first}", "layers.npz"), "probe": PROBE},
        )
        for condition in study.conditions
    ]
    stability = [
        Stage(
            name=f"stability/{condition.name}",
            function="experiments.analyses.stability:repeat",
            parameters={"seeds": len(starts), "methods": list(study.embeddings)},
            inputs={
                "trajectories": {
                    f"{condition.name}/{seed}": Product(f"train/{condition.name}/{seed}", "trajectory.npz")
                    for seed in starts
                },
                "probe": PROBE,
            },
        )
        for condition in study.conditions
    ]
    return [
        *embed,
        analysis("geometry", "compare", inputs={"runs": arrays("embed", study.runs), "probe": PROBE}),
        *neighbours,
        analysis("neighbours", "compare", inputs={"runs": arrays("neighbours", study.runs)}),
        *subspaces,
        analysis("subspaces", "compare", inputs={"runs": arrays("subspaces", study.runs)}),
        *manifold,
        *stability,
        analysis(
            "atlas",
            "compare",
            inputs={
                argument: {each.name: Product(f"{stage}/{each.name}", "arrays.npz") for each in study.conditions}
                for argument, stage in (("conditions", "manifold"), ("stability", "stability"))
            },
        ),
    ]


def single_units(study: Study) -> list[Stage]:
    """What every unit prefers, and what the network answers when it is scaled."""

    def read(page: str, run: Run, *, inputs: Mapping[str, Product], parameters: Mapping[str, Json]) -> Stage:
        return Stage(
            name=f"{page}/{run.name}",
            function=f"experiments.analyses.{page}:read",
            parameters={**network_of(run), "seed": run.seed, **parameters},
            inputs={"weights": weights(run), "record": record(run), "probe": PROBE, **inputs},
        )

    return [
        *(read("selectivity", run, inputs={}, parameters={"draws": 10}) for run in study.runs),
        *(read("interventions", run, inputs={"test": TEST}, parameters={}) for run in study.runs),
        *(
            analysis(page, "compare", inputs={"card": CARD, "runs": arrays(page, study.runs)})
            for page in ("selectivity", "interventions")
        ),
    ]


def similarity(study: Study) -> list[Stage]:
    """How far every network's layers move, and who is like whom."""
    read = [
        Stage(
            name=f"similarity/{run.name}",
            function="experiments.analyses.similarity:read",
            parameters=network_of(run),
            inputs={"weights": weights(run), "probe": PROBE},
        )
        for run in study.runs
    ]
    runs = arrays("similarity", study.runs)
    return [*read, analysis("similarity", "compare", inputs={"runs": runs}, parameters={"threshold": 0.95})]


def features(study: Study) -> list[Stage]:
    """What the units look for: numbers of every network, images of the first seed's."""
    read = [
        Stage(
            name=f"features/{run.name}",
            function="experiments.analyses.features:read",
            parameters={**network_of(run), "seed": run.seed},
            inputs={"weights": weights(run), "probe": PROBE, "border": BORDER},
        )
        for run in study.runs
    ]
    galleries = [
        Stage(
            name=f"gallery/{run.condition.name}",
            function="experiments.analyses.features:gallery",
            parameters={**network_of(run), "ascent_steps": study.ascent_steps},
            inputs={"weights": weights(run), "probe": PROBE},
        )
        for run in study.first_runs
    ]
    return [
        Stage(name="border", function="experiments.analyses.features:border", inputs={"train": TRAIN}),
        *read,
        *galleries,
        analysis(
            "features",
            "compare",
            inputs={
                "runs": arrays("features", study.runs),
                "galleries": {c.name: Product(f"gallery/{c.name}", "arrays.npz") for c in study.conditions},
                "probe": PROBE,
                "border": BORDER,
            },
        ),
    ]


def layers(study: Study) -> list[Stage]:
    """The variants beside the network they vary, which is called plain; same seeds."""
    plain = {f"plain/{run.seed}": f"train/{study.variants_of}/{run.seed}" for run in study.variant_runs}
    varied = {f"{run.condition.architecture.name}/{run.seed}": f"train/layers/{run.name}" for run in study.variant_runs}
    shares = [variant.options.get("dropout", 0.0) for variant in study.variants]
    compared = analysis(
        "layers",
        "compare",
        inputs={
            "card": CARD,
            "records": {name: Product(stage, "record.npz") for name, stage in {**plain, **varied}.items()},
        },
        parameters={
            "titles": {"plain": "Plain", **{variant.name: variant.title for variant in study.variants}},
            "dropout": max(shares, default=0.0),
        },
    )
    return [*(train(study, run, name=f"train/layers/{run.name}") for run in study.variant_runs), compared]


def replication(study: Study) -> list[Stage]:
    """The notebooks' two runs, with plain kernels; and the first of them once more, as all others are trained."""
    runs = {condition.name: Run(condition, study.replication) for condition in study.conditions}
    raw, normalized = runs["mlp-raw"], runs["mlp-normalized"]
    exact = "experiments.exact:train"

    def read(name: str, function: str, *, draws: int) -> Stage:
        return Stage(
            name=f"specimen/{name}",
            function=f"experiments.analyses.specimen:{function}",
            parameters={"architecture": network_of(raw)["architecture"], "seed": 0, "draws": draws},
            inputs={"weights": Product(f"train/replication/{name}", "weights.npz"), "test": TEST},
        )

    records = {run.name: record(run) for run in study.runs if run.condition == raw.condition}
    return [
        train(study, raw, name="train/replication/raw", function=exact),
        train(study, normalized, name="train/replication/normalized", function=exact),
        train(study, raw, name="train/replication/fast"),
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
    ]
