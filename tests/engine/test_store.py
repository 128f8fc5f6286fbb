"""The store: the same value has the same bytes, and damage never passes for data."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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


@pytest.fixture
def shelf(tmp_path):
    return Shelf("cache", tmp_path)


def record(**changes):
    values = {
        "stage": "train/a",
        "key": "k" * 64,
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
    assert opened.record("k" * 64) == record()
    assert opened.records() == [record()]
    assert opened.record("x" * 64) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"text"', "{}", '{"stage": 1}', "truncated", "foreign key", "no products"]
)
def test_a_record_that_cannot_be_read_is_none(shelf, text):
    shelf.put(record())
    path = shelf.record_path("k" * 64)
    whole = gzip.decompress(path.read_bytes()).decode()
    values = json.loads(whole)
    texts = {
        "truncated": whole[: len(whole) // 2],
        "foreign key": json.dumps({**values, "key": "x" * 64}),
        "no products": json.dumps({**values, "products": None}),
    }
    path.write_bytes(gzip.compress(texts.get(text, text).encode()))
    opened = Shelf("cache", shelf.folder)
    assert opened.record("k" * 64) is None
    assert opened.records() == []


def test_a_shelf_that_is_not_there_is_empty(tmp_path):
    shelf = Shelf("results", tmp_path / "nowhere")
    assert shelf.records() == []
    assert shelf.record("k" * 64) is None
    assert not shelf.has("a.json", "0" * 64)
