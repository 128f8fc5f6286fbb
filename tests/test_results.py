"""results/ holds what the published study needs: nothing lacks, nothing is left over, nothing is damaged."""

import json
from pathlib import Path

import pytest

from experiments.chapters.comparison import rows
from experiments.engine.contents import lost
from experiments.engine.reasons import explain, states
from experiments.engine.sources import Sources
from experiments.engine.store import Shelf
from experiments.engine.survey import Shelves, Survey
from experiments.plan import CARD, PICTURES, plan, shown
from experiments.spec import Product
from experiments.study import PUBLISHED

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
REMEDY = "`python build.py --data DIR --publish` writes results/ anew"


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    empty = Shelf("cache", tmp_path_factory.mktemp("cache"))
    stages = plan(PUBLISHED)
    wanted = [product for product in shown(stages) if not product.stage.startswith(PICTURES)]
    return Survey(stages, Shelves(empty, Shelf("results", RESULTS)), Sources(ROOT), wanted=wanted)


def needed(survey):
    """The products that figures, pages and readers of the networks open."""
    yield CARD
    for stage in survey.stages:
        if stage.name.startswith(PICTURES):
            yield from stage.products_read()
            continue
        yield from (Product(stage.name, name) for name in stage.publish)


def test_every_measurement_is_restored_and_only_pictures_are_left_to_draw(survey):
    found = {name: state for name, state in states(survey).items() if not name.startswith(PICTURES)}
    lacking = [explain(survey, name) for name, state in found.items() if state != "published"]
    assert not lacking, "\n".join([REMEDY, *lacking[:5]])


def test_what_figures_facts_and_networks_need_is_there_and_whole(survey):
    for product in needed(survey):
        survey.shelves.published.read(product.name, survey.address(product))


def test_nothing_is_left_over(survey):
    shelf = survey.shelves.published
    records = [standing.record for standing in survey.standings.values() if standing.record is not None]
    expected = {shelf.record_path(record.key) for record in records}
    expected |= {shelf.path(product.name, survey.address(product)) for product in needed(survey)}
    assert {path for path in RESULTS.rglob("*") if path.is_file()} == expected | {RESULTS / "contents.json"}


def test_all_of_it_lies_there_as_it_was_published(survey):
    assert lost(survey.shelves.published) == []


def test_what_is_compared_seed_by_seed_was_trained_in_one_place(survey):
    """Two processors round differently, and training makes that larger: so all networks of an architecture come from
    one, its variants and the notebooks' runs among them (which choose their kernels), and so do all that were tried at
    other rates."""
    of = {each.name: each.architecture.name for each in PUBLISHED.conditions}
    places = {}
    for name, standing in survey.standings.items():
        kind, _, rest = name.partition("/")
        if kind in ("train", "sweep"):
            condition = rest.partition("/")[0]
            varied = condition in ("layers", "replication")
            architecture = of[PUBLISHED.variants_of] if varied else of.get(condition, condition.partition("-")[0])
            told = {what: which for what, which in standing.record.environment.items() if what != "kernels"}
            places.setdefault((kind, architecture), set()).add(frozenset(told.items()))
    assert len(places) >= 4
    assert {group: len(found) for group, found in places.items() if len(found) > 1} == {}


def test_every_measure_has_a_row_in_the_table_of_all(survey):
    product = Product("analysis/comparison", "facts.json")
    facts = json.loads(survey.shelves.published.read(product.name, survey.address(product)))
    found = {fact["of"]["row"] for fact in facts.values() if "of" in fact}
    assert found == {row.name for row in rows(PUBLISHED)}


def test_all_of_it_is_small():
    assert sum(path.stat().st_size for path in RESULTS.rglob("*") if path.is_file()) < 8_000_000
