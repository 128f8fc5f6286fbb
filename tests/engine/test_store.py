"""The store: the same value has the same bytes, and damage never passes for data."""

import gzip
import json
import os
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from experiments.engine import store
from experiments.engine.files import opened, sealed
from experiments.engine.key import digest
from experiments.engine.store import STORED_AS_IS, Damaged, Record, Shelf, decode, encode

NAMES = st.text(st.characters(codec="ascii", exclude_characters='\\:*?"<>|', categories=("L", "N")), min_size=1)
DTYPES = (
    hnp.floating_dtypes(sizes=(32, 64))
    | hnp.integer_dtypes()
    | hnp.unsigned_integer_dtypes()
    | hnp.boolean_dtypes()
    | hnp.unicode_string_dtypes(max_len=5)
)
ARRAYS = st.dictionaries(NAMES, DTYPES.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0))), max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def shelf(tmp_path):
    return Shelf("cache", tmp_path)


def record(**changes):
    values = {
        "stage": "train/a",
        "key": KEY,
        "products": {"a.json": digest(b"1\n")},
        "seconds": 1.5,
        "environment": {"python": "3.11"},
        "ingredients": {"function": "lab.steps:numbers", "parameters": {}, "sources": {}, "inputs": {}},
    }
    return Record(**{**values, **changes})


@given(ARRAYS)
def test_arrays_come_back_as_they_were_and_have_one_spelling(arrays):
    data = encode("a.npz", arrays)
    back = decode("a.npz", data)
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)
    assert encode("a.npz", back) == data
    assert encode("a.npz", dict(reversed(arrays.items()))) == data


@given(JSON)
def test_json_comes_back_as_it_was_and_has_one_spelling(value):
    data = encode("a.json", value)
    assert decode("a.json", data) == value
    assert encode("a.json", decode("a.json", data)) == data


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_text_comes_back_as_it_was(text):
    assert decode("a.svg", encode("a.svg", text)) == text


@given(st.binary())
def test_bytes_come_back_as_they_were(data):
    assert decode("a.png", encode("a.png", data)) == data


def test_memory_layout_does_not_show_in_the_bytes():
    array = np.arange(12.0).reshape(3, 4)
    assert encode("a.npz", {"x": np.asfortranarray(array)}) == encode("a.npz", {"x": array})
    assert encode("a.npz", {"x": array[:, ::2]}) == encode("a.npz", {"x": array[:, ::2].copy()})


def test_large_arrays_are_stored_plainly_and_come_back():
    arrays = {"x": np.zeros(STORED_AS_IS // 8 + 1)}
    data = encode("a.npz", arrays)
    assert len(data) > STORED_AS_IS
    np.testing.assert_array_equal(decode("a.npz", data)["x"], arrays["x"])


def test_objects_are_never_pickled():
    with pytest.raises(ValueError, match="allow_pickle"):
        encode("a.npz", {"x": np.array([{}], dtype=object)})


def test_a_number_that_is_none_is_refused_by_product():
    with pytest.raises(ValueError, match=r"product facts\.json: .*JSON"):
        encode("facts.json", {"a": float("nan")})


def test_an_unknown_ending_is_refused():
    with pytest.raises(ValueError, match=r"product a\.pkl: no way to store"):
        encode("a.pkl", {})


def test_an_artifact_is_found_by_its_digest(shelf):
    address = shelf.add("a.json", b"1\n")
    assert address == digest(b"1\n")
    assert shelf.has("a.json", address)
    assert shelf.read("a.json", address) == b"1\n"
    assert not shelf.has("a.json", digest(b"2\n"))


ONE, TWO = (gzip.compress(text, mtime=0) for text in (b"1\n", b"2\n"))  # without the time: it names the tests


@pytest.mark.parametrize("damage", [b"", b"1", TWO, ONE[:-9], None])
def test_a_damaged_artifact_is_never_read(shelf, damage):
    address = shelf.add("a.json", b"1\n")
    path = shelf.path("a.json", address)
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(Damaged) as caught:
        shelf.read("a.json", address)
    assert caught.value.path == path


def test_a_damaged_artifact_is_written_over(shelf):
    path = shelf.path("a.json", shelf.add("a.json", b"1\n"))
    path.write_bytes(b"x")
    shelf.distrust(path)
    assert shelf.read("a.json", shelf.add("a.json", b"1\n")) == b"1\n"
    assert shelf.has("a.json", digest(b"1\n"))


def test_a_record_is_found_by_its_key(shelf):
    shelf.put(record())
    opened = Shelf("cache", shelf.folder)
    assert opened.record(KEY) == record()
    assert opened.records() == [record()]
    assert opened.record(OTHER) is None


def rewritten(shelf, change):
    """What becomes of a record's file: `change` of its values, sealed as the store seals."""
    path = shelf.record_path(KEY)
    values = json.loads(opened(gzip.decompress(path.read_bytes())))
    path.write_bytes(gzip.compress(sealed(json.dumps(change(values)).encode())))
    return path


def test_a_record_rewritten_with_the_same_values_is_a_record(shelf):
    shelf.put(record())
    rewritten(shelf, lambda values: values)
    assert Shelf("cache", shelf.folder).record(KEY) == record()


@pytest.mark.parametrize(
    "change",
    [
        *(lambda _, value=value: value for value in ("", [], None, 5, "text", {}, {"stage": 1}, [[["deep"]]])),
        *(
            lambda values, part=part: {**values, **part}
            for part in (
                {"key": OTHER},
                {"key": 5},
                {"stage": None},
                {"seconds": "1"},
                {"seconds": -1},
                {"products": None},
                {"products": {"a.json": "../../../victim"}},
                {"products": {"a.json": "a" * 63}},
                {"products": {"a.json": "A" * 64}},
                {"products": {"a.json": "a" * 64 + "\n"}},
                {"products": {"../a.json": "a" * 64}},
                {"products": {"": "a" * 64}},
                {"products": ["a.json"]},
                {"environment": {"python": 3}},
                {"environment": []},
                {"ingredients": {}},
                {"ingredients": None},
            )
        ),
    ],
)
def test_a_record_with_other_values_than_records_have_is_none_and_is_said(shelf, change):
    shelf.put(record())
    path = rewritten(shelf, change)
    opened = Shelf("cache", shelf.folder)
    assert opened.record(KEY) is None
    assert opened.records() == []
    assert opened.damaged == {path}


def test_every_flipped_bit_of_a_record_is_noticed(shelf):
    shelf.put(record())
    path = shelf.record_path(KEY)
    whole = path.read_bytes()
    unnoticed = []
    for place in range(10, len(whole)):  # before that stand gzip's own flags, time and system
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        found = Shelf("cache", shelf.folder).record(KEY)
        unnoticed += [place] if found not in (None, record()) else []
    assert unnoticed == []


def test_another_record_under_a_key_is_none(shelf):
    shelf.put(record())
    shelf.put(record(key=OTHER, stage="train/b"))
    shutil.copy(shelf.record_path(OTHER), shelf.record_path(KEY))
    opened = Shelf("cache", shelf.folder)
    assert opened.record(KEY) is None
    assert [each.stage for each in opened.records()] == ["train/b"]


def deep(levels):
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize("data", [b"", b"{", b"5", b"null", deep(100_000), sealed(deep(100_000)), bytes(30_000_000)])
def test_whatever_lies_where_a_record_should_is_none(shelf, data):
    path = shelf.record_path(KEY)
    path.parent.mkdir()
    for written in (data[:1000], gzip.compress(data), gzip.compress(data) + b"more"):
        path.write_bytes(written)
        assert Shelf("cache", shelf.folder).record(KEY) is None


def test_a_fifo_is_neither_a_record_nor_an_artifact_and_nobody_waits_for_it(shelf):
    path, artifact = shelf.record_path(KEY), shelf.path("a.json", KEY)
    for each in (path, artifact):
        each.parent.mkdir()
        os.mkfifo(each)
    assert shelf.record(KEY) is None
    assert shelf.damaged == {path}
    assert not shelf.has("a.json", KEY)
    with pytest.raises(Damaged):
        shelf.read("a.json", KEY)


def test_what_unpacks_to_more_than_there_may_be_is_damaged(shelf, monkeypatch):
    address = shelf.add("a.json", b"1" * 1000)
    monkeypatch.setattr(store, "LARGEST", 999)
    with pytest.raises(Damaged):
        shelf.read("a.json", address)


def test_a_shelf_lists_its_own_files_alone(shelf):
    shelf.put(record())
    shelf.add("a.json", b"1\n")
    for name in ("records/notes.json.gz", "artifacts/README", "artifacts/.a.json.tmp"):
        (shelf.folder / name).write_text("mine")
    assert [path.name for path in shelf.files()] == [f"{KEY}.json.gz", f"{digest(b'1' + chr(10).encode())}.json.gz"]
    assert shelf.records() == [record()]
    assert shelf.damaged == set()


def test_a_shelf_that_is_not_there_is_empty(tmp_path):
    shelf = Shelf("results", tmp_path / "nowhere")
    assert shelf.records() == []
    assert shelf.record(KEY) is None
    assert not shelf.has("a.json", "0" * 64)
