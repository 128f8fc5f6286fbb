"""Facts carry honest intervals: coverage, false differences and false likeness by simulation, Holm by hand."""

from __future__ import annotations

import jaxtyping
import numpy as np
import pytest
from scipy import stats

from experiments import statistics
from experiments.verdicts import verdict

TIMES = 6000  # samples drawn: the standard error of a coverage of 95 % is then 0.3 points


@pytest.fixture
def unchecked():
    """Ten times as fast: annotations are not checked in a simulation, as they are in every other test."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def holds(fact, truth=0.0):
    return fact["low"] <= truth <= fact["high"]


def covered(draw, *, truth, n, unit=""):
    """The share of samples, in %, whose interval holds the true mean."""
    rng = np.random.default_rng(0)
    return 100 * np.mean([holds(statistics.summary(draw(rng, n), unit=unit), truth) for _ in range(TIMES)])


NORMAL = (lambda rng, n: rng.normal(2, 3, n), 2.0)
EXPONENTIAL = (lambda rng, n: rng.exponential(2, n), 2.0)
LOGNORMAL = (lambda rng, n: rng.lognormal(0, 0.5, n), float(np.exp(0.125)))
SHARE = (lambda rng, n: 100 * rng.beta(40, 2, n), 100 * 40 / 42)
DIFFERENCE = (lambda rng, n: rng.exponential(2, n) - rng.exponential(2, n), 0.0)


# Student's interval is exact for normal values and errs on the safe side for differences of skewed ones. Of skewed
# values themselves few are too few for any interval: the bounds say by how much. BCa's covers 90 % of the first.
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("of", "n", "least", "most"),
    [
        (NORMAL, 5, 94, 96),
        (NORMAL, 10, 94, 96),
        (DIFFERENCE, 5, 95, 98),
        (DIFFERENCE, 10, 95, 97),
        (EXPONENTIAL, 5, 87, 89.5),
        (EXPONENTIAL, 10, 89, 92),
        (LOGNORMAL, 5, 90, 93),
        (LOGNORMAL, 10, 91, 94),
        (SHARE, 5, 91, 94),
        (SHARE, 10, 91.5, 94.5),
    ],
)
def test_the_interval_holds_the_true_mean_as_often_as_is_said(of, n, least, most):
    draw, truth = of
    assert least <= covered(draw, truth=truth, n=n, unit="%" if of is SHARE else "") <= most


def families(m, shift, spread, *, n=10, times):
    """Families of m differences whose true values are all `shift`."""
    rng, nothing = np.random.default_rng(1), np.zeros(n)
    for _ in range(times):
        yield {str(place): (values, nothing) for place, values in enumerate(rng.normal(shift, spread, (m, n)))}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("m", "times"), [(2, 2000), (6, 2000), (20, 1000), (100, 250)])
def test_of_a_family_of_nothing_but_nulls_any_is_called_in_at_most_six_of_a_hundred(m, times):
    called = 0
    for several in families(m, 0, 1, times=times):
        facts = statistics.family(several, name="x", unit="", margin=0.01).values()
        called += any(fact["verdict"] in ("higher", "lower") for fact in facts)
    assert 0.01 * times <= called <= 0.06 * times


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("n", "spread"), [(5, 0.1), (5, 1), (10, 0.3), (10, 1)])
def test_a_difference_as_large_as_the_margin_is_called_the_same_in_at_most_five_of_a_hundred(n, spread):
    found = [
        statistics.difference(*several["0"], unit="", margin=1.0)["verdict"]
        for several in families(1, 1, spread, n=n, times=2000)
    ]
    assert 0.01 * 2000 <= found.count("the same") <= 0.05 * 2000


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("m", [6, 20])
@pytest.mark.parametrize("spread", [0.2, 0.5, 1])
def test_of_a_family_of_differences_as_large_as_the_margin_any_is_called_the_same_as_rarely(m, spread):
    called = 0
    for several in families(m, 1, spread, times=400):
        facts = statistics.family(several, name="x", unit="", margin=1.0).values()
        called += any(fact["verdict"] == "the same" for fact in facts)
    assert called <= 0.05 * 400


def test_planted_differences_are_found_by_their_words():
    rng, nothing = np.random.default_rng(2), np.zeros(10)
    planted = {
        "up": rng.normal(3, 1, 10),
        "down": rng.normal(-3, 1, 10),
        "alike": rng.normal(0, 0.1, 10),
        "unclear": np.array([-2.0, 2, -3, 3, -1, 1, -2, 2, -1, 1.5]),
    }
    facts = statistics.family({name: (v, nothing) for name, v in planted.items()}, name="x", unit="", margin=0.5)
    words = {"up": "higher", "down": "lower", "alike": "the same", "unclear": "undecided"}
    assert {name: fact["verdict"] for name, fact in facts.items()} == words
    assert {fact["margin"] for fact in facts.values()} == {0.5}


@pytest.mark.parametrize(
    ("low", "high", "margin", "word"),
    [
        (0.1, 2, None, "higher"),
        (-2, -0.1, None, "lower"),
        (-0.1, 2, None, "undecided"),
        (0, 2, None, "undecided"),
        (-0.01, 0.01, None, "undecided"),
        (None, None, 1, "undecided"),
        (-0.1, 0.2, 0.2, "the same"),
        (-0.1, 0.3, 0.2, "undecided"),
        (0.1, 0.2, 0.2, "the same"),
        (-0.2, -0.1, 0.2, "the same"),
        (0.1, 0.3, 0.2, "higher"),
        (-0.3, -0.1, 0.2, "lower"),
    ],
)
def test_what_an_interval_says(low, high, margin, word):
    assert verdict(low, high, margin=margin) == word


@pytest.mark.parametrize("margin", [0, -0.1, np.nan, np.inf])
def test_a_margin_that_is_no_size_is_refused(margin):
    with pytest.raises(ValueError, match="a margin is a finite number above 0"):
        statistics.difference([1.0, 2.0], [0.0, 0.0], unit="", margin=margin)
    with pytest.raises(ValueError, match="a margin is a finite number above 0"):
        statistics.family({}, name="x", unit="", margin=margin)


def test_a_summary_is_the_mean_with_scipys_own_student_interval():
    values = np.random.default_rng(3).exponential(size=10)
    fact = statistics.summary(values, unit="%")
    oracle = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert fact["value"] == pytest.approx(values.mean())
    assert (fact["low"], fact["high"]) == (pytest.approx(oracle.low), pytest.approx(oracle.high))
    assert (fact["n"], fact["unit"]) == (10, "%")
    assert "Student" in fact["method"]


def test_the_p_value_is_scipys_and_the_level_at_which_the_interval_touches_zero():
    for seed in range(5):
        values = np.random.default_rng(seed).normal(0.5, 1, 8)
        sample = statistics._Sample(values)
        assert sample.p_value == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
        assert min(abs(end) for end in sample.interval(sample.p_value)) < 1e-9


def test_a_difference_is_paired_so_a_seeds_own_level_cancels():
    rng = np.random.default_rng(5)
    level, step = rng.normal(0, 100, 10), rng.normal(1, 0.1, 10)
    fact = statistics.difference(level + step, level, unit="points")
    assert fact["value"] == pytest.approx(step.mean())
    assert 0.8 < fact["low"] < 1 < fact["high"] < 1.2


def test_a_difference_changes_sign_when_its_sides_are_exchanged():
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=10), rng.normal(size=10)
    there, back = statistics.difference(a, b, unit=""), statistics.difference(b, a, unit="")
    assert there["value"] == -back["value"]
    assert there["low"] == pytest.approx(-back["high"])


def test_one_value_has_no_interval_and_decides_nothing():
    fact = statistics.summary([94.8], unit="%")
    assert (fact["value"], fact["low"], fact["high"], fact["n"]) == (94.8, None, None, 1)
    assert "no interval" in fact["method"]
    assert statistics.difference([2.0], [1.0], unit="", margin=5.0)["verdict"] == "undecided"


def test_no_interval_of_a_share_leaves_0_to_100():
    fact = statistics.summary([97.0, 99.0], unit="%")
    assert fact["high"] == 100
    assert 80 < fact["low"] < 97
    assert statistics.summary([97.0, 99.0], unit="points")["high"] > 100


def test_no_interval_of_what_cannot_be_negative_reaches_below_zero():
    values = [0.0, 0.0, 0.1, 2.0]
    assert statistics.summary(values, unit="points")["low"] < 0
    assert statistics.summary(values, unit="points", least=0.0)["low"] == 0


def test_equal_values_are_said_to_be_so_and_have_no_interval():
    fact = statistics.summary([0.1, 0.1, 0.1], unit="%")
    assert (fact["value"], fact["low"], fact["high"], fact["equal"]) == (0.1, None, None, True)
    assert "all 3 values equal" in fact["method"]
    assert "equal" not in statistics.summary([0.1, 0.1, 0.2], unit="%")


@pytest.mark.parametrize(
    ("apart", "margin", "word"),
    [(1, None, "higher"), (-1, None, "lower"), (0, None, "undecided"), (0, 2, "the same"), (1, 2, "the same")],
)
def test_of_equal_differences_their_value_decides(apart, margin, word):
    alone = statistics.difference([5.0 + apart] * 4, [5.0] * 4, unit="", margin=margin)
    assert (alone["value"], alone["low"], alone["high"], alone["verdict"]) == (apart, None, None, word)
    several = {name: ([5.0 + apart] * 4, [5.0] * 4) for name in "abcdef"}
    assert {f["verdict"] for f in statistics.family(several, name="x", unit="", margin=margin).values()} == {word}


def test_rounding_does_not_pass_for_a_difference():
    a = np.array([0.1 + 0.2, 0.7 + 0.1, 0.3])
    fact = statistics.difference(a, [0.3, 0.8, 0.3], unit="")
    assert (fact["value"], fact["equal"], fact["verdict"]) == (0, True, "undecided")


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], [1.0, np.nan], [1.0, np.inf]])
def test_what_cannot_be_averaged_is_refused(values):
    with pytest.raises(ValueError, match=r"one number per seed|finite"):
        statistics.summary(values, unit="%")


def test_values_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="one to one"):
        statistics.difference([1.0, 2.0], [1.0], unit="%")


def test_a_constant_has_no_interval_and_may_be_absent_but_not_infinite():
    assert statistics.constant(16, unit="units", n=1, method="architecture") == {
        "value": 16.0, "low": None, "high": None, "n": 1, "unit": "units", "method": "architecture",
    }  # fmt: skip
    assert statistics.constant(None, unit="epochs", n=0, method="never reached")["value"] is None
    with pytest.raises(ValueError, match="finite"):
        statistics.constant(np.nan, unit="", n=1, method="")


def planted(p_value, *, n=10):
    """A difference with a planted p-value, of standard error 1."""
    t, shape = stats.t.isf(p_value / 2, n - 1), np.linspace(-1, 1, n)
    return shape / stats.sem(shape) + t, np.zeros(n)


def test_holms_procedure_matches_an_example_worked_by_hand():
    # alpha 0.05, m = 4: 0.005 < 0.05/4, then 0.011 < 0.05/3 = 0.0167, then 0.03 > 0.05/2 = 0.025: stop.
    # The last, 0.04, would pass 0.05/1 on its own and must not.
    several = {name: planted(p) for name, p in {"d": 0.04, "a": 0.011, "c": 0.03, "b": 0.005}.items()}
    facts = statistics.family(several, name="x", unit="")
    assert {name for name, fact in facts.items() if fact["verdict"] == "higher"} == {"a", "b"}
    width = {name: (fact["high"] - fact["low"]) / 2 for name, fact in facts.items()}
    for name, rest in {"b": 4, "a": 3, "c": 2, "d": 2}.items():
        assert width[name] == pytest.approx(stats.t.isf(0.05 / rest / 2, 9))


def pairs(shifts, *, n=10, seed=8):
    rng = np.random.default_rng(seed)
    return {name: (rng.normal(shift, 1, n), np.zeros(n)) for name, shift in shifts.items()}


def test_a_family_of_one_is_a_difference():
    several = pairs({"a": 0.5})
    assert statistics.family(several, name="x", unit="points") == {
        "a": statistics.difference(*several["a"], unit="points")
    }
    assert statistics.family({}, name="x", unit="") == {}


@pytest.mark.parametrize("names", ["ab", "abcdefgh"])
def test_more_than_one_get_wider_intervals_and_name_their_family(names):
    several = pairs(dict.fromkeys(names, 0.8))
    facts = statistics.family(several, name="health.dead", unit="points")
    assert list(facts) == list(several)
    for name, (a, b) in several.items():
        alone = statistics.difference(a, b, unit="points")
        assert facts[name]["value"] == alone["value"]
        assert facts[name]["low"] <= alone["low"]
        assert facts[name]["high"] >= alone["high"]
        assert f"Holm-adjusted in the family of {len(names)} differences of health.dead" in facts[name]["method"]


def test_a_verdict_in_a_family_never_contradicts_a_stronger_one_that_failed():
    for seed in range(20):
        several = pairs({str(i): i / 10 for i in range(12)}, seed=seed)
        facts = statistics.family(several, name="x", unit="")
        p_value = {name: statistics._paired(*pair).p_value for name, pair in several.items()}
        found = [not holds(facts[name]) for name in sorted(facts, key=p_value.get)]
        assert found == sorted(found, reverse=True)


def test_no_family_decides_by_single_values():
    single = statistics.family({name: ([1.0], [0.0]) for name in "abcdef"}, name="x", unit="", margin=2.0)
    assert all((fact["low"], fact["verdict"]) == (None, "undecided") for fact in single.values())
