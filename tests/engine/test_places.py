"""Places: folders that no build could use, or in which one would harm another, are refused before all else."""

import os

import pytest

from experiments.engine import places


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "home" / "project"
    for name in places.OWN:
        (root / name).mkdir(parents=True)
    return root


def refused(project, *, out=None, cache=None, data=None):
    """What is said of these folders; nothing where they are accepted."""
    try:
        places.check(project, out=out or project / "site", cache=cache or project / ".cache", data=data)
    except ValueError as error:
        return str(error)
    return None


def test_the_defaults_and_folders_elsewhere_are_accepted(project, tmp_path):
    assert refused(project) is None
    assert refused(project, data=project / "mnist") is None
    assert refused(project, data=project / "data" / "mnist") is None
    assert refused(project, out=project / "pages", cache=project / "kept") is None
    assert refused(project, out=tmp_path / "a", cache=tmp_path / "b", data=tmp_path / "c") is None
    assert refused(project, out=tmp_path / "ab", cache=tmp_path / "a") is None


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"out": "x", "cache": "x"}, "--out {x} and --cache {x} are the same folder"),
        ({"out": "x", "cache": "x/y"}, "--cache {x/y} lies in --out {x}"),
        ({"out": "x/y/z", "cache": "x"}, "--out {x/y/z} lies in --cache {x}"),
        ({"out": "x", "data": "x"}, "--out {x} and --data {x} are the same folder"),
        ({"out": "x", "data": "x/y"}, "--data {x/y} lies in --out {x}"),
        ({"cache": "x/y", "data": "x"}, "--cache {x/y} lies in --data {x}"),
        ({"out": "home/project"}, "--out {home/project} is the project's own folder"),
        ({"out": "home"}, "--out {home} holds the project, {home/project}"),
        ({"cache": "home"}, "--cache {home} holds the project, {home/project}"),
        ({"data": "home"}, "--data {home} holds the project, {home/project}"),
        ({"data": "home/project"}, "--data {home/project} is the project's own folder"),
        ({"out": "home/project/results"}, "--out {home/project/results} and the project's folder"),
        ({"cache": "home/project/results/cache"}, "lies in the project's folder {home/project/results}"),
        ({"data": "home/project/results"}, "--data {home/project/results} and the project's folder"),
        ({"data": "home/project/tests/mnist"}, "lies in the project's folder {home/project/tests}"),
        ({"out": "home/project/.git/x"}, "lies in the project's folder {home/project/.git}"),
        ({"out": "home/project/a/b"}, "--out {home/project/a/b} lies deep in the project, {home/project}"),
        ({"cache": "home/project/a/b"}, "--cache {home/project/a/b} lies deep in the project, {home/project}"),
        ({"data": "home/project/site"}, "--out {home/project/site} and --data {home/project/site} are the same"),
        ({"data": "home/project/.cache/mnist"}, "--data {home/project/.cache/mnist} lies in --cache"),
    ],
)
@pytest.mark.parametrize("through", ["name", "link"])
def test_folders_in_one_another_are_refused_with_both_names(project, tmp_path, named, said, through):
    start = tmp_path
    if through == "link":
        (tmp_path / "elsewhere").mkdir()
        start = tmp_path / "elsewhere" / "link"
        start.symlink_to(tmp_path)
    given = {option: start / name for option, name in named.items()}
    for option, name in named.items():
        said = said.replace(f"--{option} {{{name}}}", f"--{option} {start / name}")
    said = said.replace("{home/project}", str(project)).replace("{", f"{tmp_path}/").replace("}", "")
    before = sorted(tmp_path.rglob("*"))
    assert said in (refused(project, **given) or "")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_is_known_under_each_of_its_names(project, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert "are the same folder" in refused(project, out=tmp_path / "one", cache=tmp_path / "two")
    assert "lies in" in refused(project, out=tmp_path / "two" / "new", cache=tmp_path / "one")
    assert "lies in" in refused(project, out=tmp_path / "x" / ".." / "one" / "new", cache=tmp_path / "one")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this one is empty"),
        ("a\0b", "without control characters"),
        ("a\nb", "without control characters"),
        ("x" * 300, "File name too long"),
        ("x/" * 3000, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
        ("loop/in", "Too many levels of symbolic links"),
        ("file/in", "Not a directory"),
    ],
)
def test_names_that_no_folder_can_have_are_refused(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=said):
        places.folder(text)


@pytest.mark.parametrize("name", ["new", "ne w", "\N{SNOWMAN}", os.fsdecode(b"\xff\xfe"), "-x", "~"])
def test_other_names_are_folders(tmp_path, name):
    assert places.folder(str(tmp_path / name)) == tmp_path / name


@pytest.mark.parametrize("name", [".", "..", "new/in", "../beside"])
def test_a_folder_stays_the_same_wherever_the_build_goes(tmp_path, monkeypatch, name):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    found = places.folder(name)
    monkeypatch.chdir("/")
    assert os.path.realpath(found) == os.path.realpath(tmp_path / "here" / name)
