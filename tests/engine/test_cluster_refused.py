"""On several machines that are not alike, or not there: told in one line, before anything is computed."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from experiments.engine import cluster, runner
from experiments.engine.surroundings import ClusterError
from experiments.spec import Product
from tests.conftest import ROOT

pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[cluster]'")

from farm import build, end, farm, plan


@pytest.fixture
def own(tmp_path):
    """A scheduler of a test's own."""
    with farm(tmp_path / "farm") as found:
        yield found


def test_workers_compute_with_the_sources_of_the_build(project, own, tmp_path):
    old = tmp_path / "old"
    for name, text in (("lab/__init__.py", ""), ("lab/helper.py", "def scaled(*_):\n    return 0\n")):
        project.write(f"old/{name}", text)
    project.write("old/experiments/__init__.py", "raise ImportError('another version')\n")
    own.hire(PYTHONPATH=str(old))
    survey, outcome, _ = build(project, own.address, plan(project))
    assert outcome.failures == []
    assert survey.value(Product("total/2", "total.json")) == 12


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ({}, "no gadget instead of 1.0, gizmo not installed"),
        ({"gadget": "2.0"}, "gadget 2.0 instead of 1.0"),
        ({"gadget": "1.0", "ATEN_CPU_CAPABILITY": "default"}, "kernels ATEN_CPU_CAPABILITY=default instead of as they"),
    ],
)
def test_other_surroundings_are_told_before_anything_is_computed(project, own, theirs, said):
    project.install("gadget", "1.0", imported="gizmo")
    project.write("lab/helper.py", "import gizmo\n\n\ndef scaled(value, factor):\n    return value * factor\n")
    there = type(project)(project.root / "there")
    if version := theirs.pop("gadget", None):
        there.install("gadget", version, imported="gizmo")
    own.hire(PYTHONPATH=str(there.root / "env" / "site-packages"), **theirs)
    with pytest.raises(ClusterError, match=f"^worker tcp://.* has other surroundings than this build: {said}"):
        build(project, own.address, plan(project))
    assert project.calls() == []
    assert not own.hands()


def test_a_worker_that_comes_later_with_other_surroundings_makes_no_record(project, own):
    own.hire()
    survey = project.survey(plan(project))
    with runner.workers(survey, most=9, scheduler=own.address) as executor:
        end(own.workers[0])
        own.hire(ATEN_CPU_CAPABILITY="default")
        outcome = runner.run(survey, executor, jobs=executor.jobs)
    assert [failure.stage for failure in outcome.failures] == ["numbers"]
    assert "kernels ATEN_CPU_CAPABILITY=default instead of as they come" in outcome.failures[0].message


@pytest.mark.parametrize(
    ("who", "package", "version"), [("scheduler", "python", "3.9.1.final.0"), ("workers", "distributed", "2020.1.0")]
)
def test_another_python_or_dask_is_told_of_before_anything_is_sent(own, who, package, version):
    own.hire()
    told = own.client.get_versions()
    other = told["scheduler"] if who == "scheduler" else next(iter(told["workers"].values()))
    other["host" if package == "python" else "packages"][package] = version
    stub = SimpleNamespace(get_versions=lambda: told)
    with pytest.raises(ClusterError, match=f"{package} {version[:3]}.* instead of"):
        cluster._compare_versions(stub)


def test_a_scheduler_that_is_not_there_is_one_line(tmp_path):
    where = ("--cache", tmp_path / "cache", "--out", tmp_path / "site", "--scheduler", "tcp://127.0.0.1:1")
    command = [sys.executable, ROOT / "build.py", "--study", "smoke", "--dataset", "digits", *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("build.py: no Dask scheduler answers at tcp://127.0.0.1:1: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("scheme", ["tls", "wss"])
def test_a_private_scheduler_is_not_asked_without_certificates(project, scheme):
    with pytest.raises(ClusterError, match=f"^{scheme}://127.0.0.1:1 cannot be reached without certificates"):
        build(project, f"{scheme}://127.0.0.1:1")


def test_a_scheduler_without_workers_is_one_line(project, own, monkeypatch):
    monkeypatch.setattr(cluster, "WORKERS", 1)
    with pytest.raises(ClusterError, match=f"has no workers; start some: dask worker {own.address}"):
        build(project, own.address)


def test_without_dask_it_is_said_how_to_get_it(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"--scheduler needs Dask .*pip install -e '\.\[cluster\]'"):
        build(project, "tcp://127.0.0.1:1")


AS_AN_ORDINARY_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")  # root, but for what root may


@pytest.mark.skipif(os.getuid() != 0, reason="needs a worker that may less than the build")
@pytest.mark.parametrize("where", ["cache", "worker"])
def test_a_worker_that_cannot_write_has_its_results_travel_or_is_told_of(project, own, where):
    own.before = AS_AN_ORDINARY_USER
    own.hire()
    scratch = (own.folder / "worker-0").glob("*/worker-*")
    closed = project.local if where == "cache" else next(path for path in scratch if path.is_dir())
    closed.mkdir(exist_ok=True)
    closed.chmod(0o500)
    try:
        if where == "cache":
            _, outcome, executor = build(project, own.address, plan(project))
            assert (outcome.failures, executor.shared) == ([], False)
        else:
            with pytest.raises(ClusterError, match=r"cannot take the build's sources: .*Permission denied"):
                build(project, own.address, plan(project))
    finally:
        closed.chmod(0o700)
