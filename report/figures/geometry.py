"""The figures of the geometry page: how the digits are laid out inside each layer, and how well apart.

In: arrays and facts of experiments.analyses.geometry; the bent maps are drawn by atlas.py. Out: {"figure.svg",
"data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from report import style

Arrays = Mapping[str, np.ndarray]
Drawn = dict[str, str]

SHOWN = 20  # images of each digit that are drawn as dots; their centres are of all probe images


@style.drawn
def pca_mlp(*, arrays: Arrays) -> Drawn:
    """The first two principal components of every layer of one MLP: raw to the left, normalized to the right."""
    return _planes(arrays, "mlp")


@style.drawn
def pca_cnn(*, arrays: Arrays) -> Drawn:
    """The first two principal components of every layer of one CNN: raw to the left, normalized to the right."""
    return _planes(arrays, "cnn")


@style.drawn
def explained_variance(*, arrays: Arrays) -> Drawn:
    """Share of the variance that the first components hold together, at the start (thin) and at the end."""
    rows = {architecture: _hooks(arrays, architecture) for architecture in _architectures(arrays)}
    fig, axes, empty = style.panels(rows, row_height=2.0, sharex=True, sharey=True)
    table = []
    for (architecture, hook), ax in axes.items():
        for condition in _conditions(arrays, architecture):
            held = 100 * np.cumsum(arrays[f"variance/{condition}/{hook}"], axis=2)  # (seed, moment, component)
            counts, look = np.arange(1, held.shape[2] + 1), style.look(condition)
            style.curve(ax, counts, held[:, -1], condition)
            ax.plot(counts, held[:, 0].mean(axis=0), color=look["color"], linewidth=0.8, linestyle=(0, (1, 1.5)))
            table += [
                (condition, hook, moment, count, *_range(held[:, place, count - 1]))
                for place, moment in enumerate(arrays["moments"])
                for count in counts
            ]
        ax.set_xlim(1, 10)
        ax.set_ylim(0, 100)
        style.sparse(ax, x=(1, 5, 10), y=(0, 50, 100), grid="y")
        if hook == rows[architecture][0]:
            ax.set_ylabel("variance held, %")
        if architecture == list(rows)[-1]:
            ax.set_xlabel("components")
    _key(axes, empty, note="dotted: untrained")
    return _done(fig, table, ("condition", "hook_point", "epoch", "components", "mean", "lowest", "highest"))


@style.drawn
def silhouette(*, arrays: Arrays) -> Drawn:
    """Separation of the digits: by layer at each moment, and by epoch in the last hidden layer."""
    architectures = _architectures(arrays)
    fig, grid = style.figure(
        height=2.5 * len(architectures), nrows=len(architectures), ncols=3, squeeze=False, sharey=True
    )
    table = []
    for axes, architecture in zip(grid, architectures, strict=True):
        for ax, condition in zip(axes, _conditions(arrays, architecture), strict=False):
            table += _by_depth(ax, arrays, "silhouette", condition)
            ax.set_title(style.label(condition))
        table += _by_epoch(axes[2], arrays, architecture)
        axes[0].set_ylabel("silhouette")
        for ax in axes:
            style.sparse(ax, grid="y")
    for axes, architecture in zip(grid, architectures, strict=True):
        for ax, condition in zip(axes, _conditions(arrays, architecture), strict=False):
            _name_moments(ax, arrays, "silhouette", condition)
        _name_treatments(axes[2], arrays, architecture)
    return _done(fig, table, ("condition", "hook_point", "epoch", "mean", "lowest", "highest"))


@style.drawn
def dimension(*, arrays: Arrays) -> Drawn:
    """Effective dimension of every layer at each moment: mean over seeds, the bar spans them."""
    architectures = _architectures(arrays)
    fig, grid = style.figure(
        height=2.5 * len(architectures), nrows=len(architectures), ncols=2, sharey="row", squeeze=False
    )
    table = []
    for axes, architecture in zip(grid, architectures, strict=True):
        for ax, condition in zip(axes, _conditions(arrays, architecture), strict=False):
            table += _by_depth(ax, arrays, "dimension", condition)
            ax.set_title(style.label(condition))
            style.sparse(ax, grid="y")
        axes[0].set_ylim(bottom=0)
        axes[0].set_ylabel("effective dimension")
        for ax, condition in zip(axes, _conditions(arrays, architecture), strict=False):
            _name_moments(ax, arrays, "dimension", condition)
    return _done(fig, table, ("condition", "hook_point", "epoch", "mean", "lowest", "highest"))


def _planes(arrays: Arrays, architecture: str) -> Drawn:
    conditions, hooks = _conditions(arrays, architecture), _hooks(arrays, architecture)
    moments = list(arrays["moments"])
    columns = [(condition, place) for condition in conditions for place in range(len(moments))]
    fig, grid = style.figure(height=0.55 + 1.2 * len(hooks), nrows=len(hooks), ncols=len(columns), squeeze=False)
    chosen = _first_of_each(arrays["labels"])
    table = []
    for column, (condition, place) in enumerate(columns):
        for row, (ax, hook) in enumerate(zip(grid[:, column], hooks, strict=True)):
            points = arrays[f"coordinates/{condition}/{hook}"][place].astype(float)
            _plane(ax, points, arrays["labels"], chosen, name=f"{row}-{column}")
            shares = arrays[f"variance/{condition}/{hook}"][0, place]
            ax.set_xlabel(f"{100 * shares[:2].sum():.0f} %", labelpad=2)
            table += [(condition, hook, moments[place], i, arrays["labels"][i], *points[i]) for i in chosen]
        when = "untrained" if moments[place] == 0 else f"epoch {moments[place]}"
        treatment = condition.partition("-")[2] if place == 0 else ""
        grid[0, column].set_title(f"{treatment}\n{when}", color=style.look(condition)["color"])
    for ax, hook in zip(grid[:, 0], hooks, strict=True):
        ax.set_ylabel(style.layer_label(hook.partition(".")[0]), color=style.INK)
    return _done(fig, table, ("condition", "hook_point", "epoch", "image", "digit", "component_1", "component_2"))


def _plane(ax: Axes, points: np.ndarray, labels: np.ndarray, chosen: np.ndarray, *, name: str) -> None:
    centres = np.stack([points[labels == digit].mean(axis=0) for digit in np.unique(labels)])
    for digit, colour in zip(np.unique(labels), style.DIGITS, strict=False):
        style.dots(ax, points[chosen[labels[chosen] == digit]], color=colour, size=1.8, alpha=0.8)
    style.digit_labels(ax, centres, halo=name)
    reach = 1.05 * max(float(np.quantile(np.abs(points[chosen]), 0.99)), 1e-3)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], box_aspect=1)
    ax.spines[:].set_visible(False)
    ax.patch.set(edgecolor=style.GRID, linewidth=0.8)


def _first_of_each(labels: np.ndarray) -> np.ndarray:
    """The places of the first images of each digit, in order."""
    firsts = [np.flatnonzero(labels == digit)[:SHOWN] for digit in np.unique(labels)]
    return np.sort(np.concatenate(firsts))


def _by_depth(ax: Axes, arrays: Arrays, measure: str, condition: str) -> list[tuple]:
    """A measure from layer to layer, one line for each moment, the last one boldest; bars span the seeds."""
    hooks, moments = _hooks(arrays, condition), arrays["moments"]
    values = np.stack([arrays[f"{measure}/{condition}/{hook}"] for hook in hooks])  # (layer, seed, moment)
    look, depth = style.look(condition), np.arange(len(hooks))
    for place in range(len(moments)):
        strength = (place + 1) / len(moments)
        shown = values[:, :, place]
        mean, low, high = shown.mean(axis=1), shown.min(axis=1), shown.max(axis=1)
        shape = {"color": look["color"], "marker": look["marker"], "linestyle": look["linestyle"]}
        ax.plot(depth, mean, **shape, alpha=0.3 + 0.7 * strength, linewidth=0.6 + strength)
        ax.vlines(depth, low, high, color=look["color"], linewidth=0.8, alpha=0.3 + 0.7 * strength)
    ax.set_xlim(-0.3, len(hooks) - 0.7)
    names = [style.layer_label(hook.partition(".")[0]) for hook in hooks]
    ax.set_xticks(depth, names, rotation=40, ha="right", rotation_mode="anchor")
    return [
        (condition, hook, moment, *_range(values[layer, :, place]))
        for layer, hook in enumerate(hooks)
        for place, moment in enumerate(moments)
    ]


def _name_moments(ax: Axes, arrays: Arrays, measure: str, condition: str) -> None:
    """Name the lines of `_by_depth` at their ends; after all panels are drawn, for they may share an axis."""
    ends = arrays[f"{measure}/{condition}/{_hooks(arrays, condition)[-1]}"].mean(axis=0)
    names = ["untrained" if moment == 0 else f"epoch {moment}" for moment in arrays["moments"]]
    colour = style.look(condition)["color"]
    style.end_labels(ax, [(float(end), name, colour) for end, name in zip(ends, names, strict=True)])


def _name_treatments(ax: Axes, arrays: Arrays, architecture: str) -> None:
    conditions = _conditions(arrays, architecture)
    ends = [float(arrays[f"silhouette_by_epoch/{condition}"][:, -1].mean()) for condition in conditions]
    named = [
        (end, name.partition("-")[2], style.look(name)["color"]) for end, name in zip(ends, conditions, strict=True)
    ]
    style.end_labels(ax, named)


def _by_epoch(ax: Axes, arrays: Arrays, architecture: str) -> list[tuple]:
    table: list[tuple] = []
    for condition in _conditions(arrays, architecture):
        values = arrays[f"silhouette_by_epoch/{condition}"]
        hook = _hooks(arrays, condition)[-2]
        style.curve(ax, np.arange(values.shape[1]), values, condition)
        table += [(condition, hook, epoch, *_range(column)) for epoch, column in enumerate(values.T)]
    style.epoch_axis(ax, values.shape[1] - 1)
    ax.set_title(f"{style.label(architecture)}, {style.layer_label(hook.partition('.')[0]).lower()}")
    return table


def _key(axes: Mapping[tuple[str, str], Axes], empty: Sequence[Axes], *, note: str) -> None:
    ax = empty[0] if empty else next(iter(axes.values()))
    style.key(ax, ("raw", "normalized"))
    ax.text(0, 0.5, note, color=style.MUTED, transform=ax.transAxes)


def _architectures(arrays: Arrays) -> list[str]:
    return list(dict.fromkeys(condition.partition("-")[0] for condition in _conditions(arrays)))


def _conditions(arrays: Arrays, architecture: str = "") -> list[str]:
    names = [name.partition("/")[2] for name in arrays if name.startswith("hook_points/")]
    return style.present(name for name in names if name.startswith(architecture))


def _hooks(arrays: Arrays, architecture: str) -> list[str]:
    """The hook points of an architecture, or of one condition, in order of depth."""
    return [str(hook) for hook in arrays[f"hook_points/{_conditions(arrays, architecture)[0]}"]]


def _range(values: np.ndarray) -> tuple[float, float, float]:
    return float(values.mean()), float(values.min()), float(values.max())


def _done(fig: Any, table: Iterable[Sequence[object]], header: Sequence[str]) -> Drawn:
    return {"figure.svg": style.save(fig), "data.csv": style.csv(table, header)}
