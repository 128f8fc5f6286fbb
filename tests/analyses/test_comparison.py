"""The table of all measures: its facts are those of the pages, its counts follow from their intervals."""

from dataclasses import asdict
from statistics import median

import pytest
from planted import GRID

from experiments.analyses.comparison import gather, sources
from experiments.chapters.comparison import rows as rows_of
from experiments.rows import FIRST, LAST, SHARED, WHOLE, WITHIN, Row
from experiments.statistics import difference, summary
from experiments.study import PUBLISHED

NETWORKS = {
    "mlp": {
        "layers": ["hidden1", "hidden2", "logits"],
        "reading": {"hidden1": "hidden1.post", "hidden2": "hidden2.post"},
    },
    "cnn": {"layers": ["conv1", "hidden2", "logits"], "reading": {"conv1": "conv1.pooled", "hidden2": "hidden2.post"}},
}
SEVERAL = (
    Row("training", "accuracy", WHOLE, "accuracy", "share read correctly"),
    Row("training", "epochs_to.90", WHOLE, "epochs to a mark", "epochs"),
    Row("geometry", "silhouette", LAST, "silhouette", "at most one"),
    Row("features", "growth", WITHIN, "growth of weights", "times"),
)
LAYERED = {"geometry"}  # whose facts are named by hook points, not by layers


def where(row, architecture):
    """What follows the condition in the name of a planted fact."""
    if row.part not in (FIRST, LAST):
        return ""
    layer = NETWORKS[architecture]["layers"][0 if row.part == FIRST else -2]
    return f".{NETWORKS[architecture]['reading'][layer]}" if row.page in LAYERED else f".{layer}"


def measured(row, **differences):
    """The facts of a row's page: every network measures 1, and each comparison differs as given, else not at all;
    of treatments that is called the same."""
    stem, facts = f"{row.page}.{row.fact}", {}
    for name, of in GRID["conditions"].items():
        facts[f"{stem}.{name}{where(row, of['architecture'])}"] = summary([1.0, 1.1, 1.2], unit="")
    for name, of in GRID["comparisons"].items():
        shift = differences.get(name.replace(":", "_"), 0.0)
        margin = 0.5 if of["axis"] == "treatment" else None
        apart = difference([1 + shift, 1 + 1.1 * shift, 1 + 0.9 * shift], [1.0, 1.0, 1.0], unit="", margin=margin)
        if of["axis"] == "treatment":
            facts[f"{stem}.difference.{name}{where(row, of['within'])}"] = apart
        elif row.part not in (FIRST, WITHIN):
            facts[f"{stem}.difference.{name}{'.last' if row.part == LAST else ''}"] = apart
    return facts


def pages():
    first, second, third, fourth = SEVERAL
    training = measured(first, mlp_normalized=2, cnn_normalized=3, raw_cnn=-1, normalized_cnn=-2)
    training |= measured(second, mlp_normalized=-2, cnn_normalized=4, raw_cnn=-1)
    features = measured(fourth, mlp_normalized=1, cnn_normalized=1)
    return {"training": training, "geometry": measured(third), "features": features}


def gathered(facts, rows=SEVERAL, grid=GRID, **options):
    told = [asdict(row) for row in rows]
    return gather(facts=facts, networks=NETWORKS, rows=told, grid=grid, **options)["facts.json"]


def found_in(row, made):
    return sources(row, made, NETWORKS, GRID)


def count(found, name):
    return found[f"comparison.{name}"]["value"]


def test_every_fact_of_the_table_is_the_fact_of_its_page_and_says_what_it_is_of():
    given = pages()
    found = gathered(given)
    for row in SEVERAL:
        for name, source in found_in(row, given[row.page]).items():
            entry = dict(found[f"comparison.{row.name}.{name}"])
            assert entry.pop("of")["measure"] == row.measure
            assert entry == given[row.page][source]


def test_a_layer_is_called_as_its_page_calls_it():
    found = found_in(SEVERAL[2], pages()["geometry"])
    assert found["mlp-raw"] == "geometry.silhouette.mlp-raw.hidden2.post"
    assert found["cnn-normalized"] == "geometry.silhouette.cnn-normalized.hidden2.post"
    assert found["difference.cnn:normalized"] == "geometry.silhouette.difference.cnn:normalized.hidden2.post"
    assert found["difference.raw:cnn"] == "geometry.silhouette.difference.raw:cnn.last"


def test_the_first_layer_is_another_in_each_architecture_and_is_not_compared_between_them():
    row = Row("health", "gradient_start", FIRST, "gradient at the start", "norm")
    found = found_in(row, measured(row))
    assert found["mlp-raw"] == "health.gradient_start.mlp-raw.hidden1"
    assert found["cnn-raw"] == "health.gradient_start.cnn-raw.conv1"
    assert {name for name in found if name.startswith("difference.")} == {
        "difference.mlp:normalized",
        "difference.cnn:normalized",
    }


def test_a_row_may_be_read_in_a_layer_that_its_page_calls_the_last_everywhere():
    row = Row("similarity", "cka", SHARED, "likeness", "CKA")
    names = [*GRID["conditions"], *(f"difference.{name}" for name in GRID["comparisons"])]
    made = {f"similarity.cka.{name}.last": summary([1.0, 1.1], unit="") for name in names}
    assert found_in(row, made) == {name: f"similarity.cka.{name}.last" for name in names}


def test_a_row_may_take_its_facts_from_another_analysis_of_its_page():
    row = Row("geometry", "knn", LAST, "k-NN accuracy", "share", "neighbours")
    given = measured(row)
    entry = gathered({"neighbours": given}, rows=(row,))["comparison.geometry-knn.mlp-raw"]
    assert entry["value"] == given["geometry.knn.mlp-raw.hidden2.post"]["value"]
    assert entry["of"]["page"] == "geometry"
    with pytest.raises(KeyError):
        gathered({"geometry": given}, rows=(row,))


def test_rows_keep_the_order_in_which_they_are_declared():
    places = {fact["of"]["row"]: fact["of"]["place"] for fact in gathered(pages()).values() if "of" in fact}
    assert places == {row.name: place for place, row in enumerate(SEVERAL)}


def test_the_counts_are_of_the_verdicts():
    found = gathered(pages())
    counts = {
        comparison: [
            count(found, f"{word}.{comparison}") for word in ("measures", "higher", "lower", "same", "undecided")
        ]
        for comparison in GRID["comparisons"]
    }
    assert [count(found, f"changed.{comparison}") for comparison in GRID["comparisons"]] == [3, 3, 2, 1]
    assert counts == {
        "mlp:normalized": [4, 2, 1, 1, 0],
        "cnn:normalized": [4, 3, 0, 1, 0],
        "raw:cnn": [3, 0, 2, 0, 1],
        "normalized:cnn": [3, 0, 1, 0, 2],
    }


def test_what_all_comparisons_along_an_axis_find_is_counted_as_alike_or_contrary():
    found = gathered(pages())
    counts = {
        axis: [count(found, f"{word}.{axis}") for word in ("compared", "alike", "opposite")]
        for axis in ("treatment", "architecture")
    }
    assert counts == {"treatment": [4, 2, 1], "architecture": [3, 1, 0]}


def test_what_is_left_of_an_effect_is_the_middle_of_the_measures_that_it_changes():
    found = gathered(pages(), apart={"cnn:normalized": "mlp:normalized"})
    changed = [
        name
        for name, fact in found.items()
        if name.endswith("difference.mlp:normalized") and fact["verdict"] in ("higher", "lower")
    ]
    parts = [
        100 * abs(found[name.replace("mlp:", "cnn:")]["value"]) / abs(found[name]["value"])
        for name in changed
        if name.replace("mlp:", "cnn:") in found
    ]
    assert found["comparison.left.cnn:normalized"]["value"] == pytest.approx(median(parts))
    assert found["comparison.left.cnn:normalized"]["n"] == len(parts) > 1


def test_a_study_of_one_treatment_has_no_counts_of_treatments():
    grid = {
        "conditions": {name: of for name, of in GRID["conditions"].items() if of["treatment"] == "raw"},
        "comparisons": {"raw:cnn": GRID["comparisons"]["raw:cnn"]},
    }
    found = gathered(pages(), grid=grid)
    assert count(found, "alike.architecture") == 2
    assert not [name for name in found if name.endswith((".treatment", "-normalized"))]


def test_an_architecture_that_lacks_what_is_measured_is_left_out_of_the_row():
    row = Row("health", "dead", WHOLE, "dead units", "share")
    made = {name: fact for name, fact in measured(row).items() if "cnn" not in name}
    assert found_in(row, made).keys() == {"mlp-raw", "mlp-normalized", "difference.mlp:normalized"}
    found = gathered({"health": made}, rows=(row,))
    assert found["comparison.health-dead.mlp-raw"]["of"]["compared"] == ["mlp:normalized"]
    assert count(found, "measures.raw:cnn") == 0


def test_a_measure_that_no_network_has_has_no_row():
    row = Row("health", "dead", WHOLE, "dead units", "share")
    found = gathered({"health": {}}, rows=(row,))
    assert not [name for name in found if "dead" in name]
    assert count(found, "measures.mlp:normalized") == 0


def test_a_condition_of_one_network_is_left_out_of_a_row_that_takes_two():
    row = Row("similarity", "cka.seeds", SHARED, "likeness between seeds", "CKA", paired=True)
    names = [*GRID["conditions"], *(f"difference.{name}" for name in GRID["comparisons"])]
    made = {
        f"similarity.cka.seeds.{name}.last": summary([1.0, 1.1], unit="") for name in names if "normalized" not in name
    }
    single = [name for name in GRID["conditions"] if "normalized" in name]
    assert sources(row, made, NETWORKS, GRID, single).keys() == {"mlp-raw", "cnn-raw", "difference.raw:cnn"}
    with pytest.raises(ValueError, match=r"similarity\.cka\.seeds\.mlp-normalized"):
        found_in(row, made)


@pytest.mark.parametrize("lost", ["training.accuracy.cnn-raw", "geometry.silhouette.difference.raw:cnn.last"])
def test_a_fact_that_a_page_lacks_is_an_error_that_names_it(lost):
    given = pages()
    del given[lost.partition(".")[0]][lost]
    with pytest.raises(ValueError, match=lost.replace(".", r"\.")):
        gathered(given)


def test_rows_have_names_of_their_own_that_facts_may_bear():
    names = [row.name for row in rows_of(PUBLISHED)]
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-") for name in names)


def test_the_rows_of_a_page_stand_together():
    pages_in_turn = [row.page for row in rows_of(PUBLISHED)]
    runs = [page for before, page in zip([None, *pages_in_turn], pages_in_turn, strict=False) if page != before]
    assert len(runs) == len(set(runs))
