"""The colours of the site and of its figures, on light and on dark paper.

In goes an SVG drawn with the light constants; out comes the same drawing for both papers, so that each figure is
drawn and stored once. Standard library only: both the renderer and the figures import it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

FONT_SIZE = 9.5  # points: nothing in a figure is smaller
PAPER = "#fbfaf7"
INK = "#1d1f21"  # text and axes
MUTED = "#5c5f66"  # secondary text
GRID = "#d9d6cf"  # grid lines and faint fills
# Input treatments in the order in which a study names them; the first is also the page's accent.
TREATMENTS = ("#b4541a", "#1f6f8b", "#5f7a1f", "#8a4a9e", "#7a6a2a", "#a03a5c", "#3f5fb0", "#2f7d6d")
TREATMENTS_DARK = ("#f0975a", "#62b8d4", "#a9c95f", "#cf9be0", "#d0bd6c", "#ec86a6", "#92adf2", "#74ceba")
# Architectures in that order: the shapes of the markers in figures (report/style.py), as CSS clips.
SHAPES = (
    "circle()",
    "inset(0)",
    "polygon(50% 0, 100% 100%, 0 100%)",
    "polygon(50% 0, 100% 50%, 50% 100%, 0 50%)",
    "polygon(0 0, 100% 0, 50% 100%)",
)
MORE = "#2f8f4e"  # above zero and below it, in maps that stand on light and on dark paper alike
LESS = "#9a5fc0"

# The classes of a data set, in order; most have ten or fewer. Both sets were chosen so that of the first ten the two
# nearest stay apart (OKLab) under normal vision, protanopia, deuteranopia and tritanopia, that each later colour is as
# far from those before it as there is room, and that each has a contrast of at least 3:1 with its paper.
# fmt: off
CLASSES = (
    "#0825a0", "#c03c03", "#287b5b", "#4b0846", "#8e0300", "#4b4143", "#e16799", "#655d8d", "#b7850f", "#1d94da",
    "#bf00ff", "#00a600", "#bf0d99", "#0000ff", "#ff00cc", "#0066ff", "#004c00", "#7300ff", "#735900", "#8c00bf",
    "#8c80a6", "#bf66d9", "#669973", "#59008c", "#e60066", "#334cbf", "#f25926", "#800059", "#994059", "#8059d9",
)
CLASSES_DARK = (
    "#147cfc", "#fa8b15", "#65c287", "#884aab", "#e7346f", "#a2501d", "#b18dcd", "#d4f3de", "#fadf02", "#57d5fe",
    "#408c73", "#ffb2ff", "#7333ff", "#00a6cc", "#00a600", "#f273ff", "#f200cc", "#00f2b2", "#80ff00", "#00d900",
    "#a68c00", "#1a66b2", "#ff80a6", "#337300", "#b259f2", "#bfbf00", "#bfbfbf", "#a67380", "#bf008c", "#ffbf80",
)
# fmt: on

DARK = {
    PAPER: "#15171a",
    INK: "#e6e4df",
    MUTED: "#a5a8af",
    GRID: "#3b3e44",
    **dict(zip(TREATMENTS, TREATMENTS_DARK, strict=True)),
    **dict(zip(CLASSES, CLASSES_DARK, strict=True)),
}

# The page's own colours, by the name of their CSS variable.
LIGHT_PAGE = {
    "paper": PAPER,
    "surface": "#f6f4ee",
    "ink": INK,
    "muted": MUTED,
    "rule": GRID,
    "link": "#1a5f78",
    "accent": TREATMENTS[0],
    **{f"treatment-{place}": colour for place, colour in enumerate(TREATMENTS)},
    "more": MORE,
    "less": LESS,
    "code-keyword": "#7a2f6b",
    "code-string": "#2f6b3a",
    "code-number": "#9c4416",
    "code-name": "#1a5f78",
    **{f"class-{number}": colour for number, colour in enumerate(CLASSES)},
    "shown-on-light": "block",
    "shown-on-dark": "none",
}
DARK_PAGE = {
    "paper": DARK[PAPER],
    "surface": "#1e2125",
    "ink": DARK[INK],
    "muted": DARK[MUTED],
    "rule": DARK[GRID],
    "link": "#7cc4dc",
    "accent": TREATMENTS_DARK[0],
    **{f"treatment-{place}": colour for place, colour in enumerate(TREATMENTS_DARK)},
    "more": MORE,
    "less": LESS,
    "code-keyword": "#d9a1cf",
    "code-string": "#9fce9f",
    "code-number": "#f0a878",
    "code-name": "#7cc4dc",
    **{f"class-{number}": colour for number, colour in enumerate(CLASSES_DARK)},
    "shown-on-light": "none",
    "shown-on-dark": "block",
}

_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_NAMES = {colour: f"--{place}" for place, colour in enumerate(DARK)}  # short: a drawing says them often


def both(svg: str) -> str:
    """The SVG for both papers: as it is, and in dark colours where it is asked for as `<file>.svg#dark`.

    Every light constant becomes a variable that has its dark counterpart's value while the root, called "dark", is the
    target of the address. Colours must stand in style attributes, where variables count; others stay as they are.
    """
    used: dict[str, str] = {}

    def variable(match: re.Match[str]) -> str:
        colour = match.group().lower()
        if colour not in _NAMES:
            return match.group()
        used[colour] = _NAMES[colour]
        return f"var({_NAMES[colour]})"

    drawing = _HEX.sub(variable, svg)
    light = "".join(f"{name}:{colour};" for colour, name in sorted(used.items()))
    night = "".join(f"{name}:{DARK[colour]};" for colour, name in sorted(used.items()))
    rules = f"<style>:root{{{light}}}:root:target{{{night}}}</style>"
    return re.sub(r"<svg\b([^>]*)>", lambda match: f'<svg id="dark"{match[1]}>{rules}', drawing, count=1)


def stylesheet(conditions: Mapping[str, tuple[str, int]] = MappingProxyType({})) -> str:
    """The colours as CSS variables: light, dark where the system or the reader asks for it, light on paper.

    What belongs to a class is of the CSS class c0, c1, ...: its colour is then --class. `conditions`, {name: (its
    treatment, the place of its architecture)}: what has data-condition has the treatment's colour as --tone and the
    architecture's shape, a clip, as --shape.
    """
    light, night = _variables(LIGHT_PAGE), _variables(DARK_PAGE)
    classes = "".join(f".c{number} {{ --class: var(--class-{number}); }}\n" for number in range(len(CLASSES)))
    order = list(dict.fromkeys(treatment for treatment, _ in conditions.values()))
    tones = {name: f"--tone: var(--treatment-{place % len(TREATMENTS)});" for place, name in enumerate(order)}
    marks = "".join(
        f'[data-condition="{name}"] {{ {tones[treatment]} --shape: {SHAPES[place % len(SHAPES)]}; }}\n'
        for name, (treatment, place) in conditions.items()
    )
    return marks + (
        f":root {{\n  color-scheme: light;\n{light}}}\n"
        "@media screen and (prefers-color-scheme: dark) {\n"
        f":root:not([data-theme='light']) {{\n  color-scheme: dark;\n{night}}}\n}}\n"
        f"@media screen {{\n:root[data-theme='dark'] {{\n  color-scheme: dark;\n{night}}}\n}}\n{classes}"
    )


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"  --{name}: {colour};\n" for name, colour in colours.items())
