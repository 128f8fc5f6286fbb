#!/usr/bin/env python3
"""How long an image takes, forward and back, in the study's networks in training, beside the usual modules of PyTorch.

In: the architectures of the published study, and noise. Out: milliseconds of processor time for a batch, of both, by
turns in one run on one thread, and their ratio; and how many multiplications and additions a second that makes, beside
a product of large matrices.

    python benchmarks/steps.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import seconds, side_by_side
from benchmarks.usual import PARTS, usual
from experiments import models
from experiments.study import PUBLISHED

BATCH = PUBLISHED.recipe.batch_size
BATCHES = 10
PAIRS = 15
SQUARE = 1024  # rows and columns of the large matrices


def main() -> None:
    """Measures, and prints a line for each architecture that the usual modules can make."""
    torch.set_num_threads(1)
    print(f"a batch of {BATCH} images forward and back on one thread, medians of {PAIRS} turns")
    print(f"{'':24}  usual, ms   ours, ms   ours / usual   10^9 multiply-adds a second")
    for architecture in PUBLISHED.architectures:
        network = models.build(architecture.build, options=architecture.options)
        if any(part not in PARTS for layer in network.layers for part in network.parts[layer][1:]):
            continue
        plain = usual(network)
        pairs = side_by_side(batches(plain), batches(network), pairs=PAIRS, clock=time.process_time)
        usual_ms, ours = (1000 * statistics.median(times) / BATCHES for times in (pairs.first, pairs.second))
        rate = multiply_adds(plain) / ours / 1e6
        print(f"{architecture.title:24}  {usual_ms:9.2f}  {ours:9.2f}   {1 / pairs.ratio:12.2f}   {rate:10.1f}")
    print(f"{f'matrices of {SQUARE} rows':24}  {peak():63.1f}")


def batches(network: nn.Module) -> Callable[[], None]:
    """The gradients of several batches, as an action; the images are other ones for each."""
    images = torch.rand(BATCHES * BATCH, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(BATCH) % 10
    network.train()

    def run() -> None:
        for batch in images.split(BATCH):
            network.zero_grad()
            cross_entropy(network(batch), labels).backward()

    return run


def multiply_adds(network: nn.Sequential) -> int:
    """How many a batch needs, forward and back: once for what a layer gives, for its weights' gradient and, behind the
    first layer, for the gradient of what it is fed."""
    total, activations = 0, torch.zeros(BATCH, 1, 28, 28)
    layers = [module for module in network if isinstance(module, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        for module in network:
            activations = module(activations)
            if module in layers:
                total += (2 if module is layers[0] else 3) * products(module, activations)
    return total


def products(layer: nn.Module, given: Tensor) -> int:
    """How many multiplications make what a layer gives: for each number, those with one unit's weights."""
    weight = layer.get_parameter("weight")
    return given.numel() * weight[0].numel()


def peak() -> float:
    """What a product of two large matrices reaches, in 10^9 multiply-adds a second."""
    left, right = torch.rand(2, SQUARE, SQUARE)
    times = [seconds(lambda: left @ right, clock=time.process_time) for _ in range(PAIRS)]
    return SQUARE**3 / statistics.median(times) / 1e9


if __name__ == "__main__":
    main()
