"""What may be said of a difference: the four words, and which of them an interval earns. Standard library only.

In: the ends of an interval, and the smallest difference that a reader should care about. Out: a word.
"""

from __future__ import annotations

HIGHER, LOWER, SAME, UNDECIDED = "higher", "lower", "the same", "undecided"
VERDICTS = (HIGHER, LOWER, SAME, UNDECIDED)


def verdict(low: float | None, high: float | None, *, margin: float | None = None) -> str:
    """What an interval says of a difference: "higher", "lower", "the same" or "undecided".

    *The same* is equivalence, two one-sided tests (Schuirmann 1987, *A Comparison of the Two One-Sided Tests Procedure
    and the Power Approach*, J. Pharmacokinet. Biopharm. 15): the whole interval lies within the margin, even where it
    leaves zero out, as a difference that no reader should care about is none. Without a margin nothing is ever the
    same. Otherwise the difference is higher or lower where the interval leaves zero out; where it does not, or there
    is none, it is undecided.
    """
    if low is None or high is None:
        return UNDECIDED
    if margin is not None and -margin <= low and high <= margin:
        return SAME
    if low > 0:
        return HIGHER
    return LOWER if high < 0 else UNDECIDED
