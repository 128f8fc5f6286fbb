"""Numbers measured over seeds, turned into facts: a mean, its 95 % interval, n, and the method behind it.

Comes in: one number per seed (or two paired ones). Goes out: a fact, a dict that `facts.json` holds as it is:
{"value", "low", "high", "n", "unit", "method"}. The words in the prose (higher, lower) follow from low, high.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import ndtr, ndtri

ALPHA = 0.05
RESAMPLES = 10_000
LARGEST_PLAIN_FAMILY = 5
FEWEST_FOR_BOOTSTRAP = 6  # n values of one sign exclude zero at any level, by chance once in 2^(n - 1) samples

Fact = dict[str, Any]
Number = float | int | np.number
Vector = Float64[np.ndarray, " value"]
Means = Float64[np.ndarray, " resample"]
Limits = tuple[float, float] | tuple[None, None]


def summary(values: ArrayLike, *, unit: str, seed: int = 0) -> Fact:
    """The mean of one number per seed, with its 95 % interval.

    The interval is the bias-corrected and accelerated (BCa) bootstrap interval (Efron 1987, *Better Bootstrap
    Confidence Intervals*, JASA 82) from 10 000 resamples. Resampling cannot see beyond the sample: the
    interval never leaves the range of the values, and when all n differences lie on one side of zero it
    excludes zero at any level, which chance alone brings about with probability 2^(1 - n) under a symmetric
    null. With ten values it therefore covers somewhat less than 95 %, and n stands beside it. Fewer than six
    values get Student's interval instead, which for a share, in "%", ends at 0 and 100.

    Where there is nothing to resample, the method says so: a single value has no interval; values that are
    all the same have an interval of no width.

    values: (n,) finite numbers, n >= 1. unit: "%", "points", "epochs", ... seed: of the resampling.
    Raises ValueError when values are not one-dimensional, are empty, or hold a number that is not finite.
    """
    sample = _checked(values)
    interval = _Interval.of(sample, seed=seed)
    limits = interval.at(ALPHA)
    if unit == "%":
        limits = _of_a_share(limits, sample)
    return _fact(sample, interval, limits, unit=unit, what="mean over seeds")


def difference(a: ArrayLike, b: ArrayLike, *, unit: str, seed: int = 0) -> Fact:
    """The mean of a - b over pairs (a[i] and b[i] share their seed), with its 95 % interval as in `summary`.

    a, b: (n,) finite numbers. Raises ValueError when they do not pair up.
    """
    sample = _paired(a, b)
    interval = _Interval.of(sample, seed=seed)
    return _fact(sample, interval, interval.at(ALPHA), unit=unit, what=_PAIRED)


def family(pairs: Mapping[str, tuple[ArrayLike, ArrayLike]], *, unit: str, seed: int = 0) -> dict[str, Fact]:
    """Several paired differences that are read together: {name: (a, b)} -> {name: fact}, in the same order.

    Up to five are reported as `difference` reports them. More are adjusted by Holm's step-down procedure
    (Holm 1979, *A Simple Sequentially Rejective Multiple Test Procedure*, Scand. J. Statist. 6), so that the
    chance of calling *any* of m null differences higher or lower stays near 5 %. The p-value of a difference
    is the smallest alpha whose interval excludes zero. In order of p-value, the k-th gets its interval at the
    level 1 - 0.05 / (m - k + 1), until one includes zero; there Holm's procedure stops, and all later ones
    keep the level at which it stopped, so that their intervals include zero too.
    """
    samples = {name: _paired(a, b) for name, (a, b) in pairs.items()}
    intervals = {name: _Interval.of(sample, seed=seed) for name, sample in samples.items()}
    adjusted = len(samples) > LARGEST_PLAIN_FAMILY
    limits = _holm(intervals) if adjusted else {name: found.at(ALPHA) for name, found in intervals.items()}
    what = f"{_PAIRED}, Holm-adjusted in a family of {len(samples)}" if adjusted else _PAIRED
    return {
        name: _fact(sample, intervals[name], limits[name], unit=unit, what=what) for name, sample in samples.items()
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
class _Interval:
    """An interval for a mean at every level, and the p-value that inverts it."""

    method: str
    at: Callable[[float], Limits]  # alpha -> (low, high)
    p_value: float
    strength: float  # |mean| / standard error: orders p-values that are equal

    @classmethod
    def of(cls, sample: Vector, *, seed: int) -> _Interval:
        if len(sample) == 1:
            return cls("one value, no interval", lambda _: (None, None), 1.0, 0.0)
        if _is_constant(sample):
            value = float(sample[0])
            same = "all values equal"
            return cls(same, lambda _: (value, value), float(value == 0), 0.0 if value == 0 else np.inf)
        error = float(stats.sem(sample))
        enough = len(sample) >= FEWEST_FOR_BOOTSTRAP
        method, at, p_value = _bootstrap(sample, seed=seed) if enough else _student(sample, error=error)
        return cls(method, at, p_value, abs(float(sample.mean())) / error)


def _bootstrap(sample: Vector, *, seed: int) -> tuple[str, Callable[[float], Limits], float]:
    """BCa: one set of resamples, read at any level."""

    def resample(**options: Any) -> Any:
        return stats.bootstrap((sample,), np.mean, method="BCa", vectorized=True, **options)

    drawn = resample(n_resamples=RESAMPLES, rng=np.random.default_rng(seed))

    def at(alpha: float) -> Limits:
        found = resample(n_resamples=0, bootstrap_result=drawn, confidence_level=1 - alpha).confidence_interval
        return float(found.low), float(found.high)

    return (
        f"95 % BCa bootstrap, {RESAMPLES} resamples",
        at,
        _bca_p_value(sample, drawn.bootstrap_distribution),
    )


def _bca_p_value(sample: Vector, means: Means) -> float:
    """The alpha at which the BCa interval of the mean just touches zero, in closed form.

    An end point of the interval is the quantile Phi(z0 + (z0 + z) / (1 - a (z0 + z))) of the resampled means,
    z the normal quantile of alpha/2 or 1 - alpha/2 (Efron 1987). Setting it to the share of resampled means
    below zero and solving for z gives z = w / (1 + a w) - z0 with w = Phi^-1(share) - z0.
    """
    share = _share_below(means, 0.0)
    if share in (0.0, 1.0):
        return 0.0
    bias = ndtri(_share_below(means, sample.mean()))  # z0
    deviations = sample - sample.mean()
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)  # the jackknife's a, for a mean
    w = ndtri(share) - bias
    z = w / (1 + acceleration * w) - bias
    return float(2 * ndtr(-abs(z)))


def _share_below(means: Means, threshold: Number) -> float:
    return float(((means < threshold).mean() + (means <= threshold).mean()) / 2)


def _student(sample: Vector, *, error: float) -> tuple[str, Callable[[float], Limits], float]:
    """Student's t: for few values, of which a bootstrap would make no more than their range."""
    freedom, mean = len(sample) - 1, float(sample.mean())

    def at(alpha: float) -> Limits:
        reach = float(stats.t.ppf(1 - alpha / 2, freedom)) * error
        return mean - reach, mean + reach

    return (
        f"95 % Student interval, as fewer than {FEWEST_FOR_BOOTSTRAP} values cannot be resampled",
        at,
        float(2 * stats.t.sf(abs(mean) / error, freedom)),
    )


def _holm(intervals: Mapping[str, _Interval]) -> dict[str, Limits]:
    """The end points of each interval, by Holm's step-down procedure."""
    order = sorted(intervals, key=lambda name: (intervals[name].p_value, -intervals[name].strength, name))
    limits: dict[str, Limits] = {}
    alpha, stopped = ALPHA, False
    for k, name in enumerate(order):
        if not stopped:
            alpha = ALPHA / (len(order) - k)
        low, high = intervals[name].at(alpha)
        if low is None or high is None:
            limits[name] = (None, None)
        else:  # min, max: interpolating between resamples may leave out the zero that the p-value puts in
            limits[name] = (min(low, 0.0), max(high, 0.0)) if stopped else (low, high)
            stopped = stopped or low <= 0 <= high
    return limits


def _fact(sample: Vector, interval: _Interval, limits: Limits, *, unit: str, what: str) -> Fact:
    value = float(sample[0]) if _is_constant(sample) else float(sample.mean())
    low, high = limits
    method = f"{what}; {interval.method}"
    return {"value": value, "low": low, "high": high, "n": len(sample), "unit": unit, "method": method}


def _of_a_share(limits: Limits, sample: Vector) -> Limits:
    """The part of an interval that lies within 0 to 100, or within the range of values that leave it."""
    low, high = limits
    if low is None or high is None:
        return limits
    return max(low, min(0.0, float(sample.min()))), min(high, max(100.0, float(sample.max())))


def _is_constant(sample: Vector) -> bool:
    return bool(np.allclose(sample, sample[0], rtol=1e-9, atol=0))


def _paired(a: ArrayLike, b: ArrayLike) -> Vector:
    first, second = _checked(a), _checked(b)
    if first.shape != second.shape:
        raise ValueError(f"paired values must match one to one, got {len(first)} and {len(second)}: pair by seed")
    equal = np.isclose(first, second, rtol=1e-12, atol=0)  # rounding must not pass for a difference
    return np.where(equal, 0.0, first - second)


def _checked(values: ArrayLike | Sequence[float]) -> Vector:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError(f"one number per seed is needed, got an array of shape {sample.shape}")
    if not np.isfinite(sample).all():
        raise ValueError(f"all values must be finite, got {sample}: leave out and count what was never measured")
    return sample
