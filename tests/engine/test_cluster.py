"""On several machines: real schedulers and workers, in processes of their own that know nothing of the project."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from experiments.engine import runner
from experiments.engine.process import INTERRUPTED
from experiments.engine.publish import publish
from experiments.engine.store import Shelf
from experiments.engine.surroundings import machine
from experiments.engine.verify import verify
from experiments.spec import Product, Stage

pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[cluster]'")

from farm import build, farm, files, kill, plan, wait_for

ALL = ["numbers", "report", "total 1", "total 2"]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A scheduler with two workers, for builds that leave it as it was."""
    with farm(tmp_path_factory.mktemp("two") / "farm") as found:
        yield found.hire(count=2)


@pytest.fixture
def own(tmp_path):
    """A scheduler of a test's own."""
    with farm(tmp_path / "farm") as found:
        yield found


@pytest.fixture(params=["shared", "apart"])
def folder(request, project, monkeypatch):
    """Where the cache is: in a folder that the workers see, or, under the same name, in one that they do not."""
    if request.param == "apart":
        monkeypatch.chdir(project.root)
        project.local = Path("/proc/self/cwd/cache")
    return request.param


def test_two_workers_make_the_same_bytes_as_a_local_pool(project, two, folder):
    survey, outcome, executor = build(project, two.address, plan(project))
    assert (outcome.failures, executor.shared, executor.jobs) == ([], folder == "shared", 2)
    assert project.calls() == ALL
    assert [survey.standings[name].record.environment for name in ("numbers", "report")] == [machine(), machine()]
    assert build(project, two.address, plan(project))[1].computed == []
    made, project.local = files(project.local), project.root / "other"
    survey = project.survey(plan(project))
    with runner.local_pool(2) as pool:
        assert runner.run(survey, pool).failures == []
    assert files(project.local) == made
    wait_for(lambda: not two.hands())


def test_results_are_verified_there_too(project, two, folder):
    survey = build(project, two.address, plan(project))[0]
    project.calls()
    with runner.workers(survey, most=9, scheduler=two.address) as executor:
        assert verify(survey, ["numbers", "total/2"], executor) == {"numbers": [], "total/2": []}
    assert project.calls() == ["numbers", "total 2"]


def test_published_inputs_are_sent_where_only_the_cache_is_shared(project, two, monkeypatch):
    survey = build(project, two.address, plan(project))[0]
    monkeypatch.chdir(project.root)
    project.published = Path("/proc/self/cwd/results")
    publish(survey, survey.stages, Shelf("results", project.published))
    for path in project.local.glob("*/*"):
        path.unlink()
    project.calls()
    project.edit("lab/reports.py", '", "', '"; "')
    survey, outcome, executor = build(project, two.address, plan(project))
    assert (outcome.computed, executor.shared, project.calls()) == (["report"], True, ["report"])
    assert survey.value(Product("report", "report.txt")) == "x1=6; x2=12"


def test_what_has_a_place_is_had_where_the_place_is(project, two):
    project.write("lab/steps.py", "import os\n\n\ndef numbers(**_):\n    return {'numbers.json': os.getppid()}\n")
    survey, outcome, _ = build(project, two.address, project.plan(factors=())[:1], wanted=())
    assert outcome.computed == ["numbers"]
    assert survey.value(Product("numbers", "numbers.json")) == os.getpid()


STACKS = """
    def powers(*, seed):
        return [{"power.json": [each**2, len(seed)]} for each in seed]
"""


def test_stages_are_stacked_there_too(project, two, folder):
    project.write("lab/stacks.py", STACKS)
    stages = [
        Stage(f"power/{seed}", "lab.stacks:powers", parameters={"seed": seed}, stacked_by="seed") for seed in range(4)
    ]
    wanted = [Product(stage.name, "power.json") for stage in stages]
    survey, outcome, _ = build(project, two.address, stages, wanted=wanted)
    assert outcome.failures == []
    assert [survey.value(each) for each in wanted] == [[0, 2], [1, 2], [4, 2], [9, 2]]


MANNERS = """
    import gc
    import os
    import signal


    def manners(*, tried):
        if tried:
            os.kill(os.getpid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGINT)
        names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_", "DASK_SECRET")
        return {"a.json": [*(os.environ.get(name) for name in names), *gc.get_threshold()]}


    def fails(*, tried):
        raise KeyError("nothing")
"""


def test_a_stage_that_kills_its_process_or_fails_does_so_alone_and_others_find_what_they_find_locally(project, two):
    project.write("lab/manners.py", MANNERS)
    functions = {"kills": ("manners", True), "fails": ("fails", False), "fine": ("manners", False)}
    stages = [Stage(name, f"lab.manners:{of}", parameters={"tried": yes}) for name, (of, yes) in functions.items()]
    survey, outcome, _ = build(project, two.address, stages, wanted=())
    failed = {failure.stage: failure for failure in outcome.failures}
    assert failed.keys() == {"kills", "fails"}
    assert failed["kills"].message.startswith("its process died")
    assert failed["fails"].message == "KeyError: 'nothing'"
    assert "lab/manners.py" in failed["fails"].details
    expected = ["1", "1", str(10**9), None, *runner.RARELY]
    assert survey.value(Product("fine", "a.json")) == expected
    assert sorted(two.client.nthreads().values()) == [1, 1]


SLOW = """
    import os
    import time
    from pathlib import Path

    from lab.notes import note


    def slow(*, n, log, go, **inputs):
        note(log, f"{n} {os.getpid()} {os.getppid()}")
        while not Path(go).exists():
            time.sleep(0.02)
        return {"n.json": [n, inputs]}
"""


def slow(project, *, count=2):
    """Stages that begin, say so, and end once there is a file `go`; the first of them alone, then the others."""
    project.write("lab/slow.py", SLOW)
    told = {"log": str(project.log), "go": str(project.root / "go")}
    first = Stage("first", "lab.slow:slow", parameters={"n": 0, "log": "/dev/null", "go": "/"})
    return [
        first,
        *(
            Stage(
                f"slow/{n}",
                "lab.slow:slow",
                parameters={"n": n, **told},
                inputs={"input": Product("first", "n.json")},
            )
            for n in range(1, count + 1)
        ),
    ]


def begun(project):
    """[(stage, process, worker)] of the stages that have begun so far."""
    lines = project.log.read_text().splitlines() if project.log.exists() else []
    return [tuple(map(int, line.split())) for line in lines]


def wanted_of(stages):
    return [Product(stage.name, "n.json") for stage in stages]


def test_the_stage_of_a_worker_that_is_lost_is_computed_by_another(project, own, folder):
    nanny = "--nanny" if folder == "shared" else "--no-nanny"
    own.hire(nanny, "--nthreads", "1", count=2)
    stages = slow(project)
    with ThreadPoolExecutor(1) as aside:
        built = aside.submit(build, project, own.address, stages, wanted=wanted_of(stages))
        wait_for(lambda: built.done() or len(begun(project)) == 2)
        kill(begun(project)[0][2])
        wait_for(lambda: built.done() or len(begun(project)) == 3 or nanny == "--no-nanny")
        (project.root / "go").touch()
        survey, outcome, _ = built.result(60)
    assert outcome.failures == []
    assert sorted(outcome.computed) == ["first", "slow/1", "slow/2"]
    assert sorted(n for n, *_ in begun(project)) in ([1, 1, 2], [1, 2, 2])
    assert [survey.value(each) for each in wanted_of(stages)] == [[0, {}], *([n, {"input": [0, {}]}] for n in (1, 2))]


def test_a_scheduler_that_is_lost_ends_the_build_in_one_line(project, own):
    own.hire(count=2)
    stages = slow(project)
    with ThreadPoolExecutor(1) as aside:
        built = aside.submit(build, project, own.address, stages, wanted=wanted_of(stages))
        wait_for(lambda: built.done() or len(begun(project)) == 2)
        own.client.close()
        kill(own.scheduler.pid)
        _, outcome, _ = built.result(30)
    message = f"the scheduler at {own.address} is lost; what was finished is kept, run again to resume"
    assert [(failure.stage, failure.message) for failure in outcome.failures] == [(runner.NOBODY, message)]
    assert outcome.computed == ["first"]
    wait_for(lambda: not own.hands())


BUILD = """
import sys
from pathlib import Path
from experiments.engine import process
process.begin()
from experiments.engine import runner
from experiments.engine.sources import Sources
from experiments.engine.store import Shelf
from experiments.engine.survey import Shelves, Survey
from experiments.engine.verify import verify
from experiments.spec import Product, Stage

root, address = Path(sys.argv[1]), sys.argv[2]
told = {"log": str(root / "calls.txt"), "go": str(root / "go")}
stages = [Stage(f"slow/{n}", "lab.slow:slow", parameters={"n": n, **told}) for n in range(5)]
survey = Survey(stages, Shelves(Shelf("cache", root / "cache"), None), Sources(root))
with runner.workers(survey, most=5, scheduler=address) as executor:
    outcome = runner.run(survey, executor, jobs=executor.jobs)
sys.exit(process.end(len(outcome.failures)))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_build_that_is_stopped_leaves_nothing_running_and_the_cluster_as_it_was(project, own, number, code):
    own.hire("--no-nanny", "--nthreads", "2")
    slow(project)
    command = [sys.executable, "-c", BUILD, str(project.root), own.address]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as stopped:
        wait_for(lambda: stopped.poll() is not None or len(begun(project)) == 2)
        stopped.send_signal(number)
        said = stopped.communicate(timeout=30)[1]
    assert (stopped.returncode, said) == (code, f"build.py: {INTERRUPTED}\n" if code == 130 else "")
    computing = {pid for _, pid, _ in begun(project)}
    wait_for(lambda: not computing & {pid for alive in own.processes().values() for pid in alive})
    assert code != 130 or not own.hands()
    assert not any(own.client.processing().values())
    assert all(each.poll() is None for each in (own.scheduler, *own.workers))
    (project.root / "go").touch()
    again = subprocess.run(command, env=environment, check=False, timeout=60)
    assert (again.returncode, len(begun(project))) == (0, 7)
