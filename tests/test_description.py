"""dataset.toml beside the images: what it may say, and how it is refused: one line, with its place and a way on."""

import os

import pytest
from fuzz import examples, outcome
from hypothesis import given
from hypothesis import strategies as st

from experiments.description import described
from experiments.idx import DESCRIPTION, DataError

WHOLE = """
title = "Shapes"
noun = "shape"  # what an image shows
plural = "shapes"
class_names = [
    "circle", "cross",
]
source = "Drawn by rule."
licence = "CC0 1.0"
"""


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        (tmp_path / DESCRIPTION).write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return tmp_path

    return write


def refusal(folder):
    with pytest.raises(DataError) as caught:
        described(folder)
    said = str(caught.value)
    assert said.startswith(str(folder / DESCRIPTION))
    assert "\n" not in said
    return said.removeprefix(str(folder / DESCRIPTION))


def test_a_folder_without_a_description_says_nothing(tmp_path):
    assert described(tmp_path) == {}


def test_everything_that_is_said_comes_out(write):
    assert described(write(WHOLE)) == {
        "title": "Shapes",
        "noun": "shape",
        "plural": "shapes",
        "class_names": ["circle", "cross"],
        "source": "Drawn by rule.",
        "licence": "CC0 1.0",
    }


def test_how_it_is_written_makes_no_difference(write):
    folder = write(WHOLE)
    said = described(folder)
    assert described(write("\ufeff" + WHOLE.replace("\n", "\r\n").replace('"Shapes"', "' Shapes '"))) == said


def test_whatever_a_name_is_made_of_it_may_be_used(write):
    names = ["T-shirt/top", "Ж", "<b>&amp;", 'say "a"', "a|b*c_d", "10 %"]
    listed = ", ".join(f"'{name}'" for name in names)
    assert described(write(f"class_names = [{listed}]"))["class_names"] == names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'title = "a"\nnames = ["b"]',
            ", line 2: unknown key 'names'. Known are title, noun, plural, source",
        ),
        ('[set]\ntitle = "a"', ", line 1: unknown key 'set'"),
        ("title = Shapes", ", line 1: not TOML (Invalid value). Lines are like title ="),
        ('title = "a"\ntitle = "b"', ", line 2: not TOML (Cannot overwrite a value). Lines"),
        ('class_names = ["a",', ", line 1: not TOML ("),
        ("\n\ntitle = 5", ', line 3: title is a number, not text. Write it in quotes: title = "..."'),
        ("noun = true", ", line 1: noun is true or false, not text"),
        ("licence = 2024-01-01", ", line 1: licence is a date or time, not text"),
        ('title = "  "', ", line 1: title is empty. Write something, or remove it."),
        ('title = """a\nb"""', r", line 1: title is 'a\nb', which is not one line of printable text"),
        (f'title = "{"x" * 81}"', ", line 1: title has 81 characters, more than 80. Shorten it."),
        ('class_names = "a b"', ', line 1: class_names is text, not a list. Write class_names = ["circle", "square"]'),
        ('class_names = ["a"]', ", line 1: 1 class names; 2 to 30 are possible"),
        (f"class_names = {[str(k) for k in range(31)]}", ", line 1: 31 class names; 2 to 30 are possible"),
        ('class_names = ["a", 5]', ", line 1: the name of class 1 is a number, not text. Write it in quotes."),
        ('class_names = ["a", " "]', ", line 1: the name of class 1 is empty"),
        ('class_names = ["a", "b", "a "]', ", line 1: classes 0 and 2 are both called 'a'. Name them apart."),
        (f'class_names = ["a", "{"b" * 41}"]', ", line 1: the name of class 1 has 41 characters, more than 40"),
        ("a = " + "[" * 20_000, ", line 1: not TOML ("),
    ],
    ids=lambda text: text[:30],
)
def test_what_cannot_be_used_is_told_with_line_and_way_on(write, text, said):
    assert refusal(write(text)).startswith(said)


def test_another_encoding_is_told_with_the_line(write):
    said = refusal(write('title = "a"\nnoun = "Ziffer für Ziffer"', encoding="latin-1"))
    assert said == ", line 2: not UTF-8 text. Save it as UTF-8."


def test_what_is_no_file_or_a_large_one_is_told(write, tmp_path):
    assert "more than 64 kB" in refusal(write(b"#" * 70_000))
    (tmp_path / DESCRIPTION).unlink()
    (tmp_path / DESCRIPTION).mkdir()
    assert "this is a folder. Put the description itself there" in refusal(tmp_path)
    (tmp_path / DESCRIPTION).rmdir()
    os.mkfifo(tmp_path / DESCRIPTION)
    assert "no regular file" in refusal(tmp_path)
    (tmp_path / DESCRIPTION).unlink()
    (tmp_path / DESCRIPTION).symlink_to(tmp_path / "nowhere")
    assert "cannot be read (No such file or directory)" in refusal(tmp_path)


keys = st.sampled_from(["title", "noun", "class_names", "classes", "a.b", "[title]", '"licence"', ""])
values = st.one_of(
    st.sampled_from(['"a"', "5", '["a", "b"]', "[", '"', "{}", "1979-05-27", "'''"]), st.text(max_size=8)
)
lines = st.lists(st.tuples(keys, values).map(" = ".join) | st.text(max_size=12), max_size=4).map("\n".join)


@examples(400)
@given(content=st.one_of(lines.map(lambda text: text.encode("utf-8", "replace")), st.binary(max_size=40)))
def test_whatever_the_file_holds_it_is_read_or_refused_in_one_line(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp()
    (folder / DESCRIPTION).write_bytes(content)
    said, refused = outcome(described, folder)
    assert len(refused.splitlines()) == (said is None)
