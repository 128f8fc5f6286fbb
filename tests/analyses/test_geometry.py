"""Geometry: lines, planes and rotations that were planted are recognised; oracles are eigenvalues and scikit-learn."""

import numpy as np
import planted
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from experiments.analyses.geometry import compare, effective_dimension, embed, plane, silhouette


def digits(random, *, per_class: int = 6, units: int = 5, apart: float = 1.0):
    """Ten clouds of unit spread around ten random centres, and their labels."""
    labels = np.tile(np.arange(10, dtype=np.uint8), per_class)
    return random.normal(size=(len(labels), units)) + apart * random.normal(size=(10, units))[labels], labels


def network(random, *, apart: float, hidden: str) -> dict[str, dict[str, np.ndarray]]:
    """One run: layers that come apart by epoch, and its probe set."""
    layers, trajectory = {}, []
    for epoch in range(3):
        points, labels = digits(random, apart=apart * epoch)
        layers |= {f"{epoch}/{hidden}": points, f"{epoch}/logits": points[:, :3]}
        trajectory.append(points)
    return {"layers": layers, "trajectory": {"penultimate": np.stack(trajectory)}, "probe": {"labels": labels}}


def study(random, *, seeds: int = 3):
    """Normalized networks pull the digits further apart than raw ones."""
    runs = {}
    for condition in planted.CONDITIONS:
        architecture, _, treatment = condition.partition("-")
        for seed in range(seeds):
            apart, hidden = {"raw": 1.0, "normalized": 9.0}[treatment], f"{architecture}1.post"
            inputs = network(random, apart=apart, hidden=hidden)
            runs[f"{condition}/{seed}"] = embed(**inputs)["arrays.npz"]
    return compare(runs=runs, probe=inputs["probe"], grid=planted.GRID)


def test_a_line_has_dimension_one_and_an_even_ball_has_all_of_its_dimensions(random):
    assert effective_dimension(np.outer(np.arange(20.0), random.normal(size=7))) == pytest.approx(1)
    corners = np.vstack([np.eye(4), -np.eye(4)])
    assert effective_dimension(corners) == pytest.approx(4)


@pytest.mark.parametrize("shape", [(50, 8), (8, 50)])
def test_effective_dimension_is_the_participation_ratio_of_the_eigenvalues(random, shape):
    points = random.normal(size=shape) * np.linspace(0.1, 3, shape[1])
    eigenvalues = np.linalg.eigvalsh(np.cov(points.T))
    assert effective_dimension(points) == pytest.approx(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def test_rotating_scaling_and_moving_a_layer_changes_no_measure(random):
    points, labels = digits(random)
    rotation, _ = np.linalg.qr(random.normal(size=(5, 5)))
    turned = 7 * points @ rotation + 3
    assert silhouette(turned, labels) == pytest.approx(silhouette(points, labels))
    assert effective_dimension(turned) == pytest.approx(effective_dimension(points))
    assert plane(turned, labels)[0] == pytest.approx(plane(points, labels)[0])
    assert plane(turned, labels)[1] == pytest.approx(plane(points, labels)[1])


def test_the_silhouette_is_that_of_scikit_learn_and_grows_as_digits_come_apart(random):
    near, labels = digits(random, apart=0.5)
    far, _ = digits(random, apart=20)
    assert silhouette(near, labels) == pytest.approx(silhouette_score(near, labels))
    assert silhouette(far, labels) > 0.6 > silhouette(near, labels)


@pytest.mark.parametrize("units", [5, 100])
def test_the_plane_is_that_of_pca_up_to_scale_and_sign(random, units):
    points, labels = digits(random, units=units)
    places, shares = plane(points, labels)
    oracle = PCA(n_components=2, svd_solver="full").fit(points)
    expected = oracle.transform(points)
    expected /= np.sqrt((expected**2).sum(axis=1).mean())
    assert np.abs(places) == pytest.approx(np.abs(expected), abs=1e-6)
    assert shares[:2] == pytest.approx(oracle.explained_variance_ratio_)


def test_components_are_turned_so_that_the_first_digit_lies_on_their_positive_side(random):
    points, labels = digits(random, apart=3)
    assert (plane(points, labels)[0][labels == 0].mean(axis=0) > 0).all()
    assert plane(-points, labels)[0] == pytest.approx(plane(points, labels)[0])


def test_a_layer_that_says_the_same_of_every_image_has_no_geometry():
    labels = np.arange(20) % 10
    points = np.full((20, 4), 3.0)
    places, shares = plane(points, labels)
    assert not places.any()
    assert not shares.any()
    assert silhouette(points, labels) == effective_dimension(points) == 0


def test_convolutional_layers_are_read_flattened_and_one_unit_is_enough(random):
    labels = np.arange(20) % 10
    layers = {"0/conv1.pooled": random.normal(size=(20, 2, 3, 3)), "0/logits": random.normal(size=(20, 1))}
    arrays = embed(layers=layers, trajectory={"penultimate": np.zeros((1, 20, 4))}, probe={"labels": labels})[
        "arrays.npz"
    ]
    assert list(arrays["hook_points"]) == ["conv1.pooled", "logits"]
    assert arrays["variance/conv1.pooled"].shape == (1, 10)
    assert arrays["coordinates/logits"].shape == (1, 20, 2)
    assert arrays["dimension/logits"] == pytest.approx(1)


def test_moments_are_in_the_order_of_epochs_not_of_names(random):
    points, labels = digits(random)
    layers = {f"{epoch}/logits": points * (epoch == 10) for epoch in (0, 10, 2)}
    arrays = embed(layers=layers, trajectory={"penultimate": points[None]}, probe={"labels": labels})["arrays.npz"]
    assert list(arrays["epochs"]) == [0, 2, 10]
    assert list(arrays["dimension/logits"] > 0) == [False, False, True]


def test_the_study_finds_the_planted_separation(random):
    facts = study(random)["facts.json"]
    assert facts["geometry.silhouette.difference.mlp:normalized.mlp1.post"]["low"] > 0
    assert facts["geometry.silhouette_gain.cnn-normalized.cnn1.post"]["low"] > 0
    assert facts["geometry.silhouette.difference.raw:cnn.last"]["n"] == 3


def test_arrays_keep_the_coordinates_of_the_first_seed_only(random):
    arrays = study(random, seeds=2)["arrays.npz"]
    assert arrays["coordinates/mlp-raw/logits"].shape == (3, 60, 2)
    assert arrays["silhouette/mlp-raw/logits"].shape == (2, 3)
    assert arrays["specimen/mlp-raw"] == 0
    assert arrays["silhouette_by_epoch/cnn-raw"].shape == (2, 3)


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(random, seeds):
    facts = study(random, seeds=seeds)["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
