"""A Dask scheduler and workers as processes of their own, that know nothing of the project."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress

import distributed
from processes import session

from experiments.engine import runner
from experiments.spec import Stage

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Farm:
    """A scheduler and workers, each a process of its own in a folder of its own."""

    def __init__(self, folder, stack):
        self.folder, self.stack, self.before = folder, stack, ()
        folder.mkdir()
        told = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(told))
        wait_for(lambda: told.exists() and told.read_text().endswith("}"))
        self.address = json.loads(told.read_text())["address"]
        self.client = stack.enter_context(distributed.Client(self.address, set_as_default=False))
        self.workers = []

    def start(self, *arguments, **environment):
        command = [*self.before, sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
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
    for pid in session(process.pid):
        kill(pid)
    process.wait()


def kill(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


@contextmanager
def farm(folder):
    with ExitStack() as stack:
        yield Farm(folder, stack)


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
