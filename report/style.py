"""The one look of every figure: colours, lines, markers, labels and axes.

In: matplotlib artists drawn inside a function marked `@drawn`, and the names of what they stand for. Out: the same,
as every figure shows it, whatever the user's settings; export.py makes text of it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import NullLocator

from report import classes, export, lines
from report.theme import CLASSES, FONT_SIZE, GRID, INK, MUTED, PAPER, TREATMENTS

WIDTH = 7.2  # inches: the design width of a figure that fills the text column
MINUS = "\N{MINUS SIGN}"
SEVERAL = 8  # letters of a name that is cut to fit above a column
LETTER = 0.6  # width of a letter, in parts of the font's size
HEAT = "viridis"  # for images of quantities: read the same on light and on dark paper

Study = Mapping[str, Mapping[str, Any]]  # see `experiments.wiring.look`: conditions, comparisons, titles
_STUDY: ContextVar[Study] = ContextVar("study")  # what is drawn: set while a figure's function runs
_LINES = (("-", "o"), ((0, (4, 2)), "s"), ((0, (1, 1.4)), "^"), ((0, (6, 1.5, 1, 1.5)), "D"), ((0, (2, 1)), "v"))
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "interpretability",
    "path.simplify": False,
    "font.family": ["DejaVu Sans"],
    "font.size": FONT_SIZE,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 6,
    "axes.titley": 1.0,  # named, or each look for a place measures all tick labels: a tenth of a drawing's time
    "axes.labelsize": FONT_SIZE,
    "xtick.labelsize": FONT_SIZE,
    "ytick.labelsize": FONT_SIZE,
    "text.parse_math": False,  # a class may be called "$5"
    "text.color": INK,
    "axes.titlecolor": INK,
    "axes.labelcolor": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "axes.edgecolor": GRID,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "lines.solid_capstyle": "round",
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "image.cmap": HEAT,
    "image.interpolation": "none",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}


class Nothing(Exception):
    """There is nothing to draw: no network of the study has what is asked for."""


def drawn(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Mark a figure function: it runs with this look's settings, whatever the user's or the process's are.

    Every figure is handed the arrays and the facts of its page; the function is given those that it asks for. `look`
    says what conditions there are and what they are called (see `showing`).
    """
    wanted = inspect.signature(function).parameters

    @wraps(function)
    def with_settings(*, look: Study | None = None, **inputs: Any) -> dict[str, Any]:
        with mpl.rc_context(), showing(look if look is not None else study()):
            mpl.rcdefaults()
            mpl.rcParams.update(_SETTINGS)
            if isinstance(inputs.get("arrays"), Mapping):
                inputs["arrays"] = _drawable(inputs["arrays"], study().get("undrawn", ()))
            try:
                return function(**{name: value for name, value in inputs.items() if name in wanted})
            except Nothing:
                fig, ax = figure(height=0.6)
                ax.set_axis_off()
                ax.text(0, 0.5, "No network of this study has what would be shown here.", color=MUTED, va="center")
                return export.done(fig, [], ("nothing",))

    return with_settings


def _drawable(arrays: Mapping[str, np.ndarray], undrawn: Iterable[str]) -> Mapping[str, np.ndarray]:
    """The arrays, but those of what is not drawn: a part of their names says of which condition or comparison they are,
    and `conditions` and `treatments` list what is to be drawn."""
    hidden = {*undrawn}
    kept = {name: value for name, value in arrays.items() if hidden.isdisjoint(re.split("[/.]", name))}
    for listed in ("conditions", "treatments"):
        if listed in kept:
            kept[listed] = np.array([name for name in kept[listed].tolist() if name in study()[listed]])
    return kept


@contextmanager
def showing(look: Study) -> Iterator[None]:
    """Within the block, figures are of this study: its order, its titles, and a colour or line for each name."""
    token = _STUDY.set(look)
    try:
        yield
    finally:
        _STUDY.reset(token)


def study() -> Study:
    """What is drawn: {"conditions", "comparisons", "architectures", "treatments"}. Raises RuntimeError where nothing
    says so."""
    try:
        return _STUDY.get()
    except LookupError:
        raise RuntimeError("a figure is drawn of no study: hand it `look`, or draw within style.showing") from None


def figure(
    *, height: float, width: float = WIDTH, nrows: int = 1, ncols: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure of `width` x `height` inches and its axes, as `Figure.subplots` hands them out.

    `subplots` go to `Figure.subplots` (sharex, sharey, squeeze, width_ratios, height_ratios).
    Raises RuntimeError outside a function marked `@drawn`, where the look would be lost.
    """
    if mpl.rcParams["svg.hashsalt"] != _SETTINGS["svg.hashsalt"]:
        raise RuntimeError("style.figure was called outside a function marked @style.drawn; mark the function")
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(nrows=nrows, ncols=ncols, **subplots)


def panels(
    rows: Mapping[str, Sequence[str]], *, row_height: float, align: str = "end", spare: bool = False, **subplots: Any
) -> tuple[Figure, dict[tuple[str, str], Axes], list[Axes]]:
    """Small multiples: a row for each architecture, a panel for each of its layers or hook points.

    Rows are aligned at their ends (or, with `align="start"`, at their beginnings), so that last hidden layers and
    logits stand below each other; panels are titled by architecture and layer. A row is named by its
    architecture; what follows a colon only tells rows apart. Returns the figure, {(row, name): axes}, and the
    empty axes that are left over, where a key may go: `spare` asks for one at least.
    """
    if not rows:
        raise Nothing
    lengths = {len(names) for names in rows.values()}
    ncols = max(lengths) + (spare and len(lengths) == 1)
    fig, grid = figure(height=row_height * len(rows), nrows=len(rows), ncols=ncols, squeeze=False, **subplots)
    placed: dict[tuple[str, str], Axes] = {}
    empty: list[Axes] = []
    for axes, (architecture, names) in zip(grid, rows.items(), strict=True):
        begin = ncols - len(names) if align == "end" else 0
        for ax in (*axes[:begin], *axes[begin + len(names) :]):
            ax.set_axis_off()
            empty.append(ax)
        for ax, name in zip(axes[begin:], names, strict=False):
            placed[architecture, name] = ax
            ax.set_title(f"{label(architecture.partition(':')[0])}, {layer_label(name.partition('.')[0]).lower()}")
        axes[begin].tick_params(axis="y", labelleft=True)  # where axes are shared, only an outer panel has labels
    return fig, placed, empty


def across(count: int, *, most: int = 4) -> tuple[int, int]:
    """Rows and columns for so many panels of one kind: at most `most` beside each other, and rows of like length."""
    rows = -(-count // most)
    return rows, -(-count // rows)


def beside(count: int, *, reach: float = 0.18) -> np.ndarray:
    """How far from their common place so many things stand that are shown side by side; at most `reach`."""
    return np.linspace(-reach, reach, count) if count > 1 else np.zeros(1)


def key(
    ax: Axes, *, x: float = 0.0, y: float = 1.0, notes: Sequence[str] = (), conditions: Iterable[str] | None = None
) -> None:
    """Name the treatments, all or those of some conditions, each in its colour and below the other, from (x, y) in
    parts of the axes; then `notes`."""
    points, known = _size(ax)[1], study()
    of = {name: each["treatment"] for name, each in known["conditions"].items()}
    asked = dict.fromkeys(known["treatments"] if conditions is None else (of[each] for each in conditions))
    treatments = [(known["treatments"][name], look_of(treatment=name)["color"]) for name in asked]
    for line, (text, colour) in enumerate([*treatments, *((note, MUTED) for note in notes)]):
        gap = 0.5 if line >= len(treatments) else 0.0
        place = y - (line + gap) * 1.3 * FONT_SIZE / points
        ax.text(x, place, text, color=colour, transform=ax.transAxes, va="top")


def errors(accuracy: np.ndarray, *, fewest: float = 0.1) -> np.ndarray:
    """The share of errors in percent, with a floor so that a flawless network has a place on a logarithmic scale."""
    return np.maximum(100 - accuracy, fewest)


def accuracy_axis(ax: Axes, shares: Iterable[float], *, unit: str = "") -> None:
    """A logarithmic axis of errors, upside down, with accuracies written beside it: those within the data's range."""
    ax.set_yscale("log")
    value_ticks(ax, {100 - share: f"{share:g}{unit}" for share in shares})
    ax.invert_yaxis()
    ax.fmt_ydata = lambda errors: 100 - errors  # type: ignore[assignment, return-value]


def powers(ax: Axes) -> None:
    """Ticks of a logarithmic upright axis as powers of ten: 10³."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    ax.yaxis.set_major_formatter(lambda value, _: "10" + f"{np.log10(value):.0f}".translate(raised))


def value_ticks(ax: Axes, labels: Mapping[float, str]) -> None:
    """Of these ticks of the upright axis, those within the range of the data."""
    low, high = ax.get_ylim()
    shown = {place: text for place, text in labels.items() if low <= place <= high}
    ax.set_yticks(list(shown), list(shown.values()))
    ax.yaxis.set_minor_locator(NullLocator())
    sparse(ax, grid="y")


def look(condition: str) -> dict[str, Any]:
    """Colour, line style and marker of a condition: treatments differ in colour, architectures in shape."""
    of = study()["conditions"][condition]
    return look_of(architecture=of["architecture"], treatment=of["treatment"])


def look_of(*, architecture: str = "", treatment: str = "") -> dict[str, Any]:
    """The same of an architecture alone, in ink, or of a treatment alone, with a mark that no architecture has."""
    linestyle, marker = ("-", "D") if not architecture else _nth(_LINES, "architectures", architecture)
    colour = INK if not treatment else _nth(TREATMENTS, "treatments", treatment)
    return {"color": colour, "linestyle": linestyle, "marker": marker}


def label(name: str) -> str:
    """A condition, an architecture or a treatment as a reader says it: a condition's is "MLP, raw"."""
    shown = study()
    if name in shown["conditions"]:
        of = shown["conditions"][name]
        return f"{shown['architectures'][of['architecture']]}, {shown['treatments'][of['treatment']]}"
    return shown["architectures"].get(name) or shown["treatments"].get(name) or name


def architecture(condition: str) -> str:
    """The name of a condition's architecture."""
    return study()["conditions"][condition]["architecture"]


def treatment(condition: str) -> str:
    """What a condition's treatment is called."""
    return study()["treatments"][study()["conditions"][condition]["treatment"]]


def difference(comparison: str) -> str:
    """A comparison as a reader says it: "MLP: normalized − raw"."""
    shown = study()
    of = shown["comparisons"][comparison]
    first, second = (shown["conditions"][of[end]][of["axis"]] for end in ("first", "second"))
    return f"{label(of['within'])}: {label(first)} {MINUS} {label(second)}"


def _nth(looks: Sequence[Any], axis: str, name: str) -> Any:
    return looks[list(study()[axis]).index(name) % len(looks)]


def layer_label(name: str) -> str:
    """A layer or a hook point as a reader says it: `hidden1.pre` is "Hidden 1, before ReLU"."""
    layer, _, point = name.partition(".")
    title = re.sub(r"(\d+)$", r" \1", layer).capitalize()
    where = {"": "", "pre": ", before ReLU", "post": ", after ReLU", "pooled": ", pooled"}
    return title + where.get(point, f", {point}")


def present(names: Iterable[str]) -> list[str]:
    """Those conditions that are drawn, in the order in which every figure shows them."""
    there = set(names)
    return [condition for condition in study()["conditions"] if condition in there]


def curve(ax: Axes, x: np.ndarray, values: np.ndarray, condition: str, *, of: str = "", **options: Any) -> None:
    """The mean over seeds of `values` (seed, x), with a band from the lowest seed to the highest.

    `of` says what it is of where a panel has several lines of a condition.
    """
    style = look(condition)
    ax.fill_between(x, values.min(axis=0), values.max(axis=0), color=style["color"], alpha=0.18, linewidth=0)
    name = ", ".join(part for part in (label(condition), of) if part)
    line = {"color": style["color"], "linestyle": style["linestyle"], "label": name, **options}
    ax.plot(x, values.mean(axis=0), **line)


def end_labels(
    ax: Axes, ends: Sequence[tuple[float, str, str]], *, size: float = FONT_SIZE, offset: float = 0.02
) -> None:
    """Write (y, text, colour) to the right of the axes, each as near to its y as non-overlap allows.

    Call it last: it reads the axes' limits, scale and height.
    """
    _, points = _size(ax)
    heights = [ax.transAxes.inverted().transform(ax.transData.transform((ax.get_xlim()[0], y)))[1] for y, _, _ in ends]
    places = spread(np.array(heights, dtype=float), gap=1.25 * size / points)
    for place, (_, text, colour) in zip(places, ends, strict=True):
        ax.text(1 + offset, place, text, color=colour, fontsize=size, transform=ax.transAxes, va="center_baseline")


def _size(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in points, before the layout is settled: near enough to space text."""
    box, page = ax.get_position(), ax.figure.bbox
    return 72 * box.width * page.width / ax.figure.dpi, 72 * box.height * page.height / ax.figure.dpi


def spread(places: np.ndarray, *, gap: float) -> np.ndarray:
    """The nearest places (least squares) that keep the order and lie at least `gap` apart, within [0, 1].

    This is isotonic regression of places minus their rank times the gap, by pooling adjacent violators.
    """
    order = np.argsort(places, kind="stable")
    ranks = np.arange(len(places)) * gap
    pools: list[tuple[float, int]] = []
    for value in places[order] - ranks:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            before, size = pools.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        pools.append((mean, count))
    flat = np.concatenate([np.full(count, mean) for mean, count in pools]) if pools else np.zeros(0)
    top = max(0.0, 1 - (len(places) - 1) * gap)
    result = np.empty(len(places))
    result[order] = np.clip(flat, 0, top) + ranks
    return result


def sparse(
    ax: Axes, *, x: Iterable[float] | None = None, y: Iterable[float] | None = None, grid: Literal["", "x", "y"] = ""
) -> None:
    """Keep only the ticks named here; `grid` ("x" or "y") draws faint lines at them and drops that spine."""
    if x is not None:
        ax.set_xticks(list(x))
    if y is not None:
        ax.set_yticks(list(y))
    if grid:
        ax.grid(axis=grid)
        ax.set_axisbelow(True)
        ax.spines["left" if grid == "y" else "bottom"].set_visible(False)
        ax.tick_params(axis=grid, length=0)


def epoch_axis(ax: Axes, epochs: int, *, first: int = 0, title: bool = True) -> None:
    """An axis over epochs `first` to `epochs`, ticked at its ends and in the middle.

    It goes on to where the longest line of the axes ends, and of those that share it. On the page the reader can step
    through it: every line that has a label is read out at each epoch, as what `ax.fmt_ydata` makes of its y where the
    axes have one.
    """
    ax.set_label(lines.OVER_EPOCHS)
    drawn = [line for other in ax.get_shared_x_axes().get_siblings(ax) for line in other.get_lines() if _is_named(line)]
    epochs = max([epochs, *(int(max(line.get_xdata())) for line in drawn)])
    ax.set_xlim(first, max(epochs, first + 1))
    ax.set_xticks(sorted({first, epochs // 2, epochs} if epochs // 2 > first else {first, epochs}))
    if title:
        ax.set_xlabel("epoch")


def _is_named(line: Line2D) -> bool:
    return not str(line.get_label()).startswith("_")


def moment(epoch: int) -> str:
    """When a network was read: untrained, after an epoch, or, where networks were trained for different numbers of
    them, which -1 stands for, at the end."""
    return {0: "untrained", -1: "the end"}.get(epoch, f"epoch {epoch}")


def heat(ax: Axes, values: np.ndarray, *, low: float, high: float, cmap: str = HEAT, **options: Any) -> Any:
    """A matrix as an image, one pixel per number, embedded as PNG. Returns the image, for a colour bar."""
    image = ax.imshow(values, vmin=low, vmax=high, cmap=cmap, aspect="auto", interpolation="none", **options)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return image


def dots(ax: Axes, points: np.ndarray, *, color: str, size: float = 2.0, alpha: float = 1.0) -> None:
    """Many round dots at `points` (n, 2) as one vector path: sharp at any size, and they follow the dark theme."""
    vertices = np.repeat(np.asarray(points, dtype=float), 2, axis=0)
    path = Path(vertices, np.tile([Path.MOVETO, Path.LINETO], len(points)))
    ax.add_patch(PathPatch(path, color=color, fill=False, linewidth=size, capstyle="round", alpha=alpha))


def class_labels(ax: Axes, points: np.ndarray, names: Sequence[str], *, halo: str) -> None:
    """Name each class at its place (class, 2), shortly and within the axes, on a halo of paper. `halo` must be unique
    within the figure. `class_key` tells what short names stand for."""
    for number, ((x, y), name) in enumerate(zip(points, classes.codes(names), strict=True)):
        ax.text(
            x,
            y,
            name,
            color=INK,
            ha="center",
            va="center_baseline",
            fontweight="bold",
            gid=f"halo-{halo}-{number}",
            in_layout=False,
        )


def class_columns(ax: Axes, places: Sequence[float] | np.ndarray, names: Sequence[str]) -> None:
    """Name the classes above the columns of an image: cut where they are too wide, upright where far too wide."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    wide, high = _size(ax)
    room = min(wide, high * abs((right - left) / (top - bottom))) / len(names)
    letters = int(0.9 * room / (LETTER * FONT_SIZE))
    flat = max(map(len, names)) <= letters or letters >= SEVERAL
    shown = classes.fitted(names, letters if flat else 2 * SEVERAL)
    ax.set_xticks(places, shown, rotation=0 if flat else 90)
    ax.tick_params(axis="x", length=0, labelcolor=INK, labeltop=True, labelbottom=False)


def class_key(fig: Figure, names: Sequence[str]) -> None:
    """Below the figure, which it makes higher, what the short names of classes stand for, where they are shortened."""
    width, height = fig.get_size_inches()
    lines = classes.key(names, width=round(width * 72 / (LETTER * FONT_SIZE)))
    if lines:
        fig.set_size_inches(width, height + 1.3 * FONT_SIZE / 72 * len(lines))
        fig.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=FONT_SIZE, color=MUTED)


def class_ticks(ax: Axes, names: Sequence[str], *, axis: Literal["x", "y", "both"]) -> None:
    """Name the classes 0, 1, ... along one axis or both: as many as there is room for, upright below columns if that
    makes more. No names, no ticks."""
    width, height = _size(ax)
    room = {"x": height, "y": width, "both": min(width, height)}[axis]  # across the axis, which names may take half of
    shown = classes.fitted(names, max(classes.SHORT, int(0.5 * room / (LETTER * FONT_SIZE)))) if names else []
    longest = LETTER * FONT_SIZE * max(map(len, shown), default=0)
    line = 1.3 * FONT_SIZE
    flat, upright, down = (
        max(1, -int(-len(shown) * each // of)) for each, of in ((longest + 12, width), (line, width), (line, height))
    )
    across = flat if longest < 2 * FONT_SIZE else min(flat, upright)
    step = {"x": across, "y": down, "both": max(across, down)}[axis]
    places = range(0, len(shown), step)
    if axis != "y":
        ax.set_xticks(places, [shown[place] for place in places], rotation=90 if step < flat else 0)
    if axis != "x":
        ax.set_yticks(places, [shown[place] for place in places])


__all__ = [
    "CLASSES", "FONT_SIZE", "GRID", "HEAT", "INK", "MINUS", "MUTED", "PAPER", "TREATMENTS", "WIDTH",
    "across", "architecture", "beside", "class_columns", "class_key", "class_labels", "class_ticks", "curve",
    "difference", "dots", "drawn", "end_labels", "epoch_axis", "figure", "heat", "key", "label", "layer_label", "look",
    "look_of", "panels", "present", "showing", "sparse", "spread", "study", "treatment",
]  # fmt: skip
