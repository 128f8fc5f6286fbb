"""A module is what its source says now, whatever was compiled of it before."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAYS = """import sys; from pathlib import Path; from experiments.engine import bytecode
bytecode.look_at_content(Path(sys.argv[1])); sys.path.insert(0, sys.argv[1]); import told; print(told.WORD)"""


def said(folder):
    """What a new Python takes the module for."""
    run = [sys.executable, "-c", SAYS, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.run(run, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def test_an_edit_of_the_same_size_and_time_is_seen_whoever_compiled_the_module_before(tmp_path):
    path = tmp_path / "told.py"
    path.write_text("WORD = 'one'\n")
    when = path.stat()
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(tmp_path)], check=True)  # told by its time
    for word in ("two", "six", "six"):
        path.write_text(f"WORD = '{word}'\n")
        os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))
        assert said(tmp_path) == word
    (compiled,) = (tmp_path / "__pycache__").iterdir()
    told = compiled.stat()
    assert said(tmp_path) == "six"
    assert compiled.stat().st_ino == told.st_ino  # and is not compiled again


def test_modules_elsewhere_are_loaded_as_ever(tmp_path):
    (tmp_path / "told.py").write_text("import json\nWORD = json.__spec__.loader.__class__.__module__\n")
    assert said(tmp_path) != "experiments.engine.bytecode"
