"""The figures of the interventions page: units at their average and scaled, confusions, bottlenecks, importance.

In: arrays of experiments.analyses.interventions, and the card of the data set, which says what a class is called. Out:
{"figure.svg", "data.csv"} of each figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report import classes, export, style
from report.arrays import Arrays, Card, conditions_of, layers_of, rows_of

Drawn = dict[str, str]

SHOWN = 4  # units with a curve, per network
NAMED = 20  # points: a class that moves by as much is named
MOST_NAMED = 8  # classes that are named at one end of a curve: those that move most
BOTTLENECK = 50  # points that a class loses at least to a bottleneck
CHANGE = "PuOr"  # for gains and losses: the same in the middle, told apart by all readers
MOMENTS = ("averaged", "at zero", "tripled")


@style.drawn
def ablation(*, arrays: Arrays, card: Card) -> Drawn:
    """Accuracy on every class with one unit of the last hidden layer at its average, at zero, and tripled."""
    conditions = conditions_of(arrays)
    scales, names, table = arrays["scales"], arrays["classes"].tolist(), []
    height = 0.9 + (0.4 + 0.1 * len(names)) * len(conditions)
    fig, grid = style.figure(height=height, nrows=len(conditions), ncols=len(MOMENTS), squeeze=False)
    for axes, condition in zip(grid, conditions, strict=True):
        place = f"{condition}/{layers_of(arrays, condition)[-1]}"
        scaled = arrays[f"class_accuracy/{place}"].astype(float)  # (unit, scale, class)
        averaged = arrays[f"mean_class_accuracy/{place}"].astype(float)
        all_shown = (averaged, scaled[:, _place(scales, 0)], scaled[:, _place(scales, 3)])
        for ax, shown, moment in zip(axes, all_shown, MOMENTS, strict=True):
            image = style.heat(ax, shown.T, low=0, high=100)
            style.class_ticks(ax, names if moment == MOMENTS[0] else [], axis="y")
            ax.set_xticks(range(0, len(shown), 5))
            ax.set_title(f"{style.label(condition)}\nunit {moment}", color=style.look(condition)["color"])
            table += [
                (condition, place.partition("/")[2], unit, moment, names[of], shown[unit, of])
                for unit, of in np.ndindex(shown.shape)
            ]
    for ax in grid[:, 0]:
        ax.set_ylabel(card["kind"])
    for ax in grid[-1]:
        ax.set_xlabel("unit")
    _bar(fig, image, grid, f"accuracy on the {card['kind']}, %")
    return export.done(fig, table, ("condition", "layer", "unit", "intervention", "class", "accuracy_percent"))


@style.drawn
def curves(*, arrays: Arrays) -> Drawn:
    """Accuracy on every class as one unit is scaled: the four most important units of one network per condition."""
    conditions = conditions_of(arrays)
    fig, grid = style.figure(
        height=1.75 * len(conditions), nrows=len(conditions), ncols=SHOWN, squeeze=False, sharex=True, sharey=True
    )
    scales, table = arrays["scales"], []
    for axes, condition in zip(grid, conditions, strict=True):
        layer = layers_of(arrays, condition)[-1]
        accuracy = arrays[f"class_accuracy/{condition}/{layer}"].astype(float)
        logits = arrays[f"correct_logit/{condition}/{layer}"].astype(float)
        for ax, unit in zip(axes, _most_important(arrays, condition, layer), strict=False):
            _curve(ax, scales, accuracy[unit], classes.codes(arrays["classes"].tolist()))
            ax.set_title(f"unit {unit}", color=style.look(condition)["color"])
            table += [
                (condition, layer, unit, scales[s], arrays["classes"][of], accuracy[unit, s, of], logits[unit, s, of])
                for s, of in np.ndindex(accuracy.shape[1:])
            ]
        axes[0].set_ylabel(f"{style.label(condition)}\naccuracy, %", color=style.look(condition)["color"])
    for ax in grid[-1]:
        ax.set_xlabel("unit times")
    style.class_key(fig, arrays["classes"].tolist())
    header = ("condition", "layer", "unit", "scale", "class", "accuracy_percent", "mean_logit_of_the_class")
    return export.done(fig, table, header)


@style.drawn
def confusions(*, arrays: Arrays, card: Card) -> Drawn:
    """Confusion matrix minus the untouched network's, for the unit of each network whose average costs a class most."""
    conditions, names = conditions_of(arrays), arrays["classes"].tolist()
    down, beside = style.across(len(conditions))
    each = len(MOMENTS)
    fig, grid = style.figure(height=0.3 + 2.1 * each * down, nrows=each * down, ncols=beside, squeeze=False)
    table: list[tuple] = []
    for ax in grid.flat:
        ax.set_axis_off()
    for place, condition in enumerate(conditions):
        row, column = divmod(place, beside)
        layer = layers_of(arrays, condition)[-1]
        images = np.maximum(arrays[f"images/{condition}"], 1)[:, None]
        kept = arrays[f"mean_change/{condition}/{layer}"].diagonal(axis1=1, axis2=2)  # (unit, class)
        unit = int((kept / images.T).min(axis=1).argmin())
        changes = [arrays[f"mean_change/{condition}/{layer}"][unit], *arrays[f"change/{condition}/{layer}"][unit]]
        for ax, change, moment in zip(grid[each * row :, column], changes, MOMENTS, strict=False):
            share = 100 * change / images
            image = _confusion(ax, share, names if column == 0 else [], names if moment == MOMENTS[-1] else [])
            ax.set_ylabel(f"true {card['kind']}" if column == 0 else "")
            ax.set_title(f"{style.label(condition)}\nunit {unit} {moment}", color=style.look(condition)["color"])
            table += [
                (condition, layer, unit, moment, names[i], names[j], change[i, j], share[i, j])
                for i, j in np.ndindex(share.shape)
            ]
    _bar(fig, image, grid, f"change, points of the true {card['kind']}’s images")
    header = (
        "condition",
        "layer",
        "unit",
        "intervention",
        "true_class",
        "read_as",
        "change_in_images",
        "change_in_points",
    )
    return export.done(fig, table, header)


@style.drawn
def bottlenecks(*, arrays: Arrays, card: Card) -> Drawn:
    """The most that a unit at its average costs a class, beside random directions; pale, the same set to zero."""
    rows = rows_of(arrays, lambda arrays, architecture: _with(arrays, architecture, "direction_mean_worst"))
    fig, axes, _ = style.panels(rows, row_height=2.3, align="start", sharex=True, sharey=True)
    table = []
    for (architecture, layer), ax in axes.items():
        kinds = (("units", ""), ("directions", "direction_"))
        lines = [(condition, *kind) for condition in conditions_of(arrays, architecture) for kind in kinds]
        for place, (condition, name, prefix) in enumerate(lines):
            mean, zero = (arrays[f"{prefix}{by}/{condition}/{layer}"].astype(float) for by in ("mean_worst", "worst"))
            heights = style.beside(len(mean), reach=0.3)[:, None] - place
            for values, alpha, size in ((zero, 0.35, 1.6), (mean, 0.8, 2.6)):
                points = np.stack([values, np.broadcast_to(heights, values.shape)], axis=2)
                style.dots(ax, points.reshape(-1, 2), color=style.look(condition)["color"], size=size, alpha=alpha)
            table += [(condition, layer, name, s, u, mean[s, u], zero[s, u]) for s, u in np.ndindex(mean.shape)]
        ax.axvline(BOTTLENECK, color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        ax.set(xlim=(-6, 104), ylim=(0.5 - len(lines), 0.5))
        style.sparse(ax, x=(0, BOTTLENECK, 100), y=-np.arange(len(lines)))
        ax.set_yticklabels([f"{style.treatment(condition)}, {name}" for condition, name, _ in lines])
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        if architecture == list(rows)[-1]:
            ax.set_xlabel(f"largest loss of a {card['kind']}, points" if layer == rows[architecture][0] else "points")
    header = ("condition", "layer", "what", "seed_rank", "number", "points_at_average", "points_at_zero")
    return export.done(fig, table, header)


@style.drawn
def mean_ablation(*, arrays: Arrays) -> Drawn:
    """Accuracy lost when a unit is set to zero, against accuracy lost when it is set to its average: dots are units."""
    return _scatter(arrays, "lost", "mean_lost", x="lost, set to zero", y="lost, set to average", diagonal=True)


@style.drawn
def importance(*, arrays: Arrays) -> Drawn:
    """What a unit at its average costs, against its selectivity: living units, darker the more often they are on."""
    return _scatter(arrays, "selectivity", "mean_lost", x="selectivity", y="accuracy lost, points", shade="share_on")


def _with(arrays: Arrays, architecture: str, *effects: str) -> list[str]:
    """The layers of an architecture that have these effects, in all of its conditions."""
    conditions = conditions_of(arrays, architecture)
    layers = layers_of(arrays, architecture)
    return [at for at in layers if all(f"{each}/{c}/{at}" in arrays for each in effects for c in conditions)]


def _confusion(ax: Axes, share: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> Any:
    """A change of the confusion matrix, in points; its rows and columns are named where it stands at an edge."""
    ax.set_axis_on()
    ax.set_box_aspect(1)
    style.class_ticks(ax, rows, axis="y")
    style.class_ticks(ax, columns, axis="x")
    ax.set_xlabel("read as" if columns else "")
    return style.heat(ax, share, low=-100, high=100, cmap=CHANGE)


def _bar(fig: Figure, image: Any, grid: np.ndarray, title: str) -> None:
    bar = fig.colorbar(image, ax=grid, aspect=50, pad=0.015)
    bar.outline.set_visible(False)
    bar.set_label(title)


def _place(scales: np.ndarray, scale: float) -> int:
    return int(np.abs(scales - scale).argmin())


def _most_important(arrays: Arrays, condition: str, layer: str) -> np.ndarray:
    """The units of the network that is shown whose ablation costs most, largest loss first."""
    accuracy, scales = arrays[f"class_accuracy/{condition}/{layer}"].astype(float), arrays["scales"]
    kept = accuracy[:, _place(scales, 0)] @ arrays[f"images/{condition}"]
    return np.argsort(kept, kind="stable")[:SHOWN]


def _curve(ax: Axes, scales: np.ndarray, accuracy: np.ndarray, names: Sequence[str]) -> None:
    """One line per class; classes that move are named where they end."""
    base = accuracy[_place(scales, 1)]
    for values, colour in zip(accuracy.T, style.CLASSES, strict=False):
        ax.plot(scales, values, color=colour, linewidth=1.2)
    ax.set(xlim=(0, 3), ylim=(-3, 103))
    style.sparse(ax, x=(0, 1, 2, 3), y=(0, 50, 100), grid="y")
    for end, side in ((0, "right"), (-1, "left")):
        moved = np.flatnonzero(np.abs(accuracy[end] - base) >= NAMED)
        moved = np.sort(moved[np.argsort(-np.abs(accuracy[end] - base)[moved], kind="stable")[:MOST_NAMED]])
        places = style.spread((accuracy[end, moved] + 3) / 106, gap=0.15)
        where: dict[str, Any] = {"ha": side, "va": "center_baseline", "transform": ax.transAxes}
        for of, place in zip(moved.tolist(), places, strict=True):
            ax.text(-0.03 if end == 0 else 1.03, place, names[of], color=style.CLASSES[of], **where)
    ax.tick_params(axis="y", pad=8 + style.LETTER * style.FONT_SIZE * max(map(len, names)))  # names stand on the left


def _scatter(
    arrays: Arrays, first: str, second: str, *, x: str, y: str, diagonal: bool = False, shade: str = ""
) -> Drawn:
    """One measure of units against another, a panel for each layer whose units have both; `shade` makes them dark."""
    named = [first, second, *filter(None, (shade,))]
    rows = rows_of(arrays, lambda arrays, architecture: _with(arrays, architecture, *named))
    fig, axes, empty = style.panels(rows, row_height=2.3, spare=True, sharex=True, sharey=True)
    table = []
    for (architecture, layer), ax in axes.items():
        for condition in conditions_of(arrays, architecture):
            alive = arrays[f"living/{condition}/{layer}"]  # (seed, unit)
            values = [arrays[f"{name}/{condition}/{layer}"].astype(float) for name in named]
            for chosen, alpha in _shades(values[2][alive]) if shade else [(slice(None), 0.55)]:
                points = np.column_stack([values[0][alive], values[1][alive]])[chosen]
                style.dots(ax, points, color=style.look(condition)["color"], size=2.6, alpha=alpha)
            table += [
                (condition, layer, s, u, *(each[s, u] for each in values)) for s, u in np.argwhere(alive).tolist()
            ]
        ax.autoscale_view()
        style.sparse(ax, grid="y")
        if layer == rows[architecture][0]:
            ax.set_ylabel(y)
        if architecture == list(rows)[-1]:
            ax.set_xlabel(x)
    if diagonal:
        for ax in axes.values():
            ax.axline((0, 0), slope=1, color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    style.key(empty[0])
    return export.done(fig, table, ("condition", "layer", "seed_rank", "unit", *named))


def _shades(shares: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Which of the units are on for up to a third of the images, up to two, and more; and how dark each are drawn."""
    third = np.clip((3 * shares).astype(int), 0, 2)
    return [(third == each, alpha) for each, alpha in enumerate((0.25, 0.5, 0.85)) if (third == each).any()]
