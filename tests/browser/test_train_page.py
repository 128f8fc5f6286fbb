"""The trainer as a reader uses it: by pointer, by keyboard, through its address, in a chapter, without scripts."""

import re

import pytest

MOST_LOADED = 1_500_000  # bytes, when the page is opened
CHAPTER = 500_000
SIDES = ("left", "right")


@pytest.fixture
def trainer(open_page, published_site):
    """Opens the trainer's page and waits until both networks stand at their beginning, or where the address says."""

    def open_trainer(state="", *, name="train", **options):
        page = open_page((published_site / f"{name}.html").as_uri() + state, **options)
        if name == "train" and options.get("java_script_enabled", True):
            rest(page)
        return page

    return open_trainer


def rest(page):
    """Waits until both networks stand still."""
    page.locator("[data-train][data-ready]").wait_for()
    page.locator("[data-words]", has_text=re.compile("reads|lost")).wait_for()
    page.locator("[data-start]", has_text=re.compile("Start|Go on")).wait_for()


def test_charts_begin_above_the_fold_and_their_axes_are_named(trainer):
    page = trainer(viewport={"width": 1280, "height": 800})
    for chart, measure in zip(page.locator(".train-chart").all(), ("% right", "loss"), strict=True):
        assert chart.bounding_box()["y"] < 720
        assert {"images seen", measure} <= set(chart.locator(".train-grid text").all_text_contents())


def test_black_pictures_say_that_nothing_has_changed_yet(trainer):
    page = trainer()
    still = page.locator("[data-still]:visible")
    assert still.all_text_contents() == [": nothing has changed yet"] * 2
    page.locator("[data-show]").select_option("weights")
    page.wait_for_function("() => document.querySelector('[data-still]').hidden")
    page.locator("[data-show]").select_option("change")
    page.wait_for_function("() => !document.querySelector('[data-still]').hidden")
    one_step(page)
    assert still.count() == 0


def words(page):
    return page.locator("[data-words]").text_content()


def one_step(page):
    before = words(page)
    page.locator("[data-one]").click()
    page.wait_for_function("before => document.querySelector('[data-words]').textContent !== before", arg=before)
    rest(page)


def correct(page):
    """What the page says that both sides read correctly, in per cent."""
    return [int(each) for each in re.findall(r"(\d+)\u202f%", words(page))]


def images(page):
    return int(re.search(r"After ([\d,]+) images", words(page))[1].replace(",", ""))


def curve(page, side, panel=0):
    points = page.locator(f".train-curve.is-{side}:not(.is-before)").nth(panel).get_attribute("points")
    return [tuple(map(float, each.split(","))) for each in points.split()]


def picture(page, name, side):
    return page.locator(f"[data-{name}]").nth(SIDES.index(side)).evaluate("canvas => canvas.toDataURL()")


def test_nothing_moves_before_the_reader_starts_it(trainer):
    page = trainer()
    before = words(page), picture(page, "plane", "left"), picture(page, "weights", "left")
    page.wait_for_timeout(400)
    assert (words(page), picture(page, "plane", "left"), picture(page, "weights", "left")) == before
    assert words(page).startswith("Before any training, the left network reads")
    assert page.evaluate("location.hash") == ""
    assert page.messages == []


def test_what_is_loaded_when_the_page_is_opened_is_small_and_comes_from_here(open_page, serve, published_site):
    address = serve(published_site)
    page = open_page(f"{address}train.html")
    rest(page)
    assert all(request.startswith(address) for request in page.requests)
    assert any(request.endswith("data/train.js") for request in page.requests)
    read = {request.removeprefix(address).partition("#")[0] for request in page.requests}
    assert sum((published_site / name).stat().st_size for name in read) <= MOST_LOADED
    assert page.messages == []


def test_a_step_is_one_batch_and_both_networks_change(trainer):
    page = trainer()
    begun = {side: picture(page, "weights", side) for side in SIDES}
    one_step(page)
    assert images(page) == 64
    page.wait_for_function("begun => document.querySelector('[data-weights]').toDataURL() !== begun", arg=begun["left"])
    assert {side: picture(page, "weights", side) for side in SIDES} != begun
    one_step(page)
    assert images(page) == 128
    assert page.evaluate("location.hash") == "#steps=2"
    assert page.locator("[data-live]").text_content() == words(page)


@pytest.mark.parametrize("name", ["train", "why"])
def test_every_one_of_many_quick_clicks_is_a_step(trainer, name):
    page = trainer("#speed=slow", name=name)
    page.locator("[data-one]").evaluate("button => { for (let click = 0; click < 10; click += 1) button.click(); }")
    page.locator("[data-words]", has_text="After 640 images").wait_for()
    page.wait_for_function("() => location.hash === '#speed=slow&steps=10'")


def test_networks_learn_until_the_reader_pauses_and_go_on_from_there(trainer):
    page = trainer("#speed=fast")
    page.locator("[data-start]").click()
    page.locator("[data-start]", has_text="Pause").wait_for()
    page.locator("[data-words]", has_text="After").wait_for()
    page.locator("[data-start]").click()
    rest(page)
    page.wait_for_timeout(300)  # all is drawn
    paused, told = images(page), words(page)
    page.wait_for_timeout(300)
    assert words(page) == told
    steps = page.evaluate("location.hash").removeprefix("#speed=fast&steps=")
    assert int(steps) * 64 >= paused > 0
    page.locator("[data-start]", has_text="Go on").click()
    page.wait_for_function("told => document.querySelector('[data-words]').textContent !== told", arg=told)
    page.locator("[data-start]").click()
    rest(page)
    assert images(page) > paused
    assert len(curve(page, "left")) == len(curve(page, "right")) > 3


def test_an_address_leads_to_the_same_networks_on_every_visit(trainer):
    page = trainer("#left=matched@0.05&right=centred@0.1&steps=30")
    first = words(page), curve(page, "left"), curve(page, "right", 1)
    assert images(page) == 30 * 64
    page.reload()
    rest(page)
    assert (words(page), curve(page, "left"), curve(page, "right", 1)) == first
    assert page.locator("[data-side=left] [data-treatment]").input_value() == "matched"
    assert page.locator("[data-side=right] [data-rate]").input_value() == "0.1"


def test_networks_learn_no_further_than_an_address_may_ask_for(open_page, published_site, tmp_path):
    for name in ("assets", "data"):
        (tmp_path / name).symlink_to(published_site / name)
    text = (published_site / "train.html").read_text()
    assert "&#34;span&#34;: 1000" in text
    (tmp_path / "train.html").write_text(text.replace("&#34;span&#34;: 1000", "&#34;span&#34;: 2"))
    page = open_page((tmp_path / "train.html").as_uri() + "#steps=9")
    rest(page)
    page.locator("[data-start]").click()
    end = page.locator("[data-start][aria-disabled=true]", has_text="As far as they go")
    end.wait_for()
    page.reload()
    end.wait_for()
    page.locator("[data-words]", has_text="After 640 images").wait_for()
    page.locator("[data-one][aria-disabled=true]").click(force=True)
    page.wait_for_timeout(100)
    assert page.evaluate("location.hash") == "#steps=10"
    assert page.locator("[data-state-note]:visible").count() == 0


def test_a_faster_first_layer_makes_up_for_pixels_as_they_are(trainer):
    """What the page is there to show."""
    page = trainer("#steps=260")
    plain, treated = correct(page)
    assert treated > plain + 15
    page = trainer("#left=matched@0.01&steps=260")
    matched, treated = correct(page)
    assert abs(matched - treated) < 8


def test_both_sides_alike_are_one_network_twice(trainer):
    page = trainer("#left=normalized@0.02&right=normalized@0.02&steps=12")
    left, right = correct(page)
    assert left == right
    assert picture(page, "weights", "left") == picture(page, "weights", "right")
    assert curve(page, "left", 1) == curve(page, "right", 1)


def test_another_choice_begins_anew_and_leaves_the_run_before_in_the_charts(trainer):
    page = trainer("#steps=20")
    drawn = curve(page, "left")
    page.locator("[data-side=left] [data-treatment]").select_option("matched")
    rest(page)
    assert words(page).startswith("Before any training")
    assert page.evaluate("location.hash") == "#left=matched@0.01"
    faint = page.locator(".train-curve.is-before.is-left").first
    assert len(faint.get_attribute("points").split()) == len(drawn)
    assert "learn 10.53 times as fast" in page.locator("[data-side=left] [data-does]").text_content()
    page.go_back()
    page.locator("[data-words]", has_text="After").wait_for()
    assert page.locator("[data-side=left] [data-treatment]").input_value() == "raw"


def test_a_choice_of_view_or_speed_throws_no_run_away(trainer, turn_to):
    page = trainer("#steps=20", own=True)  # a tab whose history is not full
    told, entries = words(page), page.evaluate("history.length")
    page.locator("[data-show]").select_option("weights")
    page.locator("[data-speed]").select_option("fast")
    assert page.evaluate("history.length") == entries
    turn_to(page, "#steps=20")
    assert page.locator("[data-show]").input_value() == "change"
    page.locator("[data-start]").click()
    page.wait_for_function("told => document.querySelector('[data-words]').textContent !== told", arg=told)
    turn_to(page, "#steps=20&show=weights")
    page.locator("[data-start]").click()
    rest(page)
    assert images(page) > 20 * 64
    assert not page.locator(".train-curve.is-before.is-left").first.get_attribute("points")


def test_every_link_of_what_to_try_sets_the_page_up(trainer):
    page = trainer()
    links = page.locator("main li a[data-state]")
    assert links.count() >= 4
    for at in range(links.count()):
        links.nth(at).click()
        left, right = re.findall(r"=([^&]+)", links.nth(at).get_attribute("data-state"))
        page.wait_for_function(
            "([left, right]) => ['left', 'right'].every((side, at) => ['treatment', 'rate'].map((name) => "
            "document.querySelector(`[data-side=${side}] [data-${name}]`).value).join('@') === [left, right][at])",
            arg=[left, right],
        )
        page.wait_for_function(  # scrolling may take a while
            "() => { const { top } = document.querySelector('[data-train]').getBoundingClientRect(); "
            "return top >= 0 && top < innerHeight / 2; }"
        )
        assert page.locator("[data-state-note]:visible").count() == 0
    assert page.messages == []


@pytest.mark.parametrize(
    "state",
    [
        "#left=nothing@0.01",
        "#left=raw@0.0123",
        "#left=raw",
        "#left=raw@0.01@1",
        "#right=%3Cimg src=x onerror=alert(1)%3E@0.01",
        "#steps=0",
        "#steps=99999",
        "#steps=-3",
        "#speed=__proto__",
        "#show=constructor",
        "#network=toString",
        "#left=%E0%A4%A",
    ],
)
def test_what_an_address_says_that_cannot_be_is_left_out_and_said(trainer, state):
    page = trainer(state)
    assert page.locator("[data-state-note]").is_visible()
    assert words(page).startswith("Before any training")
    assert page.messages == []


def test_the_curves_stand_in_a_table_and_in_their_names(trainer):
    page = trainer("#steps=9")
    page.locator(".train-numbers summary").click()
    rows = page.locator("[data-numbers] tbody tr")
    last = rows.last.locator("th, td").all_text_contents()
    assert last[0] == "576"
    assert [int(each.split("\u202f")[0]) for each in last[1:3]] == correct(page)
    name = page.locator(".train-chart").first.get_attribute("aria-label")
    assert name == f"Test images read correctly: left {last[1]}, right {last[2]}, after 576 images."


def test_it_is_worked_by_keyboard_alone(trainer):
    page = trainer()
    page.locator("[data-start]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("[data-words]", has_text="After 64 images").wait_for()
    rest(page)
    page.locator("[data-side=right] [data-rate]").focus()
    page.keyboard.press("ArrowDown")
    page.locator("[data-words]", has_text="Before").wait_for()
    assert page.evaluate("location.hash") == "#right=normalized@0.02"


def test_less_motion_is_drawn_seldom_and_ends_as_it_should(trainer):
    page = trainer("#speed=fast", reduced_motion="reduce")
    counted = """() => new Promise((done) => {
      const seen = new Set();
      const look = () => seen.add(document.querySelector('[data-words]').textContent);
      const watch = new MutationObserver(look);
      watch.observe(document.querySelector('[data-words]'), { childList: true, characterData: true, subtree: true });
      setTimeout(() => { watch.disconnect(); done(seen.size); }, 2000);
      document.querySelector('[data-start]').click();
    })"""
    assert page.evaluate(counted) <= 3
    page.locator("[data-start]", has_text="Pause").click()
    rest(page)
    assert images(page) > 0


def test_a_chapter_fetches_the_images_only_when_the_reader_starts(open_page, serve, published_site):
    address = serve(published_site)
    page = open_page(f"{address}why.html")
    page.wait_for_load_state("networkidle")
    assert not [request for request in page.requests if "/data/train" in request]
    read = {request.removeprefix(address).partition("#")[0] for request in page.requests}
    assert sum((published_site / name).stat().st_size for name in read) <= CHAPTER
    assert page.locator("[data-plane]").count() == 0
    page.locator("[data-one]").click()
    page.locator("[data-words]", has_text="After 64 images").wait_for()
    second = page.locator("[data-preset]").nth(1)
    second.click()
    page.locator("[data-words]", has_text="Before any training").wait_for()
    assert second.get_attribute("aria-pressed") == "true"
    assert page.locator("[data-side=left] [data-treatment]").input_value() == "matched"
    assert page.messages == []


def test_a_chapter_goes_on_from_where_its_address_says(trainer):
    page = trainer("#steps=30", name="why")
    page.locator("[data-words]", has_text="After 1,920 images").wait_for()
    page.locator("[data-one]").click()
    page.locator("[data-words]", has_text="After 1,984 images").wait_for()
    page.wait_for_function("() => location.hash === '#steps=31'")


def test_a_step_asked_for_on_the_way_to_where_the_address_says_comes_after_it(trainer):
    page = trainer("#steps=40&speed=slow", name="why")
    page.locator("[data-one]").click()
    page.locator("[data-words]", has_text="After 2,624 images").wait_for()


def test_a_guess_on_the_same_page_stays_in_the_address(open_page, published_site):
    page = open_page((published_site / "why.html").as_uri())
    page.locator("[data-predict=suspect] input").first.check()
    page.locator("[data-preset]").nth(1).click()
    assert page.evaluate("location.hash") == "#suspect=1&left=matched@0.01"


@pytest.mark.chromium  # in Firefox nobody can stand between a page and a file
def test_images_that_cannot_be_had_are_said_to_be_missing_and_asked_for_again(open_page, published_site):
    page = open_page("about:blank", own=True)
    page.route("**/data/train.js", lambda route: route.abort())
    page.goto((published_site / "why.html").as_uri())
    page.locator("[data-start]").click()
    page.locator("[data-words]", has_text="could not be read").wait_for()
    assert "could not be read" in page.locator("[data-live]").text_content()
    page.unroute_all()
    page.locator("[data-one]").click()
    page.locator("[data-words]", has_text="After 64 images").wait_for()


@pytest.mark.parametrize("name", ["train", "why"])
def test_without_scripts_a_sentence_leads_to_the_studys_own_curves(trainer, name):
    page = trainer(name=name, java_script_enabled=False)
    assert page.locator(".train-wait").is_visible()
    assert not page.locator("[data-start]").is_visible()
    assert page.locator(".train-wait a").get_attribute("href") == "training.html"
    if name == "train":
        assert page.locator("#fig-learning-curves img").first.is_visible()


@pytest.mark.parametrize("looks", [[(1280, "light"), (320, "dark")], [(1280, "dark"), (320, "light")]])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(trainer, violations, looks):
    page = trainer("#left=matched@0.05&steps=8")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], (width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, scheme


def test_what_is_touched_is_large_enough_and_what_is_looked_at_on_a_phone(trainer):
    page = trainer(viewport={"width": 320, "height": 800}, has_touch=True)
    small = page.locator("[data-train] :is(button, select, summary):visible").evaluate_all(
        "all => all.filter(each => each.getBoundingClientRect().height < 23.5).map(each => each.textContent)"
    )
    assert small == []
    narrow = "all => all.map(each => each.getBoundingClientRect().width).filter(width => width < 200)"
    assert page.locator("[data-train] :is(canvas, .train-chart)").evaluate_all(narrow) == []
