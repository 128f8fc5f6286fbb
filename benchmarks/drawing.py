#!/usr/bin/env python3
"""How well digits are read that are drawn small: real test digits, redrawn stroke by stroke at many heights.

In: MNIST's test images (--data DIR), the published networks, templates/assets/lab/raster.js, and Chromium. Out: the
share that each network reads right at every height, beside the share of the images themselves; and the mean
brightness of both. Exit code 1 where one is below 90 %. A digit becomes strokes by thinning its image to a line,
which is traced.

    python benchmarks/drawing.py --data DIR
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from experiments import data, published  # noqa: E402

CONDITIONS = ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
HEIGHTS = (240, 200, 150, 120, 90, 60, 50, 40, 35, 30)  # units of the board, which has 256, without the pen's width
DIGITS = 400
BOUND = 90.0  # %
FINER = 4  # an image is thinned at so many times its size
NEAREST = 2  # units between two points of a stroke, as on the board
DRAW = "drawings => drawings.map(strokes => [...InsideMNIST.raster.toImage(strokes, 28)])"

Points = np.ndarray  # (point, 2): x, y


def main() -> int:
    """Measures, prints the table, and returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="the folder with MNIST's IDX files")
    torch.set_num_threads(1)
    test = data.load(dataset="mnist", folder=parser.parse_args().data, cache="")["test.npz"]
    chosen = np.random.default_rng(0).permutation(len(test["labels"]))[:DIGITS]
    images, labels = test["images"][chosen], test["labels"][chosen]
    print(
        f"{DIGITS} test digits, read right in %\n{'':>14}" + "".join(f"{name:>16}" for name in CONDITIONS) + "   light"
    )
    show("as they are", images, labels)
    strokes = [traced(image) for image in images]
    worst = 100.0
    with sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(content=(ROOT / "templates" / "assets" / "lab" / "raster.js").read_text())
        for height in HEIGHTS:
            drawn = page.evaluate(DRAW, [placed(each, height) for each in strokes])
            worst = min(worst, show(f"height {height}", np.array(drawn, np.uint8).reshape(-1, 28, 28), labels))
        browser.close()
    return 0 if worst >= BOUND else 1


def show(what: str, images: np.ndarray, labels: np.ndarray) -> float:
    """Prints how many of the images each network reads right; the smallest share."""
    shares = []
    for condition in CONDITIONS:
        network = published.network(condition)
        with torch.no_grad():
            answers = network.model(network.treat(images)).argmax(dim=1).numpy()
        shares.append(100 * float((answers == labels).mean()))
    print(f"{what:>14}" + "".join(f"{share:16.1f}" for share in shares) + f"{images.mean():8.1f}", flush=True)
    return min(shares)


def placed(strokes: list[Points], height: int) -> list[list[dict[str, int]]]:
    """Strokes in the middle of the board, their longer side `height` units, as the board would take them."""
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    scale = height / max(size.max(), 1)
    found = []
    for stroke in strokes:
        at = np.rint((stroke - low) * scale + (255 - size * scale) / 2).astype(int)
        kept = [at[0]]
        kept += [each for each in at[1:] if np.hypot(*(each - kept[-1])) >= NEAREST]
        found.append([{"x": int(x), "y": int(y)} for x, y in kept])
    return found


def traced(image: np.ndarray) -> list[Points]:
    """The strokes of an image (28, 28), smoothed, in pixels of the enlarged image."""
    found = []
    for path in paths(thinned(enlarged(image.astype(float)) >= 128)):
        points = np.array(path, dtype=float)[:, ::-1]
        for _ in range(3 if len(points) > 4 else 0):
            points[1:-1] = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
        found.append(points)
    return found


def enlarged(image: np.ndarray) -> np.ndarray:
    """The image, FINER times as large along each side, bilinear."""
    side = len(image)
    places = (np.arange(side * FINER) + 0.5) / FINER - 0.5
    low = np.clip(np.floor(places).astype(int), 0, side - 1)
    high, share = np.clip(low + 1, 0, side - 1), np.clip(places - low, 0, 1)
    rows = image[low] * (1 - share)[:, None] + image[high] * share[:, None]
    return rows[:, low] * (1 - share) + rows[:, high] * share


def thinned(ink: np.ndarray) -> np.ndarray:
    """Ink worn down from its edges to lines one pixel wide (Zhang and Suen 1984)."""
    ink = np.pad(ink, 1)
    around = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))  # from the north, clockwise
    while True:
        before = ink.copy()
        for kept in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            beside = np.stack([np.roll(ink, step, (0, 1)) for step in around])
            many = beside.sum(axis=0)
            begins = (~beside & np.roll(beside, -1, axis=0)).sum(axis=0)
            spared = np.any([beside[list(three)].all(axis=0) for three in kept], axis=0)
            ink = ink & ~((many >= 2) & (many <= 6) & (begins == 1) & ~spared)
        if (ink == before).all():
            return ink[1:-1, 1:-1]


def paths(line: np.ndarray) -> Iterator[list[tuple[int, int]]]:
    """The pixels of a thin line as paths from one end or crossing to the next; then what is left, the closed loops."""
    pixels = {(int(y), int(x)) for y, x in np.argwhere(line)}
    beside = {pixel: _beside(pixel, pixels) for pixel in sorted(pixels)}
    used: set[frozenset[tuple[int, int]]] = set()
    yield from ([pixel] for pixel, near in beside.items() if not near)
    for first in sorted(beside, key=lambda pixel: len(beside[pixel]) == 2):
        for second in beside[first]:
            if frozenset((first, second)) in used:
                continue
            path = [first, second]
            used.add(frozenset(path))
            while len(beside[path[-1]]) == 2:
                ahead = [each for each in beside[path[-1]] if frozenset((path[-1], each)) not in used]
                if not ahead:
                    break
                used.add(frozenset((path[-1], ahead[0])))
                path.append(ahead[0])
            yield path


def _beside(pixel: tuple[int, int], pixels: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """The neighbours of a pixel: along an edge, or over a corner where no pixel along an edge joins the two."""
    y, x = pixel
    straight = [(y + dy, x + dx) for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))]
    corners = [(y + dy, x + dx) for dy, dx in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    joined = {each for each in corners if (each[0], x) in pixels or (y, each[1]) in pixels}
    return [each for each in (*straight, *corners) if each in pixels and each not in joined]


if __name__ == "__main__":
    sys.exit(main())
