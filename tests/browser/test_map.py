"""The map as a reader uses it: by pointer, by touch, by keyboard, with and without scripts, and through its address."""

import re

import numpy as np
import pytest

from experiments import published
from experiments.analyses.nearby import NEARBY
from experiments.hooks import run_with_cache

SHIFT = 24  # pixels to the side of a canvas's corner that hold no dot


@pytest.fixture
def open_map(open_page, published_site):
    """Opens the map at a state and waits until it is drawn."""

    def open_map(state="", **options):
        page = open_page((published_site / "map.html").as_uri() + state, **options)
        page.locator("[data-map][data-ready]").wait_for()
        return page

    return open_map


def sheet():
    return published.product("sheet", "sheet.npz")


def places(condition):
    return published.product(f"places/{condition}", "places.npz")


def settled(page):
    """Waits until nothing moves."""
    page.wait_for_timeout(900)


def shown(page):
    """What each panel shows: its title, its note and what its network answers."""
    panels = page.locator(".map-panel:visible")
    return [panels.nth(at).inner_text() for at in range(panels.count())]


def state(page):
    return dict(part.split("=") for part in page.evaluate("location.hash").lstrip("#").split("&") if part)


def in_sight(page, panel=0):
    """A canvas, in the middle of the window."""
    canvas = page.locator(".map-canvas").nth(panel)
    canvas.evaluate("canvas => canvas.scrollIntoView({ block: 'center', behavior: 'instant' })")
    return canvas


def pixel(page, image, panel=0):
    """Where an image lies on the page."""
    in_sight(page, panel)
    return page.evaluate(
        """([image, panel]) => {
          const canvas = document.querySelectorAll(".map-canvas")[panel];
          const shared = InsideMNIST.map.shared();
          const box = canvas.getBoundingClientRect();
          const frames = InsideMNIST.testFrames;
          const [x, y] = [frames[2 * image], frames[2 * image + 1]];
          return [box.left + box.width * (1 + x) / 2, box.top + box.height * (1 - y) / 2];
        }""",
        [image, panel],
    )


def load_frames(page, *, network="mlp-raw", layer="hidden2", method="pca"):
    page.evaluate(
        """async ([network, layer, method]) => {
          InsideMNIST.testFrames = (await InsideMNIST.map.load(network)).frames(layer, method).at(-1);
        }""",
        [network, layer, method],
    )


def test_two_networks_stand_side_by_side_without_a_word_in_the_console(open_map):
    page = open_map()
    panels = shown(page)
    assert [panel.splitlines()[0] for panel in panels] == ["MLP, raw · Hidden 2", "MLP, normalized · Hidden 2"]
    assert page.messages == []
    assert all(request.startswith("file://") for request in page.requests)


def test_only_the_chosen_networks_are_fetched_and_they_are_small(open_page, serve, published_site):
    page = open_page(serve(published_site) + "map.html#networks=cnn-raw", own=True)
    page.locator("[data-map][data-ready]").wait_for()
    fetched = {re.sub(r".*/data/", "", request) for request in page.requests if "/data/map" in request}
    assert fetched == {"map.js", "map-digits.png", "map-cnn-raw.js"}
    assert sum((published_site / "data" / name).stat().st_size for name in fetched) < 1_500_000
    page.get_by_label("Networks").select_option("cnn-raw,cnn-normalized")
    page.locator(".map-panel", has_text="CNN, normalized").wait_for()
    assert any(request.endswith("map-cnn-normalized.js") for request in page.requests)


def test_a_click_singles_a_class_out_and_a_second_one_brings_all_back(open_map):
    page = open_map("#networks=mlp-raw")
    pressed = "all => all.filter(each => each.getAttribute('aria-pressed') === 'true').map(each => each.textContent)"
    digits = page.locator(".map-digit")
    page.get_by_role("button", name="Digit 4", exact=True).click()
    assert digits.evaluate_all(pressed) == ["4"]
    page.get_by_role("button", name="Digit 9", exact=True).click()
    assert digits.evaluate_all(pressed) == ["4", "9"]
    page.get_by_role("button", name="Digit 9", exact=True).click()
    for _ in range(3):
        page.get_by_role("button", name="Next misreading: MLP, raw").click()
        assert page.locator(".map-card .map-name").first.inner_text().startswith("A 4: test image")
    page.get_by_role("button", name="Digit 4", exact=True).click()
    assert len(digits.evaluate_all(pressed)) == 10


def test_a_marked_image_leads_to_the_lab_if_it_is_on_the_shelf_there(open_map):
    page = open_map()
    offered = {int(each) for each in page.locator("[data-map]").get_attribute("data-shelf").split()}
    known = [int(each) for each in sheet()["index"]]
    there = next(each for each in known if each in offered)
    not_there = next(each for each in known if each not in offered)
    page = open_map(f"#image={not_there}")
    assert page.get_by_role("link", name="Open it in the lab").count() == 0
    page = open_map(f"#image={there}")
    page.get_by_role("link", name="Open it in the lab").click()
    page.wait_for_url(f"**/lab.html#digit={there}")
    assert page.locator("[data-state-note]").count() == 0 or page.locator("[data-state-note]").is_hidden()


def test_it_works_under_a_sub_path_and_asks_no_one_else(open_page, serve, published_site):
    address = serve(published_site)
    page = open_page(address + "map.html")
    page.locator("[data-map][data-ready]").wait_for()
    assert page.messages == []
    assert all(request.startswith(address) for request in page.requests)


def test_without_scripts_a_picture_stands_for_the_map(open_page, published_site):
    page = open_page((published_site / "map.html").as_uri(), java_script_enabled=False)
    assert page.get_by_text("The map is drawn by a script").is_visible()
    assert page.locator("#fig-pca-mlp img").first.is_visible()
    assert page.locator(".map-canvas").count() == 0


@pytest.mark.parametrize("condition", ["mlp-raw", "cnn-normalized"])
def test_every_misreading_is_counted_as_in_python(open_map, condition):
    page = open_map(f"#networks={condition}&method=pca&epoch=3")
    wrong = (places(condition)["answers"][3] != sheet()["labels"]).sum()
    assert f"{wrong:,} of 2,000 misread" in shown(page)[0]


def test_places_in_the_page_are_those_that_were_packed(open_map):
    page = open_map("#networks=mlp-raw&method=pca")
    load_frames(page)
    found = np.array(page.evaluate("Array.from(InsideMNIST.testFrames)")).reshape(-1, 2)
    low, high = places("mlp-raw")["places/pca/hidden2.post"][:, -1].astype(int)
    packed = low + 256 * high
    packed = (packed - packed.mean(axis=0)) / (packed - packed.mean(axis=0)).max()
    found = (found - found.mean(axis=0)) / (found - found.mean(axis=0)).max()
    np.testing.assert_allclose(found, packed, atol=1e-4)


def test_pointing_at_a_dot_shows_the_digit_and_every_networks_answer(open_map):
    page = open_map("#method=pca")
    load_frames(page)
    page.mouse.move(*pixel(page, 7))
    known = sheet()
    heading = page.locator(".map-name").first.inner_text()
    index = int(re.sub(r"\D", "", heading.split("image")[1]))
    image = int(np.flatnonzero(known["index"] == index)[0])
    assert heading.startswith(f"A {known['labels'][image]}:")
    rows = page.locator(".map-answers tbody tr").all_inner_texts()
    for row, name in zip(rows, ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized"), strict=True):
        answer = places(name)["answers"][-1][image]
        assert re.search(rf"\b{answer} {'right' if answer == known['labels'][image] else 'wrong'}", row)
    assert all("reads" in panel for panel in shown(page))
    page.mouse.move(5, 5)
    assert page.locator(".map-name").first.inner_text() == "No digit marked"


def test_a_tap_marks_a_dot_in_all_panels_and_in_the_address(open_map):
    page = open_map("#method=pca", has_touch=True, viewport={"width": 1280, "height": 1200})
    load_frames(page)
    page.touchscreen.tap(*pixel(page, 7))
    assert int(state(page)["image"]) in sheet()["index"]
    assert all("reads" in panel for panel in shown(page))
    assert "test image" in page.locator("[role=status]", has_text="test image").inner_text()


def test_arrow_keys_go_from_dot_to_dot_and_tell_of_it(open_map):
    page = open_map("#method=pca")
    page.locator(".map-canvas").first.focus()
    seen = set()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
        seen.add(state(page)["image"])
    assert len(seen) >= 4
    said = page.locator(".map [role=status]").first.inner_text()
    assert "MLP, raw reads" in said
    assert "MLP, normalized reads" in said
    page.keyboard.press("Escape")
    assert "image" not in state(page)


def test_misreadings_are_stepped_through_in_order(open_map):
    page = open_map()
    known = sheet()
    wrong = known["index"][places("mlp-raw")["answers"][-1] != known["labels"]]
    for expected in wrong[:3]:
        page.get_by_role("button", name="Next misreading: MLP, raw").click()
        assert int(state(page)["image"]) == expected
    page.locator(".map-canvas").first.focus()
    page.keyboard.press("p")
    assert int(state(page)["image"]) == wrong[1]


def test_the_lasso_picks_what_lies_in_it_and_clearing_lets_go(open_map):
    page = open_map("#method=pca&networks=mlp-raw")
    page.get_by_role("radio", name="Lasso").check(force=True)
    box = in_sight(page).bounding_box()
    corners = [(2, 2), (box["width"] - 2, 2), (box["width"] - 2, box["height"] - 2), (2, box["height"] - 2)]
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
    page.mouse.up()
    count = int(re.sub(r"\D", "", page.locator(".map-count").inner_text().split(" picked")[0]))
    assert 1900 < count <= 2000
    assert "picked" in state(page)
    page.get_by_role("button", name="Clear").click()
    assert "picked" not in state(page)
    assert page.locator(".map-count").inner_text().startswith("None")


def test_a_pointer_that_is_down_while_its_panel_leaves_the_page_is_forgotten(open_map, turn_to):
    page = open_map("#networks=mlp-raw&method=pca")
    load_frames(page)
    page.get_by_role("radio", name="Lasso").check(force=True)
    x, y = pixel(page, 7)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 30, steps=3)
    turn_to(page, "#networks=cnn-raw")
    page.locator(".map-panel", has_text="CNN, raw").wait_for()
    page.mouse.move(5, 5)
    page.mouse.up()
    turn_to(page, "#networks=mlp-raw&method=pca")
    page.locator(".map-panel", has_text="MLP, raw").wait_for()
    page.mouse.move(*pixel(page, 7))
    assert "test image" in page.locator(".map-name").first.inner_text()


def test_taps_mark_again_after_a_finger_was_down_while_its_panel_left_the_page(open_map, turn_to):
    page = open_map("#networks=mlp-raw&method=pca", has_touch=True, viewport={"width": 1280, "height": 1200})
    load_frames(page)
    x, y = pixel(page, 7)
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    turn_to(page, "#networks=cnn-raw")
    page.locator(".map-panel", has_text="CNN, raw").wait_for()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    turn_to(page, "#networks=mlp-raw&method=pca")
    page.locator(".map-panel", has_text="MLP, raw").wait_for()
    page.touchscreen.tap(*pixel(page, 7))
    assert "image" in state(page)


def test_a_lasso_drawn_with_a_finger_does_not_scroll_the_page(open_map):
    page = open_map("#method=pca&networks=mlp-raw", has_touch=True, viewport={"width": 360, "height": 640})
    page.get_by_role("radio", name="Lasso").check(force=True)
    canvas = in_sight(page)
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    before = page.evaluate("scrollY")
    box = canvas.bounding_box()
    touch = page.context.new_cdp_session(page)
    places = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]
    for number, (x, y) in enumerate(places):
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        kind = "touchMove" if number else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("location.hash.includes('picked')")
    assert page.evaluate("scrollY") == before


def test_the_keyboard_picks_without_a_lasso(open_map):
    page = open_map("#networks=mlp-raw")
    page.locator(".map-canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator(".map-count").inner_text().startswith("1 picked")
    page.keyboard.press("Space")
    assert page.locator(".map-count").inner_text().startswith("21 picked")


def nearest_by_hand(condition, hook):
    """Of the images as the map shows them: the squared distances of all, and the least of each."""
    network = published.network(condition)
    images = 17 * sheet()["images"]
    _, cache = run_with_cache(network.model, network.treat(images), names=[hook])
    points = cache[hook].flatten(1).double().numpy()
    lengths = np.square(points).sum(axis=1)
    apart = lengths[:, None] + lengths - 2 * points @ points.T
    np.fill_diagonal(apart, np.inf)
    return apart, np.sort(apart, axis=1)[:, :NEARBY]


@pytest.mark.parametrize(("condition", "layer"), [("mlp-raw", "hidden2.post"), ("cnn-normalized", "conv1.pooled")])
def test_neighbours_are_those_that_all_distances_in_the_layer_give(open_map, condition, layer):
    page = open_map(f"#networks={condition}")
    found = page.evaluate(
        """async ([network, layer, count]) => {
          const { nearby } = await InsideMNIST.map.load(network);
          return Array.from({ length: count }, (_, image) => nearby(layer, image));
        }""",
        [condition, layer.partition(".")[0], len(sheet()["labels"])],
    )
    apart, least = nearest_by_hand(condition, layer)
    rows = np.array(found)
    assert rows.shape == least.shape
    assert (rows != np.arange(len(rows))[:, None]).all()
    np.testing.assert_allclose(np.take_along_axis(apart, rows, axis=1), least, rtol=1e-5, atol=1e-6)


def test_a_marked_images_neighbours_are_shown_and_lead_on_by_keyboard(open_map):
    known = sheet()
    page = open_map(f"#networks=mlp-raw&image={known['index'][7]}")
    near = page.evaluate("InsideMNIST.map.load('mlp-raw').then(({ nearby }) => nearby('hidden2', 7))")
    row = page.get_by_role("group", name="Nearest in MLP, raw · Hidden 2")
    names = row.get_by_role("button").evaluate_all("all => all.map(each => each.title)")
    assert [int(re.sub(r"\D", "", name.split("image")[1])) for name in names] == known["index"][near].tolist()
    alike = (known["labels"][near] == known["labels"][7]).sum()
    assert f"{alike} of {NEARBY} of the same digit" in row.inner_text()
    row.get_by_role("button").nth(2).press("Enter")
    assert int(state(page)["image"]) == known["index"][near[2]]
    assert page.evaluate("document.activeElement.closest('[role=group]').getAttribute('aria-label')").startswith(
        "Nearest"
    )


def test_lines_to_neighbours_are_drawn_for_the_trained_network_alone(open_map):
    known = sheet()
    page = open_map(f"#networks=mlp-raw&method=pca&image={known['index'][7]}", reduced_motion="reduce")
    lines = """() => new Promise((done) => {
      const { lineTo } = CanvasRenderingContext2D.prototype;
      let count = 0;
      CanvasRenderingContext2D.prototype.lineTo = function (...to) { count += 1; lineTo.apply(this, to); };
      window.dispatchEvent(new Event("resize"));
      document.documentElement.dataset.theme = document.documentElement.dataset.theme === "light" ? "dark" : "light";
      setTimeout(() => { CanvasRenderingContext2D.prototype.lineTo = lineTo; done(count); }, 200);
    })"""
    assert page.evaluate(lines) > 0
    page.get_by_role("slider", name="Epoch").fill("3")
    page.locator(".map-note", has_text="epoch 3").first.wait_for()
    assert page.evaluate(lines) == 0
    assert "at the end of training" in page.get_by_role("group", name="Nearest in MLP, raw").inner_text()


def test_the_picture_of_the_marked_image_never_covers_it_whichever_is_marked(open_map):
    page = open_map("#networks=mlp-raw")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        worst = page.evaluate(
            """async () => {
              const { Painter, corner, load } = InsideMNIST.map;
              const painter = new Painter(document.querySelector(".map-canvas"), null, 50);
              painter.size = document.querySelector(".map-canvas").clientWidth;
              const { frames, nearby } = await load("mlp-raw");
              const style = new Uint8Array(frames("hidden2", "umap").at(-1).length / 2);
              let least = Infinity;
              for (const places of [frames("hidden2", "umap").at(-1), frames("hidden1", "pca").at(-1)]) {
                for (const zoom of [1, 5]) {
                  painter.view = { x: 0, y: 0, zoom };
                  for (let marked = 0; marked < style.length; marked += 7) {
                    const scene = { places, style, marked, nearby: nearby("hidden2", marked) };
                    const [left, top, right, bottom] = corner(painter, scene);
                    const [x, y] = painter.at(places, marked);
                    const away = [Math.max(left - x, x - right, 0), Math.max(top - y, y - bottom, 0)];
                    least = Math.min(least, Math.max(...away));
                  }
                }
              }
              return least;
            }"""
        )
        assert worst >= 18, width


def test_misreadings_above_the_rest_say_what_they_are_and_what_they_are_read_as(open_map):
    known, answers = sheet(), places("mlp-raw")["answers"][-1]
    page = open_map("#networks=mlp-raw&method=pca&rings=above", reduced_motion="reduce")
    assert page.get_by_role("radio", name="Above the rest").is_checked()
    said = page.evaluate(
        """() => new Promise((done) => {
          const { fillText } = CanvasRenderingContext2D.prototype;
          const said = [];
          CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
            said.push(text);
            fillText.call(this, text, ...at);
          };
          document.documentElement.dataset.theme = "dark";
          setTimeout(() => { CanvasRenderingContext2D.prototype.fillText = fillText; done(said); }, 300);
        })"""
    )
    pairs = {
        f"{label}\u2009\u2192\u2009{answer}"
        for label, answer in zip(known["labels"], answers, strict=True)
        if label != answer
    }
    assert len(said) > 10
    assert set(said) <= pairs, "no class's name stands in the way"


def test_where_more_is_misread_than_can_be_marked_the_map_says_so(open_map):
    page = open_map("#networks=mlp-raw&method=pca&rings=above&epoch=0")
    assert "too many to be marked" in shown(page)[0]
    page.get_by_role("radio", name="Not marked").check(force=True)
    page.wait_for_function("location.hash.includes('rings=off')")
    assert "too many" not in shown(page)[0]


def test_dots_become_pictures_where_the_map_is_enlarged(open_map):
    page = open_map("#networks=mlp-raw&method=pca", reduced_motion="reduce")
    page.evaluate(
        """() => {
          const { drawImage } = CanvasRenderingContext2D.prototype;
          InsideMNIST.drawn = 0;
          CanvasRenderingContext2D.prototype.drawImage = function (...all) {
            InsideMNIST.drawn += 1;
            drawImage.apply(this, all);
          };
        }"""
    )
    canvas = page.locator(".map-canvas")
    canvas.focus()
    for times, many in ((1, False), (3, True)):
        for _ in range(times):
            page.keyboard.press("+")
        page.evaluate("InsideMNIST.drawn = 0")
        page.keyboard.press("+")
        page.wait_for_timeout(200)
        assert (page.evaluate("InsideMNIST.drawn") > 20) == many
    page.keyboard.press("0")
    page.wait_for_timeout(200)
    page.evaluate("InsideMNIST.drawn = 0")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(200)
    assert page.evaluate("InsideMNIST.drawn") == 0


def test_every_method_has_the_epochs_that_were_recorded_and_one_epoch_has_no_slider(open_map):
    page = open_map("#networks=mlp-raw", reduced_motion="reduce")
    found = places("mlp-raw")
    listed = page.evaluate("InsideMNIST.map.shared().networks[0].layers.map(each => [each.hook, each.epochs])")
    for hook, epochs in listed:
        assert epochs == {
            name.split("/")[1]: values.tolist()
            for name, values in found.items()
            if name.startswith("epochs/") and name.endswith(hook)
        }
    assert len(dict(listed)["hidden2.post"]["pca"]) == 21
    assert page.locator(".map-time").is_visible()
    page.evaluate("for (const layer of InsideMNIST.map.shared().networks[0].layers) layer.epochs.tsne = [20]")
    page.get_by_role("radio", name="t-SNE").check(force=True)
    page.wait_for_function("location.hash.includes('tsne')")
    assert not page.locator(".map-time").is_visible()


def test_the_numbers_are_those_of_the_map_that_is_shown(open_map):
    page = open_map("#networks=mlp-raw&method=pca")
    page.get_by_text("The map in numbers").click()
    rows = page.locator(".map-numbers tbody")
    first = rows.inner_text()
    page.get_by_role("radio", name="Hidden 1").check(force=True)
    page.locator(".map-panel", has_text="Hidden 1").wait_for()
    other = rows.inner_text()
    page.get_by_role("slider", name="Epoch").fill("0")
    page.locator(".map-note", has_text="untrained").wait_for()
    assert len({first, other, rows.inner_text()}) == 3
    page.get_by_role("slider", name="Epoch").fill("2")
    page.get_by_role("radio", name="Hidden 2").check(force=True)
    page.locator(".map-panel", has_text="Hidden 2").wait_for()
    assert rows.inner_text() == first


def test_back_forward_and_reload_bring_back_what_was_shown(open_map):
    page = open_map("#method=pca")
    first = shown(page)
    page.get_by_role("radio", name="Hidden 1").check(force=True)
    page.get_by_role("radio", name="Answer").check(force=True)
    panel = page.locator(".map-panel").first
    panel.filter(has_text="Hidden 1").wait_for()
    changed = shown(page)
    assert changed != first
    page.reload()
    page.locator("[data-map][data-ready]").wait_for()
    assert shown(page) == changed
    assert page.get_by_role("radio", name="Answer").is_checked()
    page.go_back()
    page.go_back()
    panel.filter(has_text="Hidden 2").wait_for()
    assert shown(page) == first
    page.go_forward()
    panel.filter(has_text="Hidden 1").wait_for()
    assert page.get_by_role("radio", name="Hidden 1").is_checked()


def test_a_shared_address_shows_the_same(open_map):
    page = open_map("#networks=cnn-raw,cnn-normalized&method=pca&epoch=4&colour=right&digits=49&rings=off&image=4")
    assert [panel.splitlines()[0] for panel in shown(page)] == ["CNN, raw · Hidden 3", "CNN, normalized · Hidden 3"]
    assert all("epoch 4:" in panel and "reads" in panel for panel in shown(page))
    assert page.get_by_role("radio", name="Right or wrong").is_checked()
    assert page.get_by_role("radio", name="Not marked").is_checked()
    pressed = page.locator(".map-digit[aria-pressed=true]").all_inner_texts()
    assert pressed == ["4", "9"]
    assert page.locator(".notice[role=status]").count() == 0


MALFORMED = (
    "epoch=%3Cscript%3Ealert(1)%3C/script%3E",
    "networks=nobody",
    "layer=conv9",
    "layer=conv1",
    "method=guess",
    "epoch=21",
    "epoch=-1",
    "digits=11",
    "image=123456",
    "picked=%%%",
    "picked=" + "_" * 1000,
    "unheard=of",
)


def ignored(page, part):
    note = page.locator("[data-state-note]")
    assert part.split("=")[0] in note.inner_text(), part
    assert note.is_visible(), part
    assert page.locator("main script").count() == 0, part
    assert shown(page)[0].startswith("MLP, raw · Hidden 2"), part
    assert page.messages == [], part


@pytest.mark.parametrize("part", MALFORMED[:2])
def test_what_is_malformed_is_ignored_with_a_note(open_map, part):
    ignored(open_map(f"#{part}"), part)


def test_all_that_is_left_out_of_an_address_is_said_together(open_map, turn_to, travel):
    page = open_map("#foo=1&layer=conv1&networks=mlp-raw")
    note = page.locator("[data-state-note]")
    assert "“foo”, “layer”" in note.inner_text()
    turn_to(page, "#what-to-look-for")
    travel(page, "back")
    assert "“foo”, “layer”" in note.inner_text(), "who was away in between still reads it"


def test_what_is_malformed_is_ignored_too_where_the_address_is_edited_on_the_page(open_map, turn_to):
    page = open_map("#layer=hidden1", reduced_motion="reduce")
    for part in MALFORMED:
        turn_to(page, f"#{part}")
        page.locator(".map-panel", has_text="MLP, raw · Hidden 2").wait_for()
        ignored(page, part)
        turn_to(page, "#layer=hidden1")
        page.locator(".map-panel", has_text="MLP, raw · Hidden 1").wait_for()
        assert not page.locator("[data-state-note]").is_visible(), part


def test_playing_runs_through_the_epochs_and_ends_at_the_last(open_map):
    page = open_map("#networks=mlp-raw&method=pca&epoch=17", reduced_motion="reduce")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for(timeout=10_000)
    assert "epoch 20:" in shown(page)[0]


def test_playing_follows_the_method_that_is_chosen_meanwhile(open_map):
    page = open_map("#networks=mlp-raw&method=pca&epoch=0", reduced_motion="reduce")
    page.evaluate(
        """() => {
          const { writeState } = InsideMNIST.map;
          InsideMNIST.written = [];
          InsideMNIST.map.writeState = (state, push) => {
            InsideMNIST.written.push([state.method, state.epoch]);
            writeState(state, push);
          };
        }"""
    )
    page.get_by_role("button", name="Play").click()
    page.get_by_role("radio", name="UMAP").check(force=True)
    page.get_by_role("button", name="Play").wait_for(timeout=20_000)
    written = page.evaluate("InsideMNIST.written")
    passed = [epoch for method, epoch in written if method == "umap"][1:]
    assert passed == places("mlp-raw")["epochs/umap/hidden2.post"].tolist()[-len(passed) :]
    assert passed


def test_nothing_moves_by_itself_and_nothing_flies_under_reduced_motion(open_map):
    page = open_map("#networks=mlp-raw&method=pca", reduced_motion="reduce")
    before = page.evaluate("location.hash")
    settled(page)
    assert page.evaluate("location.hash") == before
    page.get_by_role("radio", name="Hidden 1").check(force=True)
    page.locator(".map-panel", has_text="Hidden 1").wait_for()
    moved = "[...document.querySelectorAll('.map-canvas')].map(c => c.toDataURL()).join()"
    page.wait_for_timeout(100)
    at_once = page.evaluate(moved)
    settled(page)
    assert page.evaluate(moved) == at_once


def test_a_filter_leaves_the_other_digits_faint_and_out_of_the_counts(open_map):
    page = open_map("#networks=mlp-raw&digits=4")
    known = sheet()
    fours = known["labels"] == 4
    wrong = (places("mlp-raw")["answers"][-1] != 4)[fours].sum()
    assert f"{wrong} of {fours.sum()} misread" in shown(page)[0]
    page.get_by_role("button", name="All digits").click()
    assert "of 2,000 misread" in shown(page)[0]


def test_a_button_that_has_nothing_left_to_do_keeps_the_focus(open_map):
    page = open_map("#digits=4&picked=_w")
    for name in ("All digits", "Clear"):
        button = page.get_by_role("button", name=name)
        button.press("Enter")
        page.wait_for_function("() => document.activeElement.getAttribute('aria-disabled') === 'true'")
        assert button.evaluate("button => button === document.activeElement"), name
    assert page.evaluate("location.hash") == ""


def test_colours_follow_the_theme(open_map):
    page = open_map("#networks=mlp-raw&method=pca")
    corner = "[...document.querySelector('.map-canvas').getContext('2d').getImageData(1, 1, 1, 1).data]"
    light = page.evaluate(corner)
    page.get_by_role("button", name="colours").click()
    page.wait_for_timeout(200)
    assert sum(page.evaluate(corner)) < sum(light) / 2


def test_nothing_scrolls_sideways(open_map):
    page = open_map("#image=4", viewport={"width": 320, "height": 800})
    page.get_by_text("The map in numbers").click()
    page.locator(".map-numbers tbody tr").nth(9).wait_for()
    assert page.locator(".map-numbers tbody tr").count() == 10
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_pictures_of_what_is_picked_keep_their_shape_on_a_narrower_page(open_map):
    page = open_map("#picked=" + "_" * 8)
    page.set_viewport_size({"width": 320, "height": 800})
    scales = "each => [each.clientWidth / each.width, each.clientHeight / each.height]"
    across, down = page.locator(".map-strip canvas").evaluate(scales)
    assert across == pytest.approx(down, rel=0.02)


def test_every_control_has_a_name_and_room_for_a_finger(open_map):
    page = open_map(viewport={"width": 320, "height": 800})
    small = page.locator(".map :is(button, select, .map-options label):visible").evaluate_all(
        "all => all.filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 24).map(e => e.outerHTML)"
    )
    assert small == []
    assert page.locator(".map :is(input, select, button, canvas:not([aria-hidden])):visible").evaluate_all(
        "all => all.every(e => e.getAttribute('aria-label') || e.labels?.length || e.textContent.trim())"
    )


def test_the_wheel_scrolls_the_page_and_zooms_only_with_control(open_map):
    page = open_map("#networks=mlp-raw&method=pca")
    picture = "document.querySelector('.map-canvas').toDataURL()"
    page.locator(".map-canvas").hover(position={"x": SHIFT, "y": SHIFT})
    before = page.evaluate(picture)
    page.mouse.wheel(0, 200)
    page.wait_for_function("() => scrollY > 0")
    assert page.evaluate(picture) == before
    page.locator(".map-canvas").hover(position={"x": SHIFT, "y": SHIFT})
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_timeout(300)
    assert page.evaluate(picture) != before
