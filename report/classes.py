"""What classes are called where room is short: along an axis, among dots, above a column of bars.

In: the names of a data set's classes. Out: as many shorter ones, no two alike. Standard library only: figures, scripts
and pages all name classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SHORT = 6  # characters of a name that may stand among dots
FEWEST = 3  # letters of a name that is cut


def codes(names: Sequence[str]) -> list[str]:
    """The names as they are where all are short; else their first letters, as many as tell them apart; else numbers."""
    if max(map(len, names)) <= SHORT:
        return list(names)
    for letters in range(FEWEST, SHORT + 1):
        found = [name[:letters].strip() for name in names]
        if len(set(found)) == len(names):
            return found
    return [str(number) for number in range(len(names))]


def fitted(names: Sequence[str], most: int) -> list[str]:
    """The names with at most so many characters: cut, with an ellipsis, where that tells them apart; else codes."""
    found = [name if len(name) <= most else f"{name[: most - 1].rstrip()}\u2026" for name in names]
    return found if len(set(found)) == len(names) else codes(names)


def key(names: Sequence[str], *, width: int) -> list[str]:
    """Which code stands for which name, in lines of at most so many characters; none where names stand as they are."""
    lines: list[str] = []
    for code, name in zip(codes(names), names, strict=True):
        told = f"{code}: {name}"
        if code == name:
            continue
        if lines and len(lines[-1]) + 3 + len(told) <= width:
            lines[-1] += f",  {told}"
        else:
            lines.append(told)
    return lines


def told(name: str, *, kind: str) -> str:
    """A class in a sentence: by its name, and where that is a number, as what it is: "digit 3"."""
    return f"{kind} {name}" if name.isdigit() else name


def for_scripts(card: Mapping[str, Any]) -> dict[str, Any]:
    """What a page's scripts are handed of the data set: the classes' names and codes, the side of the images in pixels,
    and what an image shows and a class is called."""
    told = {name: card[name] for name in ("noun", "plural", "kind", "kinds")}
    return {"names": card["class_names"], "codes": codes(card["class_names"]), "side": card["height"], **told}
