"""On several machines: real schedulers and workers, in processes of their own that know nothing of the project."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from experiments.engine import runner
from experiments.spec import Stage

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[cluster]'")

ALL = ["numbers", "report", "total 1", "total 2"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Farm:
    """A scheduler and workers, each a process of its own in a folder of its own."""

    def __init__(self, folder, stack):
        self.folder, self.stack = folder, stack
        folder.mkdir()
        told = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(told))
        wait_for(lambda: told.exists() and told.read_text().endswith("}"))
        self.address = json.loads(told.read_text())["address"]
        self.client = stack.enter_context(distributed.Client(self.address, set_as_default=False))
        self.workers = []

    def start(self, *arguments, **environment):
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        with (self.folder / "said.txt").open("a") as said:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=ENVIRONMENT | environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.stack.callback(end, process)
        return process

    def hire(self, *options, count=1, **environment):
        """Starts workers and waits until they are there."""
        before = len(self.client.nthreads())
        for _ in range(count):
            place = ("--local-directory", str(self.folder / f"worker-{len(self.workers)}"))
            options = options or ("--no-nanny", "--nthreads", "1")
            self.workers.append(self.start("worker", self.address, *options, *place, **environment))
        wait_for(lambda: len(self.client.nthreads()) >= before + count)
        return self

    def processes(self):
        """The processes that live of those that were started here and of what these started, hands among them."""
        return {leader: session(leader) for leader in (each.pid for each in [self.scheduler, *self.workers])}

    def hands(self):
        return [line for alive in self.processes().values() for line in alive.values() if "engine.hand" in line]


def end(process):
    with ExitStack() as stack:
        stack.callback(process.wait)
        for pid in session(process.pid):
            stack.callback(kill, pid)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def session(leader):
    """{process: its command line} of what lives of a session."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] not in "ZX":
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


@contextmanager
def farm(folder):
    with ExitStack() as stack:
        yield Farm(folder, stack)


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


def build(project, address, stages=None, **options):
    survey = project.survey(stages, **options)
    with runner.workers(survey, most=9, scheduler=address) as executor:
        outcome = runner.run(survey, executor, jobs=executor.jobs)
        return survey, outcome, executor


def files(folder):
    """{name: bytes} of what is on a shelf, records without their seconds."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("artifacts/*"))}


def plan(project):
    """A plan without a place, so that all of it is computed by the workers."""
    stages = project.plan()
    return [Stage(**{**vars(each), "place": {}, "parameters": {**each.parameters, **each.place}}) for each in stages]


def test_two_workers_share_the_folder_of_the_cache_and_make_the_same_bytes_as_a_local_pool(project, two):
    survey, outcome, executor = build(project, two.address, plan(project))
    assert (outcome.failures, executor.shared, executor.jobs) == ([], True, 2)
    assert project.calls() == ALL
    made, project.local = files(project.local), project.root / "other"
    survey = project.survey(plan(project))
    with runner.local_pool(2) as pool:
        assert runner.run(survey, pool).failures == []
    assert files(project.local) == made
    wait_for(lambda: not two.hands())
