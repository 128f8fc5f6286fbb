"""The plan of the real study: its wiring holds, and a change of the study reruns exactly what it must."""

import ast
import functools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments import chapters, exact
from experiments.chapters import left_out
from experiments.engine.key import digest
from experiments.engine.sources import Sources
from experiments.engine.store import Record, Shelf
from experiments.engine.surroundings import Surroundings
from experiments.engine.survey import Shelves, Survey
from experiments.errors import InputError
from experiments.plan import PICTURES, plan, shown
from experiments.spec import Architecture, Condition, Product, Recipe, Stage, Sweep, Transform, Treatment
from experiments.study import PUBLISHED, STUDIES

ROOT = Path(__file__).resolve().parents[1]
SMALL = replace(PUBLISHED, seeds=(0, 1), controls=(), contrasts=(), specimen=None, sweeps={})
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


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A cache with a result of every stage of the small study; a survey only reads it."""
    folder = tmp_path_factory.mktemp("built")
    pretend_built(survey(SMALL, folder))
    return folder


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


@pytest.mark.parametrize(
    "change", [{"epochs": 21}, {"recipe": Recipe(learning_rate=0.02)}, {"recipe": Recipe(batch_size=32)}]
)
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


def test_every_network_is_checked_first_and_nothing_that_is_measured_depends_on_what_the_check_says():
    stages = plan(PUBLISHED, questions=QUESTIONS)
    names = [each.name for each in (*PUBLISHED.architectures, *PUBLISHED.variants)]
    assert stages[0].name == "data"
    checks = stages[1 : len(names) + 1]
    assert [stage.name for stage in checks] == [f"check/{name}" for name in names]
    assert all(stage.gate for stage in checks)
    readers = {stage.name for stage in stages for each in stage.products_read() if each.stage.startswith("check")}
    assert readers == {"analysis/comparison", "figure/index/at-a-glance"}


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
        if module == "experiments.exact":  # which hands all on
            module = exact.ordinary.__module__
        accepted = functions(module)[name]
        given = {*stage.inputs, *stage.parameters, *stage.place}
        assert given <= accepted or stage.name.startswith(PICTURES), stage.function


def test_the_quick_study_shares_nothing_but_data_with_the_published_one(tmp_path):
    names = {stage.name for stage in plan(STUDIES["quick"])}
    assert names - {"whole"} < {stage.name for stage in plan(PUBLISHED)}


def test_a_study_of_a_part_of_the_images_reads_the_part_but_for_what_the_notebooks_did():
    readers = {}
    for stage in plan(replace(SMALL, most=(50, 20))):
        for product in stage.products_read():
            readers.setdefault(product.stage, set()).add(stage.name)
    again = {f"train/replication/{name}" for name in ("raw", "normalized", "fast")}
    assert readers["whole"] == {"data", "specimen/raw", "specimen/fast", *again}
    assert "whole" not in {stage.name for stage in plan(SMALL)}


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


@pytest.mark.parametrize(
    "fork",
    [
        replace(SMALL, architectures=SMALL.architectures[:1]),
        replace(SMALL, architectures=SMALL.architectures[1:]),
        replace(SMALL, treatments=SMALL.treatments[:1]),
        replace(SMALL, treatments=(*SMALL.treatments, Treatment("scaled", "scaled", 0.0, 0.3081))),
        replace(SMALL, seeds=(3,), variants=()),
        replace(SMALL, architectures=SMALL.architectures[:1], treatments=SMALL.treatments[:1], variants=()),
    ],
    ids=["one architecture", "the other", "one treatment", "three treatments", "one seed", "one condition"],
)
def test_every_fork_has_a_plan_whose_stages_read_what_is_made(fork):
    stages = plan(fork, questions=QUESTIONS)
    names = [stage.name for stage in stages]
    for place, stage in enumerate(stages):
        assert {product.stage for product in stage.products_read()} <= set(names[:place]), stage.name
    for page in left_out(fork):
        assert not [name for name in names if name.startswith((f"analysis/{page}", f"figure/{page}/"))]


def test_a_chapter_that_a_study_cannot_have_says_why():
    assert left_out(PUBLISHED) == {}
    told = left_out(replace(SMALL, architectures=SMALL.architectures[1:]))
    assert "it has no mlp-normalized" in told["layers"]
    assert "an MLP of 32 and 16 units" in told["replication"]
    told = left_out(replace(SMALL, variants=tuple(each for each in SMALL.variants if each.name != "notebooks")))
    assert all("notebooks" in told[page] for page in ("layers", "replication"))
    deeper = replace(MLP, options={"hidden": [64, 32, 16]})
    told = left_out(replace(SMALL, architectures=(deeper, *SMALL.architectures[1:])))
    assert "has fewer hidden layers than mlp-normalized" in told["layers"]
    assert "replication" in told
    alone = replace(SMALL, architectures=SMALL.architectures[:1], treatments=SMALL.treatments[:1])
    assert "nothing to compare it with" in left_out(alone)["comparison"]


def test_conditions_are_compared_with_the_references_of_their_axes():
    names = [each.name for each in PUBLISHED.comparisons if not each.is_contrast]
    assert names == ["mlp:normalized", "cnn:normalized", "raw:cnn", "normalized:cnn"]
    more = replace(SMALL, treatments=(*SMALL.treatments, SCALED), contrasts=(("mlp-scaled", "mlp-normalized"),))
    told = {each.name: (each.first.name, each.second.name, each.axis) for each in more.comparisons}
    assert told["mlp:scaled"] == ("mlp-scaled", "mlp-raw", "treatment")
    assert told["scaled:cnn"] == ("cnn-scaled", "mlp-scaled", "architecture")
    assert told["mlp:scaled-vs-normalized"] == ("mlp-scaled", "mlp-normalized", "treatment")
    assert len(told) == len(more.comparisons) == 4 + 3 + 1


def test_a_control_stands_beside_the_product_and_is_compared_where_a_contrast_asks():
    control = Condition(SMALL.architectures[0], SCALED)
    study = replace(SMALL, controls=(control,), control_seeds=1, contrasts=(("mlp-scaled", "mlp-raw"),))
    assert [each.name for each in study.conditions][-1] == "mlp-scaled"
    assert "mlp-scaled" not in [each.name for each in study.product]
    assert [each.name for each in study.comparisons if "scaled" in each.name] == ["mlp:scaled-vs-raw"]
    assert replace(study, contrasts=()).comparisons == SMALL.comparisons
    assert [run.name for run in study.runs if "scaled" in run.name] == [f"mlp-scaled/{SMALL.seeds[0]}"]


def test_conditions_of_one_network_are_told_to_the_table_of_all_measures():
    def single(study):
        return next(stage for stage in plan(study) if stage.name == "analysis/comparison").parameters["single"]

    control = Condition(SMALL.architectures[0], SCALED)
    assert single(replace(SMALL, controls=(control,), control_seeds=1)) == ["mlp-scaled"]
    assert single(replace(SMALL, seeds=(3,))) == [each.name for each in SMALL.conditions]


def test_what_a_longer_step_does_is_told_apart_where_all_three_are_compared():
    triples = [tuple(each.name for each in triple) for triple in PUBLISHED.at_matched_step]
    assert triples == [
        (f"{name}:normalized", f"{name}:matched-vs-raw", f"{name}:normalized-vs-matched") for name in ("mlp", "cnn")
    ]
    assert replace(PUBLISHED, contrasts=PUBLISHED.contrasts[2:]).at_matched_step == ()


def test_one_network_of_every_condition_but_controls_is_shown_and_of_one_seed():
    study = replace(PUBLISHED, specimen=3)
    assert [run.name for run in study.shown_runs] == [f"{condition.name}/3" for condition in study.product]
    assert {run.seed for run in replace(study, specimen=None).shown_runs} == {study.seeds[0]}
    assert study.shown_seed_of(study.controls[0]) == 3
    assert replace(study, specimen=9).shown_seed_of(study.controls[0]) == study.seeds[0]


def test_rates_that_are_tried_train_what_they_name_and_nothing_else():
    names = [stage.name for stage in plan(PUBLISHED)]
    swept = [name for name in names if name.startswith("sweep/")]
    assert len(swept) == 7 * 5 + 5 * 3
    assert "sweep/mlp-raw-begun-normalized/0" in swept
    without = [stage.name for stage in plan(replace(PUBLISHED, sweeps={}))]
    assert {name.partition("/")[0] for name in set(names) - set(without)} == {
        "sweep",
        "curvature",
        "analysis",
        "figure",
    }
    assert left_out(replace(PUBLISHED, sweeps={}))["why"]


def test_a_recipe_of_its_own_trains_what_it_is_for_alone(built):
    for name in ("mlp-raw", "cnn", "normalized", "batchnorm"):
        found = survey(replace(SMALL, recipes={name: Recipe("adam", 0.002)}), built)
        runs = {run for run in trained(found) if name in run.split("/")[-2].split("-") or name in run}
        assert trained(found) == runs - {run for run in runs if "replication" in run}, name
        assert runs


def test_the_nearest_recipe_counts():
    condition, architecture, treatment = (Recipe("adam", rate) for rate in (0.1, 0.2, 0.3))
    study = replace(SMALL, recipes={"normalized": treatment, "mlp": architecture, "mlp-raw": condition})
    found = [study.recipe_of(each).learning_rate for each in study.conditions]
    assert found == [0.1, 0.2, SMALL.recipe.learning_rate, 0.3]


def test_who_learns_longer_is_trained_longer_and_a_variant_learns_as_what_it_stands_beside():
    longer = {"cnn": Recipe(epochs=4), SMALL.variants_of: Recipe(learning_rate=0.02, epochs=3)}
    stages = {stage.name: stage.parameters for stage in plan(replace(SMALL, epochs=2, recipes=longer))}
    told = {name: each["epochs"] for name, each in stages.items() if name.startswith("train/") and "epochs" in each}
    assert {name: epochs for name, epochs in told.items() if name.startswith("train/cnn-")}
    for name, epochs in told.items():
        condition = name.split("/")[1]
        assert epochs == (4 if condition.startswith("cnn-") else 2 if condition == "mlp-raw" else 3), name
    variant = next(name for name in told if name.split("/")[1].partition("-")[0] not in ("mlp", "cnn"))
    assert stages[variant]["recipe"]["learning_rate"] == 0.02


def test_the_notebooks_are_run_again_by_their_own_recipe_or_not_at_all():
    changed = replace(SMALL, recipe=Recipe(learning_rate=0.1))
    assert left_out(changed)["replication"] == "its MLPs learn by another recipe than the notebooks’"


def test_a_transform_is_tried_before_anything_is_trained():
    order = Transform("in one order", "experiments.treatment:shuffled", {"seed": 0})
    shuffled = Treatment("shuffled", "shuffled", mean=0.0, std=1.0, transforms=(order,))
    stages = {stage.name: stage for stage in plan(replace(SMALL, treatments=(RAW, shuffled)))}
    assert stages["treatment/shuffled"].gate
    assert "treatment/raw" not in stages


def test_constants_that_the_data_decide_are_looked_up_before_training():
    study = replace(SMALL, treatments=(RAW, Treatment("normalized", "normalized", mean="training", std="training")))
    stages = {stage.name: stage for stage in plan(study)}
    assert stages["treatment/normalized"].inputs == {"train": Product("data", "train.npz")}
    asked = Product("treatment/normalized", "treatment.json")
    assert stages["train/mlp-normalized/0"].inputs["treatment"] == asked
    assert "treatment" not in stages["train/mlp-normalized/0"].parameters
    assert "treatment" in stages["train/mlp-raw/0"].parameters


SCALED = Treatment("scaled", "scaled", 0.0, 0.3081)
MLP, RAW = PUBLISHED.architectures[0], PUBLISHED.treatments[0]
SWEEP = Sweep(treatments=(RAW, SCALED), rates=(0.01, 0.1), seeds=1, epochs=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": (MLP, MLP)}, "two things are called 'mlp'"),
        ({"treatments": (RAW, replace(SCALED, name="mlp"))}, "two things are called 'mlp'"),
        ({"treatments": (RAW, replace(SCALED, name="a b"))}, "'a b' is no name: use small letters, digits and hyphens"),
        ({"controls": (Condition(MLP, RAW),)}, "two conditions are called 'mlp-raw'"),
        ({"contrasts": (("mlp-raw", "mlp-mixed"),)}, "a contrast names 'mlp-mixed'; there are mlp-raw, mlp-normalized"),
        ({"contrasts": (("mlp-raw", "cnn-normalized"),)}, "has to differ in its architecture or its treatment only"),
        ({"seeds": (0, 1, 0)}, "seed 0 stands twice"),
        ({"specimen": 7}, "the specimen, 7, is none of its seeds"),
        ({"controls": (Condition(MLP, SCALED),), "control_seeds": 0}, "0 seeds of a control are none: use 1 or more"),
        ({"sweeps": {"vit": SWEEP}}, "a sweep is for 'vit'; there are mlp, cnn"),
        ({"sweeps": {"mlp": replace(SWEEP, rates=(0.0, 0.1))}}, "the sweep of 'mlp': a learning rate of 0.0 is none"),
        ({"sweeps": {"mlp": replace(SWEEP, rates=(0.1, 0.01))}}, "its learning rates have to rise, each once"),
        ({"sweeps": {"mlp": replace(SWEEP, seeds=0)}}, "it needs a treatment, two learning rates, a seed and an epoch"),
        ({"sweeps": {"mlp": replace(SWEEP, folded=(("raw", "gone"),))}}, "'gone' is none of its treatments"),
        ({"recipe": Recipe("adagrad")}, "the recipe: no optimizer is called 'adagrad': use sgd or adam"),
        ({"recipe": Recipe(learning_rate=-1)}, "a learning rate of -1 is none: use a number from 0 on"),
        ({"recipe": Recipe(learning_rate=float("nan"))}, "a learning rate of nan is none"),
        ({"recipe": Recipe(momentum=1.0)}, "a momentum of 1.0 is none: use a number from 0 on, below 1"),
        ({"recipe": Recipe(weight_decay=-0.1)}, "a weight decay of -0.1 is none"),
        ({"recipe": Recipe(epochs=0)}, "0 epochs are none: use 1 or more"),
        ({"most": (0, 20)}, "a part of 0 images is none: use 1 or more"),
        ({"early": 2, "recipes": {"cnn": Recipe(epochs=1)}}, "cnn-raw is trained for 1 epochs: the early epoch, 2,"),
        (
            {"epochs": 1, "recipes": {"cnn": Recipe(epochs=3)}},
            "the early epoch, 1, is the last of mlp-raw and of others is not",
        ),
        ({"recipes": {"cnn": Recipe(batch_size=0)}}, "the recipe of 'cnn': batches of 0 images are none"),
        ({"recipes": {"vit": Recipe()}}, "a recipe is for 'vit'; there are mlp-raw, mlp-normalized"),
        ({"treatments": (RAW, replace(SCALED, std=0.0))}, "the treatment 'scaled': its std is 0.0: give a number"),
        ({"treatments": (RAW, replace(SCALED, mean="train"))}, "its mean is 'train': give a number, or 'training'"),
        ({"treatments": (RAW, replace(SCALED, layer_rates={"middle": 2.0}))}, "no layer has the role 'middle'"),
        ({"treatments": (RAW, replace(SCALED, layer_rates={"first": -2.0}))}, "its rate of the first layer is -2.0"),
        ({"treatments": (RAW, replace(SCALED, transforms=(Transform("so", "x"),)))}, "write 'module:function'"),
        (
            {"treatments": (RAW, replace(SCALED, title="s|caled *"))},
            "its title is 's|caled *': leave out |*, which pages",
        ),
        ({"architectures": (replace(MLP, title="<b>"),)}, "the architecture 'mlp': its title is '<b>': leave out <>,"),
        ({"variants": (replace(MLP, name="deep", title="$a$"),)}, "its title is '$a$': leave out $, which pages"),
        (
            {"treatments": (RAW, replace(SCALED, transforms=(Transform("[so](x)", "x:y"),)))},
            "the treatment 'scaled': its title is '[so](x)': leave out [], which pages would take for markup",
        ),
        ({"treatments": ()}, "no architecture, no treatment or no seed"),
    ],
)
def test_a_study_that_makes_no_sense_is_named_with_its_fault(change, said):
    with pytest.raises(InputError) as error:
        plan(replace(SMALL, **change))
    assert str(error.value).startswith("experiments/study.py, published: ")
    assert said in str(error.value)


def test_two_stages_of_one_name_and_a_product_that_nobody_makes_are_named(monkeypatch):
    stray = Stage("stray", "experiments.data:probe", inputs={"test": Product("nowhere", "test.npz")})
    monkeypatch.setattr(chapters, "chapters_of", lambda _: {"odd": SimpleNamespace(stages=lambda _: [stray])})
    with pytest.raises(ValueError, match=r"stray reads nowhere/test.npz, which no stage of the study makes"):
        plan(SMALL)
    again = SimpleNamespace(stages=lambda _: [Stage("data", "experiments.data:load")])
    monkeypatch.setattr(chapters, "chapters_of", lambda _: {"odd": again})
    with pytest.raises(ValueError, match="two stages are called data"):
        plan(SMALL)


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
