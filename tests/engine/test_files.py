"""Files: whole or not there, and every trouble named with its remedy."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from folders import a_dead_process, files_in

from experiments.engine.files import (
    TOKEN,
    FilesError,
    check_writable,
    explained,
    printable,
    sweep,
    write_file,
)


def test_a_file_is_written_with_its_folders_and_nothing_else(tmp_path):
    write_file(tmp_path / "a" / "b.json", b"{}")
    assert files_in(tmp_path) == {"a/b.json": b"{}"}


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path, monkeypatch):
    write_file(tmp_path / "a.json", b"old")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FilesError, match=r"cannot write .*a\.json: No space left on device; free some space"):
        write_file(tmp_path / "a.json", b"new")
    assert files_in(tmp_path) == {"a.json": b"old"}


def test_a_file_where_a_folder_is_needed_is_named(tmp_path):
    (tmp_path / "cache").write_text("mine")
    with pytest.raises(FilesError, match="a file stands where a folder is needed"):
        write_file(tmp_path / "cache" / "records" / "x.json", b"")
    assert (tmp_path / "cache").read_text() == "mine"


def test_a_limit_on_file_sizes_is_named(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(FilesError, match=r"big\.bin: File too large; allow larger files"):
            write_file(tmp_path / "big.bin", bytes(50_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert files_in(tmp_path) == {}


def test_a_disk_that_is_full_is_named_and_left_clean(small_disk):
    write_file(small_disk / "small.bin", b"kept")
    with pytest.raises(FilesError, match=r"large\.bin: No space left on device; free some space"):
        write_file(small_disk / "large.bin", bytes(4_000_000))
    assert files_in(small_disk) == {"small.bin": b"kept"}


def test_a_read_only_file_system_is_named(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(FilesError, match="the file system is read-only: choose another folder"):
        write_file(small_disk / "a.json", b"")
    with pytest.raises(FilesError, match="the file system is read-only"):
        check_writable(small_disk / "cache")


def test_any_other_trouble_names_file_and_cause():
    said = "cannot frob /x: Input/output error; look at the file and run again"
    with pytest.raises(FilesError, match=said), explained("frob", Path("/x")):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_what_cannot_be_printed_is_shown_as_python_writes_it_and_never_begins_a_line():
    assert printable("a\nb\x1b[31m\udcff\0\u202e é\N{SNOWMAN}") == "a\\nb\\x1b[31m\\udcff\\x00\\u202e é\N{SNOWMAN}"


def test_sweeping_takes_what_the_dead_left_and_nothing_else(tmp_path):
    dead = a_dead_process()
    (tmp_path / f".a.npz.{TOKEN}-{dead}-0a0a0a0a.tmp").write_text("half")
    (tmp_path / f".site.{TOKEN}-{dead}-0a0a0a0a.tmp").mkdir()
    mine, gone = f"{TOKEN}-{os.getpid()}-0a0a0a0a", f"{TOKEN}-{dead}-0a0a0a0a"
    kept = [f".b.npz.{mine}.tmp", "c.tmp", ".d.tmp", f"e.{gone}.tmp", "f.json", f".notes.{dead}.0a0a0a0a.tmp"]
    kept += [".site.20231124.draft.tmp", f".site.{TOKEN}-\u00b2-0a0a0a0a.tmp", f".site.{TOKEN}-{9**30}-0a0a0a0a.tmp"]
    for name in kept:
        (tmp_path / name).write_text("")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not tell so of a process")
def test_sweeping_takes_what_was_left_by_one_that_ended_and_was_not_asked_for_yet(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and still has its number
        (tmp_path / f".a.npz.{TOKEN}-{ended.pid}-0a0a0a0a.tmp").write_text("half")
        sweep(tmp_path)
        assert not list(tmp_path.iterdir())
    finally:
        ended.wait()


def test_sweeping_where_nothing_is_does_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    sweep(tmp_path / "nowhere")
    sweep(tmp_path / "file")


def test_sweeping_for_one_name_leaves_what_was_to_become_another(tmp_path):
    dead = f"{TOKEN}-{a_dead_process()}-0a0a0a0a.tmp"
    for name in ("site", "site.b", "a\nb"):
        (tmp_path / f".{name}.{dead}").mkdir()
    sweep(tmp_path, of="site")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".a\nb.{dead}", f".site.b.{dead}"]
    sweep(tmp_path, of="a\nb")
    assert [path.name for path in tmp_path.iterdir()] == [f".site.b.{dead}"]


def test_sweeping_does_not_follow_a_link_that_bears_our_name(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / f".a.{TOKEN}-{a_dead_process()}-0a0a0a0a.tmp").symlink_to(tmp_path / "mine")
    sweep(tmp_path / "cache")
    assert files_in(tmp_path) == {"mine/thesis.tex": b"years of work"}


def test_a_name_that_is_too_long_is_named(tmp_path):
    with pytest.raises(FilesError, match="File name too long; choose a shorter name"):
        write_file(tmp_path / ("a" * 300), b"")


def test_a_name_that_the_system_cannot_write_is_named(tmp_path):
    with pytest.raises(FilesError, match="this system has no such characters in names"):
        write_file(tmp_path / "\ud800.json", b"")
