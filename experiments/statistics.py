"""Numbers measured over seeds, turned into facts: a mean, its 95 % interval, n, the method, and what may be said.

Comes in: one number per seed (or two paired ones). Goes out: a fact, a dict that `facts.json` holds as it is:
{"value", "low", "high", "n", "unit", "method"}. A difference has its "margin" and its "verdict" as well, and values
that are equal in all seeds have "equal": True and no interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from experiments.verdicts import SAME, verdict

ALPHA = 0.05

Fact = dict[str, Any]
Number = float | int | np.number
Vector = Float64[np.ndarray, " value"]
Limits = tuple[float, float] | tuple[None, None]


def summary(values: ArrayLike, *, unit: str, least: float | None = None) -> Fact:
    """The mean of one number per seed, with its 95 % interval.

    The interval is Student's (1908, *The Probable Error of a Mean*, Biometrika 6). It is exact for normal values. Of
    skewed ones it covers somewhat less: 90 % for ten exponential values, 88 % for five. A share, in "%", lies between 0
    and 100, so its interval ends there.

    Where there is no spread to go by there is no interval, and the method says why: one value, or values that are
    all equal.

    values: (n,) finite numbers, n >= 1. unit: "%", "points", "epochs", ... least: what the quantity cannot be below,
    0.0 for a length or a count; the interval ends there.
    Raises ValueError when values are not one-dimensional, are empty, or hold a number that is not finite.
    """
    sample = _Sample(_checked(values))
    least, most = (0.0, 100.0) if unit == "%" else (least, None)
    limits = _within(sample.interval(ALPHA), sample.values, least=least, most=most)
    return _fact(sample, limits, unit=unit, what="mean over seeds")


def difference(a: ArrayLike, b: ArrayLike, *, unit: str, margin: Number | None = None) -> Fact:
    """The mean of a - b over pairs (a[i] and b[i] share their seed), with its 95 % interval and its verdict.

    a, b: (n,) finite numbers. margin: the smallest difference that a reader should care about, in the same unit; see
    `verdicts.verdict`. Raises ValueError when they do not pair up, or the margin is no positive number.
    """
    sample = _paired(a, b)
    return _difference(sample, sample.interval(ALPHA), unit=unit, margin=_margin(margin), wide=ALPHA, what=_PAIRED)


def family(
    pairs: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    name: str,
    unit: str | Mapping[str, str],
    margin: Number | Mapping[str, Number] | None = None,
) -> dict[str, Fact]:
    """Several paired differences that are read together: {fact: (a, b)} -> {fact: difference}, in the same order.

    More than one are adjusted by Holm's step-down procedure (Holm 1979, *A Simple Sequentially Rejective Multiple
    Test Procedure*, Scand. J. Statist. 6), so that the chance of calling *any* of m null differences higher or lower
    stays at 5 %. In order of Student's p-values, the k-th gets its interval at the level 1 - 0.05 / (m - k + 1), until
    one includes zero; there the procedure stops, and all later ones keep the level at which it stopped, so that their
    intervals include zero too.

    The same is only what would be the same at the widest of these levels, 1 - 0.05 / m: the levels of the others are
    chosen by how far they are from zero, which promises nothing of how near they are.

    name: what the differences are of, as the methods say it: "geometry.silhouette". unit, margin: as in `difference`;
    mappings give each fact its own, for a family whose members differ in kind.
    """
    samples = {fact: _paired(a, b) for fact, (a, b) in pairs.items()}
    limits, of = _holm(samples), len(samples)
    units = unit if isinstance(unit, Mapping) else dict.fromkeys(samples, unit)
    least = (
        {fact: _margin(margin[fact]) for fact in samples}
        if isinstance(margin, Mapping)
        else dict.fromkeys(samples, _margin(margin))
    )
    what = f"{_PAIRED}, Holm-adjusted in the family of {of} differences of {name}" if of > 1 else _PAIRED
    return {
        fact: _difference(sample, limits[fact], unit=units[fact], margin=least[fact], wide=ALPHA / of, what=what)
        for fact, sample in samples.items()
    }


def constant(value: Number | None, *, unit: str, n: int | np.integer, method: str) -> Fact:
    """A number without an interval: a count, or a constant of the study. None stands for "there is none".

    n: how many things it was counted over. Raises ValueError when the value is not finite.
    """
    if value is not None and not np.isfinite(value):
        raise ValueError(f"a fact is a finite number or None, got {value}")
    number = None if value is None else float(value)
    return {"value": number, "low": None, "high": None, "n": int(n), "unit": unit, "method": method}


_PAIRED = "mean of paired differences over seeds"


@dataclass(frozen=True)
class _Sample:
    """Values of which the mean is asked: Student's interval at every level, and the p-value that inverts it."""

    values: Vector

    @cached_property
    def is_equal(self) -> bool:
        first = self.values[0]
        return len(self.values) > 1 and bool((np.abs(self.values - first) <= 1e-9 * abs(first)).all())

    @cached_property
    def mean(self) -> float:
        return float(self.values[0] if self.is_equal else self.values.mean())

    @cached_property
    def error(self) -> float:
        """The standard error of the mean; infinite where one value says nothing of it."""
        n = len(self.values)
        if n == 1:
            return np.inf
        return 0.0 if self.is_equal else float(self.values.std(ddof=1) / np.sqrt(n))

    @cached_property
    def strength(self) -> float:
        """Student's t, without its sign."""
        if self.error == 0:
            return 0.0 if self.mean == 0 else np.inf
        return abs(self.mean) / self.error

    @cached_property
    def p_value(self) -> float:
        return float(2 * stdtr(len(self.values) - 1, -self.strength)) if len(self.values) > 1 else 1.0

    def interval(self, alpha: float) -> Limits:
        if len(self.values) == 1 or self.is_equal:
            return None, None
        reach = float(stdtrit(len(self.values) - 1, 1 - alpha / 2)) * self.error
        return self.mean - reach, self.mean + reach

    @property
    def method(self) -> str:
        if len(self.values) == 1:
            return "one value, no interval"
        return f"all {len(self.values)} values equal" if self.is_equal else "95 % Student interval"


def _holm(samples: Mapping[str, _Sample]) -> dict[str, Limits]:
    """The end points of each interval, by Holm's step-down procedure."""
    order = sorted(samples, key=lambda name: (samples[name].p_value, -samples[name].strength, name))
    limits: dict[str, Limits] = {}
    alpha, stopped = ALPHA, False
    for k, name in enumerate(order):
        if not stopped:
            alpha = ALPHA / (len(order) - k)
        limits[name] = samples[name].interval(alpha)
        stopped = stopped or samples[name].p_value >= alpha
    return limits


def _fact(sample: _Sample, limits: Limits, *, unit: str, what: str) -> Fact:
    low, high = limits
    method = f"{what}; {sample.method}"
    fact = {"value": sample.mean, "low": low, "high": high, "n": len(sample.values), "unit": unit, "method": method}
    return fact | {"equal": True} if sample.is_equal else fact


def _difference(sample: _Sample, limits: Limits, *, unit: str, margin: float | None, wide: float, what: str) -> Fact:
    """A difference with its margin and its verdict; where all are equal, their common value decides.

    wide: the level of the interval that has to lie within the margin.
    """
    ends, near = limits, sample.interval(wide)
    if sample.is_equal:
        ends = near = sample.mean, sample.mean
    told = SAME if verdict(*near, margin=margin) == SAME else verdict(*ends)
    return _fact(sample, limits, unit=unit, what=what) | {"margin": margin, "verdict": told}


def _margin(margin: Number | None) -> float | None:
    if margin is not None and not (np.isfinite(margin) and margin > 0):
        raise ValueError(f"a margin is a finite number above 0, or None where nothing is called the same; got {margin}")
    return None if margin is None else float(margin)


def _within(limits: Limits, sample: Vector, *, least: float | None, most: float | None) -> Limits:
    """The part of an interval that lies within bounds, or within the range of values that leave them."""
    low, high = limits
    if low is None or high is None:
        return limits
    low = low if least is None else max(low, min(least, float(sample.min())))
    return low, high if most is None else min(high, max(most, float(sample.max())))


def _paired(a: ArrayLike, b: ArrayLike) -> _Sample:
    first, second = _checked(a), _checked(b)
    if first.shape != second.shape:
        raise ValueError(f"paired values must match one to one, got {len(first)} and {len(second)}: pair by seed")
    apart = first - second
    return _Sample(np.where(np.abs(apart) <= 1e-12 * np.abs(second), 0.0, apart))  # rounding is no difference


def _checked(values: ArrayLike | Sequence[float]) -> Vector:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError(f"one number per seed is needed, got an array of shape {sample.shape}")
    if not np.isfinite(sample).all():
        raise ValueError(f"all values must be finite, got {sample}: leave out and count what was never measured")
    return sample
