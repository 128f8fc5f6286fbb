"""The figure of the comparison: every measure in every comparison, on a scale of its own row."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jinja2
import pytest
from drawings import draw, rows, texts

from experiments.verdicts import verdict
from report import style
from report.errors import PageError
from report.figures import comparison
from report.site.functions import Functions, Library
from report.site.writing import NOT_FOUND

ALL = ("mlp:normalized", "cnn:normalized", "raw:cnn", "normalized:cnn")
ROWS = (("dead", "health", "dead units", ALL), ("growth", "features", "growth of weights", ALL[:2]))


def fact(value, low, high, of):
    told = {"margin": None, "verdict": verdict(low, high), "method": "planted", "of": of}
    return {"value": value, "low": low, "high": high, "n": 10, "unit": "", **told}


def study(*, ends=(-8.0, 1.0)):
    """Dead units differ by 4, 2, -2 and -4 with intervals that reach 1 further; growth has intervals as given."""
    facts = {
        "comparison.higher.mlp:normalized": {"value": 1.0, "low": None, "high": None, "n": 2, "unit": "", "method": ""}
    }
    for place, (row, page, measure, compared) in enumerate(ROWS):
        of = {"row": row, "place": place, "page": page, "measure": measure, "meaning": "", "compared": list(compared)}
        for name, value in zip(compared, (4.0, 2.0, -2.0, -4.0), strict=False):
            low, high = (value - 1, value + 1) if row == "dead" else ends
            facts[f"comparison.{row}.difference.{name}"] = fact(value, low, high, of)
    return facts


def test_more_comparisons_than_a_line_holds_stand_below_each_other():
    treatments = ["raw", "a", "b", "c", "d", "e"]
    architectures = ["mlp", "cnn"]
    conditions = {f"{a}-{t}": {"architecture": a, "treatment": t} for a in architectures for t in treatments}
    comparisons = {
        f"{a}:{t}": {"first": f"{a}-{t}", "second": f"{a}-raw", "axis": "treatment", "within": a}
        for a in architectures
        for t in treatments[1:]
    }
    look = {
        "conditions": conditions,
        "comparisons": comparisons,
        "architectures": {name: name.upper() for name in architectures},
        "treatments": {name: name for name in treatments},
    }
    of = {
        "row": "dead",
        "place": 0,
        "page": "health",
        "measure": "dead units",
        "meaning": "",
        "compared": [*comparisons],
    }
    facts = {f"comparison.dead.difference.{name}": fact(1.0, 0.5, 1.5, of) for name in comparisons}
    drawn = comparison.overview(facts=facts, look=look)
    assert [row["comparison"] for row in rows(drawn)] == list(comparisons)
    assert texts(drawn).count("dead units") == 2


def hollow(drawn):
    return drawn["figure.svg"].count(f"fill:{style.PAPER}")


@pytest.mark.parametrize("ends", [(-8.0, 1.0), (None, None)])
def test_the_figure_is_valid_and_small(ends):
    facts = study(ends=ends)
    drawn = draw(comparison.overview, arrays={}, facts=facts)
    assert ElementTree.fromstring(drawn["figure.svg"]).tag.endswith("svg")
    assert len(drawn["figure.svg"]) < 150_000
    assert draw(comparison.overview, facts=dict(reversed(facts.items()))) == drawn


def test_every_measure_stands_under_its_page_in_the_order_of_the_table():
    said = texts(draw(comparison.overview, facts=study()))
    assert [text for text in said if text in ("Health", "dead units", "Features", "growth of weights")] == [
        "Health",
        "dead units",
        "Features",
        "growth of weights",
    ]


def test_a_row_is_drawn_on_the_scale_of_its_own_farthest_interval():
    found = {
        (row["measure"], row["comparison"]): float(row["drawn_at"])
        for row in rows(draw(comparison.overview, facts=study()))
    }
    assert [found["dead units", name] for name in ALL] == [0.8, 0.4, -0.4, -0.8]
    assert [found["growth of weights", name] for name in ALL[:2]] == [0.5, 0.25]


def test_what_is_not_compared_is_not_drawn():
    found = [row["comparison"] for row in rows(draw(comparison.overview, facts=study())) if row["page"] == "features"]
    assert found == list(ALL[:2])


@pytest.mark.parametrize(("ends", "expected"), [((1.0, 8.0), 0), ((-8.0, -1.0), 0), ((0.0, 8.0), 2), ((-8.0, 1.0), 2)])
def test_a_mark_is_hollow_where_the_interval_holds_zero(ends, expected):
    assert hollow(draw(comparison.overview, facts=study(ends=ends))) - hollow(
        draw(comparison.overview, facts=study(ends=(1, 8)))
    ) == (expected)


def test_a_difference_without_an_interval_is_hollow_too():
    assert hollow(draw(comparison.overview, facts=study(ends=(None, None)))) > hollow(
        draw(comparison.overview, facts=study(ends=(1, 8)))
    )


def test_what_is_the_same_is_neither_full_nor_hollow():
    facts, undecided = study(ends=(-8.0, 1.0)), study(ends=(-8.0, 1.0))
    for name in [name for name in facts if "growth" in name]:
        facts[name] |= {"margin": 9.0, "verdict": "the same"}
    drawn = draw(comparison.overview, facts=facts)
    assert hollow(draw(comparison.overview, facts=undecided)) - hollow(drawn) == 2
    assert [row["verdict"] for row in rows(drawn) if row["page"] == "features"] == ["the same"] * 2


def functions(facts):
    return Functions(Library(Path(), facts, {}, {}, {}, {}, jinja2.Environment()), NOT_FOUND)


def test_a_template_is_handed_the_rows_in_their_order_whatever_the_order_of_the_facts():
    facts = dict(reversed(study().items()))
    assert [row["row"] for row in functions(facts).rows("comparison")] == ["dead", "growth"]


def test_a_page_whose_facts_belong_to_no_table_is_named():
    with pytest.raises(PageError, match="'health'"):
        functions(study()).rows("health")
