"""The pages of single units: what is known of each network's units goes in, pages, files and drawings come out.

In: `units.json` of each network (see portraits.py). Out: the pages, their pictures and data by path, and the
functions by which templates/partials/unit.html draws: plain numbers become the coordinates of small SVG drawings.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from report.argument.facts import grouped
from report.errors import unknown
from report.play import bars
from report.play.called import called
from report.site.pages import Page

Network = Mapping[str, Any]

SCRIPTS = ("assets/shared/state.js", "assets/units/list.js", "assets/units/units.js")
STYLES = ("assets/units/units.css",)
LEVELS = (0.005, 0.05, 0.25)  # shares of a digit's images from which a change is coloured, and more strongly
CONSPICUOUS = 0.05  # points: a smaller change of accuracy is told as none


def pages(networks: Sequence[Network]) -> tuple[Page, ...]:
    """One page for each network; they stand in no list of contents, the chapter "units" leads to them."""
    return tuple(
        Page(
            f"units/{network['condition']}",
            network["title"],
            f"{network['title']}: what does each unit do?",
            f"Every hidden unit of one network ({network['title']}): what it prefers, which images excite it, what is "
            "lost without it, and which units of other networks are like it.",
            "",
            SCRIPTS,
            STYLES,
        )
        for network in networks
    )


def with_names(networks: Sequence[Network], card: Mapping[str, Any]) -> list[Network]:
    """The networks with a name for each unit, by what it answers to: see `called`. card: of the data set."""
    about = {"names": card["class_names"], "kind": card["kind"]} if networks else {}

    def named_layer(layer: Mapping[str, Any]) -> dict[str, Any]:
        names = called([unit["means"] for unit in layer["units"]], **about)
        return {**layer, "units": [{**unit, "called": name} for unit, name in zip(layer["units"], names, strict=True)]}

    return [{**network, "layers": [named_layer(layer) for layer in network["layers"]]} for network in networks]


def files(networks: Sequence[Network]) -> dict[str, bytes]:
    """Pictures and data of the pages by path: units/mlp-raw/hidden2-7.png, data/units-mlp-raw.json."""
    found = {}
    for network in networks:
        for name, picture in network["pictures"].items():
            found[f"units/{network['condition']}/{name}.png"] = base64.b64decode(picture)
        numbers = {name: value for name, value in network.items() if name != "pictures"}
        found[f"data/units-{network['condition']}.json"] = (json.dumps(numbers, ensure_ascii=False) + "\n").encode()
    return found


def named(
    networks: Sequence[Network], wanted: str | Sequence[Sequence[str]]
) -> list[tuple[Network, Mapping[str, Any]]]:
    """The networks and layers of (condition, layer) pairs; "all" stands for all, "last" for each network's last one.

    Raises PageError for a layer that does not exist. A site without pages of units has none to name.
    """
    layers = {(each["condition"], layer["name"]): (each, layer) for each in networks for layer in each["layers"]}
    if wanted == "all":
        return list(layers.values())
    if wanted == "last":
        return [(network, network["layers"][-1]) for network in networks]
    found = []
    for condition, layer in wanted if networks else ():
        if (condition, layer) not in layers:
            known = [f"{one}, {other}" for one, other in layers]
            raise unknown("layer", f"{condition}, {layer}", known, "Networks are listed in experiments/study.py.")
        found.append(layers[condition, layer])
    return found


def points(
    values: Sequence[float], *, left: float, right: float, top: float, bottom: float, low: float, high: float
) -> str:
    """A line through evenly spaced values, as the points of an SVG polyline."""
    step = (right - left) / max(len(values) - 1, 1)
    heights = [bottom - (bottom - top) * (value - low) / (high - low) for value in values]
    return " ".join(f"{left + step * place:.4g},{height:.4g}" for place, height in enumerate(heights))


def height(value: float, *, top: float, bottom: float, low: float, high: float, avoid: float | None = None) -> float:
    """Where a label stands beside the end of a line, at least a line of text away from the label at `avoid`."""
    found = round(bottom - (bottom - top) * (value - low) / (high - low), 1)
    if avoid is None or abs(found - avoid) >= 11:
        return found
    return avoid + 11 if found >= avoid and avoid + 11 <= bottom + 4 else avoid - 11


def runs(values: Sequence[int | None]) -> list[tuple[int, int, int | None]]:
    """Stretches of equal values: (start, length, value)."""
    found, start = [], 0
    for value, group in groupby(values):
        length = len(list(group))
        found.append((start, length, value))
        start += length
    return found


def level(change: int, images: int) -> str:
    """The class of a cell: m1 to m3 for more images, l1 to l3 for fewer, nothing for few."""
    share = abs(change) / max(images, 1)
    strength = sum(share >= bound for bound in LEVELS)
    return f"{'m' if change > 0 else 'l'}{strength}" if strength else ""


def short(value: float) -> str:
    """An activation with two decimals, a large one with fewer."""
    text = f"{value:.3g}" if value >= 10 else f"{value:.2f}"
    return "0" if text in ("0.00", "-0.00") else text.replace("-", "\u2212")


def number(value: float) -> str:
    """A number with a proper minus sign, without superfluous zeros."""
    text = f"{value:g}" if abs(value) < 1e5 else grouped(value)
    return text.replace("-", "\u2212")


def points_of(value: float, *, decimals: int = 1) -> str:
    """A change of accuracy in words: "8.5 points"."""
    text = f"{abs(value):.{decimals}f}"
    return f"{text}\u00a0{'point' if float(text) == 1 else 'points'}"


def conspicuous(value: float) -> bool:
    """Whether a change of accuracy, in points, is large enough to be told."""
    return abs(value) >= CONSPICUOUS


DRAWING = {
    "points": points,
    "height": height,
    "runs": runs,
    "level": level,
    "number": number,
    "short": short,
    "points_of": points_of,
    "conspicuous": conspicuous,
    "steps": bars.steps,
    "stacks": bars.stacks,
    "most_of": bars.most_of,
}
