"""IDX files of every wrong kind: the array that they hold, or a DataError of one line; never anything else."""

import gzip
import struct

import numpy as np
import pytest
from fuzz import altered, examples, outcome
from hypothesis import given
from hypothesis import strategies as st

from experiments import idx
from experiments.data import _parse

counts = st.one_of(st.integers(0, 40), st.sampled_from([2**31, 2**32 - 1, 2**16, 28]))
magic = st.one_of(st.sampled_from([0x801, 0x803, 0x804, 0x800, 0xD03, 0]), st.integers(0, 2**32 - 1))
headers = st.tuples(magic, st.lists(counts, max_size=5)).map(
    lambda pair: struct.pack(f">{1 + len(pair[1])}I", pair[0], *pair[1])
)
labels = st.binary(max_size=40).map(lambda data: struct.pack(">2I", 0x801, len(data)) + data)
images = st.integers(0, 3).map(
    lambda n: struct.pack(">4I", 0x803, n, 28, 28) + bytes(range(256)) * 3 * n + bytes(16 * n)
)
contents = st.one_of(
    st.binary(max_size=60),
    st.tuples(headers, st.binary(max_size=60)).map(b"".join),
    labels,
    images,
    st.tuples(labels | images, st.integers(0, 60), st.integers(1, 255)).map(lambda three: altered(*three)),
    st.tuples(labels | images, st.binary(max_size=4)).map(b"".join),
    st.tuples(labels | images, st.integers(0, 50)).map(lambda pair: pair[0][: pair[1]]),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


def array_in(path, part):
    """What the data stage makes of one file."""
    return _parse(idx.read(path, part), part=part, path=path)


@examples(600)
@given(content=contents, part=st.sampled_from(idx.PARTS))
def test_a_file_is_read_right_or_named(folder, content, part):
    path = folder / idx.FILES[part]
    path.write_bytes(content)
    array, said = outcome(array_in, path, part)
    if array is None:
        assert said.startswith(f"{path}: ")
        assert len(said.splitlines()) == 1
        return
    axes = 3 if part.endswith("images") else 1
    assert content == struct.pack(f">{1 + axes}I", 0x800 + axes, *array.shape) + array.tobytes()
    assert array.dtype == np.uint8
    assert len(set(array.shape[1:])) < axes - 1 or axes == 1
    assert all(8 <= side <= 64 for side in array.shape[1:])


@examples(200)
@given(content=contents, spoilt=st.integers(0, 80), by=st.integers(0, 255), part=st.sampled_from(idx.PARTS))
def test_a_packed_file_is_unpacked_or_named(folder, content, spoilt, by, part):
    path = folder / f"{idx.FILES[part]}.gz"
    path.write_bytes(altered(gzip.compress(content, mtime=0), spoilt, by))
    unpacked, said = outcome(idx.read, path, part)
    assert len(said.splitlines()) == (unpacked is None)
    assert unpacked in (None, content)
    assert unpacked is not None or said.startswith(f"{path}: ")
