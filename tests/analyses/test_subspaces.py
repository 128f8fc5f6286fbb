"""Subspaces: units that were planted to matter are kept first; the oracle of the silhouette is scikit-learn."""

from itertools import combinations

import numpy as np
import planted
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from experiments.analyses.subspaces import (
    DRAWS,
    WAYS,
    compare,
    curve,
    examine,
    greedy,
    principal_axes,
    silhouette,
    squares,
)


def layer(random, *, telling: int, units: int = 6, per_class: int = 8):
    """Units that are noise but for the first `telling`, which place the digits far apart; and the labels."""
    labels = np.tile(np.arange(10, dtype=np.uint8), per_class)
    points = random.uniform(size=(len(labels), units))
    points[:, :telling] += 20 * random.uniform(size=(10, telling))[labels]
    return points, labels


def run(random, *, telling: int):
    points, labels = layer(random, telling=telling)
    trajectory = {"penultimate": np.stack([np.zeros_like(points), points]).astype(np.float32)}
    return examine(trajectory=trajectory, probe={"labels": labels}, seed=0)["arrays.npz"]


@pytest.mark.parametrize("kept", [[0], [2, 5], [0, 1, 2, 3, 4, 5]])
def test_the_silhouette_of_a_subset_is_exactly_that_of_scikit_learn(random, kept):
    points, labels = layer(random, telling=2)
    found = silhouette(squares(points)[kept].sum(axis=0), labels)
    assert found == pytest.approx(silhouette_score(points[:, kept], labels), abs=1e-12)


def test_the_silhouette_is_that_of_scikit_learn_where_classes_differ_in_size_and_points_coincide(random):
    labels = np.array([0] * 5 + [1] * 2 + [2] + [3] * 4)
    points = random.integers(3, size=(12, 2)).astype(float)
    assert silhouette(squares(points).sum(axis=0), labels) == pytest.approx(silhouette_score(points, labels))


def test_one_point_has_no_silhouette():
    assert silhouette(np.zeros((20, 20)), np.tile(np.arange(10), 2)) == 0


def test_a_curve_adds_one_unit_after_the_other(random):
    points, labels = layer(random, telling=2)
    found = curve(squares(points), labels, [3, 0, 1])
    expected = [silhouette_score(points[:, kept], labels) for kept in ([3], [3, 0], [3, 0, 1])]
    assert found == pytest.approx(expected)


def test_the_greedy_search_takes_the_telling_units_first_and_the_best_next_one_each_time(random):
    points, labels = layer(random, telling=3)
    order = greedy(squares(points), labels)
    assert sorted(order) == list(range(6))
    assert set(order[:3]) == {0, 1, 2}
    pairs = {pair: silhouette_score(points[:, pair], labels) for pair in combinations(range(6), 2)}
    assert set(order[:2]) == set(max(pairs, key=pairs.get))
    for length in range(2, 6):
        scores = {unit: silhouette_score(points[:, [*order[:length], unit]], labels) for unit in order[length:]}
        assert max(scores, key=scores.get) == order[length]


def test_a_unit_that_is_silent_on_most_images_is_no_beginning(random):
    points, labels = layer(random, telling=2, units=4)
    points[:, 2:] = 0
    points[labels == 7, 2] = random.uniform(size=(labels == 7).sum())
    assert set(greedy(squares(points), labels)[:2]) == {0, 1}


def test_a_layer_of_one_unit_has_one_order(random):
    points, labels = layer(random, telling=1, units=1)
    assert greedy(squares(points), labels) == [0]


def test_the_principal_axes_are_those_of_pca(random):
    points, _ = layer(random, telling=2)
    oracle = PCA().fit(points).components_.T
    assert np.abs(principal_axes(points)) == pytest.approx(np.abs(oracle))


def test_all_ways_meet_when_everything_is_kept(random):
    found = run(random, telling=2)
    ends = [np.atleast_2d(found[way])[:, -1] for way in WAYS]
    assert np.ptp(np.concatenate(ends)) < 1e-9
    assert found["random"].shape == found["rotated"].shape == (DRAWS, 6)


def test_units_are_judged_on_images_that_they_were_not_chosen_by(random):
    points, labels = layer(random, telling=0)
    first = np.arange(len(labels)) // 10 % 2 == 0  # the images by which units are chosen
    points[first, 4] = 50 * labels[first]
    trajectory = {"penultimate": points[None].astype(np.float32)}
    found = examine(trajectory=trajectory, probe={"labels": labels}, seed=0)["arrays.npz"]
    assert 4 in found["order/greedy"][:2]
    assert found["greedy"][1] < 0.1


def test_the_study_tells_chosen_units_from_random_ones(random):
    runs = {f"{condition}/{seed}": run(random, telling=2) for condition in planted.CONDITIONS for seed in range(3)}
    found = compare(runs=runs, grid=planted.GRID)
    facts = found["facts.json"]
    assert facts["geometry.subspace.greedy.mlp-raw"]["value"] > facts["geometry.subspace.random.mlp-raw"]["value"]
    assert facts["geometry.subspace_over_random.greedy.mlp-raw"]["n"] == 3
    assert facts["geometry.subspace_over_random.rotated.cnn-raw"]["value"] == pytest.approx(
        -facts["geometry.subspace_over_rotated.random.cnn-raw"]["value"]
    )
    assert facts["geometry.subspace_enough.greedy.cnn-raw"]["value"] <= 2
    assert "geometry.subspace_enough.difference.normalized:cnn" in facts
    assert found["arrays.npz"]["band/mlp-raw"].shape == (2, 3, 6)
    assert (found["arrays.npz"]["band/mlp-raw"][0] <= found["arrays.npz"]["random/mlp-raw"] + 1e-6).all()


def test_a_single_seed_has_finite_facts(random):
    facts = compare(
        runs={f"{condition}/0": run(random, telling=1) for condition in planted.CONDITIONS}, grid=planted.GRID
    )["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()


def test_a_layer_of_a_single_unit_has_one_axis():
    assert np.abs(principal_axes(np.arange(5.0)[:, None])).tolist() == [[1.0]]
