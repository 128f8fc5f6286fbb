"""The whole range of a unit: all images are in it once, silence stands apart, and groups hold what was planted."""

import numpy as np
import pytest

from experiments.analyses.ranges import EXAMPLES, GROUPS, density, examples, favourite, groups, read

NO_ONE = np.zeros(1000, dtype=bool)
ARCHITECTURE = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [3]}}


def rectified(random, *, shift=0.0):
    return np.maximum(random.normal(size=1000) + shift, 0).astype(np.float32)


@pytest.mark.parametrize("values", [rectified, lambda random: random.normal(size=1000).astype(np.float32)])
def test_a_density_and_the_share_at_zero_add_up_to_one(random, values):
    said = values(random)
    found = density(said, NO_ONE)
    widths = np.diff(found["edges"]).astype(np.float64)
    height = found["counts"] / (len(said) * widths)
    assert (height * widths).sum() + found["zero"] / len(said) == pytest.approx(1)
    assert widths == pytest.approx(widths[0], rel=1e-4)
    assert found["zero"] == (said == 0).sum()


def test_a_density_has_its_two_humps_where_they_were_planted_and_its_own_class_in_one_of_them(random):
    own = np.arange(1000) < 300
    said = np.where(own, 8 + random.normal(size=1000), 2 + 0.2 * random.normal(size=1000)).astype(np.float32)
    found = density(said, own)
    middles = (found["edges"][:-1] + found["edges"][1:]) / 2
    assert found["counts"][middles < 4].sum() == 700
    assert found["own"].sum() == 300
    assert (found["own"] == found["counts"])[middles > 4].all()


@pytest.mark.parametrize("value", [0.0, 3.0, -3.0])
def test_a_unit_that_says_one_thing_to_all_images_has_a_density_too(value):
    found = density(np.full(1000, value, dtype=np.float32), NO_ONE)
    assert np.isfinite(found["edges"]).all()
    assert found["counts"].sum() + found["zero"] == 1000


@pytest.mark.parametrize("shift", [-9, -1, 0, 9])
def test_groups_hold_every_image_once_from_the_weakest_to_the_strongest_and_silence_is_one_of_them(random, shift):
    said = rectified(random, shift=shift)
    found = groups(said)
    assert sorted(np.concatenate(found)) == list(range(1000))
    ordered = np.concatenate([said[group] for group in found])
    assert (np.diff(ordered) >= 0).all()
    silent = int((said == 0).sum())
    assert len(found) == (GROUPS if silent < 991 else 1 + 1000 - silent)
    assert not silent or len(found[0]) == silent
    rest = [len(group) for group in (found[1:] if silent else found)]
    assert not rest or max(rest) - min(rest) <= 1


def test_a_unit_that_can_be_negative_is_never_silent(random):
    said = random.normal(size=1000)
    said[:300] = 0
    assert [len(group) for group in groups(said)] == [100] * 10


def test_the_favourite_class_has_the_largest_mean_and_not_the_largest_sum():
    labels = np.array([0, 0, 0, 2, 2])
    assert favourite(np.array([1.0, 1.0, 1.0, 1.25, 1.0]), labels) == 2


def test_examples_are_different_images_from_all_over_their_group():
    assert examples(np.arange(100, 200)).tolist() == [116, 150, 183]
    for many in (1, 2, 3, 4):
        found = examples(np.arange(many))
        assert len(set(found)) == len(found) == min(many, EXAMPLES)


def test_groups_consist_of_the_classes_that_were_planted():
    """Unit 0 says 2 to one class and 1 to another, unit 1 nothing, unit 2 the same to all."""
    labels = (np.arange(60) % 3).astype(np.uint8)
    images = np.zeros((60, 28, 28), dtype=np.uint8)
    images[np.arange(60), 0, labels] = 255
    first, bias = np.zeros((3, 784)), np.array([0, -1, 1])
    first[0, :3] = [0, 2, 1]
    state = {
        "hidden1.weight": first,
        "hidden1.bias": bias,
        "logits.weight": np.zeros((3, 3)),
        "logits.bias": np.zeros(3),
    }
    found = read(
        weights={name: values[None].astype(np.float32) for name, values in state.items()},
        probe={"images": images, "labels": labels},
        architecture=ARCHITECTURE,
        treatment={"mean": 0.0, "std": 1.0},
    )["ranges.npz"]
    shares = found["classes/hidden1"]
    assert shares.sum(axis=(1, 2)).tolist() == [60, 60, 60]
    assert shares[0, 0].tolist() == [20, 0, 0]
    assert shares[0, 1:5].sum(axis=0).tolist() == [0, 0, 20]
    assert shares[0, -4:].sum(axis=0).tolist() == [0, 16, 0]
    assert found["bounds/hidden1"][0, -1].tolist() == [2, 2]
    assert found["zero/hidden1"].tolist() == [20, 60, 0]
    assert found["own/hidden1"][0].sum() == 20
    assert shares[1, 0].sum() == 60
    assert (found["examples/hidden1"][1, 1:] == -1).all()
    top = found["examples/hidden1"][0, -1]
    assert (labels[top[top >= 0]] == 1).all()
    assert (top >= 0).any()
