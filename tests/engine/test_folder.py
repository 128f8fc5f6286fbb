"""A folder that builds replace: what they wrote goes, and what others put there stays."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from folders import NEW, OLD, SIGN, files_in, site, state

from experiments.engine import folder
from experiments.engine.files import FilesError
from experiments.engine.folder import replace, written

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
