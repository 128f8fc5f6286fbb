"""Odd surroundings: closed or full streams, a folder that is gone, closed folders, poor or strange environments.

Each is answered by the work, or by one line and an exit code.
"""

import os
import shlex
import subprocess
import sys

import pytest

from tests.conftest import ROOT, SMOKE, Project

AS_AN_ORDINARY_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")  # root, but for what root may


def in_shell(project, how, *arguments, **options):
    """A build's command line in a shell, where %s stands for it."""
    command = how % shlex.join(project.command(*SMOKE, *arguments))
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("%s | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("%s > /dev/full", 1, "build.py: cannot write to standard output: No space left on device\n"),
        ("%s >&-", 0, ""),
        ("%s 2>&-", 0, ""),
        ("%s 2> /dev/full", 0, ""),
        ("%s <&- >&- 2>&-", 0, ""),
    ],
)
@pytest.mark.parametrize("argument", ["--list", "--help", "--debug"])
def test_streams_that_take_nothing_change_nothing_but_the_exit_code(built, how, code, said, argument):
    done = in_shell(built, how, argument)
    assert (done.returncode, done.stderr) == (code, said)


def test_what_is_said_of_bad_arguments_may_be_lost_but_not_the_exit_code(built):
    assert in_shell(built, "%s 2> /dev/full", "--study", "huge").returncode == 2
    assert in_shell(built, "%s 2>&-", "--list", "nothing").returncode == 2


def test_files_never_take_the_place_of_a_closed_stream(built):
    shown = in_shell(built, "%s <&- 2>&-", "--list").stdout
    assert shown == built.build(*SMOKE, "--list").stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LANG": "xx_YY.nonsense", "LC_ALL": "nonsense"},
        {"TMPDIR": "/nonsense", "TERM": "dumb", "COLUMNS": "0", "HOME": ""},
        {"PYTHONWARNINGS": "error"},
        {"MPLBACKEND": "nonsense"},
    ],
)
def test_strange_environments_are_no_trouble(built, tmp_path, environment):
    project = Project(ROOT, built.cache, tmp_path / "s\N{LATIN SMALL LETTER I WITH DIAERESIS}te\N{SNOWMAN}")
    done = project.build(*SMOKE, "--explain", "probe", env=os.environ | environment)
    assert (done.returncode, done.stderr) == (0, "")
    project.site.write_text("mine")
    done = project.build(*SMOKE, env=os.environ | environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "it is a file" in done.stderr


@pytest.mark.parametrize("how", ["build.py", "-P build.py", "-m experiments"])
def test_a_clone_need_not_be_installed_nor_on_the_path(tmp_path, how):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = f"{sys.executable} -S {how} --help"
    done = subprocess.run(command.split(), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_current_folder_that_is_gone_is_no_trouble_for_full_names(built, tmp_path):
    how = f"mkdir {tmp_path / 'gone'} && cd {tmp_path / 'gone'} && rmdir {tmp_path / 'gone'} && %s"
    assert in_shell(built, how, "--verify", "probe").returncode == 0
    done = in_shell(built, how, "--out", "here")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "--out: here: the current folder is gone" in done.stderr


@pytest.mark.parametrize("limit", [5])
def test_too_few_files_to_open_are_one_line(project_copy, limit):
    done = in_shell(project_copy, f"ulimit -n {limit}; %s", "--rebuild", "probe")
    assert done.returncode == 1
    assert "Too many open files" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.fixture
def closed(project_copy):
    """closed(path, *arguments): a build of an ordinary user to whom a path of the project is closed."""
    paths = []

    def build(path, *arguments):
        paths.append((path, path.stat().st_mode))
        path.chmod(0)
        return subprocess.run(
            [*(AS_AN_ORDINARY_USER if os.getuid() == 0 else ()), *project_copy.command(*SMOKE, *arguments)],
            capture_output=True,
            text=True,
            check=False,
        )

    yield build
    for path, mode in paths:
        path.chmod(mode)


@pytest.mark.skipif(sys.platform != "linux", reason="needs setpriv")
@pytest.mark.parametrize("name", [".", "records", "artifacts"])
@pytest.mark.parametrize("arguments", [(), ("--list",), ("--rebuild", "probe")])
def test_a_closed_folder_of_the_cache_is_one_line(project_copy, closed, name, arguments):
    folder = project_copy.cache / name
    done = closed(folder, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"build.py: cannot read {folder}: Permission denied; change its permissions, or choose another folder\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs setpriv")
@pytest.mark.parametrize("name", ["results", "results/records", "results/artifacts"])
def test_a_closed_folder_of_published_results_is_one_line(project_copy, closed, name):
    done = closed(project_copy.root / name, "--list")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert f"cannot read {project_copy.root / name}: Permission denied" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs a namespace of its own")
def test_a_machine_without_semaphores_is_no_trouble(project_copy):
    how = 'unshare -m bash -c \'mount -t tmpfs -o ro tmpfs /dev/shm && exec "$0" "$@"\' %s'
    done = in_shell(project_copy, how, "--rebuild", "probe")
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("a file system can only be mounted by root")
    assert done.returncode == 0
