"""Signals at any moment: a build is finished, or it ends with 130 in one line, and no process of it is left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import session

from experiments.engine.process import INTERRUPTED
from experiments.engine.store import Shelf
from tests.conftest import ROOT, SMOKE, Project

ENDED = [f"build.py: {INTERRUPTED}"]
DRAWN = ("figure/comparison/overview", "figure/geometry/pca-cnn", "figure/interventions/curves")
AT_A_TIME = 2


@pytest.fixture(scope="module")
def half_built(built, tmp_path_factory):
    """A cache in which the slowest figures are to be drawn: workers are started, and none of them needs torch."""
    cache = tmp_path_factory.mktemp("signals") / "cache"
    shutil.copytree(built.cache, cache)
    shelf = Shelf("cache", cache)
    for record in shelf.records():
        if record.stage in DRAWN:
            shelf.record_path(record.key).unlink()
    return cache


def listens(process):
    """Waits until a process answers signals: the interpreter's own beginning is not ours."""
    while process.poll() is None:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        caught = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)


def disturbed(cache, folder, *, after, number, whole_group=False, twice=False):
    """A build that gets a signal so many seconds after it began: its exit code, what it said beside its progress, and
    what is left of it."""
    project = Project(ROOT, folder / "cache", folder / "site")
    shutil.copytree(cache, project.cache, copy_function=os.link)  # files are replaced, never written into
    command = project.command(*SMOKE, "--jobs", "2")
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as build:
        listens(build)
        time.sleep(after)
        for _ in range(1 + twice):
            try:
                (os.killpg if whole_group else os.kill)(build.pid, number)
            except ProcessLookupError:
                break
        said = build.communicate(timeout=120)[1]
    end = time.monotonic() + 10
    while (left := session(build.pid)) and time.monotonic() < end:  # what was killed takes a moment to go
        time.sleep(0.02)
    shutil.rmtree(folder)
    return build.returncode, [line for line in said.splitlines() if not line.startswith("[")], left


def moments(step):
    """The cases of a sweep: seconds, signal, to whom, and whether at once again."""
    count = round(5 / step)
    yield from ((i * step, signal.SIGINT, i % 2 == 1, i % 3 == 0) for i in range(count + 1))
    for number, offset in ((signal.SIGTERM, step / 4), (signal.SIGHUP, step / 2)):
        yield from ((i * step + offset, number, i % 2 == 0, False) for i in range(0, count, 4))


def sweep(cache, folder, *, step):
    """{case: what came of it}, of every case that went wrong."""

    def one(case):
        after, number, whole_group, twice = case
        where = folder / f"{after:.3f}-{number.name}"
        return disturbed(cache, where, after=after, number=number, whole_group=whole_group, twice=twice)

    cases = list(moments(step))
    with ThreadPoolExecutor(AT_A_TIME) as executor:
        ends = zip(cases, executor.map(one, cases), strict=True)
        return {case: end for case, end in ends if end not in ((0, [], {}), (130, ENDED, {}))}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_signal_at_any_moment_ends_a_build_in_one_line_or_lets_it_finish(half_built, tmp_path):
    assert sweep(half_built, tmp_path, step=0.5) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_signal_that_is_ignored_on_purpose_stays_ignored(half_built, tmp_path):
    project = Project(ROOT, half_built, tmp_path / "site")
    command = ["nohup", *project.command("--list", *SMOKE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as build:
        listens(build)
        build.send_signal(signal.SIGHUP)
        assert b"stages: " in build.communicate()[0]
    assert build.returncode == 0
