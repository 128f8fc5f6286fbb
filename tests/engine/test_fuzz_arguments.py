"""Command lines of every wrong kind: options, or exit code 2 with one line; never anything else."""

import contextlib
import io
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fuzz import examples, outcome
from hypothesis import given
from hypothesis import strategies as st
from options import OPTIONS

from experiments.engine import arguments, places
from experiments.engine.address import base_url

GIVEN = (*OPTIONS, "--", "-h", "-x", "--lis", "---")
USUAL = (
    "published",
    "quick",
    "smoke",
    "mnist",
    "digits",
    "8000",
    "1",
    "*",
    "train/*",
    "site",
    ".cache",
    "/",
    ".",
    "..",
)
bytes_as_text = st.binary(max_size=20).map(os.fsdecode)  # what the system hands over where it is no UTF-8
words = st.one_of(
    st.sampled_from(GIVEN),
    st.sampled_from(USUAL),
    st.text(max_size=20),
    bytes_as_text,
    st.sampled_from(
        ["", "\0", "a\nb", "x" * 300, "x/" * 3000, "9" * 5000, "-1", "loop", "~", "experiments", "results/x"]
    ),
    st.tuples(st.sampled_from(GIVEN), st.text(max_size=12) | st.sampled_from(USUAL)).map("=".join),
)
PIECES = (
    "http",
    "https",
    "javascript",
    ":",
    "/",
    "//",
    "///",
    "@",
    "?",
    "#",
    "[",
    "]",
    "example.org",
    "%",
    "%20",
    "..",
)
addresses = st.one_of(
    st.text(max_size=40),
    bytes_as_text,
    st.lists(
        st.sampled_from([*PIECES, "::1", "1.2.3.4", ":80", "xn--", "a" * 64, "\u00fc", '"', "\n", " "]), max_size=8
    ).map("".join),
    st.tuples(st.sampled_from(["http://", "https://", "HTTPS://"]), st.text(max_size=30)).map("".join),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An empty project, in whose folder the commands are given; a link there leads to itself."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "loop").symlink_to("loop")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@examples(700)
@given(line=st.lists(words, max_size=6))
def test_a_command_line_is_understood_or_refused_in_one_line(root, line):
    said, shown = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(shown):
        try:
            options = arguments.parse(line, root=root, about="About.")
        except SystemExit as end:
            code = end.code
        else:
            places.check(root, out=options.out, cache=options.cache, data=options.data)
            assert options.jobs is None or options.jobs >= 1
    assert code in (0, 2)
    assert len(said.getvalue().split("\n")) == (2 if code else 1)
    assert said.getvalue() == "" or said.getvalue().startswith("build.py: ")
    assert [path.name for path in root.iterdir()] == ["loop"]


@examples(400)
@given(names=st.lists(st.sampled_from(["a", "b", "..", ".", "site", "results", "project"]), min_size=1, max_size=5))
def test_folders_that_are_accepted_never_meet(root, names):
    out = root / Path(*names)
    with contextlib.suppress(ValueError):
        places.check(root, out=out, cache=root / ".cache", data=root / "b")
        real = Path(os.path.realpath(out))
        assert real not in (root, root / "results", root / ".cache", root / "b")
        assert not real.is_relative_to(root) or real.parent == root
        assert not root.is_relative_to(real)


@examples(400)
@given(text=st.text(max_size=30) | bytes_as_text | st.sampled_from(["\0", "loop", "loop/x", "x" * 256, "/" * 5000]))
def test_the_name_of_a_folder_is_one_or_is_refused(root, text):
    path, said = outcome(places.folder, text)
    assert len(said.splitlines()) <= 1
    assert path is None or not path.exists() or path.stat()


@examples(600)
@given(text=addresses)
def test_an_address_is_a_plain_one_or_is_refused(text):
    kept, said = outcome(base_url, text)
    assert len(said.splitlines()) == (kept is None)
    if kept is not None:
        parts = urlsplit(kept)
        assert parts.scheme in ("http", "https")
        assert parts.hostname
        assert kept.isascii()
        assert not set(kept) & set("\"'<>?#@\\ ")
        assert kept.endswith("/")
        assert base_url(kept) == kept
