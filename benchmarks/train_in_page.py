#!/usr/bin/env python3
"""How fast two networks learn in the page, beside PyTorch, and how long the page's frames take while they do.

In: the built site (--site DIR), its images and Chromium. Out: images a second that both networks learn, on the page at
its fastest and with nothing else to do, and the ratio of the latter's time to PyTorch's for the same steps on one
thread, by turns in one run; the milliseconds of the processor that the script of a frame takes. Exit code 1 where the
page learns fewer than FEWEST images a second, or a frame's script takes longer than a frame.

    python benchmarks/train_in_page.py --site site
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import Browser, Page, sync_playwright
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import seconds
from experiments import models, published
from experiments.descent import Steps
from experiments.treatment import treat

FEWEST = 1500  # images a second, each learnt by both networks
FRAME = 1000 / 60  # milliseconds
STEPS, BATCH, PAIRS = 62, 64, 7
SIDES = ({"mean": 0.0, "std": 1.0}, {"mean": 0.1307, "std": 0.3081})
RATE = 0.01
ARCHITECTURE = ("experiments.models.mlp:MLP", {"hidden": [32, 16]})
LONG = 6  # seconds that the page is watched
LEARN = """async (steps) => {
  const told = JSON.parse(document.querySelector("[data-train]").dataset.told);
  const [kind, { left, right }] = [told.networks[0], told.presets[0]];
  const treatment = (wanted) => told.treatments.find(({ name }) => name === wanted);
  const sides = [left, right].map(([name, rate]) => ({ treatment: treatment(name), rate }));
  const lesson = await InsideMNIST.train.images();
  const pair = new InsideMNIST.train.Pair(lesson, kind, InsideMNIST.data[`train-${kind.name}`], sides);
  const work = (function* () { while (pair.steps < steps) yield* pair._step(); })();
  const begun = performance.now();
  for (const _ of work);
  return (performance.now() - begun) / 1000;
}"""


def main() -> int:
    """Measures, prints the figures, and returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", required=True, help="the folder of the built site")
    address = (Path(parser.parse_args().site).resolve() / "train.html").as_uri()
    torch.set_num_threads(1)
    with sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.locator("[data-train][data-ready]").wait_for()
        learnt, frames = watched(browser, page)
        reference = pytorch()
        pairs = [(page.evaluate(LEARN, STEPS), seconds(reference)) for _ in range(PAIRS + 1)][1:]
        browser.close()
    ours, theirs = (STEPS * BATCH / statistics.median(times) for times in zip(*pairs, strict=True))
    middle, high, most = np.quantile(frames, [0.5, 0.99, 1])
    print(f"images a second, each learnt by both networks; {STEPS} steps of {BATCH} images, medians of {PAIRS} turns")
    print(f"  in the page, nothing else to do  {ours:8,.0f}")
    print(f"  PyTorch, one thread              {theirs:8,.0f}")
    print(f"  time in the page / PyTorch       {statistics.median(a / b for a, b in pairs):8.2f}")
    print(f"the page at its fastest, {LONG} s, with all that it draws and the test images that it reads")
    print(f"  images a second                  {learnt:8,.0f}")
    print(f"  script in a frame                {middle:8.1f} ms in the middle, {high:.1f} in 99 %, {most:.1f} at most")
    return 0 if learnt >= FEWEST and most <= FRAME else 1


def watched(browser: Browser, page: Page) -> tuple[float, list[float]]:
    """(images a second, milliseconds of the processor in each frame's script) of the page at its fastest."""
    page.locator("[data-speed]").select_option("fast")
    page.locator("[data-start]").click()
    page.wait_for_timeout(1000)  # until the scripts are compiled
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    begun, before = time.perf_counter(), images(page)
    after, spent = before, 0.0
    while spent < LONG and page.locator("[data-start]").text_content() == "Pause":
        page.wait_for_timeout(250)
        after, spent = images(page), time.perf_counter() - begun
    events = json.loads(browser.stop_tracing())["traceEvents"]
    frames = [each["tdur"] / 1000 for each in events if each["name"] == "FireAnimationFrame" and "tdur" in each]
    return (after - before) / spent, frames


def images(page: Page) -> int:
    """How many images each network has learnt, as the table tells."""
    return int(page.locator("[data-numbers] tbody tr:last-child th").text_content().replace(",", ""))


def pytorch() -> Callable[[], None]:
    """An action that takes the same steps of the same two networks."""
    lesson = published.product("lesson", "lesson.npz")
    labels = torch.tensor(lesson["train/labels"]).long()
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(labels)))
    fed = [treat(lesson["train/images"], **side) for side in SIDES]

    def learn() -> None:
        for inputs in fed:
            model = models.build(ARCHITECTURE[0], options=ARCHITECTURE[1])
            steps = Steps(model, optimizer="sgd", learning_rate=RATE)
            for batch in order.split(BATCH)[:STEPS]:
                loss = cross_entropy(model(inputs[batch]), labels[batch])
                for parameter in steps.parameters:
                    parameter.grad = None
                loss.backward()
                steps.step()

    return learn


if __name__ == "__main__":
    sys.exit(main())
