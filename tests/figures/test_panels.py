"""How panels are laid out, whatever the study holds: nothing is drawn over anything else, and nothing is left out."""

import pytest
from planted import LOOK

from report import style


@style.drawn
def empty(*, rows, spare):
    _, placed, left = style.panels(rows, row_height=1.5, spare=spare)
    return {"placed": list(placed), "left": len(left)}


def test_rows_of_one_length_leave_a_panel_for_the_key_where_it_is_asked_for():
    alike = {"mlp": ["hidden1", "hidden2"], "cnn": ["conv1", "hidden3"]}
    assert empty(look=LOOK, rows=alike, spare=False)["left"] == 0
    assert empty(look=LOOK, rows=alike, spare=True)["left"] == 2
    assert empty(look=LOOK, rows={"mlp": ["hidden1", "hidden2"]}, spare=True)["left"] == 1


def test_rows_that_differ_have_room_already():
    rows = {"mlp": ["hidden1"], "cnn": ["conv1", "hidden3"]}
    assert empty(look=LOOK, rows=rows, spare=True)["left"] == 1


@pytest.mark.parametrize(
    ("count", "expected"), [(1, (1, 1)), (4, (1, 4)), (5, (2, 3)), (6, (2, 3)), (8, (2, 4)), (9, (3, 3))]
)
def test_many_panels_stand_in_rows_of_like_length(count, expected):
    assert style.across(count) == expected


@style.drawn
def ticks(*, axis, names, width):
    ax = style.figure(height=2, width=width)[1]
    style.class_ticks(ax, names, axis=axis)
    labels = (ax.get_yticklabels if axis == "y" else ax.get_xticklabels)()
    return {"said": [label.get_text() for label in labels], "turned": {label.get_rotation() for label in labels}}


def test_as_many_classes_are_named_as_there_is_room_for_and_words_below_columns_stand_upright():
    digits, clothes = [str(digit) for digit in range(10)], ["T-shirt", "trouser", "coat"]
    assert ticks(look=LOOK, axis="x", names=digits, width=7) == {"said": digits, "turned": {0}}
    assert ticks(look=LOOK, axis="x", names=digits, width=1.5) == {"said": ["0", "3", "6", "9"], "turned": {0}}
    assert ticks(look=LOOK, axis="x", names=clothes, width=1.5) == {"said": clothes, "turned": {90}}
    assert ticks(look=LOOK, axis="y", names=clothes, width=7) == {"said": clothes, "turned": {0}}
    assert ticks(look=LOOK, axis="y", names=[], width=7)["said"] == []


@style.drawn
def named(*, notes):
    ax = style.figure(height=2)[1]
    style.key(ax, notes=notes)
    return {"said": [text.get_text() for text in ax.texts], "heights": [text.get_position()[1] for text in ax.texts]}


def test_notes_stand_below_the_treatments_however_many_there_are():
    treatments = {"raw": "raw", "scaled": "scaled", "normalized": "normalized"}
    found = named(look={**LOOK, "treatments": treatments}, notes=["thick: trained"])
    assert found["said"] == [*treatments.values(), "thick: trained"]
    assert found["heights"] == sorted(found["heights"], reverse=True)
