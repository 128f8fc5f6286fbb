"""Evidence marks: a small plot and a table behind a sentence, of the facts that it rests on.

In: facts and what they are of. Out: HTML that opens without a script; in print and for search it is there as a table.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from report import facts as wording
from report.facts import Fact

WIDTH, LINE, EDGE = 220, 18, 10  # of the plot, in CSS pixels: its width, a row, and the space at both ends


def mark(rows: Sequence[tuple[str, Fact]], *, label: str = "evidence") -> str:
    """A disclosure with a dot and an interval for each fact, and the same as a table. rows: (what it is of, fact)."""
    if not rows:
        return ""
    places = _scale([fact for _, fact in rows])
    body = "".join(
        f'<tr><th scope="row">{html.escape(of)}</th><td>{_plot(fact, places)}</td><td>{wording.shown(fact)}</td></tr>'
        for of, fact in rows
    )
    method = html.escape(rows[0][1]["method"])
    return (
        f'<details class="evidence"><summary>{html.escape(label)}</summary>'
        f"<table><tbody>{body}</tbody></table><p>{method}</p></details>"
    )


def _ends(fact: Fact) -> tuple[float, float, float]:
    value = fact["value"]
    return value, value if fact["low"] is None else fact["low"], value if fact["high"] is None else fact["high"]


def _scale(facts: Sequence[Fact]) -> tuple[float, float]:
    """The span that all rows share: zero is in it where it is near, as a difference is read against zero."""
    ends = [end for fact in facts for end in _ends(fact)]
    low, high = min(ends), max(ends)
    if low > 0 and low < high - low:
        low = 0.0
    if high < 0 and -high < high - low:
        high = 0.0
    return (low, high) if high > low else (low - 1, high + 1)


def _plot(fact: Fact, places: tuple[float, float]) -> str:
    """A row of the plot, drawn to the scale of all."""
    low, high = places

    def x(number: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (number - low) / (high - low), 1)

    value, start, end = (x(each) for each in _ends(fact))
    zero = f'<path class="zero" d="M{x(0)} 0V{LINE}"/>' if low <= 0 <= high else ""
    middle = LINE / 2
    return (
        f'<svg viewBox="0 0 {WIDTH} {LINE}" width="{WIDTH}" height="{LINE}" aria-hidden="true">{zero}'
        f'<path d="M{start} {middle}H{end}"/><circle cx="{value}" cy="{middle}" r="4"/></svg>'
    )
