"""What a unit is called, from how active it is for each class."""

import pytest

from report.play.called import called

DIGITS = {"names": list("0123456789"), "kind": "digit"}
SHAPES = {"names": ["circle", "cross", "7", "42", "ring"], "kind": "shape"}


def of(activations, **about):
    """The name of one unit, active so much for these classes and not for others."""
    about = about or DIGITS
    means = [activations.get(place, 0.0) for place in range(len(about["names"]))]
    return called([means], **about)[0]


def test_a_unit_is_called_by_the_classes_that_have_half_of_its_largest_mean_the_strongest_first():
    assert of({6: 4.0, 0: 2.0, 3: 1.9}) == "sixes and zeros"
    assert of({1: 1.0}) == "ones"
    assert of({9: 1.0, 4: 0.9, 7: 0.8}) == "nines, fours and sevens"


def test_of_many_classes_two_are_named_and_of_most_the_first():
    assert of({0: 1.0, 2: 0.9, 5: 0.8, 8: 0.7}) == "zeros, twos and others"
    assert of(dict.fromkeys(range(6), 1.0) | {5: 1.1}) == "fives, then most others"
    assert of(dict.fromkeys(range(10), 1.0) | {7: 1.9}) == "sevens, then all others"


@pytest.mark.parametrize("values", [{}, {2: -1.0}])
def test_a_unit_without_an_activation_is_silent(values):
    assert of(values) == "silent"


def test_classes_that_are_no_digits_are_called_by_their_names():
    assert of({1: 2.0, 4: 1.5}, **SHAPES) == "cross and ring"
    assert of({2: 2.0, 3: 1.5}, **SHAPES) == "sevens and shape 42"
    assert of(dict.fromkeys(range(4), 1.0), **SHAPES) == "circle, then most others"


def test_of_two_classes_a_unit_for_both_is_called_by_both():
    two = {"names": ["cat", "dog"], "kind": "animal"}
    assert of({0: 1.0, 1: 0.6}, **two) == "cat and dog"
    assert of({0: 1.0, 1: 0.4}, **two) == "cat"
