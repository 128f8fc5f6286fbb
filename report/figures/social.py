"""The picture that stands for a page where its address is shared: the question, large, beside four small networks.

In: the page's question and the site's title. Out: a PNG of 1200 x 630 pixels, the size that Open Graph expects.
"""

from __future__ import annotations

import io
import textwrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from report import style

DOTS = 120  # dots per inch: 10 x 5.25 inches make 1200 x 630 pixels
LINES = 4  # networks beside it
LINE = 24  # letters in a line of the question


@style.drawn
def card(*, question: str, title: str) -> dict[str, bytes]:
    """The question of a page as a picture."""
    fig, ax = style.figure(height=5.25, width=10)
    fig.set_layout_engine("none")
    fig.set_facecolor(style.PAPER)
    ax.set_position((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set_xlim(0, 10)
    ax.set_ylim(0, 5.25)
    ax.text(0.7, 4.55, title, fontsize=15, color=style.MUTED, va="center")
    ax.text(0.7, 2.4, textwrap.fill(question, LINE), fontsize=33, va="center", linespacing=1.25, family="DejaVu Serif")
    for row, condition in enumerate(list(style.study()["conditions"])[:LINES]):
        look = style.look(condition)
        height = 3.75 - 0.85 * row
        heights = [height + 0.28 * step for step in (0, 0.9, 0.4, 1)]
        ax.plot([8.1, 8.5, 8.9, 9.3], heights, **look, linewidth=3, markersize=10)
    return {"social.png": _png(fig)}


def _png(fig: Figure) -> bytes:
    """The figure with a palette: a quarter of the bytes."""
    from PIL import Image

    fig.dpi = DOTS
    canvas, buffer = FigureCanvasAgg(fig), io.BytesIO()
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(64, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        buffer, format="PNG", optimize=True
    )
    return buffer.getvalue()
