"""A folder that builds replace: what they wrote goes, what others put there stays, and a foreign folder is refused."""

import errno
import hashlib
import importlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

import pytest

from experiments.engine import carry, folder
from experiments.engine.files import TOKEN, FilesError
from experiments.engine.folder import Sign, check, replace, written

REPOSITORY = Path(__file__).parents[2]
SIGN = Sign("list.json", lambda data: dict(json.loads(data)))


def site(**files):
    """The files of a site, and the list of them: site(a_html="text") has the file a.html."""
    content = {name.replace("__", "/").replace("_", "."): text.encode() for name, text in files.items()}
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    return content | {SIGN.name: json.dumps(listed).encode()}


OLD = site(index_html="old", figures__a_svg="the same", figures__b_svg="gone in the new one")
NEW = site(index_html="new", figures__a_svg="the same", code__c_html="more")


def files_in(place):
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def state(place):
    """Everything in a folder: kinds, modes, contents, inodes."""
    return {
        path.relative_to(place).as_posix(): (
            path.lstat().st_mode,
            path.lstat().st_ino,
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None,
        )
        for path in place.rglob("*")
    }


def a_dead_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def out(tmp_path):
    """A folder with the old site in it."""
    place = tmp_path / "parent" / "site"
    replace(place, OLD, sign=SIGN)
    return place


# What a build replaces


def test_a_folder_is_made_with_those_above_it(tmp_path):
    assert replace(tmp_path / "a" / "site", NEW, sign=SIGN) == []
    assert files_in(tmp_path) == {f"a/site/{name}": data for name, data in NEW.items()}


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "site").mkdir(0o750)
    replace(tmp_path / "site", NEW, sign=SIGN)
    assert files_in(tmp_path / "site") == NEW
    assert stat.S_IMODE((tmp_path / "site").stat().st_mode) == 0o750


def test_the_files_of_the_last_build_go_and_nothing_is_left_beside(out):
    assert replace(out, NEW, sign=SIGN) == []
    assert files_in(out) == NEW
    assert [path.name for path in out.parent.iterdir()] == ["site"]
    assert not (out / "figures" / "b.svg").exists()


def test_a_folder_of_ours_that_the_new_site_does_not_need_goes(out):
    replace(out, site(index_html="alone"), sign=SIGN)
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "list.json"]


def test_a_file_of_ours_may_become_a_folder_and_the_other_way_round(out):
    replace(out, site(figures="a file"), sign=SIGN)
    replace(out, site(figures__a_svg="a folder"), sign=SIGN)
    assert files_in(out) == site(figures__a_svg="a folder")


def test_a_file_that_stays_the_same_is_not_written_again(out, monkeypatch):
    before = (out / "figures" / "a.svg").stat().st_ino
    wrote = []
    monkeypatch.setattr(folder, "write_and_flush", lambda path, data: (wrote.append(path.name), path.write_bytes(data)))
    replace(out, NEW, sign=SIGN)
    assert sorted(wrote) == ["c.html", "index.html", "list.json"]
    assert (out / "figures" / "a.svg").stat().st_ino == before


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "real")
    replace(tmp_path / "site", OLD, sign=SIGN)
    replace(tmp_path / "site", NEW, sign=SIGN)
    assert (tmp_path / "site").is_symlink()
    assert files_in(tmp_path / "real") == NEW


def test_what_was_written_is_told_with_its_digests(out, tmp_path):
    assert written(out, sign=SIGN) == {name: hashlib.sha256(data).hexdigest() for name, data in OLD.items()}
    assert written(tmp_path / "nowhere", sign=SIGN) == {}


# What others put there


def a_repository(out):
    def git(*command):
        who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
        subprocess.run(["git", *who, *command], cwd=out, check=True, capture_output=True)

    git("init")
    git("add", "--all")
    git("commit", "--message", "not pushed yet")


def everything(out):
    (out / ".git").write_text("gitdir: ../../repository/.git/worktrees/site\n")
    (out / "CNAME").write_text("example.org\n")
    (out / "figures" / "mine.svg").write_text("drawn by hand")
    (out / "a" / "b" / "c").mkdir(parents=True)
    (out / "private").mkdir(0o700)
    (out / "private" / "key").write_text("secret")
    (out / "private" / "key").chmod(0o400)
    (out / "figures" / "empty").mkdir(0o711)
    (out.parent / "elsewhere").mkdir()
    (out / "outside").symlink_to("../elsewhere")
    (out / "dangling").symlink_to("nowhere")
    (out / "run.sh").write_text("#!/bin/sh\n")
    (out / "run.sh").chmod(0o755)
    (out / "f\u00fcr mich.txt").write_text("a name with a space")
    os.mkfifo(out / "pipe")
    Path(os.fsdecode(os.fsencode(out) + b"/\xff\xfe")).write_text("a name that is no UTF-8")


@pytest.mark.parametrize("add", [a_repository, everything])
def test_what_others_put_there_stays_as_it_is(out, add):
    add(out)
    before = {name: found for name, found in state(out).items() if name not in OLD}
    replace(out, NEW, sign=SIGN)
    replace(out, OLD, sign=SIGN)
    replace(out, NEW, sign=SIGN)
    after = state(out)
    for name, (mode, inode, content) in before.items():
        assert (after[name][0], after[name][2]) == (mode, content), name
        assert after[name][1] == inode or stat.S_ISDIR(mode), f"{name} is another file now"
    assert {name: (out / name).read_bytes() for name in NEW} == NEW
    assert set(after) - set(before) == set(NEW) | ({"figures", "code"} - set(before))


def test_a_commit_that_is_in_no_other_place_is_still_there(out):
    a_repository(out)
    replace(out, NEW, sign=SIGN)
    told = subprocess.run(["git", "log", "--format=%s"], cwd=out, check=True, capture_output=True, text=True).stdout
    assert told == "not pushed yet\n"
    fsck = subprocess.run(["git", "fsck", "--strict"], cwd=out, check=False, capture_output=True)
    assert fsck.returncode == 0
    changed = subprocess.run(["git", "status", "--short"], cwd=out, check=True, capture_output=True, text=True).stdout
    assert {line.split()[1] for line in changed.splitlines()} == {"index.html", "figures/b.svg", "code/", "list.json"}


def test_mode_and_times_of_the_folder_stay(out):
    out.chmod(0o2751)
    replace(out, NEW, sign=SIGN)
    assert stat.S_IMODE(out.stat().st_mode) == 0o2751


def test_files_of_others_are_neither_read_nor_copied(out, monkeypatch):
    everything(out)
    opened = []
    sys.addaudithook(lambda event, found: opened.append(found[0]) if event == "open" else None)
    replace(out, NEW, sign=SIGN)
    named = [str(path) for path in opened if isinstance(path, str | Path)]
    assert [path for path in named if path.endswith("index.html")]
    for name in ("CNAME", "mine.svg", "key", "run.sh", ".git"):
        assert not [path for path in named if path.endswith(name)], name


@pytest.mark.parametrize("code", [errno.EPERM, errno.EMLINK, errno.ENOTSUP])
def test_where_no_second_names_are_possible_files_are_copied(out, monkeypatch, code):
    (out / "CNAME").write_text("example.org\n")
    (out / "CNAME").chmod(0o640)
    (out / "outside").symlink_to("../elsewhere")
    (out / "figures" / "mine.svg").write_text("drawn by hand")

    def no_links(*names, **options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", no_links)
    assert replace(out, NEW, sign=SIGN) == []
    assert files_in(out) == NEW | {"CNAME": b"example.org\n", "figures/mine.svg": b"drawn by hand"}
    assert stat.S_IMODE((out / "CNAME").stat().st_mode) == 0o640
    assert (out / "outside").readlink() == Path("../elsewhere")
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_what_can_be_neither_linked_nor_copied_is_named_and_nothing_changes(out, monkeypatch):
    os.mkfifo(out / "pipe")
    before = state(out)

    def no_links(*names, **options):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FilesError, match=r"cannot take along .*site/pipe: Operation not permitted"):
        replace(out, NEW, sign=SIGN)
    assert state(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_a_file_system_that_is_mounted_inside_is_named_and_nothing_changes(small_disk):
    out = small_disk.parent / "site"
    replace(out, OLD, sign=SIGN)
    (out / "mounted").mkdir()
    subprocess.run(["mount", "--bind", small_disk, out / "mounted"], check=True)
    try:
        (small_disk / "mine").write_text("on another disk")
        with pytest.raises(FilesError, match=r"cannot take along .*mounted/mine: Invalid cross-device link"):
            replace(out, NEW, sign=SIGN)
        assert (small_disk / "mine").read_text() == "on another disk"
    finally:
        subprocess.run(["umount", "--lazy", out / "mounted"], check=True)
    assert files_in(out) == OLD


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda out: (out / "code").write_text("mine"), r"site/code, which no build .* has a folder of this name"),
        (lambda out: (out / "code").symlink_to(out.parent), r"site/code, which no build .* has a folder of this name"),
        (lambda out: (out / "code" / "c.html").mkdir(parents=True), r"code/c\.html, which .* has a file of this name"),
        (lambda out: (out / "code").mkdir() or (out / "code" / "c.html").write_text("mine"), r"code/c\.html, which .*"),
        (lambda out: (out / "code").mkdir() or os.mkfifo(out / "code" / "c.html"), r"code/c\.html, which .*"),
    ],
)
def test_what_stands_where_a_new_file_is_to_go_is_named_and_nothing_changes(out, make, said):
    make(out)
    before = state(out)
    with pytest.raises(FilesError, match=f"will not replace .*{said}; move it away"):
        replace(out, NEW, sign=SIGN)
    assert state(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["site"]


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


# In the very moment


def in_the_moment(monkeypatch, action):
    """Does something after the new folder was filled and before the names are exchanged."""
    exchange = folder._exchange

    def later(one, other):
        action()
        return exchange(one, other)

    monkeypatch.setattr(folder, "_exchange", later)


def test_a_file_that_is_added_in_the_moment_of_the_exchange_arrives(out, monkeypatch):
    def add():
        (out / "notes.txt").write_text("just written")
        (out / "figures" / "b.svg.bak").write_text("beside ours")
        (out / "deep" / "er").mkdir(parents=True)
        (out / "deep" / "er" / "file").write_text("in new folders")
        (out / "empty" / "folder").mkdir(parents=True)

    in_the_moment(monkeypatch, add)
    assert replace(out, NEW, sign=SIGN) == []
    assert files_in(out) == NEW | {
        "notes.txt": b"just written",
        "figures/b.svg.bak": b"beside ours",
        "deep/er/file": b"in new folders",
    }
    assert (out / "empty" / "folder").is_dir()
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_a_file_that_is_changed_in_the_moment_of_the_exchange_is_kept_and_named(out, monkeypatch):
    (out / "notes.txt").write_text("first")

    def change():
        for name in ("index.html", "notes.txt"):
            (out / f"{name}~").write_text("saved as editors do")
            (out / f"{name}~").rename(out / name)

    in_the_moment(monkeypatch, change)
    (said,) = replace(out, NEW, sign=SIGN)
    assert files_in(out) == NEW | {"notes.txt": b"first"}
    (old,) = out.parent.glob(".site.*.old")
    assert files_in(old) == {"index.html": b"saved as editors do", "notes.txt": b"saved as editors do"}
    assert said.startswith(f"kept index.html, notes.txt in {old}, as it could not be put into {out}")


def test_an_edit_in_the_moment_that_goes_through_the_open_file_is_in_the_new_site(out, monkeypatch):
    (out / "notes.txt").write_text("first")
    with (out / "notes.txt").open("a") as file:
        in_the_moment(monkeypatch, lambda: file.write(" and second"))
        replace(out, NEW, sign=SIGN)
    assert (out / "notes.txt").read_text() == "first and second"


# Without an exchange in one step, as on systems other than Linux


@pytest.fixture
def no_exchange(monkeypatch):
    monkeypatch.setattr(folder, "_exchange", mock.Mock(return_value=False))


def test_two_renames_do_where_there_is_no_exchange(out, no_exchange):
    (out / "CNAME").write_text("example.org\n")
    assert replace(out, NEW, sign=SIGN) == []
    assert files_in(out) == NEW | {"CNAME": b"example.org\n"}
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_the_old_site_is_put_back_where_the_second_rename_fails(out, no_exchange, monkeypatch):
    rename = Path.rename

    def second_fails(self, target):
        if Path(target) == out and not out.exists() and self != aside[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self == out:
            aside.insert(0, target)
        return rename(self, target)

    aside = [None]
    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(FilesError, match="Input/output error"):
        replace(out, NEW, sign=SIGN)
    assert files_in(out) == OLD


def test_a_site_moved_aside_by_a_killed_build_is_put_back(out):
    out.rename(out.with_name(f".site.{TOKEN}-{a_dead_process()}-0a0a0a0a.old"))
    check(out, sign=SIGN)
    assert files_in(out) == OLD
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_what_another_site_left_behind_is_not_put_back(out):
    left = out.with_name(f".site.b.{TOKEN}-{a_dead_process()}-0a0a0a0a.old")
    out.rename(left)
    replace(out, NEW, sign=SIGN)
    assert files_in(out) == NEW
    assert files_in(left) == OLD


# Kills


def test_what_a_killed_build_had_retired_is_removed_but_for_what_is_not_ours(out):
    left = out.with_name(f".site.{TOKEN}-{a_dead_process()}-0a0a0a0a.old")
    replace(out.with_name("other"), OLD, sign=SIGN)
    out.with_name("other").rename(left)
    (left / "notes.txt").write_text("added while it was being replaced")
    (left / "index.html").write_text("edited while it was being replaced")
    (said,) = replace(out, NEW, sign=SIGN)
    assert f"kept index.html in {left}" in said
    assert files_in(out) == NEW | {"notes.txt": b"added while it was being replaced"}
    assert files_in(left) == {"index.html": b"edited while it was being replaced"}


def test_what_a_killed_build_had_not_finished_is_removed_whole(out):
    left = out.with_name(f".site.{TOKEN}-{a_dead_process()}-0a0a0a0a.tmp")
    left.mkdir()
    (out / "CNAME").write_text("example.org\n")
    os.link(out / "CNAME", left / "CNAME")
    replace(out, NEW, sign=SIGN)
    assert files_in(out) == NEW | {"CNAME": b"example.org\n"}
    assert [path.name for path in out.parent.iterdir()] == ["site"]


SWAPPING = """
import json, sys
from pathlib import Path
sys.path.insert(0, {repository!r})
from experiments.engine import folder
sign = folder.Sign("list.json", json.loads)
if {by_two_renames}:
    folder._exchange = lambda *names: False
while True:
    for files in {sites!r}:
        folder.replace(Path(sys.argv[1]), files, sign=sign)
        print(flush=True)
"""


def swapping(out, *, by_two_renames=False):
    """A process that puts the new and the old site into a folder by turns, without end."""
    code = SWAPPING.format(repository=str(REPOSITORY), sites=(NEW, OLD), by_two_renames=by_two_renames)
    return subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE)


def is_whole(out):
    """Whether a folder shows one of the two sites, and all that others put there."""
    found = files_in(out)
    theirs = {name: found.pop(name, None) for name in ("CNAME", "figures/mine.svg", ".git/objects/00")}
    return found in (OLD, NEW) and None not in theirs.values()


def add_files(out):
    (out / "CNAME").write_text("example.org\n")
    (out / "figures" / "mine.svg").write_text("drawn by hand")
    (out / ".git" / "objects").mkdir(parents=True)
    (out / ".git" / "objects" / "00").write_bytes(b"\0")


@pytest.mark.parametrize("by_two_renames", [False, True])
def test_a_kill_at_any_moment_leaves_a_whole_site_with_the_files_of_others(out, by_two_renames):
    add_files(out)
    for attempt in range(12):
        with swapping(out, by_two_renames=by_two_renames) as build:
            build.stdout.readline()
            time.sleep(attempt * 0.0007)
            build.send_signal(signal.SIGKILL)
        if by_two_renames:
            check(out, sign=SIGN)  # gives a folder its name back that was between the two
        assert is_whole(out), attempt
    replace(out, NEW, sign=SIGN)
    assert is_whole(out)
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_at_every_step_of_a_swap_the_folder_is_whole(out):
    """Every system call between two lines of Python could be the last one: look at the folder before each line."""
    add_files(out)
    steps = 0

    def look(frame, event, argument):
        nonlocal steps
        if event == "line" and frame.f_code.co_filename in (folder.__file__, carry.__file__):
            steps += 1
            assert is_whole(out), f"{frame.f_code.co_name}, line {frame.f_lineno}"
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        replace(out, NEW, sign=SIGN)
    finally:
        sys.settrace(before)
    assert steps > 100


def test_two_builds_at_once_leave_one_whole_site(out):
    add_files(out)
    builds = [swapping(out) for _ in range(2)]
    whole, end = [], threading.Event()

    def watch():
        while not end.is_set():
            whole.append(all((out / name).is_file() for name in ("CNAME", "index.html", "figures/a.svg", "list.json")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for build in builds:
        for _ in range(15):
            build.stdout.readline()
        build.kill()
        build.wait()
        build.stdout.close()
    end.set()
    watcher.join()
    assert all(whole)
    assert is_whole(out)
    replace(out, NEW, sign=SIGN)
    assert [path.name for path in out.parent.iterdir()] == ["site"]
