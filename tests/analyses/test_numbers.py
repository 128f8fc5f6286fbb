"""Numbers of units: kept where networks were planted to keep them, lost where units were shuffled."""

import numpy as np
import pytest
from planted import GRID

from experiments.analyses.numbers import number_facts
from experiments.evidence import by_condition
from experiments.measures.matching import lot, same_number, unit_correlations

IMAGES, UNITS = 200, 8


def layer(random, *, dead: tuple[int, ...] = ()) -> np.ndarray:
    found = random.normal(size=(IMAGES, UNITS))
    found[:, list(dead)] = 0
    return found


def matched(first: np.ndarray, second: np.ndarray) -> float:
    return same_number(unit_correlations([first, second])[0, 1])


def test_correlations_are_pearsons(random):
    first, second = layer(random), layer(random)
    found = unit_correlations([first, second])
    assert found[0, 1] == pytest.approx(np.corrcoef(first.T, second.T)[:UNITS, UNITS:], abs=1e-5)


def test_units_that_kept_their_numbers_are_found_whatever_their_scale_and_place(random):
    first = layer(random)
    second = (first + 0.3 * random.normal(size=first.shape)) * random.uniform(0.5, 20, UNITS) + 3
    assert matched(first, second) == 100


def test_units_that_changed_places_are_not_taken_for_the_same(random):
    first = layer(random)
    assert matched(first, np.roll(first, 1, axis=1)) == 0
    half = first.copy()
    half[:, :4] = np.roll(first[:, :4], 1, axis=1)
    assert matched(first, half) == 50


def test_dead_units_match_nothing_and_are_not_counted(random):
    first = layer(random, dead=(6, 7))
    assert matched(first, first) == 100
    assert matched(first, np.zeros_like(first)) == 0
    assert np.isnan(unit_correlations([first])[0, 0, 6]).all()


def test_strangers_match_as_the_lot_says(random):
    drawn, expected = [], lot(np.arange(UNITS) != 2, np.arange(UNITS) != 5)
    for _ in range(400):
        drawn.append(matched(layer(random, dead=(2,)), layer(random, dead=(5,))))
    assert expected == pytest.approx(100 * 6 / 49)
    assert np.mean(drawn) == pytest.approx(expected, abs=2)


def test_channels_are_matched_over_images_and_positions(random):
    maps = random.normal(size=(20, 3, 4, 4))
    assert same_number(unit_correlations([maps, 2 * maps])[0, 1]) == 100
    with pytest.raises(ValueError, match="one shape"):
        unit_correlations([maps, maps[:, :2]])


def run(random, activations: np.ndarray) -> dict[str, np.ndarray]:
    both = np.stack([random.normal(size=activations.shape), activations])
    return {"layers": np.array(["hidden1", "logits"]), "activations/hidden1": both, "activations/logits": both}


def study(random, *, seeds: int) -> dict[str, dict[str, np.ndarray]]:
    """Units keep their numbers from one input to the other, and every seed has units of its own."""
    runs = {}
    for seed in range(seeds):
        own = layer(random)
        for treatment in ("raw", "normalized"):
            runs[f"mlp-{treatment}/{seed}"] = run(random, own + 0.2 * random.normal(size=own.shape))
    return runs


def test_the_same_seed_keeps_numbers_and_another_one_does_not(random):
    facts = number_facts(by_condition(study(random, seeds=8)), GRID)
    place = "mlp:normalized.last"
    assert facts[f"similarity.numbered.same_seed.{place}"]["value"] == 100
    assert facts[f"similarity.numbered.lot.{place}"]["value"] == pytest.approx(100 / UNITS)
    assert facts[f"similarity.numbered.other_seed.{place}"]["value"] < 25
    assert facts[f"similarity.numbered.kept.{place}"]["low"] > 50
    assert facts[f"similarity.numbered.beyond_lot.{place}"]["low"] < 5
    assert facts["similarity.numbered.seeds.mlp-raw.last"]["value"] < 25


@pytest.mark.parametrize("seeds", [1, 2])
def test_of_few_seeds_only_those_of_one_seed_are_told(random, seeds):
    facts = number_facts(by_condition(study(random, seeds=seeds)), GRID)
    assert {name.split(".")[2] for name in facts} == {"same_seed"}


def test_conditions_of_unequal_numbers_of_seeds_share_the_first(random):
    runs = study(random, seeds=6)
    facts = number_facts(
        by_condition({n: each for n, each in runs.items() if n not in ("mlp-raw/4", "mlp-raw/5")}), GRID
    )
    assert facts["similarity.numbered.same_seed.mlp:normalized.last"]["n"] == 4
    assert facts["similarity.numbered.kept.mlp:normalized.last"]["low"] > 40
