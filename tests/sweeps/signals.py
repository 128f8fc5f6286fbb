#!/usr/bin/env python3
"""A signal at every 0.1 s of the first five seconds of a build, as tests/test_signals.py has it at every 0.5 s.

In: the cache of a finished `--study smoke --dataset digits`. Out: the cases that went wrong; exit code 1 if any did.

    python tests/sweeps/signals.py .cache
"""

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.engine.store import Shelf
from tests.test_signals import DRAWN, moments, sweep

STEP = 0.1


def main(cache):
    """Sweeps, prints what went wrong and how many cases there were, and returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder) / "half"
        shutil.copytree(cache, half)
        shelf = Shelf("cache", half)
        for record in shelf.records():
            if record.stage in DRAWN:
                shelf.record_path(record.key).unlink()
        wrong = sweep(half, Path(folder), step=STEP)
    for case, end in wrong.items():
        print(case, end)
    print(f"{len(wrong)} of {len(list(moments(STEP)))} cases went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
