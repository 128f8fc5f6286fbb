"""Every measure that has one number per network, side by side: which facts of which page stand in the one table.

In: the facts of the pages that the table draws on. Out: the same facts under the names of the table's rows, each with
what it is of, and how many measures each comparison finds higher, lower, or not detectably different.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.analyses.grid import COMPARISONS
from experiments.statistics import Fact, constant

Facts = Mapping[str, Fact]


@dataclass(frozen=True)
class Part:
    """What the pages call the part of a network that a measure is read on: in each architecture, and between them."""

    mlp: str = ""
    cnn: str = ""
    both: str = ""
    compared: tuple[str, ...] = tuple(COMPARISONS)


WHOLE = Part()
FIRST = Part("hidden1", "conv1", compared=("mlp", "cnn"))  # layers too unlike to compare between architectures
WITHIN = Part(compared=("mlp", "cnn"))
LAST = Part("hidden2", "hidden3", "last")  # the last hidden layer, sixteen units in both
LAST_POST = Part("hidden2.post", "hidden3.post", "last")
LAST_SHARED = Part("last", "last", "last")


@dataclass(frozen=True)
class Row:
    """A row of the table: the fact of a page, where it is read, and how a reader says it."""

    page: str
    fact: str
    part: Part
    measure: str
    meaning: str  # what is counted, and in what
    analysis: str = ""  # whose facts these are, where not those of the analysis that is named as the page

    @property
    def name(self) -> str:
        return f"{self.page}-{self.fact}".replace(".", "-")


ROWS = (
    Row("training", "first_epoch", WHOLE, "accuracy after one epoch", "share of the test images read correctly"),
    Row("training", "epochs_to.90", WHOLE, "epochs to 90 % accuracy", "epochs, at most those that it was trained for"),
    Row("training", "test_accuracy", WHOLE, "accuracy at the end", "share of the test images read correctly"),
    Row("training", "test_loss", WHOLE, "test loss at the end", "cross-entropy per image"),
    Row("training", "gap", WHOLE, "generalization gap", "accuracy on training images minus that on test images"),
    Row("training", "confidence", WHOLE, "confidence", "mean probability of the reading that is given"),
    Row("training", "overconfidence", WHOLE, "overconfidence", "confidence minus accuracy; below zero is too modest"),
    Row("activations", "mean_shift", LAST_POST, "drift of the mean", "in standard deviations of the untrained layer"),
    Row("activations", "spread_ratio", LAST_POST, "growth of the spread", "trained, as a multiple of untrained"),
    Row("health", "dead", WHOLE, "dead units", "share of the hidden units that are off for every image"),
    Row("health", "always", WHOLE, "always-on units", "share of the hidden units that are on for nearly every image"),
    Row("health", "zero_gradient", WHOLE, "units without gradient", "share of the hidden units, in the last epoch"),
    Row("health", "gradient_start", FIRST, "gradient at the start", "norm in the first layer, first epoch"),
    Row("health", "update_start", FIRST, "step size at the start", "step over weights, log10, first layer"),
    Row("geometry", "silhouette", LAST_POST, "silhouette", "how far apart the digits lie, at most one"),
    Row("geometry", "silhouette_plane", LAST_POST, "silhouette on a plane", "the same on two principal components"),
    Row("geometry", "dimension", LAST_POST, "effective dimension", "dimensions that the activations use"),
    Row("geometry", "plane_variance", LAST_POST, "variance on a plane", "share on the first two principal components"),
    Row("geometry", "knn", LAST_POST, "k-NN accuracy", "images whose ten nearest neighbours vote right", "neighbours"),
    Row("geometry", "linear_probe", LAST_POST, "linear probe", "images that a straight cut tells right", "neighbours"),
    Row("geometry", "knn_plane", LAST_POST, "k-NN on a plane", "on two principal components", "neighbours"),
    Row(
        "geometry", "trustworthiness_plane", LAST_POST, "trust in a plane", "neighbours drawn that are so", "neighbours"
    ),
    Row("selectivity", "selectivity", LAST, "class selectivity", "mean over units: one answers to one digit only"),
    Row("selectivity", "participation", LAST, "digits per unit", "participation ratio of a unit’s class means"),
    Row("selectivity", "specialists", LAST, "specialists", "share of units that answer to fewer than two digits"),
    Row("interventions", "lost", LAST, "cost of a unit", "accuracy lost with the unit switched off, on average"),
    Row("interventions", "worst", LAST, "cost to the worst digit", "accuracy lost by the digit that needs it most"),
    Row("interventions", "tripled", LAST, "cost of a unit tripled", "accuracy lost with it turned up, on average"),
    Row("interventions", "bottlenecks", LAST, "bottlenecks", "units whose loss costs some digit fifty points or more"),
    Row("interventions", "attractors", LAST, "attractors", "units that, tripled, pull many images into one digit"),
    Row("interventions", "correlation", LAST, "selectivity with cost", "rank correlation over units"),
    Row("similarity", "settled", LAST, "time to settle", "epochs until the layer is nearly what it will be"),
    Row("similarity", "cka.untrained", LAST_SHARED, "likeness to untrained", "CKA of the layer, trained and untrained"),
    Row("similarity", "cka.seeds", LAST_SHARED, "likeness between seeds", "CKA of the layer in two trained networks"),
    Row("features", "saliency_border", WHOLE, "saliency on the border", "share on pixels that are hardly ever lit"),
    Row("features", "saliency_ink", WHOLE, "saliency on ink", "share on the lit pixels of the image"),
    Row("features", "saliency_roughness", WHOLE, "roughness of saliency", "how unlike neighbouring pixels are"),
    Row("features", "weight_roughness", WITHIN, "roughness of weights", "how unlike neighbours are, first layer"),
    Row("features", "norm_growth", WITHIN, "growth of weights", "norm of the first layer, trained over untrained"),
    Row("superposition", "interference", LAST, "interference", "mean squared cosine between digits’ directions"),
    Row("superposition", "units", LAST, "units per digit", "over how many units a digit’s direction is spread"),
    Row("superposition", "confused", WHOLE, "overlap with confusion", "rank correlation over pairs of digits"),
)
EFFECTS = {"normalization": ("mlp", "cnn"), "convolution": ("raw", "normalized")}


def gather(*, facts: Mapping[str, Facts], rows: tuple[Row, ...] = ROWS) -> dict[str, Any]:
    """The table of all measures: the rows of those analyses whose facts are handed in.

    facts: {analysis: its facts}. Returns `facts.json`:

        comparison.<row>.<condition>, comparison.<row>.difference.<comparison>   the facts of the page as they are,
            each with `of`: {"row", "place" (from 0), "page", "measure", "meaning", "compared" (comparisons)}
        comparison.{measures,higher,lower,undetected}.<comparison>   how many measures it has, and what it finds of them
        comparison.{same,opposite,compared}.<normalization or convolution>   how many measures it changes alike in its
            two comparisons, how many contrarily, and how many have both

    Raises ValueError for a row whose page was handed in without its facts: no measure goes missing silently.
    """
    chosen = [row for row in rows if (row.analysis or row.page) in facts]
    named: dict[str, Fact] = {}
    for place, row in enumerate(chosen):
        of = {"row": row.name, "place": place, "page": row.page, "measure": row.measure, "meaning": row.meaning}
        of["compared"] = list(row.part.compared)
        made = facts[row.analysis or row.page]
        for name, source in sources(row).items():
            if source not in made:
                raise ValueError(f"row {row.name!r} needs the fact {source!r}, which page {row.page!r} does not have")
            named[f"comparison.{row.name}.{name}"] = made[source] | {"of": of}
    return {"facts.json": named | _counts(chosen, named)}


def sources(row: Row) -> dict[str, str]:
    """{condition or "difference.<comparison>": the name of the fact on the row's page}."""
    found = {}
    stem = f"{row.page}.{row.fact}"
    for condition in sorted({condition for pair in COMPARISONS.values() for condition in pair}):
        found[condition] = _joined(stem, condition, getattr(row.part, condition.partition("-")[0]))
    for comparison in row.part.compared:
        part = getattr(row.part, comparison if comparison in ("mlp", "cnn") else "both")
        found[f"difference.{comparison}"] = _joined(stem, "difference", comparison, part)
    return found


def verdict(fact: Fact) -> str:
    """What a difference's interval says: "higher", "lower" or, where it holds zero or is missing, "undetected"."""
    if fact["low"] is not None and fact["low"] > 0:
        return "higher"
    return "lower" if fact["high"] is not None and fact["high"] < 0 else "undetected"


def _counts(rows: list[Row], named: Mapping[str, Fact]) -> dict[str, Fact]:
    found = {
        comparison: {
            row.name: verdict(named[f"comparison.{row.name}.difference.{comparison}"])
            for row in rows
            if comparison in row.part.compared
        }
        for comparison in COMPARISONS
    }
    counts: dict[str, Fact] = {}
    for comparison, verdicts in found.items():
        numbers = {word: list(verdicts.values()).count(word) for word in ("higher", "lower", "undetected")}
        for word, number in {"measures": len(verdicts), **numbers}.items():
            counts[f"comparison.{word}.{comparison}"] = _count(number, of=len(verdicts))
    for effect, (first, second) in EFFECTS.items():
        both = [{found[first][row], found[second][row]} for row in found[first] if row in found[second]]
        same = sum(words in ({"higher"}, {"lower"}) for words in both)
        opposite = sum(words == {"higher", "lower"} for words in both)
        for word, number in {"compared": len(both), "same": same, "opposite": opposite}.items():
            counts[f"comparison.{word}.{effect}"] = _count(number, of=len(both))
    return counts


def _count(number: int, *, of: int) -> Fact:
    return constant(number, unit="", n=of, method="measures counted in the table, by the verdict of their interval")


def _joined(*parts: str) -> str:
    return ".".join(filter(None, parts))
