"""Whether networks do one job with the same units: pairs of one seed fed differently, and of two seeds fed alike."""

from __future__ import annotations

from experiments.spec import Condition, Product, Run, Stage, Study
from experiments.wiring import PROBE, TEST, analysis, constants, look, network, weights


def missing(study: Study) -> str:
    return "" if len(study.seeds) > 1 else "it has one seed only, and no two networks fed alike"


def stages(study: Study) -> list[Stage]:
    found: dict[str, Stage] = {}
    places: dict[str, list[str]] = {}
    for place, pairs in _places(study).items():
        places[place] = [f"{first.name}/{second.name}" for first, second in pairs]
        found |= {name: _set_out(*pair) for name, pair in zip(places[place], pairs, strict=True)}
    gathered = analysis(
        "alignment",
        "compare",
        inputs={"pairs": {name: Product(stage.name, "arrays.npz") for name, stage in found.items()}},
        parameters={"places": places},
    )
    drawn = Stage(
        name="figure/alignment/line",
        function="report.figures.alignment:line",
        parameters={"look": look(study)},
        inputs={"arrays": Product("analysis/alignment", "arrays.npz")},
    )
    return [*found.values(), gathered, drawn]


def _places(study: Study) -> dict[str, list[tuple[Run, Run]]]:
    """{comparison: pairs that share their seed; condition: pairs of two seeds, no network in two of them}."""
    plain = [each for each in study.product if _is_plain(each)]
    effects = [each for each in study.comparisons if each.axis == "treatment" and not each.is_contrast]
    found = {
        each.name: [(Run(each.second, seed), Run(each.first, seed)) for seed in study.seeds]
        for each in effects
        if each.first in plain and each.second in plain
    }
    couples = list(zip(study.seeds[::2], study.seeds[1::2], strict=False))
    return found | {each.name: [(Run(each, one), Run(each, other)) for one, other in couples] for each in plain}


def _is_plain(condition: Condition) -> bool:
    """Whether a first layer can take over what the treatment does: it knows no places, and its constants are given."""
    return not (condition.treatment.transforms or condition.treatment.is_measured)


def _set_out(first: Run, second: Run) -> Stage:
    return Stage(
        name=f"alignment/{first.name}/{second.name}",
        function="experiments.analyses.alignment:read",
        parameters={
            "architecture": network(first.condition.architecture),
            "treatments": [constants(run.condition.treatment) for run in (first, second)],
        },
        inputs={"first": weights(first), "second": weights(second), "probe": PROBE, "test": TEST},
    )
