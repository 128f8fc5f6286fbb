"""The published study, opened: its networks and example images, for snippets and notebooks.

In: names. Out: networks, arrays and facts, read from results/ and checked. Nothing is computed or downloaded.

    from experiments import published
    network = published.network("mlp-raw")
    images, labels = published.examples()
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from experiments.engine.store import Shelf, decode
from experiments.errors import InputError
from experiments.networks import Network, open_network

RESULTS = Path(__file__).resolve().parent.parent / "results"


def network(condition: str, *, results: Path = RESULTS) -> Network:
    """The network of a condition, its specimen, e.g. "mlp-raw". Raises InputError, with the names there are."""
    return open_network(product(f"network/{condition}", "network.safetensors", results=results))


def examples(*, results: Path = RESULTS) -> tuple[np.ndarray, np.ndarray]:
    """Some test images uint8 (image, side, side), ten of each class, and their labels uint8 (image,)."""
    arrays = product("analysis/data", "examples.npz", results=results)
    return arrays["images"], arrays["labels"]


def product(stage: str, name: str, *, results: Path = RESULTS) -> Any:
    """Any published product of a stage, e.g. ("analysis/health", "arrays.npz") or ("analysis/health", "facts.json").

    Raises InputError where the published study has no such stage or product.
    """
    if not results.is_dir():
        raise InputError(
            f"{results} is not there: this copy of the project came without the published results; take a "
            "whole one, or name a folder that has them with results="
        )
    shelf = Shelf("results", results)
    records = {record.stage: record for record in shelf.records()}
    if stage not in records or name not in records[stage].products:
        raise InputError(f"{results} has no {name} of {stage}; it has: {', '.join(sorted(records)) or 'nothing'}")
    return decode(name, shelf.read(name, records[stage].products[name]))
