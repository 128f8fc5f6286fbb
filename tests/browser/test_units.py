"""The pages of single units in a browser: all units without scripts, one at a time with them, and the right numbers."""

import re

import pytest

from experiments import published

NETWORKS = ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
SHOWN = "[...document.querySelectorAll('.unit')].filter(each => each.offsetParent !== null).map(each => each.id)"
NOTE = "[data-state-note]"


def shown(page):
    """The ids of the cards that a reader sees, from the top."""
    return page.evaluate(SHOWN)


@pytest.fixture(scope="module")
def interventions():
    return published.product("analysis/interventions", "arrays.npz")


@pytest.mark.parametrize("name", NETWORKS)
def test_without_scripts_every_unit_stands_there_with_the_figures_that_python_counted(visit, interventions, name):
    page = visit(f"units/{name}.html", java_script_enabled=False)
    layers = [str(layer) for layer in interventions[f"layers/{name}"]]
    counts = {layer: len(interventions[f"change/{name}/{layer}"]) for layer in layers}
    assert shown(page) == [f"{layer}-{unit}" for layer in layers for unit in range(counts[layer])]
    assert page.locator("[data-units-tools] *").count() == 0
    read = """cards => cards.map(card => ({
        id: card.id,
        curve: card.querySelector('svg[aria-label^="Accuracy"]').getAttribute('aria-label'),
        cells: [...card.querySelectorAll('.moves td')].map(cell => cell.textContent),
    }))"""
    images = interventions[f"images/{name}"]
    for card in page.locator(".unit").evaluate_all(read):
        layer, unit = card["id"].rsplit("-", 1)
        counted = interventions[f"change/{name}/{layer}"][int(unit), 0]
        cells = [int(cell.replace("\u2212", "-") or 0) for cell in card["cells"]]
        assert cells == counted.ravel().tolist() if cells else not counted.any(), card["id"]
        everything, digit, of_digit = re.search(r"all digits (.*) %; digit (\d) (.*) %$", card["curve"]).groups()
        accuracy = interventions[f"class_accuracy/{name}/{layer}"][int(unit)].astype(float)  # (scale, digit)
        assert [float(each) for each in of_digit.split(", ")] == pytest.approx(accuracy[:, int(digit)], abs=0.05)
        whole = accuracy @ images / images.sum()
        assert [float(each) for each in everything.split(", ")] == pytest.approx(whole, abs=0.05)


LABELS = """cards => cards.map(card => ({
    id: card.id,
    spread: card.querySelector('svg[aria-label^="Density"]').getAttribute('aria-label'),
    parts: [...card.querySelectorAll('.groups path')].map(path => path.getAttribute('d')).join(''),
    groups: card.querySelectorAll('.groups li').length,
    digit: card.dataset.digit,
    own: card.querySelector('.own')?.getAttribute('class') ?? null,
    weights: card.querySelector('svg[aria-label^="Weight"]')?.getAttribute('aria-label') ?? '',
    near: [...card.querySelectorAll('.near li')].map(each => [each.textContent, each.querySelectorAll('img').length]),
}))"""


@pytest.mark.parametrize("name", NETWORKS)
def test_every_unit_shows_its_whole_range_and_all_images_are_in_it(visit, name):
    page = visit(f"units/{name}.html", java_script_enabled=False)
    found = published.product(f"ranges/{name}", "ranges.npz")
    portraits = published.product(f"portraits/{name}", "portraits.npz")
    for card in page.locator(".unit").evaluate_all(LABELS):
        layer, unit = card["id"].rsplit("-", 1)
        zero, counts = found[f"zero/{layer}"][int(unit)], found[f"counts/{layer}"][int(unit)]
        classes = found[f"classes/{layer}"][int(unit)]
        assert zero + counts.sum() == classes.sum() == 2000
        share = re.search(r"exactly zero for (\S+) % of the images", card["spread"])[1]
        assert float(share) == pytest.approx(zero / 20, abs=0.051), card["id"]
        assert card["groups"] == (classes.sum(axis=1) > 0).sum()
        assert card["own"] == f"own c{card['digit']}" if counts.any() else card["own"] is None
        layer_means = portraits[f"profile/{layer}"][int(unit)]
        assert not counts.any() or int(card["digit"]) == layer_means.argmax()
        assert (classes.sum(axis=0) == 200).all()
        silent = classes[0, layer_means.argmax()] if zero else 0
        assert found[f"own/{layer}"][int(unit)].sum() == 200 - silent, card["id"]
        widths = [int(width) for width in re.findall(r"h(\d+)", card["parts"])]
        assert sum(widths) == 100 * card["groups"], card["id"]


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_on_the_logits_are_those_of_the_published_network(visit, name):
    page = visit(f"units/{name}.html", java_script_enabled=False)
    model = published.network(name).model
    weights = model.logits.weight.detach().numpy()  # (class, unit)
    cards = [card for card in page.locator(".unit").evaluate_all(LABELS) if card["weights"]]
    assert [card["id"] for card in cards] == [f"{model.layers[-2]}-{unit}" for unit in range(weights.shape[1])]
    for unit, card in enumerate(cards):
        told = re.findall(r"\d: (\S+?)(?:,|$)", card["weights"])
        assert [float(each.replace("\u2212", "-")) for each in told] == pytest.approx(weights[:, unit], rel=6e-3)


def test_what_feeds_a_unit_is_told_in_lines_that_are_not_broken(visit):
    for width in (1280, 390):
        page = visit(place="#unit=hidden2-7", viewport={"width": width, "height": 800})
        for part, most in (("b", 1), ("span", 2)):
            lines = page.locator(f"#hidden2-7 .ends {part}").evaluate_all(
                "all => all.map(each => each.offsetHeight / parseFloat(getComputedStyle(each).lineHeight))"
            )
            assert lines
            assert max(lines) < most + 0.5, (width, part)


def test_twins_are_shown_where_half_of_the_variance_is_shared_and_else_said_to_be_none(visit):
    page = visit("units/mlp-raw.html", java_script_enabled=False)
    nearest = published.product("analysis/units", "arrays.npz")
    others = [name for name in NETWORKS if name != "mlp-raw"]
    seen = set()
    for place, card in enumerate(page.locator(".unit").evaluate_all(LABELS)):
        there = [other for other in others if nearest[f"nearest/mlp-raw/{other}"][place] >= 0]
        for other, (words, pictures) in zip(there, card["near"], strict=True):
            correlation = nearest[f"correlation/mlp-raw/{other}"][place]
            twin = correlation**2 >= 0.5
            seen.add(bool(twin))
            assert ("no twin" not in words) == twin, card["id"]
            assert pictures == (2 if twin else 0)
            assert f"{correlation:.2f}" in words
    assert seen == {True, False}


def test_what_feeds_a_unit_leads_to_that_units_page_and_back(visit):
    page = visit(place="#unit=hidden2-7")
    link = page.locator("#hidden2-7 .weighed a").first
    target = link.get_attribute("href").removeprefix("#")
    link.press("Enter")
    page.wait_for_function("id => document.getElementById(id).offsetParent !== null", arg=target)
    assert shown(page) == [target]
    page.go_back()
    page.wait_for_function("document.getElementById('hidden2-7').offsetParent !== null")
    assert shown(page) == ["hidden2-7"]


def test_every_picture_of_a_channels_page_is_there(visit):
    for place in ("#unit=conv2-3", "#unit=hidden3-1"):
        page = visit("units/cnn-raw.html", place)
        assert page.locator(".unit:visible .kernel").count() > 5
        hrefs = page.locator(".unit:visible :is(img, image)").evaluate_all(
            "all => all.map(each => each.getAttribute('src') ?? each.getAttribute('href'))"
        )
        assert len(hrefs) > 10
        sizes = page.evaluate(
            """all => Promise.all(all.map(src => new Promise(done => {
              const image = new Image();
              image.onload = () => done(image.width);
              image.onerror = () => done(0);
              image.src = src;
            })))""",
            hrefs,
        )
        assert min(sizes) > 0
        assert page.messages == []


def test_one_unit_is_shown_and_the_arrow_keys_lead_to_the_next_and_back(visit):
    page = visit()
    assert shown(page) == ["hidden1-0"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert shown(page) == ["hidden1-2"]
    assert page.get_by_role("status").inner_text().startswith("Unit 2 of hidden 1")
    page.keyboard.press("ArrowLeft")
    assert shown(page) == ["hidden1-1"]
    page.go_back()
    assert shown(page) == ["hidden1-2"]
    page.go_forward()
    assert shown(page) == ["hidden1-1"]
    assert page.messages == []


def test_arrow_keys_in_the_search_window_leave_the_unit_and_one_held_down_is_one_step_back(visit):
    page = visit("units/mlp-raw.html")
    first = page.title()
    page.get_by_role("button", name="Search").click()
    page.get_by_role("searchbox").press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.title() == first
    page.keyboard.press("Escape")
    before = page.evaluate("history.length")
    page.keyboard.down("ArrowRight")
    for _ in range(3):
        page.keyboard.down("ArrowRight")  # as a key does that is held
    page.keyboard.up("ArrowRight")
    assert page.title() != first
    assert page.evaluate("history.length") <= before + 1


def test_buttons_and_list_lead_to_every_unit_by_keyboard(visit):
    page = visit()
    page.get_by_role("button", name="Previous").press("Enter")
    assert shown(page) == ["hidden2-15"]
    page.get_by_role("combobox", name="Unit", exact=True).select_option(label="Unit 7 of hidden 2")
    assert shown(page) == ["hidden2-7"]
    assert page.title().startswith("Unit 7 of hidden 2")
    page.get_by_role("button", name="Next").press("Space")
    assert shown(page) == ["hidden2-8"]


def test_an_address_restores_unit_filter_and_order_and_survives_a_reload(visit):
    place = "#unit=hidden2-10&layer=hidden2&digit=3&sort=importance"
    page = visit(place=place)
    for _ in range(2):
        assert shown(page) == ["hidden2-10"]
        assert page.get_by_role("combobox", name="Layer", exact=True).input_value() == "hidden2"
        assert page.get_by_role("combobox", name="Favourite digit", exact=True).input_value() == "3"
        assert page.get_by_role("combobox", name="Order", exact=True).input_value() == "importance"
        page.reload()


def test_filters_leave_the_units_of_a_layer_that_prefer_a_digit(visit):
    page = visit(place="#show=all")
    assert len(shown(page)) == 48
    page.get_by_role("combobox", name="Layer", exact=True).select_option("hidden2")
    assert len(shown(page)) == 16
    page.get_by_role("combobox", name="Favourite digit", exact=True).select_option("3")
    assert shown(page)
    assert set(page.locator(".unit:visible").evaluate_all("all => all.map(each => each.dataset.digit)")) == {"3"}


def test_the_order_is_one_ranking_over_all_layers_and_says_by_what(visit, turn_to, interventions):
    page = visit()
    for order, number in (("selectivity", "selectivity"), ("importance", "averaged")):
        turn_to(page, f"#show=all&sort={order}")
        sizes = page.locator(".unit:visible").evaluate_all(f"all => all.map(each => Number(each.dataset.{number}))")
        assert len(sizes) == 48
        assert sizes == sorted(sizes, reverse=True), order
        assert page.locator(".unit-layer:visible").count() == 0
    images = interventions["images/mlp-raw"]
    untouched = list(interventions["scales"]).index(1.0)
    costs = {}
    for layer in ("hidden1", "hidden2"):
        base = interventions[f"class_accuracy/mlp-raw/{layer}"][:, untouched].astype(float)  # (unit, class)
        lost = (base - interventions[f"mean_class_accuracy/mlp-raw/{layer}"]) @ images / images.sum()
        costs |= {f"{layer}-{unit}": cost for unit, cost in enumerate(lost)}
    assert [costs[each] for each in shown(page)] == pytest.approx(sorted(costs.values(), reverse=True), abs=0.006)
    turn_to(page, "#sort=importance")
    dearest = shown(page)[0]
    said = page.get_by_role("status").inner_text()
    assert "number 1 of the 48 units of this network, ranked by what accuracy loses with the unit set to its" in said
    assert f"{costs[dearest]:.2f} points" in said
    assert f"average, accuracy falls by {costs[dearest]:.2f}" in page.locator(f"#{dearest} .says").inner_text()
    turn_to(page, "#show=all")
    assert shown(page)[0] == "hidden1-0"
    assert page.locator(".unit-layer:visible").count() == 2


def test_a_plain_link_to_a_unit_opens_it_and_one_to_a_layer_shows_the_layer(visit):
    page = visit(place="#hidden2-7")
    assert shown(page) == ["hidden2-7"]
    page.locator("#hidden2-7 .near a").first.click()
    page.wait_for_url("**/units/mlp-normalized.html#unit=*", wait_until="load")
    assert re.search(r"units/mlp-normalized\.html#unit=hidden\d-\d+$", page.url)
    assert len(shown(page)) == 1
    page.get_by_role("link", name="hidden 2", exact=True).first.click()
    page.wait_for_function("location.hash.includes('show=all')")
    assert len(shown(page)) == 16


def test_an_address_that_means_nothing_is_ignored_with_a_note(visit, turn_to):
    page = visit(place="#unit=<img src=x onerror=alert(1)>")
    for place in ("", "#unit=hidden9-1", "#sort=%ZZ", "#unit=<img src=x onerror=alert(1)>"):
        if place:
            turn_to(page, place)
        assert shown(page) == ["hidden1-0"], place
        assert "could not be read" in page.locator(NOTE).inner_text(), place
        assert page.locator(NOTE).is_visible(), place
        assert page.locator("img[src=x]").count() == 0, place
        turn_to(page, "#unit=hidden2-7")
        assert not page.locator(NOTE).is_visible(), place
    turn_to(page, "#hidden9-1")
    assert "hidden9-1" in page.locator(NOTE).inner_text()
    assert shown(page) == ["hidden2-7"]
    page.reload()
    assert "hidden9-1" in page.locator(NOTE).inner_text()
    assert shown(page) == ["hidden2-7"], "what was shown there"
    fresh = visit(place="#hidden9-1", own=True)
    assert "hidden9-1" in fresh.locator(NOTE).inner_text()
    assert shown(fresh) == ["hidden1-0"]
    assert page.messages == []


@pytest.mark.parametrize("take", [lambda link: link.click(), lambda link: link.press("Enter")], ids=["mouse", "keys"])
def test_a_card_leads_to_the_lab_with_its_unit_switched_off(visit, take):
    page = visit(place="#unit=hidden2-7")
    take(page.locator("#hidden2-7").get_by_role("link", name="Switch it off in the lab"))
    page.wait_for_url("**/lab.html*")
    assert page.url.endswith("lab.html#scale=mlp-raw.hidden2.7:0")
    assert page.locator(NOTE).count() == 0 or page.locator(NOTE).is_hidden()


def test_a_figure_that_shows_units_opens_them_by_keyboard(visit):
    page = visit("selectivity.html")
    figure = page.locator("#fig-top-units")
    figure.get_by_text("Open a unit").press("Enter")
    figure.get_by_role("link", name="unit 7 of hidden 2, MLP, raw").press("Enter")
    page.wait_for_url("**/units/mlp-raw.html#*", wait_until="load")
    assert shown(page) == ["hidden2-7"]
