"""The lab, the map and the pages of units on a set of five classes with names: they say names, not numbers."""

import re

from sets import NAMES


def test_the_lab_answers_with_names(open_page, named_site):
    page = open_page((named_site / "lab.html").as_uri())
    page.locator("[data-lab][data-ready]").wait_for()
    board = page.locator("[data-board]")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 150, steps=5)
    page.mouse.up()
    page.wait_for_function("() => !document.querySelector('[data-verdict]').textContent.startsWith('Nothing')")
    verdict = page.locator("[data-verdict]").text_content()
    assert set(re.findall("\u201c(.+?)\u201d", verdict)) <= set(NAMES)
    assert set(page.locator("[data-says]").all_text_contents()) <= set(NAMES)
    assert page.locator(".lab-bars").first.locator("tbody th").all_text_contents() == list(NAMES)
    page.locator("button[data-digit]").first.click()
    assert "by its label, test image" in page.locator("[data-verdict]").text_content()
    assert page.messages == []


def test_the_map_filters_and_tells_by_name(open_page, named_site):
    page = open_page((named_site / "map.html").as_uri())
    page.wait_for_selector("[data-ready]")
    assert page.locator(".map-digit").all_text_contents() == list(NAMES)
    page.get_by_role("button", name="Cross", exact=True).click()
    assert page.evaluate("location.hash") == "#digits=1"
    page.locator(".map-numbers summary").click()
    page.locator(".map-numbers tbody th").first.wait_for()  # written once the browser has told that it is open
    assert page.locator(".map-numbers tbody th").all_text_contents() == list(NAMES)
    page.locator("canvas.map-canvas").first.focus()
    page.keyboard.press("ArrowRight")
    name = page.locator(".map-who .map-name").text_content()
    assert name.partition(":")[0].lower() in NAMES
    assert page.messages == []


def test_units_are_filtered_by_their_favourites_name(open_page, named_site):
    page = open_page((named_site / "units" / "mlp-normalized.html").as_uri())
    options = page.get_by_role("combobox", name="Favourite shape", exact=True).locator("option").all_text_contents()
    assert options[0] == "any"
    assert set(options[1:]) <= set(NAMES)
    assert page.messages == []
