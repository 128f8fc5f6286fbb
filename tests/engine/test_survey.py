"""The survey and its reasons: what must run, what need not, and why."""

import gzip
import json
import pickle

import pytest

from experiments.engine.files import opened, sealed
from experiments.engine.key import canonical
from experiments.engine.publish import publish
from experiments.engine.reasons import explain, states
from experiments.engine.sources import SourceError
from experiments.engine.store import Shelf
from experiments.engine.survey import PlanError
from experiments.engine.work import task
from experiments.spec import Product, Stage


def published(project):
    """Builds, publishes all, and empties the cache."""
    project.build()
    survey = project.survey()
    publish(survey, survey.stages, Shelf("results", project.published))
    for path in project.local.rglob("*.*"):
        path.unlink()


def test_nothing_is_there_at_first(project):
    survey = project.survey()
    assert states(survey) == dict.fromkeys(["numbers", "total/1", "total/2", "report"], "missing")
    assert [standing.stage.name for standing in survey.ready()] == ["numbers"]
    assert survey.standings["report"].state == "waiting"
    assert explain(survey, "numbers") == "numbers would run: there is no stored result of it"


def test_surveying_computes_and_writes_nothing(project):
    project.survey()
    assert project.calls() == []
    assert not project.local.exists()


def test_what_was_built_is_cached_and_its_record_named(project):
    project.build()
    survey = project.survey()
    assert states(survey) == dict.fromkeys(["numbers", "total/1", "total/2", "report"], "cached")
    path = survey.shelves.local.record_path(survey.standings["report"].key)
    assert explain(survey, "report") == f"report is cached: computed here, {path}"


def using(project, *, version, imported="metre", needs=()):
    """The helper imports a package of that version."""
    if "import" not in (project.root / "lab/helper.py").read_text():
        project.edit("lab/helper.py", "def scaled", f"import {imported}\n\n\ndef scaled")
    project.install("measures", version, imported=imported, needs=needs)


def test_a_local_result_of_another_version_is_stale_and_the_difference_named(project):
    using(project, version="1.0")
    project.build()
    using(project, version="1.1")
    survey = project.survey()
    assert states(survey) == {"numbers": "cached", "total/1": "stale", "total/2": "stale", "report": "waiting"}
    assert explain(survey, "total/1").splitlines()[1:] == [
        "  against its closest stored result:",
        "    environment measures: 1.0 then, 1.1 now",
    ]
    assert project.build() == ["total 1", "total 2"]
    using(project, version="1.0")
    assert project.build() == ["total 1", "total 2"]


def test_what_a_package_needs_counts_and_what_only_its_extras_need_does_not(project):
    for package in ("inch", "foot"):
        project.install(package, "1.0")
    using(project, version="1.0", needs=("inch>=1", 'foot; extra == "long"', "not-there; sys_platform == 'win32'"))
    project.build()
    assert survey_of(project, "total/1") == {"inch": "1.0", "measures": "1.0"}
    project.install("foot", "2.0")
    assert project.build() == []
    project.install("inch", "2.0")
    assert project.build() == ["total 1", "total 2"]


def survey_of(project, stage):
    """The packages that a stage's record names."""
    known = project.survey().standings[stage].record.environment
    return {name: which for name, which in known.items() if name not in ("python", "platform", "cpu", "kernels")}


def test_a_package_that_is_not_installed_is_noted_too(project):
    project.edit(
        "lab/helper.py", "def scaled", "try:\n    import yard\nexcept ImportError:\n    yard = None\n\n\ndef scaled"
    )
    project.build()
    assert survey_of(project, "total/1") == {"yard": "not installed"}
    project.install("yard", "1.0")
    assert states(project.survey())["total/1"] == "stale"


def test_the_choice_of_kernels_is_part_of_the_surroundings(project, monkeypatch):
    project.build()
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    survey = project.survey()
    assert states(survey)["numbers"] == "stale"
    said = "    environment kernels: as they come then, ATEN_CPU_CAPABILITY=avx2 now"
    assert explain(survey, "numbers").splitlines()[-1] == said


def test_what_is_told_of_the_surroundings_stays_as_it_was_when_more_is_learnt(project):
    survey = project.survey()
    told = survey.surroundings.told()
    before = canonical(told)
    survey.surroundings.of(["a_package_that_nobody_has"])
    assert canonical(told) == before
    assert canonical(survey.surroundings.memo) != before


def test_what_is_told_of_the_surroundings_does_not_travel_with_each_task(project):
    survey = project.survey()
    size = len(pickle.dumps(task(survey, survey.standings["numbers"])))
    survey.surroundings.of(["numpy", "jinja2"])
    assert len(pickle.dumps(task(survey, survey.standings["numbers"]))) == size < 4000


def test_a_published_result_serves_in_every_environment_and_says_where_it_is_from(project):
    using(project, version="1.0")
    published(project)
    using(project, version="1.1")
    survey = project.survey(wanted=())
    assert set(states(survey).values()) == {"published"}
    path = survey.shelves.published.record_path(survey.standings["total/1"].key)
    assert explain(survey, "total/1") == f"total/1 is published: restored from {path}, made with measures 1.0"


def test_a_published_result_does_not_hide_a_local_one(project):
    published(project)
    project.build(project.plan(factors=(1,)), wanted=())
    survey = project.survey(wanted=())
    survey.rebuild("numbers")
    project.run(survey)
    assert survey.standings["numbers"].state == "cached"
    assert survey.standings["total/1"].state == "published"


def test_an_edited_source_is_named(project):
    project.build()
    project.edit("lab/helper.py", "value * factor", "value + factor")
    survey = project.survey()
    assert states(survey) == {"numbers": "cached", "total/1": "stale", "total/2": "stale", "report": "waiting"}
    assert "    source lab.helper: scaled differs" in explain(survey, "total/1").splitlines()


def test_a_definition_that_is_new_and_one_that_is_gone_are_named(project):
    project.edit("lab/helper.py", "def scaled", "def kept(value):\n    return value\n\n\ndef scaled")
    project.edit("lab/helper.py", "value * factor", "kept(value) * factor")
    project.build()
    project.edit("lab/helper.py", "kept", "held")
    assert (
        "    source lab.helper: scaled differs; held new; kept gone"
        in explain(project.survey(), "total/1").splitlines()
    )


def test_what_an_edit_changes_beside_definitions_is_named(project):
    project.build()
    project.edit("lab/helper.py", "def scaled", "import measures\n\nprint()\n\n\ndef scaled")
    told = explain(project.survey(), "total/1")
    assert "source lab.helper: its imports, its order, its other statements new" in told
    project.edit("lab/helper.py", "print()", "print('')")
    assert "source lab.helper: its imports, its order, its other statements new" in explain(project.survey(), "total/1")


def test_what_nobody_remembers_is_not_named(project):
    project.build()
    project.edit("lab/helper.py", "value * factor", "value + factor")
    project.memo = {}
    assert "    source lab.helper: its meaning differs" in explain(project.survey(), "total/1").splitlines()


def test_what_was_published_is_remembered(project):
    published(project)
    project.edit("lab/helper.py", "value * factor", "value + factor")
    project.memo = {}
    assert "    source lab.helper: scaled differs" in explain(project.survey(), "total/1").splitlines()


def test_what_no_stage_can_reach_changes_nothing(project):
    project.build()
    project.edit("lab/helper.py", "def scaled", '"""Helpers."""\n\n\ndef unused():\n    return 1\n\n\ndef scaled')
    assert set(states(project.survey()).values()) == {"cached"}
    assert project.build() == []


def test_a_changed_parameter_is_named_with_both_values(project):
    project.build()
    assert "    parameter upto: 4 then, 5 now" in explain(project.survey(project.plan(upto=5)), "numbers").splitlines()


def test_a_changed_input_is_named(project):
    project.build()
    project.build(project.plan(upto=5, factors=()), wanted=())
    survey = project.survey(project.plan(upto=5))
    assert "    input numbers: its content differs" in explain(survey, "total/1").splitlines()


def test_a_stage_that_waits_names_what_can_be_seen_already(project):
    project.build()
    project.edit("lab/reports.py", '"report")', '"the report")')
    survey = project.survey(project.plan(upto=5))
    said = explain(survey, "report").splitlines()
    assert said[0] == "report would run:"
    assert "    source lab.reports: report differs" in said
    assert said[-2:] == [f"  input total/{n} is made first, and may come out as before" for n in (1, 2)]


def test_a_stage_that_only_waits_may_not_run_at_all(project):
    project.build()
    said = explain(project.survey(project.plan(upto=5)), "total/1").splitlines()
    assert said[0] == "total/1 would run, unless what it reads comes out as before:"


def test_new_and_lost_inputs_are_named_by_label(project):
    project.build()
    survey = project.survey(project.plan(factors=(1,)))
    assert "    input totals: differs in x2" in explain(survey, "report").splitlines()


def test_the_closest_of_several_results_is_compared(project):
    project.build()
    project.edit("lab/steps.py", '"once"', '"twice"')
    project.build(project.plan(upto=9))
    assert explain(project.survey(project.plan(upto=8)), "numbers").splitlines()[2:] == [
        "    parameter upto: 9 then, 8 now"
    ]


def test_a_pattern_explains_all_it_matches(project):
    assert explain(project.survey(), "total/*").count("there is no stored result of it") == 2


def test_a_stage_that_was_asked_for_says_so(project):
    project.build()
    survey = project.survey()
    survey.rebuild("total/*")
    assert explain(survey, "total/1") == "total/1 would run:\n  it was asked for"


def test_a_name_that_is_not_planned_is_answered_with_the_nearest(project):
    with pytest.raises(PlanError, match=r"no stage is named totl/1; did you mean total/1"):
        explain(project.survey(), "totl/1")
    with pytest.raises(PlanError, match=r"no stage is named xyz; see --list"):
        project.survey().rebuild("xyz")


def test_a_product_on_no_shelf_is_made_again_only_where_it_is_read(project):
    published(project)
    survey = project.survey(wanted=())
    assert survey.must_run() == []
    project.edit("lab/helper.py", "value * factor", "factor * value")
    survey = project.survey(wanted=())
    assert survey.redo == {"numbers": "total/1 reads its numbers.json, which is on no shelf"}
    assert explain(survey, "numbers").splitlines()[1] == "  total/1 reads its numbers.json, which is on no shelf"
    assert project.build(wanted=()) == ["numbers", "total 1", "total 2"]


def test_a_truncated_record_counts_as_no_record(project):
    project.build()
    survey = project.survey()
    path = survey.shelves.local.record_path(survey.standings["numbers"].key)
    path.write_bytes(path.read_bytes()[:100])
    assert states(project.survey())["numbers"] == "missing"
    assert project.build() == ["numbers"]


def test_a_record_that_names_another_artifact_leads_to_work_not_to_wrong_data(project):
    project.build()
    survey = project.survey()
    path = survey.shelves.local.record_path(survey.standings["report"].key)
    values = json.loads(opened(gzip.decompress(path.read_bytes())))
    values["products"]["report.txt"] = "0" * 64
    path.write_bytes(gzip.compress(json.dumps(values).encode()))
    assert project.build() == ["report"]
    path.write_bytes(gzip.compress(sealed(json.dumps(values).encode())))
    assert project.build() == ["report"]


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([Stage("a", "lab.steps:numbers"), Stage("a", "lab.steps:numbers")], "two stages are named a"),
        ([Stage("a", "lab.steps:numbers", inputs={"x": Product("b", "x.json")})], "a reads b, which is not planned"),
        ([Stage("a", "lab.steps:numbers", parameters={"x": {1: 2}})], "parameters of stage a are not JSON"),
        ([Stage("a", "lab.steps:numbers", parameters={"x": float("nan")})], "parameters of stage a are not JSON"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(project, stages, said):
    with pytest.raises(PlanError, match=said):
        project.survey(stages)


def test_a_stage_without_its_module_is_refused(project):
    with pytest.raises(SourceError, match=r"no module lab\.gone"):
        project.survey([Stage("a", "lab.gone:f")])


def test_costs_are_those_of_the_stage_or_of_its_kind(project):
    assert project.survey().costs() == {}
    project.build()
    costs = project.survey(project.plan(factors=(1, 2, 3))).costs()
    assert costs["total/3"] == pytest.approx((costs["total/1"] + costs["total/2"]) / 2)


def test_an_order_that_matters_is_in_the_key(project):
    """A function reads a mapping in the order in which the plan hands it over."""
    code = "def keep(*, options, parts):\n    return {'a.json': [list(options), list(parts)]}\n"
    project.write("lab/order.py", code)

    def planned(names):
        parts = {name: Product("numbers", "numbers.json") for name in names}
        stage = Stage("order", "lab.order:keep", {"options": dict.fromkeys(names, 1)}, inputs={"parts": parts})
        return [project.plan()[0], stage]

    for names in (["a", "b"], ["b", "a"], ["a", "b"]):
        survey = project.survey(planned(names), wanted=())
        project.run(survey)
        assert survey.value(Product("order", "a.json")) == [names, names]
