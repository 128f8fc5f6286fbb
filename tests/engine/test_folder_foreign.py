"""Folders in which no build may write: each is refused in one sentence, and left as it was."""

import importlib
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from folders import NEW, OLD, SIGN, files_in, site, state

from experiments.engine.files import FilesError, remove
from experiments.engine.folder import check, replace

# What is foreign


def edit(out):
    (out / "figures" / "a.svg").write_text("a better drawing")


def delete(out):
    (out / "figures" / "a.svg").unlink()


def link(out):
    (out / "figures" / "a.svg").rename(out.parent / "a.svg")
    (out / "figures" / "a.svg").symlink_to(out.parent / "a.svg")


def link_the_folder(out):
    (out / "figures").rename(out.parent / "figures")
    (out / "figures").symlink_to(out.parent / "figures")


def make_it_a_folder(out):
    (out / "figures" / "a.svg").unlink()
    (out / "figures" / "a.svg").mkdir()


def make_it_a_pipe(out):
    (out / "figures" / "a.svg").unlink()
    os.mkfifo(out / "figures" / "a.svg")


def make_its_folder_a_file(out):
    shutil.rmtree(out / "figures")
    (out / "figures").write_text("mine")


def enlarge(out):
    with (out / "figures" / "a.svg").open("wb") as file:
        file.truncate(10**13)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edit, "lists figures/a.svg, which was changed"),
        (delete, "lists figures/a.svg, which is gone"),
        (link, "lists figures/a.svg, which is reached by a link"),
        (link_the_folder, "lists figures/a.svg, which is reached by a link"),
        (make_it_a_folder, "lists figures/a.svg, which is no file"),
        (make_it_a_pipe, "lists figures/a.svg, which is no file"),
        (make_its_folder_a_file, "lists figures/a.svg, which is gone"),
        (enlarge, "lists figures/a.svg, which was changed"),
    ],
)
def test_a_file_of_ours_that_is_not_as_it_was_written_makes_the_folder_foreign(out, change, said):
    change(out)
    shown = sorted(path.name for path in out.parent.rglob("*"))
    for action in (lambda: replace(out, NEW, sign=SIGN), lambda: check(out, sign=SIGN)):
        with pytest.raises(FilesError, match=f"will not replace .*site: its list.json {said}; choose another") as error:
            action()
        assert "\n" not in str(error.value)
    assert sorted(path.name for path in out.parent.rglob("*")) == shown


@pytest.mark.parametrize("name", [None, "list.json", "link", "pipe", "folder"])
def test_a_folder_without_our_sign_is_foreign(tmp_path, name):
    (tmp_path / "thesis.tex").write_text("years of work")
    match name:
        case "list.json":
            (tmp_path / name).write_text("no list")
        case "link":
            (tmp_path / "list.json").symlink_to("nowhere")
        case "pipe":
            os.mkfifo(tmp_path / "list.json")
        case "folder":
            (tmp_path / "list.json").mkdir()
    before = state(tmp_path)
    with pytest.raises(FilesError, match=r"it holds files but no list\.json of ours"):
        replace(tmp_path, NEW, sign=SIGN)
    assert state(tmp_path) == before


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path):
    (tmp_path / "site").write_text("mine")
    with pytest.raises(FilesError, match="it is a file; move it away"):
        replace(tmp_path / "site", NEW, sign=SIGN)
    assert (tmp_path / "site").read_text() == "mine"


@pytest.mark.parametrize("name", ["n" * 300, "loop", "loop/site", "\ud800", "file/site"])
def test_a_folder_that_cannot_be_is_one_sentence(tmp_path, name):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_text("mine")
    for action in (lambda: replace(tmp_path / name, NEW, sign=SIGN), lambda: check(tmp_path / name, sign=SIGN)):
        with pytest.raises(FilesError) as error:
            action()
        assert "\n" not in str(error.value)


def test_a_name_that_is_no_utf8_is_a_name_like_others(tmp_path):
    out = tmp_path / os.fsdecode(b"\xff")
    replace(out, OLD, sign=SIGN)
    replace(out, NEW, sign=SIGN)
    assert files_in(out) == NEW


def test_a_disk_that_is_full_leaves_the_old_site(small_disk):
    replace(small_disk / "site", OLD, sign=SIGN)
    with pytest.raises(FilesError, match="No space left"):
        replace(small_disk / "site", site(large="0" * 4_000_000), sign=SIGN)
    assert files_in(small_disk) == {f"site/{name}": data for name, data in OLD.items()}


def test_a_read_only_file_system_is_named_by_the_check(small_disk):
    (small_disk / "site").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(FilesError, match="the file system is read-only"):
        check(small_disk / "site", sign=SIGN)


@pytest.fixture
def as_an_ordinary_user(out, tmp_path):
    """For whom what may not be read cannot be read, unlike for root."""
    if os.geteuid() != 0:
        yield
        return
    for name in ("ctypes", "errno", "filecmp", "shutil"):  # Python may lie where only root can read it
        importlib.import_module(name)
    for path in (out.parent, *out.parent.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    shared = Path(tempfile.gettempdir())
    for path in (tmp_path, *tmp_path.parents):
        if path.is_relative_to(shared) and path != shared:
            path.chmod(0o755)
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("name", [".", "list.json", "index.html", "figures", "private"])
def test_what_an_ordinary_user_may_not_read_is_named(out, as_an_ordinary_user, name):
    (out / "private").mkdir()
    (out / name).chmod(0)
    try:
        with pytest.raises(FilesError) as error:
            replace(out, NEW, sign=SIGN)
    finally:
        (out / name).chmod(0o755)
    assert str(out / name) in str(error.value)
    assert "Permission denied; change the folder's permissions" in str(error.value)


def test_a_file_that_an_ordinary_user_may_not_read_stays(out, as_an_ordinary_user):
    (out / "key").write_text("secret")
    (out / "key").chmod(0)
    before = (out / "key").stat()
    replace(out, NEW, sign=SIGN)
    assert ((out / "key").stat().st_ino, (out / "key").stat().st_mode) == (before.st_ino, before.st_mode)


def test_folders_that_are_closed_to_writing_stay_so_and_nothing_is_left_beside_the_site(out, as_an_ordinary_user):
    (out / "private").mkdir()
    (out / "private" / "key").write_text("secret")
    left = out.with_name("left")
    shutil.copytree(out, left)
    closed = [out / "private", out / "figures", out]
    for folder in [*closed, left / "figures"]:
        folder.chmod(0o555)
    try:
        remove(left)
        assert [replace(out, files, sign=SIGN) for files in (NEW, OLD)] == [[], []]
        assert files_in(out) == OLD | {"private/key": b"secret"}
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in closed] == [0o555] * 3
        assert [path.name for path in out.parent.iterdir()] == ["site"]
    finally:
        for folder in closed:
            folder.chmod(0o755)
