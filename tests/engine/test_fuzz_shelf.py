"""Bytes of every wrong kind where a record is expected: there is no record, or it is the one that was put there."""

import gzip
import os
from dataclasses import asdict

import pytest
from fuzz import examples, packed, sealed, texts
from hypothesis import given

from experiments.engine.store import Record, Shelf

KEY = "0123456789abcdef" * 4
RECORD = Record(
    stage="total/1",
    key=KEY,
    products={"total.json": "fedcba9876543210" * 4},
    seconds=1.5,
    environment={"python": "3.11"},
    ingredients={
        "function": "lab.sums:total",
        "parameters": {"factor": 1},
        "sources": {"lab.sums": "00112233445566778899aabbccddeeff" * 2},
        "inputs": {"numbers": "ffeeddccbbaa99887766554433221100" * 2},
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A shelf's folder, with room for one record."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "records").mkdir()
    return folder


@examples(500)
@given(data=packed(sealed(texts(asdict(RECORD)))))
def test_a_record_is_whole_or_there_is_none(folder, data):
    shelf = Shelf("cache", folder)
    shelf.record_path(KEY).write_bytes(data)
    record = shelf.record(KEY)
    assert shelf.records() == ([] if record is None else [record])
    if record is not None:
        assert record.key == KEY
        assert isinstance(record.stage, str)
        assert isinstance(record.seconds, int | float)
        for mapping in (record.products, record.environment):
            assert all(isinstance(text, str) for pair in mapping.items() for text in pair)
        assert all(
            len(address) == 64 and not set(address) - set("0123456789abcdef") for address in record.products.values()
        )


def test_a_record_that_nothing_is_wrong_with_is_found(folder):
    Shelf("cache", folder).put(RECORD)
    assert Shelf("cache", folder).record(KEY) == RECORD


@pytest.mark.parametrize("kind", ["fifo", "folder", "loop", "device", "huge"])
def test_what_is_no_file_of_a_record_is_no_record(tmp_path, kind):
    shelf = Shelf("cache", tmp_path)
    path = shelf.record_path(KEY)
    path.parent.mkdir()
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "huge":
            path.write_bytes(gzip.compress(bytes(2**24)) * 64)  # a gigabyte, unpacked
    assert shelf.record(KEY) is None
    assert shelf.records() == []
