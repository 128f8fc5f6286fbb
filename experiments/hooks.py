"""Reading and editing what happens inside a network, at named places: the hook points.

In: any nn.Module, its inputs, and names. Out: logits and an ActivationCache, name -> activation.

A hook point's name is the path of a module ("hidden1.post", "conv1.pooled", "logits"), and what is read or
edited there is that module's output. The networks of this study place a `HookPoint`, a module that does
nothing, wherever a reader may want to look; in any other network every module can be named.

    logits, cache = run_with_cache(model, images)
    cache["hidden1.post"]                                            # (batch, 32)

    def silence(activation, hook):                                   # what if unit 7 said nothing?
        activation = activation.clone()
        activation[:, 7] = 0
        return activation

    logits = run_with_hooks(model, images, forward_hooks=[("hidden2.post", silence)])

Hooks live only as long as the call or the `with` block, also when it ends in an exception, and act only in the
thread that put them in place; one that nothing reaches is an error. The vocabulary is that of TransformerLens
(https://github.com/TransformerLensOrg/TransformerLens).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from experiments.activation_cache import ActivationCache, HookPointNotReached, UnknownHookPoint

Names = str | Sequence[str] | Callable[[str], bool] | None
Act = Callable[[object], Tensor | None]  # what a module gives -> what replaces it; None leaves it


def run_with_cache(
    model: nn.Module,
    inputs: Tensor,
    *,
    names: Names = None,
    gradients_of: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, ActivationCache]:
    """Runs the model once and keeps what it computes: (logits, cache).

    names: the hook points to keep: a list of names, or a function of a name that says yes or no; by default
        all of them (`model.hook_points` where the model has that, else every module that gives a tensor). If a
        module runs more than once, its runs are called "relu", "relu#2", "relu#3"; in a list, where "relu" could
        be taken for all of them, the first is "relu#1".
    gradients_of: a function of the logits that gives one number, e.g. `lambda logits: logits[:, 3].sum()`.
        `cache.gradients[name]` is then its gradient with respect to the activation at that name, of the same
        shape. (A sum over images keeps the images apart: row i is the gradient of image i's own term.)

    Activations are copies, outside autograd: editing them changes nothing in the model. Where other hooks
    replace an activation, the cache has what replaced it, for that is what the network saw. The model's mode
    (train or eval) is left alone. Raises UnknownHookPoint for a name the model lacks, HookPointNotReached for one
    that the forward pass does not get to, ValueError for one in a list that it gets to more than once.
    """
    chosen = _select(model, names)
    listed = names is not None and not callable(names)
    surely = listed or bool(getattr(model, "hook_points", None))  # else a module need not run, nor give a tensor
    points = {path: Hook(path, _module(model, path)) for path in (_path(model, name) for name in chosen)}
    kept: dict[str, Tensor] = {}
    with torch.set_grad_enabled(gradients_of is not None):
        with _placed([(hook, _keep(kept, hook, tensors_only=surely)) for hook in points.values()]):
            logits = model(inputs)
        kept = _chosen(kept, chosen, listed=listed, surely=surely)
        gradients = {} if gradients_of is None else _gradients(gradients_of(logits), kept)
    activations = {name: tensor.detach() for name, tensor in kept.items()}
    return logits.detach(), ActivationCache(activations, gradients=gradients)


def run_with_hooks(
    model: nn.Module,
    inputs: Tensor,
    *,
    forward_hooks: Iterable[tuple[str, ForwardHook]] = (),
    backward_hooks: Iterable[tuple[str, BackwardHook]] = (),
) -> Tensor:
    """Runs the model once with hooks in place and returns its logits. See `hooks` for what hooks may do."""
    with hooks(model, forward_hooks=forward_hooks, backward_hooks=backward_hooks):
        return model(inputs)


@contextmanager
def hooks(
    model: nn.Module,
    *,
    forward_hooks: Iterable[tuple[str, ForwardHook]] = (),
    backward_hooks: Iterable[tuple[str, BackwardHook]] = (),
) -> Iterator[nn.Module]:
    """Puts hooks in place for the length of a `with` block; blocks may be nested, outer hooks act first.

    forward_hooks: pairs (name, function). `function(activation, hook)` is called when the model gets there;
        `hook.name` says where. A tensor it returns, of the same shape, replaces the activation; None leaves it.
    backward_hooks: pairs (name, function). `function(gradient, hook)` is called when a backward pass gets there,
        even after the block, for passes through what was computed within it; a tensor replaces the gradient.

    Raises UnknownHookPoint for a name the model lacks, TypeError or ValueError for a replacement that does not fit,
    and, when the block ends, HookPointNotReached for a hook that no forward pass within it and in its thread got to.
    """
    acts: list[tuple[Hook, Act]] = []
    for make, pairs in ((_forward, forward_hooks), (_backward, backward_hooks)):
        for name, function in pairs:
            hook = Hook(name, _module(model, name))
            acts.append((hook, make(function, hook)))
    with _placed(acts) as reached:
        yield model
    for hook, _ in acts:
        if hook.name not in reached:
            raise HookPointNotReached(hook.name)


class HookedModule(nn.Module):
    """A network that says what can be read in it, in forward order.

    `hook_points` are the names of modules; `layers` are the layers with weights, the last of them the logits, and a
    layer's hook points begin with its name: hidden1.pre, hidden1.post. Its units are read at its `post`, where it has
    one: axis 1 of what is read there is the unit, what follows are positions (of a map, or in a sequence). The last
    hidden layer's `post` is the last of its names, whatever runs behind it, for that is where it is kept.

    `parts` says what each layer does, in words and in order: {"conv1": ("conv", "relu", "pool")}. "relu" promises that
    the layer is read behind a ReLU, so that its units can be silent. Of "linear", "conv", "relu", "pool" and "dropout"
    it is known how they are computed; other words are for people.
    """

    hook_points: tuple[str, ...]
    layers: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class HookPoint(nn.Identity):
    """Does nothing; stands where a reader may look. Its name is its path in the model."""


@dataclass(frozen=True)
class Hook:
    """Where a hook function is called: the hook point's name and its module."""

    name: str
    module: nn.Module


ForwardHook = Callable[[Tensor, Hook], Tensor | None]
BackwardHook = Callable[[Tensor, Hook], Tensor | None]


def _select(model: nn.Module, names: Names) -> list[str]:
    known = getattr(model, "hook_points", None) or [name for name, _ in model.named_modules() if name]
    if names is None:
        return list(known)
    if callable(names):
        return [name for name in known if names(name)]
    return [names] if isinstance(names, str) else list(names)


def _path(model: nn.Module, name: str) -> str:
    """The module whose run a name means: "relu" of "relu#2"."""
    return name if name in dict(model.named_modules()) else re.sub(r"#[1-9][0-9]*$", "", name)


def _module(model: nn.Module, name: str) -> nn.Module:
    _check_uncompiled(model, name)
    modules = dict(model.named_modules())
    if name not in modules:
        raise UnknownHookPoint(name, getattr(model, "hook_points", None) or [known for known in modules if known])
    return modules[name]


def _check_uncompiled(model: nn.Module, name: str) -> None:
    """Raises HookPointNotReached where a module on the way is compiled: what it runs is no longer its Python code."""
    modules = dict(model.named_modules())
    parts = name.split(".")
    for path in ("", *(".".join(parts[:depth]) for depth in range(1, len(parts) + 1))):
        module, place = modules.get(path), f"model.{path}".rstrip(".")
        if "_orig_mod" in getattr(module, "_modules", {}) and path != name:
            remedy = f"put hooks at the module that was compiled, {place}._orig_mod, and run that"
            raise HookPointNotReached(name, f"{place} is compiled (torch.compile), which leaves hooks out; {remedy}")
        if getattr(module, "_compiled_call_impl", None) is not None:
            remedy = "put hooks at a copy, copy.deepcopy(model), which is not compiled, and run that"
            raise HookPointNotReached(name, f"{place} is compiled in place, which leaves hooks out; {remedy}")


@contextmanager
def _placed(acts: Sequence[tuple[Hook, Act]]) -> Iterator[set[str]]:
    """Has modules call functions, within the block and in this thread alone; yields the names that were reached."""
    thread, reached = threading.get_ident(), set[str]()

    def here(hook: Hook, act: Act) -> Callable[[nn.Module, object, object], Tensor | None]:
        def call(_module: nn.Module, _arguments: object, output: object) -> Tensor | None:
            if threading.get_ident() != thread:
                return None
            reached.add(hook.name)
            return act(output)

        return call

    handles = []
    try:
        for hook, act in acts:
            with _REGISTERING:
                handles.append(hook.module.register_forward_hook(here(hook, act)))
        yield reached
    finally:
        for handle in handles:
            handle.remove()


_REGISTERING = threading.Lock()  # torch counts its hooks without one


def _keep(kept: dict[str, Tensor], hook: Hook, *, tensors_only: bool) -> Act:
    """Keeps one copy of every run and hands on another, so that nothing done in place later is seen."""

    def keep(output: object) -> Tensor | None:
        if not (tensors_only or isinstance(output, Tensor)):
            return None
        name, run = hook.name, 1
        while name in kept:
            run += 1
            name = f"{hook.name}#{run}"
        kept[name] = _tensor(output, hook).clone()
        if not torch.is_grad_enabled():
            return None
        kept[name] = _tracked(kept[name])
        return kept[name].clone()

    return keep


def _chosen(kept: Mapping[str, Tensor], chosen: Sequence[str], *, listed: bool, surely: bool) -> dict[str, Tensor]:
    """What was asked for, by the names it was asked for, in forward order."""
    for name in chosen:
        if listed and f"{name}#2" in kept:
            raise ValueError(f"{name} runs more than once in a forward pass; name one run: {name}#1, {name}#2, ...")
        if name.removesuffix("#1") not in kept and (surely or not kept):
            raise HookPointNotReached(name)
    names = {name.removesuffix("#1"): name for name in chosen} if listed else {name: name for name in kept}
    return {names[name]: tensor for name, tensor in kept.items() if name in names}


def _gradients(number: Tensor, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    gradients = torch.autograd.grad(number, list(kept.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(kept, gradients, strict=True))


def _forward(function: ForwardHook, hook: Hook) -> Act:
    def act(output: object) -> Tensor | None:
        activation = _tensor(output, hook)
        return _fitting(function(activation, hook), activation, hook)

    return act


def _backward(function: BackwardHook, hook: Hook) -> Act:
    """Waits for the gradient at the activation itself: that hook lives, and ends, with the backward pass's graph."""

    def wait(output: object) -> Tensor:
        activation = _tracked(_tensor(output, hook)).clone()
        activation.register_hook(lambda gradient: _fitting(function(gradient, hook), gradient, hook))
        return activation

    return wait


def _tracked(activation: Tensor) -> Tensor:
    """The activation as a tensor that gradients reach, also where nothing before it has any (the input)."""
    return activation if activation.requires_grad else activation.detach().requires_grad_()


def _tensor(output: object, hook: Hook) -> Tensor:
    if not isinstance(output, Tensor):
        raise TypeError(f"{hook.name} gives a {type(output).__name__}, not a tensor; name a module inside it")
    return output


def _fitting(replacement: object, replaced: Tensor, hook: Hook) -> Tensor | None:
    if replacement is None:
        return None
    if not isinstance(replacement, Tensor):
        raise TypeError(f"the hook at {hook.name} returned a {type(replacement).__name__}; return a tensor or None")
    if replacement.shape != replaced.shape:
        shapes = f"{tuple(replacement.shape)} for {tuple(replaced.shape)}"
        raise ValueError(f"the hook at {hook.name} returned {shapes}; a replacement keeps the shape")
    return replacement
