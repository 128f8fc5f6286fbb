"""Linear probes: the oracle is scikit-learn; what no straight cut can read is not read."""

import numpy as np
import planted
import pytest
from sklearn.linear_model import LogisticRegression

from experiments.analyses import probes as of_networks
from experiments.measures.probes import linear_probe_accuracy, logistic, standardized


def clouds(random, *, images=600, units=5, apart=1.0):
    """Ten clouds of unit spread around random centres: half of the images to be shown, half of them new."""
    labels = np.arange(images) % 10
    points = random.normal(size=(images, units)) + apart * random.normal(size=(10, units))[labels]
    half = images // 2
    return points[:half], labels[:half], points[half:], labels[half:]


def test_the_fit_is_that_of_scikit_learn(random):
    points, labels, _, _ = clouds(random)
    penalty = 0.01
    oracle = LogisticRegression(C=1 / (penalty * len(points)), tol=1e-8, max_iter=1000).fit(points, labels)
    weights, bias = logistic(points, labels, classes=10, penalty=penalty, steps=1000)
    assert weights == pytest.approx(oracle.coef_.T, abs=5e-3)
    assert bias - bias.mean() == pytest.approx(oracle.intercept_ - oracle.intercept_.mean(), abs=2e-2)


def test_clouds_far_apart_are_read_and_labels_at_random_are_not(random):
    shown, labels, new, truth = clouds(random, apart=30)
    assert linear_probe_accuracy(shown, labels, new, truth) == 100
    assert linear_probe_accuracy(shown, random.permutation(labels), new, truth) < 35


def test_a_probe_is_trained_to_tell_classes_of_unequal_shape_apart(random):
    labels = np.arange(4000) % 2
    points = np.stack([np.where(labels, random.uniform(0.1, 40, 4000), random.uniform(-0.3, -0.1, 4000))], axis=1)
    half = len(points) // 2
    read = linear_probe_accuracy(points[:half], labels[:half], points[half:], labels[half:])
    assert read > 97, "a cut half way between the means of the classes would read three in four"


def test_rings_within_each_other_are_not_read_by_a_straight_cut(random):
    labels, angles = np.arange(400) % 2, random.uniform(0, 2 * np.pi, 400)
    rings = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (1 + 2 * labels)[:, None]
    assert linear_probe_accuracy(rings[:200], labels[:200], rings[200:], labels[200:]) < 75


def test_scale_and_place_of_a_layer_change_nothing_and_units_that_never_vary_are_left_out(random):
    shown, labels, new, truth = clouds(random)
    told = linear_probe_accuracy(shown, labels, new, truth)
    moved = [np.pad(1000 * points + 5, ((0, 0), (0, 1)), constant_values=3) for points in (shown, new)]
    assert linear_probe_accuracy(moved[0], labels, moved[1], truth) == pytest.approx(told, abs=0.7)
    assert standardized(*moved)[0].shape == shown.shape


def test_a_layer_that_says_the_same_of_every_image_is_read_at_chance_and_missing_classes_are_named_right():
    labels = np.arange(50) % 10
    assert linear_probe_accuracy(np.full((50, 4), 3.0), labels, np.full((50, 4), 3.0), labels) == pytest.approx(10)
    two = np.array([2, 7] * 25)
    points = np.where(two == 7, 1.0, -1.0)[:, None]
    assert linear_probe_accuracy(points, two, points, two) == 100


def test_every_layer_is_probed_untrained_and_at_the_end_with_test_images(random):
    given = planted.digits(random, per_class=4)
    state = {name: value.numpy() for name, value in planted.network("cnn").state_dict().items()}
    weights = {name: np.stack([value, np.zeros_like(value)]) for name, value in state.items()}  # it forgets everything
    inputs = {"architecture": planted.ARCHITECTURES["cnn"], "treatment": planted.NORMALIZED}
    arrays = of_networks.read(weights=weights, train=given, test=given, **inputs)["arrays.npz"]
    assert arrays["hook_points"].tolist() == ["conv1.pooled", "conv2.pooled", "hidden3.post", "logits"]
    before, after = arrays["linear_probe/conv1.pooled"]
    assert before > 90
    assert after == pytest.approx(10)
