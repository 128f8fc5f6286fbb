#!/usr/bin/env python3
"""How much the batched interventions save: the loop of the notebooks against one pass per layer.

The loop runs the network once per image, unit and scale; it is timed on a sample and extrapolated. The batched
curve is timed in full, on the same network in the same process. Both are measured in CPU time on one thread.
Exits with 1 if the saving is less than fifty-fold, or if the two disagree about the sample.

    python benchmarks/interventions.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.hooks import run_with_hooks
from experiments.measures.scaling import SCALES, scale_units
from experiments.models.mlp import MLP

IMAGES = 10_000
SAMPLE = 200  # images of the loop that are run; the rest is extrapolated
LAYER, UNITS, UNIT = "hidden2", 16, 3
LEAST = 50


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, images, labels = MLP().eval(), torch.rand(IMAGES, 1, 28, 28), torch.randint(10, (IMAGES,))
    scale_units(model, images[:500], labels[:500], layer=LAYER, units=range(UNITS))  # what is done once only

    begin = time.process_time()
    scale_units(model, images, labels, layer=LAYER, units=range(UNITS))
    batched = time.process_time() - begin

    begin = time.process_time()
    looped = loop(model, images[:SAMPLE])
    seconds = (time.process_time() - begin) * (IMAGES / SAMPLE) * UNITS

    found = scale_units(model, images[:SAMPLE], labels[:SAMPLE], layer=LAYER, units=[UNIT]).confusion[0]
    agree = all(
        (torch.bincount(read, minlength=10).numpy() == counts.sum(axis=0)).all()
        for read, counts in zip(looped, found, strict=True)
    )
    print(f"one image at a time: {seconds:8.1f} s of CPU time, extrapolated from {SAMPLE} images of one unit")
    print(f"batched:             {batched:8.2f} s, {IMAGES} images, {UNITS} units, {len(SCALES)} scales")
    print(f"{seconds / batched:.0f} times; the answers {'agree' if agree else 'differ'}")
    return 0 if agree and seconds / batched >= LEAST else 1


@torch.no_grad()
def loop(model: MLP, images: Tensor) -> list[Tensor]:
    """What is read at each scale of one unit, by a forward pass per image and scale: (image,) for each scale."""
    return [torch.cat([answer(model, image[None], scale) for image in images]) for scale in SCALES]


def answer(model: MLP, image: Tensor, scale: float) -> Tensor:
    def edit(activation: Tensor, _hook: object) -> Tensor:
        activation = activation.clone()
        activation[:, UNIT] *= scale
        return activation

    return run_with_hooks(model, image, forward_hooks=[(f"{LAYER}.post", edit)]).argmax(1)


if __name__ == "__main__":
    sys.exit(main())
