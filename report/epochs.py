"""What a page needs to step through a figure over epochs, on its way from the drawing to the page.

In: an SVG and the record of its lines. Out: an SVG that carries the record, and from that the two apart again.
Standard library only: both report/export.py and the renderer import it.
"""

from __future__ import annotations

import json
import re
from html import escape, unescape
from typing import Any

_CARRIED = re.compile(r'<metadata id="epochs">(.*?)</metadata>\n')


def put(svg: str, record: dict[str, Any]) -> str:
    """The SVG with the record inside it.

    record: {"box": [width, height] of the drawing, "epochs": [...], "panels": [...]}; a panel is {"title", "measure",
    "top", "bottom", "x": [one for each epoch], "curves"}, a curve {"name", "tone" (a CSS variable of the page),
    "mark" ("circle" or "square"), "y": [...], "value": [...]}. Places are in the units of the drawing; None where a
    curve has no value at an epoch, or where it leaves its panel.
    """
    text = escape(json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False), quote=False)
    return svg.replace("</svg>", f'<metadata id="epochs">{text}</metadata>\n</svg>')


def take(svg: str) -> tuple[str, dict[str, Any] | None]:
    """The SVG as it was drawn, and the record that it carries, if any."""
    found = _CARRIED.search(svg)
    return (svg.replace(found[0], ""), json.loads(unescape(found[1]))) if found else (svg, None)
