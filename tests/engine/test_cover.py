"""What a key covers is all that a stage needs: real stages do the same where everything else is cut out."""

from pathlib import Path

import pytest
from cutting import cut, run

from experiments.engine.sources import Sources
from experiments.plan import plan
from experiments.study import SMOKE

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "whole",
    "data",
    "probe",
    "train/mlp-raw/0",
    "train/cnn-raw/0",
    "analysis/data",
    "selectivity/mlp-raw/0",
    "network/cnn-raw",
    "figure/data/examples",
)


@pytest.fixture(scope="module")
def stages():
    planned = {stage.name: stage for stage in plan(SMOKE, dataset="digits")}
    return [planned[name] for name in NAMES]


def test_a_stage_needs_nothing_that_its_key_does_not_cover(stages, tmp_path):
    sources, whole, less = Sources(ROOT), [], []
    for number, stage in enumerate(stages):
        modules, place = list(sources.reached_by(stage)), tmp_path / str(number)
        cut(ROOT, sources.covered_by(stage), place)
        whole.append((ROOT, modules, stage))
        less.append((place, modules, stage))
    assert run(ROOT, less, tmp_path) == run(ROOT, whole, tmp_path)


def test_what_a_stage_does_not_need_is_not_covered(stages):
    """Else the test above would tell nothing."""
    sources = Sources(ROOT)
    left = {stage.name: named(sources.covered_by(stage)) for stage in stages}
    assert "experiments.record:_by_layer" in left["train/mlp-raw/0"]
    assert not [name for name in left["train/mlp-raw/0"] if name.startswith("experiments.models.cnn")]
    assert "experiments.data:probe" not in left["data"]
    assert "report.figures.data:spectrum" not in left["figure/data/examples"]


def named(cover):
    """The definitions that count, as "module:name"."""
    return {
        f"{module}:{name}"
        for module, numbers in cover.found.items()
        for number in numbers
        for name in cover.reach.modules[module][number].names
    }
