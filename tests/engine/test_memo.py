"""The memo: what it says is as it was written, or it says nothing."""

import json
import os

import pytest
from folders import state

from experiments.engine.files import FilesError, sealed
from experiments.engine.memo import Memo
from experiments.engine.store import Shelf

KNOWN = {
    "files": {"a": "b"},
    "sources": {"m": {"meaning": "0" * 64}},
    "installed": {"of": "x", "versions": {}},
    "pages": {"index": {"of": "0" * 64, "says": {"order": 10}}},
}
NOTHING = {"files": {}, "sources": {}, "installed": {}, "pages": {}}


def write(path):
    memo = Memo(path)
    memo.known |= KNOWN
    memo.keep()


def test_what_was_written_is_read(tmp_path):
    write(tmp_path / "memo.json")
    assert Memo(tmp_path / "memo.json").known == KNOWN


def test_every_changed_byte_is_noticed(tmp_path):
    path = tmp_path / "memo.json"
    write(path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert Memo(path).known == NOTHING
        path.write_bytes(whole[:place])
        assert Memo(path).known == NOTHING


@pytest.mark.parametrize("value", [5, None, [1], "text", {}, {"files": 5}, {**KNOWN, "sources": [1]}])
def test_a_memo_of_another_shape_says_nothing(tmp_path, value):
    (tmp_path / "memo.json").write_bytes(sealed(json.dumps(value).encode()))
    assert Memo(tmp_path / "memo.json").known == NOTHING


def test_a_memo_that_is_not_there_or_no_file_says_nothing(tmp_path):
    assert Memo(tmp_path / "memo.json").known == NOTHING
    assert Memo(tmp_path).known == NOTHING
    (tmp_path / "deep.json").write_bytes(sealed(b"[" * 100_000))
    assert Memo(tmp_path / "deep.json").known == NOTHING


def lay(path, kind):
    """Something of somebody else's under the memo's name."""
    match kind:
        case "link":
            path.with_name("mine.json").write_bytes(sealed(json.dumps(KNOWN).encode()))
            path.symlink_to("mine.json")
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case _:
            path.write_text(kind)


@pytest.mark.parametrize("kind", ['{"memo": "years of work"}', "", "0" * 64, "link", "folder", "fifo"])
def test_what_no_build_wrote_is_refused(tmp_path, kind):
    path = tmp_path / "memo.json"
    lay(path, kind)
    before = state(tmp_path)
    with pytest.raises(FilesError, match=r"will not replace .*memo\.json, which no build wrote; move it away"):
        Memo(path).check()
    assert state(tmp_path) == before


def test_a_memo_of_ours_may_be_replaced_also_where_it_was_damaged(tmp_path):
    path = tmp_path / "memo.json"
    Memo(path).check()
    write(path)
    whole = path.read_bytes()
    for damaged in (whole, whole[:80], whole[:-1] + b"?"):
        path.write_bytes(damaged)
        Memo(path).check()
    Shelf("cache", tmp_path).add("a.txt", b"text")
    for damaged in (b"", b"?" + whole[1:], bytes(len(whole))):
        path.write_bytes(damaged)
        Memo(path).check()


def test_a_cache_that_is_a_file_is_for_others_to_refuse(tmp_path):
    (tmp_path / "cache").write_text("mine")
    Memo(tmp_path / "cache" / "memo.json").check()
