"""The search over the site: what it finds and in which order, and how it is reached by keyboard, pointer and eye."""

import json
import re

import pytest

from report.site import search

FOUND = ".search-found a"
FIND = """([pages, query]) => {
  const { find, placesOf, wordsOf } = InsideMNIST.find;
  return find(placesOf(pages), wordsOf(query)).found.map((place) => place.address);
}"""
ENDINGS = ("normalization", "normalized", "normalizing", "normalize", "normalizes")
PAGES = [
    ["a.html", "Training", [["", "How do networks learn?", "Slowly."], ["rate", "The rate", "0.01, as Müller says."]]],
    ["b.html", "Health", [["dead", "Dead units", "Silent ones."], ["late", "Late in training", "A dead unit, units."]]],
    ["c.html", "Glossary", [["dead-unit", "dead unit", "It doesn’t answer (first-layer)."]]],
]
WANTED = {
    "dead": ["c.html#dead-unit", "b.html#dead", "b.html#late"],  # headings, the shortest first, before text
    "dead unit": ["c.html#dead-unit", "b.html#dead", "b.html#late"],  # the word before what begins with it
    "UNI sil": ["b.html#dead"],  # all of them
    "lent": [],  # from a word's beginning only
    "muller": ["a.html#rate"],
    "0.01": ["a.html#rate"],
    "doesn't": ["c.html#dead-unit"],
    "first-layer": ["c.html#dead-unit"],
    "which of the units is dead": ["b.html#dead", "c.html#dead-unit", "b.html#late"],  # the commonest words aside
    "the": ["a.html#rate"],  # unless nothing else is asked
    "answering": ["c.html#dead-unit"],  # endings aside
    "1": [],  # of a number nothing is a beginning
    "rate dead slowness": [],
    "rate 0.01 dead": ["a.html#rate"],  # most of them, where no place has all
    "learn training": ["a.html"],  # the page's name helps a place of it that is found
    "training": ["b.html#late"],  # and is none itself
    " ?(.* [": [],
    "": [],
}


@pytest.fixture
def opened(open_page, published_site):
    """Opens the search on a page of the site, and types words."""

    def open_search(words="", file="why.html", **options):
        page = open_page((published_site / file).as_uri(), **options)
        page.get_by_role("button", name="Search").click()
        page.get_by_role("searchbox").fill(words)
        page.wait_for_function("() => document.querySelector('.search-said').textContent")
        if words:
            page.wait_for_function("() => /place|Nothing/.test(document.querySelector('.search-said').textContent)")
        return page

    return open_search


def test_all_words_are_found_by_their_beginning_and_headings_come_first(opened):
    page = opened()
    assert {query: page.evaluate(FIND, [PAGES, query]) for query in WANTED} == WANTED


@pytest.mark.parametrize(
    "query", ["why normalization helps", "why does normalization help", "Why does normalizing the input help?"]
)
def test_a_question_leads_to_the_page_that_asks_it(opened, query):
    page = opened(query)
    assert page.locator(FOUND).first.get_attribute("href").endswith("/why.html")


def test_endings_meet_on_every_page_that_has_the_word(opened):
    page = opened()
    found = [page.evaluate(f"(query) => ({FIND})([InsideMNIST.data.search, query])", query) for query in ENDINGS]
    assert {"why.html", "train.html#what-to-try"} <= set(found[0])
    assert [set(each) for each in found[1:]] == [set(found[0])] * (len(ENDINGS) - 1)


def test_a_number_is_found_whole(opened):
    page = opened()
    places = page.evaluate(f"({FIND})([InsideMNIST.data.search, '4'])")
    assert places
    text = page.evaluate(
        """() => InsideMNIST.find.marked("4.4 % of 14, 4,000 or 4th are not 4, nor 0.4.", InsideMNIST.find.wordsOf("4"))
            .filter((part) => part.nodeName === "MARK").map((part) => part.textContent)"""
    )
    assert text == ["4"]


def test_where_no_place_has_all_words_it_is_said(opened):
    page = opened("dead units zebra")
    assert page.get_by_role("status").last.inner_text().startswith("No place has all of these words")


def test_a_place_is_told_with_its_page_and_the_words_in_their_sentence(opened):
    page = opened("arvesen U-Statistics")
    link = page.locator(FOUND).first
    assert link.locator(".search-where").inner_text() == "References"
    assert link.locator(".search-heading").inner_text() == "Jackknifing U-Statistics"
    assert link.locator(".search-excerpt mark").all_inner_texts() == ["Arvesen", "U", "Statistics", "Statistics"]
    assert "Annals of Mathematical Statistics" in link.locator(".search-excerpt").inner_text()
    assert page.get_by_role("status").last.inner_text() == "One place."
    assert page.messages == []


def test_every_page_can_be_found_by_its_question_and_every_address_is_there(published_site):
    text = (published_site / search.FILE).read_text()
    pages = json.loads(text.split(" = ", 1)[1].rstrip().rstrip(";"))
    there = {path.relative_to(published_site).as_posix() for path in published_site.glob("*.html")}
    there |= {path.relative_to(published_site).as_posix() for path in published_site.glob("units/*.html")}
    assert {file for file, *_ in pages} == there - {"404.html"}
    for file, _, places, _ in pages:
        html = (published_site / file).read_text()
        assert places[0][0] == ""
        assert places[0][1] in re.sub(r"<[^>]+>", "", re.search("<h1[^>]*>(.*?)</h1>", html, re.DOTALL)[1])
        assert all(f'id="{anchor}"' in html for anchor, _, _ in places[1:])
    assert len(text.encode()) < 400_000


def test_the_index_is_loaded_when_the_search_is_opened_and_not_before(open_page, serve, published_site):
    page = open_page(serve(published_site) + "units/mlp-raw.html", own=True)
    page.wait_for_load_state("load")
    assert not any(request.endswith("/data/search.js") for request in page.requests)
    for _ in range(2):
        page.get_by_role("button", name="Search").click()
        page.get_by_role("searchbox").fill("glossary")
        page.locator(FOUND).first.wait_for()
        page.keyboard.press("Escape")
    asked = [request for request in page.requests if request.endswith("/data/search.js")]
    assert asked == [page.url.replace("units/mlp-raw.html", "data/search.js")]
    assert page.messages == []


def test_an_index_that_cannot_be_loaded_is_told_and_asked_for_again(open_page, serve, published_site):
    page = open_page(serve(published_site) + "why.html", own=True)
    page.route("**/data/search.js", lambda route: route.abort())
    page.get_by_role("button", name="Search").click()
    page.get_by_text("could not be loaded").wait_for()
    page.keyboard.press("Escape")
    page.unroute("**/data/search.js")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("or a question").wait_for()


def test_the_keyboard_alone_opens_searches_goes_through_and_follows(open_page, published_site):
    page = open_page((published_site / "units/mlp-raw.html").as_uri())
    page.keyboard.press("/")
    page.keyboard.type("dead unit")
    page.locator(FOUND).nth(2).wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(f"document.activeElement === document.querySelectorAll('{FOUND}')[1]")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html#dead-unit")


def test_escape_closes_and_gives_the_focus_back(opened):
    page = opened("dead")
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Search"
    page.keyboard.press("Enter")
    assert page.get_by_role("searchbox").input_value() == "dead"


def test_a_place_on_the_same_page_is_gone_to(opened):
    page = opened("late suspects")
    page.get_by_role("searchbox").fill("four suspects")
    page.locator(FOUND, has_text="Four suspects").first.click()
    assert page.evaluate("location.hash") == "#four-suspects"
    assert not page.locator("dialog").is_visible()
    page.wait_for_function("() => Math.abs(document.getElementById('four-suspects').getBoundingClientRect().top) < 300")


def test_the_key_opens_nothing_where_a_reader_writes_or_has_switched_it_off(opened):
    page = opened("a/b")
    page.keyboard.press("/")
    assert page.get_by_role("searchbox").input_value().endswith("/")
    page.get_by_label("The / key opens the search").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert not page.locator("dialog").is_visible()
    page.reload()
    page.keyboard.press("/")
    assert page.locator("dialog").count() == 0


def test_a_click_beside_the_window_closes_it(opened):
    page = opened("dead")
    page.mouse.click(5, 700)
    assert not page.locator("dialog").is_visible()


def test_text_that_is_selected_out_of_the_field_leaves_the_window_open(opened):
    page = opened("dead")
    box, window = page.get_by_role("searchbox").bounding_box(), page.locator("dialog").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(window["x"] - 30, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert page.locator("dialog").is_visible()


def test_without_scripts_there_is_no_button(open_page, published_site):
    page = open_page((published_site / "why.html").as_uri(), java_script_enabled=False)
    assert page.locator("[data-tools] *").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_the_window_fits_and_axe_finds_nothing(opened, violations, width, scheme):
    page = opened("unit", viewport={"width": width, "height": 640}, color_scheme=scheme)
    assert page.locator(FOUND).count() == 20
    box = page.locator("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= 640
    assert page.get_by_label("The / key").is_visible()
    assert page.locator(".search-found").evaluate("box => box.scrollWidth <= box.clientWidth")
    page.locator(FOUND).first.focus()
    assert violations(page) == []
