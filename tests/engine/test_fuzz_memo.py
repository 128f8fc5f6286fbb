"""Bytes of every wrong kind where the memo is expected: it says what was written, or nothing."""

import os

import pytest
from fuzz import examples, sealed, texts
from hypothesis import given

memo = pytest.importorskip("experiments.engine.memo")

KNOWN = {part: {"0123": {"meaning": "4567", "imports": ["a.b"]}} for part in memo.PARTS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("memo")


@examples(300)
@given(data=sealed(texts(KNOWN)))
def test_a_memo_is_read_as_it_was_written_or_not_at_all(folder, data):
    path = folder / "memo.json"
    path.write_bytes(data)
    known = memo.Memo(path).known
    assert set(known) == set(memo.PARTS)
    assert all(isinstance(part, dict) for part in known.values())


def test_what_was_kept_is_read_again(tmp_path):
    first = memo.Memo(tmp_path / "memo.json")
    first.known.update(KNOWN)
    first.keep()
    assert memo.Memo(tmp_path / "memo.json").known == KNOWN


@pytest.mark.parametrize("kind", ["fifo", "folder", "loop"])
def test_what_is_no_file_says_nothing(tmp_path, kind):
    path = tmp_path / "memo.json"
    {"fifo": os.mkfifo, "folder": os.mkdir, "loop": lambda place: place.symlink_to(place)}[kind](path)
    assert memo.Memo(path).known == {part: {} for part in memo.PARTS}
