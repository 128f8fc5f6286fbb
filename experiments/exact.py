"""Arithmetic that does not go with the processor: a function called in a process of its own, with plain kernels.

A sum of many products depends, in its last bits, on the order in which they are added. PyTorch and its libraries
choose that order by the instructions that the processor offers; they can be told to use only those that every one
has. They are told through the environment, before they are imported: hence a process of its own.

In: a function and its arguments, arrays and plain values. Out: what it returns. The arrays travel through files in a
temporary folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from experiments.train import train as ordinary

Products = dict[str, dict[str, np.ndarray]]

KERNELS = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ROOT = Path(__file__).resolve().parents[1]
# The process begins as a worker does: its code comes from the sources, and it ends when its parent does.
AS_A_WORKER = (
    "import sys; from experiments.engine.runner import begin_worker; begin_worker(int(sys.argv[2]));"
    "from pathlib import Path; from experiments.exact import answer; answer(Path(sys.argv[1]))"
)


@wraps(ordinary)
def train(**arguments: Any) -> Products:
    """The training stage with plain kernels; arguments and products are those of `experiments.train.train`."""
    return call(ordinary, **arguments)


def call(function: Callable[..., Products], **arguments: Any) -> Products:
    """`function(**arguments)`, on one thread with plain kernels.

    function: of a module, by whose name it is found again. arguments: {name: array}, or whatever JSON can carry.
    Raises RuntimeError, with what the process said last, where it fails.
    """
    with tempfile.TemporaryDirectory(prefix="exact-") as name:
        folder = Path(name)
        plain = {}
        for argument, given in arguments.items():
            if isinstance(given, Mapping) and any(isinstance(part, np.ndarray) for part in given.values()):
                _write(folder / f"in-{argument}.npz", given)
            else:
                plain[argument] = given
        named = {"module": function.__module__, "function": function.__qualname__, "arguments": plain}
        (folder / "call.json").write_text(json.dumps(named), encoding="utf-8")
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | dict.fromkeys(THREADS, "1") | KERNELS | {"PYTHONPATH": paths}
        done = subprocess.run(
            [sys.executable, "-c", AS_A_WORKER, name, str(os.getpid())],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip()[-2000:] or "nothing"
            raise RuntimeError(
                f"{function.__module__}:{function.__qualname__} in a process of its own ended with code "
                f"{done.returncode}; it said last: {said}"
            )
        return {path.name.removeprefix("out-"): _read(path) for path in sorted(folder.glob("out-*.npz"))}


def answer(folder: Path) -> None:
    """What the process of `call` does: reads the call from a folder, and writes what it returns there."""
    import torch

    torch.set_num_threads(1)
    named = json.loads((folder / "call.json").read_text(encoding="utf-8"))
    arrays = {path.stem.removeprefix("in-"): _read(path) for path in folder.glob("in-*.npz")}
    function = getattr(import_module(named["module"]), named["function"])
    for name, product in function(**named["arguments"], **arrays).items():
        _write(folder / f"out-{name}", product)


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **{name: np.asarray(array) for name, array in arrays.items()})  # type: ignore[arg-type]


def _read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}
