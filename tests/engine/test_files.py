"""Files: whole or not there, and every trouble named with its remedy."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.engine.files import (
    TOKEN,
    FilesError,
    check_replaceable,
    check_writable,
    explained,
    holds,
    replace_folder,
    sweep,
    write_file,
)
from experiments.engine.key import digest

MANIFEST = json.dumps({"study": "published"}).encode()
SITE = {"manifest.json": MANIFEST, "pages/a.html": b"a"}


def files_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def a_dead_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


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


def test_a_site_that_does_not_fit_leaves_the_old_one(small_disk):
    replace_folder(small_disk / "site", SITE, sign="manifest.json")
    with pytest.raises(FilesError, match="No space left"):
        replace_folder(small_disk / "site", {**SITE, "large.bin": bytes(4_000_000)}, sign="manifest.json")
    assert files_in(small_disk) == {f"site/{name}": data for name, data in SITE.items()}


def test_a_read_only_file_system_is_named(small_disk):
    (small_disk / "site").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(FilesError, match="the file system is read-only: choose another folder"):
        write_file(small_disk / "a.json", b"")
    with pytest.raises(FilesError, match="the file system is read-only"):
        check_writable(small_disk / "cache")
    with pytest.raises(FilesError, match="the file system is read-only"):
        check_replaceable(small_disk / "site", sign="manifest.json")


def test_any_other_trouble_names_file_and_cause():
    said = "cannot frob /x: Input/output error; look at the file and run again"
    with pytest.raises(FilesError, match=said), explained("frob", Path("/x")):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_folder_is_replaced_whole(tmp_path):
    replace_folder(tmp_path / "site", {**SITE, "old.html": b""}, sign="manifest.json")
    replace_folder(tmp_path / "site", SITE, sign="manifest.json")
    assert files_in(tmp_path) == {f"site/{name}": data for name, data in SITE.items()}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "site").mkdir()
    replace_folder(tmp_path / "site", SITE, sign="manifest.json")
    assert files_in(tmp_path / "site") == SITE


@pytest.mark.parametrize("manifest", [None, "{}", '{"name": "an app", "icons": []}', "not json", "[1]"])
def test_a_folder_with_foreign_files_is_left_alone(tmp_path, manifest):
    (tmp_path / "thesis.tex").write_text("years of work")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    before = files_in(tmp_path)
    with pytest.raises(FilesError, match=r"it holds files but no manifest\.json of ours"):
        replace_folder(tmp_path, SITE, sign="manifest.json")
    assert files_in(tmp_path) == before


def test_a_file_in_the_place_of_the_site_is_left_alone(tmp_path):
    (tmp_path / "site").write_text("mine")
    with pytest.raises(FilesError, match="it is a file; move it away"):
        replace_folder(tmp_path / "site", SITE, sign="manifest.json")
    assert (tmp_path / "site").read_text() == "mine"


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "real")
    replace_folder(tmp_path / "site", SITE, sign="manifest.json")
    assert (tmp_path / "site").is_symlink()
    assert files_in(tmp_path / "real") == SITE


def test_a_site_moved_aside_by_a_killed_build_is_put_back(tmp_path):
    replace_folder(tmp_path / "site", SITE, sign="manifest.json")
    (tmp_path / "site").rename(tmp_path / f".site.{TOKEN}-{a_dead_process()}-0a0a0a0a.old")
    check_replaceable(tmp_path / "site", sign="manifest.json")
    assert files_in(tmp_path) == {f"site/{name}": data for name, data in SITE.items()}


def test_two_builds_that_swap_at_once_both_end_and_leave_one_whole_site(tmp_path):
    code = (
        "import sys; from pathlib import Path; from experiments.engine.files import replace_folder\n"
        "mark = sys.argv[2].encode()\n"
        "for _ in range(40):\n"
        "    files = {'manifest.json': b'{\"study\": 1}', **{f'{i}.html': mark for i in range(5)}}\n"
        "    replace_folder(Path(sys.argv[1]) / 'site', files, sign='manifest.json')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    builds = [subprocess.Popen([*command, mark], cwd=Path(__file__).parents[2]) for mark in "ab"]
    assert [build.wait() for build in builds] == [0, 0]
    assert len({path.read_bytes() for path in (tmp_path / "site").glob("*.html")}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


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


def test_sweeping_where_nothing_is_does_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    sweep(tmp_path / "nowhere")
    sweep(tmp_path / "file")


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_a_folder_holds_exactly_what_was_written_or_not(tmp_path, change):
    replace_folder(tmp_path / "site", SITE, sign="manifest.json")
    digests = {name: digest(data) for name, data in SITE.items()}
    assert holds(tmp_path / "site", digests)
    page = tmp_path / "site" / "pages" / "a.html"
    match change:
        case "edit":
            page.write_text("b")
        case "add":
            shutil.copy(page, page.with_name("b.html"))
        case "remove":
            page.unlink()
    assert not holds(tmp_path / "site", digests)
