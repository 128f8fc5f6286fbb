"""Names of classes where room is short: shorter, and still told apart."""

import pytest

from report.classes import codes, fitted, key, told

GARMENTS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def test_short_names_stand_as_they_are():
    assert codes(list("0123456789")) == list("0123456789")
    assert codes(["circle", "cross"]) == ["circle", "cross"]


def test_long_names_are_cut_to_as_few_letters_as_tell_all_apart():
    assert codes(GARMENTS) == ["T-s", "Tro", "Pul", "Dre", "Coa", "San", "Shi", "Sne", "Bag", "Ank"]
    assert codes(["strawberry", "strangle", "s"]) == ["straw", "stran", "s"]


def test_names_that_begin_alike_become_numbers():
    assert codes(["dress shirt", "dress shoe", "coat"]) == ["0", "1", "2"]


@pytest.mark.parametrize("names", [GARMENTS, ["dress shirt", "dress shoe"], [f"class {k}" for k in range(30)]])
@pytest.mark.parametrize("most", [4, 8, 12, 24])
def test_whatever_the_room_no_two_names_come_out_alike(names, most):
    shown = fitted(names, most)
    assert len(set(shown)) == len(names)
    assert max(map(len, shown)) <= max(most, 6)


def test_a_key_tells_what_codes_stand_for_in_lines_of_the_width():
    lines = key(GARMENTS, width=60)
    assert max(map(len, lines)) <= 60
    assert "Tro: Trouser" in ",  ".join(lines)
    assert "Bag" not in "".join(lines), "a name that stands as it is needs no key"
    assert key(list("0123456789"), width=60) == []


def test_a_number_is_told_with_what_it_is_and_a_name_alone():
    assert told("7", kind="digit") == "digit 7"
    assert told("circle", kind="shape") == "circle"
