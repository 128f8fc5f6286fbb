"""The page's scripts keep to the types that their comments declare. TSC names the compiler, else it is on the PATH."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMPILER = os.environ.get("TSC") or shutil.which("tsc")

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no TypeScript on this machine (npm install -g typescript)")


def check(folder):
    """Checks the scripts in a copy of the project's folders."""
    command = [COMPILER, "-p", str(folder / "tests" / "browser" / "jsconfig.json"), "--pretty", "false"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_scripts_are_well_typed():
    done = check(ROOT)
    assert done.returncode == 0, done.stdout


def test_a_planted_mistake_is_found(tmp_path):
    for name in ("templates/assets", "tests/browser"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "templates/assets/shared/forward.js").open("a") as script:
        script.write('InsideMNIST.softmax("three");\n')
    done = check(tmp_path)
    assert done.returncode != 0
    assert "forward.js" in done.stdout
