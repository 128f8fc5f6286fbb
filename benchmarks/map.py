#!/usr/bin/env python3
"""How long a frame of the map takes, thousands of points in four panels, beside a circle asked of the canvas for each.

In: a site that build.py built, and Chromium. Out: milliseconds of both for the same places on canvases of the same
size, by turns in one run and in one page, and their ratio. The circles are plain ones, without the rims and rings that
the map draws; both ways are waited for until their pixels are there. Exit code 1 where the map's frame of four panels
takes longer than one of sixty in a second.

    python benchmarks/map.py
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PANELS = 4
PAIRS = 60
BOUND = 1000 / 60  # milliseconds
ADDRESS = "map.html#networks=mlp-raw,mlp-normalized,cnn-raw,cnn-normalized&method=pca"
# What the page drew last in each panel, and what is measured. A turn shows another epoch, as playing does.
TOOLS = """async (count) => {
  const { Painter } = InsideMNIST.map;
  const { draw } = Painter.prototype;
  const drawn = new Map();
  Painter.prototype.draw = function (scene) {
    drawn.set(this, { ...scene });
    draw.call(this, scene);
  };
  window.dispatchEvent(new Event("resize"));
  document.documentElement.dataset.theme = "light";
  while (drawn.size < count) await new Promise(requestAnimationFrame);
  Painter.prototype.draw = draw;

  const names = ["mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized"];
  const layers = ["hidden2", "hidden2", "hidden3", "hidden3"];
  const frames = [];
  for (const [at, name] of names.entries()) frames.push((await InsideMNIST.map.load(name)).frames(layers[at], "pca"));
  const panels = [...drawn].map(([painter, scene], at) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = painter.canvas.width;
    const context = canvas.getContext("2d", { alpha: false });
    return { painter, scene, context, frames: frames[at] };
  });

  const circles = ({ painter, scene, context }) => {
    const { canvas, colours, ratio } = painter;
    context.fillStyle = colours.paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (let image = 0; image < scene.style.length; image += 1) {
      const [x, y] = painter.toPixel(scene.places[2 * image], scene.places[2 * image + 1]);
      context.beginPath();
      context.arc(x * ratio, y * ratio, painter.radius * ratio, 0, 2 * Math.PI);
      context.fillStyle = colours.dots[scene.style[image]];
      context.fill();
    }
  };
  const ways = {
    ours: [({ painter, scene }) => painter.draw(scene), ({ painter }) => painter.context],
    circles: [circles, ({ context }) => context],
  };
  window.measure = (way, turn) => {
    const [paint, on] = ways[way];
    for (const each of panels) each.scene.places = each.frames[turn % each.frames.length];
    const begin = performance.now();
    panels.forEach(paint);
    for (const each of panels) on(each).getImageData(0, 0, 1, 1);
    return performance.now() - begin;
  };
  return panels.map(({ painter, scene }) => [scene.style.length, painter.canvas.width]);
}"""


def main() -> int:
    """Measures, prints the table, and returns the exit code."""
    with sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        panels, pairs = measure(browser.new_page(viewport={"width": 1280, "height": 800}), arguments().site)
        browser.close()
    ours, circles = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / plain for mine, plain in pairs)
    (points, side) = panels[0]
    print(f"a frame of {len(panels)} panels, {points} points and {side} pixels square each; medians of {PAIRS} turns")
    print(f"  the map           {ours:7.2f} ms   (slowest {max(mine for mine, _ in pairs):.2f} ms)")
    print(f"  a circle a point  {circles:7.2f} ms")
    print(f"  ratio             {ratio:7.2f}")
    print(f"  one of 60 frames  {BOUND:7.2f} ms   {'kept' if ours < BOUND else 'missed'}")
    return 0 if ours < BOUND else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=Path("site"), help="where build.py wrote the site (%(default)s)")
    return parser.parse_args()


def measure(page: Page, site: Path) -> tuple[list[list[int]], list[tuple[float, float]]]:
    """Points and side of each panel, and the milliseconds of a frame by the map and by circles, by turns."""
    page.goto(f"{site.resolve().as_uri()}/{ADDRESS}")
    page.locator("[data-map][data-ready]").wait_for()
    panels = page.evaluate(TOOLS, PANELS)
    both = [
        tuple(page.evaluate("turn => [measure('ours', turn), measure('circles', turn)]", turn))
        for turn in range(PAIRS + 2)
    ]
    return panels, both[2:]  # both once unmeasured


if __name__ == "__main__":
    sys.exit(main())
