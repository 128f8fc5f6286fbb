"""The one figure of the front page: what the chapters found, measure by measure, four networks side by side.

In: the facts of every analysis, by page. Out: the drawing as SVG, and the numbers in it as CSV.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from report import export, style

# A panel each: where the fact stands, whether it is of the last hidden layer, and the panel's title.
MEASURES: tuple[tuple[str, bool, str], ...] = (
    ("training.first_epoch", False, "accuracy after\none epoch, in %"),
    ("training.test_accuracy", False, "accuracy at\nthe end, in %"),
    ("health.dead", False, "dead units,\nin %"),
    ("activations.mean_shift", True, "drift of the last\nhidden layer, in SD"),
    ("geometry.silhouette", True, "silhouette of the\nlast hidden layer"),
    ("geometry.dimension", True, "dimensions that it\nuses"),
)
ACROSS = 3


@style.drawn
def at_a_glance(*, facts: Mapping[str, Mapping[str, Any]], networks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Means and intervals of six measures, a panel each, the conditions below each other.

    networks: {architecture: what it says of itself}, see `experiments.models.check`.
    """
    known = {name: fact for page in facts.values() for name, fact in page.items()}
    down = -(-len(MEASURES) // ACROSS)
    fig, axes = style.figure(height=1.95 * down, nrows=down, ncols=ACROSS, sharey=True)
    rows = []
    for ax, (measure, of_last, title) in zip(axes.flat, MEASURES, strict=True):
        names = {c: f"{measure}.{c}" for c in style.study()["conditions"]}
        if of_last:
            own = {c: networks[style.architecture(c)] for c in names}
            names = {c: f"{name}.{own[c]['reading'][own[c]['layers'][-2]]}" for c, name in names.items()}
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
