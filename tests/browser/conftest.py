"""What the tests of the page's scripts need: the published site, as readers get it. A browser: tests/conftest.py."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def published_site(tmp_path_factory):
    """The folder of the published site, built once from results/; its last part is a sub-path's name."""
    folder = tmp_path_factory.mktemp("published")
    site = folder / "pages" / "name"
    command = [sys.executable, str(ROOT / "build.py"), "--cache", str(folder / "cache"), "--out", str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return site


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
