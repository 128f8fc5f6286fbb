"""A build that finds everything as it was looks at no content; after any change, it does."""

import argparse
import os
import shutil
import time

import pytest

import build
from experiments import idx
from experiments.engine import surroundings
from report.errors import PageError
from report.site import manifest, unchanged, update


def later():
    """When a build begins that begins long after everything was written."""
    return unchanged.now() + 10**12


@pytest.fixture
def options(tmp_path):
    """The arguments of a build, a project of a few files, its shelves, its data, its site."""
    asked = argparse.Namespace(
        study="published",
        dataset="mnist",
        data=tmp_path / "data",
        cache=tmp_path / "cache",
        out=tmp_path / "site",
        base_url=None,
        jobs=1,
        root=tmp_path / "project",
    )
    files = {
        "project": ("build.py", "experiments/study.py", "report/style.py", "templates/pages/index.md"),
        "project/results": ("records/a.json.gz", "artifacts/b.npz"),
        "cache": ("records/c.json.gz", "artifacts/d.svg"),
        "data": [f"{name}.gz" for name in idx.FILES.values()],
        "site": ("index.html", "figures/one.svg"),
    }
    for folder, names in files.items():
        for name in names:
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("first")
    about = {"study": "a", "dataset": None, "environment": {}, "stages": {}, "pages": ["index.html"], "figures": []}
    (asked.out / "manifest.json").write_bytes(
        manifest.text(about, {name: (asked.out / name).read_bytes() for name in files["site"]})
    )
    unchanged.note(asked, root=asked.root, began=later())
    assert unchanged.current(asked, root=asked.root)
    return asked


WATCHED = (
    "project/build.py",
    "project/experiments/study.py",
    "project/templates/pages/index.md",
    "project/results/records/a.json.gz",
    "project/results/artifacts/b.npz",
    "cache/records/c.json.gz",
    "cache/artifacts/d.svg",
    "data/train-images-idx3-ubyte.gz",
    "site/index.html",
    "site/figures/one.svg",
    "site/manifest.json",
)


def same_size(path):
    """Other bytes, as many, under the times that the file had."""
    before = path.stat()
    data = path.read_bytes()
    path.write_bytes(data[::-1] if data[::-1] != data else data.upper())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path):
    """Another file of the same size and times under the name."""
    fresh = path.with_name("fresh")
    shutil.copy2(path, fresh)
    fresh.replace(path)


def linked(path):
    """The same file, somewhere else, and a link to it."""
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


CHANGES = {
    "rewritten": lambda path: path.write_text("second"),
    "same size": same_size,
    "replaced": replaced,
    "linked": linked,
    "removed": lambda path: path.unlink(),
    "closed": lambda path: path.chmod(0o600),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", WATCHED)
def test_no_change_goes_unseen(options, tmp_path, name, change):
    time.sleep(0.02)  # the clock of files goes in steps, and what was noted is older than a step
    CHANGES[change](tmp_path / name)
    assert not unchanged.current(options, root=options.root)


@pytest.mark.parametrize(
    "name",
    [
        "project/experiments/new.py",
        "project/experiments/package/new.py",
        "project/templates/pages/new.md",
        "project/tests/examples/new.py",
        "project/CITATION.cff",
        "project/results/records/new.json.gz",
        "cache/artifacts/new.npz",
        "data/dataset.toml",
        "data/train-images-idx3-ubyte",
    ],
)
def test_nor_does_what_comes_to_be_there(options, tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("new")
    assert not unchanged.current(options, root=options.root)


def test_nor_do_other_arguments_packages_or_kernels(options, monkeypatch, tmp_path):
    for name, value in (("base_url", "https://example.org"), ("study", "quick"), ("data", None)):
        other = argparse.Namespace(**{**vars(options), name: value})
        assert not unchanged.current(other, root=options.root), name
    with monkeypatch.context() as patch:
        patch.setenv(surroundings.KERNELS[0], "default")
        assert not unchanged.current(options, root=options.root)
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(packages)
    assert not unchanged.current(options, root=options.root)
    unchanged.note(options, root=options.root, began=later())
    assert unchanged.current(options, root=options.root)
    (packages / "torch-9.dist-info").mkdir()
    assert not unchanged.current(options, root=options.root)


def test_what_others_keep_in_the_site_and_how_many_processes_do_not_matter(options):
    (options.out / "figures" / "mine").mkdir()
    unchanged.note(options, root=options.root, began=later())
    (options.out / "figures" / "mine" / "notes.txt").write_text("mine")
    options.jobs = 7
    assert unchanged.current(options, root=options.root)


def test_what_changed_as_a_build_began_or_later_is_not_vouched_for(options):
    place = next((options.cache / "sites").iterdir())
    for began in (0, (options.out / "index.html").stat().st_ctime_ns):
        place.unlink(missing_ok=True)
        unchanged.note(options, root=options.root, began=began)
        assert not place.exists()
    unchanged.note(options, root=options.root, began=unchanged.now() + unchanged.STEP)
    assert unchanged.current(options, root=options.root)


@pytest.mark.parametrize("text", [b"", b"nonsense", b"\xff" * 2000])
def test_a_note_that_is_not_as_it_was_written_is_none(options, text):
    next((options.cache / "sites").iterdir()).write_bytes(text)
    assert not unchanged.current(options, root=options.root)


def test_a_folder_that_is_linked_into_the_project_is_looked_into_by_nobody(options, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (options.root / "experiments" / "linked").symlink_to(tmp_path / "elsewhere")
    next((options.cache / "sites").iterdir()).unlink()
    unchanged.note(options, root=options.root, began=later())
    assert not unchanged.current(options, root=options.root)


def test_a_build_that_finds_nothing_to_do_twice_need_not_plan_a_third_time(built, monkeypatch, capsys):
    arguments = [str(each) for each in built.command("--study", "smoke", "--dataset", "digits")[2:]]
    for _ in range(2):
        assert build.main(arguments) == 0
    monkeypatch.setattr(build, "look", lambda *_: pytest.fail("it looked"))
    assert build.main(arguments) == 0
    assert capsys.readouterr().out.count("nothing to do") == 3
    for further in (["--list"], ["--explain", "*"], ["--check"], ["--verify", "*"], ["--rebuild", "data"]):
        with pytest.raises(pytest.fail.Exception):
            build.main([*arguments, "--debug", *further])


def test_a_source_that_changes_while_a_build_runs_is_told_even_if_it_is_changed_back(tmp_path):
    path = tmp_path / "build.py"
    path.write_text("one")
    os.utime(path, ns=(0, 0))
    assert update.Read(tmp_path, began=later()).is_as_it_was
    read = update.Read(tmp_path, began=later())
    path.write_text("two")
    assert not read.is_as_it_was
    read = update.Read(tmp_path, began=unchanged.now() - 1_000_000_000)  # a second ago: it was written since
    assert not read.is_as_it_was


def test_a_folder_of_templates_that_is_linked_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "partials").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PageError, match="partials is a link to a folder: put the folder itself there"):
        update.Read(tmp_path, began=later())
