"""The figure of what lies between two networks: accuracy along the straight line from the one's weights to the other's.

In: arrays of experiments.analyses.alignment. Out: the drawing as SVG, and the numbers in it as CSV.
"""

from __future__ import annotations

from report import export, style
from report.arrays import Arrays

WAYS = {"plain": ("as they are", (0, (2, 2))), "reordered": ("units reordered", "-")}


@style.drawn
def line(*, arrays: Arrays) -> dict[str, str]:
    """Accuracy along the line, a panel for each kind of pair, a line for each way; bands span the pairs."""
    places = arrays["places"].tolist()
    if not places:
        raise style.Nothing
    down, across = style.across(len(places), most=3)
    fig, axes = style.figure(height=2.1 * down, nrows=down, ncols=across, sharex=True, sharey=True, squeeze=False)
    rows = []
    for ax in axes.flat[len(places) :]:
        ax.set_axis_off()
    for ax, place in zip(axes.flat, places, strict=False):
        colour = _colour(place)
        for way, (_, dashes) in WAYS.items():
            curves = arrays[f"accuracy/{way}/{place}"]
            ax.fill_between(
                arrays["shares"], curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0
            )
            ax.plot(arrays["shares"], curves.mean(axis=0), color=colour, linestyle=dashes)
            summary = zip(arrays["shares"], curves.mean(axis=0), curves.min(axis=0), curves.max(axis=0), strict=True)
            rows += [(place, way, *each) for each in summary]
        ax.set_title(_title(place))
        ax.set_xticks([0, 0.5, 1], ["first", "half way", "second"])
        ax.set_ylim(0, 101)
    for ax in axes[:, 0]:
        ax.set_ylabel("accuracy, in %")
    for height, (said, dashes) in zip((0.2, 0.07), WAYS.values(), strict=True):
        axes[0, 0].plot([0.06, 0.2], [100 * height] * 2, color=style.MUTED, linestyle=dashes)
        axes[0, 0].text(0.24, 100 * height, said, color=style.MUTED, va="center")
    return export.done(
        fig, rows, ("pairs", "second network", "share of the way", "mean accuracy in %", "lowest", "highest")
    )


def _title(place: str) -> str:
    """What a panel's pairs are: of one seed and two treatments, or of two seeds."""
    of = style.study()["comparisons"].get(place)
    if of is None:
        return f"{style.label(place)}:\ntwo seeds"
    first, second = (style.treatment(of[end]) for end in ("second", "first"))
    return f"{style.label(of['within'])}, {first} to {second}:\none seed"


def _colour(place: str) -> str:
    of = style.study()["comparisons"].get(place)
    return style.INK if of is not None else style.look(place)["color"]
