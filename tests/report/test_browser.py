"""The site as a browser meets it: from a file, from a sub-path, on a phone, without scripts, by keyboard."""

import io

import numpy as np
import pytest
from PIL import Image

PAGES = ("index.html", "health.html", "glossary.html", "references.html", "404.html", "code/planted.analysis.html")


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def site_folder(request, kept):
    """One for all tests of this file: none of them changes it."""
    if not kept:
        kept.append(request.getfixturevalue("site_folder"))
    return kept[0]


@pytest.fixture
def served(site_folder, serve):
    """The address of the site under a sub-path, as a project page has it."""
    return serve(site_folder)


def looks_right(page):
    """The style sheet was applied, and every picture that is shown has been drawn."""
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("load")
    shown = "[...document.images].filter(i => i.offsetParent !== null)"
    page.evaluate(f"Promise.all({shown}.map(i => {{ i.loading = 'eager'; return i.decode(); }}))")
    assert page.evaluate(f"{shown}.every(i => i.naturalWidth > 0)")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')").strip()


@pytest.mark.parametrize("name", PAGES)
def test_pages_work_from_the_file_system_without_a_word_in_the_console(open_page, site_folder, name):
    page = open_page((site_folder / name).as_uri())
    looks_right(page)
    assert page.messages == []
    assert all(request.startswith("file://") for request in page.requests)


@pytest.mark.parametrize("name", PAGES)
def test_pages_work_under_a_sub_path_and_ask_no_one_else(open_page, served, name):
    page = open_page(served + name)
    looks_right(page)
    assert page.messages == []
    assert len(page.requests) > 3
    assert all(request.startswith(served) for request in page.requests)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways_even_with_everything_unfolded(open_page, site_folder, name):
    page = open_page((site_folder / name).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_a_figure_keeps_its_size_on_a_phone_and_scrolls_in_its_box(open_page, site_folder):
    page = open_page((site_folder / "health.html").as_uri(), viewport={"width": 320, "height": 700})
    box = page.locator(".drawing").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    scrolled = "new Promise(done => box.scrollLeft ? done(true) : box.addEventListener('scroll', () => done(true)))"
    assert box.evaluate(f"box => {scrolled}")


def test_without_scripts_everything_is_there(open_page, site_folder):
    page = open_page((site_folder / "health.html").as_uri(), java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator(".answer").is_visible()
    assert page.locator("#fig-dead-units .on-light").is_visible()
    assert not page.locator("#fig-dead-units .on-dark").is_visible()
    page.locator("#fig-dead-units summary").click()
    assert page.get_by_role("link", name="health-dead-units.csv").is_visible()
    page.get_by_text("How this was measured").click()
    assert page.locator(".measured pre").is_visible()
    assert page.locator(".theme-toggle").count() == 0


def test_without_scripts_the_contents_unfold_on_a_phone(open_page, site_folder):
    page = open_page(
        (site_folder / "health.html").as_uri(), java_script_enabled=False, viewport={"width": 360, "height": 700}
    )
    glossary = page.locator(".menu a", has_text="Glossary")
    assert not glossary.is_visible()
    page.locator(".menu summary").click()
    assert glossary.is_visible()


def paper(page):
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def test_light_and_dark_follow_the_system_and_so_do_figures(open_page, site_folder):
    address = (site_folder / "health.html").as_uri()
    light, dark = open_page(address, color_scheme="light"), open_page(address, color_scheme="dark")
    assert paper(light) != paper(dark)
    assert light.locator(".on-light").first.is_visible()
    assert dark.locator(".on-dark").first.is_visible()
    assert not dark.locator(".on-light").first.is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_white_strip_stands_in_the_dark_where_something_scrolls(open_page, site_folder, width):
    viewport = {"width": width, "height": 240}  # too low for the contents
    page = open_page((site_folder / "health.html").as_uri(), color_scheme="dark", viewport=viewport)
    pixels = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    assert pixels.shape[1] == width
    assert (pixels.min(axis=2) > 240).mean(axis=0).max() < 0.5  # of no column of pixels half is white


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_toggle_turns_the_colours_and_the_choice_outlives_a_reload(open_page, served, scheme):
    page = open_page(served + "health.html", color_scheme=scheme)
    before = paper(page)
    page.get_by_role("button", name="colours").click()
    after = paper(page)
    assert after != before
    page.reload()
    assert paper(page) == after
    page.goto(served + "index.html")
    assert paper(page) == after
    page.get_by_role("button", name="colours").click()
    assert paper(page) == before


def test_the_toggle_works_where_storage_is_refused(open_page, site_folder):
    page = open_page("about:blank", own=True)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })")
    page.goto((site_folder / "index.html").as_uri())
    before = paper(page)
    page.get_by_role("button", name="colours").click()
    assert paper(page) != before
    assert page.messages == []


def test_the_keyboard_reaches_the_skip_link_first_and_then_the_text(open_page, site_folder):
    page = open_page((site_folder / "health.html").as_uri())
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.inner_text() == "Skip to the text"
    assert focused.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_focus_is_visible_on_every_link_and_button(open_page, site_folder):
    page = open_page((site_folder / "health.html").as_uri())
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.locator(":focus").evaluate("each => getComputedStyle(each).outlineStyle") == "solid"


@pytest.mark.chromium
def test_print_is_dark_on_light_and_leaves_the_frame_out(open_page, site_folder):
    page = open_page((site_folder / "health.html").as_uri(), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert paper(page) == "rgb(251, 250, 247)"
    assert page.locator(".on-light").first.is_visible()
    assert not page.locator(".sidebar").is_visible()
    assert not page.locator(".theme-toggle").is_visible()


def test_scrolling_is_smooth_only_for_those_who_do_not_mind(open_page, site_folder):
    address = (site_folder / "health.html").as_uri()
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    assert open_page(address, reduced_motion="reduce").evaluate(behaviour) == "auto"
    assert open_page(address, reduced_motion="no-preference").evaluate(behaviour) == "smooth"
