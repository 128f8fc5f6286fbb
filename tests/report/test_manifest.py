"""The manifest: what a site is, and the sign by which a folder is known to hold one of ours."""

import json

import pytest

from experiments.engine.files import FilesError
from experiments.engine.folder import check, replace, written
from report.site import manifest

ABOUT = {
    "study": "published",
    "dataset": "mnist",
    "environment": {"python": "3.11"},
    "stages": {"cached": 0, "published": 1, "computed": 0},
    "pages": ["index.html"],
    "figures": [{key: f"figures/a.{key}" for key in ("id", "page", "file", "data", "code", "key")}],
}
FILES = {"index.html": b"<html>", "figures/a.file": b"<svg/>", "figures/a.data": b"1,2"}
SITE = FILES | {manifest.FILE: manifest.text(ABOUT, FILES)}
DIGEST = "0" * 64


def changed(**entries):
    """The manifest with other entries; those that are "left out" are not there."""
    found = json.loads(SITE[manifest.FILE]) | entries
    return json.dumps({name: value for name, value in found.items() if value != "left out"}).encode()


def listing(**files):
    return changed(files=json.loads(SITE[manifest.FILE])["files"] | files)


def test_a_manifest_lists_all_other_files_of_the_site():
    assert set(manifest.listed(SITE[manifest.FILE])) == set(FILES)


def test_a_site_with_its_manifest_is_replaced(tmp_path):
    replace(tmp_path / "site", SITE, sign=manifest.SIGN)
    assert set(written(tmp_path / "site", sign=manifest.SIGN)) == set(SITE)
    replace(tmp_path / "site", SITE, sign=manifest.SIGN)


FOREIGN = {
    "no JSON": (b"study", "it is not JSON"),
    "bytes": (b"\xff\xfe\x00", "it is not JSON"),
    "deep": (b"[" * 100_000, "it is not JSON"),
    "a long number": (b"1" * 10_000, "it is not JSON"),
    "a number": (b"5", "something else"),
    "null": (b"null", "something else"),
    "a list": (b"[1]", "something else"),
    "pairs": (b'[["study", 1]]', "something else"),
    "a study of somebody else's": (b'{"study": "my thesis"}', "something else"),
    "an app": (b'{"name": "an app", "icons": []}', "something else"),
    "an earlier version": (changed(files="left out"), "does not list the files of the site"),
    "no files": (changed(files={}), "its entry 'files'"),
    "files in a list": (changed(files=["index.html"]), "its entry 'files'"),
    "no study": (changed(study=1), "its entry 'study'"),
    "no dataset": (changed(dataset=[]), "its entry 'dataset'"),
    "no environment": (changed(environment="left out"), "its entry 'environment'"),
    "environment of numbers": (changed(environment={"python": 3}), "its entry 'environment'"),
    "stages of words": (changed(stages={"cached": "1"}), "its entry 'stages'"),
    "stages that are true": (changed(stages={"cached": True}), "its entry 'stages'"),
    "pages of numbers": (changed(pages=[1]), "its entry 'pages'"),
    "figures of words": (changed(figures=["a"]), "its entry 'figures'"),
    "a figure with more": (changed(figures=[{**ABOUT["figures"][0], "more": ""}]), "its entry 'figures'"),
    "an entry more": (changed(icons=[]), "an entry 'icons'"),
    "a page that is not listed": (changed(pages=["other.html"]), "it names other.html and does not list it"),
    "a figure that is not listed": (
        changed(figures=[ABOUT["figures"][0] | {"file": "b.svg"}]),
        "it names b.svg and does not list it",
    ),
    "a short digest": (listing(**{"index.html": "0" * 63}), "its entry 'files'"),
    "a long digest": (listing(**{"index.html": "0" * 65}), "its entry 'files'"),
    "a digest with a line after it": (listing(**{"index.html": DIGEST + "\n"}), "its entry 'files'"),
    "a digest in capitals": (listing(**{"index.html": "A" * 64}), "its entry 'files'"),
    "a digest that is a path": (listing(**{"index.html": "../" + "0" * 61}), "its entry 'files'"),
    "a digest that is a number": (listing(**{"index.html": 0}), "its entry 'files'"),
    **{
        f"the path {path!r}": (listing(**{path: DIGEST}), "its entry 'files'")
        for path in (
            "../victim",
            "a/../../victim",
            "/etc/passwd",
            "",
            "a//b",
            "a/",
            "./a",
            "..",
            "a\0b",
            "\ud800",
            "..\\victim",
            "manifest.json",
        )
    },
}


@pytest.mark.parametrize(("data", "said"), FOREIGN.values(), ids=FOREIGN)
def test_a_manifest_that_is_not_ours_makes_the_folder_foreign(tmp_path, data, said):
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "victim").write_text("not in the site")
    for name, content in {**FILES, manifest.FILE: data}.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_bytes(content)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for action in (lambda: check(site, sign=manifest.SIGN), lambda: replace(site, SITE, sign=manifest.SIGN)):
        with pytest.raises(FilesError) as error:
            action()
        assert said in str(error.value)
        assert str(error.value).startswith(f"will not replace {site}: it holds files but no manifest.json of ours (")
        assert str(error.value).endswith("); choose another folder, or move this one away")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
