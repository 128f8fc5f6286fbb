"""The pages of single units: what is planted in the numbers stands on the card, and every link and picture is there."""

import base64
import html
import json
import re
from urllib.parse import urljoin

import pytest

from report.errors import PageError
from report.play import units
from report.site.render import render

PICTURE = base64.b64encode(b"\x89PNG planted").decode()
NO_CHANGE = [[0] * 10 for _ in range(10)]


def unit(layer, number, **planted):
    """A unit that does nothing, but for what is planted."""
    return {
        "id": f"{layer}-{number}",
        "number": number,
        "called": "",
        "kind": "polysemantic",
        "always": False,
        "rare": False,
        "means": [0.0] * 9 + [2.0],
        "preferred": 9,
        "selectivity": 0.5,
        "participation": 3.25,
        "active": 50.0,
        "top": [{"image": 4, "label": 9, "answer": 3.5}, {"image": 7, "label": 4, "answer": 3.25}],
        "accuracy": [90.0, 90.0, 90.0],
        "class_accuracy": [[90.0] * 10] * 3,
        "averaged": 0.0,
        "lost": 0.0,
        "worst": {"digit": 0, "lost": 0.0},
        "tripled": 0.0,
        "attracts": {"digit": 0, "rise": 0.0},
        "change": NO_CHANGE,
        "moved": None,
        "bottleneck": False,
        "attractor": False,
        "history": {"selectivity": [0.1, 0.5], "active": [40.0, 50.0], "preferred": [None, 9]},
        "nearest": [],
        "density": {"zero": 50.0, "low": 0.0, "high": 4.0, "counts": [3, 1], "own": [0, 1]},
        "groups": [
            {"low": 0.0, "high": 0.0, "images": 50.0, "classes": [4] + [0] * 9},
            {"low": 1.0, "high": 4.0, "images": 50.0, "classes": [1] + [0] * 8 + [3]},
        ],
        "incoming": {"source": "input", "bias": -0.25},
        "outgoing": {"target": "logits", "answers": True, "kernel": None, "left": 0, "units": ANSWERS},
    } | planted


ANSWERS = [{"unit": digit, "weight": digit / 10 - 0.5} for digit in range(10)]
FEEDS = [{"unit": 1, "weight": 0.75}]
HEARD = [{"unit": 0, "weight": 1.5}, {"unit": 2, "weight": -0.5}]


def network(condition, title, other):
    change = [row[:] for row in NO_CHANGE]
    change[9][9], change[9][4] = -60, 55
    bottleneck = unit(
        "hidden1",
        0,
        averaged=1.25,
        lost=6.02,
        worst={"digit": 9, "lost": 60.0},
        bottleneck=True,
        change=change,
        moved={"digit": 4, "images": 55, "lost": 60},
        nearest=[
            {
                "condition": other[0],
                "title": other[1],
                "id": "hidden1-1",
                "name": "unit 1 of hidden 1",
                "correlation": 0.87,
                "twin": True,
            },
            {
                "condition": other[0],
                "title": other[1],
                "id": "hidden1-2",
                "name": "unit 2 of hidden 1",
                "correlation": 0.21,
                "twin": False,
            },
        ],
    )
    dead = unit("hidden1", 1, kind="dead", means=[0.0] * 10, active=0.0)
    nothing = dict.fromkeys(("kind", "selectivity", "participation", "active"))
    history = {"selectivity": None, "active": None, "preferred": [2, 3]}
    signed = unit("hidden1", 2, **nothing, means=[-1.0, 0.0, 0.25, 0.5] + [0.0] * 6, preferred=3, history=history)
    layer = {
        "name": "hidden1",
        "label": "hidden 1",
        "noun": "unit",
        "pictures": [{"sort": "onehot", "width": 28, "height": 28}],
        "units": [bottleneck, dead, signed],
    }
    silent = [{"low": 0.0, "high": 0.0, "images": 100.0, "classes": [1] * 10}]
    dead |= {"density": {"zero": 100.0, "low": 0.0, "high": 1.0, "counts": [0, 0], "own": [0, 0]}, "groups": silent}
    seen = {"source": "hidden1", "bias": 1.25, "kernel": [3, 2], "units": [{"unit": 2}, {"unit": 0}], "left": 1}
    fed = unit("hidden2", 0, incoming={"source": "hidden1", "bias": 0.5, "kernel": None, "units": HEARD, "left": 1})
    second = {
        "name": "hidden2",
        "label": "hidden 2",
        "noun": "unit",
        "pictures": [{"sort": "onehot", "width": 28, "height": 28}],
        "units": [fed, unit("hidden2", 1, incoming=seen, outgoing=None)],
    }
    bottleneck["outgoing"] = {"target": "hidden2", "answers": False, "kernel": None, "units": FEEDS, "left": 0}
    return {
        "condition": condition,
        "title": title,
        "scales": [0.0, 1.0, 3.0],
        "accuracy": 90.0,
        "images": [100] * 10,
        "epochs": 1,
        "columns": {"top": 4, "range": 3},
        "layers": [layer, second],
        "pictures": {
            f"{each['id']}{sort}": PICTURE
            for of in (layer, second)
            for each in of["units"]
            for sort in ("", "-images", "-range", "-incoming")
        },
    }


RAW, NORMALIZED = ("mlp-raw", "MLP, raw"), ("mlp-normalized", "MLP, normalized")
NETWORKS = (network(*RAW, NORMALIZED), network(*NORMALIZED, RAW))


@pytest.fixture
def files(arguments):
    return render(**arguments | {"units": NETWORKS, "base_url": "https://example.org/name"})


@pytest.fixture
def page(files):
    return files["units/mlp-raw.html"].decode()


def text(markup):
    return " ".join(re.sub(r"<[^>]+>", "", markup).split()).replace("\u00a0", " ")


def card(page, name):
    return page.partition(f'<section class="unit" id="{name}"')[2].partition("</section>")[0]


def test_a_card_says_in_words_what_its_numbers_say(page):
    said = text(card(page, "hidden1-0"))
    assert "Unit 0 of hidden 1: nines, MLP, raw" in said
    assert "A polysemantic unit: it answers most to 9" in said
    assert "With it set to zero, accuracy falls by 6.0 points; the 9s lose 60.0 points" in said
    assert "Set to its average as well, it is missed so much that it is a bottleneck" in said
    assert "55 of their 60 lost images are read as 4 instead" in said
    assert "correlation" in said
    assert "0.87" in said


def test_classes_with_names_are_named_wherever_digits_stand(arguments):
    names = ["circle", "cross", "bar", "ring & dot", "<frame>", "f", "g", "h", "two words", "nine"]
    named = {"noun": "shape", "plural": "shapes", "kind": "shape", "kinds": "shapes", "class_names": names}
    site = render(**arguments | {"card": arguments["card"] | named, "units": NETWORKS})
    shown = card(site["units/mlp-raw.html"].decode(), "hidden1-0")
    said = html.unescape(text(shown))
    assert "it answers most to nine. The participation ratio of its class means is 3.2; all alike" in said
    assert "images of nine lose 60.0 points" in said
    assert "55 of their 60 lost images are read as <frame> instead" in said
    assert "shape nine 90.0, 90.0, 90.0 %" in html.unescape(shown)
    assert 'alt="Images of nine, &#60;frame&#62;"' in shown
    assert 'data-likes="nine"' in shown
    for code in ("cir", "cro", "bar", "<fr", "two"):
        assert f">{code}</text>" in html.unescape(shown), code
    assert "digit " not in said


def test_a_dead_unit_is_said_to_be_dead_and_to_cost_nothing(page):
    said = text(card(page, "hidden1-1"))
    assert "A dead unit" in said
    assert "Set to zero, it costs no digit anything" in said
    assert "not one answer changes" in said


def test_of_a_unit_that_can_be_negative_nothing_is_said_of_selectivity_and_its_bars_go_both_ways(page):
    shown = card(page, "hidden1-2")
    said = text(shown)
    assert (
        "It is largest on average for 3. Its activation can be negative, so it is neither selective nor silent." in said
    )
    assert "Selectivity" not in said
    assert "class=is-signed" in shown
    bars = re.findall(r'<path d="M[0-9.]+ 46v([-0-9.]+)h14(?:\.0)?v', shown)
    assert [float(down) for down in bars[:4]] == [30, 0, -7.5, -15]


def test_every_picture_and_every_link_to_a_unit_or_a_term_leads_to_its_place(files, page):
    """(The fixture has few chapters, so links to those are left to the tests of the whole site.)"""
    here = "https://example.org/name/units/mlp-raw.html"
    targets = [urljoin(here, target) for target in re.findall(r'(?:src|href)="([^"]+)"', page)]
    inside = [target.removeprefix("https://example.org/name/") for target in targets]
    checked = [target for target in inside if target.startswith(("units/", "data/", "assets/", "glossary"))]
    assert len(checked) > 15
    for target in checked:
        file, _, anchor = target.partition("#")
        assert file in files, target
        assert not anchor or f'id="{anchor}"'.encode() in files[file], target


def test_pictures_and_numbers_are_written_beside_the_pages(files):
    assert files["units/mlp-raw/hidden1-0.png"] == b"\x89PNG planted"
    numbers = json.loads(files["data/units-mlp-raw.json"])
    assert "pictures" not in numbers
    assert numbers["layers"][0]["units"][0]["lost"] == 6.02


def test_the_pages_stand_in_manifest_and_sitemap_and_in_no_list_of_contents(files):
    assert "units/mlp-raw.html" in json.loads(files["manifest.json"])["pages"]
    assert b"https://example.org/name/units/mlp-raw.html" in files["sitemap.xml"]
    assert b"units/mlp-raw.html" not in files["health.html"]
    assert b"units/mlp-raw.html" not in files["feed.xml"] if "feed.xml" in files else True


def test_ids_are_used_once_and_there_is_no_inline_style_or_script(page):
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_figures_may_name_layers_and_a_layer_that_does_not_exist_is_told():
    assert [layer["name"] for _, layer in units.named(NETWORKS, "last")] == ["hidden2", "hidden2"]
    assert units.named(NETWORKS, [("mlp-raw", "hidden1")])[0][0]["title"] == "MLP, raw"
    assert units.named((), [("mlp-raw", "hidden1")]) == []
    with pytest.raises(PageError, match=r"mlp-raw, hidden9"):
        units.named(NETWORKS, [("mlp-raw", "hidden9")])


def test_labels_at_the_ends_of_lines_keep_apart():
    scale = {"top": 8, "bottom": 82, "low": 0, "high": 100}
    there = units.height(90, **scale)
    for value in (0, 50, 89, 90, 91, 100):
        assert abs(units.height(value, **scale, avoid=there) - there) >= 10.9


def test_the_share_at_zero_stands_apart_from_the_density(page):
    shown = html.unescape(card(page, "hidden1-0"))
    assert "exactly zero for 50 % of the images, else from 0 to 4" in shown
    assert '<path class="zero" d="M7 84v-35.0h14v35.0z"/>' in shown
    assert '<path class="spread" d="M34 84V14H115V60.7H196V84z"/>' in shown
    assert '<path class="own c9" d="M34 84V84H115V60.7H196V84z"/>' in shown
    assert "Its activation is zero for all images" in text(card(page, "hidden1-1"))


def test_the_groups_stand_from_the_strongest_to_the_weakest_with_what_they_consist_of(page):
    shown = html.unescape(card(page, "hidden1-0"))
    assert "<li>1–4</li><li>silent</li>" in shown
    assert "9 75\u202f%, 0 100\u202f%" in shown
    assert '<path class="c0" d="M0 5h25M0 15h100"/><path class="c9" d="M25 5h75"/>' in shown
    assert 'src="mlp-raw/hidden1-0-range.png" width="84" height="56"' in shown
    assert "it is silent for 50 %, and each other group is 50 % of them" in text(shown).replace("\u202f", " ")
    assert "It says the same to all images" in text(card(page, "hidden1-1"))


def test_what_feeds_a_unit_is_named_linked_and_drawn_with_its_sign(page):
    shown = card(page, "hidden2-0")
    said = html.unescape(text(shown))
    assert 'href="#hidden1-0"' in shown
    assert 'src="mlp-raw/hidden1-0.png"' in shown
    assert '<path class="more" d="M25 1h25.0v6H25z"/>' in shown
    assert '<path class="less" d="M25 1h-8.3v6H25z"/>' in shown
    assert "its strongest weights on the units of hidden 1, those that raise it first; 1 more has smaller ones" in said
    assert "Its bias is 0.5" in said
    assert "It is fed the image itself, and its bias is −0.25" in text(card(page, "hidden1-0"))


def test_the_logits_that_a_unit_raises_most_stand_beside_its_name(page):
    assert "It raises the logit of 9 by 0.4 and 8 by 0.3 for each 1 it says." in text(card(page, "hidden2-0"))
    assert "It raises" not in text(card(page, "hidden1-0"))


def test_what_a_unit_costs_at_its_average_stands_before_what_it_costs_at_zero(page):
    said = text(card(page, "hidden1-0"))
    assert "With it set to its average, accuracy falls by 1.25 points." in said
    assert "Zero costs more than the average" in said
    assert "as many images correctly as before" in text(card(page, "hidden1-2"))
    assert "Zero costs more than the average" not in text(card(page, "hidden1-2"))


def test_kernels_are_drawn_one_by_one_from_one_picture(page):
    shown = card(page, "hidden2-1")
    pieces = re.findall(r'<svg class="kernel" viewBox="([^"]+)"[^>]*><image class="pixels" href="([^"]+)"', shown)
    assert pieces == [(f"0 {top} 3 2", "mlp-raw/hidden2-1-incoming.png") for top in (0, 3)]
    assert 'width="3" height="5"' in shown
    assert "What it feeds:" not in shown


def test_what_a_unit_feeds_is_the_next_layers_units_or_every_logit(page):
    assert 'href="#hidden2-1"' in card(page, "hidden1-0")
    shown = html.unescape(card(page, "hidden2-0"))
    assert "Weight on each answer by digit: 0: −0.5, 1: −0.4" in shown
    assert "its weights on the logits" in shown


def test_a_twin_is_shown_beside_the_unit_and_a_poor_one_is_said_to_be_none(page):
    shown = card(page, "hidden1-0")
    said = text(shown)
    assert 'src="mlp-normalized/hidden1-1.png"' in shown
    assert "MLP, normalized: unit 1 of hidden 1, correlation 0.87" in said
    assert 'src="mlp-normalized/hidden1-2.png"' not in shown
    assert "MLP, normalized: no twin. The nearest, unit 2 of hidden 1, has a correlation of 0.21" in said


def test_a_unit_is_called_by_what_it_does_where_that_is_known(arguments):
    named = network(*RAW, NORMALIZED)
    named["layers"][0]["units"][0]["means"] = [0.0] * 4 + [1.5] + [0.0] * 4 + [2.0]
    site = render(**arguments | {"units": [named]})
    page = site["units/mlp-raw.html"].decode()
    assert "Unit 0 of hidden 1: nines and fours, MLP, raw" in html.unescape(text(card(page, "hidden1-0")))
    assert "unit 0 nines and fours" in html.unescape(text(card(page, "hidden2-0")))


def test_runs_tell_where_each_stretch_begins():
    assert units.runs([None, 3, 3, 5]) == [(0, 1, None), (1, 2, 3), (3, 1, 5)]


def test_cells_are_coloured_by_the_share_of_a_digits_images():
    assert [units.level(change, 1000) for change in (0, 4, 5, -5, 50, -250)] == ["", "", "m1", "l1", "m2", "l3"]
