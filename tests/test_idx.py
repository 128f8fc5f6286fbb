"""A data folder has one name by its content: MNIST is MNIST however it came there, and other files are other data."""

import gzip
import struct

import numpy as np
import pytest

from experiments import idx
from experiments.idx import DataError, fingerprints


def write(folder, part, content, *, packed=False):
    name = idx.FILES[part] + (".gz" if packed else "")
    (folder / name).write_bytes(gzip.compress(content) if packed else content)


@pytest.fixture
def folder(tmp_path):
    for part in idx.PARTS:
        axes = 3 if part.endswith("images") else 1
        array = np.full((4, 28, 28)[:axes], len(part), dtype=np.uint8)
        write(tmp_path, part, struct.pack(f">{axes + 1}I", 0x800 + axes, *array.shape) + array.tobytes())
    return tmp_path


def test_packing_a_file_changes_nothing_about_what_it_is(folder):
    plain = fingerprints(folder, memo={})
    content = (folder / idx.FILES["train-images"]).read_bytes()
    (folder / idx.FILES["train-images"]).unlink()
    write(folder, "train-images", content, packed=True)
    assert fingerprints(folder, memo={}) == plain
    assert set(plain) == set(idx.PARTS)


def test_another_content_is_another_set(folder):
    before = fingerprints(folder, memo={})
    write(folder, "test-labels", b"something else")
    after = fingerprints(folder, memo={})
    assert {part for part in idx.PARTS if before[part] != after[part]} == {"test-labels"}


def test_mnist_itself_needs_no_further_name(folder, monkeypatch):
    monkeypatch.setattr(idx, "MNIST_DIGESTS", fingerprints(folder, memo={}))
    assert fingerprints(folder, memo={}) == {}


def test_a_file_seen_before_is_not_unpacked_again(folder, monkeypatch):
    memo = {}
    first = fingerprints(folder, memo=memo)
    monkeypatch.setattr(idx, "decompressed", lambda path: pytest.fail(f"{path} was unpacked again"))
    assert fingerprints(folder, memo=memo) == first


def test_a_missing_file_is_named_with_the_ways_on(folder):
    (folder / idx.FILES["test-images"]).unlink()
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte.*--data DIR.*--dataset digits"):
        fingerprints(folder, memo={})
