"""What is rendered anew after an edit: nothing that need not be, and everything that must."""

import hashlib
import json
import os
from dataclasses import asdict, replace

import pytest

from experiments.engine.folder import Kept
from experiments.study import QUICK
from report.site import past
from report.site.pages import read
from report.site.past import NOTHING, Past
from report.site.render import render, rendering


class Folder:
    """A site as it lies in its folder after a build, and what that build noted."""

    def __init__(self, arguments):
        self.files, self.note = {}, NOTHING
        self.build(arguments)

    def build(self, arguments):
        """Renders what must be and returns the names of those files; keeps the others."""
        lying = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        done = rendering(**arguments, past=self.note, lying=lying)
        for name, data in done.files.items():
            assert not isinstance(data, Kept) or data.digest == lying[name], name
        anew = {name for name, data in done.files.items() if not isinstance(data, Kept)}
        self.files = {name: self.files[name] if isinstance(data, Kept) else data for name, data in done.files.items()}
        self.note = past.Past("", "", done.made, *json.loads(json.dumps([done.pages, done.places])))
        return {name for name in anew if name in done.made}


def change(name, old, new):
    return lambda root, _: text(root, name, old, new)


def text(root, name, old, new):
    path = root / name
    content = path.read_text()
    assert old in content, name
    path.write_text(content.replace(old, new))


def page(old, new, name="health"):
    return change(f"templates/pages/{name}.md", old, new)


def front_matter(old, new):
    def edit(root, arguments):
        text(root, "templates/pages/health.md", old, new)
        arguments["pages"] = read(root).pages

    return edit


def template(name, old, new):
    return change(f"templates/{name}", old, new)


def argument(**changes):
    return lambda _, arguments: arguments.update(changes)


def fact(root, arguments):
    arguments["facts"]["health.dead.share"] |= {"value": 7.5}


def figure(**changes):
    def edit(root, arguments):
        drawn = arguments["figures"]["health/gradient"]
        made = {name: change(getattr(drawn, name)) for name, change in changes.items()}
        arguments["figures"]["health/gradient"] = replace(drawn, **made)

    return edit


def cite(root, arguments):
    (root / "CITATION.cff").write_text('cff-version: 1.2.0\ndate-released: "2031-02-03"\n')


def include_another_page(root, arguments):
    (root / "templates/pages/shared.txt").write_text("Shared words.\n")
    path = root / "templates/pages/health.md"
    path.write_text(path.read_text() + '\n{% include "pages/shared.txt" %}\n')


def frame_that_loads_a_page(root, arguments):
    (root / "templates/pages/foot.txt").write_text("Foot.\n")
    text(root, "templates/base.html", "</footer>", '{% include "pages/foot.txt" %}</footer>')


def first_picture(root, arguments):
    path = root / "templates/terms/probe-set.svg"
    assert not path.exists()
    path.write_text('<svg class="picture"></svg>')


def swap_figures(root, arguments):
    path = root / "templates/pages/health.md"
    content = path.read_text()
    names = ("health/dead-units", "health/gradient")
    calls = [f'figure("{name}"' for name in names]
    assert all(call in content for call in calls)
    path.write_text(content.replace(calls[0], "figure(\0").replace(calls[1], calls[0]).replace("figure(\0", calls[1]))


EDITS = {
    "the text of a page": page("Units die early", "Units die late"),
    "the title of a page": front_matter('title = "Health"', 'title = "Well-being"'),
    "the order of pages": front_matter("order = 80", "order = 5"),
    "a use of a term": page("Share of units", '{{ glossary("probe set") }}: share of units'),
    "a citation": page("Gradient norm", '{{ cite("alain2016") }} Gradient norm'),
    "the last citation of a page": page('cite("lu2020"', 'cite("lecun1998"'),
    "a heading": page("And the gradient", "And where the gradient goes"),
    "a page's figures in another order": swap_figures,
    "a fact": fact,
    "a figure's drawing": figure(svg=lambda svg: svg.replace("gradient</text>", "another</text>")),
    "a figure's size": figure(svg=lambda svg: svg.replace('viewBox="0 0 518.4', 'viewBox="0 0 600')),
    "a figure's numbers": figure(csv=lambda csv: csv + "2,7.0\n"),
    "a figure's key": figure(key=lambda key: key[::-1]),
    "a figure's function": figure(function=lambda _: "planted.analysis:dead_units"),
    "a definition in the glossary": page("{% endcall %}", "So it is.\n{% endcall %}", "glossary"),
    "a picture of a term": template("terms/dead-unit.svg", "<svg", "<svg data-new"),
    "a term's first picture": first_picture,
    "a new term": page("{% call term(", '{% call term("new term") %}\nNew.\n{% endcall %}\n{% call term(', "glossary"),
    "the text of the references": page("\n", "\nWords.\n", "references"),
    "a reference": template("references.json", "Dying ReLU", "Dead ReLU"),
    "the frame": template("base.html", "<footer", "<!-- a remark --><footer"),
    "the frame of pages": template("page.html", "<article>", '<article class="wide">'),
    "the frame of code": template("code.html", "<h1>", '<h1 class="code">'),
    "a partial": template("partials/figure.html", "<figure", "<figure data-new"),
    "the page for missing addresses": template("404.md", "There is no page", "There is certainly no page"),
    "a style sheet": template("assets/shared/style.css", "{", "{ /* a remark */"),
    "the icon": template("assets/shared/favicon.svg", "<svg", "<svg data-new"),
    "a module that is shown": change("planted/analysis.py", "def ", "# more\ndef "),
    "the address": argument(base_url="https://example.org/name"),
    "the release": cite,
    "the study": argument(study=QUICK),
    "the data": argument(card={"dataset": "digits", "title": "small digits", "train": 1, "test": 1}),
    "a picture for other sites": argument(social={"health": b"\x89PNG"}),
    "what scripts read": argument(scripts={"shelf.json": {"digits": []}, "other.js": "1"}),
    "a page that reads another template": include_another_page,
    "that other template": template("pages/shared.txt", "Shared", "Common"),
    "a frame that reads a page": frame_that_loads_a_page,
    "that page": template("pages/foot.txt", "Foot", "Feet"),
}


def test_after_any_edit_the_site_is_the_one_that_is_rendered_from_nothing(root, arguments):
    """One edit after the other on the same site, so that each meets what those before it left."""
    arguments = {**arguments, "code": "some"}
    folder, after = Folder(arguments), render(**arguments)
    assert folder.files == after
    for name, edit in EDITS.items():
        edit(root, arguments)
        before, after = after, render(**arguments)
        assert after != before, f"{name}: no edit at all"
        folder.build(arguments)
        assert [each for each in after if folder.files.get(each) != after[each]] == [], name
        assert folder.files.keys() == after.keys(), name
        assert folder.build(arguments) == set(), f"{name}: rendered twice"


@pytest.mark.parametrize(
    ("edit", "anew"),
    [
        ("the text of a page", {"health.html"}),
        ("a use of a term", {"health.html", "glossary.html"}),
        ("a citation", {"health.html", "references.html"}),
        ("a picture of a term", {"index.html", "glossary.html"}),
        ("a page's figures in another order", {"health.html", "index.html", "code/planted.analysis.html"}),
        ("a figure's drawing", {"health.html", "figures/health-gradient.svg"}),
        ("a figure's numbers", {"health.html", "figures/health-gradient.svg"}),
        ("a style sheet", set()),
        ("the icon", set()),
        ("a module that is shown", {"health.html", "code/planted.analysis.html"}),
    ],
)
def test_nothing_is_rendered_that_need_not_be(root, arguments, edit, anew):
    folder = Folder(arguments)
    EDITS[edit](root, arguments)
    assert folder.build(arguments) == anew


def test_without_an_edit_nothing_is_rendered(arguments, monkeypatch):
    from report.site.writing import Site

    folder = Folder(arguments)
    monkeypatch.setattr(Site, "text", None)
    monkeypatch.setattr("report.site.source._highlighted", None)
    assert folder.build(arguments) == set()


def test_an_edit_of_a_page_highlights_no_code_again(root, arguments, monkeypatch):
    folder = Folder(arguments)
    monkeypatch.setattr("report.site.source._highlighted", None)
    EDITS["the text of a page"](root, arguments)
    assert folder.build(arguments) == {"health.html"}
    monkeypatch.undo()
    assert folder.files == render(**arguments)


def test_other_code_renders_everything_anew(arguments):
    folder = Folder(arguments)
    assert folder.build({**arguments, "code": "another"}) == folder.note.made.keys()


def test_a_file_that_does_not_lie_there_is_rendered(arguments):
    folder = Folder(arguments)
    del folder.files["health.html"]
    assert folder.build(arguments) == {"health.html"}
    assert folder.files == render(**arguments)


def test_a_mistake_is_told_although_another_page_made_it(root, arguments):
    from report.errors import PageError

    folder = Folder(arguments)
    text(root, "templates/pages/glossary.md", 'term("dead unit")', 'term("dying unit")')
    with pytest.raises(PageError, match=r"index\.md, line \d+: unknown glossary term 'unit is dead'|'dead unit'"):
        folder.build(arguments)


# The note


NOTE = Past("stamp", "manifest", {"a.html": "0" * 64}, {"a": {"made_of": "1", "uses": {}, "listings": {"x": "y"}}})


def test_a_note_comes_back_as_it_was_written(tmp_path):
    past.write(tmp_path / "note", NOTE)
    assert past.read(tmp_path / "note") == NOTE


def sealed(value):
    data = json.dumps(value).encode()
    return hashlib.sha256(data).hexdigest().encode() + b"\n" + data


DAMAGED = {
    "nothing": b"",
    "a number": b"5",
    "null": b"null",
    "a list": b"[1]",
    "deep": b"[" * 100_000,
    "sealed number": sealed(5),
    "sealed null": sealed(None),
    "sealed list": sealed([1]),
    "sealed pairs": sealed([["stamp", "x"]]),
    "a missing entry is empty": sealed({"made": [1]}),
    "an entry more": sealed({"stamp": "", "more": 1}),
    "a stamp that is a number": sealed({"stamp": 1}),
    "made of numbers": sealed({"made": {"a": 1}}),
    "pages in a list": sealed({"pages": [1]}),
    "one letter changed": sealed(asdict(NOTE)).replace(b"a.html", b"b.html"),
    "cut off": sealed(asdict(NOTE))[:-1],
    "sealed and deep": hashlib.sha256(b"[" * 100_000).hexdigest().encode() + b"\n" + b"[" * 100_000,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_note_that_is_not_as_it_was_written_is_none(tmp_path, data):
    (tmp_path / "note").write_bytes(data)
    assert past.read(tmp_path / "note") == NOTHING


def test_no_note_is_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder", "nowhere", "n" * 300):
        assert past.read(tmp_path / name) == NOTHING


STRANGE = [5, None, [], {}, {"made_of": 1}, {"made_of": "", "uses": []}, {"made_of": "", "uses": {"placed": [1]}}]


@pytest.mark.parametrize("known", STRANGE)
def test_what_is_strange_about_a_page_is_not_believed(arguments, known):
    folder = Folder(arguments)
    pages = {**folder.note.pages, "health": known}
    folder.note = replace(folder.note, pages=pages)
    folder.build(arguments)
    assert folder.files == render(**arguments)
