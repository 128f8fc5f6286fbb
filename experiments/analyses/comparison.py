"""Every measure that has one number per network, side by side: which facts of which page stand in the one table.

In: the facts of the pages that the table draws on. Out: the same facts under the names of the table's rows, each with
what it is of, and how many measures each comparison finds higher, lower, the same, or leaves undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import Any

from experiments.evidence import Grid, comparisons
from experiments.rows import FIRST, LAST, SHARED, WITHIN, Row
from experiments.statistics import Fact, constant
from experiments.verdicts import HIGHER, LOWER, VERDICTS

Facts = Mapping[str, Fact]
Networks = Mapping[str, Mapping[str, Any]]


def gather(
    *,
    facts: Mapping[str, Facts],
    networks: Networks,
    rows: Sequence[Mapping[str, Any]],
    grid: Grid,
    single: Sequence[str] = (),
    apart: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The table of all measures.

    facts: {analysis: its facts}. networks: {architecture: {"layers", "reading"}}, see `models.check`. rows: those of
    all chapters, see `rows.Row`, in their order. single: the conditions of one network. apart: {comparison of what is
    left: comparison of the whole effect}.
    Returns `facts.json`:

        comparison.<row>.<condition>, comparison.<row>.difference.<comparison>   the facts of the page as they are,
            each with `of`: {"row", "place" (from 0), "page", "measure", "meaning", "compared" (comparisons)}
        comparison.{measures,higher,lower,same,undecided}.<comparison>   how many measures it has, and what it finds of
            them; `comparison.changed.<comparison>` are higher or lower
        comparison.{alike,opposite,compared}.<axis>   how many measures it changes alike in all the comparisons along
            the axis, how many contrarily in some, and how many all of them have
        comparison.left.<comparison>, comparison.left.<page>.<comparison>   what is left of the whole effect, in %: the
            median of the measures that it changes, of all and of those of a page, where it changes any

    An architecture that lacks what a row measures is left out of the row, and a single network where the row takes two.
    Raises ValueError for a row that only some conditions of an architecture have: no measure goes missing silently.
    """
    named: dict[str, Fact] = {}
    compared: dict[str, dict[str, str]] = {name: {} for name in comparisons(grid, grid["conditions"])}
    for place, row in enumerate(Row(**row) for row in rows):
        made = facts[row.analysis or row.page]
        found = sources(row, made, networks, grid, single)
        of = {"row": row.name, "place": place, "page": row.page, "measure": row.measure, "meaning": row.meaning}
        has = [name for name in compared if f"difference.{name}" in found]
        for name, source in found.items():
            named[f"comparison.{row.name}.{name}"] = made[source] | {"of": {**of, "compared": has}}
        for name in has:
            compared[name][row.name] = made[found[f"difference.{name}"]]["verdict"]
    counts = _counts(compared, grid)
    pages = {row["name"]: row["page"] for row in ({"name": Row(**each).name, **each} for each in rows)}
    for rest, whole in apart.items():
        for page in ("", *dict.fromkeys(pages.values())):
            asked = [name for name in compared[whole] if page in ("", pages[name])]
            counts |= _left(named, compared, asked, page=page, rest=rest, whole=whole)
    return {"facts.json": named | counts}


def sources(row: Row, made: Facts, networks: Networks, grid: Grid, single: Sequence[str] = ()) -> dict[str, str]:
    """{condition or "difference.<comparison>": the name of the fact on the row's page}, where it can be compared."""
    stem = f"{row.page}.{row.fact}"
    named = {
        condition: _names(f"{stem}.{condition}", row, networks[of["architecture"]])
        for condition, of in grid["conditions"].items()
    }
    lacking = _lacking(made, named, grid) | set(single if row.paired else ())
    for name, each in grid["comparisons"].items():
        if {each["first"], each["second"]} & lacking:
            continue
        if each["axis"] == "treatment":
            named[f"difference.{name}"] = _names(f"{stem}.difference.{name}", row, networks[each["within"]])
        elif row.part not in (FIRST, WITHIN):
            names = _names(f"{stem}.difference.{name}", row, None)
            if not (_are_unlike(each, networks, grid) and made.keys().isdisjoint(names)):
                named[f"difference.{name}"] = names
    return {of: _fact(names, row, made) for of, names in named.items() if of not in lacking}


def _are_unlike(comparison: Mapping[str, str], networks: Networks, grid: Grid) -> bool:
    """Whether the units of one network's last hidden layer have places, and the other's have none: what depends on
    places is then not compared."""
    told = [networks[grid["conditions"][comparison[end]]["architecture"]] for end in ("first", "second")]
    kinds = {network["layers"][-2] in network.get("placed", ()) for network in told}
    return len(kinds) > 1


def _lacking(made: Facts, named: Mapping[str, Sequence[str]], grid: Grid) -> set[str]:
    """The conditions whose networks lack what a row measures: all of an architecture."""
    has = {grid["conditions"][of]["architecture"] for of, names in named.items() if not made.keys().isdisjoint(names)}
    return {of for of in named if grid["conditions"][of]["architecture"] not in has}


def _names(stem: str, row: Row, network: Mapping[str, Any] | None) -> list[str]:
    """What the fact of a row's part may be called: in a network by the layer that has the role, or where that is
    read."""
    if row.part not in (FIRST, LAST, SHARED):
        return [stem]
    if network is None or row.part == SHARED:
        return [f"{stem}.last"]
    layer = network["layers"][0 if row.part == FIRST else -2]
    return [f"{stem}.{layer}", f"{stem}.{network['reading'][layer]}"]


def _fact(names: Sequence[str], row: Row, made: Facts) -> str:
    for name in names:
        if name in made:
            return name
    raise ValueError(f"row {row.name!r} needs the fact {names[0]!r}, which page {row.page!r} does not have")


def _counts(compared: Mapping[str, Mapping[str, str]], grid: Grid) -> dict[str, Fact]:
    """compared: {comparison: {row: verdict}}."""
    counts: dict[str, Fact] = {}
    for comparison, verdicts in compared.items():
        numbers = {word.removeprefix("the "): list(verdicts.values()).count(word) for word in VERDICTS}
        changed = numbers["higher"] + numbers["lower"]
        for word, number in {"measures": len(verdicts), "changed": changed, **numbers}.items():
            counts[f"comparison.{word}.{comparison}"] = _count(number, of=len(verdicts))
    for axis in ("treatment", "architecture"):
        along = comparisons(grid, grid["conditions"], axis=axis)
        tables = [compared[name] for name in along if not grid["comparisons"][name]["beside"]]
        if not tables:
            continue
        shared = [row for row in tables[0] if all(row in table for table in tables)]
        words = [{table[row] for table in tables} for row in shared]
        alike = sum(each in ({HIGHER}, {LOWER}) for each in words)
        opposite = sum({HIGHER, LOWER} <= each for each in words)
        for word, number in {"compared": len(shared), "alike": alike, "opposite": opposite}.items():
            counts[f"comparison.{word}.{axis}"] = _count(number, of=len(shared))
    return counts


def _left(
    named: Facts,
    compared: Mapping[str, Mapping[str, str]],
    asked: Sequence[str],
    *,
    page: str,
    rest: str,
    whole: str,
) -> dict[str, Fact]:
    """The median, over the rows that the whole effect changes, of the size of what is left as a part of it."""
    changed = [row for row in asked if compared[whole][row] in (HIGHER, LOWER) and row in compared[rest]]
    sizes = [[abs(named[f"comparison.{row}.difference.{of}"]["value"]) for row in changed] for of in (rest, whole)]
    parts = [100 * left / before for left, before in zip(*sizes, strict=True)]
    method = "median, over the measures that the whole effect moves, of the size of what is left of it"
    name = ".".join(filter(None, ("comparison.left", page, rest)))
    return {name: constant(median(parts), unit="%", n=len(parts), method=method)} if parts else {}


def _count(number: int, *, of: int) -> Fact:
    return constant(number, unit="", n=of, method="measures counted in the table, by their verdict")
