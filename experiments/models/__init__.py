"""The networks of the study: one file each, and one function that makes a network from the name of its class.

In: "module:name" and its keyword arguments. Out: a HookedModule, which maps images (batch, 1, 28, 28) to logits
(batch, class) and says what can be read in it: `.hook_points` and `.layers`, names in forward order.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from experiments.hooks import HookedModule


def build(name: str, *, options: Mapping[str, Any]) -> HookedModule:
    """The network made by `name`, written "module:function", called with `options` as keyword arguments.

    Initial weights come from torch's global random generator, so the caller's seed decides them.
    Raises ValueError where the name leads nowhere or what it makes cannot be read by name.
    """
    module, _, attribute = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"no network is called {name!r}: expected 'module:function' ({error})") from error
    network = make(**options)
    if not isinstance(network, HookedModule):
        raise ValueError(f"{name} makes a {type(network).__name__}; a network of the study is a HookedModule")
    missing = set(network.hook_points) - {path for path, _ in network.named_modules()}
    if missing:
        raise ValueError(f"{name} declares hook points that are not modules of it: {', '.join(sorted(missing))}")
    return network
