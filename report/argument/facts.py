"""Numbers and verdicts for prose: a fact goes in, the text that a sentence may show comes out.

A fact is {"value", "low", "high", "n", "unit", "method"}; low and high are the ends of its 95 % interval, or None. A
difference has a "verdict", and what is "equal" in all seeds says so; see experiments.statistics. The interval decides
how many digits are shown.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from typing import Any

from experiments import verdicts
from report.errors import PageError

Fact = Mapping[str, Any]

NO_BREAK = "\u00a0"
THIN = "\u202f"  # narrow no-break space
MINUS = "\u2212"
MOST_DECIMALS = 6
SHARES = ("%", "points")
SUPERSCRIPTS = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def said(fact: Fact) -> str:
    """Value, interval and n as plain text: "94.8 % (94.6 to 95.0, n = 10)"."""
    return value(fact) + _evidence(fact)


def shown(fact: Fact) -> str:
    """The same as HTML: a <data> element that carries the unrounded value and, as its title, the method."""
    evidence = _evidence(fact)
    interval_html = f' <span class="interval">{html.escape(evidence.strip())}</span>' if evidence else ""
    method = html.escape(fact["method"])
    return f'<data class="fact" value="{fact["value"]!r}" title="{method}">{value(fact)}{interval_html}</data>'


def value(fact: Fact, *, sign: bool = True, decimals: int | None = None) -> str:
    """The value with its unit, rounded as its interval allows; sign=False gives its size ("lower by 1.5 points").

    decimals: so many instead, to set a number beside one that was published with them.
    """
    if fact["value"] is None:
        raise PageError("the fact has no value (" + fact["method"] + "); leave it out where it is None.")
    number = fact["value"] if sign else abs(fact["value"])
    text = _numbers(fact, number)[0] if decimals is None else grouped(number, decimals)
    return _with_unit(text, fact["unit"])


def interval(fact: Fact) -> str:
    """The 95 % interval with its unit: "94.6 to 95.0 %"."""
    low, high = _bounds(fact)
    texts = _numbers(fact, low, high)
    return _with_unit(f"{texts[0]} to {texts[1]}", fact["unit"])


def span(facts: Iterable[Fact], sentence: str) -> str:
    """A sentence with the least and the largest of some values in the place of #, "8 to 11 epochs", as coarse as the
    coarser of the two; "8 and 11" of just two differences, of which "to" would make an interval. Nothing of none."""
    found = sorted(facts, key=lambda fact: fact["value"])
    if not found:
        return ""
    coarse = min(found[0], found[-1], key=decimals)
    least, most = _numbers(coarse, found[0]["value"], found[-1]["value"])
    between = "and" if len(found) == 2 and "verdict" in found[0] else "to"
    return sentence.replace("#", _with_unit(least if least == most else f"{least} {between} {most}", coarse["unit"]))


def margin(fact: Fact) -> str:
    """The smallest difference that a reader should care about, with its unit: "0.25 points"."""
    return _with_unit(f"{fact['margin']:g}", fact["unit"])


def verdict(fact: Fact) -> str:
    """The word that a difference earns: "higher", "lower", "the same" or "undecided"; a mean is held against zero."""
    if "verdict" in fact:
        return fact["verdict"]
    low, high = (fact["value"], fact["value"]) if fact.get("equal") else _bounds(fact)
    return verdicts.verdict(low, high)


def grouped(number: float, decimals: int = 0) -> str:
    """A number with thousands separators and a proper minus sign; -0.0 is 0."""
    text = f"{number:,.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def decimals(fact: Fact) -> int:
    """How many decimals the fact is shown with.

    Two significant digits of the interval's width where the width begins with a small digit, else one (the
    rounding rule of the Particle Data Group); shares get one decimal at least, and every fact enough that a
    bound which is not zero does not read as zero.
    """
    low, high = fact["low"], fact["high"]
    if low is None:
        return _decimals_alone(fact["value"], fact["unit"])
    width = high - low
    exponent = math.floor(math.log10(width))
    wanted = (1 if width / 10**exponent < 3.55 else 0) - exponent
    fewest = 1 if fact["unit"] in SHARES and width < 10 else 0
    wanted = min(max(wanted, fewest), MOST_DECIMALS)
    while wanted < MOST_DECIMALS and any(bound and not round(bound, wanted) for bound in (low, high)):
        wanted += 1
    return wanted


def check(name: str, fact: Fact) -> None:
    """Raises PageError for a fact that lacks an entry, is not finite, or whose interval is no interval."""
    missing = [key for key in ("value", "low", "high", "n", "unit", "method") if key not in fact]
    if missing:
        raise PageError(f"fact {name!r} has no {', '.join(missing)}; make it with experiments.statistics.")
    numbers = [fact[key] for key in ("value", "low", "high") if fact[key] is not None]
    if not all(math.isfinite(number) for number in numbers):
        raise PageError(f"fact {name!r} is not a finite number: {fact['value']}, {fact['low']}, {fact['high']}.")
    if len(numbers) == 2 or (len(numbers) == 3 and fact["low"] >= fact["high"]):
        raise PageError(f"fact {name!r} has no proper interval: {fact['low']} to {fact['high']}.")
    if fact.get("verdict", verdicts.UNDECIDED) not in verdicts.VERDICTS:
        raise PageError(f"fact {name!r} has a verdict that is none: {fact['verdict']!r}.")


def _decimals_alone(number: float, unit: str) -> int:
    """Without a width to go by: whole numbers as they are, shares to one decimal, the rest to three digits."""
    if float(number).is_integer():
        return 0
    if unit in SHARES:
        return 1 if abs(number) >= 0.1 else 2
    return min(max(2 - math.floor(math.log10(abs(number))), 0), MOST_DECIMALS)


def _numbers(fact: Fact, *numbers: float) -> list[str]:
    """The numbers as text, all with the fact's decimals; very small facts in powers of ten."""
    largest = max(abs(fact[key]) for key in ("value", "low", "high") if fact[key] is not None)
    if not 0 < largest < 10.0 ** (2 - MOST_DECIMALS):
        return [grouped(number, decimals(fact)) for number in numbers]
    exponent = math.floor(math.log10(largest))
    power = f"{NO_BREAK}\u00d7{NO_BREAK}10{str(exponent).translate(SUPERSCRIPTS)}"
    return [grouped(number / 10.0**exponent, 1) + power for number in numbers]


def _with_unit(text: str, unit: str) -> str:
    if unit == "%":
        return f"{text}{THIN}%"
    if text.rpartition(" ")[2] == "1" and unit.endswith("s"):  # also of "0 to 1"
        unit = unit.removesuffix("es") if unit == "classes" else unit.removesuffix("s")
    return f"{text}{NO_BREAK}{unit}" if unit else text


def _evidence(fact: Fact) -> str:
    """The bracket after a value: interval and n, or n alone where a fact has no interval."""
    count = f"n{NO_BREAK}={NO_BREAK}{grouped(fact['n'])}"
    if fact.get("equal"):
        return f" ({count}, all equal)"
    if fact["low"] is None:
        return f" ({count})" if fact["n"] > 1 else ""
    low, high = _numbers(fact, fact["low"], fact["high"])
    return f" ({low} to {high}, {count})"


def _bounds(fact: Fact) -> tuple[float, float]:
    if fact["low"] is None:
        raise PageError("the fact has no interval, so it earns no verdict; use value() or measure a difference.")
    return fact["low"], fact["high"]
