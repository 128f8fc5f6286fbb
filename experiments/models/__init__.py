"""The networks of the study: one file each, and one function that makes a network from the name of its class.

In: "module:name" and its keyword arguments. Out: a HookedModule, which maps images (batch, 1, side, side) to logits
(batch, class) and says what can be read in it: `.hook_points` and `.layers`, names in forward order, "logits" last.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import torch

from experiments.errors import InputError
from experiments.hooks import HookedModule
from experiments.idx import SIDES

USUAL = 28  # the side that is tried first


def build(name: str, *, options: Mapping[str, Any], classes: int = 10, side: int = 28) -> HookedModule:
    """The network made by `name`, written "module:function", called with all others as keyword arguments.

    classes: how many logits it has; side: of the images that it reads, in pixels. The data set decides both, the study
    the options. Initial weights come from torch's global random generator, so the caller's seed decides them.
    Raises ValueError where the name leads nowhere, or to something that takes other arguments, or makes what cannot be
    read by name, and InputError where the images are too small.
    """
    module, _, attribute = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"no network is called {name!r}: expected 'module:function' ({error})") from error
    arguments = {**options, "classes": classes, "side": side}
    try:
        inspect.signature(make).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"{name} does not take {', '.join(arguments)} ({error})") from error
    network = make(**arguments)
    if not isinstance(network, HookedModule):
        raise ValueError(f"{name} makes a {type(network).__name__}; a network of the study is a HookedModule")
    missing = set(network.hook_points) - {path for path, _ in network.named_modules()}
    if missing:
        raise ValueError(f"{name} declares hook points that are not modules of it: {', '.join(sorted(missing))}")
    return network


def sizes(name: str, *, options: Mapping[str, Any], shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """The `classes` and the `side` with which `build` makes a network whose weights have these shapes.

    shapes: {name in the state_dict: shape}. A convolution may leave the same shapes of images of two sides, and the
    network is then the same for both: the smaller one is given. Raises ValueError where no side fits.
    """
    wanted = tuple((each, tuple(shape)) for each, shape in sorted(shapes.items()))
    return _sizes(name, json.dumps(options, sort_keys=True), int(shapes["logits.bias"][0]), wanted)


@cache
def _sizes(name: str, options: str, classes: int, wanted: tuple[tuple[str, tuple[int, ...]], ...]) -> dict[str, int]:
    for side in (USUAL, *range(SIDES[0], SIDES[1] + 1)):
        with torch.device("meta"), suppress(InputError):  # which holds shapes, and no numbers
            state = build(name, options=json.loads(options), classes=classes, side=side).state_dict()
            if tuple((each, tuple(value.shape)) for each, value in sorted(state.items())) == wanted:
                return {"classes": classes, "side": side}
    raise ValueError(f"no network of {name} has weights of these shapes")
