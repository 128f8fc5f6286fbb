"""The swap of two folders: at every instant, also at a kill, a whole site lies there, with all that is others'."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest import mock

import pytest
from folders import NEW, OLD, SIGN, a_dead_process, files_in

from experiments.engine import carry, folder
from experiments.engine.files import TOKEN, FilesError
from experiments.engine.folder import check, replace

REPOSITORY = Path(__file__).parents[2]

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
    assert [path.name for path in out.parent.iterdir()] == ["site"]


@pytest.mark.parametrize("by_two_renames", [False, True])
def test_a_site_that_cannot_be_moved_stays_and_nothing_beside_it(out, by_two_renames, monkeypatch):
    rename = Path.rename

    def busy(self, target):
        if self == out:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", busy)
    exchange = mock.Mock(return_value=False) if by_two_renames else lambda one, other: busy(other, one)
    monkeypatch.setattr(folder, "_exchange", exchange)
    with pytest.raises(FilesError, match="Device or resource busy"):
        replace(out, NEW, sign=SIGN)
    assert files_in(out) == OLD
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_a_folder_that_a_file_system_is_mounted_on_is_refused_before_any_work(small_disk):
    with pytest.raises(FilesError, match=r"disk: a file system is mounted there; choose a folder within it"):
        check(small_disk, sign=SIGN)
    check(small_disk / "site", sign=SIGN)
    with pytest.raises(FilesError, match="Device or resource busy"):
        replace(small_disk, NEW, sign=SIGN)
    assert [path.name for path in small_disk.parent.iterdir()] == ["disk"]


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


def test_of_an_old_site_the_list_goes_last(out, monkeypatch):
    unlink, gone = os.unlink, []

    def note(path, **options):
        gone.extend([Path(path).name] if ".old/" in str(path) else [])
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", note)
    replace(out, NEW, sign=SIGN)
    assert sorted(gone) == ["a.svg", "b.svg", "index.html", "list.json"]
    assert gone[-1] == "list.json"


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


def test_a_folder_that_another_program_has_locked_is_waited_for_and_named(out, monkeypatch, capsys):
    monkeypatch.setattr(folder, "MOMENT", 0.1)
    handle = os.open(out.parent, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    waiting = threading.Thread(target=check, args=(out,), kwargs={"sign": SIGN})
    waiting.start()
    end = time.monotonic() + 5
    while not (said := capsys.readouterr().err) and time.monotonic() < end:
        time.sleep(0.01)
    assert waiting.is_alive()
    os.close(handle)
    waiting.join()
    line = f"waiting for {out.parent}: another build, or a program like flock, has locked it"
    assert said == f"build.py: {line}\n"


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
