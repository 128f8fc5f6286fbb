"""The reference: CITATION.cff is held to its format, and what is made of it means what it says, also to TeX."""

import re

import pytest
import yaml

from report.errors import PageError
from report.site import citation
from tests.report.conftest import REPOSITORY

WHOLE = {
    "cff-version": "1.2.0",
    "message": "Cite it.",
    "title": "A study: of 100 % & more_of {it}",
    "authors": [
        {"family-names": "Gogh", "name-particle": "van", "given-names": "Vincent"},
        {"name": "People & Co."},
    ],
    "version": "2.0.1",
    "date-released": "2031-02-03",
    "repository-code": "https://example.org/it",
}


def written(folder, says):
    (folder / "CITATION.cff").write_text(says if isinstance(says, str) else yaml.safe_dump(says))
    return folder


def entry(text):
    """(kind, key, {field: text}) of the one BibTeX entry in a text, read by counting braces as TeX does."""
    kind, key = re.match(r"@(\w+)\{([\w-]+),\n", text).groups()
    fields = {}
    for line in text.splitlines()[1:-1]:
        name, value = re.fullmatch(r"  (\w+) = (.*),", line).groups()
        bare = re.sub(r"\\.", "", value)
        assert bare.count("{") == bare.count("}")
        fields[name] = value.removeprefix("{").removesuffix("}") if value.startswith("{") else value
    assert text.endswith("\n}\n")
    return kind, key, fields


def test_the_entry_says_what_the_file_says_with_every_sign_of_tex_escaped(tmp_path):
    kind, key, fields = entry(citation.bibtex(citation.read(written(tmp_path, WHOLE))))
    assert (kind, key) == ("misc", "a-study-2031")
    assert fields == {
        "author": "van Gogh, Vincent and {People \\& Co.}",
        "title": "{A study: of 100 \\% \\& more\\_of \\{it\\}}",
        "year": "2031",
        "month": "feb",
        "version": "2.0.1",
        "url": "https://example.org/it",
    }


def test_the_reference_as_text(tmp_path):
    said = "van Gogh, Vincent; People & Co. (2031). A study: of 100 % & more_of {it} (version 2.0.1)."
    assert citation.plain(citation.read(written(tmp_path, WHOLE))) == f"{said} https://example.org/it"


def test_an_initial_without_a_year_behind_it_has_one_full_stop(tmp_path):
    told = {**WHOLE, "authors": [{"family-names": "Holmes", "given-names": "E. T."}]}
    del told["date-released"]
    assert citation.plain(citation.read(written(tmp_path, told))).startswith("Holmes, E. T. A study: ")


def test_the_projects_own_file_is_in_order():
    found = citation.read(REPOSITORY)
    _, key, fields = entry(citation.bibtex(found))
    assert key.startswith("inside-mnist-")
    assert fields["title"] == f"{{{found['title']}}}"
    assert fields["year"] == str(found["date-released"].year)


def test_a_parser_of_others_reads_the_entry(tmp_path):
    bibtexparser = pytest.importorskip("bibtexparser")
    for folder in (REPOSITORY, written(tmp_path, WHOLE)):
        read = bibtexparser.parse_string(citation.bibtex(citation.read(folder)))
        assert not read.failed_blocks
        assert len(read.entries) == 1


@pytest.mark.parametrize("key", ["date-released", "version", "repository-code"])
def test_what_need_not_be_told_is_left_out(key, tmp_path):
    found = citation.read(written(tmp_path, {name: said for name, said in WHOLE.items() if name != key}))
    entry(citation.bibtex(found))
    assert "None" not in citation.bibtex(found) + citation.plain(found)


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ("a: [", "cannot be read"),
        ("- a list", "is no mapping"),
        ({**WHOLE, "title": ""}, "has no title; add it"),
        ({name: said for name, said in WHOLE.items() if name != "authors"}, "has no authors"),
        ({**WHOLE, "authors": "me"}, "no list of persons or entities"),
        ({**WHOLE, "authors": [{"orcid": "0"}]}, "has no name; add name, or"),
        ({**WHOLE, "date-released": "yesterday"}, "write it as YYYY-MM-DD"),
    ],
)
def test_what_is_wrong_with_the_file_is_told(says, said, tmp_path):
    with pytest.raises(PageError, match=said):
        citation.told(written(tmp_path, says))


def test_without_a_file_there_is_no_reference(tmp_path):
    assert citation.told(tmp_path) is None
    assert citation.digest(tmp_path) == ""
