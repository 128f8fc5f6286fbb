"""The pages of single units on every screen: narrow and wide, light and dark, for fingers, and how much they weigh."""

import gzip

import numpy as np
import pytest

NETWORKS = ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
PAGES = ("units.html", *(f"units/{name}.html" for name in NETWORKS))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways_and_the_console_stays_empty(visit, name):
    page = visit(name, "#show=all")
    for width, scheme in [(320, "light"), (1280, "dark")]:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if name == "units.html":
        return  # the chapter keeps nothing in its address
    assert page.locator(".unit:visible").count() > 30
    assert page.messages == []


def test_controls_are_large_enough_to_touch(visit):
    page = visit(viewport={"width": 320, "height": 800})
    sizes = page.locator(".unit-tools :is(button, select)").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect()).map(box => Math.min(box.width, box.height))"
    )
    assert min(sizes) >= 32


def test_the_pages_of_units_are_light(published_site):
    sizes = [(published_site / name).stat().st_size for name in PAGES]
    assert max(sizes) < 720_000
    assert sum(sizes) < 2_800_000
    assert max(len(gzip.compress((published_site / name).read_bytes())) for name in PAGES) < 100_000
    pictures = [path.stat().st_size for path in (published_site / "units").rglob("*.png")]
    assert np.sum(pictures) < 1_200_000


CHAPTER, ONE, CHANNEL, MANY = (
    ("units.html", ""),
    ("units/mlp-raw.html", "#unit=hidden2-7"),
    ("units/cnn-raw.html", "#unit=conv2-3"),
    ("units/cnn-raw.html", "#layer=conv1&show=all"),
)


@pytest.mark.parametrize(
    ("place", "schemes"),
    [(CHAPTER, ["light", "dark"]), (ONE, ["light", "dark"]), (CHANNEL, ["light"]), (MANY, ["dark"])],
)
def test_axe_finds_nothing(visit, violations, place, schemes):
    page = visit(*place)
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], scheme
