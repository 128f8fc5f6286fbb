"""The images of a study that is made for another set than MNIST, as torchvision fetches them.

In: a class of torchvision.datasets by name, and where its files are kept. Out: what `experiments.data.load` gives.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchvision import datasets

from experiments.data import Products, read_folder
from experiments.idx import FILES, WAYS_ON, DataError


def load(*, loader: str, description: Mapping[str, Any], cache: str) -> Products:
    """The data stage of such a study. What an interrupted download left behind is fetched again.

    loader: the name of a class whose `raw` folder holds four IDX files named as MNIST's; torchvision checks them.
    description: what the study says of the set, see `experiments.spec.DataSet`.
    Raises DataError with cause and remedy.
    """
    kept = Path(cache) / loader.lower()
    if all((kept / name).is_file() for name in FILES.values()):
        with contextlib.suppress(DataError):
            return read_folder(kept, description=description)
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as fresh:
        raw = _fetched(loader, Path(fresh), title=description["title"])
        products = read_folder(raw, description=description)
        for name in FILES.values():
            (raw / name).replace(kept / name)
    return products


def _fetched(loader: str, folder: Path, *, title: str) -> Path:
    """The folder of IDX files that torchvision's class makes."""
    fetch = getattr(datasets, loader, None)
    if fetch is None:
        raise DataError(
            f"torchvision.datasets has no {loader}; correct the loader of the data set in experiments/study.py."
        )
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            fetch(folder, download=True)
    except (RuntimeError, OSError, ValueError, EOFError, zlib.error) as error:
        tried = ", ".join(getattr(fetch, "mirrors", [loader]))
        raise DataError(f"{title} could not be downloaded. Tried {tried}: {error}\n{WAYS_ON}") from error
    return folder / loader / "raw"
