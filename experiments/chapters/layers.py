"""The variants beside the network they vary, which is called plain; same seeds."""

from __future__ import annotations

from experiments.spec import Product, Stage, Study
from experiments.wiring import CARD, PROBE, TRAIN, analysis, figures, of_network, train

PREFERRED = "notebooks"  # the variant that all others are set against


def missing(study: Study) -> str:
    if not study.variants:
        return "it has no variants of a network"
    if PREFERRED not in [variant.name for variant in study.variants]:
        return f"it has no variant called {PREFERRED}, which all others are set against"
    plain = next((each.architecture for each in study.conditions if each.name == study.variants_of), None)
    if plain is None:
        return f"it has no {study.variants_of}, which the variants stand beside"
    depth = len(plain.options.get("hidden", ()))
    fewer = [each.name for each in study.variants if len(each.options.get("hidden", ())) < depth]
    return f"its variant {fewer[0]} has fewer hidden layers than {study.variants_of}, its counterpart" if fewer else ""


def stages(study: Study) -> list[Stage]:
    named = {f"{run.condition.architecture.name}/{run.seed}": f"layers/{run.name}" for run in study.variant_runs}
    plain = {f"plain/{run.seed}": f"train/{study.variants_of}/{run.seed}" for run in study.variant_runs}
    varied = {name: f"train/{place}" for name, place in named.items()}
    shares = [variant.options.get("dropout", 0.0) for variant in study.variants]
    compared = analysis(
        "layers",
        "compare",
        inputs={
            "card": CARD,
            "records": {name: Product(stage, "record.npz") for name, stage in {**plain, **varied}.items()},
            "settled": {name: Product(f"settled/{place}", "arrays.npz") for name, place in named.items()},
        },
        parameters={
            "titles": {"plain": "Plain", **{variant.name: variant.title for variant in study.variants}},
            "dropout": max(shares, default=0.0),
        },
    )
    trained = [train(study, run, name=f"train/layers/{run.name}") for run in study.variant_runs]
    settled = [
        of_network(
            run,
            f"settled/layers/{run.name}",
            "experiments.analyses.settled:read",
            inputs={"weights": Product(f"train/layers/{run.name}", "weights.npz"), "train": TRAIN, "probe": PROBE},
        )
        for run in study.variant_runs
    ]
    return [*trained, *settled, compared, *figures(study, "layers", "differences", "curves", "drift", "units")]
