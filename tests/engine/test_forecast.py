"""Forecasts: what will run, and what only may, is told apart before anything is computed and while it is."""

import pytest

from experiments.engine.console import headline
from experiments.engine.reasons import states

COSTS = {"numbers": 31.0, "total/1": 3000.0, "total/2": 3000.0, "report": 60.0}


def by_state(project, stages=None, *, rebuild=None):
    survey = project.survey(stages)
    if rebuild:
        survey.rebuild(rebuild)
    return states(survey)


def run_of(project, stages=None, *, rebuild=None):
    """The states that were told beforehand, and the stages that ran."""
    survey = project.survey(stages)
    if rebuild:
        survey.rebuild(rebuild)
    told, heard = states(survey), []
    project.run(survey, told=lambda event, text: heard.append((event, text)))
    return told, heard


def test_what_reads_a_rebuilt_stage_waits_for_it(project):
    project.build()
    assert by_state(project, rebuild="numbers") == {
        "numbers": "stale",
        "total/1": "waiting",
        "total/2": "waiting",
        "report": "waiting",
    }


def test_an_edited_source_makes_its_own_stages_run_and_others_wait(project):
    project.build()
    project.edit("lab/helper.py", "value * factor", "factor * value")
    told, heard = run_of(project)
    assert told == {"numbers": "cached", "total/1": "stale", "total/2": "stale", "report": "waiting"}
    assert ("spared", "report") in heard


def test_what_waited_is_due_when_what_it_reads_came_out_differently(project):
    project.build()
    project.edit("lab/helper.py", "value * factor", "value + factor")
    told, heard = run_of(project)
    assert told["report"] == "waiting"
    assert heard.index(("due", "report")) < heard.index(("done", "report"))


def test_what_never_had_a_result_and_what_reads_it_will_run(project):
    assert set(by_state(project).values()) == {"missing"}
    project.build()
    assert by_state(project, project.plan(factors=(1, 2, 3))) == {
        "numbers": "cached",
        "total/1": "cached",
        "total/2": "cached",
        "total/3": "missing",
        "report": "stale",
    }


def test_another_question_has_another_answer(project):
    project.build()
    assert set(by_state(project, project.plan(upto=5)).values()) == {"stale"}


def test_a_stage_that_is_itself_changed_does_not_only_wait(project):
    project.build()
    project.edit("lab/reports.py", '", "', '"; "')
    assert by_state(project, rebuild="numbers")["report"] == "stale"


def test_the_headline_tells_certain_work_from_what_may_follow():
    standing = {"numbers": "stale", "total/1": "waiting", "total/2": "waiting", "report": "waiting"}
    assert headline(standing, costs=COSTS, jobs=2) == (
        "1 of 4 stages to run on 2 processes, up to 3 more if it comes out differently: about 31 s, at most 51 min"
    )
    assert headline(standing, costs={}, jobs=1) == (
        "1 of 4 stages to run on 1 process, up to 3 more if it comes out differently"
    )


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("stale", "4 of 4 stages to run on 2 processes, about 51 min"),
        ("cached", "0 of 4 stages to run on 2 processes"),
    ],
)
def test_the_headline_without_waiting_stages_is_plain(state, said):
    assert headline(dict.fromkeys(COSTS, state), costs=COSTS, jobs=2) == said
