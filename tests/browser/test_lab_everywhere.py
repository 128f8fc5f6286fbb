"""The digit lab on every screen and for every reader: narrow and wide, light and dark, by touch, without scripts."""

import shutil

import pytest

from experiments import published

PAGES = ("lab.html", "index.html")


def said_of(index):
    """What the first network of the shelf says of a test image that lies there."""
    shelf = published.product("shelf", "shelf.npz")
    return shelf["prediction"][0, list(shelf["index"]).index(index)]


@pytest.mark.parametrize("name", PAGES)
def test_without_scripts_the_shelf_and_what_each_network_says_are_there(lab, name):
    page = lab(name=name, java_script_enabled=False)
    assert not page.locator("[data-board]").is_visible()
    assert not page.locator("[data-answer]").first.is_visible()
    digit = page.locator("li[data-digit='324']")
    assert digit.locator("svg").is_visible()
    assert f"MLP, raw says {said_of(324)}" in " ".join(digit.text_content().split())
    assert digit.locator(".lab-tells").first.is_visible()
    assert page.locator("[data-lab] button:visible:not(.mark)").count() == 0


@pytest.mark.parametrize(
    ("name", "looks"),
    [("lab.html", [(1280, "light"), (320, "dark")]), ("index.html", [(1280, "dark"), (320, "light")])],
)
@pytest.mark.parametrize("look", ["mlp-raw.hidden1.4", "cnn-raw.conv2.5", "cnn-normalized.logits.4"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(lab, violations, name, looks, look):
    hash = f"#digit=9060&saliency=mlp-raw,cnn-raw&scale=mlp-raw.hidden2.7:0,cnn-raw.conv1.3:1.5&look={look}"
    page = lab(hash, name=name)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.locator("[data-network=cnn-normalized] [data-unit='hidden3.4']").focus()
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], (width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, scheme
    assert page.messages == []


def test_what_is_touched_is_large_enough(lab):
    page = lab("#digit=324&scale=mlp-raw.hidden2.7:0&look=mlp-raw.hidden2.7")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        small = page.locator("[data-lab] :is(button, input, summary):visible").evaluate_all(
            """all => all.map(each => [each.textContent, each.getBoundingClientRect()])
                .filter(([, box]) => box.width < 23.5 || box.height < 23.5).map(([text]) => text)"""
        )
        assert small == [], width


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1280, 800), (1440, 900), (1920, 1080)])
def test_board_answers_units_and_the_arithmetic_of_one_are_on_one_screen(lab, width, height):
    page = lab("#digit=324&look=mlp-raw.hidden1.4", viewport={"width": width, "height": height})
    ends = page.locator("[data-board], [data-answer], .lab-unit, [data-chosen], .lab-equation").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().bottom)"
    )
    assert max(ends) <= height


def test_the_front_page_opens_with_a_digit_the_networks_and_four_findings_on_one_screen(lab):
    page = lab(name="index.html", viewport={"width": 1280, "height": 800})
    assert page.locator(".card").count() == 4
    for card in page.locator(".card").all():
        assert card.locator("svg[role=img]").count() == 1
        assert card.locator(".mark").count() >= 1  # the evidence
        assert card.locator(".card-way a").count() == 1
    ends = page.locator("[data-board], [data-answer], .card").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().bottom)"
    )
    assert max(ends) <= 800
    seen = page.locator("[data-answer=cnn-raw] [data-strip] canvas")
    assert seen.count() == 3
    lit = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
        .data.some((level) => level > 120 && level < 255)"""
    assert all(seen.nth(place).evaluate(lit) for place in range(3))


def test_a_lab_without_its_networks_says_so_and_the_rest_of_the_page_stands(open_page, published_site, tmp_path):
    site = tmp_path / "site"
    shutil.copytree(published_site, site, ignore=shutil.ignore_patterns("networks.js"))
    page = open_page((site / "lab.html").as_uri())
    told = page.locator("[data-lab] [role=alert]")
    told.wait_for()
    assert told.text_content() == (
        "The networks could not be read: data/networks.js could not be read. The rest of the page is not affected."
    )
    assert page.locator("[data-lab][data-ready]").count() == 0


def test_on_a_phone_what_can_be_done_to_a_unit_stays_in_reach_of_the_thumb(lab):
    page = lab("#digit=324", viewport={"width": 390, "height": 800})
    cell = page.locator("[data-network=mlp-raw] [data-unit='hidden1.4']")
    cell.scroll_into_view_if_needed()
    cell.click()
    off = page.get_by_role("button", name="Switch off").bounding_box()
    assert 400 < off["y"] < 800 - off["height"]
