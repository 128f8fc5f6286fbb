"""The one figure of the front page: what the chapters found, measure by measure, four networks side by side.

In: the facts of every analysis, by page. Out: the drawing as SVG, and the numbers in it as CSV.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from report import export, style

# A panel each: where the fact stands, with what each architecture calls the layer, and the panel's title.
MEASURES: tuple[tuple[str, dict[str, str], str], ...] = (
    ("training.first_epoch", {}, "accuracy after\none epoch, in %"),
    ("training.test_accuracy", {}, "accuracy at\nthe end, in %"),
    ("health.dead", {}, "dead units,\nin %"),
    ("activations.mean_shift", {"mlp": "hidden2.post", "cnn": "hidden3.post"}, "drift of the 16\nunits, in SD"),
    ("geometry.silhouette", {"mlp": "hidden2.post", "cnn": "hidden3.post"}, "silhouette of\nthe 16 units"),
    ("geometry.dimension", {"mlp": "hidden2.post", "cnn": "hidden3.post"}, "dimensions that\nthe 16 units use"),
)
ACROSS = 3


@style.drawn
def at_a_glance(*, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Means and intervals of six measures, a panel each, the four networks below each other."""
    known = {name: fact for page in facts.values() for name, fact in page.items()}
    down = -(-len(MEASURES) // ACROSS)
    fig, axes = style.figure(height=1.95 * down, nrows=down, ncols=ACROSS, sharey=True)
    rows = []
    for ax, (measure, layers, title) in zip(axes.flat, MEASURES, strict=True):
        names = {c: ".".join(filter(None, (measure, c, layers.get(c.split("-")[0])))) for c in style.CONDITIONS}
        found = {condition: known[name] for condition, name in names.items() if name in known}
        for place, (condition, fact) in enumerate(found.items()):
            look = style.look(condition)
            low, high = (fact["value"] if end is None else end for end in (fact["low"], fact["high"]))
            ax.plot([low, high], [place, place], color=look["color"], linewidth=2.4, alpha=0.45)
            ax.plot(fact["value"], place, linestyle="none", marker=look["marker"], color=look["color"], markersize=6)
            rows.append((measure, condition, fact["value"], fact["low"], fact["high"], fact["n"]))
        ax.set_title(title)
        ax.margins(x=0.16)
        ax.locator_params(axis="x", nbins=4)
        style.sparse(ax, grid="x")
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0, labelcolor=style.INK)
        ax.set_yticks(range(len(found)), [style.label(condition) for condition in found])
        ax.set_ylim(len(found) - 0.4, -0.6)
    header = ("measure", "network", "mean", "low", "high", "n")
    return export.done(fig, rows, header)
