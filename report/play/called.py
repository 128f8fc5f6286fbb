"""What a unit is called by what it answers to: "zeros and sixes".

In: how active each unit is on the images of each class, on average. Out: a few words for each unit. Standard library
only.
"""

from __future__ import annotations

from collections.abc import Sequence

from report import classes

SHARE = 0.5  # of the largest class mean, from which on a class is named
MOST = 3  # classes that are named one by one
DIGITS = ("zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")
SILENT = "silent"


def called(means: Sequence[Sequence[float]], *, names: Sequence[str], kind: str) -> list[str]:
    """What each unit is called: the classes whose mean activation is at least half of its largest, strongest first.

    means: (unit, class), activations averaged over the images of a class (and over positions). names: of the classes;
    `kind` is what a class is called. Of more than three classes the first two are named, "twos, sevens and others"; of
    more than half of all the first, "twos, then most others". A unit without an activation above zero is "silent".
    """
    return [_called(row, names=names, kind=kind) for row in means]


def _called(means: Sequence[float], *, names: Sequence[str], kind: str) -> str:
    if max(means) <= 0:
        return SILENT
    order = sorted(range(len(means)), key=lambda place: -means[place])
    strongest = [place for place in order if means[place] >= SHARE * max(means)]
    found = [_several(names[place], kind) for place in strongest]
    if len(found) <= MOST:
        return " and ".join(filter(None, (", ".join(found[:-1]), found[-1])))
    if len(found) > len(means) / 2:
        return f"{found[0]}, then {'all' if len(found) == len(means) else 'most'} others"
    return f"{found[0]}, {found[1]} and others"


def _several(name: str, kind: str) -> str:
    """Images of a class, in words: "sixes"; a name that is no digit as it is."""
    return DIGITS[int(name)] if name.isascii() and name.isdigit() and len(name) == 1 else classes.told(name, kind=kind)
