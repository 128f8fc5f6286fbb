"""The figures of the page on the data: examples, class images, pixel values, class sizes, input spectrum.

In: arrays and facts of experiments.analyses.data. Out: each figure as SVG, and the numbers it draws as CSV.
"""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from report import export, style
from report.arrays import Arrays, Facts

LEVELS_PER_BIN = 8
LEADING = 8  # eigenvalues shown as shares
BAR = 330  # height, on the axis of shares, of the bar that marks mean and standard deviation
GAP = 3  # pixels between the images of a sheet


@style.drawn
def examples(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """A sheet of training images, one column per class."""
    images = arrays["example_images"]  # (class, example, 28, 28)
    fig, ax = style.figure(height=3.25)
    _sheet(ax, np.moveaxis(images, 0, 1), columns=arrays["class_names"].tolist(), high=255)
    names = arrays["class_names"].tolist()
    rows = [(names[c], k, *images[c, k].ravel()) for c in range(len(images)) for k in range(images.shape[1])]
    return export.done(fig, rows, _pixel_header("class", "example", images))


@style.drawn
def class_means(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """The mean image of every class, and under it where the class's images differ most from each other."""
    mean, spread = arrays["class_mean"], arrays["class_std"]  # (class, 28, 28) each
    names = arrays["class_names"].tolist()
    fig, ax = style.figure(height=1.95)
    both = np.stack([mean / mean.max(), spread / max(spread.max(), 1e-9)])
    _sheet(ax, both, columns=names, high=1)
    step = mean.shape[1] + GAP
    ax.set_yticks([mean.shape[1] / 2, step + mean.shape[1] / 2], ["mean", "spread"])
    ax.tick_params(axis="y", length=0)
    shown = {"mean": mean, "standard deviation": spread}
    rows = [(what, names[c], *np.round(v[c].ravel(), 3)) for what, v in shown.items() for c in range(len(names))]
    return export.done(fig, rows, _pixel_header("image", "class", mean))


@style.drawn
def intensities(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """How often each pixel value occurs, under every treatment on one axis, with mean and standard deviation."""
    treatments = arrays["treatments"].tolist()
    share = 100 * arrays["level_count"] / arrays["level_count"].sum()
    binned = np.add.reduceat(share, np.arange(0, len(share), LEVELS_PER_BIN))
    levels = np.append(np.arange(0, len(share), LEVELS_PER_BIN), len(share)) - 0.5
    fig, axes = style.figure(height=0.7 + 1.35 * len(treatments), nrows=len(treatments), sharex=True, squeeze=False)
    rows = []
    for ax, treatment in zip(axes[:, 0], treatments, strict=True):
        mean, std = arrays[f"constants/{treatment}"]
        edges = (levels / 255 - mean) / std
        color = style.look_of(treatment=treatment)["color"]
        ax.stairs(binned, edges, color=color, fill=True, alpha=0.35, linewidth=0, baseline=0.05)
        ax.stairs(binned, edges, color=color, linewidth=1.2, baseline=None)
        _mean_and_spread(ax, facts, treatment, color)
        ax.set_yscale("log")
        ax.set_ylim(0.05, 900)
        ax.set_yticks([0.1, 1, 10, 100], ["0.1 %", "1 %", "10 %", "100 %"])
        ax.yaxis.set_minor_locator(NullLocator())
        style.sparse(ax, grid="y")
        formula = "pixel" if (mean, std) == (0, 1) else f"(pixel \N{MINUS SIGN} {mean:g}) / {std:g}"
        ax.set_title(f"{treatment}: {formula}", color=color)
        rows += [(treatment, *row) for row in zip(edges[:-1], edges[1:], binned, strict=True)]
    axes[-1, 0].set_xlabel("value that the network is given")
    header = ("treatment", "from", "to", "share of training pixels in %")
    return export.done(fig, rows, header)


@style.drawn
def classes(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """The share of each class in training and test set, beside an equal share, with the counts."""
    names, places = arrays["class_names"].tolist(), np.arange(len(arrays["class_names"]))
    counts = {split: arrays[f"{split}_count"] for split in ("train", "test")}
    share = {split: 100 * count / count.sum() for split, count in counts.items()}
    fig, ax = style.figure(height=0.8 + 0.25 * len(names))
    ax.vlines(100 / len(names), -0.6, len(names), color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    ax.text(100 / len(names), -1.0, "equal shares", color=style.MUTED, ha="center", va="center")
    ax.hlines(places, np.minimum(*share.values()), np.maximum(*share.values()), color=style.GRID, linewidth=2)
    for split, fill in (("train", style.INK), ("test", style.PAPER)):
        ax.plot(share[split], places, "o", color=style.INK, markerfacecolor=fill, markersize=6)
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0, labelcolor=style.INK)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(names) - 0.5, -1.4)
    ax.set_xlabel("share of the set in %")
    for x, split, mark in ((1.08, "train", "\N{BLACK CIRCLE} training"), (1.25, "test", "\N{WHITE CIRCLE} test")):
        across = {"transform": ax.get_yaxis_transform(), "va": "center", "ha": "right"}
        ax.text(x, -1.0, mark, color=style.INK, **across)
        for place, count in zip(places, counts[split], strict=True):
            ax.text(x, place, f"{count:,}", color=style.MUTED, **across)
    rows = [(names[c], *(v[c] for v in (*counts.values(), *share.values()))) for c in places]
    header = ("class", "training images", "test images", "share of training set in %", "share of test set in %")
    return export.done(fig, rows, header)


@style.drawn
def spectrum(*, arrays: Arrays, facts: Facts) -> dict[str, str]:
    """Eigenvalues of the input's second moment under every treatment, and the first as shares of the sum."""
    fig, (left, right) = style.figure(height=2.9, ncols=2, width_ratios=(1.25, 1))
    rows = []
    for treatment in arrays["treatments"].tolist():
        values = arrays[f"eigenvalues/{treatment}"].astype(float)
        rank, share = np.arange(1, len(values) + 1), 100 * values / values.sum()
        color = style.look_of(treatment=treatment)["color"]
        kept = values > 1e-4
        left.plot(rank[kept], values[kept], color=color)
        middle = len(values) // 26
        above = values[0] == max(arrays[f"eigenvalues/{each}"][0] for each in arrays["treatments"].tolist())
        left.text(
            rank[middle],
            values[middle] * (2 if above else 0.5),
            treatment,
            color=color,
            va="bottom" if above else "top",
            ha="left" if above else "right",
        )
        right.plot(rank[:LEADING], share[:LEADING], "-o", color=color)
        right.text(1.6, share[0], f"{treatment}: {share[0]:.0f} %", color=color, va="center_baseline")
        rows += [(treatment, *row) for row in zip(rank, values, share, strict=True)]
    left.set(xscale="log", yscale="log", xlabel="rank", title="eigenvalue")
    left.margins(y=0.12)
    left.set_xticks([1, 10, 100, len(values)], ["1", "10", "100", str(len(values))])
    left.xaxis.set_minor_locator(NullLocator())
    left.yaxis.set_minor_locator(NullLocator())
    style.powers(left)
    style.sparse(left, grid="y")
    right.set(xlabel="rank", title="share of the sum, in %", ylim=(0, None))
    style.sparse(right, x=(1, LEADING), grid="y")
    header = ("treatment", "rank", "eigenvalue", "share of the sum in %")
    return export.done(fig, rows, header)


def _sheet(ax: Axes, images: np.ndarray, *, columns: list[str], high: float) -> None:
    """Images (row, column, height, width) side by side, white ink on black, with a name above every column."""
    rows, many, height, width = images.shape
    sheet = np.full((rows * (height + GAP) - GAP, many * (width + GAP) - GAP), np.nan)
    for row in range(rows):
        for column in range(many):
            top, left = row * (height + GAP), column * (width + GAP)
            sheet[top : top + height, left : left + width] = images[row, column]
    gray = mpl.colormaps["gray"].with_extremes(bad=(0, 0, 0, 0))
    ax.imshow(sheet, cmap=gray, vmin=0, vmax=high, interpolation="none")
    ax.spines[:].set_visible(False)
    style.class_columns(ax, np.arange(many) * (width + GAP) + width / 2, columns)
    ax.set_yticks([])


def _mean_and_spread(ax: Axes, facts: Facts, treatment: str, color: str) -> None:
    mean, std = (facts[f"data.treated_{what}.{treatment}"]["value"] for what in ("mean", "std"))
    ax.plot([mean - std, mean + std], [BAR, BAR], color=color, linewidth=2.5)
    ax.plot(mean, BAR, "o", color=color, markersize=6)
    text = f"mean {_signed(mean)}, standard deviation {std:.2f}"
    ax.text(mean + std + 0.06, BAR, text, color=style.INK, va="center_baseline")


def _signed(number: float) -> str:
    return f"{number + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "\N{MINUS SIGN}")


def _pixel_header(first: str, second: str, images: np.ndarray) -> list[str]:
    height, width = images.shape[-2:]
    return [first, second, *(f"row {row} column {column}" for row in range(height) for column in range(width))]
