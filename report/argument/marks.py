"""Evidence marks: a small plot and a table behind a sentence, of the facts that it rests on.

In: facts and what they are of. Out: a button that stands in the sentence, and the note that it opens, which needs no
script: a popover. In print all notes stand at the end of the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from report.argument import facts as wording
from report.argument.facts import Fact

WIDTH, LINE, EDGE = 220, 18, 10  # of the plot, in CSS pixels: its width, a row, and the space at both ends
NAMES, VALUES, ROW = 104, 44, 18  # of a sketch: the room for names and values, a row


def button(number: int) -> str:
    """The mark in the sentence: it opens note `number` of the page."""
    glyph = '<svg viewBox="0 0 16 8" aria-hidden="true"><path d="M1 4H15"/><circle cx="8" cy="4" r="3"/></svg>'
    return (
        f'<button type="button" class="mark" popovertarget="evidence-{number}" aria-label="Evidence {number}">'
        f"{glyph}{number}</button>"
    )


def note(number: int, tables: Mapping[str, Sequence[tuple[str, Fact]]], *, asked: str) -> str:
    """What the mark opens: of each measure a table, with a dot and an interval for each fact, and the numbers.

    tables: {measure: rows of (what it is of, fact)}; the rows of a measure are drawn on one scale.
    """
    body = "".join(_table(measure, rows) for measure, rows in tables.items())
    return (
        f'<div class="evidence" id="evidence-{number}" popover role="note" aria-label="Evidence {number}">'
        f"<p><strong>{number}</strong> {html.escape(asked)}</p>{body}</div>"
    )


def sketch(rows: Sequence[tuple[str, str, Fact]], *, title: str, within: tuple[float, float] | None = None) -> str:
    """A small picture of a measure, a row for each fact: its name, a dot and a line over its interval, its value.

    rows: (name, the condition whose colour it has, fact). within: the ends of the axis, where they are not to follow
    the facts. What is drawn is said in its label.
    """
    places = within or _scale([fact for _, _, fact in rows])
    said = "; ".join(f"{name}: {wording.value(fact)}" for name, _, fact in rows)
    drawn = "".join(
        f'<g transform="translate(0 {ROW * place})" data-condition="{html.escape(condition)}">'
        f'<text x="0" y="{ROW - 5}">{html.escape(name)}</text>'
        f'<g transform="translate({NAMES} 0)">{_row(fact, places, width=WIDTH - NAMES - VALUES)}</g>'
        f'<text class="value" x="{WIDTH}" y="{ROW - 5}">{html.escape(wording.value(fact))}</text></g>'
        for place, (name, condition, fact) in enumerate(rows)
    )
    size = f'viewBox="0 0 {WIDTH} {ROW * len(rows)}"'
    label = html.escape(f"{title}. {said}")
    return (
        f'<figure class="sketch"><figcaption>{html.escape(title)}</figcaption>'
        f'<svg {size} role="img" aria-label="{label}">{drawn}</svg></figure>'
    )


def _in_words(method: str) -> str:
    """A method as a reader is told it: without the name of a family of differences, which facts.json has."""
    together = r"; \2, widened for \1 differences that are looked at together (Holm)"
    return re.sub(r", Holm-adjusted in the family of (\d+) differences of [^;]+; ([^;]+)", together, method)


def _table(measure: str, rows: Sequence[tuple[str, Fact]]) -> str:
    places = _scale([fact for _, fact in rows])
    body = "".join(
        f'<tr><th scope="row">{html.escape(of)}</th><td>{_plot(fact, places)}</td><td>{wording.shown(fact)}</td></tr>'
        for of, fact in rows
    )
    methods = "; ".join(dict.fromkeys(html.escape(_in_words(fact["method"])) for _, fact in rows))
    near = "".join(
        dict.fromkeys(f"; the same is within {wording.margin(fact)}" for _, fact in rows if fact.get("margin"))
    )
    return f"<table><tbody>{body}</tbody></table><p><code>{html.escape(measure)}</code>: {methods}{near}</p>"


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
    """A row of the plot as a drawing of its own."""
    drawn = _row(fact, places)
    return f'<svg viewBox="0 0 {WIDTH} {LINE}" width="{WIDTH}" height="{LINE}" aria-hidden="true">{drawn}</svg>'


def _row(fact: Fact, places: tuple[float, float], *, width: int = WIDTH) -> str:
    """A row of the plot, drawn to the scale of all: zero, the interval, the value."""
    low, high = places

    def x(number: float) -> float:
        return round(EDGE + (width - 2 * EDGE) * (number - low) / (high - low), 1)

    value, start, end = (x(each) for each in _ends(fact))
    zero = f'<path class="zero" d="M{x(0)} 0V{LINE}"/>' if low <= 0 <= high else ""
    middle = LINE / 2
    return f'{zero}<path d="M{start} {middle}H{end}"/><circle cx="{value}" cy="{middle}" r="4"/>'
