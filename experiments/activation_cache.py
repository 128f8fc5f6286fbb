"""What was read inside a network, by hook point, and the errors of a name that cannot be read.

In: a tensor per name, from `experiments.hooks.run_with_cache`. Out: a read-only mapping that answers a wrong name
with the names that come near.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from torch import Tensor


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


class HookPointNotReached(RuntimeError):
    """A hook has no effect; the message says where, and what may be the cause."""

    def __init__(self, name: str, cause: str = "") -> None:
        cause = cause or (
            "no forward pass called this module; look whether `forward` calls it, whether the model ran here and in "
            "this thread, and whether what ran was compiled beforehand (torch.compile), which leaves hooks out"
        )
        super().__init__(f"hook point {name!r} was not reached: {cause}")
