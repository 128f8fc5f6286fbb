"""The digit lab as its reader meets it: drawn on by mouse, finger and keys, taken apart, shared, without scripts."""

import re

import numpy as np
import pytest
import torch

from experiments import published
from experiments.hooks import run_with_hooks

CONDITIONS = ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
PAGES = ("lab.html", "index.html")
UNITS = (
    ("mlp-raw", "hidden1", 5),
    ("mlp-normalized", "hidden2", 5),
    ("cnn-raw", "conv1", 2),
    ("cnn-normalized", "hidden3", 12),
)
# Digits as lines on a board of width 1.
STROKES = {
    0: [[(0.5, 0.2), (0.36, 0.3), (0.32, 0.5), (0.36, 0.72), (0.5, 0.82), (0.64, 0.72), (0.68, 0.5), (0.5, 0.2)]],
    1: [[(0.5, 0.15), (0.5, 0.85)]],
    3: [[(0.34, 0.2), (0.6, 0.2), (0.66, 0.34), (0.48, 0.48), (0.68, 0.62), (0.6, 0.8), (0.34, 0.8)]],
    7: [[(0.3, 0.22), (0.7, 0.22), (0.58, 0.5), (0.48, 0.82)]],
}  # fmt: skip


def draw(page, digit, *, size=1.0):
    """Draws with the mouse; `size`: how large, beside the strokes as they are told."""
    for points in on_board(page, digit, size=size):
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def on_board(page, digit, *, size):
    """A digit's strokes in the page's pixels, about the middle of the board, which is scrolled to."""
    board = page.locator("[data-board]")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    return [
        [(box["x"] + (0.5 + size * (x - 0.5)) * box["width"], box["y"] + (0.5 + size * (y - 0.5)) * box["height"])
         for x, y in stroke]
        for stroke in STROKES[digit]
    ]  # fmt: skip


def touch(page, points):
    """A finger put down at the first point, moved over the others, and lifted."""
    session = page.context.new_cdp_session(page)
    for kind, point in [("touchStart", points[0]), *(("touchMove", point) for point in points[1:]), ("touchEnd", None)]:
        places = [{"x": point[0], "y": point[1]}] if point else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def answers(page):
    """{network: the digit it says, or "–"}."""
    return {name: page.locator(f"[data-answer={name}] [data-says]").inner_text() for name in CONDITIONS}


def logits(page, name):
    """The logits that the page shows of a network, once they are drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    texts = page.locator(f"[data-answer={name}] [data-logit]").all_inner_texts()
    return [float(re.match(r"[−\d.]+", text)[0].replace("−", "-")) for text in texts]


def verdict(page):
    return page.locator("[data-verdict]").inner_text()


def unit(page, name, which):
    return page.locator(f"[data-network={name}] [data-unit='{which}']")


def python_logits(condition, index, layer=None, unit=None, scale=1.0):
    """What PyTorch says to a digit of the shelf, with one unit of a layer scaled."""
    shelf = published.product("shelf", "shelf.npz")
    network = published.network(condition)
    inputs = network.treat(shelf["images"][shelf["index"] == index])

    def turn(activation, hook):
        activation = activation.clone()
        activation[:, unit] *= scale
        return activation

    hooks = [(f"{layer}.post", turn)] if layer else []
    with torch.no_grad():
        return run_with_hooks(network.model, inputs, forward_hooks=hooks)[0].numpy()


# Reading


@pytest.mark.parametrize(("name", "digits"), [("lab.html", [0, 1, 3, 7]), ("index.html", [0])])
def test_a_digit_drawn_with_the_mouse_is_read_by_all_four_networks(lab, name, digits):
    page = lab(name=name)
    for digit in digits:
        draw(page, digit)
        assert answers(page) == dict.fromkeys(CONDITIONS, str(digit))
        assert verdict(page) == f"All four networks read a {digit}."
        page.get_by_role("button", name="Clear").click()
    assert page.messages == []


def test_a_blank_board_says_that_nothing_is_drawn_and_nobody_answers(lab):
    page = lab()
    assert "Nothing drawn" in verdict(page)
    assert set(answers(page).values()) == {"–"}
    draw(page, 7)
    page.get_by_role("button", name="Clear").click()
    assert "Nothing drawn" in verdict(page)
    assert set(answers(page).values()) == {"–"}
    assert page.evaluate("location.hash") == ""


def test_the_answers_follow_while_the_pen_is_still_down(lab):
    page = lab(viewport={"width": 1280, "height": 900})
    box = page.locator("[data-board]").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 240, steps=8)
    page.wait_for_function("document.querySelector('[data-says]').textContent === '1'")
    assert page.evaluate("location.hash") == ""  # kept in the address only when the stroke is finished
    page.mouse.up()
    assert page.evaluate("location.hash").startswith("#strokes=")


def test_a_digit_of_the_shelf_has_the_logits_that_pytorch_gives(lab):
    page = lab()
    for index in (324, 9060):
        page.locator(f"button[data-digit='{index}']").click()
        for name in CONDITIONS:
            np.testing.assert_allclose(logits(page, name), python_logits(name, index), atol=0.0501, err_msg=name)
        assert f"test image {index}" in verdict(page)


def test_the_shelf_tells_what_the_networks_say_and_marks_the_wrong_answers(lab):
    page = lab()
    shelf = published.product("shelf", "shelf.npz")
    assert page.locator("button[data-digit]").count() == len(shelf["index"])
    place = int(np.flatnonzero(shelf["index"] == 9060)[0])
    told = page.locator("button[data-digit='9060'] .lab-tells")
    assert [text.strip(" .,")[-1] for text in told.all_text_contents()] == [
        str(d) for d in shelf["prediction"][:, place]
    ]
    wrong = [bool(re.search("is-wrong", each.get_attribute("class"))) for each in told.all()]
    assert wrong == (shelf["prediction"][:, place] != shelf["labels"][place]).tolist()


# Drawing


def test_drawing_with_a_finger_never_scrolls_the_page(lab):
    page = lab(has_touch=True)
    board = page.locator("[data-board]")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 600})
        board.evaluate("board => board.scrollIntoView({ block: 'center', behavior: 'instant' })")
        before = page.evaluate("[scrollX, scrollY]")
        box = board.bounding_box()
        x, top, bottom = box["x"] + box["width"] / 2, box["y"] + 0.1 * box["height"], box["y"] + 0.9 * box["height"]
        touch(page, [(x, bottom + (top - bottom) * part / 10) for part in range(11)])
        page.wait_for_function("location.hash.startsWith('#strokes=')")
        assert page.evaluate("[scrollX, scrollY]") == before, width
        assert answers(page) == dict.fromkeys(CONDITIONS, "1"), width
        touch(page, [(box["x"] + 30, box["y"] - 40 - 8 * part) for part in range(7)])
        page.wait_for_function("(before) => scrollY !== before", arg=before[1])  # beside the board a finger scrolls
        page.get_by_role("button", name="Clear").click()


@pytest.mark.parametrize("with_finger", [False, True])
def test_a_digit_drawn_small_is_read_like_one_drawn_large(lab, with_finger):
    page = lab(has_touch=with_finger)
    for digit in STROKES:
        for size in (0.2, 0.5):  # a fifth: about 36 of the board's 256 units
            if with_finger:
                for points in on_board(page, digit, size=size):
                    touch(page, points)
                page.wait_for_function("location.hash.startsWith('#strokes=')")
            else:
                draw(page, digit, size=size)
            assert answers(page) == dict.fromkeys(CONDITIONS, str(digit)), (digit, size)
            page.get_by_role("button", name="Clear").click()


def test_drawing_with_the_mouse_scrolls_and_selects_nothing(lab):
    page = lab()
    page.locator("[data-board]").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    draw(page, 3)
    assert page.evaluate("scrollY") == before
    assert page.evaluate("String(getSelection())") == ""


def test_undo_takes_back_strokes_and_what_clear_and_the_shelf_replaced(lab):
    page = lab()
    undo = page.get_by_role("button", name="Undo")
    draw(page, 1)
    one = page.evaluate("location.hash")
    draw(page, 7)
    undo.click()
    assert page.evaluate("location.hash") == one
    page.get_by_role("button", name="Clear").click()
    undo.click()
    assert page.evaluate("location.hash") == one
    undo.click()
    assert "Nothing drawn" in verdict(page)


def test_undo_is_of_strokes_and_leaves_a_digit_of_the_shelf(lab):
    page = lab("#digit=324&scale=mlp-raw.hidden2.7:0")
    undo = page.get_by_role("button", name="Undo")
    assert undo.get_attribute("aria-disabled") == "true"
    undo.click(force=True)
    page.locator("[data-board]").press("Backspace")
    assert page.evaluate("location.hash") == "#digit=324&scale=mlp-raw.hidden2.7:0"
    assert "no stroke" in page.locator("[data-live]").text_content()
    draw(page, 1)
    assert undo.get_attribute("aria-disabled") == "false"
    undo.click()  # the digit that the stroke replaced
    assert "test image 324" in verdict(page)


def test_a_new_stroke_takes_the_place_of_a_test_digit(lab):
    page = lab("#digit=324")
    draw(page, 1)
    assert set(answers(page).values()) == {"1"}
    assert "digit" not in page.evaluate("location.hash")


def test_everything_can_be_done_by_keyboard(lab):
    page = lab()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-board]')"):
            break
    for key in [*["ArrowUp"] * 10, "Space", *["ArrowDown"] * 20]:
        page.keyboard.press(key)
    page.wait_for_function("document.querySelector('[data-says]').textContent === '1'")
    assert page.locator("[data-live]").text_content() == "Pen down."
    page.keyboard.press("Enter")
    assert set(answers(page).values()) == {"1"}
    assert page.locator("[data-live]").text_content() == "Pen up."
    page.keyboard.press("Backspace")
    assert "Nothing drawn" in verdict(page)
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-unit=\"hidden2.0\"]')"):
            break
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("location.hash") == "#scale=mlp-raw.hidden2.1:1.2&look=mlp-raw.hidden2.1"
    page.keyboard.press("Delete")
    assert page.evaluate("location.hash") == "#scale=mlp-raw.hidden2.1:0&look=mlp-raw.hidden2.1"
    page.keyboard.press("Delete")
    assert page.evaluate("location.hash") == "#look=mlp-raw.hidden2.1"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#look=mlp-raw.hidden2.2"
    assert "hidden 2 · 2" in page.locator("[data-live]").text_content().lower()


# Taking apart


def test_a_unit_that_is_switched_off_changes_the_logits_as_in_pytorch(lab):
    page = lab("#digit=324")
    off = page.get_by_role("button", name="Switch off")
    whole = {name: python_logits(name, 324) for name in CONDITIONS}
    for name, layer, number in UNITS:
        cell = unit(page, name, f"{layer}.{number}")
        cell.click()
        assert cell.get_attribute("aria-pressed") == "true", name
        for each in CONDITIONS:
            np.testing.assert_allclose(logits(page, each), whole[each], atol=0.0501, err_msg=f"{name} only chosen")
        off.click()
        expected = {**whole, name: python_logits(name, 324, layer, number, 0.0)}
        for each in CONDITIONS:
            np.testing.assert_allclose(logits(page, each), expected[each], atol=0.0501, err_msg=f"{name} {each}")
        assert f"{number} of" in page.locator("[data-changes] li").inner_text()
        assert off.get_attribute("aria-pressed") == "true"
        off.click()
        assert page.locator("[data-changes] li").count() == 0


def test_a_unit_that_is_dragged_is_scaled_from_nought_to_three(lab):
    page = lab("#digit=324")
    cell = unit(page, "mlp-normalized", "hidden2.5")
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()  # stays where it is while the reader works on it
    for way, scale in [(50, "2"), (400, "3"), (-400, "0")]:
        page.mouse.move(box["x"] + 8, box["y"] + 8)
        page.mouse.down()
        page.mouse.move(box["x"] + 8 + way, box["y"] + 8, steps=4)
        page.mouse.up()
        assert f"mlp-normalized.hidden2.5:{scale}" in page.evaluate("location.hash")
        expected = python_logits("mlp-normalized", 324, "hidden2", 5, float(scale))
        np.testing.assert_allclose(logits(page, "mlp-normalized"), expected, atol=0.0501)


def test_the_slider_and_the_list_set_units_and_set_them_right_again(lab):
    page = lab("#digit=324&scale=cnn-raw.conv2.3:2.5,mlp-raw.hidden1.0:0")
    assert page.locator("[data-changes] li").count() == 2
    unit(page, "cnn-raw", "conv2.3").click()
    slider = page.get_by_role("slider", name="Scale of channel 3 of conv 2")
    assert slider.input_value() == "2.5"
    slider.press("End")
    assert "cnn-raw.conv2.3:3" in page.evaluate("location.hash")
    page.locator("[data-changes] button").last.click()
    assert page.locator("[data-changes] li").count() == 1
    page.get_by_role("button", name="Reset all units").click()
    assert page.evaluate("location.hash") == "#digit=324&look=cnn-raw.conv2.3"
    assert page.locator("[data-changes-none]").is_visible()


def test_every_unit_has_a_name_and_a_number_that_says_what_it_is(lab):
    page = lab("#digit=324")
    names = page.locator(".lab-unit").evaluate_all("cells => cells.map(cell => cell.ariaLabel)")
    assert len(names) == 2 * (32 + 16) + 2 * (8 + 16 + 16)
    assert all(
        re.match(r"(unit|channel) \d+ of (hidden|conv) \d, (largest )?activation [\d.]+, .+", each) for each in names
    )


def test_saliency_is_shown_for_the_networks_that_are_asked(lab):
    page = lab("#digit=324")
    page.locator("[data-answer=cnn-raw] [data-saliency]").click()
    assert page.locator("[data-saliency-map]:visible").count() == 1
    assert page.evaluate("location.hash") == "#digit=324&saliency=cnn-raw"
    page.locator("[data-answer=cnn-raw] [data-saliency]").click()
    assert page.locator("[data-saliency-map]:visible").count() == 0


@pytest.mark.parametrize(("name", "width"), [("index.html", 1280), ("lab.html", 390)])
def test_what_is_asked_for_comes_into_sight(lab, name, width):
    page = lab("#digit=324", name=name, viewport={"width": width, "height": 800}, reduced_motion="reduce")
    begins = "each => { const { top } = each.getBoundingClientRect(); return top >= 0 && top < 600; }"
    why = page.locator("[data-answer=mlp-raw] [data-why]")
    why.click()
    assert page.locator("[data-sums]").evaluate(begins)
    assert page.evaluate("document.activeElement.matches('[data-why]')")
    page.locator("button[data-digit]").last.click()
    assert page.locator("[data-verdict]").evaluate(begins)
    for link in page.locator(".tries a").all()[:2]:
        link.click()
        page.wait_for_function(f"() => ({begins})(document.querySelector('[data-board]'))")


def test_saliency_says_of_which_logit_it_is(lab):
    page = lab("#digit=324&saliency=cnn-raw")
    said = page.locator("[data-answer=cnn-raw] [data-says]").inner_text()
    assert page.locator("[data-saliency-of]:visible").all_inner_texts() == [f"Of the logit of {words(said)}"]


def words(digit):
    return f"{'an' if digit == '8' else 'a'} {digit}"


def test_a_small_lead_is_told_with_the_decimals_that_it_needs(lab):
    page = lab()
    told = page.evaluate("[2, 0.05, 0.049, 0.006, 0.004, 0].map(InsideMNIST.lead)")
    assert told == ["2.0", "0.1", "0.05", "0.01", "<\u202f0.01", "0.0"]


def test_changed_units_are_compared_with_the_network_as_trained_and_images_with_none(lab):
    page = lab("#digit=324")
    whole = python_logits("mlp-raw", 324)
    for number in np.argsort(-whole)[:2]:  # two steps, one baseline
        page.evaluate(
            "hash => { location.hash = hash; }", f"digit=324&scale=mlp-raw.hidden1.5:0,mlp-raw.hidden2.{number}:3"
        )
        page.locator("[data-changes] li", has_text=f"{number} of hidden 2").wait_for()
        now = int(page.locator("[data-answer=mlp-raw] [data-says]").inner_text())
        said = page.locator("[data-answer=mlp-raw] .lab-sure").inner_text()
        assert ("was" in said) == (now != whole.argmax())
        assert now == whole.argmax() or f"was {whole.argmax()}" in said
        moved = np.abs(logits(page, "mlp-raw") - whole) >= 0.15
        assert 0 < moved.sum() <= page.locator("[data-answer=mlp-raw] .lab-tick:visible").count()
    page.get_by_role("button", name="Reset all units").click()
    page.locator("button[data-digit='1527']").click()
    assert "was" not in page.locator("[data-answer=mlp-raw] .lab-sure").inner_text()
    assert page.locator(".lab-tick:visible").count() == 0


def test_what_a_stroke_changed_is_marked(lab):
    page = lab()
    draw(page, 1)
    assert page.locator(".lab-tick:visible").count() == 0
    before = np.array(logits(page, "mlp-raw"))
    was = answers(page)["mlp-raw"]
    draw(page, 7)
    moved = np.abs(logits(page, "mlp-raw") - before) >= 0.1  # the numbers are shown with one decimal
    said = page.locator("[data-answer=mlp-raw] .lab-sure").inner_text()
    assert (f"was {was}" in said) == (answers(page)["mlp-raw"] != was)
    assert moved.sum() <= page.locator("[data-answer=mlp-raw] .lab-tick:visible").count() <= 10
    assert page.locator("[data-network=mlp-raw] .lab-tick:visible").count() > 10


# Keeping


def test_the_address_holds_everything_for_reload_sharing_back_and_forward(lab, travel):
    page = lab()
    draw(page, 3)
    unit(page, "mlp-raw", "hidden2.7").click()  # to choose is no step that "back" takes back
    drawn = page.evaluate("location.hash")
    page.get_by_role("button", name="Switch off").click()
    page.locator("[data-answer=mlp-raw] [data-saliency]").click()
    whole, numbers = page.evaluate("location.hash"), {name: logits(page, name) for name in CONDITIONS}
    ink = page.locator("[data-ink]").get_attribute("d")

    def holds(page):
        assert {name: logits(page, name) for name in CONDITIONS} == numbers
        assert page.locator("[data-ink]").get_attribute("d") == ink
        assert unit(page, "mlp-raw", "hidden2.7").get_attribute("aria-pressed") == "true"
        assert "off" in unit(page, "mlp-raw", "hidden2.7").inner_text()
        assert page.locator("[data-answer=mlp-raw] [data-saliency-map]").is_visible()

    page.reload()
    holds(page)
    travel(page, "back")
    travel(page, "back")
    assert page.evaluate("location.hash") == drawn
    assert page.locator("[data-changes] li").count() == 0
    travel(page, "back")
    assert "Nothing drawn" in verdict(page)
    for _ in range(3):
        travel(page, "forward")
    holds(page)
    holds(lab(whole))
    shared = lab(whole, name="index.html")
    assert shared.locator("[data-open]").get_attribute("open") is not None
    holds(shared)
    assert shared.locator("[data-lab-link]").get_attribute("href") == f"lab.html{whole}"


# Everywhere


@pytest.mark.parametrize("name", PAGES)
def test_the_lab_works_under_a_sub_path_asks_no_one_else_and_weighs_at_most_a_megabyte(
    open_page, serve, published_site, name
):
    address = serve(published_site)
    page = open_page(address + name)
    files = {request.removeprefix(address).partition("#")[0] for request in page.requests}
    weights = [(published_site / file).stat().st_size for file in files if not file.startswith("data:")]
    assert sum(weights) <= 1_000_000
    draw(page, 7)
    assert set(answers(page).values()) == {"7"}
    page.locator("button[data-digit='324']").click()
    page.wait_for_load_state("load")
    assert page.messages == []
    assert all(request.startswith(address) for request in page.requests)


def test_the_front_page_opens_with_a_digit_that_the_networks_disagree_on_and_nothing_in_the_address(lab):
    page = lab(name="index.html")
    assert "The networks disagree" in verdict(page)
    assert len(set(answers(page).values())) > 1
    assert page.evaluate("location.hash") == ""
    draw(page, 7)
    assert set(answers(page).values()) == {"7"}
    page.get_by_role("button", name="Clear").click()
    assert "Nothing drawn" in verdict(page)
    shared = lab("#digit=324", name="index.html")
    assert "test image 324" in verdict(shared)


def test_back_leads_to_the_digit_that_the_front_page_begins_with_and_a_blank_board_stays_blank(lab, travel):
    page = lab(name="index.html")
    begun = page.locator("[data-seen]").get_attribute("aria-label")
    link = page.locator("a[data-lab-link]").first
    assert re.search(r"#digit=\d+$", link.get_attribute("href"))
    draw(page, 7)
    travel(page, "back")
    page.wait_for_function(
        "(label) => document.querySelector('[data-seen]').getAttribute('aria-label') === label", arg=begun
    )
    page.get_by_role("button", name="Clear").click()
    assert page.evaluate("location.hash") == "#digit=none"
    page.reload()
    page.locator("[data-lab][data-ready]").wait_for()
    assert "Nothing drawn" in verdict(page)
    assert page.locator("[data-state-note]:visible").count() == 0


def test_the_arithmetic_keeps_the_focus_when_it_is_of_another_answer_or_unit(lab):
    page = lab("#digit=324&look=mlp-raw.logits.4")
    page.locator("[data-sums] select").focus()
    page.locator("[data-sums] select").select_option("3")
    assert page.evaluate("location.hash").endswith("look=mlp-raw.logits.3")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    page.locator("[data-sums] button").first.focus()
    page.keyboard.press("Enter")
    assert "hidden2" in page.evaluate("location.hash")
    assert page.evaluate("document.activeElement.closest('[data-sums]') !== null")


@pytest.mark.chromium
def test_a_finger_that_turns_out_to_scroll_leaves_a_unit_at_its_mean(lab):
    page = lab("#digit=324&scale=mlp-raw.hidden2.3:mean", has_touch=True)
    cell = unit(page, "mlp-raw", "hidden2.3")
    cell.scroll_into_view_if_needed()
    cell.evaluate("""(cell) => {
        const tell = (kind, x) => cell.dispatchEvent(
            new PointerEvent(kind, { pointerId: 1, button: 0, clientX: x, clientY: 9, bubbles: true }));
        cell.setPointerCapture = () => {};
        tell("pointerdown", 10); tell("pointermove", 40); tell("pointercancel", 40);
    }""")
    assert "mlp-raw.hidden2.3:mean" in page.evaluate("location.hash")


def test_what_is_no_change_is_none_and_what_is_not_chosen_has_no_name(lab):
    page = lab("#digit=324&scale=mlp-raw.hidden1.7:1")
    assert page.locator("[data-state-note]").is_visible()
    assert page.locator("[data-changes] li").count() == 0
    page.evaluate("location.hash = '#digit=324&look=mlp-raw.hidden2.3'")
    page.wait_for_function("() => document.querySelector('[data-chosen-name]').textContent.includes('3')")
    page.evaluate("location.hash = '#digit=324'")
    page.wait_for_function("() => document.querySelector('[data-chosen-name]').textContent.startsWith('Nothing')")
    assert page.locator("[data-chosen-called]").text_content() == ""


def test_a_pen_that_was_down_is_up_when_a_stroke_is_taken_back(lab):
    page = lab()
    page.locator("[data-board]").focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Backspace"):
        page.keyboard.press(key)
    assert page.locator("[data-nib].is-down").count() == 0
    page.keyboard.press("ArrowDown")
    assert "Nothing drawn" in verdict(page)
