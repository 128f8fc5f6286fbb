"""A small vision transformer (Dosovitskiy et al. 2021), as a fork would add one: the study knows nothing of it.

In: images (batch, 1, side, side). Out: logits (batch, class). The stream of tokens is (batch, token, width) inside; at
hook points units stand on axis 1 and tokens behind, as everywhere in the study.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from experiments.hooks import HookedModule, HookPoint


class VisionTransformer(HookedModule):
    """Patches, blocks of attention and an MLP, and a readout of the mean token. A block's units are its MLP's."""

    def __init__(self, *, patch=7, width=16, heads=2, hidden=12, blocks=2, classes: int = 10, side: int = 28) -> None:
        super().__init__()
        if side % patch:
            raise ValueError(f"images of side {side} are not made of patches of side {patch}; use a divisor")
        names = [f"block{number}" for number in range(1, blocks + 1)]
        self.layers = ("patches", *names, "logits")
        inner = [f"{name}.{point}" for name in names[:-1] for point in ("attended", "pre", "post", "out")]
        last = [f"{names[-1]}.{point}" for point in ("attended", "pre", "out", "post")]  # kept where it is named last
        self.hook_points = ("input", "patches.post", *inner, *last, "logits")
        self.parts = {"patches": ("patches",), "logits": ("layernorm", "linear")}
        self.parts |= dict.fromkeys(names, ("attention", "layernorm", "linear", "relu", "linear"))
        self.input = HookPoint()
        self.patches = Patches(patch, width, tokens=(side // patch) ** 2)
        for name in names:
            self.add_module(name, Block(width, heads, hidden))
        self.logits = Readout(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        stream = self.input(images)
        for layer in self.layers:
            stream = self.get_submodule(layer)(stream)
        return stream


class Patches(nn.Conv2d):
    """One token for each patch, with its place added."""

    def __init__(self, patch: int, width: int, *, tokens: int) -> None:
        super().__init__(1, width, patch, stride=patch)
        self.places = nn.Parameter(0.02 * torch.randn(width, tokens))
        self.post = HookPoint()

    def forward(self, images: Tensor) -> Tensor:
        return self.post(super().forward(images).flatten(2) + self.places).transpose(1, 2)


class Block(nn.Module):
    """Attention, then an MLP with a ReLU, each behind a LayerNorm and added to the stream."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read, self.write = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.attended, self.pre, self.post, self.out = HookPoint(), HookPoint(), HookPoint(), HookPoint()

    def forward(self, stream: Tensor) -> Tensor:
        queries, keys, values = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (batch, head, token, width of the head)
            for part in self.read(self.before_attention(stream)).chunk(3, dim=2)
        )
        weights = (queries @ keys.transpose(2, 3) / queries.shape[3] ** 0.5).softmax(3)
        heads = (weights @ values).transpose(1, 2).flatten(2)
        stream = stream + self.attended(self.write(heads).transpose(1, 2)).transpose(1, 2)
        units = self.post(self.pre(self.up(self.before_mlp(stream)).transpose(1, 2)).relu()).transpose(1, 2)
        return self.out((stream + self.down(units)).transpose(1, 2)).transpose(1, 2)


class Readout(nn.Linear):
    """The mean token, behind a LayerNorm, read by a weighted sum."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__(width, classes)
        self.norm = nn.LayerNorm(width)

    def forward(self, stream: Tensor) -> Tensor:
        return super().forward(self.norm(stream).mean(1))
