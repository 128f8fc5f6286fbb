#!/usr/bin/env python3
"""How long the four networks take to read one image in a browser, beside PyTorch.

In: the published networks and example images, templates/assets/shared/forward.js, and Chromium. Out: milliseconds of
both, by turns in one run, and their ratio. Exit code 1 where the page's forward pass of all four takes 5 ms or more.

    python benchmarks/forward.py
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments import published
from report.play.networks import networks

ROOT = Path(__file__).resolve().parents[1]
CONDITIONS = ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
PAIRS = 30
BOUND = 5.0  # milliseconds
LOAD = """(rows) => {
  window.images = rows.map((row) => Float32Array.from(row, (level) => level / 255));
  const begin = performance.now();
  InsideMNIST.networks();
  return performance.now() - begin;
}"""
READ = """() => {
  const networks = [...InsideMNIST.networks().values()];
  const begin = performance.now();
  for (const image of images) networks.forEach((network) => InsideMNIST.forward(network, image));
  return (performance.now() - begin) / images.length;
}"""


def main() -> int:
    """Measures, prints the table, and returns the exit code."""
    torch.set_num_threads(1)
    with sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        decoding, pairs = measure(browser.new_page())
        browser.close()
    page, python = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"one image through four networks, medians of {PAIRS} turns")
    print(f"  in the page  {page:6.2f} ms   (quickest {min(ours for ours, _ in pairs):.2f} ms)")
    print(f"  PyTorch      {python:6.2f} ms   on one thread")
    print(f"  ratio        {ratio:6.2f}")
    print(f"  weights decoded once, in {decoding:.1f} ms")
    return 0 if page < BOUND else 1


def measure(page: Page) -> tuple[float, list[tuple[float, float]]]:
    """Milliseconds to decode the weights, and to read one image, in the page and in PyTorch, by turns."""
    images = published.examples()[0]
    opened = [published.network(condition) for condition in CONDITIONS]
    files = {name: published.product(f"network/{name}", "network.safetensors") for name in CONDITIONS}
    told = {name: published.product(f"runnable/{name}", "runnable.json") for name in CONDITIONS}
    packed = networks(networks=files, told=told, titles=dict.fromkeys(files, ""), card={"height": 28})
    page.add_script_tag(content=packed["networks.js"])
    for name in ("bytes.js", "forward.js"):
        page.add_script_tag(content=(ROOT / "templates" / "assets" / "shared" / name).read_text())
    decoding = page.evaluate(LOAD, images.reshape(len(images), -1).tolist())

    @torch.no_grad()
    def pytorch() -> float:
        begin = time.perf_counter()
        for image in images:
            for network in opened:
                network.model(network.treat(image[None]))
        return (time.perf_counter() - begin) * 1000 / len(images)

    page.evaluate(READ)  # both once unmeasured
    pytorch()
    return decoding, [(page.evaluate(READ), pytorch()) for _ in range(PAIRS)]


if __name__ == "__main__":
    sys.exit(main())
