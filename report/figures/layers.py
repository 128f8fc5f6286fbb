"""The figures of the page on layers: what each addition changes, the learning curves, drift, and the units.

In: arrays and facts of experiments.analyses.layers. Out: {"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from report import export, style
from report.arrays import Arrays, Card, Facts

Drawn = dict[str, str]

PLAIN, PREFERRED = "plain", "notebooks"
ACROSS = 5  # learning curves in a row


@style.drawn
def differences(*, arrays: Arrays, facts: Facts) -> Drawn:
    """Each variant minus the plain network: test accuracy and generalisation gap, a dot per seed and the interval."""
    panels = {"test_accuracy": "test accuracy", "gap": "training minus test accuracy"}
    fig, axes = style.figure(height=3.4, ncols=2, sharey=True)
    table = []
    for ax, (measure, title) in zip(axes, panels.items(), strict=True):
        table += _rows(ax, arrays, facts, measure, difference=True)
        ax.axvline(0, color=style.MUTED, linewidth=0.8)
        ax.set_title(title)
        ax.set_xlabel("difference from plain, points")
    _names(axes[0], arrays, plain=False)
    return export.done(fig, table, ("measure", "variant", "seed_rank", "difference"))


@style.drawn
def curves(*, arrays: Arrays) -> Drawn:
    """Test accuracy by epoch of every variant, in the share of errors, with the plain network in grey behind it."""
    names, titles = _variants(arrays, plain=False)
    down = -(-len(names) // ACROSS)
    across = min(ACROSS, len(names))
    fig, axes = style.figure(height=1.9 * down, nrows=down, ncols=across, sharex=True, sharey=True, squeeze=False)
    table = []
    plain = 100 - arrays[f"test_accuracy/{PLAIN}"].mean(axis=0)
    for ax, name, title in zip(axes.flat, names, titles, strict=False):
        accuracy = arrays[f"test_accuracy/{name}"].astype(float)
        epochs = np.arange(1, accuracy.shape[1])
        columns = (epochs, accuracy.mean(axis=0)[1:], accuracy.min(axis=0)[1:], accuracy.max(axis=0)[1:])
        ax.plot(epochs, plain[1:], color=style.MUTED, linewidth=1.2)
        color = style.TREATMENTS[0] if name == PREFERRED else style.TREATMENTS[1]
        ax.fill_between(epochs, 100 - columns[2], 100 - columns[3], color=color, alpha=0.18, linewidth=0)
        ax.plot(epochs, 100 - columns[1], color=color, marker="o" if len(epochs) == 1 else None)
        ax.set_title(_folded(title))
        table += [(name, *row) for row in zip(*columns, strict=True)]
        style.epoch_axis(ax, int(epochs[-1]), first=1, title=False)
        style.sparse(ax, grid="y")
    for ax in axes.flat[len(names) :]:
        ax.set_axis_off()
    last = axes.flat[len(names) - across : len(names)]
    for ax in last:
        ax.tick_params(axis="x", labelbottom=True)
        ax.set_xlabel("epoch")
    for ax in axes[:, 0]:
        ax.set_ylabel("errors, %")
    _log_errors(axes.flat[0], np.concatenate([row[2:5] for row in table]))
    if len(names) < axes.size:
        ax = axes.flat[-1]
        for line, (text, color) in enumerate(
            (("plain", style.MUTED), ("variant", style.TREATMENTS[1]), ("notebooks’", style.TREATMENTS[0]))
        ):
            ax.text(0.05, 0.8 - 0.16 * line, text, color=color, transform=ax.transAxes)
    return export.done(fig, table, ("variant", "epoch", "mean_accuracy", "lowest", "highest"))


@style.drawn
def drift(*, arrays: Arrays) -> Drawn:
    """Spread of what each hidden layer hands on, after training over untrained: a dot per seed and the mean."""
    names, _ = _variants(arrays, plain=True)
    layers = [key.rpartition("/")[2] for key in arrays if key.startswith(f"std/{PLAIN}/")]
    fig, axes = style.figure(height=3.4, ncols=len(layers), sharey=True, squeeze=False)
    table = []
    for ax, layer in zip(axes[0], layers, strict=True):
        for place, name in enumerate(names):
            spread = arrays[f"std/{name}/{layer}"].astype(float)
            growth = spread[:, -1] / spread[:, 0]
            color = style.TREATMENTS[0] if name == PREFERRED else style.INK
            ax.plot([1, growth.mean()], [place, place], color=color, linewidth=1.2)
            _seeds(ax, growth, place)
            ax.plot(growth.mean(), place, "o", color=color, markersize=5)
            table += [(name, layer, seed, value) for seed, value in enumerate(growth)]
        ax.axvline(1, color=style.MUTED, linewidth=0.8)
        ax.set_title(style.layer_label(layer))
        ax.set_xlabel("standard deviation / untrained")
        _tidy(ax)
        ax.set_xlim(left=0)
    _names(axes[0, 0], arrays, plain=True)
    return export.done(fig, table, ("variant", "layer", "seed_rank", "spread_relative_to_untrained"))


@style.drawn
def units(*, arrays: Arrays, facts: Facts, card: Card) -> Drawn:
    """Dead units, selectivity and participation ratio of every variant: a dot per seed, the mean and its interval."""
    panels = {"dead": "dead units, %", "selectivity": "selectivity", "participation": f"{card['kinds']} per unit"}
    fig, axes = style.figure(height=3.4, ncols=3, sharey=True)
    table = []
    for ax, (measure, title) in zip(axes, panels.items(), strict=True):
        table += _rows(ax, arrays, facts, measure, difference=False)
        ax.set_title(title)
    _names(axes[0], arrays, plain=True)
    return export.done(fig, table, ("measure", "variant", "seed_rank", "value"))


def _rows(ax: Axes, arrays: Arrays, facts: Facts, measure: str, *, difference: bool) -> list[tuple]:
    """A row for each variant: seeds as faint dots, the mean and its interval on top; what was drawn as rows."""
    table = []
    plain = arrays[f"value/{measure}/{PLAIN}"].astype(float)
    names, _ = _variants(arrays, plain=not difference)
    for place, name in enumerate(names):
        values = arrays[f"value/{measure}/{name}"].astype(float) - (plain if difference else 0)
        fact = facts[f"layers.{measure}.{'difference.' if difference else ''}{name}"]
        color = style.TREATMENTS[0] if name == PREFERRED else style.INK
        _seeds(ax, values, place)
        if fact["low"] is not None:
            ax.plot([fact["low"], fact["high"]], [place, place], color=color, linewidth=1.6)
        ax.plot(fact["value"], place, "o", color=color, markersize=5)
        table += [(measure, name, seed, value) for seed, value in enumerate(values)]
    _tidy(ax)
    return table


def _seeds(ax: Axes, values: np.ndarray, place: int) -> None:
    """One faint dot per seed, each on its own line, so that equal values stay apart."""
    lines = np.linspace(-0.22, 0.22, len(values)) if len(values) > 1 else np.zeros(1)
    style.dots(ax, np.column_stack([values, place + lines]), color=style.TREATMENTS[1], size=3.5, alpha=0.55)


def _tidy(ax: Axes) -> None:
    ax.autoscale_view()
    ax.margins(x=0.08)
    ax.locator_params(axis="x", nbins=5)
    style.sparse(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _names(ax: Axes, arrays: Arrays, *, plain: bool) -> None:
    names, titles = _variants(arrays, plain=plain)
    ax.set_yticks(range(len(names)), titles)
    for tick, name in zip(ax.get_yticklabels(), names, strict=True):
        tick.set_color(style.TREATMENTS[0] if name == PREFERRED else style.INK)
    ax.set_ylim(len(names) - 0.5, -0.5)


def _variants(arrays: Arrays, *, plain: bool) -> tuple[list[str], list[str]]:
    pairs = zip(arrays["variants"].tolist(), arrays["titles"].tolist(), strict=True)
    chosen = [(name, title) for name, title in pairs if plain or name != PLAIN]
    return [name for name, _ in chosen], [title for _, title in chosen]


def _folded(title: str) -> str:
    """A title in two lines, broken where they are most alike."""
    words = title.split()
    cuts = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    return "\n".join(min(cuts, key=lambda lines: max(map(len, lines)))) if cuts else title


def _log_errors(ax: Axes, accuracies: np.ndarray) -> None:
    """The axis of errors, logarithmic and upside down, so that up is better; ticked at round shares."""
    errors = 100 - accuracies
    ax.set_yscale("log")
    ticks = [tick for tick in (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 90) if errors.min() * 0.95 <= tick]
    ax.set_yticks([tick for tick in ticks if tick <= errors.max() * 1.05])
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.minorticks_off()
    ax.set_ylim(errors.max() * 1.05, max(errors.min() * 0.95, 0.1))
