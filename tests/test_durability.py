"""Builds that are stopped, disturbed or starved: nothing is lost, and the next one makes the same bytes."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.engine import folder
from experiments.engine.store import Shelf
from report.site import manifest
from tests.conftest import SMOKE

JOBS = ("--jobs", "2")


TRAINED = ("train/cnn-raw/0", "train/mlp-raw/0", "train/mlp-raw/1")
DRAWN = (
    *("figure/comparison/overview", "figure/geometry/pca-cnn", "figure/interventions/curves"),
    *("figure/activations/drift", "figure/similarity/epochs", "figure/interventions/ablation"),
    *("figure/activations/quantiles", "figure/selectivity/participation", "figure/geometry/pca-mlp"),
)


def undo(project, stages):
    """Leaves a project in which these stages have to be done again."""
    shelf = Shelf("cache", project.cache)
    for record in shelf.records():
        if record.stage in stages:
            shelf.record_path(record.key).unlink()
            for name, address in record.products.items():
                shelf.path(name, address).unlink()
    return project


def without_site(project):
    """The project with an empty folder for its site, of which everything has to be rendered."""
    shutil.rmtree(project.site)
    project.site.mkdir()
    return project


@pytest.fixture
def half_built(project_copy):
    """The slowest figures are to be drawn, enough of them that no worker is idle when one has ended: to be stopped they
    serve as well as training, and need no torch."""
    return undo(project_copy, DRAWN)


@contextlib.contextmanager
def begun(project):
    """A build in its own process group, as soon as its workers are at work and one stage has ended."""
    command = project.command(*SMOKE, *JOBS)
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, **options) as build:
        assert next(line for line in build.stderr if line.startswith("[1/"))
        yield build
        build.wait()


def children(process):
    """The living processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def workers(build):
    """The children that compute."""
    return [
        child
        for child in children(build.pid)
        if "hand import work" in Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
    ]


def gone(processes, *, within):
    """Whether processes end within some seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not any(Path(f"/proc/{process}").exists() and not is_zombie(process) for process in processes):
            return True
        time.sleep(0.1)
    return False


def is_zombie(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def results(project):
    """What is in the cache, by name: the artifacts, and what the records say but for the seconds that it took."""
    shelf = Shelf("cache", project.cache)
    records = {record.key: replace(record, seconds=0) for record in shelf.records()}
    return records | {path.name: path.read_bytes() for path in (project.cache / "artifacts").iterdir()}


def resumes(project, built):
    """Whether the next build ends with the bytes of an undisturbed one, and leaves nothing half-written."""
    done = project.build(*SMOKE, *JOBS)
    assert done.returncode == 0, done.stderr
    assert project.files() == built.files()
    assert results(project) == results(built)
    assert not list(project.cache.rglob("*.tmp"))
    return done


def test_a_build_that_is_killed_with_all_its_processes_resumes(project_copy, built):
    half_trained = undo(without_site(project_copy), TRAINED)
    with begun(half_trained) as build:
        os.killpg(build.pid, signal.SIGKILL)
    assert half_trained.files() == {}
    done = resumes(half_trained, built)
    assert "[3/3]" not in done.stderr


def test_workers_end_by_themselves_when_their_parent_is_killed(half_built):
    with begun(half_built) as build:
        started = workers(build)
        assert len(started) == 2
        os.kill(build.pid, signal.SIGKILL)
    assert gone(started, within=60)


def test_ctrl_c_ends_all_with_one_message(half_built, built):
    with begun(half_built) as build:
        started = workers(build)
        os.killpg(build.pid, signal.SIGINT)
        rest = build.stderr.read()
    assert build.returncode == 130
    assert rest.splitlines()[-1] == "build.py: interrupted; what was finished is kept, run again to resume"
    assert "Traceback" not in rest
    assert gone(started, within=60)
    resumes(half_built, built)


def test_a_worker_that_is_killed_is_one_failure_and_the_next_build_resumes(half_built, built):
    with begun(half_built) as build:
        os.kill(workers(build)[0], signal.SIGKILL)
        rest = build.stderr.read()
    assert build.returncode == 1
    said = [line for line in rest.splitlines() if line.startswith("build.py: ")]
    died = (
        r"build\.py: stage \S+: its process died \(killed, or out of memory\); run again to resume, with fewer --jobs.*"
    )
    assert re.fullmatch(died, said[0])
    assert said[1].endswith("finished and kept; the next call resumes")
    assert len(said) == 2
    assert "Traceback" not in rest
    resumes(half_built, built)


def test_two_builds_at_once_end_with_the_same_site(half_built, built):
    project, ended = without_site(half_built), []

    def build():
        ended.append(project.build(*SMOKE, "--jobs", "1"))

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(done.returncode, "Traceback" in done.stderr) for done in ended] == [(0, False)] * 2
    assert project.files() == built.files()
    assert results(project) == results(built)
    assert not list(project.cache.rglob("*.tmp"))


def test_a_damaged_artifact_is_said_and_made_again(project_copy, built):
    shelf = Shelf("cache", project_copy.cache)
    record = next(record for record in shelf.records() if record.stage == "figure/health/dead-units")
    path = shelf.path("figure.svg", record.products["figure.svg"])
    path.write_bytes(path.read_bytes()[:-20])
    done = resumes(project_copy, built)
    assert f"{path} is damaged: removed; figure/health/dead-units is computed again" in done.stderr


def test_a_truncated_record_is_made_again(project_copy, built):
    shelf = Shelf("cache", project_copy.cache)
    record = next(record for record in shelf.records() if record.stage == "figure/health/dead-units")
    path = shelf.record_path(record.key)
    path.write_bytes(path.read_bytes()[:80])
    assert "[1/1] figure/health/dead-units" in resumes(project_copy, built).stderr


def test_a_full_disk_under_the_cache_is_one_message(project_copy, small_disk):
    (small_disk / "ballast").write_bytes(bytes(1_000_000))
    done = project_copy.build(*SMOKE, "--jobs", "1", "--cache", small_disk / "cache")
    assert done.returncode == 1
    assert done.stderr.count("No space left on device; free some space there, or choose another folder") == 1
    assert "Traceback" not in done.stderr


def test_a_full_disk_under_the_site_leaves_the_old_one(project_copy, small_disk):
    files = {"index.html": b"old"}
    about = {"study": "old", "dataset": "old", "environment": {}, "stages": {}, "pages": [], "figures": []}
    folder.replace(small_disk / "site", files | {"manifest.json": manifest.text(about, files)}, sign=manifest.SIGN)
    (small_disk / "ballast").write_bytes(bytes(900_000))
    done = project_copy.build(*SMOKE, "--out", small_disk / "site")
    assert done.returncode == 1
    assert f"cannot write {small_disk / 'site'}: No space left on device; free some space there" in done.stderr
    assert sorted(path.name for path in (small_disk / "site").iterdir()) == ["index.html", "manifest.json"]
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "site"]


def test_a_read_only_place_for_the_site_is_said_before_any_work(project_copy, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = project_copy.build(*SMOKE, "--out", small_disk / "site")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Read-only file system; the file system is read-only: choose another folder" in done.stderr


def test_a_read_only_cache_serves_what_it_holds(project_copy, small_disk):
    mount = ["mount", "--bind", "-o", "ro", str(project_copy.cache), str(project_copy.cache)]
    subprocess.run(mount, check=True)
    try:
        last = project_copy.build(*SMOKE, "--list").stdout.splitlines()[-1]
        assert re.fullmatch(r"\d+ stages: \d+ cached, \d+ published", last)
        done = project_copy.build(*SMOKE, "--rebuild", "probe")
    finally:
        subprocess.run(["umount", "--lazy", str(project_copy.cache)], check=True)
    assert done.returncode == 1
    assert f"cannot write in {project_copy.cache}: Read-only file system" in done.stderr
