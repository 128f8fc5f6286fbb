"""The runner: exactly what is missing runs, and nothing that went wrong is lost or passed over in silence."""

import gzip
import io
import os
import signal
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from experiments.engine import runner
from experiments.engine.progress import Progress
from experiments.engine.publish import publish
from experiments.engine.store import Shelf
from experiments.engine.survey import PlanError
from experiments.spec import Product, Stage

ALL = ["numbers", "report", "total 1", "total 2"]


def test_a_second_build_does_nothing(project):
    assert project.build() == ALL
    assert project.build() == []


def test_prose_reruns_nothing(project):
    project.build()
    project.edit("lab/helper.py", "return value", '"""Scaled, by a factor."""\n    # times\n    return value')
    assert project.build() == []


def test_an_edited_helper_reruns_exactly_what_descends_from_it(project):
    project.build()
    project.edit("lab/helper.py", "value * factor", "value + factor")
    assert project.build() == ["report", "total 1", "total 2"]


def test_a_changed_parameter_reruns_the_stage_and_what_reads_it(project):
    project.build()
    assert project.build(project.plan(upto=5)) == ALL
    assert project.build(project.plan(upto=4)) == []


def test_a_new_stage_runs_alone_with_what_reads_it(project):
    project.build()
    assert project.build(project.plan(factors=(1, 2, 3))) == ["report", "total 3"]


def test_work_ends_early_where_a_product_comes_out_as_before(project):
    project.build()
    project.edit("lab/steps.py", "list(range(upto))", "[*range(upto)]")
    heard = []
    survey = project.survey()
    outcome = project.run(survey, told=lambda event, text: heard.append((event, text)))
    assert outcome.computed == ["numbers"]
    assert heard == [("done", "numbers"), ("spared", "report"), ("spared", "total/1"), ("spared", "total/2")]
    assert survey.must_run() == []


def test_what_is_known_after_every_stage_is_what_a_fresh_look_would_tell(project, settled):
    def build(stages=None, *, rebuild="report"):
        survey = project.survey(stages)
        survey.rebuild(rebuild)
        project.run(survey, workers=1)  # with two, a fresh look may know of a stage that is not yet told of

    build()
    project.edit("lab/helper.py", "value * factor", "value * factor if factor > 1 else 7")
    build()
    for path in project.local.glob("artifacts/*.json.gz"):
        path.unlink()  # as in a fresh clone, which has no checkpoints
    project.edit("lab/reports.py", '", "', '"; "')
    build()
    build(project.plan(factors=(1, 2, 3)), rebuild="numbers")
    assert len(settled) >= 10


def test_rebuilding_runs_a_valid_stage_once(project):
    project.build()
    survey = project.survey()
    survey.rebuild("total/*")
    assert sorted(project.run(survey).computed) == ["total/1", "total/2"]
    assert survey.must_run() == []


def test_rebuilding_what_never_comes_out_alike_ends_with_the_new_result(project):
    project.write("lab/dice.py", "import os\n\n\ndef roll(*, log):\n    return {'a.txt': os.urandom(8).hex()}\n")
    stages = [Stage("dice", "lab.dice:roll", place={"log": ""})]
    wanted = [Product("dice", "a.txt")]
    project.build(stages, wanted=wanted)
    survey = project.survey(stages, wanted=wanted)
    before = survey.address(wanted[0])
    survey.rebuild("dice")
    project.run(survey)
    assert survey.address(wanted[0]) != before
    assert project.survey(stages, wanted=wanted).address(wanted[0]) == survey.address(wanted[0])


STACKS = """
from lab.notes import note


def powers(*, seed, exponent, log):
    note(log, f"{exponent}: {seed}")
    if 13 in seed:
        raise ValueError("thirteen")
    return [{"power.json": each**exponent} for each in seed]


def too_few(*, seed, exponent, log):
    return []
"""


def stacks(project, *, seeds, exponents=(2,), function="powers"):
    """Stages that differ in their seed, or in what is done with it as well."""
    project.write("lab/stacks.py", STACKS)
    told = {"log": str(project.log)}
    return [
        Stage(
            f"power/{seed}/{exponent}",
            f"lab.stacks:{function}",
            parameters={"seed": seed, "exponent": exponent, **told},
            stacked_by="seed",
        )
        for exponent in exponents
        for seed in seeds
    ]


def wanted_of(stages):
    return [Product(stage.name, "power.json") for stage in stages]


def test_stages_that_differ_in_what_they_are_stacked_by_are_computed_in_one_call(project):
    stages = stacks(project, seeds=(3, 4), exponents=(2, 3))
    survey = project.survey(stages, wanted=wanted_of(stages))
    assert project.run(survey, jobs=1).failures == []
    assert project.calls() == ["2: [3, 4]", "3: [3, 4]"]
    assert [survey.value(each) for each in wanted_of(stages)] == [9, 16, 27, 64]


def test_a_result_does_not_tell_what_it_was_stacked_with_and_one_more_is_computed_alone(project):
    few, more = stacks(project, seeds=(3, 4)), stacks(project, seeds=(3, 4, 5))
    project.run(project.survey(few, wanted=wanted_of(few)))
    project.calls()
    survey = project.survey(more, wanted=wanted_of(more))
    project.run(survey)
    assert project.calls() == ["2: [5]"]
    assert [survey.value(each) for each in wanted_of(more)] == [9, 16, 25]


@pytest.mark.parametrize(("jobs", "sizes"), [(1, [10, 2]), (2, [6, 6]), (5, [3, 3, 3, 3]), (20, [1] * 12)])
def test_processes_share_what_can_be_stacked(project, jobs, sizes):
    stages = stacks(project, seeds=range(12, 0, -1))
    project.run(project.survey(stages, wanted=wanted_of(stages)), jobs=jobs)
    assert sorted((call.count(",") + 1 for call in project.calls()), reverse=True) == sizes


def test_what_fails_fails_with_all_that_it_is_stacked_with_and_is_said_of_each(project):
    stages = stacks(project, seeds=(13, 14))
    outcome = project.run(project.survey(stages, wanted=wanted_of(stages)), jobs=1)
    assert [(each.stage, each.message) for each in outcome.failures] == [
        (stage.name, "ValueError: thirteen") for stage in stages
    ]


def test_a_function_that_returns_fewer_results_than_it_was_asked_for_is_named(project):
    stages = stacks(project, seeds=(1, 2), function="too_few")
    outcome = project.run(project.survey(stages, wanted=wanted_of(stages)), jobs=1)
    assert {each.message for each in outcome.failures} == {
        "ValueError: lab.stacks:too_few returned 0 results where 2 were asked for"
    }


GATES = """
from experiments.errors import NetworkError
from lab.notes import note


def passed(*, log):
    note(log, "passed")
    return {"ok.json": True}


def shut(*, log):
    note(log, "shut")
    raise NetworkError("lab/gates.py, Net: no hook point is reached; place one")
"""


@pytest.mark.parametrize(("function", "begun"), [("passed", [*ALL[:1], "passed", *ALL[1:]]), ("shut", ["shut"])])
def test_nothing_else_is_begun_before_a_gate_is_passed_though_nobody_reads_what_it_makes(project, function, begun):
    project.write("lab/gates.py", GATES)
    plain = [replace(stage, place={}, parameters={**stage.parameters, **stage.place}) for stage in project.plan()]
    gate = Stage("check/net", f"lab.gates:{function}", parameters={"log": str(project.log)}, gate=True)
    outcome = project.run(project.survey([*plain, gate]))
    called = project.log.read_text().splitlines()
    assert called[0] == function
    assert sorted(called) == sorted(begun)
    assert [(each.message, each.bad_input) for each in outcome.failures] == (
        [] if function == "passed" else [("lab/gates.py, Net: no hook point is reached; place one", False)]
    )


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_artifact_in_the_cache_is_dropped_said_and_made_again(project, damage):
    project.build()
    path = project.artifact(project.survey(), "report", "report.txt")
    path.unlink() if damage is None else path.write_bytes(damage)
    outcome = project.run(project.survey())
    assert outcome.computed == ["report"]
    assert outcome.notes == ([] if damage is None else [outcome.notes[0]])
    assert all(f"{path} is damaged: removed; report is computed again" in note for note in outcome.notes)
    assert path.read_text() == "x1=6, x2=12"
    project.calls()
    assert project.build() == []


def test_a_damaged_artifact_that_is_read_by_a_stage_is_made_again_first(project):
    project.build()
    path = project.artifact(project.survey(), "numbers", "numbers.json")
    path.write_text("[9]\n")
    project.calls()
    assert project.build(project.plan(factors=(1, 2, 3))) == ["numbers", "report", "total 3"]


def test_a_damaged_artifact_that_nobody_reads_is_left_alone(project):
    project.build()
    project.artifact(project.survey(), "numbers", "story.txt").write_text("twice")
    project.calls()
    assert project.build() == []


def to_published(project):
    project.build()
    survey = project.survey()
    shelf = Shelf("results", project.published)
    publish(survey, survey.stages, shelf)
    for path in project.local.rglob("*.*"):
        path.unlink()
    project.calls()


def test_published_results_serve_where_the_cache_is_empty(project):
    to_published(project)
    assert project.build() == []


def test_a_damaged_published_artifact_is_passed_over_said_and_made_again(project):
    to_published(project)
    survey = project.survey()
    path = project.artifact(survey, "total/1", "total.json", shelf=survey.shelves.published)
    path.write_text("7\n")
    project.edit("lab/reports.py", '"report")', '"the report")')
    outcome = project.run(project.survey())
    assert f"{path} is damaged: not used; total/1 is computed again (git restore brings the file back)" in outcome.notes
    assert project.calls() == ["numbers", "the report", "total 1"]
    assert path.read_text() == "7\n"
    mended = project.artifact(project.survey(), "total/1", "total.json")
    assert gzip.decompress(mended.read_bytes()) == b"6\n"


def test_a_damaged_copy_in_the_cache_gives_way_to_the_published_one(project):
    to_published(project)
    survey = project.survey()
    survey.rebuild("report")
    project.run(survey)
    project.artifact(survey, "report", "report.txt").write_text("?")
    project.calls()
    assert project.build() == []


FAILING = """
    from experiments.errors import InputError
    from lab.notes import note


    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(one + two)


    def total(*, numbers, factor, log):
        if factor == 2:
            raise {error}
        note(log, f"total {{factor}}")
        return {{"total.json": factor}}
"""


@pytest.mark.parametrize(
    ("error", "said", "bad_input"),
    [
        ("ZeroDivisionError('by nothing')", "ZeroDivisionError: by nothing", False),
        ("InputError('the file is empty')", "the file is empty", True),
        ("SystemExit(3)", "SystemExit: 3", False),
        ("Odd('a', 'b')", "RuntimeError: Odd: ab", False),
    ],
)
def test_a_stage_that_fails_stops_only_what_reads_it(project, error, said, bad_input):
    project.write("lab/failing.py", FAILING.format(error=error))
    stages = [
        Stage(**{**vars(stage), "function": stage.function.replace("lab.sums:total", "lab.failing:total")})
        for stage in project.plan(factors=(1, 2, 3))
    ]
    outcome = project.run(project.survey(stages))
    assert [(failure.stage, failure.message) for failure in outcome.failures] == [("total/2", said)]
    assert outcome.failures[0].bad_input is bad_input
    assert "lab/failing.py" in outcome.failures[0].details or "Odd" in error
    assert project.calls() == ["numbers", "total 1", "total 3"]
    project.edit("lab/failing.py", "factor == 2", "factor == 9")
    assert project.build(stages) == ["report", "total 1", "total 2", "total 3"]


def test_a_stage_that_makes_no_such_product_is_named(project):
    stages = project.plan(factors=())[:1]
    stages.append(Stage("late", "lab.reports:report", inputs={"totals": {"a": Product("numbers", "sum.json")}}))
    with pytest.raises(PlanError, match=r"numbers makes no product sum\.json; it makes numbers\.json, story\.txt"):
        project.build(stages, wanted=())


def test_code_that_is_edited_while_the_build_runs_makes_no_record(project):
    project.build(project.plan(factors=())[:1])
    survey = project.survey()
    project.edit("lab/sums.py", "sum(numbers)", "max(numbers)")
    outcome = project.run(survey)
    assert {(failure.stage, failure.message) for failure in outcome.failures} == {
        (f"total/{factor}", "its source was edited while the build ran; run again") for factor in (1, 2)
    }
    assert project.build() == ["report", "total 1", "total 2"]


def test_a_full_disk_is_one_failure_and_ends_the_build(project, monkeypatch):
    project.build(project.plan(factors=()), wanted=())
    survey = project.survey(project.plan(factors=(1, 2, 3, 4)))
    (project.local / "records").rename(project.local / "kept")
    (project.local / "records").write_text("in the way")
    outcome = project.run(survey)
    assert [failure.stage for failure in outcome.failures] == [runner.NOBODY]
    assert "a file stands where a folder is needed" in outcome.failures[0].message


def test_longest_stages_are_submitted_first(project):
    names = []

    class Noting(ThreadPoolExecutor):
        def submit(self, function, task):
            names.append(task.stage.name)
            return super().submit(function, task)

    project.build()
    project.edit("lab/helper.py", "value * factor", "value + factor")
    survey = project.survey()
    costs = {"total/1": 1.0, "total/2": 5.0}
    survey.costs = lambda: costs
    with Noting(1) as executor:
        runner.run(survey, executor)
    assert names[:2] == ["total/2", "total/1"]


def counting(name, function, counts):
    """The function, whose calls are counted under that name."""

    def counted(*arguments):
        counts[name] += 1
        return function(*arguments)

    return counted


def test_twice_the_stages_look_at_the_shelves_twice_as_often(project, monkeypatch):
    """And not four times, as where every stage that ends has all others look afresh."""

    def looks(count):
        looked = {"records": 0, "has": 0}
        survey = project.survey(project.plan(factors=tuple(range(count))))
        survey.rebuild("*")
        heard = Progress(survey.must_run(), costs=survey.costs, jobs=1, stream=io.StringIO())
        with monkeypatch.context() as patched:
            for name in looked:
                patched.setattr(Shelf, name, counting(name, getattr(Shelf, name), looked))
            assert len(project.run(survey, workers=1, told=heard.told).computed) == count + 2
        return looked

    few, many = looks(10), looks(20)
    assert few["records"] == many["records"] == 2, "once for each shelf"
    assert many["has"] <= 2.2 * few["has"]


def test_a_stage_that_a_long_chain_waits_for_goes_before_a_longer_one(project):
    project.write("lab/chain.py", "def make(**_):\n    return {'a.json': 1}\n")
    ahead = Stage("ahead", "lab.chain:make")
    after = Stage("after", "lab.chain:make", inputs={"it": Product("ahead", "a.json")})
    survey = project.survey([Stage("alone", "lab.chain:make"), ahead, after], wanted=())
    assert survey.ways() == {"alone": 0.0, "ahead": 0.0, "after": 0.0}
    survey.costs = lambda: {"alone": 3.0, "ahead": 2.0, "after": 5.0}
    assert survey.ways() == {"alone": 3.0, "ahead": 7.0, "after": 5.0}
    assert project.run(survey, workers=1).computed[0] == "ahead"


OUTSIDE = """
    from experiments.errors import InputError


    def fetch(*, log):
        raise InputError("it cannot be downloaded")


    def draw():
        return {"a.txt": "drawn"}
"""


def test_what_comes_from_outside_is_had_first_and_alone(project):
    project.write("lab/outside.py", OUTSIDE)
    drawings = [Stage(f"drawing/{n}", "lab.outside:draw") for n in range(3)]
    stages = [*drawings, *project.plan(factors=())[:1]]
    outcome = project.run(project.survey(stages, wanted=()), workers=1)
    assert outcome.computed == ["numbers", "drawing/0", "drawing/1", "drawing/2"]


def test_where_it_cannot_be_had_nothing_else_is_begun(project):
    project.write("lab/outside.py", OUTSIDE)
    drawings = [Stage(f"drawing/{n}", "lab.outside:draw") for n in range(3)]
    stages = [*drawings, Stage("data", "lab.outside:fetch", place={"log": ""})]
    outcome = project.run(project.survey(stages, wanted=()))
    assert [(failure.stage, failure.message) for failure in outcome.failures] == [("data", "it cannot be downloaded")]
    assert outcome.failures[0].bad_input
    assert outcome.computed == []


class AtOnce(Executor):
    """Works in the caller, when asked."""

    def submit(self, function, /, *arguments, **options):
        future = Future()
        try:
            future.set_result(function(*arguments, **options))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.mark.parametrize("executor", [AtOnce, lambda: ThreadPoolExecutor(3), lambda: runner.local_pool(2)])
def test_any_executor_serves(project, executor):
    with executor() as workers:
        outcome = runner.run(project.survey(), workers)
    assert outcome.failures == []
    assert project.calls() == ALL
    assert project.build() == []


def test_two_builds_at_once_do_not_harm_each_other(project):
    stages = project.plan(factors=tuple(range(12)))
    surveys = [project.survey(stages) for _ in range(2)]
    outcomes = []

    def build(survey):
        with ThreadPoolExecutor(2) as executor:
            outcomes.append(runner.run(survey, executor))

    threads = [threading.Thread(target=build, args=[survey]) for survey in surveys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.failures for outcome in outcomes] == [[], []]
    project.calls()
    assert project.build(stages) == []
    assert not list(project.local.rglob("*.tmp"))


KILLED = """
    import os
    import signal


    def suicide(*, log):
        if not os.path.exists(log):
            open(log, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"a.txt": "survived"}
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stage_that_kills_its_process_fails_alone_and_the_next_call_resumes(project, tmp_path, jobs):
    project.write("lab/killed.py", KILLED)
    killed = Stage("killed", "lab.killed:suicide", parameters={"log": str(tmp_path / "tried")})
    stages = [killed, *project.plan(factors=(1, 2, 3))]
    wanted = [Product("killed", "a.txt"), Product("report", "report.txt")]
    with runner.local_pool(jobs) as executor:
        outcome = runner.run(project.survey(stages, wanted=wanted), executor, jobs=jobs)
    assert [failure.stage for failure in outcome.failures] == ["killed"]
    assert "its process died (killed, or out of memory); run again to resume" in outcome.failures[0].message
    assert sorted(outcome.computed) == ["numbers", "report", "total/1", "total/2", "total/3"]
    with runner.local_pool(jobs) as executor:
        assert runner.run(project.survey(stages, wanted=wanted), executor).computed == ["killed"]


def test_a_process_that_is_killed_while_it_has_nothing_to_do_costs_nothing(project):
    with runner.local_pool(1) as executor:
        first = executor.submit(os.getpid).result()
        os.kill(first, signal.SIGKILL)
        (hand,) = executor.hands._idle
        hand.process.wait()
        assert executor.submit(os.getpid).result() not in (first, os.getpid())


GIVEN_UP = "it was called off 4 times by what should compute it"


@pytest.mark.parametrize(("times", "failed"), [(1, []), (3, []), (4, [("numbers", GIVEN_UP)])])
def test_a_stage_that_an_executor_gives_up_is_handed_over_again_a_few_times(project, times, failed):
    class Forgetful(AtOnce):
        forgot = 0

        def submit(self, function, /, *arguments, **options):
            if self.forgot == times:
                return super().submit(function, *arguments, **options)
            self.forgot += 1
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    outcome = runner.run(project.survey(project.plan(factors=())[:1]), Forgetful())
    assert [(failure.stage, failure.message) for failure in outcome.failures] == failed


MANNERS = """
    import os
    import signal
    import time


    def manners(*, log):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
        return {"a.json": [os.environ[name] for name in names]}
"""


def test_workers_do_not_hear_ctrl_c_and_use_one_thread(project):
    project.write("lab/manners.py", MANNERS)
    survey = project.survey([Stage("a", "lab.manners:manners", place={"log": ""})])
    with runner.local_pool(1) as executor:
        assert runner.run(survey, executor).failures == []
    assert survey.value(Product("a", "a.json")) == ["1", "1"]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_reaches_the_caller(project):
    class Pressed(AtOnce):
        def submit(self, function, /, *arguments, **options):
            signal.raise_signal(signal.SIGINT)  # in this thread, whichever others the process has
            return super().submit(function, *arguments, **options)

    with pytest.raises(KeyboardInterrupt):
        runner.run(project.survey(), Pressed())


def test_results_that_stay_elsewhere_are_a_failure_not_a_loop(project):
    class Faraway(AtOnce):
        def submit(self, function, task):
            future = super().submit(function, task)
            for path in project.local.glob("artifacts/*"):
                path.unlink()
            return future

    outcome = runner.run(project.survey(), Faraway())
    assert "all workers must share this folder" in outcome.failures[0].message
