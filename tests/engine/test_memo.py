"""The memo: what it says is as it was written, or it says nothing."""

import json

import pytest

from experiments.engine.files import sealed
from experiments.engine.memo import Memo

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
