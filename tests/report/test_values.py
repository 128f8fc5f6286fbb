"""What templates read of a study and of the data, and how counts are put into words."""

import html
import re
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest

from experiments.study import PUBLISHED
from report.site import values
from report.site.functions import Functions, Library
from report.site.pages import Page
from report.site.prose import to_html


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


def test_what_is_counted_is_one_or_several():
    assert [values.counted(number, "seed") for number in (1, 2)] == ["one seed", "two seeds"]


def test_no_more_seeds_are_told_than_a_study_has():
    study = values.of_study(replace(PUBLISHED, seeds=(0,)))
    assert study.control_seeds == 1
    assert [sweep.seeds for _, sweep in study.tried.sweeps] == [1, 1]


def test_what_a_treatment_does_is_told_beside_one_that_leaves_pixels_and_rates_as_they_are():
    sweep, (mlp, _) = PUBLISHED.sweeps["mlp"], PUBLISHED.architectures
    kinds = ("scaled", "centred", "both", "stepped", "begun")

    def told(*treatments):
        sweeps = {mlp.name: replace(sweep, treatments=treatments, folded=())}
        tried = values.of_study(replace(PUBLISHED, sweeps=sweeps)).tried
        return [kind for kind in kinds if tried[kind]]

    raw, centred, scaled, normalized, matched = sweep.treatments
    assert told(raw, centred, scaled, normalized, matched) == list(kinds[:4])
    assert told(normalized, raw) == told(matched, raw) == told(raw, PUBLISHED.controls[1].treatment) == []


def test_a_study_tells_its_counts_and_constants():
    study = values.of_study(PUBLISHED)
    assert study.seeds == len(PUBLISHED.seeds)
    assert study.runs == len(PUBLISHED.runs)
    assert study.treatments == PUBLISHED.treatments
    assert [each.axis for each in study.treatment_effects] == ["treatment"] * len(study.architectures)
    effects = len(study.treatment_effects) + len(study.architecture_effects)
    assert len(study.comparisons) == effects + len(study.control_effects)


def test_things_are_listed_in_a_phrase():
    assert values.listed(PUBLISHED.treatments) == "raw and normalized"
    assert [values.listed(each) for each in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_text_of_the_data_is_shown_as_it_is_in_prose_and_in_attributes():
    title, names = 'A & B "<x>" *c* [d](e) $f$ `g` h_i_j', ["<b>", "|", "plain"]
    dataset = values.of_dataset({"title": title, "class_names": names, "train": 3})
    said = to_html(f"Of {dataset.title}, {dataset.train} images.")[0]
    assert html.unescape(said) == f"<p>Of {title}, 3 images.</p>"
    assert re.sub("<[^>]+>", "", said).count("<") == 0
    shown = jinja2.Environment(autoescape=True).from_string(
        '<i title="{{ dataset.title }}">{{ dataset.class_names[0] }}</i>'
    )
    assert html.unescape(shown.render(dataset=dataset)) == f'<i title="{title}"><b></i>'
    assert dataset.class_names[2] == dataset.codes[2] == "plain"


def test_a_class_that_a_fact_names_is_shown_as_it_is():
    library = Library(
        Path(), {"a.worst": {"value": 1.0}}, {}, {}, {}, {}, jinja2.Environment(), classes=["plain", "*c* <b>"]
    )
    name = Functions(library, Page("a", "A", "What?", "d", "p")).names()["class_name"]
    assert html.unescape(to_html(name("a.worst"))[0]) == "<p>*c* <b></p>"
    assert "<b>" not in to_html(name("a.worst"))[0]


def test_names_of_the_data_are_never_mistaken_for_methods():
    dataset = values.of_dataset({"items": 3, "values": {"keys": 4}})
    assert dataset.items == 3
    assert dataset["values"].keys == 4
    with pytest.raises(AttributeError):
        _ = dataset.title
