"""Pages say themselves what and where they are; what is wrong with that is told at once, each fault in one line."""

import json
import sys

import pytest

from report.errors import PageError
from report.site.front_matter import blanked
from report.site.pages import LAB, LINKED, MAP, SITE_TITLE, read
from tests.conftest import ROOT

PAGES = read(ROOT).pages


def test_the_project_has_pages_and_no_faults():
    assert len(PAGES) > 10
    assert read(ROOT).faults == ()


def test_titles_and_descriptions_are_all_different():
    for values in ({p.title for p in PAGES}, {p.description for p in PAGES}):
        assert len(values) == len(PAGES)


def test_the_book_begins_with_the_index_and_ends_with_what_it_rests_on():
    slugs = [page.slug for page in PAGES]
    assert slugs[0] == "index"
    assert slugs[-5:] == ["methods", "dataset", "glossary", "references", "cite"]


def test_every_heading_is_a_question():
    assert [page.slug for page in PAGES if not page.question.endswith("?")] == []


def test_titles_and_descriptions_have_the_length_that_search_results_show():
    assert all(len(f"{page.title} · {SITE_TITLE}") <= 60 for page in PAGES)
    assert {page.slug: len(page.description) for page in PAGES if not 70 <= len(page.description) <= 170} == {}


# A folder of pages


def front_matter(title, *more, order, part="One"):
    says = {"title": title, "question": f"{title}?", "description": f"What {title} is.", "part": part}
    return "\n".join([*(f"{key} = {json.dumps(value)}" for key, value in says.items()), f"order = {order}", *more])


@pytest.fixture
def folder(tmp_path):
    """A project with the fewest pages that there may be: 1, 2, 3 and 4 are their numbers."""
    (tmp_path / "templates" / "pages").mkdir(parents=True)
    for order, slug in enumerate(LINKED, start=1):
        write(tmp_path, slug, front_matter(slug, order=order))
    return tmp_path


def write(folder, slug, says):
    (folder / "templates" / "pages" / f"{slug}.md").write_text(f"+++\n{says}\n+++\n\nText.\n", encoding="utf-8")


def fault(folder):
    (found,) = read(folder).faults
    assert "\n" not in found
    return found


def test_a_file_is_a_page_and_its_number_is_its_place(folder):
    write(folder, "new-one", front_matter("A “new” one", order=2.5))
    found = read(folder)
    assert found.faults == ()
    assert [page.slug for page in found.pages] == ["index", "methods", "new-one", "glossary", "references"]
    page = found.pages[2]
    assert (page.title, page.question, page.description, page.part) == (
        "A “new” one",
        "A “new” one?",
        "What A “new” one is.",
        "One",
    )
    assert (page.file, page.scripts, page.styles) == ("new-one.html", (), ())


def test_a_bundle_stands_for_its_scripts_and_each_is_loaded_once(folder):
    more = ('scripts = ["map", "data/more.js", "lab"]', 'styles = ["assets/a.css", "assets/b.css"]')
    write(folder, "new", front_matter("New", *more, order=5))
    page = read(folder).pages[-1]
    assert page.scripts == (*MAP, "data/more.js", *(script for script in LAB if script not in MAP))
    assert page.styles == ("assets/a.css", "assets/b.css")


def test_what_is_no_page_is_left_alone(folder):
    pages = folder / "templates" / "pages"
    for name in ("notes.txt", "x.md~", ".#x.md", ".x.md"):
        (pages / name).write_text("no page")
    (pages / "folder.md").mkdir()
    (pages / "shared").mkdir()
    (pages / "shared" / "words.md").write_text("no page either")
    found = read(folder)
    assert ([page.slug for page in found.pages], found.faults) == (list(LINKED), ())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("order = 5", "", ": no order in its front matter; add order = a number."),
        ('title = "New"', "", ": no title in its front matter; add title = a line of text in quotes."),
        ('part = "One"', "tags = 1\npart = 'One'", ": unknown key 'tags'. Front matter gives title, question, descr"),
        ('part = "One"', "'a\\nb' = 1\npart = 'One'", r": unknown key 'a\\nb'. "),
        ("order = 5", "order = 5\n[more]", ": unknown key 'more'. "),
        ("order = 5", "order = 5\nscript = []", ": unknown key 'script'. Did you mean 'scripts'"),
        ('title = "New"', "title = 5", ": title in its front matter is not a line of text in quotes; correct it."),
        ('title = "New"', 'title = " "', ": title in its front matter is not a line of text"),
        ('title = "New"', 'title = "a\\nb"', ": title in its front matter is not a line of text"),
        ("order = 5", 'order = "5"', ": order in its front matter is not a number; correct it."),
        ("order = 5", "order = true", ": order in its front matter is not a number"),
        ("order = 5", "order = nan", ": order in its front matter is not a number"),
        ("order = 5", "order = 2024-01-31", ": order in its front matter is not a number"),
        ("order = 5", f"order = 0x{'f' * 9000}", ": order in its front matter is not a number"),
        ("order = 5", 'order = 5\nscripts = "lab"', ": scripts in its front matter is not a list of texts in quotes"),
        ("order = 5", "order = 5\nstyles = [1]", ": styles in its front matter is not a list of texts in quotes"),
        ("order = 5", 'order = 5\nscripts = ["lap"]', ": unknown name in scripts 'lap'. Did you mean "),
        ("order = 5", 'order = 5\nstyles = ["lab"]', ": unknown name in styles 'lab'. A path begins with assets/ or"),
        ("order = 5", "order = 2", ": order 2 is that of templates/pages/methods.md as well; change one of them."),
        ("order = 5", "order = 2.0", ": order 2.0 is that of templates/pages/methods.md as well"),
        ("part =", "part", ", line 5: front matter is no TOML: Expected '=' after a key"),
        ("order = 5", "order = 5\norder = 6", ", line 7: front matter is no TOML: Cannot overwrite a value in column "),
        ("order = 5", 'order = """', ": front matter is no TOML: Unterminated string (at end of document); correct it"),
        ("order = 5", f"order = {'[' * 9000}", ": front matter is no TOML: "),
        ("+++\n\n", "++\n\n", ", line 1: front matter is not closed: end it with a line +++. It gives title, "),
        ("+++\ntitle", "title", ", line 1: front matter is missing: begin and end it with a line +++. It gives "),
        ("+++\ntitle", " +++\ntitle", ", line 1: front matter is missing"),
    ],
    ids=lambda text: text[:40],
)
def test_a_fault_is_told_with_file_cause_and_remedy(folder, old, new, said):
    write(folder, "new", front_matter("New", order=5))
    path = folder / "templates" / "pages" / "new.md"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert fault(folder).startswith(f"templates/pages/new.md{said}")


def test_parts_are_in_one_piece(folder):
    write(folder, "new", front_matter("New", order=1.5, part="Two"))
    assert fault(folder) == (
        "templates/pages/methods.md: part 'One' goes on after templates/pages/new.md, which is of part 'Two'; write "
        "them alike, or change the order."
    )


@pytest.mark.parametrize("name", ["404", "New", "a b", "ä", "a.b", "a\nb"])
def test_a_name_that_cannot_be_an_address_is_told(folder, name):
    write(folder, name, front_matter("New", order=5))
    assert fault(folder).startswith(f"templates/pages: {f'{name}.md'!r} cannot be an address; use a to z, 0 to 9 and ")


@pytest.mark.parametrize("slug", LINKED)
def test_a_page_that_all_others_link_to_is_missed(folder, slug):
    (folder / "templates" / "pages" / f"{slug}.md").unlink()
    assert fault(folder) == f"templates/pages/{slug}.md is missing; write it: every page links to it."


def test_a_page_that_is_no_utf8_is_told(folder):
    (folder / "templates" / "pages" / "new.md").write_bytes(b"+++\ncaf\xe9\n+++\n")
    assert fault(folder).startswith("templates/pages/new.md is no UTF-8 (")


def test_without_a_folder_of_pages_there_is_one_message(tmp_path):
    with pytest.raises(PageError, match=r"^templates/pages cannot be read: No such file or directory; it holds a file"):
        read(tmp_path)


def test_all_faults_are_told_at_once_and_the_pages_are_there_nevertheless(folder):
    write(folder, "a", "title = 5\nnothing = 1")
    write(folder, "b", "=")
    write(folder, "c", front_matter("C", order=2))
    found = read(folder)
    assert len(found.faults) == 6 + 1 + 1
    assert {page.slug for page in found.pages} == {*LINKED, "a", "b", "c"}


# What an earlier build learnt


def test_front_matter_that_is_known_is_not_parsed_again(folder, monkeypatch):
    memo = {}
    first = read(folder, memo=memo)
    memo = json.loads(json.dumps(memo))
    monkeypatch.setitem(sys.modules, "tomllib", None)
    path = folder / "templates" / "pages" / "index.md"
    path.write_text(f"{path.read_text()}More.\n")
    assert read(folder, memo=memo) == first


def test_what_was_learnt_is_of_the_pages_that_there_are_and_of_nothing_faulty(folder):
    memo = {}
    read(folder, memo=memo)
    (folder / "templates" / "pages" / "methods.md").unlink()
    write(folder, "glossary", front_matter("Words", order=3))
    write(folder, "references", front_matter("References", order="2024-01-31"))
    found = read(folder, memo=memo)
    assert found == read(folder)
    assert memo.keys() == {"index", "glossary"}
    assert memo["glossary"]["says"]["title"] == "Words"


# The text


def test_the_text_stands_in_the_lines_of_the_file():
    text = '+++\ntitle = "x"\n+++\n\nWords.\n+++\n'
    assert blanked(text) == "\n\n\n\nWords.\n+++\n"
    assert blanked(text.removeprefix("+")) == text.removeprefix("+")
