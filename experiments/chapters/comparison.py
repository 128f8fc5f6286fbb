"""Every measure that has one number per network, side by side: the rows of all chapters in one table."""

from __future__ import annotations

from dataclasses import asdict

from experiments import chapters
from experiments.rows import Row
from experiments.spec import Product, Stage, Study
from experiments.wiring import grid, look, networks

ORDER = ("training", "activations", "health", "geometry", "selectivity", "interventions", "similarity", "features")


def missing(study: Study) -> str:
    return "" if study.comparisons else "it has one condition only, and nothing to compare it with"


def rows(study: Study) -> list[Row]:
    """The rows of the chapters that the study has, chapters in the order of reading, those not named there last."""
    found = [row for module in chapters.chapters_of(study).values() for row in getattr(module, "ROWS", ())]
    rank = {page: place for place, page in enumerate(ORDER)}
    return sorted(found, key=lambda row: rank.get(row.page, len(rank)))


def stages(study: Study) -> list[Stage]:
    chosen = rows(study)
    analyses = dict.fromkeys(row.analysis or row.page for row in chosen)
    return [
        Stage(
            name="analysis/comparison",
            function="experiments.analyses.comparison:gather",
            parameters={
                "rows": [asdict(row) for row in chosen],
                "grid": grid(study),
                "single": [each.name for each in study.conditions if len(study.seeds_of(each)) == 1],
                "apart": {rest.name: whole.name for whole, _, rest in study.at_matched_step},
            },
            inputs={
                "facts": {name: Product(f"analysis/{name}", "facts.json") for name in analyses},
                "networks": networks(study),
            },
            publish=("facts.json",),
        ),
        Stage(
            name="figure/comparison/overview",
            function="report.figures.comparison:overview",
            parameters={"look": look(study)},
            inputs={"facts": Product("analysis/comparison", "facts.json")},
        ),
        *_apart(study),
    ]


def _apart(study: Study) -> list[Stage]:
    """The same figure of what a treatment changes by the step, and what otherwise."""
    names = [each.name for triple in study.at_matched_step for each in triple]
    if not names:
        return []
    drawn = look(study, controls=True)
    return [
        Stage(
            name="figure/comparison/steps",
            function="report.figures.comparison:overview",
            parameters={"look": {**drawn, "comparisons": {name: drawn["comparisons"][name] for name in names}}},
            inputs={"facts": Product("analysis/comparison", "facts.json")},
        )
    ]
