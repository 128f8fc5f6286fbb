"""`python -m experiments`: what build.py does, from any folder."""

from __future__ import annotations

import runpy
from pathlib import Path

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).resolve().parent.parent / "build.py"), run_name="__main__")
