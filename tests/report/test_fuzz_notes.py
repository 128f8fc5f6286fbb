"""Bytes of every wrong kind where a note on a written site is expected: there is no note, and nothing is raised."""

import json
import os
from dataclasses import asdict

import pytest
from fuzz import examples, sealed, texts
from hypothesis import given

past = pytest.importorskip("report.site.past")

NOTE = past.Past(stamp="0" * 64, manifest="1" * 64, made={"a.html": "2" * 64}, pages={"a": {"listings": {"x": "y"}}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notes")


@examples(300)
@given(data=sealed(texts(asdict(NOTE))))
def test_a_note_has_its_form_or_is_none(folder, data):
    path = folder / "note.json"
    path.write_bytes(data)
    found = past.read(path)
    assert isinstance(found.stamp, str)
    assert isinstance(found.manifest, str)
    assert isinstance(found.pages, dict)
    assert all(isinstance(text, str) for pair in found.made.items() for text in pair)
    for slug in ("a", "b"):
        assert json.dumps(dict(found.listings(slug)))


def test_a_note_that_was_written_is_read(tmp_path):
    past.write(tmp_path / "note", NOTE)
    assert past.read(tmp_path / "note") == NOTE


@pytest.mark.parametrize("kind", ["fifo", "folder", "loop"])
def test_what_is_no_file_is_no_note(tmp_path, kind):
    path = tmp_path / "note"
    {"fifo": os.mkfifo, "folder": os.mkdir, "loop": lambda place: place.symlink_to(place)}[kind](path)
    assert past.read(path) == past.NOTHING
