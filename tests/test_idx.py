"""A data folder has one name by its content: MNIST is MNIST however it came there, and other files are other data."""

import bz2
import contextlib
import gzip
import io
import lzma
import os
import re
import struct
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import idx
from experiments.idx import DataError, find, fingerprints, read


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
    write(folder, "test-labels", struct.pack(">2I", 0x801, 2) + b"\1\2")
    after = fingerprints(folder, memo={})
    assert {part for part in idx.PARTS if before[part] != after[part]} == {"test-labels"}


def test_mnist_itself_needs_no_further_name(folder, monkeypatch):
    monkeypatch.setattr(idx, "MNIST_DIGESTS", fingerprints(folder, memo={}))
    assert fingerprints(folder, memo={}) == {}


def test_a_file_seen_before_is_not_unpacked_again(folder, monkeypatch):
    memo = {}
    first = fingerprints(folder, memo=memo)
    monkeypatch.setattr(idx, "_unpacked", lambda *told: pytest.fail(f"{told} was unpacked again"))
    assert fingerprints(folder, memo=memo) == first


def test_a_missing_file_is_named_with_the_ways_on(folder):
    (folder / idx.FILES["test-images"]).unlink()
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte.*--data DIR.*--dataset digits"):
        fingerprints(folder, memo={})


# --------------------------------------------------------------------------------------------- what is something else

IMAGES, LABELS = "train-images", "train-labels"


def refusal(folder, part, content, *, packed=False, ending=""):
    """What is said of content in a part's place."""
    path = folder / (idx.FILES[part] + ending)
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError) as caught:
        read(path, part)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


def header(*counts, code=8):
    return struct.pack(f">{1 + len(counts)}I", code << 8 | len(counts), *counts)


def archive(kind, content):
    file = io.BytesIO()
    if kind == "tar":
        with tarfile.open(fileobj=file, mode="w") as tar:
            told = tarfile.TarInfo("train-images-idx3-ubyte")
            told.size = len(content)
            tar.addfile(told, io.BytesIO(content))
    else:
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("train-images-idx3-ubyte", content)
    return file.getvalue()


CONTENT = header(2, 28, 28) + bytes(2 * 784)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(CONTENT), "packed as gzip; rename it to end in .gz"),
        (archive("zip", CONTENT), "packed as zip; unpack it"),
        (lzma.compress(CONTENT), "packed as xz; unpack it"),
        (bz2.compress(CONTENT), "packed as bzip2; unpack it"),
        (archive("tar", CONTENT), "a tar archive; unpack it"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG picture"),
        (b"\x93NUMPY\x01\x00" + bytes(50), "a NumPy array"),
        (b"label,pixel0\n5,0\n", "text, perhaps a table"),
        (b"\n<!DOCTYPE html><title>404</title>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"", "empty"),
        (b"\xde\xad\xbe\xef" + bytes(20), "it begins with deadbeef"),
        (struct.pack("<4I", 0x803, 2, 28, 28), "bytes reversed"),
        (header(2, 28, 28, 3), "images with 3 colours (00000804); grey images are needed"),
        (header(2, 3, 28, 28), "images with 3 colours"),
        (header(2, 28, 28, 1), "images of 4 axes, (2, 28, 28, 1)"),
        (header(2, 784), "images of 2 axes, (2, 784); 3 axes (image, row, column) needed"),
        (header(2), "holds labels where images are expected. Were two files swapped?"),
        (header(2, 28, 28, code=0x0B), "an IDX file of 16-bit integers (00000b03); bytes are needed"),
        (header(2, 28, 28, code=0x0D), "an IDX file of 32-bit floats (00000d03); bytes are needed"),
        (header(2**31, 2**31, 4), "its header declares 2147483648 x 2147483648 x 4 bytes"),
        (header(2**32 - 1, 2**32 - 1, 2**32 - 1), "its header declares"),
        (header(2**31, 2**31, 4)[:9], "cut short within its header, after 9 bytes"),
        (header(2, 28, 28) + bytes(100), "1584 bytes expected, 116 found. The file is cut short"),
        (CONTENT + b"0", "1584 bytes expected, more found. The file is too long"),
    ],
)
def test_what_is_no_set_of_images_is_told_for_what_it_is(tmp_path, content, said):
    assert said in refusal(tmp_path, IMAGES, content)
    assert said in refusal(tmp_path, IMAGES, content, packed=True, ending=".gz")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header(2, 10), "labels of 2 axes, (2, 10); 1 axis, one label for each image, needed"),
        (header(2, 28, 28), "holds images where labels are expected"),
        (header(2, code=0x0C), "an IDX file of 32-bit integers (00000c01)"),
    ],
)
def test_what_is_no_set_of_labels_is_told_for_what_it_is(tmp_path, content, said):
    assert said in refusal(tmp_path, LABELS, content)


def test_a_file_that_is_not_packed_does_not_end_in_gz(tmp_path):
    assert "not packed. Take .gz off its name" in refusal(tmp_path, IMAGES, CONTENT, ending=".gz")
    assert "damaged gzip file: not an IDX file of bytes but a web page" in refusal(
        tmp_path, IMAGES, b"<html>", ending=".gz"
    )


def test_no_more_is_unpacked_than_the_header_declares(tmp_path, monkeypatch):
    unpacked = []
    plain = gzip.GzipFile.read

    def counted(self, size=-1):
        chunk = plain(self, size)
        unpacked.append(len(chunk))
        return chunk

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    bomb = CONTENT + bytes(100_000_000)
    assert "too long" in refusal(tmp_path, IMAGES, bomb, packed=True, ending=".gz")
    assert sum(unpacked) == len(CONTENT) + 1
    unpacked.clear()
    assert "its header declares" in refusal(
        tmp_path, IMAGES, header(2**31, 28, 28) + bytes(1_000_000), packed=True, ending=".gz"
    )
    assert sum(unpacked) == 16
    unpacked.clear()
    assert "not an IDX file" in refusal(tmp_path, IMAGES, b"\7" * 1_000_000, packed=True, ending=".gz")
    assert sum(unpacked) < 1000


def test_a_file_above_the_limit_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "LARGEST", 1 << 20)
    path = tmp_path / idx.FILES[IMAGES]
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing, which takes no room on the disk
    with pytest.raises(DataError, match="more than 1 MB"):
        read(path, IMAGES)


@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_fifo_or_a_device_is_told_and_not_waited_for(tmp_path, name):
    path = tmp_path / idx.FILES[name]
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"no regular file\. Put the IDX file itself there"):
        find(tmp_path, name)
    with pytest.raises(DataError, match="no regular file"):
        read(path, name)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(DataError, match="no regular file"):
        find(tmp_path, name)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match="this is a folder"):
        find(tmp_path, name)


def test_a_folder_under_one_usual_name_does_not_hide_the_file_under_another(folder):
    path = folder / idx.FILES[IMAGES]
    other = path.with_name("train-images.idx3-ubyte")
    path.rename(other)
    path.mkdir()
    assert find(folder, IMAGES) == other


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_named(folder):
    path = folder / idx.FILES[IMAGES]
    path.chmod(0)
    with pytest.raises(DataError, match=rf"{path}: cannot be read \(Permission denied\)\. Make it readable"):
        fingerprints(folder, memo={})


def test_an_error_while_reading_is_told(folder, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)\. Make it readable"):
        fingerprints(folder, memo={})


@pytest.mark.parametrize("place", ["3", "train/3", "MNIST/training/3"])
def test_folders_of_pictures_are_told_with_a_way_on(tmp_path, place):
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "00001.PNG").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=re.escape(f"folders of pictures ({place}/00001.PNG), not IDX files. Write")):
        find(tmp_path, IMAGES)


def test_what_a_folder_has_in_place_of_the_four_files_is_told(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"")
    with pytest.raises(DataError, match=r"holds mnist\.npz, not IDX files.*four IDX files"):
        find(tmp_path, IMAGES)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(CONTENT)
    with pytest.raises(DataError, match=rf"pass --data {raw}\."):
        find(tmp_path, IMAGES)


def test_one_pair_of_files_is_told_to_be_split(tmp_path):
    for name, axes in (("emnist-images.idx3-ubyte.gz", (2, 28, 28)), ("emnist-labels.idx1-ubyte", (2,))):
        content = header(*axes) + bytes(2 * 784 if len(axes) > 1 else 2)
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (tmp_path / "notes.txt").write_text("where they came from")
    pair = r"one pair, emnist-images\.idx3-ubyte\.gz and emnist-labels\.idx1-ubyte, with no test set\. Split them"
    with pytest.raises(DataError, match=pair):
        find(tmp_path, IMAGES)


def test_four_files_of_other_names_are_told_to_be_renamed(tmp_path):
    for part in idx.PARTS:
        axes = (2, 28, 28) if part.endswith("images") else (2,)
        (tmp_path / f"letters-{part}").write_bytes(header(*axes))
    with pytest.raises(DataError, match=r"holds letters-test-images, .*Rename them to train-images-idx3-ubyte"):
        find(tmp_path, IMAGES)


COUNT = st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1))
HEADERS = st.builds(
    lambda start, counts, rest: start + struct.pack(f">{len(counts)}I", *counts) + rest,
    st.one_of(
        st.sampled_from([b"\0\0\x08\x03", b"\0\0\x08\x01"]),
        st.builds(lambda *four: bytes(four), *[st.integers(0, 255)] * 4),
        st.builds(lambda code, axes: bytes((0, 0, code, axes)), st.integers(7, 15), st.integers(0, 255)),
    ),
    st.lists(COUNT, max_size=4),
    st.binary(max_size=50),
)


@pytest.mark.parametrize("part", [IMAGES, LABELS])
@pytest.mark.parametrize("ending", ["", ".gz"])
@given(content=HEADERS)
def test_any_header_is_read_or_refused_in_one_line(tmp_path_factory, part, ending, content):
    path = tmp_path_factory.getbasetemp() / (idx.FILES[part] + ending)
    path.write_bytes(gzip.compress(content) if ending else content)
    with pytest.raises(DataError) if not whole(content, part) else contextlib.nullcontext() as caught:
        assert read(path, part) == content
    if caught:
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


def whole(content, part):
    """Whether bytes are an IDX file of bytes: told once more, from the format's definition."""
    axes = 3 if part == IMAGES else 1
    if len(content) < 4 + 4 * axes or content[:4] != bytes((0, 0, 8, axes)):
        return False
    counts = struct.unpack(f">{axes}I", content[4 : 4 + 4 * axes])
    return len(content) == 4 + 4 * axes + counts[0] * (counts[1] * counts[2] if axes == 3 else 1)
