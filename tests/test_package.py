"""The project as a package: what its wheel holds, and that one unpacked elsewhere is the whole program."""

import importlib.util
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from experiments import published
from experiments.engine import arguments, installed
from experiments.errors import InputError
from report.site.unchanged import SOURCES
from tests.conftest import ROOT, SMOKE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of this project, unpacked as an installer would into a folder of its own."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(folder / done.stdout.split()[-1]) as packed:
        packed.extractall(folder / "packages")
    return folder / "packages"


def ran(wheel, code, folder, *arguments):
    """What a program says that has the unpacked wheel as its packages, started in another folder."""
    others = [path for path in sys.path if path.endswith("-packages")]
    before = f"import site, sys; site.addsitedir({str(wheel)!r}); sys.path += {others!r}; "
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-S", "-c", before + code, *arguments]  # -S: whatever else is installed, no project is
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_wheel_holds_all_that_a_build_reads_and_nothing_else(wheel):
    needed = {"__init__.py", "build.py", "CITATION.cff", "experiments/py.typed", "report/py.typed"}
    for top in (*SOURCES, "results"):
        needed |= {f"{top}/{name}" for name in files(ROOT / top) if "__pycache__" not in name and ".DS" not in name}
    packed = files(wheel / "inside_mnist")
    assert {name for name in needed - packed if not name.startswith("results/")} == set()
    assert (ROOT / "results" / "records").exists() == any(name.startswith("results/records/") for name in packed)
    assert {name.partition("/")[0] for name in packed} == {name.partition("/")[0] for name in needed}
    assert not any("__pycache__" in name for name in packed)


def test_a_wheel_puts_one_name_of_its_own_beside_other_packages(wheel):
    version = PROJECT["version"]
    tops = {path.name for path in wheel.iterdir()}
    assert tops == {"inside_mnist", "inside_mnist.pth", f"inside_mnist-{version}.dist-info"}
    assert (wheel / "inside_mnist.pth").read_text() == "inside_mnist\n"
    points = (wheel / f"inside_mnist-{version}.dist-info" / "entry_points.txt").read_text()
    assert points == "[console_scripts]\ninside-mnist = inside_mnist:main\n"


def test_an_installed_program_finds_the_published_results_from_another_folder(wheel, tmp_path):
    done = ran(wheel, "import inside_mnist; inside_mnist.main()", tmp_path, "--list", "train/*")
    assert (done.returncode, done.stderr) == (0, "")
    assert "missing" not in done.stdout
    assert list(tmp_path.iterdir()) == [tmp_path / ".cache"]  # what is known of the sources is kept here


def test_an_installed_program_is_not_led_astray_by_modules_of_the_same_names(wheel, tmp_path):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "__init__.py").write_text("raise SystemExit('another project')")
    code = f"sys.path.insert(0, {str(tmp_path)!r}); import inside_mnist; inside_mnist.main()"
    done = ran(wheel, "import sys; " + code, tmp_path, "--help")
    assert done.returncode == 0
    assert "examples:\n  inside-mnist  " in done.stdout


def test_an_installed_program_publishes_nothing_and_says_who_speaks(wheel, tmp_path):
    done = ran(wheel, "import inside_mnist; inside_mnist.main()", tmp_path, "--publish")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("inside-mnist: --publish is for a clone of the project")
    assert len(done.stderr.splitlines()) == 1


def test_networks_open_from_another_folder(wheel, tmp_path):
    name = next(iter(published_names()))
    code = f"""
import sys; sys.path.insert(0, {str(wheel / "inside_mnist")!r})  # this machine may have the project itself on its path
from experiments import published
print(published.__file__, len(published.network({name!r}).model.layers))
"""
    done = ran(wheel, code, tmp_path)
    assert done.stdout.startswith(str(wheel)), done.stderr


def published_names():
    from experiments.study import PUBLISHED

    return [each.name for each in PUBLISHED.product]


def test_a_module_by_name_does_what_the_script_does(tmp_path):
    command = [sys.executable, "-m", "experiments", *SMOKE, "--cache", str(tmp_path / "c"), "--list", "check/*"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    script = [sys.executable, str(ROOT / "build.py"), *command[3:]]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == subprocess.run(script, capture_output=True, text=True, check=True).stdout


def test_a_clone_writes_beside_itself_and_an_installed_program_where_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = arguments.parse([], root=ROOT, about=None)
    assert (options.out, options.cache) == (ROOT / "site", ROOT / ".cache")
    monkeypatch.setattr(arguments, "INSTALLED", True)
    options = arguments.parse([], root=ROOT, about=None)
    assert (options.out, options.cache) == (tmp_path / "site", tmp_path / ".cache")


def test_an_installed_program_in_a_folder_that_is_gone_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(arguments, "INSTALLED", True)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SystemExit):
        arguments.parse([], root=ROOT, about=None)
    assert "the current folder is gone; go to another one" in capsys.readouterr().err


def test_results_that_are_not_there_are_named(tmp_path):
    with pytest.raises(InputError, match="nowhere is not there: this copy of the project came without"):
        published.network("any", results=tmp_path / "nowhere")


def test_a_clone_is_no_installed_program():
    assert not installed.INSTALLED
    assert Path(installed.ROOT) == ROOT


def test_types_are_told_to_other_projects():
    assert (ROOT / "experiments" / "py.typed").is_file()
    assert (ROOT / "report" / "py.typed").is_file()
