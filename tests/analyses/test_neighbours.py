"""Neighbours: planted clusters are found; the oracle of every measure is scikit-learn."""

import numpy as np
import planted
import pytest
from scipy.stats import mode
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.neighbors import KNeighborsClassifier

from experiments.analyses.geometry import embed
from experiments.analyses.neighbours import compare, examine
from experiments.measures.nearness import (
    distances,
    knn_accuracy,
    nearest,
    overlap,
    trustworthiness,
)


def digits(random, *, per_class: int = 8, units: int = 5, apart: float = 1.0):
    """Ten clouds of unit spread around ten random centres, and their labels."""
    labels = np.tile(np.arange(10, dtype=np.uint8), per_class)
    return random.normal(size=(len(labels), units)) + apart * random.normal(size=(10, units))[labels], labels


def run(random, *, apart: float, hidden: str):
    layers, trajectory = {}, []
    for epoch in range(3):
        points, labels = digits(random, apart=apart * epoch)
        layers |= {f"{epoch}/{hidden}": points, f"{epoch}/logits": points[:, :3]}
        trajectory.append(points)
    inputs = {"layers": layers, "trajectory": {"penultimate": np.stack(trajectory)}, "probe": {"labels": labels}}
    return examine(**inputs, embedded=embed(**inputs)["arrays.npz"])["arrays.npz"]


def study(random, *, seeds: int):
    """Normalized networks pull the digits further apart than raw ones."""
    runs, probes = {}, {}
    for condition in planted.CONDITIONS:
        architecture, _, treatment = condition.partition("-")
        for seed in range(seeds):
            apart = {"raw": 0.5, "normalized": 9.0}[treatment]
            runs[f"{condition}/{seed}"] = run(random, apart=apart, hidden=f"{architecture}1.post")
            read = np.array([20.0, 80 + apart + random.normal()])
            probed = {f"linear_probe/{hook}": read for hook in (f"{architecture}1.post", "logits")}
            probes[f"{condition}/{seed}"] = {"images": np.array([20_000, 10_000]), **probed}
    return compare(runs=runs, probes=probes, grid=planted.GRID)


def test_digits_far_apart_are_read_by_neighbours_and_digits_at_random_are_not(random):
    far, labels = digits(random, apart=30)
    assert knn_accuracy(distances(far), labels, k=5) == 100
    shuffled = random.permutation(labels)
    assert knn_accuracy(distances(far), shuffled, k=5) < 35


def test_rings_within_each_other_are_read_by_neighbours(random):
    labels = np.repeat([0, 1], 100)
    angles = random.uniform(0, 2 * np.pi, 200)
    rings = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (1 + 2 * labels)[:, None]
    assert knn_accuracy(distances(rings), labels) > 95


def test_knn_accuracy_is_that_of_scikit_learn_with_each_image_left_out(random):
    points, labels = digits(random, per_class=15)
    found = KNeighborsClassifier(10).fit(points, labels).kneighbors(return_distance=False)
    expected = 100 * (mode(labels[found], axis=1).mode == labels).mean()
    assert knn_accuracy(distances(points), labels) == pytest.approx(expected)


def test_trustworthiness_is_that_of_scikit_learn_and_one_for_the_space_itself(random):
    points, _ = digits(random)
    drawn = points[:, :2]
    expected = sklearn_trustworthiness(points, drawn, n_neighbors=10)
    assert trustworthiness(distances(points), distances(drawn)) == pytest.approx(expected)
    assert trustworthiness(distances(points), distances(3 * points + 1)) == 1


def test_no_image_is_its_own_neighbour_and_few_images_have_few_neighbours(random):
    points = random.normal(size=(4, 2))
    found = nearest(distances(points))
    assert found.shape == (4, 4) or not (found == np.arange(4)[:, None]).any()
    assert not (nearest(distances(points), k=3) == np.arange(4)[:, None]).any()


def test_overlap_is_everything_for_the_same_layer_and_a_little_for_chance(random):
    points = random.normal(size=(200, 4))
    assert overlap(distances(points), distances(2 * points)) == 100
    assert overlap(distances(points), distances(random.normal(size=(200, 4)))) < 12


def test_scale_and_place_of_a_layer_change_no_measure(random):
    points, labels = digits(random)
    moved = 1000 * points + 5
    assert knn_accuracy(distances(moved), labels) == knn_accuracy(distances(points), labels)


def test_a_layer_that_says_the_same_of_every_image_is_read_at_chance():
    labels = np.tile(np.arange(10), 5)
    points = np.full((50, 4), 3.0)
    assert knn_accuracy(distances(points), labels) == 10


def test_the_study_finds_the_planted_separation(random):
    facts = study(random, seeds=6)["facts.json"]
    for measure in ("knn", "linear_probe"):
        assert facts[f"geometry.{measure}.difference.mlp:normalized.mlp1.post"]["low"] > 0
        assert facts[f"geometry.{measure}_gain.cnn-normalized.cnn1.post"]["low"] > 0
        assert facts[f"geometry.{measure}.difference.raw:cnn.last"]["n"] == 6
    assert "Holm" in facts["geometry.knn_gain.mlp-raw.mlp1.post"]["method"]
    assert facts["geometry.probe_shown"]["value"] == 20_000
    lost = facts["geometry.knn_lost.mlp-normalized.mlp1.post"]
    kept = facts["geometry.knn_plane.mlp-normalized.mlp1.post"]["value"]
    assert lost["value"] == pytest.approx(facts["geometry.knn.mlp-normalized.mlp1.post"]["value"] - kept)


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts_and_whole_arrays(random, seeds):
    found = study(random, seeds=seeds)
    numbers = [fact[key] for fact in found["facts.json"].values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
    assert found["arrays.npz"]["knn/mlp-raw/logits"].shape == (seeds, 3)
    assert found["arrays.npz"]["linear_probe/mlp-raw/logits"].shape == (seeds, 2)
    assert found["arrays.npz"]["knn_plane_by_epoch/cnn-raw"].shape == (seeds, 3)
