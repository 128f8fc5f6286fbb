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

Hooks live only as long as the call or the `with` block, also when it ends in an exception. The vocabulary is
that of TransformerLens (https://github.com/TransformerLensOrg/TransformerLens).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

Names = str | Sequence[str] | Callable[[str], bool] | None


def run_with_cache(
    model: nn.Module,
    inputs: Tensor,
    *,
    names: Names = None,
    gradients_of: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, ActivationCache]:
    """Runs the model once and keeps what it computes: (logits, cache).

    names: the hook points to keep: a list of names, or a function of a name that says yes or no; by default
        all of them (`model.hook_points` where the model has that, else every module).
    gradients_of: a function of the logits that gives one number, e.g. `lambda logits: logits[:, 3].sum()`.
        `cache.gradients[name]` is then its gradient with respect to the activation at that name, of the same
        shape. (A sum over images keeps the images apart: row i is the gradient of image i's own term.)

    Activations are copies, outside autograd: editing them changes nothing in the model. Where other hooks
    replace an activation, the cache has what replaced it, for that is what the network saw. The model's mode
    (train or eval) is left alone. Raises UnknownHookPoint for a name the model lacks.
    """
    kept: dict[str, Tensor] = {}
    with torch.set_grad_enabled(gradients_of is not None):
        with hooks(model, forward_hooks=[(name, _keep(kept)) for name in _select(model, names)]):
            logits = model(inputs)
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

    Raises UnknownHookPoint for a name the model lacks, TypeError or ValueError for a replacement that does not fit.
    """
    handles = []
    try:
        for name, function in forward_hooks:
            hook = Hook(name, _module(model, name))
            handles.append(hook.module.register_forward_hook(_forward(function, hook)))
        for name, function in backward_hooks:
            hook = Hook(name, _module(model, name))
            handles.append(hook.module.register_forward_hook(_backward(function, hook)))
        yield model
    finally:
        for handle in handles:
            handle.remove()


class HookedModule(nn.Module):
    """A network that says what can be read in it, in forward order.

    `hook_points` are the names of modules; `layers` are the layers with weights, and a layer's hook points begin
    with its name: hidden1.pre, hidden1.post.
    """

    hook_points: tuple[str, ...]
    layers: tuple[str, ...]


class HookPoint(nn.Identity):
    """Does nothing; stands where a reader may look. Its name is its path in the model."""


@dataclass(frozen=True)
class Hook:
    """Where a hook function is called: the hook point's name and its module."""

    name: str
    module: nn.Module


ForwardHook = Callable[[Tensor, Hook], Tensor | None]
BackwardHook = Callable[[Tensor, Hook], Tensor | None]


class ActivationCache(Mapping[str, Tensor]):
    """The activations of one forward pass by hook point, in forward order; cannot be changed.

    `cache.gradients` holds the gradients, by the same names, where `run_with_cache` was asked for them.
    """

    def __init__(self, activations: Mapping[str, Tensor], *, gradients: Mapping[str, Tensor] | None = None) -> None:
        self._activations = dict(activations)
        self._gradients = dict(gradients or {})

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._activations:
            raise UnknownHookPoint(name, self._activations)
        return self._activations[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._activations)

    def __len__(self) -> int:
        return len(self._activations)

    def __repr__(self) -> str:
        shapes = (f"  {name}: {tuple(tensor.shape)}" for name, tensor in self.items())
        return "\n".join([f"ActivationCache of {len(self)} hook points", *shapes])

    @property
    def gradients(self) -> ActivationCache:
        """Gradients by hook point; empty where `gradients_of` was not given."""
        return ActivationCache(self._gradients)

    def to_numpy(self) -> dict[str, np.ndarray]:
        """The activations as NumPy arrays, by name."""
        return {name: tensor.cpu().numpy() for name, tensor in self.items()}


class UnknownHookPoint(KeyError):
    """No hook point has this name; the message says which names come near."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"known names: {', '.join(known) or 'none'}"
        super().__init__(f"no hook point is called {name!r}; {hint}")

    def __str__(self) -> str:
        return str(self.args[0])


def _select(model: nn.Module, names: Names) -> list[str]:
    known = getattr(model, "hook_points", None) or [name for name, _ in model.named_modules() if name]
    if names is None:
        return list(known)
    if callable(names):
        return [name for name in known if names(name)]
    return [names] if isinstance(names, str) else list(names)


def _module(model: nn.Module, name: str) -> nn.Module:
    modules = dict(model.named_modules())
    if name not in modules:
        raise UnknownHookPoint(name, getattr(model, "hook_points", None) or [known for known in modules if known])
    return modules[name]


def _keep(kept: dict[str, Tensor]) -> ForwardHook:
    """A hook that keeps one copy and hands on another, so that nothing done in place later is seen."""

    def keep(activation: Tensor, hook: Hook) -> Tensor | None:
        if hook.name in kept:
            raise ValueError(f"{hook.name} runs more than once in a forward pass; name a module that runs once")
        kept[hook.name] = activation.clone()
        if not torch.is_grad_enabled():
            return None
        kept[hook.name] = _tracked(kept[hook.name])
        return kept[hook.name].clone()

    return keep


def _gradients(number: Tensor, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    gradients = torch.autograd.grad(number, list(kept.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(kept, gradients, strict=True))


def _forward(function: ForwardHook, hook: Hook) -> Callable[[nn.Module, object, Tensor], Tensor | None]:
    def act(_module: nn.Module, _arguments: object, output: object) -> Tensor | None:
        activation = _tensor(output, hook)
        return _fitting(function(activation, hook), activation, hook)

    return act


def _backward(function: BackwardHook, hook: Hook) -> Callable[[nn.Module, object, Tensor], Tensor]:
    """Waits for the gradient at the activation itself: that hook lives, and ends, with the backward pass's graph."""

    def wait(_module: nn.Module, _arguments: object, output: object) -> Tensor:
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
