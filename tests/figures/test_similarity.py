"""The figures of the similarity page: legible, and with their numbers beside them."""

from collections.abc import Mapping

import numpy as np
import pytest
from drawings import assert_sound, draw, rows, words
from planted import CONDITIONS, LOOK, THREE

from report import style
from report.figures import similarity

LARGEST = 150_000  # bytes of one SVG
FIGURES = ("epochs", "settling", "steps", "layers", "networks", "relations")
ALONE = {**LOOK, "conditions": {"mlp-raw": LOOK["conditions"]["mlp-raw"]}, "comparisons": {}}
LAYERS = {"mlp": ("hidden1", "hidden2", "logits"), "cnn": ("conv1", "conv2", "hidden3", "logits")}


def fact(value: float) -> dict[str, object]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 2, "unit": "", "method": "planted"}


@pytest.fixture(autouse=True)
def _published():
    with style.showing(LOOK):
        yield


def asked(look: Mapping[str, Mapping]) -> list[tuple[str, str]]:
    """Every relation of two networks, and where it is asked: in each condition, or across each comparison."""
    return [
        (relation, where)
        for _, relation, axis in similarity.GROUPS
        for where in (look["conditions"] if not axis else look["comparisons"])
        if not axis or look["comparisons"][where]["axis"] == axis
    ]


def study(*, seeds: int = 2, epochs: int = 4, look: Mapping[str, Mapping] = LOOK) -> dict[str, dict]:
    """Layers settle at the epoch of their depth; epochs are as alike as they are near; networks as planted."""
    arrays, facts = {"threshold": np.float32(0.95), "thresholds": np.float32([0.9, 0.95, 0.99])}, {}
    numbers = np.arange(epochs + 1)
    for condition in look["conditions"]:
        layers = LAYERS[condition.partition("-")[0]]
        arrays[f"layers/{condition}"] = np.array(layers)
        arrays[f"across/{condition}"] = np.full((1 + len(layers),) * 2, 0.5)
        for depth, layer in enumerate(layers):
            arrays[f"cka/{condition}/{layer}"] = 1 - np.abs(numbers[:, None] - numbers) / (epochs + 1)
            arrays[f"step/{condition}/{layer}"] = np.tile(0.5 / np.arange(1, epochs + 1), (seeds, 1))
            arrays[f"settled/{condition}/{layer}"] = np.full((3, seeds), min(depth, epochs))
            facts[f"similarity.settled.{condition}.{layer}"] = fact(min(depth, epochs))
    order, count = sorted(look["conditions"]), len(look["conditions"])
    arrays["networks"] = np.repeat(order, seeds)
    arrays["alike"] = np.kron(np.arange(count**2).reshape(count, count) / count**2, np.ones((seeds, seeds)))
    for relation, where in asked(look):
        for measure, value in (("cka", 0.7), ("procrustes", 0.3)):
            facts[f"similarity.{measure}.{relation}.{where}.last"] = fact(value)
    return {"arrays": arrays, "facts": facts}


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 4)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, seeds, epochs):
    figure, inputs = getattr(similarity, name), study(seeds=seeds, epochs=epochs)
    assert_sound(figure, largest=LARGEST, **inputs)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_names_the_treatments_it_compares(name):
    said = words(draw(getattr(similarity, name), **study()))
    assert "raw" in said
    assert "normalized" in said


@pytest.mark.parametrize("name", ["epochs", "settling", "steps", "layers", "networks"])
def test_the_numbers_are_in_the_order_of_the_study(name):
    conditions = dict.fromkeys(row["condition"] for row in rows(draw(getattr(similarity, name), **study())))
    assert sorted(conditions) == sorted(CONDITIONS)
    for architecture in ("mlp", "cnn"):
        of = [each for each in CONDITIONS if each.startswith(architecture)]
        assert [each for each in conditions if each.startswith(architecture)] == of


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("look", [THREE, ALONE])
def test_a_figure_of_another_study_shows_all_its_conditions(name, look):
    """Three treatments; one network alone."""
    drawn = getattr(similarity, name)(look=look, **study(look=look))
    column = "where" if name == "relations" else "condition"
    assert {row[column] for row in rows(drawn)} >= set(look["conditions"])


def test_networks_are_put_in_the_order_of_the_study_with_what_they_share():
    found = rows(draw(similarity.networks, **study()))
    names = sorted(CONDITIONS)
    for row in found:
        planted = (4 * names.index(row["condition"]) + names.index(row["other_condition"])) / 16
        assert float(row["cka"]) == planted
    assert [row["other_seed_rank"] for row in found[:4]] == ["0", "1", "0", "1"]


def test_a_settling_epoch_has_its_interval_only_at_the_studys_threshold():
    found = [row for row in rows(draw(similarity.settling, **study())) if row["layer"] == "hidden2"]
    assert {row["threshold"]: bool(row["low"]) for row in found} == {"0.9": False, "0.95": True, "0.99": False}
    assert all(float(row["mean"]) == 1 for row in found)


def test_steps_begin_with_the_first_trained_epoch():
    found = rows(draw(similarity.steps, **study()))
    assert [float(row["mean"]) for row in found[:4]] == [0.5, 0.25, 0.1666667, 0.125]
    assert sorted({int(row["epoch"]) for row in found}) == [1, 2, 3, 4]


def test_every_relation_stands_in_both_measures_and_is_left_out_where_the_study_lacks_it():
    inputs = study()
    found = rows(draw(similarity.relations, **inputs))
    assert len(found) == 2 * len(asked(LOOK))
    inputs["facts"] = {name: each for name, each in inputs["facts"].items() if ".seeds." not in name}
    assert "two seeds" not in {row["relation"] for row in rows(draw(similarity.relations, **inputs))}
