"""What helps a reader to learn: predictions before findings, and terms that open where they stand."""

import pytest

TAP = {"has_touch": True, "viewport": {"width": 390, "height": 800}}


@pytest.fixture
def chapter(open_page, published_site):
    def open_chapter(slug, **options):
        return open_page((published_site / f"{slug}.html").as_uri(), **options)

    return open_chapter


def test_a_guess_opens_the_finding_is_told_from_what_came_true_and_kept_in_the_address(chapter, published_site):
    page = chapter("why", own=True)
    section = page.locator("[data-predict=suspect]")
    right = int(section.get_attribute("data-right"))
    choices, said = section.locator("input"), section.locator("[data-said]")
    assert not section.locator("details").evaluate("(fold) => fold.open")
    assert section.locator(".came-true").count() == 0
    wrong = right % choices.count()
    choices.nth(wrong).check()
    assert section.locator("details").evaluate("(fold) => fold.open")
    assert said.text_content() == "It came out otherwise."
    choices.nth(right - 1).check()
    assert said.text_content() == "So it came out."
    assert section.locator(".came-true input").get_attribute("value") == str(right)
    assert page.evaluate("location.hash") == f"#suspect={right}"
    page.reload()
    assert said.text_content() == "So it came out."
    page.evaluate("location.hash = '#suspect=99'")
    page.wait_for_function("() => document.body.textContent.includes('suspect')")
    assert page.messages == []


def test_a_guess_that_is_gone_from_the_address_is_gone_from_the_page(chapter):
    page = chapter("basis")
    section = page.locator("[data-predict=axes]")
    section.locator("input").first.check()
    page.evaluate("location.hash = ''")
    page.wait_for_function("() => document.querySelector('[data-predict=axes] :checked') === null")
    assert section.locator("[data-said]").text_content() == ""
    assert section.locator(".came-true").count() == 0
    assert not section.locator("details").evaluate("(fold) => fold.open")


def test_a_guess_is_made_by_keyboard_and_nothing_is_asked_of_the_network(chapter):
    page = chapter("basis")
    page.locator("[data-predict=axes] input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert page.locator("[data-predict=axes] input").nth(1).is_checked()
    assert page.evaluate("location.hash") == "#axes=2"
    assert all(request.startswith("file:") for request in page.requests)


@pytest.mark.chromium
def test_without_scripts_the_finding_lies_in_a_fold_and_a_term_is_a_link(browser, published_site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((published_site / "similarity.html").as_uri())
    fold = page.locator("[data-predict=strangers] details")
    fold.locator("summary").click()
    assert "Above two thirds" in fold.inner_text()
    page.locator("a.term").first.click()
    assert "glossary.html#" in page.url
    context.close()


def test_a_term_opens_beside_itself_by_pointer_and_by_keyboard_and_escape_closes_it(chapter):
    page = chapter("health")
    term = page.locator("a[data-term=dead-unit]").first
    note = page.locator("#term-dead-unit")
    assert not note.is_visible()
    term.hover()
    note.wait_for(state="visible")
    assert "zero on" in note.text_content()
    box, at, width = note.bounding_box(), term.bounding_box(), page.viewport_size["width"]
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] >= at["y"] + at["height"] or box["y"] + box["height"] <= at["y"]
    note.hover()
    page.wait_for_timeout(400)
    assert note.is_visible()  # it stays while the pointer is on it
    page.keyboard.press("Escape")
    assert not note.is_visible()
    page.mouse.move(0, 0)
    page.locator("a.cite").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.getAttribute('data-term')")
    if focused is None:  # the next link is another one: go on to a term
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.getAttribute('data-term')")
    assert page.locator(f"#term-{focused}").is_visible()
    assert page.messages == []


def test_a_tap_opens_a_term_and_a_second_one_follows_it(chapter):
    page = chapter("health", **TAP)
    term = page.locator("a[data-term=dead-unit]").first
    term.scroll_into_view_if_needed()
    term.tap()
    assert page.locator("#term-dead-unit").is_visible()
    assert page.url.endswith("health.html")
    term.tap()
    page.wait_for_url("**/glossary.html#dead-unit")


@pytest.mark.chromium
@pytest.mark.parametrize("slug", ["why", "health"])
def test_axe_finds_nothing_in_what_is_opened(chapter, slug):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = chapter(slug)
    if slug == "why":
        page.locator("[data-predict=suspect] input").first.check()
    else:
        page.locator("a[data-term=dead-unit]").first.hover()
        page.locator("#term-dead-unit").wait_for(state="visible")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = axe.run(page, options=rules).response["violations"]
    assert [each["id"] for each in found] == []
