"""What the tests of the page's scripts need beside the published site and a browser, which tests/conftest.py has."""

from pathlib import Path

import pytest


@pytest.fixture
def violations():
    """What axe finds on a page against WCAG 2.1 AA and its own best practices: [(rule, selectors)]."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    source = (Path(axe.__file__).parent / "axe.min.js").read_text()

    def look(page):
        page.evaluate(source)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'], preload: false })")["violations"]
        return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]

    return look
