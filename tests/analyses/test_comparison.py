"""The table of all measures: its facts are those of the pages, its counts follow from their intervals."""

import pytest

from experiments.analyses.comparison import EFFECTS, LAST_POST, ROWS, WHOLE, WITHIN, Row, gather, sources, verdict
from experiments.analyses.grid import COMPARISONS
from experiments.statistics import constant, difference, summary

CONDITIONS = ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
SEVERAL = (
    Row("training", "accuracy", WHOLE, "accuracy", "share read correctly"),
    Row("training", "epochs_to.90", WHOLE, "epochs to a mark", "epochs"),
    Row("geometry", "silhouette", LAST_POST, "silhouette", "at most one"),
    Row("features", "growth", WITHIN, "growth of weights", "times"),
)


def measured(row, **differences):
    """The facts of a row's page: every network measures 1, and each comparison differs as given, else not at all."""
    facts = {}
    for name, source in sources(row).items():
        if name.startswith("difference."):
            shift = differences.get(name.removeprefix("difference."), 0.0)
            facts[source] = difference([1 + shift, 1 + 1.1 * shift, 1 + 0.9 * shift], [1.0, 1.0, 1.0], unit="")
        else:
            facts[source] = summary([1.0, 1.1, 1.2], unit="")
    return facts


def pages():
    first, second, third, fourth = SEVERAL
    training = measured(first, mlp=2, cnn=3, raw=-1, normalized=-2) | measured(second, mlp=-2, cnn=4, raw=-1)
    return {"training": training, "geometry": measured(third), "features": measured(fourth, mlp=1, cnn=1)}


def count(found, name):
    return found[f"comparison.{name}"]["value"]


def test_every_fact_of_the_table_is_the_fact_of_its_page_and_says_what_it_is_of():
    given = pages()
    found = gather(facts=given, rows=SEVERAL)["facts.json"]
    for row in SEVERAL:
        for name, source in sources(row).items():
            entry = dict(found[f"comparison.{row.name}.{name}"])
            assert entry.pop("of")["measure"] == row.measure
            assert entry == given[row.page][source]


def test_a_layer_is_called_as_its_page_calls_it():
    found = sources(SEVERAL[2])
    assert found["mlp-raw"] == "geometry.silhouette.mlp-raw.hidden2.post"
    assert found["cnn-normalized"] == "geometry.silhouette.cnn-normalized.hidden3.post"
    assert found["difference.cnn"] == "geometry.silhouette.difference.cnn.hidden3.post"
    assert found["difference.raw"] == "geometry.silhouette.difference.raw.last"
    assert sources(SEVERAL[1])["difference.mlp"] == "training.epochs_to.90.difference.mlp"


def test_a_row_may_take_its_facts_from_another_analysis_of_its_page():
    row = Row("geometry", "knn", LAST_POST, "k-NN accuracy", "share", "neighbours")
    given = measured(row)
    found = gather(facts={"neighbours": given}, rows=(row,))["facts.json"]
    entry = found["comparison.geometry-knn.mlp-raw"]
    assert entry["value"] == given["geometry.knn.mlp-raw.hidden2.post"]["value"]
    assert entry["of"]["page"] == "geometry"
    assert (
        gather(facts={"geometry": given}, rows=(row,))["facts.json"].keys()
        == gather(facts={}, rows=())["facts.json"].keys()
    )


def test_rows_keep_the_order_in_which_they_are_declared():
    found = gather(facts=pages(), rows=SEVERAL)["facts.json"]
    places = {fact["of"]["row"]: fact["of"]["place"] for fact in found.values() if "of" in fact}
    assert places == {row.name: place for place, row in enumerate(SEVERAL)}


def test_the_counts_are_of_the_verdicts():
    found = gather(facts=pages(), rows=SEVERAL)["facts.json"]
    counts = {
        comparison: [count(found, f"{word}.{comparison}") for word in ("measures", "higher", "lower", "undetected")]
        for comparison in COMPARISONS
    }
    assert counts == {"mlp": [4, 2, 1, 1], "cnn": [4, 3, 0, 1], "raw": [3, 0, 2, 1], "normalized": [3, 0, 1, 2]}


def test_what_both_comparisons_of_a_change_find_is_counted_as_alike_or_contrary():
    found = gather(facts=pages(), rows=SEVERAL)["facts.json"]
    counts = {
        effect: [count(found, f"{word}.{effect}") for word in ("compared", "same", "opposite")] for effect in EFFECTS
    }
    assert counts == {"normalization": [4, 2, 1], "convolution": [3, 1, 0]}


def test_a_page_that_is_not_handed_in_has_no_rows():
    given = pages()
    del given["geometry"]
    found = gather(facts=given, rows=SEVERAL)["facts.json"]
    assert {fact["of"]["page"] for fact in found.values() if "of" in fact} == {"training", "features"}
    assert count(found, "measures.raw") == 2


@pytest.mark.parametrize("lost", ["training.accuracy.cnn-raw", "geometry.silhouette.difference.raw.last"])
def test_a_fact_that_a_page_lacks_is_an_error_that_names_it(lost):
    given = pages()
    del given[lost.partition(".")[0]][lost]
    with pytest.raises(ValueError, match=lost.replace(".", r"\.")):
        gather(facts=given, rows=SEVERAL)


def test_an_interval_that_touches_zero_or_is_missing_detects_nothing():
    def fact(low, high):
        return constant(1, unit="", n=3, method="planted") | {"low": low, "high": high}

    assert [verdict(fact(*ends)) for ends in ((0.1, 2), (-2, -0.1))] == ["higher", "lower"]
    assert [verdict(fact(*ends)) for ends in ((0, 2), (-2, 0), (-1, 1), (None, None))] == ["undetected"] * 4


def test_rows_have_names_of_their_own_that_facts_may_bear():
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-") for name in names)


def test_a_change_is_compared_in_both_of_its_comparisons_or_in_none():
    for row in ROWS:
        for first, second in EFFECTS.values():
            assert (first in row.part.compared) == (second in row.part.compared), row.name


def test_the_rows_of_a_page_stand_together():
    pages_in_turn = [row.page for row in ROWS]
    runs = [page for before, page in zip([None, *pages_in_turn], pages_in_turn, strict=False) if page != before]
    assert len(runs) == len(set(runs))
