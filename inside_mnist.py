"""The installed program: what the command `inside-mnist` runs, from any folder.

In a wheel this file is `inside_mnist/__init__.py`, and beside it lies what lies beside it here: the project.
"""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Runs build.py with this process's arguments; it puts its folder first on the path, so that what else is installed
    cannot stand in for the project's modules."""
    runpy.run_path(str(ROOT / "build.py"), run_name="__main__")
