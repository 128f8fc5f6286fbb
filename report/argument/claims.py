"""Claims: a sentence that a person wrote, and the condition over facts under which it may stand.

In: verdicts and numbers of facts. Out: a check, which holds or does not, and knows the facts that it rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from experiments.verdicts import UNDECIDED, VERDICTS
from report.argument import facts as wording
from report.argument.known import Known, Place, Titled


@dataclass(frozen=True)
class Row:
    """A fact that a check rests on: its name, its measure, and in words what it is of and where in that."""

    name: str
    of: str
    measure: str
    at: str = ""


Rows = tuple[Row, ...]
AT = {"first": "first layer", "last": "last hidden layer"}  # what pages call these places, in a table of facts


@dataclass(frozen=True)
class Check:
    """Whether a condition holds, in words what it asks, and the facts that decide it."""

    holds: bool
    asks: str
    rows: tuple[Row, ...]

    def __and__(self, other: Check) -> Check:
        return Check(self.holds and other.holds, f"{self.asks}, and {other.asks}", self.rows + other.rows)

    def __or__(self, other: Check) -> Check:
        return Check(self.holds or other.holds, f"{self.asks}, or {other.asks}", self.rows + other.rows)

    def __invert__(self) -> Check:
        return Check(not self.holds, f"not: {self.asks}", self.rows)

    def __bool__(self) -> bool:
        return self.holds


@dataclass(frozen=True)
class Checks:
    """The checks that a page may make of a study's facts. Where there is nothing to check, none holds.

    A network may lack a measure: without a ReLU no unit is dead. In a `strict` study a fact that is missing is an
    error; in any other a check rests on the facts that are there, and does not hold if one is missing.
    """

    known: Known
    strict: bool = True

    def every(self, word: str, measure: str, among: Iterable[Place], *at: Place) -> Check:
        """The verdict is the same word everywhere."""
        return self._verdicts("every", word, measure, list(among), at, lambda given: bool(given) and all(given))

    def some(self, word: str, measure: str, among: Iterable[Place], *at: Place) -> Check:
        """The verdict is the word somewhere."""
        return self._verdicts("some", word, measure, list(among), at, any)

    def nowhere(self, word: str, measure: str, among: Iterable[Place], *at: Place) -> Check:
        """The verdict is the word nowhere, and is told everywhere: of one seed nothing is shown, nor that it is not."""
        found = self._verdicts("none", word, measure, list(among), at, lambda given: bool(given) and not any(given))
        told = all(_has_spread(self.known.facts[row.name]) for row in found.rows)
        return replace(found, holds=found.holds and told)

    def at_least(self, least: float, measure: str, among: Iterable[Place], *at: Place) -> Check:
        """The interval lies at or above a number everywhere; a fact without an interval counts with its value."""
        return self._bounds("at least", least, measure, list(among), at, lambda low, _: low >= least)

    def at_most(self, most: float, measure: str, among: Iterable[Place], *at: Place) -> Check:
        """The interval lies at or below a number everywhere."""
        return self._bounds("at most", most, measure, list(among), at, lambda _, high: high <= most)

    def above(self, measure: str, among: Iterable[Place], other: Place, *at: Place) -> Check:
        """The value is larger in each of several places than in another one."""
        places = [*among]
        rows = self.rows(measure, [*places, other], at)
        values = [self.known.facts[row.name]["value"] for row in rows]
        holds = 1 < len(rows) == len(places) + 1 and min(values[:-1]) > values[-1]
        return Check(holds, f"{measure} above {titled(other)}", rows)

    def at_most_part(self, part: float, measure: str, of: str, among: Iterable[Place], *at: Place) -> Check:
        """All of a measure's interval is, in size, at most some part of another measure's value, everywhere."""
        some = list(among)
        rows = self.rows(of, some, at), self.rows(measure, some, at)
        holds = self._paired(rows, len(some), lambda whole, _, far: far <= part * whole)
        return Check(holds, f"{measure} at most {part} of {of}", (*rows[0], *rows[1]))

    def shrinks(self, part: float, measure: str, groups: Iterable[Sequence[Place]], *at: Place) -> Check:
        """In each group of places all of the last interval is, in size, at most some part of the first value."""
        rows = self._ends(measure, found := [*groups], at)
        holds = self._paired(rows, len(found), lambda whole, _, far: far <= part * whole)
        return Check(holds, f"{measure} at most {part} of what it was", (*rows[0], *rows[1]))

    def carries(self, part: float, measure: str, groups: Iterable[Sequence[Place]], *at: Place) -> Check:
        """In each group of places all of the last one's interval has the first's sign, and at least some part of its
        value."""
        rows = self._ends(measure, found := [*groups], at)
        holds = self._paired(rows, len(found), lambda whole, near, _: near >= part * whole)
        return Check(holds, f"{measure} at least {part} of what it was", (*rows[0], *rows[1]))

    def _ends(self, measure: str, groups: Sequence[Sequence[Place]], at: tuple[Place, ...]) -> tuple[Rows, Rows]:
        first, last = ([each[end] for each in groups] for end in (0, -1))
        return self.rows(measure, first, at), self.rows(measure, last, at)

    def _paired(self, rows: tuple[Rows, Rows], count: int, decide: Callable[[float, float, float], bool]) -> bool:
        """Whether something holds in every pair of facts: of the size of the first, and, seen in its direction, of the
        nearest end of the second's interval and the size of its farthest."""
        wholes, others = ([self.known.facts[row.name] for row in each] for each in rows)
        given = []
        for whole, other in zip(wholes, others, strict=False):
            sign = 1 if whole["value"] >= 0 else -1
            ends = [sign * (other["value"] if other[end] is None else other[end]) for end in ("low", "high")]
            given.append(decide(abs(whole["value"]), min(ends), max(map(abs, ends))))
        return 0 < count == len(wholes) == len(others) and all(given)

    def _verdicts(
        self,
        how: str,
        word: str,
        measure: str,
        among: Sequence[Place],
        at: tuple[Place, ...],
        decide: Callable[[list[bool]], bool],
    ) -> Check:
        if word not in VERDICTS:
            raise ValueError(f"{word!r} is no verdict; there are {', '.join(map(repr, VERDICTS))}")
        rows = self.rows(measure, among, at)
        given = [_verdict(self.known.facts[row.name]) == word for row in rows]
        return Check(len(rows) == len(among) and decide(given), f"{measure} {word} in {how}", rows)

    def _bounds(
        self,
        how: str,
        bound: float,
        measure: str,
        among: Sequence[Place],
        at: tuple[Place, ...],
        decide: Callable[[float, float], bool],
    ) -> Check:
        rows = self.rows(measure, among, at)
        facts = [self.known.facts[row.name] for row in rows]
        ends = [tuple(f["value"] if f[end] is None else f[end] for end in ("low", "high")) for f in facts]
        holds = 0 < len(ends) == len(among) and all(decide(*end) for end in ends)
        return Check(holds, f"{measure} {how} {bound} everywhere", rows)

    def rows(self, measure: str, among: Sequence[Place], at: tuple[Place, ...]) -> tuple[Row, ...]:
        """The facts of a measure at several places, as far as they are there."""
        there = [each for each in among if self.strict or self.known.has(measure, each, *at)]
        where = ", ".join(AT.get(titled(each), titled(each)) for each in at)
        return tuple(Row(self.known.name(measure, each, *at), titled(each), measure, where) for each in there)


def titled(place: Place) -> str:
    """What a reader calls a place: its title where it has one."""
    return place.title if isinstance(place, Titled) else str(place)


def _verdict(fact: wording.Fact) -> str:
    """A mean of one seed says as little as a difference of one."""
    return wording.verdict(fact) if "verdict" in fact or _has_spread(fact) else UNDECIDED


def _has_spread(fact: wording.Fact) -> bool:
    """Whether several seeds tell how far a fact may be trusted."""
    return "equal" in fact or fact["low"] is not None
