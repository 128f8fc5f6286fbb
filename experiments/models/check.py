"""Whether a network can be studied: held against what it declares, before anything is trained.

In: an architecture, the side of the images and the number of classes. Out: the same small product for every network
that passes; a NetworkError of one line, which says where, what and what to do, for one that does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments import models
from experiments.errors import NetworkError
from experiments.hooks import HookedModule, run_with_cache, run_with_hooks
from experiments.models import plain
from experiments.record import reading_point, rectified

IMAGES = 12  # of the batch that is run


def check(*, architecture: Mapping[str, Any], shape: Mapping[str, int]) -> dict[str, Any]:
    """The stage that checks one architecture: `check.json`, {"ok": true, "browser", "points", "layers",
    "channels", "placed", "reading", "parameters"}.

    architecture: {"build": "module:function", "options": {...}}. shape: {"side", "classes"} of the data set.
    `points` are the hook points in forward order; `layers` stand in order of depth, the logits last, `channels`
    are those whose units have a place on the image, `placed` those whose units have places of any kind; `reading` is
    the hook point that each is read at, `parameters` how many numbers it learns. `browser` tells whether the pages'
    scripts can run the network; that they cannot is no fault. Raises NetworkError for the first fault.
    """
    side, classes = shape["side"], shape["classes"]
    network, again = (_seeded(architecture["build"], architecture["options"], shape) for _ in range(2))
    images = torch.rand(IMAGES, 1, side, side, generator=torch.Generator().manual_seed(0))
    fault = (
        _of_names(network)
        or _of_weights(network, again)
        or _of_forward(network.eval(), images, classes)
        or _of_backward(network.train(), images, classes)
    )
    if fault:
        raise NetworkError(f"{_place(type(network).__module__, type(network).__qualname__)}: {fault}")
    return {
        "check.json": {
            "ok": True,
            "browser": not plain.departure(network),
            "points": list(network.hook_points),
            "layers": list(network.layers),
            "channels": [layer for layer, activation in _read(network, images).items() if activation.ndim > 3],
            "placed": [layer for layer, activation in _read(network, images).items() if activation.ndim > 2],
            "reading": {layer: reading_point(network, layer) for layer in network.layers},
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
        }
    }


def _seeded(build: str, options: Mapping[str, Any], sizes: Mapping[str, int]) -> HookedModule:
    """The network with the weights that a seed gives."""
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return models.build(build, options=options, **sizes)
    except Exception as error:  # whatever a fork's constructor raises
        module, _, name = build.partition(":")
        told = f"{_place(module, name)}: it cannot be made with the options {dict(options)}: {_line(error)}"
        raise NetworkError(f"{told}; see the architectures in experiments/study.py") from error


def _of_names(network: HookedModule) -> str:
    """What is wrong with the names that it declares."""
    layers: tuple[str, ...] = getattr(network, "layers", ())
    points: tuple[str, ...] = getattr(network, "hook_points", ())
    if len(layers) < 2 or layers[-1] != "logits":
        return f"its layers are {', '.join(layers) or 'none'}; declare hidden layers, and the last as logits"
    if not points or points[0] != "input" or points[-1] != "logits":
        return "its hook points must begin with input, what it is fed, and end with logits, its answer"
    modules = dict(network.named_modules())
    for layer in layers:
        if layer not in modules or not list(modules[layer].parameters()):
            return f"its layer {layer} is no module with weights; a layer is one, named as it is in the network"
        if layer != "logits" and reading_point(network, layer) not in points:
            return f"its hidden layer {layer} cannot be read; place a HookPoint {layer}.post and name it in hook_points"
    strangers = [point for point in points[1:] if point.split(".")[0] not in layers]
    strangers += [layer for layer in network.parts if layer not in layers]
    if strangers or len(set(points)) < len(points):
        return f"{(strangers or ['a hook point twice'])[0]} is named and belongs to no layer; begin with a layer's name"
    last = [point for point in points if point.split(".")[0] == layers[-2]][-1]
    if last != reading_point(network, layers[-2]):
        return f"the last hook point of {layers[-2]} is {last}; name {reading_point(network, layers[-2])} last of them"
    return ""


def _of_weights(network: HookedModule, again: HookedModule) -> str:
    """What is wrong with its weights: they belong to no layer, or do not follow from the seed."""
    for name, parameter in network.named_parameters():
        if name.split(".")[0] not in network.layers:
            return f"its weights {name} belong to no layer; have a layer hold them"
        if not torch.equal(parameter, again.get_parameter(name)):
            return f"the same seed gave other weights {name}; draw from torch's global generator alone"
    return ""


@torch.no_grad()
def _of_forward(network: HookedModule, images: Tensor, classes: int) -> str:
    """What is wrong with what it answers and with what can be read and edited on the way."""
    points = list(network.hook_points)
    try:
        logits, cache = run_with_cache(network, images, names=points)
    except Exception as error:
        return f"images {tuple(images.shape)} do not get through: {_line(error)}; correct its forward or hook_points"
    if logits.shape != (len(images), classes) or not logits.isfinite().all():
        return f"it answers with {tuple(logits.shape)}; {(len(images), classes)} finite numbers are due, one a class"
    last = network.layers[-2]
    reached = [point for point in cache if point.split(".")[0] != last]
    declared = [point for point in points if point.split(".")[0] != last]
    if reached != declared:
        wrong = next(one for one, other in zip(declared, reached, strict=True) if one != other)
        return f"its hook point {wrong} is reached out of its turn; hook_points stand in forward order"
    for layer in network.layers:
        activation = cache[reading_point(network, layer)]
        if activation.ndim < 2 or len(activation) != len(images):
            return f"{layer} is read as {tuple(activation.shape)}; (image, unit) is due, and positions behind"
        if rectified(network, layer) and (activation < 0).any():
            return f"{layer} says it has a relu and is negative where it is read; place its HookPoint right behind that"
    if not torch.equal(network(images), logits):
        return "it answers otherwise when asked again; in evaluation mode nothing may be left to chance"
    return _of_edits(network, images, logits, cache)


def _of_edits(network: HookedModule, images: Tensor, logits: Tensor, cache: Mapping[str, Tensor]) -> str:
    """What is wrong with how it answers to hooks: nothing may come of an edit that changes nothing, and the answer
    has to be made of what an edit hands back."""

    def answers(point: str, edit: Callable[[Tensor], Tensor]) -> Tensor:
        return run_with_hooks(network, images, forward_hooks=[(point, lambda activation, _: edit(activation))])

    for name, edit in (("an identity", torch.clone), ("a factor of one", lambda activation: activation * 1)):
        for point in network.hook_points:
            if not torch.equal(answers(point, edit), logits):
                return f"{name} at {point} changes its answer; have forward do the same whoever looks on"
    for point in (reading_point(network, layer) for layer in network.layers):
        if not _is_heard(network, images, point, cache[point]):
            return f"what is edited at {point} changes no answer; have forward go on with what the HookPoint returns"
    return ""


def _is_heard(network: HookedModule, images: Tensor, point: str, activation: Tensor) -> bool:
    """Whether the answer is computed from what is handed back at a hook point; that it is deaf to it, as behind dead
    units, is no fault."""
    handed = activation.clone().requires_grad_()
    with torch.enable_grad():
        total = run_with_hooks(network, images, forward_hooks=[(point, lambda *_: handed)]).sum()
        return total.requires_grad and torch.autograd.grad(total, handed, allow_unused=True)[0] is not None


def _of_backward(network: HookedModule, images: Tensor, classes: int) -> str:
    """What is wrong with its gradients."""
    with torch.random.fork_rng(devices=[]):
        cross_entropy(network(images), torch.arange(len(images)) % classes).backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    return f"no gradient reaches {without[0]}; have forward use it, or leave it out" if without else ""


@torch.no_grad()
def _read(network: HookedModule, images: Tensor) -> dict[str, Tensor]:
    """What each layer hands on."""
    points = {layer: reading_point(network, layer) for layer in network.layers}
    cache = run_with_cache(network.eval(), images, names=list(points.values()))[1]
    return {layer: cache[point] for layer, point in points.items()}


def _place(module: str, name: str) -> str:
    return f"{module.replace('.', '/')}.py, {name}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
