"""Facts become text: rounding follows the interval, verdicts follow from it, and a bad fact is refused."""

import pytest

from report.argument import facts
from report.errors import PageError

THIN, NO_BREAK, MINUS = "\u202f", "\u00a0", "\u2212"


def fact(value, low=None, high=None, *, n=10, unit="", method="mean over seeds"):
    return {"value": value, "low": low, "high": high, "n": n, "unit": unit, "method": method}


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [
        (94.6, 95.0, 1),
        (0.12, 0.14, 3),
        (10.0, 13.0, 1),
        (10.0, 16.0, 0),
        (1000.0, 9000.0, 0),
        (1.0, 1.9, 1),
        (0.5, 0.62, 2),
    ],
)
def test_the_width_of_the_interval_decides_the_decimals(low, high, decimals):
    assert facts.decimals(fact((low + high) / 2, low, high)) == decimals


def test_shares_keep_one_decimal_when_their_interval_is_wide():
    assert facts.value(fact(6.25, 4.375, 8.125, unit="%")) == f"6.2{THIN}%"


def test_a_bound_that_is_not_zero_does_not_read_as_zero():
    assert facts.interval(fact(0.61, 0.004, 1.2)) == "0.004 to 1.200"


def test_value_interval_and_n_stand_together():
    shown = facts.said(fact(94.8123, 94.6412, 95.0234, unit="%"))
    assert shown == f"94.8{THIN}% (94.6 to 95.0, n{NO_BREAK}={NO_BREAK}10)"


def test_the_html_of_a_fact_carries_the_unrounded_value_and_its_method():
    shown = facts.shown(fact(94.8123, 94.6412, 95.0234, unit="%", method='a "paired" mean'))
    assert 'value="94.8123"' in shown
    assert 'title="a &quot;paired&quot; mean"' in shown
    assert ' <span class="interval">(94.6 to 95.0, ' in shown


def test_a_span_has_the_ends_of_many_values_as_coarse_as_the_coarser_and_nothing_of_none():
    found = [
        fact(2.231, 2.22, 2.24, unit="points"),
        fact(3.61, 3.2, 4.1, unit="points"),
        fact(3.0, 2.5, 3.5, unit="points"),
    ]
    assert facts.span(found, "By #.") == f"By 2.2 to 3.6{NO_BREAK}points."
    assert facts.span(found[:1], "By #.") == f"By 2.231{NO_BREAK}points."
    assert facts.span([fact(-0.2, -0.3, -0.1), fact(0.1, 0.05, 0.2)], "#") == f"{MINUS}0.20 to 0.10"
    two = [{**each, "verdict": "undecided"} for each in (fact(-4.4, -23, 14), fact(-4.6, -9.5, 0.3))]
    assert facts.span(two, "#") == f"{MINUS}5 and {MINUS}4"
    counts = [fact(number, unit="units") for number in (0.0, 1.0)]
    assert facts.span(counts, "#") == f"0 to 1{NO_BREAK}unit"
    assert facts.span([], "By #.") == ""


def test_the_interval_carries_the_unit_once():
    assert facts.interval(fact(1.5, 1.22, 1.83, unit="points")) == f"1.2 to 1.8{NO_BREAK}points"


def test_minus_is_a_minus_sign_and_minus_nought_is_nought():
    assert facts.value(fact(-1.53, -1.83, -1.22, unit="points")) == f"{MINUS}1.5{NO_BREAK}points"
    assert facts.grouped(-0.04, 1) == "0.0"


def test_the_size_of_a_difference_can_be_said_without_its_sign():
    assert facts.value(fact(-1.53, -1.83, -1.22, unit="points"), sign=False) == f"1.5{NO_BREAK}points"


def test_counts_have_separators_and_one_is_singular():
    assert facts.value(fact(60000.0, unit="images", n=1)) == f"60,000{NO_BREAK}images"
    assert facts.value(fact(1.0, unit="units", n=1)) == f"1{NO_BREAK}unit"


def test_very_small_numbers_are_shown_in_powers_of_ten_and_not_as_nought():
    small = fact(3.21e-6, 2.9e-6, 3.6e-6)
    assert facts.value(small) == f"3.2{NO_BREAK}\u00d7{NO_BREAK}10\u207b\u2076"
    assert "2.9" in facts.said(small)


def test_a_constant_has_no_bracket():
    assert facts.said(fact(16.0, unit="units", n=1)) == f"16{NO_BREAK}units"


def test_values_that_are_all_equal_are_said_to_be_so():
    equal = fact(0.0, unit="%") | {"equal": True}
    assert facts.said(equal) == f"0{THIN}% (n{NO_BREAK}={NO_BREAK}10, all equal)"


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.1, 2.0, "higher"),
        (-2.0, -0.1, "lower"),
        (-0.1, 2.0, "undecided"),
        (0.0, 2.0, "undecided"),
    ],
)
def test_a_mean_is_held_against_zero(low, high, word):
    assert facts.verdict(fact((low + high) / 2, low, high)) == word


@pytest.mark.parametrize("word", ["higher", "lower", "the same", "undecided"])
def test_a_difference_brings_its_verdict(word):
    assert facts.verdict(fact(1.0, 0.5, 1.5) | {"verdict": word}) == word
    assert facts.verdict(fact(1.0) | {"verdict": word}) == word


@pytest.mark.parametrize(("value", "word"), [(1.0, "higher"), (-1.0, "lower"), (0.0, "undecided")])
def test_of_equal_values_their_own_decides(value, word):
    assert facts.verdict(fact(value) | {"equal": True}) == word


def test_a_fact_without_an_interval_earns_no_verdict():
    with pytest.raises(PageError, match="no interval"):
        facts.verdict(fact(3.0))


def test_a_fact_without_a_value_is_not_shown():
    with pytest.raises(PageError, match="no value"):
        facts.value(fact(None))


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ({"value": 1.0}, "has no low, high, n, unit, method"),
        (fact(float("nan")), "not a finite number"),
        (fact(1.0, 2.0, 1.0), "no proper interval"),
        (fact(1.0, 2.0, None), "no proper interval"),
        (fact(1.0, 1.0, 1.0), "no proper interval"),
        (fact(1.0) | {"verdict": "better"}, "a verdict that is none: 'better'"),
    ],
)
def test_a_malformed_fact_is_named_and_refused(bad, complaint):
    with pytest.raises(PageError, match=complaint) as error:
        facts.check("health.dead", bad)
    assert "health.dead" in str(error.value)
