"""What is told of the networks and the data by those who take them away: the cards."""

from __future__ import annotations

from experiments.spec import Stage, Study
from experiments.wiring import TEST, TRAIN, kept, record


def stages(study: Study) -> list[Stage]:
    files = {c.name: kept(c) for c in study.product}
    return [
        Stage(
            name="analysis/networks",
            function="experiments.analyses.networks:tell",
            inputs={"records": {run.condition.name: record(run) for run in study.shown_runs}, "files": files},
            publish=("facts.json",),
        ),
        Stage(
            name="analysis/dataset",
            function="experiments.analyses.dataset:faults",
            inputs={"train": TRAIN, "test": TEST},
            publish=("facts.json",),
        ),
    ]
