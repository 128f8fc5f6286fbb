"""A figure as text: an SVG and a CSV whose bytes depend on nothing but the numbers.

In: a matplotlib figure drawn in the one look (style.py), and the rows of its table. Out: strings without date, version,
locale or the user's settings.
"""

from __future__ import annotations

import csv as csv_writer
import io
import re
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from report import epochs, lines
from report.theme import FONT_SIZE, PAPER

FONT_STACK = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_NUMBERS = r'(?<=[ "])(?:d|x|y|width|height|transform|viewBox)="[^"#]*"'  # SVG attributes that hold numbers


def done(fig: Figure, rows: Iterable[Sequence[object]], header: Sequence[str]) -> dict[str, str]:
    """What every figure ends with: the drawing and its numbers."""
    return {"figure.svg": save(fig), "data.csv": csv(rows, header)}


def save(fig: Figure) -> str:
    """The figure as SVG: text in a system font, transparent, rounded to a hundredth of a point.

    Its only metadata is what a page needs to step through the lines over epochs, where there are any. Raises ValueError
    where a tick would be shown as the formula that it was meant to be set from.
    """
    _settle(fig)
    page = io.StringIO()
    fig.savefig(page, format="svg", metadata={"Date": None, "Creator": None})
    svg = page.getvalue()
    if "\\mathdefault" in svg:  # as text is drawn as it stands
        raise ValueError(
            "an axis has ticks in the notation of mathematics: give it `style.powers`, or ticks of its own"
        )
    svg = re.sub(r" <metadata>.*?</metadata>\n", "", svg, flags=re.DOTALL)
    svg = re.sub(r" font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r' transform="rotate\(-0 [^"]*"', "", svg)
    svg = re.sub(_NUMBERS, lambda found: _rounded(found[0]), svg)
    svg = re.sub(r"M ([\d.-]+) ([\d.-]+) L \1 \2(?= |\") ?", _dot, svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    svg = re.sub(r'(?<= style=")[^"]*', lambda found: _shorter(found[0]), svg)
    svg = re.sub(r'<g id="(?:patch|text|line2d)_\d+">\n(<(?:path|text)[^\n]*\n)</g>\n', r"\1", svg)
    svg = svg.replace('<style type="text/css">', f'<style type="text/css">{_text_rules()}', 1)
    record = lines.over_epochs(fig)
    return epochs.put(svg, record) if record else svg


def csv(rows: Iterable[Sequence[object]], header: Sequence[str]) -> str:
    """The numbers of a figure as CSV: seven significant digits, an empty cell for None and NaN."""
    page = io.StringIO()
    writer = csv_writer.writer(page, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return page.getvalue()


def _settle(fig: Figure) -> None:
    """Lays the figure out for good, as SVG would. Left to `savefig`, the layout costs a drawing that nobody sees."""
    FigureCanvasSVG(fig)  # measures text as it will be written
    fig.dpi = 72
    if engine := fig.get_layout_engine():
        engine.execute(fig)
        fig.set_layout_engine(None)


def _shorter(style: str) -> str:
    """An element's own style without what the style sheet says already."""
    return re.sub(r"(?<=[:;]) ", "", style).replace(f"font-size:{FONT_SIZE}px;", "")


def _rounded(attribute: str) -> str:
    """An SVG attribute on one line, with its numbers cut to two decimals."""
    numbers = re.sub(
        r"-?\d+\.\d+(?:e-?\d+)?", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), attribute
    )
    return re.sub(r"(?<![\d.])-0(?![\d.])", "0", re.sub(r"\s*\n", " ", numbers).replace(' "', '"'))


def _dot(found: re.Match[str]) -> str:
    """A line of no length, which a round cap makes a dot, in few bytes: a tenth of a point is fine enough."""
    return f"M{round(float(found[1]), 1):g} {round(float(found[2]), 1):g}h0"


def _text_rules() -> str:
    """The style sheet of a figure's text: the font, and paper behind text that has a halo."""
    halo = f"paint-order:stroke;stroke:{PAPER};stroke-width:2.5px"
    return f"text{{font-family:{FONT_STACK};font-size:{FONT_SIZE}px}}g[id^=halo] text{{{halo}}}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else format(float(value) + 0.0, ".7g")
    return str(value)
