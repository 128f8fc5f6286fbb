"""Facts by coordinates, claims that stand or do not, and the evidence behind a mark."""

import re
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from planted import PLAIN as PUBLISHED

from report.argument import marks
from report.argument.claims import Checks
from report.argument.known import Known
from report.errors import PageError
from report.site.functions import UNDECIDED, Functions, Library
from report.site.pages import Page
from report.site.terms import Term

MLP, CNN = PUBLISHED.architectures
BATCHNORM = next(each for each in PUBLISHED.variants if each.name == "batchnorm")
TREATED = [each for each in PUBLISHED.comparisons if each.axis == "treatment"]
BUILT = [each for each in PUBLISHED.comparisons if each.axis == "architecture"]
NETWORKS = {
    "mlp": {
        "layers": ["hidden1", "hidden2", "logits"],
        "reading": {"hidden1": "hidden1.post", "hidden2": "hidden2.post"},
        "points": ["hidden1", "hidden1.post", "hidden2", "hidden2.post", "logits"],
    },
    "cnn": {
        "layers": ["conv1", "hidden2", "logits"],
        "reading": {"conv1": "conv1.pooled", "hidden2": "hidden2.post"},
        "points": ["conv1", "conv1.post", "conv1.pooled", "hidden2", "hidden2.post", "logits"],
    },
}


def fact(value, low=None, high=None, unit="points"):
    return {"value": value, "low": low, "high": high, "n": 10, "unit": unit, "method": "planted"}


FACTS = {
    "a.gain.difference.mlp:normalized": fact(5.0, 4.0, 6.0),
    "a.gain.difference.cnn:normalized": fact(2.0, 1.0, 3.0),
    "a.gain.difference.raw:cnn": fact(0.5, -1.0, 2.0),
    "a.gain.difference.normalized:cnn": fact(-2.0, -3.0, -1.0),
    "a.left.difference.mlp:normalized": fact(1.0, 0.5, 1.5),
    "a.left.difference.cnn:normalized": fact(0.2, 0.1, 0.3),
    "a.gain.mlp-raw": fact(90.0, 89.0, 91.0, "%"),
    "a.form.mlp-raw.hidden2.post": fact(0.3),
    "a.form.mlp-raw.hidden1.post": fact(0.2),
    "a.form.cnn-raw.conv1": fact(0.1),
    "a.form.difference.raw:cnn.last": fact(0.4, 0.3, 0.5),
    "a.soon.mlp:normalized": fact(3.0),
    "a.likeness.mlp:normalized": fact(0.9),
    "a.likeness.difference.mlp:normalized": fact(0.1, 0.05, 0.15),
    "a.class.mlp-raw.3": fact(7.0),
    "a.gain.difference.batchnorm": fact(-1.0, -2.0, -0.5),
    "a.near.difference.mlp:normalized": fact(0.1, 0.05, 0.15) | {"margin": 0.2, "verdict": "the same"},
    "a.near.difference.cnn:normalized": fact(0.0) | {"margin": 0.2, "verdict": "the same", "equal": True},
    "a.all.mlp-raw": fact(-1.0) | {"equal": True},
    "a.one.mlp-raw": fact(3.0),
    "a.one.difference.mlp:normalized": fact(46.0) | {"margin": None, "verdict": "undecided"},
}
KNOWN = Known(FACTS, NETWORKS)
CHECKS = Checks(KNOWN)


def page(*, strict=True):
    library = Library(Path(), FACTS, {}, {}, {}, {}, jinja2.Environment(), networks=NETWORKS, strict=strict)
    return Functions(library, Page("a", "A", "What?", "d", "p"))


@pytest.mark.parametrize(
    ("measure", "at", "name"),
    [
        ("a.gain", (PUBLISHED.conditions[0],), "a.gain.mlp-raw"),
        ("a.gain", (TREATED[0],), "a.gain.difference.mlp:normalized"),
        ("a.soon", (TREATED[0],), "a.soon.mlp:normalized"),
        ("a.form", (PUBLISHED.conditions[0], "last"), "a.form.mlp-raw.hidden2.post"),
        ("a.form", (PUBLISHED.conditions[0], "first"), "a.form.mlp-raw.hidden1.post"),
        ("a.form", (PUBLISHED.conditions[2], "first"), "a.form.cnn-raw.conv1"),
        ("a.form", (BUILT[0], "last"), "a.form.difference.raw:cnn.last"),
        ("a.class", ("mlp-raw", 3), "a.class.mlp-raw.3"),
        ("a.gain.difference", (BATCHNORM,), "a.gain.difference.batchnorm"),
    ],
)
def test_a_fact_is_found_by_measure_condition_or_comparison_and_role_of_a_layer(measure, at, name):
    assert KNOWN.name(measure, *at) == name
    assert KNOWN.has(measure, *at)


def test_a_fact_that_is_not_there_is_named_with_the_nearest():
    assert not KNOWN.has("a.form", PUBLISHED.conditions[2], "last")
    with pytest.raises(PageError, match=r"unknown fact 'a.gian.mlp-raw'. Did you mean 'a.gain.mlp-raw'"):
        KNOWN.fact("a.gian", PUBLISHED.conditions[0])


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        (CHECKS.every("higher", "a.gain", TREATED), True),
        (CHECKS.every("higher", "a.gain", [*TREATED, BUILT[0]]), False),
        (CHECKS.every("undecided", "a.gain", BUILT[:1]), True),
        (CHECKS.every("the same", "a.near", TREATED), True),
        (CHECKS.nowhere("higher", "a.near", TREATED), True),
        (CHECKS.every("the same", "a.gain", TREATED), False),
        (CHECKS.every("lower", "a.all", PUBLISHED.conditions[:1]), True),
        (CHECKS.every("undecided", "a.one", PUBLISHED.conditions[:1]), True),
        (CHECKS.some("lower", "a.gain", BUILT), True),
        (CHECKS.some("lower", "a.gain", TREATED), False),
        (CHECKS.nowhere("lower", "a.gain", TREATED), True),
        (CHECKS.nowhere("higher", "a.gain", TREATED), False),
        (CHECKS.at_least(1.0, "a.gain", TREATED), True),
        (CHECKS.at_least(1.5, "a.gain", TREATED), False),
        (CHECKS.at_most(6.0, "a.gain", TREATED), True),
        (CHECKS.at_most(5.5, "a.gain", TREATED), False),
        (CHECKS.at_most_part(0.5, "a.left", "a.gain", TREATED), True),
        (CHECKS.at_most_part(0.1, "a.left", "a.gain", TREATED), False),
        (CHECKS.at_most_part(0.25, "a.left", "a.gain", TREATED), False),  # the value is, its interval is not
        (CHECKS.shrinks(0.5, "a.gain", [TREATED]), False),
        (CHECKS.shrinks(0.6, "a.gain", [TREATED]), True),
        (CHECKS.shrinks(0.4, "a.gain", [TREATED]), False),
        (CHECKS.shrinks(0.6, "a.gain", [(TREATED[0], BUILT[0], TREATED[1])]), True),  # the last against the first
        (CHECKS.shrinks(1.0, "a.gain", []), False),
        (CHECKS.carries(0.2, "a.gain", [TREATED]), True),
        (CHECKS.carries(0.3, "a.gain", [TREATED]), False),  # 2 of 5 are, 1 of 5 are not
        (CHECKS.carries(0.1, "a.gain", [(TREATED[0], BUILT[1])]), False),  # the other way
        (CHECKS.carries(0.5, "a.gain", [(BUILT[1], BUILT[1])]), True),
        (CHECKS.carries(0.0, "a.gain", [(TREATED[0], BUILT[0])]), False),  # it holds zero
        (CHECKS.carries(0.0, "a.gain", []), False),
        (CHECKS.above("a.gain", [TREATED[0]], TREATED[1]), True),
        (CHECKS.above("a.gain", [TREATED[1]], TREATED[0]), False),
        (CHECKS.every("higher", "a.gain", []), False),
        (CHECKS.nowhere("higher", "a.gain", []), False),
        (CHECKS.nowhere("higher", "a.one", TREATED[:1]), False),  # of one seed
        (CHECKS.nowhere("lower", "a.one", PUBLISHED.conditions[:1]), False),
        (CHECKS.at_least(0, "a.gain", []), False),
    ],
)
def test_a_check_holds_where_the_facts_say_so_and_never_of_nothing(check, holds):
    assert check.holds is holds


def test_checks_are_joined():
    yes, no = CHECKS.every("higher", "a.gain", TREATED), CHECKS.every("lower", "a.gain", TREATED)
    assert [(yes & no).holds, (yes | no).holds, (~no).holds] == [False, True, True]
    assert len((yes & no).rows) == 4


def test_a_word_that_is_no_verdict_is_refused():
    with pytest.raises(ValueError, match="'better' is no verdict"):
        CHECKS.every("better", "a.gain", TREATED)


def test_a_claim_stands_with_its_evidence_behind_a_mark():
    functions = page()
    text = functions.claim("Does it?", CHECKS.every("higher", "a.gain", TREATED), caller=lambda: "\nIt does.\n")
    assert text.startswith("It does. ")
    body = functions.finish(f"<p>{text}</p>")
    assert re.search(r'popovertarget="evidence-1"', body)
    note = body[body.index("<aside") :]
    assert "Does it?" in note
    assert "MLP: normalized minus raw" in note
    assert "5.0" in note


def test_one_measure_at_two_places_has_a_row_for_each_in_the_evidence():
    functions, condition = page(), PUBLISHED.conditions[0]
    checks = [CHECKS.at_least(0.1, "a.form", [condition], place) for place in ("last", "first")]
    body = functions.finish(f"<p>{functions.claim('Does it?', *checks, caller=lambda: 'It does.')}</p>")
    rows = re.findall(r'<th scope="row">(.*?)</th>.*?<data[^>]*value="([^"]*)"', body)
    assert rows == [("MLP, raw, last hidden layer", "0.3"), ("MLP, raw, first layer", "0.2")]


def test_a_claim_that_fails_stops_the_published_build_and_names_the_facts():
    with pytest.raises(PageError) as error:
        page().claim("Does it?", CHECKS.every("higher", "a.gain", BUILT), caller=lambda: "It does.")
    assert "the claim 'Does it?' does not stand: it asks for a.gain higher in every" in str(error.value)
    assert "a.gain.difference.normalized:cnn is \N{MINUS SIGN}2.0" in str(error.value)


def test_in_another_study_a_claim_that_fails_is_a_question_with_its_evidence():
    functions = page(strict=False)
    text = functions.claim("Does it?", CHECKS.every("higher", "a.gain", BUILT), caller=lambda: "It does.")
    assert text.startswith(f"Does it? {UNDECIDED}")
    assert "It does" not in text
    assert len(functions.notes) == 1


def test_a_finding_that_does_not_hold_says_what_is_shown_instead():
    failing = CHECKS.every("higher", "a.gain", BUILT)
    assert page(strict=False).finding("It grows", failing, otherwise="How it grows") == "How it grows"
    assert page().finding("It grows", CHECKS.every("higher", "a.gain", TREATED), otherwise="How") == "It grows"
    with pytest.raises(PageError, match="the claim 'It grows' does not stand"):
        page().finding("It grows", failing, otherwise="How it grows")


def test_a_note_draws_each_measure_on_one_scale_with_zero_where_it_is_near():
    note = marks.note(4, {"a.gain": [("one", fact(5.0, 4.0, 6.0)), ("two", fact(2.0, 1.0, 3.0))]}, asked="Which?")
    centres = [float(x) for x in re.findall(r'cx="([\d.]+)"', note)]
    ends = [tuple(map(float, pair)) for pair in re.findall(r'd="M([\d.]+) 9.0H([\d.]+)"', note)]
    assert note.count('class="zero"') == 2
    for (left, right), centre in zip(ends, centres, strict=True):
        assert left < centre < right
    per_unit = (centres[0] - centres[1]) / 3
    assert ends[0][1] - ends[0][0] == pytest.approx(2 * per_unit, abs=0.2)


def test_a_note_tells_the_margin_where_there_is_one():
    near = {name.rpartition(":")[0]: each for name, each in FACTS.items() if name.startswith("a.near")}
    assert "the same is within 0.2\u00a0points</p>" in marks.note(1, {"a.near": list(near.items())}, asked="?")
    assert "within" not in marks.note(1, {"a.gain": [("one", fact(5.0, 4.0, 6.0))]}, asked="?")


def test_a_note_of_one_value_or_of_equal_ones_is_drawn():
    for facts in ([fact(3.0)], [fact(0.0), fact(0.0)]):
        assert "circle" in marks.note(1, {"m": [("x", each) for each in facts]}, asked="?")


def test_what_a_network_lacks_is_an_error_in_the_published_study_and_leaves_others_undecided():
    conditions = [each for each in PUBLISHED.conditions if each.name in ("mlp-raw", "cnn-raw")]
    with pytest.raises(PageError, match=r"unknown fact 'a.form.cnn-raw.hidden2"):
        CHECKS.at_least(0.1, "a.form", conditions, "last")
    lenient = Checks(KNOWN, strict=False)
    for check in (
        lenient.at_least(0.1, "a.form", conditions, "last"),
        lenient.every("undecided", "a.form", conditions, "last"),
        lenient.nowhere("higher", "a.form", conditions, "last"),
        lenient.at_most_part(2, "a.form", "a.form", conditions, "last"),
    ):
        assert not check.holds
        assert {row.name for row in check.rows} == {"a.form.mlp-raw.hidden2.post"}
    assert lenient.at_least(0.1, "a.form", conditions[:1], "last").holds
    assert lenient.at_least(0.1, "a.nothing", conditions).rows == ()


def test_a_claim_about_what_no_network_has_is_left_out_of_a_smaller_study_and_a_table_has_a_dash():
    names = page(strict=False).names()
    check = names["every"]("higher", "a.nothing", TREATED)
    assert names["claim"]("Is there anything?", check, caller=lambda: "There is.") == ""
    assert names["cell"]("a.nothing", PUBLISHED.conditions[0]) == "–"
    with pytest.raises(PageError, match="unknown fact"):
        page().names()["cell"]("a.nothing", PUBLISHED.conditions[0])


def test_what_is_told_of_a_comparison_and_is_no_difference_is_said_so():
    writer = page()
    writer.names()["evidence"]("a.soon", TREATED[:1], asked="Epochs")
    assert "MLP: normalized against raw" in writer.notes[0]
    assert "minus" not in writer.notes[0]
    writer.names()["evidence"]("a.likeness", TREATED[:1])
    assert "MLP: normalized against raw" in writer.notes[1]  # what it differs from is no condition


def test_a_mark_may_stand_behind_what_its_numbers_reach():
    reach = page().names()["reach"]
    assert reach("a.gain", TREATED).startswith("2.0 to 5.0\N{NO-BREAK SPACE}points. ")
    assert reach("a.nothing", TREATED) == ""


def test_where_none_of_several_differences_is_decided_or_not_all_that_is_told_as_well(monkeypatch):
    monkeypatch.setitem(FACTS, "a.open.difference.mlp:normalized", fact(0.1, -1.0, 1.0) | {"verdict": "undecided"})
    monkeypatch.setitem(FACTS, "a.open.difference.cnn:normalized", fact(0.5, -1.0, 2.0) | {"verdict": "undecided"})
    assert "(not decided)" in page().names()["reach"]("a.open", TREATED)
    monkeypatch.setitem(FACTS, "a.open.difference.cnn:normalized", fact(1.5, 1.0, 2.0) | {"verdict": "higher"})
    assert "(not all decided)" in page().names()["reach"]("a.open", TREATED)
    monkeypatch.setitem(FACTS, "a.open.difference.mlp:normalized", fact(2.5, 2.0, 3.0) | {"verdict": "higher"})
    assert "decided" not in page().names()["reach"]("a.open", TREATED)


def predicted(*came, strict=True):
    """A prediction with a choice for each of these: whether it came true."""
    writer = page(strict=strict)
    writer.library.partials.loader = jinja2.FileSystemLoader(Path(__file__).parents[2] / "templates")
    choices = [(f"choice *{number}*", each) for number, each in enumerate(came, 1)]
    return writer.finish(writer.predict("which", "Which?", choices, caller=lambda: "It was **so**."))


def test_a_prediction_knows_the_one_choice_that_came_true():
    found = predicted(False, CHECKS.every("higher", "a.gain", TREATED), False)
    assert 'data-predict="which" data-right="2"' in found
    assert found.count('type="radio"') == 3
    assert "choice <em>1</em>" in found
    assert "It was <strong>so</strong>." in found


@pytest.mark.parametrize("came", [(False, False), (True, CHECKS.every("higher", "a.gain", TREATED))])
def test_a_prediction_of_which_none_or_several_came_true_stops_the_published_build_alone(came):
    with pytest.raises(PageError, match=r"'which' has [02] choices that came true"):
        predicted(*came)
    assert "data-right" not in predicted(*came, strict=False)


def test_a_terms_definition_stands_on_the_page_once_and_its_own_words_are_no_links():
    writer = page()
    writer.library = replace(
        writer.library,
        terms={
            "unit": Term("unit", "Of a {{ glossary('layer') }}."),
            "layer": Term("layer", "Many {{ glossary('unit', 'units') }}."),
        },
        pages={"glossary": Page("glossary", "G", "?", "d", "p")},
    )
    link = writer.names()["glossary"]
    assert link("unit", "units") == '<a class="term" href="glossary.html#unit" data-term="unit">units</a>'
    assert link("Unit") == link("Unit")
    found = writer.finish("")
    assert found.count('class="definition"') == 1
    assert "Of a layer." in found
    assert 'id="term-layer"' not in found


def test_a_sketch_draws_a_row_for_each_fact_that_is_there_to_one_scale_and_says_them():
    writer = page()
    assert writer.names()["sketch"]("What is gained", "a.nothing", TREATED) == ""
    drawn = writer.names()["sketch"]("What is gained", "a.gain", TREATED, within=(0, 10))
    centres = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawn)]
    left, right = marks.EDGE, marks.WIDTH - marks.NAMES - marks.VALUES - marks.EDGE
    assert centres == pytest.approx([left + (right - left) * share for share in (0.5, 0.2)], abs=0.06)
    label = re.search(r'aria-label="([^"]*)"', drawn)[1]
    assert label.startswith("What is gained. MLP: normalized minus raw: 5.0")
    assert f'data-condition="{TREATED[0].name}"' in drawn


def test_a_card_is_a_claim_under_its_picture_and_there_is_none_without_a_claim():
    writer = page()
    writer.library.pages["a"] = writer.page
    cards = writer.cards(lambda: writer.card("a", "PICTURE", caller=lambda: "It *grows*."))
    found = writer.finish(cards)
    assert '<div class="cards">' in found
    assert found.index("PICTURE") < found.index("It <em>grows</em>.")
    assert writer.card("a", "PICTURE", caller=lambda: "  ") == ""
