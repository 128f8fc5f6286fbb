"""The ratio of learning rates recovers a planted shift of a curve."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures.rates import rate_ratio

RATES = np.geomspace(0.001, 1, 40)


def curve(rates):
    """Rises on the scale of logarithms to a best rate of 0.2, and falls behind it."""
    return 1 - 0.1 * np.abs(np.log(rates / 0.2)) ** 1.5 / 5


@pytest.mark.parametrize("factor", [1.0, 2.0, 10.5])
def test_a_planted_factor_is_recovered(factor):
    assert rate_ratio(RATES, curve(factor * RATES), curve(RATES)) == pytest.approx(factor, rel=0.02)


def test_the_fall_behind_the_best_rate_does_not_count():
    fallen = np.where(RATES > 0.2, 0.1, curve(RATES))
    assert rate_ratio(RATES, fallen, curve(RATES)) == pytest.approx(1, rel=0.05)


def test_curves_that_share_no_accuracy_have_no_ratio():
    assert rate_ratio(RATES, curve(RATES) + 5, curve(RATES)) is None
    assert rate_ratio(RATES, np.full(40, 0.5), np.full(40, 0.5)) is None
