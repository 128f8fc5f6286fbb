"""How much processor time a recorded run takes, beside the training loop that notebooks usually have.

    python benchmarks/training.py [--data DIR] [--architecture mlp|cnn] [--epochs 20] [--runs 10]

Both train the same network on the same images, one after the other, on one thread. The usual loop is timed for
one epoch and its time multiplied; ours is timed whole, with everything it records, for as many runs as the study's
build trains side by side, and its time divided by their number. Memory is kept as a build's workers keep it.
Without --data the images are noise, which takes as long as MNIST does.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.usual import usual
from experiments import data, models
from experiments.engine.runner import KEEP_MEMORY
from experiments.spec import Architecture
from experiments.study import PUBLISHED, RAW
from experiments.train import train_each


def main() -> None:
    options = arguments()
    if any(name not in os.environ for name in KEEP_MEMORY):  # read by the C library as a process begins
        os.environ.update(dict.fromkeys(KEEP_MEMORY, str(10**9)))
        os.execv(sys.executable, [sys.executable, *sys.argv])
    torch.set_num_threads(1)
    architecture = next(each for each in PUBLISHED.architectures if each.name == options.architecture)
    products = data.load(dataset="mnist", folder=options.data, cache="") if options.data else noise()
    sets = {"train_set": products["train.npz"], "test_set": products["test.npz"]}
    sets["probe_set"] = data.probe(test=products["test.npz"], per_class=PUBLISHED.probe_per_class, seed=0)["probe.npz"]

    recorded(sets, architecture, epochs=0, runs=1)  # what is done once in a process is in neither time
    usual = options.epochs * seconds(lambda: usual_epoch(products["train.npz"], architecture))
    ours = seconds(lambda: recorded(sets, architecture, epochs=options.epochs, runs=options.runs)) / options.runs
    print(f"{architecture.title}, {options.epochs} epochs of {len(products['train.npz']['labels'])} images, one thread")
    print(f"the usual loop   {usual:8.1f} s of processor time (one epoch, times {options.epochs})")
    print(f"ours, recorded   {ours:8.1f} s of processor time, of {options.runs} side by side")
    print(f"ratio            {usual / ours:8.1f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="", help="a folder with four IDX files; noise if left out")
    parser.add_argument("--architecture", default="mlp", choices=[each.name for each in PUBLISHED.architectures])
    parser.add_argument("--epochs", type=int, default=PUBLISHED.epochs)
    parser.add_argument("--runs", type=int, default=10, help="how many of ours are trained side by side")
    return parser.parse_args()


def seconds(work: Callable[[], None]) -> float:
    """Processor time of all threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


def recorded(sets: dict[str, dict[str, np.ndarray]], architecture: Architecture, *, epochs: int, runs: int) -> None:
    train_each(
        **sets,
        architecture={"build": architecture.build, "options": dict(architecture.options)},
        treatment={"mean": RAW.mean, "std": RAW.std},
        seed=range(runs),
        epochs=epochs,
        recipe=PUBLISHED.recipe.told,
        early=min(PUBLISHED.early, epochs),
    )


def usual_epoch(images: dict[str, np.ndarray], architecture: Architecture) -> None:
    """One epoch as notebooks write it: torchvision's data set, a loader, loss and accuracy read at every step."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    model = usual(models.build(architecture.build, options=architecture.options))
    optimizer = torch.optim.SGD(model.parameters(), lr=PUBLISHED.recipe.learning_rate)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "MNIST" / "raw", images)
        loader = DataLoader(MNIST(folder, transform=ToTensor()), batch_size=PUBLISHED.recipe.batch_size, shuffle=True)
        loss_sum, right = 0.0, 0
        for batch, labels in loader:
            optimizer.zero_grad()
            logits = model(batch)
            loss = cross_entropy(logits, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(labels)
            right += (logits.argmax(1) == labels).sum().item()


def write(folder: Path, images: dict[str, np.ndarray]) -> None:
    """The training set as IDX files; empty test files stand beside them, for torchvision looks for all four."""
    folder.mkdir(parents=True)
    for part, name in data.FILES.items():
        array = images[part.partition("-")[2]] if part.startswith("train") else np.zeros(0, np.uint8)
        header = (0x0800 | array.ndim).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in array.shape)
        (folder / name).write_bytes(header + array.tobytes())


def noise() -> dict[str, dict[str, np.ndarray]]:
    draw = np.random.default_rng(0)
    return {
        name: {
            "images": draw.integers(0, 256, (count, 28, 28), np.uint8),
            "labels": np.arange(count, dtype=np.uint8) % 10,
        }
        for name, count in (("train.npz", 60_000), ("test.npz", 10_000))
    }


if __name__ == "__main__":
    main()
