"""Publication: exactly the records and the products that are to travel are on the shelf."""

import gzip
import json

import pytest
from folders import files_in

from experiments.engine.contents import contents, lost
from experiments.engine.files import FilesError
from experiments.engine.publish import publish
from experiments.engine.store import Shelf
from experiments.engine.survey import PlanError
from experiments.spec import Product


def published(project, stages=None, **options):
    survey = project.survey(stages, **options)
    return publish(survey, survey.stages, Shelf("results", project.published))


def test_the_shelf_holds_all_records_and_only_published_products(project):
    project.build()
    files, size = published(project)
    shelf = Shelf("results", project.published)
    assert sorted(record.stage for record in shelf.records()) == ["numbers", "report", "total/1", "total/2"]
    assert len(list(project.published.glob("artifacts/*"))) == 4
    assert files == 8
    assert size == sum(path.stat().st_size for path in project.published.glob("*/*"))
    survey = project.survey()
    assert not shelf.has("numbers.json", survey.address(Product("numbers", "numbers.json")))


def test_publishing_twice_changes_nothing(project):
    project.build()
    published(project)
    before = {path: path.read_bytes() for path in project.published.rglob("*.*")}
    published(project)
    assert {path: path.read_bytes() for path in project.published.rglob("*.*")} == before


def test_what_is_no_longer_reachable_is_dropped(project):
    project.build()
    published(project)
    record, artifact = (f"{kind}/{'0' * 64}" for kind in ("records", "artifacts"))
    names = ["README.md", "records/notes.json.gz", "artifacts/table.csv", f"{record}.json.gz.orig", f"{record}.csv"]
    names += [record, f"{artifact}.notes.md", f"{artifact}.csv.bak", f"{artifact}.gz", f"{artifact}.mine.json.gz"]
    mine = [project.published / name for name in names]
    for path in mine:
        path.write_text("mine")
    (project.published / f"{artifact}.csv").mkdir()
    (project.published / f"{artifact}.txt").symlink_to(mine[0])
    fewer = project.plan(factors=(1,))
    project.build(fewer)
    published(project, fewer)
    assert sorted(record.stage for record in Shelf("results", project.published).records()) == [
        "numbers",
        "report",
        "total/1",
    ]
    assert [path.read_text() for path in mine] == ["mine"] * len(mine)
    left = [path for path in project.published.glob("*/*") if path not in mine and path.is_file()]
    assert [path for path in left if path.is_symlink()] == [project.published / f"{artifact}.txt"]
    assert len(left) == 7
    assert (project.published / f"{artifact}.csv").is_dir()


@pytest.mark.parametrize("kind", ["records", "artifacts"])
def test_nothing_is_published_through_a_link(project, kind):
    project.build()
    project.published.mkdir()
    (project.published / kind).symlink_to(project.local / kind)
    before = files_in(project.local)
    with pytest.raises(FilesError, match=rf"cannot publish into .*/{kind}: it is a link; put a folder there"):
        published(project)
    assert files_in(project.local) == before
    assert files_in(project.published) == {}


def test_a_damaged_published_file_is_mended(project):
    project.build()
    published(project)
    survey = project.survey()
    path = project.artifact(survey, "total/1", "total.json", shelf=survey.shelves.published)
    path.write_text("?")
    published(project)
    assert gzip.decompress(path.read_bytes()) == b"6\n"


def test_what_was_not_built_cannot_be_published(project):
    with pytest.raises(PlanError, match="stage numbers has no valid result; build first"):
        published(project)
    project.build()
    project.artifact(project.survey(), "report", "report.txt").unlink()
    with pytest.raises(PlanError, match=r"report\.txt of report is on no shelf; --rebuild 'report' makes it"):
        published(project, wanted=())


@pytest.mark.parametrize("change", ["flip", "delete", "replace", "delete an artifact"])
def test_what_is_no_longer_as_published_is_named(project, change):
    project.build()
    published(project)
    shelf = Shelf("results", project.published)
    assert lost(shelf) == []
    one, other = sorted(project.published.glob("records/*"))[:2]
    match change:
        case "flip":
            one.write_bytes(one.read_bytes()[:-1] + bytes([one.read_bytes()[-1] ^ 1]))
        case "delete":
            one.unlink()
        case "replace":
            one.write_bytes(other.read_bytes())
        case _:
            one = next(project.published.glob("artifacts/*"))
            one.unlink()
    assert lost(shelf) == [one.relative_to(project.published).as_posix()]


@pytest.mark.parametrize("text", [None, "", "5", "[]", "{}", '{"files": 5, "definitions": {}}', "[" * 100_000])
def test_a_shelf_without_its_list_misses_that(project, text):
    assert lost(Shelf("results", project.published)) == []
    project.build()
    published(project)
    path = project.published / "contents.json"
    path.unlink() if text is None else path.write_text(text)
    assert lost(Shelf("results", project.published)) == ["contents.json"]


@pytest.mark.parametrize("name", ["records/a\0b", "records/\ud800", "x" * 300])
def test_a_listed_name_that_no_file_can_have_is_lost(tmp_path, name):
    (tmp_path / "contents.json").write_text(json.dumps({"files": {name: "0" * 64}, "definitions": {}}))
    assert lost(Shelf("results", tmp_path)) == [name]


def test_definitions_travel_with_what_is_published(project):
    project.build()
    published(project)
    told = contents(Shelf("results", project.published))["definitions"]
    assert list(told["lab.helper"].values()) == ["scaled"]
    assert list(told) == ["lab", "lab.helper", "lab.notes", "lab.reports", "lab.steps", "lab.sums"]
