"""Figures over epochs, stepped through in a real browser: what the table and the dots say, and how it is reached."""

import csv
import json
import re

import numpy as np
import pytest

PAGE, FIGURE = "training.html", "#fig-learning-curves"
READ = """figure => [...figure.querySelectorAll('.scrub-values tr')].slice(1).map(row =>
  [...row.cells].map(cell => cell.textContent))"""


@pytest.fixture
def opened(open_page, published_site):
    """The figure of learning curves, and the page that it stands on."""

    def open_figure(**options):
        page = open_page((published_site / PAGE).as_uri(), **options)
        figure = page.locator(FIGURE)
        figure.scroll_into_view_if_needed()
        return page, figure

    return open_figure


def records(site):
    """{figure: its record} as the page loads them."""
    found = {}
    for path in sorted((site / "data").glob("*.epochs.js")):
        text = path.read_text().split("] = ", 1)[1]
        found[path.name.removesuffix(".epochs.js")] = json.loads(text.rstrip().rstrip(";"))
    return found


def go(figure, epoch):
    slider = figure.get_by_role("slider")
    slider.fill(str(epoch))
    figure.locator(".scrub-values table").wait_for()


def test_the_table_says_what_the_figures_numbers_say_at_every_epoch(opened, published_site):
    page, figure = opened()
    with (published_site / "data/training-learning-curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = {"mlp-raw": 1, "mlp-normalized": 2, "cnn-raw": 3, "cnn-normalized": 4}
    for epoch in range(21):
        go(figure, epoch)
        loss, accuracy = figure.evaluate(READ)
        said = {"test_loss": loss, "test_accuracy": accuracy}
        for row in rows:
            if int(row["epoch"]) == epoch:
                found = float(said[row["measure"]][names[row["condition"]]])
                assert found == pytest.approx(float(row["mean"]), rel=6e-4), (epoch, row)
    assert page.messages == []


def test_every_dot_lies_on_its_curve_in_every_figure(published_site):
    found = records(published_site)
    assert len(found) >= 10
    for name, record in found.items():
        svg = (published_site / "figures" / f"{name}.svg").read_text()
        assert f'viewBox="0 0 {record["box"][0]:g} {record["box"][1]:g}"' in svg
        assert "metadata" not in svg
        corners = np.array(re.findall(r"[ML] ?(-?[\d.]+) (-?[\d.]+)", svg), dtype=float)
        for panel in record["panels"]:
            assert panel["title"], name
            for curve in panel["curves"]:
                for x, y in zip(panel["x"], curve["y"], strict=True):
                    if x is not None and y is not None:
                        distance = np.abs(corners - (x, y)).max(axis=1).min()
                        assert distance < 0.11, (name, panel["title"], curve["name"])


def test_the_dots_are_drawn_where_the_record_says_over_the_picture_that_is_shown(opened, published_site):
    _, figure = opened()
    go(figure, 7)
    panel = records(published_site)["training-learning-curves"]["panels"][1]
    picture = figure.locator(".on-light").bounding_box()
    scale = picture["width"] / 518.4
    dot = figure.locator(".scrub-over .scrub-dot").nth(4).bounding_box()
    assert dot["x"] + dot["width"] / 2 == pytest.approx(picture["x"] + scale * panel["x"][7], abs=0.7)
    assert dot["y"] + dot["height"] / 2 == pytest.approx(picture["y"] + scale * panel["curves"][0]["y"][7], abs=0.7)


def test_the_numbers_are_loaded_only_when_they_are_asked_for(open_page, serve, published_site):
    page = open_page(serve(published_site) + PAGE, own=True)
    figure = page.locator(FIGURE)
    assert not [request for request in page.requests if request.endswith(".epochs.js")]
    assert figure.locator(".scrub-over").count() == 0
    go(figure, 3)
    go(figure, 4)
    assert len([request for request in page.requests if request.endswith(".epochs.js")]) == 1


def test_it_works_under_a_sub_path(open_page, serve, published_site):
    page = open_page(serve(published_site) + PAGE)
    go(page.locator(FIGURE), 5)
    assert page.messages == []


def test_the_keyboard_alone_steps_plays_and_pauses(opened):
    page, figure = opened()
    slider, button = figure.get_by_role("slider"), figure.locator(".scrub-play")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "epoch 19"
    assert figure.locator("caption").inner_text().startswith("The lines at epoch 19")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert button.inner_text().startswith("Pause")
    page.keyboard.press("Space")
    assert button.inner_text().startswith("Play")


def test_playing_goes_to_the_last_epoch_and_stops_without_a_word_to_the_screen_reader_on_the_way(opened):
    _, figure = opened()
    slider, values = figure.get_by_role("slider"), figure.locator(".scrub-values")
    go(figure, 17)
    assert values.get_attribute("aria-live") == "polite"
    figure.get_by_role("button", name="Play").click()
    assert values.get_attribute("aria-live") == "off"
    figure.get_by_role("button", name="Play").wait_for(timeout=10_000)
    assert slider.input_value() == "20"
    assert values.get_attribute("aria-live") == "polite"


def test_playing_again_begins_at_the_first_epoch_and_the_slider_takes_over(opened):
    page, figure = opened()
    figure.get_by_role("button", name="Play").click()
    assert int(figure.get_by_role("slider").input_value()) < 10
    go(figure, 12)
    page.wait_for_timeout(900)
    assert figure.get_by_role("slider").input_value() == "12"


def test_nothing_moves_by_itself_where_motion_is_not_wanted(opened):
    page, figure = opened(reduced_motion="reduce")
    slider, button = figure.get_by_role("slider"), figure.get_by_role("button", name="Next epoch")
    button.click()
    page.wait_for_timeout(900)
    assert slider.input_value() == "0"
    button.click()
    assert slider.input_value() == "1"


def test_without_scripts_the_figure_stands_as_it_is(opened):
    _, figure = opened(java_script_enabled=False)
    assert figure.locator(".on-light").is_visible()
    assert not figure.locator(".scrub").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_line_scrolls_along_with_the_drawing_and_the_page_does_not(opened, scheme):
    page, figure = opened(viewport={"width": 320, "height": 700}, color_scheme=scheme)
    go(figure, 6)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    picture, over = figure.locator(f".on-{scheme}"), figure.locator(".scrub-over")
    figure.locator(".drawing").evaluate("box => { box.scrollLeft = 120; }")
    seen, drawn = picture.bounding_box(), over.bounding_box()
    assert drawn["width"] == pytest.approx(seen["width"], abs=0.5)
    assert drawn["x"] == pytest.approx(seen["x"], abs=0.5)
    assert figure.locator(".scrub-play").bounding_box()["height"] >= 32
    assert figure.get_by_role("slider").bounding_box()["height"] >= 32


def test_the_controls_take_no_room_that_was_not_kept_for_them(open_page, published_site):
    page = open_page((published_site / PAGE).as_uri())
    kept = page.locator(".scrub").first.evaluate("box => parseFloat(getComputedStyle(box).minHeight)")
    assert page.locator(".scrub").first.bounding_box()["height"] <= kept + 0.5


def test_numbers_that_cannot_be_loaded_are_told_and_asked_for_again(open_page, serve, published_site):
    page = open_page(serve(published_site) + PAGE)
    figure = page.locator(FIGURE)
    page.route("**/*.epochs.js", lambda route: route.abort())
    figure.get_by_role("slider").fill("3")
    figure.get_by_text("could not be loaded").wait_for()
    page.unroute("**/*.epochs.js")
    go(figure, 4)
    assert figure.get_by_text("could not be loaded").count() == 0
