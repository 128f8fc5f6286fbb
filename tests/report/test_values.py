"""What templates read of a study and of the data, and how counts are put into words."""

import pytest

from experiments.study import PUBLISHED
from report import values


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (0, "zero"),
        (10, "ten"),
        (16, "sixteen"),
        (20, "twenty"),
        (42, "forty-two"),
        (99, "ninety-nine"),
        (60000, "60,000"),
    ],
)
def test_counts_under_a_hundred_are_words(number, word):
    assert values.words(number) == word


def test_a_study_tells_its_counts_and_constants():
    study = values.of_study(PUBLISHED)
    assert study.seeds == len(PUBLISHED.seeds)
    assert study.runs == study.seeds * len(study.conditions)
    assert study.treatments == PUBLISHED.treatments
    assert [each.axis for each in study.treatment_effects] == ["treatment"] * len(study.architectures)
    assert len(study.comparisons) == len(study.treatment_effects) + len(study.architecture_effects)


def test_things_are_listed_in_a_phrase():
    assert values.listed(PUBLISHED.treatments) == "raw and normalized"
    assert [values.listed(each) for each in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_names_of_the_data_are_never_mistaken_for_methods():
    dataset = values.of_dataset({"items": 3, "values": {"keys": 4}})
    assert dataset.items == 3
    assert dataset["values"].keys == 4
    with pytest.raises(AttributeError):
        _ = dataset.title
