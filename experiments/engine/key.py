"""Keys: what a stage *is*, so that a stored result is found again exactly when it is still true.

In: a stage, the digests of the products it reads, and the first-party sources it reaches.
Out: a key, and the ingredients it was made of (kept with the result, so that a difference can be named).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from experiments.spec import Json, Product, Stage

if TYPE_CHECKING:
    from experiments.engine.sources import Sources


def canonical(value: Json) -> str:
    """JSON with one spelling for a value, so that equal values and only they have equal text.

    Raises ValueError for what has no such text: NaN and infinities, keys that are not strings (JSON would make
    1 and "1" one key), and values of other types.
    """
    _check_keys(value)
    return _text(value, sort_keys=True)


def digest(data: bytes) -> str:
    """sha256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def ingredients(stage: Stage, *, digests: Mapping[Product, str], sources: Sources) -> Json:
    """Everything a stage's result depends on, as JSON: function, parameters, sources by meaning, inputs by digest."""
    inputs = {
        argument: digests[source]
        if isinstance(source, Product)
        else {label: digests[product] for label, product in source.items()}
        for argument, source in stage.inputs.items()
    }
    return {
        "function": stage.function,
        "parameters": stage.parameters,
        "sources": sources.reached_by(stage),
        "inputs": inputs,
    }


def key(made_of: Json) -> str:
    """The key of a stage whose `ingredients` these are. Their order counts: a function may well read a mapping in
    the order in which it is handed over. Raises ValueError for what is not JSON, as `canonical` does."""
    _check_keys(made_of["parameters"])  # all else is made of strings
    return digest(_text(made_of, sort_keys=False).encode())


def _text(value: Json, *, sort_keys: bool) -> str:
    try:
        return json.dumps(value, sort_keys=sort_keys, separators=(",", ":"), allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _check_keys(value: Json) -> None:
    if isinstance(value, dict | Mapping):  # a dict is quickly told to be one
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{key!r} is not a string, and only strings can be keys")
            _check_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_keys(item)
