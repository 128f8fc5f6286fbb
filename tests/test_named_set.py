"""A set of five classes with names, built whole: pages, the data behind them and figures call classes by name."""

import csv
import html
import json
import re

import pytest
from sets import NAMES

from report.classes import codes


def text(site, name):
    return (site / name).read_text(encoding="utf-8")


def script(site, name):
    """What a script in data/ hands to the pages."""
    return json.loads(text(site, f"data/{name}.js").partition("] = ")[2].rstrip(";\n"))


def rows(site, figure):
    return list(csv.DictReader(text(site, f"data/{figure}.csv").splitlines()))


def test_the_scripts_are_handed_names_and_side(named_site):
    for name in ("shelf", "map"):
        told = script(named_site, name)["set"]
        assert (told["names"], told["side"], told["noun"]) == (list(NAMES), 28, "shape")
    for network in script(named_site, "networks").values():
        assert network["side"] == 28
        assert network["layers"][-1]["shape"][0] == 5


def test_the_lab_has_a_row_for_every_class(named_site):
    table = text(named_site, "lab.html").partition('<table class="lab-bars">')[2].partition("</table>")[0]
    found = [html.unescape(name) for name in re.findall(r'<th scope="row"[^>]*>(.*?)</th>', table)]
    assert found == list(NAMES)


def test_a_units_card_calls_classes_by_name(named_site):
    page = text(named_site, "units/mlp-raw.html")
    card = html.unescape(re.sub(r"<[^>]+>", " ", page.partition('class="unit"')[2].partition("</section>")[0]))
    assert "Mean activation for each shape" in card
    assert all(code in card for code in codes(NAMES))
    assert "digit" not in page.partition("<h1>")[2].partition('class="unit-layer"')[0]


@pytest.mark.parametrize(
    ("figure", "column"),
    [
        ("data-classes", "class"),
        ("training-class-accuracy", "class"),
        ("training-confusions", "read as"),
        ("activations-class-drift", "class"),
        ("interventions-ablation", "class"),
        ("interventions-confusions", "true_class"),
        ("selectivity-top-units", "class"),
        ("superposition-cosines", "class"),
        ("geometry-pca-mlp", "class"),
        ("geometry-maps-cnn", "class"),
    ],
)
def test_the_numbers_of_figures_are_told_by_the_names_of_classes(named_site, figure, column):
    found = {row[column] for row in rows(named_site, figure)}
    assert found <= set(NAMES)
    assert len(found) >= 4  # the last is no first one of a pair


@pytest.mark.parametrize("figure", ["geometry-pca-mlp", "interventions-curves", "training-failures"])
def test_a_figure_with_short_names_tells_what_they_stand_for(named_site, figure):
    drawn = html.unescape(text(named_site, f"figures/{figure}.svg"))
    assert "hor: horizontal bar" in drawn
    assert "emp: empty <frame>" in drawn


def test_every_page_says_what_it_is_made_with(named_site):
    assert "Made with Five shapes, not with MNIST." in text(named_site, "index.html")
