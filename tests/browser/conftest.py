"""What the tests of the page's scripts need beside the published site and a browser, which tests/conftest.py has."""

from pathlib import Path

import pytest


@pytest.fixture
def violations():
    """What axe finds on a page against WCAG 2.1 AA and its own best practices: [(rule, selectors)]."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    source = (Path(axe.__file__).parent / "axe.min.js").read_text()

    def look(page):
        if not page.evaluate("'axe' in window"):
            page.evaluate(source)
        run = "axe.run(document, { resultTypes: ['violations'], preload: false }).then(found => found.violations)"
        found = page.evaluate(run)
        return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]

    return look


@pytest.fixture
def turn_to():
    """Changes the part of an address behind the "#", as a reader does who edits it; ends when the page has heard."""
    heard = """hash => new Promise((done) => {
      addEventListener("hashchange", () => done(), { once: true });
      location.hash = hash;
    })"""
    return lambda page, hash: page.evaluate(heard, hash)


@pytest.fixture
def travel():
    """Goes "back" or "forward" among a page's states; ends when the page has heard. (WebDriver BiDi tells nothing of an
    address that loses its "#".)"""
    heard = """way => new Promise((done) => {
      addEventListener("popstate", () => done(), { once: true });
      history[way]();
    })"""
    return lambda page, way: page.evaluate(heard, way)


@pytest.fixture
def lab(open_page, published_site):
    """Opens the lab's page, or another with a lab on it, and waits for its scripts."""

    def open_lab(hash="", name="lab.html", **options):
        page = open_page((published_site / name).as_uri() + hash, **options)
        if options.get("java_script_enabled", True):
            page.locator("[data-lab][data-ready]").wait_for()
        return page

    return open_lab


@pytest.fixture
def visit(open_page, published_site):
    """Opens a file of the site and waits for its scripts, which a busy machine may run late."""

    def visit(file="units/mlp-raw.html", place="", **options):
        page = open_page((published_site / file).as_uri() + place, **options)
        page.wait_for_load_state("load")
        return page

    return visit
