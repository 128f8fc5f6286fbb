"""Directions of digits: planted layers whose interference, dimensionality and spread are known in closed form."""

import numpy as np
import pytest
from planted import GRID

from experiments.analyses import superposition
from experiments.measures.directions import chance
from experiments.measures.units import rotations

IDENTITY = np.eye(10)


def simplex() -> np.ndarray:
    """Ten directions as far apart as can be: a unit for each digit, centred."""
    return superposition.directions(IDENTITY)


def test_a_unit_for_each_digit_keeps_them_as_far_apart_as_can_be():
    found = simplex()
    assert superposition.interference(found) == pytest.approx(superposition.least(16, count=10))
    assert superposition.least(16, count=10) == pytest.approx(1 / 81)
    assert superposition.cosines(found)[2, 7] == pytest.approx(-1 / 9)


def test_what_all_digits_share_is_no_direction():
    assert np.allclose(superposition.directions(IDENTITY + 3.0), simplex())


def test_digits_on_one_line_interfere_fully_and_share_one_dimension():
    line = np.outer(np.arange(10) - 4.5, np.ones(4) / 2)
    assert superposition.interference(line) == pytest.approx(1)
    own = superposition.dimensionality(line)
    assert own.sum() == pytest.approx(1)  # one dimension, shared among all in proportion to their squared lengths
    assert own[9] == pytest.approx(4.5**2 / (line**2).sum())


def test_directions_at_right_angles_have_a_dimension_each_and_an_opposite_pair_shares_one():
    assert superposition.dimensionality(np.eye(10)) == pytest.approx(np.ones(10))
    paired = np.concatenate([np.eye(5), -np.eye(5)])
    assert superposition.dimensionality(paired) == pytest.approx(np.full(10, 0.5))


def test_in_fewer_dimensions_than_digits_some_interference_is_forced():
    rng = np.random.default_rng(0)
    for units in (3, 8):
        found = superposition.directions(rng.normal(size=(units, 10)))
        assert superposition.interference(found) > superposition.least(units, count=10)
    assert superposition.least(8, count=10) > superposition.least(9, count=10)


@pytest.mark.parametrize(("units", "interfering", "own"), [(8, 0.134, 0.45), (16, 0.073, 0.60), (32, 0.042, 0.72)])
def test_chance_is_that_of_centred_directions_and_not_one_part_in_so_many_dimensions(units, interfering, own):
    found = chance(units, count=10)
    assert found["interference"][0] == pytest.approx(interfering, abs=0.002)
    assert found["own"][0] == pytest.approx(own, abs=0.01)
    assert abs(found["interference"][0] - 1 / min(units, 9)) > 0.005
    assert all(low < mean < high for mean, low, high in found.values())


def test_chance_of_few_directions_is_drawn_for_their_own_number():
    rng = np.random.default_rng(3)
    drawn = [superposition.interference(superposition.directions(rng.normal(size=(6, 4)))) for _ in range(2000)]
    assert chance(6, count=4)["interference"][0] == pytest.approx(np.mean(drawn), abs=0.01)
    assert chance(0, count=4)["own"] == (0, 0, 0)


def test_a_layer_of_random_directions_is_not_told_from_chance_and_one_apart_from_it_is():
    """Class means drawn at random must have nothing beyond chance, whatever stands in for it."""
    made = {f"{c}/{s}": run(noise=n, seed=s) for c, n in (("mlp-raw", 1e3), ("mlp-normalized", 0)) for s in range(12)}
    facts = superposition.compare(
        records={name: each[0] for name, each in made.items()},
        weights={name: each[1] for name, each in made.items()},
        grid=GRID,
    )["facts.json"]
    drawn = facts["superposition.beyond_chance.mlp-raw.hidden1"]
    assert drawn["low"] < 0 < drawn["high"]
    assert facts["superposition.own_beyond_chance.mlp-raw.hidden1"]["low"] < 0
    assert facts["superposition.beyond_chance.mlp-normalized.hidden1"]["value"] < -0.05
    assert facts["superposition.own_beyond_chance.mlp-normalized.hidden1"]["value"] > 0.1
    assert facts["superposition.readout_apart.mlp-raw"]["high"] < 0


def test_dead_units_are_no_room_for_chance_nor_axes_for_a_rotation():
    record, weights = run(noise=0.3, seed=0)
    padded = np.concatenate([record["class_mean/hidden1"], np.zeros((2, 20, 10))], axis=1)
    wider = superposition.read(record | {"class_mean/hidden1": padded}, weights)
    own = superposition.read(record, weights)
    assert wider["occupied/hidden1"] == own["occupied/hidden1"] == 12
    assert wider["units_rotated/hidden1"] == pytest.approx(own["units_rotated/hidden1"])


def test_spread_counts_units_and_a_random_direction_takes_about_a_third_of_them():
    assert superposition.spread(np.array([[0, 2.0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])) == pytest.approx([1, 4, 0])
    turned = [superposition.spread(np.eye(10, 16) @ q).mean() for q in rotations(16, draws=200, seed=0)]
    assert np.mean(turned) == pytest.approx((16 + 2) / 3, rel=0.12)


def test_a_dead_layer_has_no_directions():
    silent = superposition.directions(np.zeros((4, 10)))
    assert superposition.interference(silent) == 0
    assert superposition.dimensionality(silent).sum() == 0


def test_digits_that_lie_together_and_are_misread_correlate():
    cosine = np.random.default_rng(2).uniform(-1, 1, (10, 10))
    cosine = (cosine + cosine.T) / 2
    confusion = np.rint(100 * (cosine + 1)).astype(int)
    assert superposition.confusion_correlation(cosine, confusion) == pytest.approx(1, abs=0.01)
    assert superposition.confusion_correlation(cosine, 200 - confusion) == pytest.approx(-1, abs=0.01)


def run(*, noise: float, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A network that begins with random class means and ends with a unit for each digit, and reads them so."""
    rng = np.random.default_rng(seed)
    end = np.eye(12, 10) + noise * rng.normal(size=(12, 10))
    weights = {"logits.weight": np.stack([rng.normal(size=(10, 12)), np.eye(10, 12)])}
    record = {
        "layers": np.array(["hidden1", "logits"]),
        "active/hidden1": np.ones((2, 12)),
        "class_mean/logits": weights["logits.weight"] @ end,
        "class_mean/hidden1": np.stack([np.abs(rng.normal(size=(12, 10))), end]),
        "confusion": rng.integers(0, 50, (10, 10)),
    }
    return record, weights


def test_of_logits_that_are_no_weighted_sum_of_the_last_layers_units_no_readout_is_told():
    """Something stands between the two, a LayerNorm say, or they listen to something else."""
    record, weights = run(noise=0.3, seed=0)
    assert {"readout", "alignment"} <= superposition.read(record, weights).keys()
    elsewhere = record | {"class_mean/logits": 1.01 * record["class_mean/logits"]}
    found = superposition.read(elsewhere, weights)
    assert not {"readout", "alignment"} & found.keys()
    assert list(found["left_out"]) == ["readout: the logits are no weighted sum of the units of hidden1"]
    wider = weights | {"logits.weight": np.ones((2, 10, 13))}
    assert "readout" not in superposition.read(record, wider)


def test_of_a_single_unit_nothing_is_rotated():
    record, weights = run(noise=0.3, seed=0)
    alone = record | {"class_mean/hidden1": record["class_mean/hidden1"][:, :1]}
    found = superposition.compare(records={"mlp-raw/0": alone}, weights={"mlp-raw/0": weights}, grid=GRID)
    assert "superposition.units.mlp-raw.hidden1" in found["facts.json"]
    assert "superposition.basis.mlp-raw.hidden1" not in found["facts.json"]
    assert "rotations of hidden1: a single unit" in found["arrays.npz"]["left_out/mlp-raw"][0]


def test_the_study_tells_start_end_and_difference():
    made = {f"{c}/{s}": run(noise=n, seed=s) for c, n in (("mlp-raw", 0.3), ("mlp-normalized", 0.0)) for s in range(6)}
    out = superposition.compare(
        records={name: each[0] for name, each in made.items()},
        weights={name: each[1] for name, each in made.items()},
        grid=GRID,
    )
    facts, arrays = out["facts.json"], out["arrays.npz"]
    assert facts["superposition.interference.mlp-normalized.hidden1"]["value"] == pytest.approx(1 / 81)
    assert facts["superposition.interference_gain.mlp-normalized.hidden1"]["high"] < 0
    assert facts["superposition.interference.difference.mlp:normalized.hidden1"]["high"] < 0
    assert facts["superposition.units.mlp-normalized.hidden1"]["value"] < 2
    assert facts["superposition.alignment.mlp-normalized"]["value"] == pytest.approx(1)
    assert facts["superposition.readout.mlp-raw"]["value"] == pytest.approx(1 / 81)
    assert facts["superposition.size.mlp-raw.hidden1"]["value"] == 12
    assert arrays["interference/mlp-raw/hidden1"].shape == (6, 2)
