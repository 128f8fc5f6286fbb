#!/usr/bin/env python3
"""How long a build takes that has nothing to compute, and one that has nothing to do at all.

In: build.py's own arguments, if any (--study smoke --dataset digits, say). Out: a table. A copy of the project in a
temporary folder, with an empty cache, stands for a fresh clone; its first build restores what results/ holds, its
later ones find the site current and are compared with importing the two libraries that any such generator needs; then
the text of a page is edited before each build, which is compared with builds that find the site current.
Exit code 1 where a ratio is above its bound.

    python benchmarks/warm_build.py
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import Pairs, seconds, side_by_side

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("build.py", "CITATION.cff", "pyproject.toml", "experiments", "report", "templates", "tests", "results")
BOUND = 2.0  # a build with nothing to do, in imports
EDITED_BOUND = 3.0  # a build after an edit, in builds with nothing to do
EDITED = "templates/pages/health.md"
PAIRS = 15


def main(arguments: list[str]) -> int:
    """Measures, prints the table, and returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        copy_project(clone)
        build = [sys.executable, str(clone / "build.py"), *arguments]
        first = seconds(lambda: run(build))
        imports = [sys.executable, "-c", "import jinja2, markdown"]
        warm = side_by_side(lambda: run(build), lambda: run(imports), pairs=PAIRS)
        edited = side_by_side(lambda: run_edited(build, clone / EDITED), lambda: run(build), pairs=PAIRS)
    print(f"first build on a fresh clone            {first:8.1f} s")
    print(f"build with nothing to do                {statistics.median(warm.first):8.3f} s   median of {PAIRS}")
    print(f'python -c "import jinja2, markdown"     {statistics.median(warm.second):8.3f} s   median of {PAIRS}')
    print(f"ratio of the last two, bound {BOUND:g}          {spread(warm)}")
    print(f"build after the edit of a page's text   {statistics.median(edited.first):8.3f} s   median of {PAIRS}")
    print(f"ratio to one with nothing to do, bound {EDITED_BOUND:g}{spread(edited)}")
    return 0 if warm.ratio <= BOUND and edited.ratio <= EDITED_BOUND else 1


def spread(pairs: Pairs) -> str:
    """The ratio in the middle, and the least and the greatest."""
    return f"{pairs.ratio:8.2f}     {pairs.ratios[0]:.2f} to {pairs.ratios[-1]:.2f} over the pairs"


def run_edited(command: list[str], page: Path) -> None:
    """Adds a sentence to a page and builds."""
    with page.open("a", encoding="utf-8") as text:
        text.write("\nOne more remark.\n")
    run(command)


def copy_project(clone: Path) -> None:
    """What a clone holds, as far as a build reads it."""
    clone.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / part).is_file():
            shutil.copy(ROOT / part, clone / part)


def run(command: list[str]) -> None:
    """Runs a command quietly; ends the benchmark with its message if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
