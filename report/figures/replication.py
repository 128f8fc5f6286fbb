"""The figures of the page on the replication: learning curve, top units and unit 14, each with what was published.

In: arrays and facts of experiments.analyses.replication. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from report import export, style
from report.arrays import Arrays

Drawn = dict[str, str]

RANKINGS = {"mean": "by class mean", "gradient": "by gradient of the correct logit", "selectivity": "by selectivity"}
PUBLISHED: Any = {"marker": "o", "markersize": 8, "markerfacecolor": "none", "linestyle": "none", "color": style.INK}


@style.drawn
def learning_curve(*, arrays: Arrays) -> Drawn:
    """Training loss and accuracy by epoch; rings where the notebooks report a value."""
    fig, axes = style.figure(height=2.8, ncols=2)
    table = []
    published = arrays["published"]  # (point, [epoch, loss, accuracy])
    for column, (ax, measure) in enumerate(zip(axes, ("train_loss", "train_accuracy"), strict=True), start=1):
        values = arrays[measure]
        ax.plot(values, color=style.TREATMENTS[0], marker="o" if len(values) == 1 else None)
        ax.plot(published[:, 0], published[:, column], **PUBLISHED)
        known = {int(point[0]): point[column] for point in published}
        table += [(measure, epoch, value, known.get(epoch)) for epoch, value in enumerate(values)]
        style.sparse(ax, x=published[:, 0], grid="y")
        ax.set_xlabel("epoch, counted from zero as in the notebooks")
    axes[0].set_title("training loss, in nats")
    axes[1].set_title("training accuracy, in %")
    axes[0].text(
        0.98, 0.95, "line: reproduced", color=style.TREATMENTS[0], transform=axes[0].transAxes, ha="right", va="top"
    )
    axes[0].text(0.98, 0.84, "rings: published", color=style.INK, transform=axes[0].transAxes, ha="right", va="top")
    return export.done(fig, table, ("measure", "epoch", "reproduced", "published"))


@style.drawn
def top_units(*, arrays: Arrays) -> Drawn:
    """The three units that each digit prefers, by three measures; where they differ, the published ones in brackets."""
    fig, axes = style.figure(height=4.4, ncols=3, sharey=True)
    table = []
    for ax, (ranking, title) in zip(axes, RANKINGS.items(), strict=True):
        found, published = arrays[f"top/{ranking}"], arrays[f"published_top/{ranking}"]
        for digit, (ours, theirs) in enumerate(zip(found.tolist(), published.tolist(), strict=True)):
            for place, (unit, other) in enumerate(zip(ours, theirs, strict=True)):
                _unit(ax, place, digit, unit, other)
                table.append((ranking, digit, place + 1, unit, other))
        ax.set(xlim=(-0.6, 2.6), ylim=(9.6, -0.6))
        ax.set_title(title)
        ax.set_xticks(range(3), ["first", "second", "third"])
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    axes[0].set_yticks(range(10))
    axes[0].set_ylabel("digit")
    return export.done(fig, table, ("ranking", "digit", "place", "reproduced_unit", "published_unit"))


@style.drawn
def unit_14(*, arrays: Arrays) -> Drawn:
    """Accuracy on seven and nine while unit 14 is scaled, on images as published and as trained on."""
    fig, axes = style.figure(height=2.9, ncols=2, sharey=True)
    scales, published = arrays["scales"], arrays["scaled_published"]  # (point, [digit, scale, accuracy])
    table = []
    for ax, digit in zip(axes, (7, 9), strict=True):
        points = published[published[:, 0] == digit]
        for reading, color, line in (("undivided", style.MUTED, (0, (4, 2))), ("divided", style.TREATMENTS[0], "-")):
            values = arrays[f"unit14/{reading}"][:, digit]
            ax.plot(scales, values, color=color, linestyle=line)
            known = {scale: accuracy for _, scale, accuracy in points} if reading == "undivided" else {}
            table += [(digit, reading, s, v, known.get(s)) for s, v in zip(scales, values, strict=True)]
        ax.plot(points[:, 1], points[:, 2], **PUBLISHED)
        ax.set_title(f"digit {digit}")
        ax.set_xlabel("unit 14 multiplied by")
        style.sparse(ax, x=(0, 1, 2, 3), grid="y")
    axes[0].set_ylabel("test accuracy on the digit, %")
    _legend(axes[0])
    return export.done(fig, table, ("digit", "images", "scale", "reproduced", "published"))


def _legend(ax: Axes) -> None:
    lines = (
        ("not divided by 255", style.MUTED),
        ("divided by 255, as in training", style.TREATMENTS[0]),
        ("rings: published", style.INK),
    )
    for line, (text, color) in enumerate(lines):
        ax.text(0.97, 0.32 - 0.11 * line, text, color=color, transform=ax.transAxes, ha="right", va="top")


def _unit(ax: Axes, place: int, digit: int, unit: int, published: int) -> None:
    """One cell of the table: the unit, and if another one was published, that one in brackets."""
    same = unit == published
    text = str(unit) if same else f"{unit} ({published})"
    color, weight = (style.INK, "normal") if same else (style.TREATMENTS[0], "bold")
    ax.text(place, digit, text, color=color, fontweight=weight, ha="center", va="center_baseline")
