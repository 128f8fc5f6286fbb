"""A clone has the repository's bytes whatever its owner's line endings: the site's files are made of them."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def git(*arguments, folder=ROOT):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True).stdout


@pytest.fixture
def head():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    return git("rev-parse", "HEAD").decode().strip()


@pytest.mark.parametrize("ending", ["crlf", "lf"])
def test_a_clone_whose_owner_wants_other_line_endings_has_the_same_bytes(head, tmp_path, ending):
    options = ["-c", "core.autocrlf=true", "-c", f"core.eol={ending}"]
    git(*options, "clone", "--quiet", "--no-tags", *options, str(ROOT), str(tmp_path / "clone"))
    git("checkout", "--quiet", head, folder=tmp_path / "clone")
    names = git("ls-tree", "-r", "-z", "--name-only", head).decode().rstrip("\0").split("\0")
    git("archive", "--format=tar", "-o", str(tmp_path / "stored.tar"), head)  # as it is stored: no owner's settings
    shutil.unpack_archive(tmp_path / "stored.tar", tmp_path / "stored", filter="data")
    assert len(names) > 500
    assert [
        name for name in names if (tmp_path / "clone" / name).read_bytes() != (tmp_path / "stored" / name).read_bytes()
    ] == []


def test_no_text_is_stored_with_other_line_endings(head):
    told = [line.split(maxsplit=2) for line in git("ls-files", "--eol").decode().splitlines()]
    assert {stored for stored, _, _ in told} <= {"i/lf", "i/-text", "i/none"}
