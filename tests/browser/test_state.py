"""The address of a page as its state: what can be read is used, the rest is left out with a note and never run."""

import pytest

NOTE = "[data-state-note]"


MEANINGLESS = [
    ("#strokes=<img src=x onerror=hacked=1>", "strokes"),
    ("#strokes=%3Cscript%3Ehacked=1%3C/script%3E", "strokes"),
    ("#strokes=AAAA", "strokes"),
    ("#strokes=%E0%A4%A", "strokes"),
    ("#digit=999999", "digit"),
    ("#digit=javascript:hacked=1", "digit"),
    ("#scale=mlp-raw.hidden2.7:9", "scale"),
    ("#scale=mlp-raw.hidden2.99:0", "scale"),
    ("#scale=__proto__.hidden2.7:0", "scale"),
    ("#saliency=nobody", "saliency"),
    ("#nonsense=1", "nonsense"),
    ("#__proto__=1", "__proto__"),
    ("#digit=324&digit=1527", "digit"),
    ("#=", "“”"),
]


def left_out(page, hash, said):
    note = page.locator(NOTE)
    assert said in note.inner_text(), hash
    assert note.is_visible(), hash
    assert note.get_attribute("role") == "status"
    assert page.evaluate("window.hacked") is None, hash
    assert page.locator(f"{NOTE} *").count() == 0, hash  # text, whatever it is
    assert page.messages == [], hash


@pytest.mark.parametrize(("hash", "said"), MEANINGLESS[:2])
def test_what_means_nothing_is_left_out_with_a_note_and_never_run(lab, hash, said):
    left_out(lab(hash), hash, said)


def test_what_means_nothing_is_left_out_too_where_the_address_is_edited_on_the_page(lab, turn_to):
    page = lab()
    for hash, said in MEANINGLESS:
        turn_to(page, hash)
        left_out(page, hash, said)
        turn_to(page, "#digit=324&saliency=mlp-raw")
        assert not page.locator(NOTE).is_visible(), hash


def test_the_parts_that_mean_something_are_used_all_the_same(lab):
    page = lab("#digit=324&colour=blue&scale=mlp-raw.hidden2.7:0")
    assert "A 0 by its label" in page.locator("[data-verdict]").inner_text()
    assert page.locator("[data-changes] li").count() == 1
    assert "colour" in page.locator(NOTE).inner_text()


def test_an_overlong_address_is_not_read(lab):
    page = lab("#strokes=" + "AAA" * 9000)
    assert "too long" in page.locator(NOTE).inner_text()
    assert "Nothing drawn" in page.locator("[data-verdict]").inner_text()


def test_an_address_that_can_be_read_needs_no_note(lab):
    assert lab("#digit=324").locator(NOTE).count() == 0
    assert lab().locator(NOTE).count() == 0


def test_the_note_goes_when_the_reader_goes_on(lab):
    page = lab("#nonsense=1")
    page.locator("[data-digit='324'] button, button[data-digit='324']").first.click()
    assert not page.locator(NOTE).is_visible()


def test_a_place_on_the_page_is_no_state_and_loses_none(lab):
    page = lab("#digit=324")
    page.get_by_role("link", name="What to try").last.click()
    assert page.evaluate("location.hash") == "#what-to-try"
    assert "A 0 by its label" in page.locator("[data-verdict]").inner_text()
    page.go_back()
    assert page.evaluate("location.hash") == "#digit=324"
    assert "A 0 by its label" in page.locator("[data-verdict]").inner_text()


def test_who_comes_back_to_a_place_finds_the_state_with_which_it_was_left_for(lab, travel):
    def says():
        return page.locator("[data-verdict]").inner_text()

    page = lab("#digit=324")
    page.get_by_role("link", name="What to try").last.click()
    page.locator("button[data-digit='1527']").click()
    page.wait_for_function("() => location.hash === '#digit=1527'")
    last = says()
    travel(page, "back")
    assert page.evaluate("location.hash") == "#what-to-try"
    assert "A 0 by its label" in says() != last
    travel(page, "back")
    assert page.evaluate("location.hash") == "#digit=324"
    assert "A 0 by its label" in says()
    travel(page, "forward")
    assert "A 0 by its label" in says()
    page.reload()
    page.locator("[data-lab][data-ready]").wait_for()
    assert page.evaluate("location.hash") == "#what-to-try"
    assert "A 0 by its label" in says(), "a reload keeps it, too"
    travel(page, "forward")
    assert (page.evaluate("location.hash"), says()) == ("#digit=1527", last)
    assert page.messages == []


def test_other_scripts_may_keep_their_own_keys_in_the_same_address(lab):
    page = lab("#digit=324")
    page.evaluate("InsideMNIST.state.declare({ epoch: /^\\d$/ }); InsideMNIST.state.write({ epoch: '3' })")
    assert page.evaluate("location.hash") == "#digit=324&epoch=3"
    page.locator("button[data-digit='1527']").click()
    assert page.evaluate("location.hash") == "#digit=1527&epoch=3"
    page.evaluate("InsideMNIST.state.write({ epoch: null })")
    assert page.evaluate("location.hash") == "#digit=1527"
