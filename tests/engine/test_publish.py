"""Publication: exactly the records and the products that are to travel are on the shelf."""

import gzip

import pytest

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
    assert size == sum(path.stat().st_size for path in project.published.rglob("*.*"))
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
    (project.published / "artifacts" / ".x.json.1.0a.tmp").write_text("")
    fewer = project.plan(factors=(1,))
    project.build(fewer)
    published(project, fewer)
    assert sorted(record.stage for record in Shelf("results", project.published).records()) == [
        "numbers",
        "report",
        "total/1",
    ]
    assert len(list(project.published.rglob("*.*"))) == 6


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
