"""The memo: what it says is as it was written, or it says nothing."""

import json

import pytest

from experiments.engine import memo
from experiments.engine.files import sealed

KNOWN = {"files": {"a": "b"}, "sources": {"m": {"meaning": "0" * 64}}, "installed": {"of": "x", "versions": {}}}
NOTHING = {"files": {}, "sources": {}, "installed": {}}


def test_what_was_written_is_read(tmp_path):
    memo.write(tmp_path / "memo.json", KNOWN)
    assert memo.read(tmp_path / "memo.json") == KNOWN


def test_every_changed_byte_is_noticed(tmp_path):
    path = tmp_path / "memo.json"
    memo.write(path, KNOWN)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert memo.read(path) == NOTHING
        path.write_bytes(whole[:place])
        assert memo.read(path) == NOTHING


@pytest.mark.parametrize("value", [5, None, [1], "text", {}, {"files": 5}, {**KNOWN, "sources": [1]}])
def test_a_memo_of_another_shape_says_nothing(tmp_path, value):
    (tmp_path / "memo.json").write_bytes(sealed(json.dumps(value).encode()))
    assert memo.read(tmp_path / "memo.json") == NOTHING


def test_a_memo_that_is_not_there_or_no_file_says_nothing(tmp_path):
    assert memo.read(tmp_path / "memo.json") == NOTHING
    assert memo.read(tmp_path) == NOTHING
    (tmp_path / "deep.json").write_bytes(sealed(b"[" * 100_000))
    assert memo.read(tmp_path / "deep.json") == NOTHING
