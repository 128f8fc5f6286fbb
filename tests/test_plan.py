"""The plan of the real study: its wiring holds, and a change of the study reruns exactly what it must."""

import ast
import functools
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.engine.key import digest
from experiments.engine.sources import Sources
from experiments.engine.store import Record, Shelf
from experiments.engine.surroundings import Surroundings
from experiments.engine.survey import Shelves, Survey
from experiments.plan import PICTURES, plan, shown
from experiments.spec import Architecture, Treatment
from experiments.study import PUBLISHED, STUDIES

ROOT = Path(__file__).resolve().parents[1]
SMALL = replace(PUBLISHED, seeds=(0, 1))
MEMO = {}
HERE = Surroundings()
QUESTIONS = {"index": "What happens inside?"}


def survey(study, shelf, **options):
    stages = plan(study, questions=QUESTIONS, **options)
    sources = Sources(ROOT, memo=MEMO)
    found = Survey(stages, Shelves(Shelf("cache", shelf), None), sources, HERE, wanted=shown(stages))
    MEMO.update(sources.memo)
    return found


def pretend_built(found):
    """Puts a result of every stage on the local shelf, as far as a survey can tell."""
    read = {product for stage in found.stages for product in stage.products_read()} | set(found.wanted)
    local = found.shelves.local
    while found.must_run():
        for standing in [standing for standing in found.standings.values() if standing.state == "missing"]:
            stage = standing.stage
            names = {*(product.name for product in read if product.stage == stage.name), *stage.publish}
            products = {name: digest(f"{standing.key} {name}".encode()) for name in names}
            for name, address in products.items():
                local.path(name, address).parent.mkdir(exist_ok=True, parents=True)
                local.path(name, address).touch()
            local.put(Record(stage.name, standing.key, products, 1.0, found.environment(stage), standing.made_of))
        found.again()


@pytest.fixture
def built(tmp_path):
    """A cache with a result of every stage of the small study."""
    pretend_built(survey(SMALL, tmp_path))
    return tmp_path


def trained(found):
    return {name for name in found.must_run() if name.startswith("train/")}


def test_the_same_study_again_runs_nothing(built):
    assert survey(SMALL, built).must_run() == []


def test_a_new_seed_trains_exactly_that_seed(built):
    must_run = set(survey(replace(SMALL, seeds=(0, 1, 7)), built).must_run())
    conditions = {condition.name for condition in SMALL.conditions}
    alone = {name for name in must_run if name.startswith(("data", "probe", "train/", "embed/", "network/"))}
    varied = {f"train/layers/{variant.name}-normalized/7" for variant in SMALL.variants}
    assert alone == varied | {f"{stage}/{condition}/7" for stage in ("train", "embed") for condition in conditions}
    assert {"analysis/training", "analysis/geometry"} <= must_run
    assert "analysis/data" not in must_run


def test_a_seed_that_is_dropped_trains_nothing(built):
    assert trained(survey(replace(SMALL, seeds=(0,)), built)) == set()


def test_a_new_architecture_trains_exactly_its_runs(built):
    wide = Architecture("wide", "wide MLP", build="experiments.models.mlp:MLP", options={"hidden": [64, 16]})
    found = survey(replace(SMALL, architectures=(*SMALL.architectures, wide)), built)
    names = ("raw", "normalized")
    assert trained(found) == {f"train/wide-{name}/{seed}" for name in names for seed in SMALL.seeds}


def test_a_changed_treatment_trains_exactly_its_runs(built):
    changed = Treatment("normalized", "normalized", mean=0.5, std=0.5)
    found = survey(replace(SMALL, treatments=(SMALL.treatments[0], changed)), built)
    fed = {stage.name for stage in found.stages if stage.parameters.get("treatment") == {"mean": 0.5, "std": 0.5}}
    assert trained(found) == {name for name in fed if name.startswith("train/")}
    assert all("normalized" in name for name in trained(found))


@pytest.mark.parametrize("change", [{"epochs": 21}, {"learning_rate": 0.02}, {"batch_size": 32}])
def test_a_changed_setting_trains_every_run(built, change):
    found = survey(replace(SMALL, **change), built)
    assert trained(found) == {stage.name for stage in found.stages if stage.name.startswith("train/")}
    assert len(trained(found)) > len(SMALL.runs), "the variants and the replication follow the settings too"


def test_a_new_variant_trains_exactly_its_runs(built):
    deep = Architecture("deep", "three layers", build="experiments.models.mlp:MLP", options={"hidden": [32, 32, 16]})
    found = survey(replace(SMALL, variants=(*SMALL.variants, deep)), built)
    assert trained(found) == {f"train/layers/deep-normalized/{seed}" for seed in SMALL.seeds}
    assert {"analysis/layers", "analysis/replication"} <= set(found.must_run())


def test_another_seed_of_the_replication_trains_it_alone(built):
    found = survey(replace(SMALL, replication=5), built)
    assert trained(found) == {f"train/replication/{name}" for name in ("raw", "normalized", "fast")}


def test_where_things_are_is_no_difference_but_other_files_are(built):
    assert survey(SMALL, built, folder="/elsewhere", cache="/tmp").must_run() == []
    assert survey(SMALL, built, files={"train-images-idx3-ubyte": "0" * 64}).standings["data"].state == "missing"
    assert survey(SMALL, built, dataset="digits").standings["data"].state == "missing"


def test_the_name_of_a_study_is_no_difference(built):
    assert survey(replace(SMALL, name="mine"), built).must_run() == []


@functools.cache
def functions(module):
    """{name: the names of what it accepts} of a module's functions."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {each.name: {argument.arg for argument in each.args.kwonlyargs} for each in found}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_stage_names_a_function_that_is_there(study):
    for stage in plan(study, questions=QUESTIONS):
        module, _, name = stage.function.partition(":")
        assert name in functions(module), stage.function
        accepted = functions(module)[name]
        given = {*stage.inputs, *stage.parameters, *stage.place}
        assert given <= accepted or stage.name.startswith(PICTURES), stage.function


def test_the_quick_study_shares_nothing_but_data_with_the_published_one(tmp_path):
    names = {stage.name for stage in plan(STUDIES["quick"])}
    assert names < {stage.name for stage in plan(PUBLISHED)}


def test_no_result_depends_on_the_study_file_the_plan_or_the_engine():
    sources = Sources(ROOT, memo=MEMO)
    for stage in plan(PUBLISHED, questions=QUESTIONS):
        reached = set(sources.reached_by(stage))
        assert not reached & {"experiments.study", "experiments.plan", "experiments.spec"}, stage.name
        assert not [name for name in reached if name.startswith("experiments.engine")], stage.name
        if not stage.name.startswith(PICTURES):
            assert not [name for name in reached if name.startswith("report")], stage.name


def test_figures_do_not_depend_on_numerics():
    sources = Sources(ROOT, memo=MEMO)
    for stage in plan(PUBLISHED, questions=QUESTIONS):
        if stage.name.startswith(PICTURES):
            assert all(name.startswith("report") for name in sources.reached_by(stage)), stage.name


def test_another_name_of_a_class_is_noticed_and_trains_nothing(tmp_path):
    told = {"files": {"train-images": "0" * 64}, "description": {"class_names": ["circle", "cross"]}}
    pretend_built(survey(SMALL, tmp_path, **told))
    before = survey(SMALL, tmp_path, **told)
    assert before.must_run() == []
    found = survey(SMALL, tmp_path, **told | {"description": {"class_names": ["ring", "cross"]}})
    data, local = found.standings["data"], found.shelves.local
    assert data.state == "missing"
    products = before.standings["data"].record.products | {"card.json": digest(b"other names")}
    local.path("card.json", products["card.json"]).touch()
    local.put(Record("data", data.key, products, 1.0, found.environment(data.stage), data.made_of))
    found.again()
    readers = {stage.name for stage in found.stages if any(each.name == "card.json" for each in stage.products_read())}
    left = set(found.must_run())
    assert left
    first = {name for name in left if found.standings[name].state == "missing"}
    assert first <= readers, "only what reads the card"
    assert {name.partition("/")[0] for name in readers} == {"analysis", "figure", "script"}
