"""A term's picture stands where the term is explained, and every picture is plain, small and a term's own."""

import re
from xml.etree import ElementTree

import pytest

from report.errors import PageError
from report.site import terms
from report.site.check import faults
from report.site.render import render
from tests.conftest import ROOT
from tests.report.test_check import FIGURES
from tests.report.test_render import page

SVG = '<svg class="picture" viewBox="0 0 160 80" role="img" aria-label="A dot."><path class="dots" d="M9 9h0"/></svg>'
PICTURES = sorted((ROOT / "templates" / terms.PICTURES).glob("*.svg"))
LARGEST = 1600  # bytes: it is read with every page that uses the term
ALLOWED = {
    "svg": {"class", "viewBox", "role", "aria-label"},
    "path": {"d"},
    "text": {"x", "y", "text-anchor"},
    "rect": {"x", "y", "width", "height"},
    "circle": {"cx", "cy", "r"},
    "ellipse": {"cx", "cy", "rx", "ry"},
}
ANYWHERE = {"class", "opacity", "stroke-dasharray"}


@pytest.fixture
def draw(root):
    """draw("dead-unit"): the term has a small picture of its own, and no other; returns its file."""

    def draw_picture(anchor, text=SVG):
        path = root / "templates" / "terms" / f"{anchor}.svg"
        path.write_text(text)
        return path

    return draw_picture


@pytest.fixture
def told(root, arguments):
    """told(): the faults that are told before anything is computed."""
    return lambda: faults(root, FIGURES, pages=arguments["pages"])


# Where it stands


def test_a_picture_stands_in_the_entry_and_in_what_opens_where_the_term_is_used(draw, arguments):
    draw("dead-unit", f"{SVG}\n")
    site = render(**arguments)
    entry = re.search(r'<div class="entry" id="dead-unit">.*?</dd>', page(site, "glossary.html"), re.DOTALL)[0]
    assert entry.count(SVG) == 1
    assert entry.index("It says nothing") < entry.index(SVG) < entry.index("Used in")
    note = re.search(r'<div class="definition" id="term-dead-unit".*?</div>', page(site, "index.html"), re.DOTALL)[0]
    assert note.count(SVG) == 1
    assert note.index("<strong>") < note.index(SVG) < note.index("It says nothing")


def test_a_term_without_a_picture_is_told_in_words(root, draw, arguments):
    draw("dead-unit").unlink()
    site = render(**arguments)
    entry = re.search(r'<div class="entry" id="dead-unit">.*?</dd>', page(site, "glossary.html"), re.DOTALL)[0]
    assert "It says nothing" in entry
    assert "<svg" not in entry


def test_a_project_may_have_no_pictures(root, told, arguments):
    for path in (root / "templates" / "terms").iterdir():
        path.unlink()
    (root / "templates" / "terms").rmdir()
    assert told() == []
    assert 'class="picture"' not in page(render(**arguments), "glossary.html")


# Mistakes


def test_a_picture_of_no_term_is_refused_in_one_line(draw, told, arguments):
    draw("dead-units")
    draw(".#dead-unit")  # an editor's
    (said,) = told()
    assert said.startswith(
        "templates/terms/dead-units.svg: unknown glossary term 'dead-units'. Did you mean 'dead-unit'"
    )
    assert said.endswith(
        " A picture is called after its term in templates/pages/glossary.md; rename it or take it away."
    )
    assert "\n" not in said
    with pytest.raises(PageError) as error:
        render(**arguments)
    assert str(error.value) == said


def test_a_picture_that_cannot_be_read_is_told(draw, told, arguments):
    draw("dead-unit").write_bytes(b"caf\xe9")
    said = "templates/terms/dead-unit.svg is no UTF-8 (unexpected end of data at byte 3); save it as UTF-8."
    assert told() == [said]
    with pytest.raises(PageError) as error:
        render(**arguments)
    assert str(error.value) == said


def test_without_a_glossary_its_absence_is_told_and_not_that_of_every_term(root, told):
    (root / "templates" / "pages" / "glossary.md").unlink()
    assert [fault for fault in told() if "templates/terms/" in fault] == []


# The pictures of the project


def known_classes():
    """Those that the style sheet gives to what is in a picture."""
    style = (ROOT / "templates" / "assets" / "shared" / "style.css").read_text()
    rules = re.findall(r"^\.picture (\S.*?) \{", style, re.MULTILINE)
    return {name for rule in rules for name in re.findall(r"\.([a-z]+)", rule)}


def test_every_picture_belongs_to_a_term():
    assert len(PICTURES) > 40
    assert terms.strays(ROOT) == []


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_plain_small_and_says_what_it_shows(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("class"), root.get("viewBox"), root.get("role")) == (
        "svg",
        "picture",
        "0 0 160 80",
        "img",
    )
    assert re.fullmatch(r"[A-Z][^<>\"]{20,220}\.", root.get("aria-label"))
    for element in root.iter():
        assert element.attrib.keys() <= ALLOWED[element.tag] | ANYWHERE, element.attrib
        if element is not root:
            assert set(element.get("class", "").split()) <= known_classes(), element.attrib
        if element.tag == "text":
            assert len(element.text.split()) <= 3
        else:
            assert not (element.text or "").strip()


# In a browser


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def folder(request, kept):
    """The fixture site, one for all tests of this file: none of them changes it."""
    if not kept:
        kept.append(request.getfixturevalue("site_folder"))
    return kept[0]


LEAVES = """() => [...document.querySelectorAll('.picture')].flatMap((picture) =>
  [...picture.children].filter((part) => {
    const box = part.getBBox();
    return box.x < -1 || box.y < -1 || box.x + box.width > 161 || box.y + box.height > 82;
  }).map((part) => `${picture.getAttribute('aria-label')}: ${part.outerHTML}`))"""
COVERED = """() => [...document.querySelectorAll('.picture')].flatMap((picture) => {
  const words = [...picture.querySelectorAll('text')].map((text) => [text.textContent, text.getBBox()]);
  return words.flatMap(([one, a], place) => words.slice(place + 1).filter(([, b]) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y + 2 < b.y + b.height - 2 && b.y + 2 < a.y + a.height - 2
  ).map(([other]) => `${one} / ${other}`));
})"""


def test_nothing_leaves_a_picture_and_no_word_lies_on_another(open_page, folder):
    shown = open_page((folder / "glossary.html").as_uri())
    assert shown.locator(".picture").count() == len(PICTURES)
    assert shown.evaluate(LEAVES) == []
    assert shown.evaluate(COVERED) == []


def test_a_picture_is_beside_the_text_where_there_is_room_and_below_it_on_a_phone(open_page, folder):
    places = """() => [...document.querySelectorAll('.entry')].filter((entry) => entry.querySelector('.picture'))
      .map((entry) => {
        const picture = entry.querySelector('.picture').getBoundingClientRect();
        const text = entry.querySelector('dd > div').getBoundingClientRect();
        return picture.left >= text.right ? 'beside' : picture.top >= text.bottom ? 'below' : 'on';
      })"""
    for width, where in ((1280, "beside"), (700, "beside"), (390, "below"), (320, "below")):
        shown = open_page((folder / "glossary.html").as_uri(), viewport={"width": width, "height": 800})
        assert set(shown.evaluate(places)) == {where}
        assert shown.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("size", [(1280, 800), (667, 375), (390, 667), (320, 480)])
def test_what_opens_lies_within_the_window_wherever_its_term_stands(open_page, folder, size):
    width, height = size
    shown = open_page((folder / "index.html").as_uri(), viewport={"width": width, "height": height})
    term, note = shown.locator("a[data-term=dead-unit]").first, shown.locator("#term-dead-unit")
    for block in ("start", "center", "end"):
        shown.mouse.move(0, 0)
        shown.keyboard.press("Escape")
        term.evaluate(f"(link) => link.scrollIntoView({{block: '{block}', behavior: 'instant'}})")
        term.hover()
        note.wait_for(state="visible")
        assert note.locator(".picture").is_visible()
        box = note.bounding_box()
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
