"""The input treatment: constants, transforms, and what the training images decide."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from experiments.treatment import in_pixels, measured, shuffled, treat

SHUFFLED = {"function": "experiments.treatment:shuffled", "options": {"seed": 3}}


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 12, 12), dtype=np.uint8)


def halved(pixels):
    return pixels / 2


def cut(pixels):
    return pixels[..., 1:]


def test_the_constants_are_taken_off_pixels_between_zero_and_one(images):
    expected = (images[:, None] / 255 - 0.25) / 0.5
    np.testing.assert_allclose(treat(images, mean=0.25, std=0.5).numpy(), expected, atol=1e-6)


def test_a_shuffle_is_the_same_for_every_image_and_loses_nothing(images):
    shown = shuffled(in_pixels(images), seed=3)
    order = [int((in_pixels(images)[:, 0].flatten(1) == column[:, None]).all(0).nonzero()[0]) for column in
             shown.flatten(1).T]  # fmt: skip
    assert sorted(order) == list(range(144))
    assert order != list(range(144))
    assert torch.equal(shuffled(in_pixels(images), seed=3), shown)
    assert not torch.equal(shuffled(in_pixels(images), seed=4), shown)


def test_transforms_come_before_the_constants_and_in_their_order(images):
    half = {"function": f"{__name__}:halved", "options": {}}
    expected = (shuffled(in_pixels(images), seed=3) / 2 - 0.1) / 0.4
    for transforms in ([SHUFFLED, half], [half, SHUFFLED]):
        assert torch.allclose(treat(images, mean=0.1, std=0.4, transforms=transforms), expected)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("experiments.treatment:twisted", "no transform is called 'experiments.treatment:twisted'"),
        ("experiments.nowhere:twisted", "no transform is called"),
        (f"{__name__}:cut", r"makes \(6, 1, 12, 11\) of \(6, 1, 12, 12\): keep the shape"),
    ],
)
def test_a_transform_that_cannot_be_is_named(images, function, said):
    with pytest.raises(ValueError, match=said):
        treat(images, mean=0.0, std=1.0, transforms=[{"function": function, "options": {}}])


def test_constants_that_the_training_images_decide_are_those_of_all_their_pixels(images):
    found = measured(train={"images": images}, mean="training", std="training")["treatment.json"]
    assert found == {"mean": round(images.mean() / 255, 4), "std": round(images.std() / 255, 4)}
    treated = treat(images, **found)
    assert abs(float(treated.mean())) < 1e-3
    assert float(treated.std()) == pytest.approx(1, abs=2e-3)


def test_a_number_stays_and_a_transform_comes_first(images):
    half = {"function": f"{__name__}:halved", "options": {}}
    found = measured(train={"images": images}, mean=0.2, std="training", transforms=[half])["treatment.json"]
    assert found == {"mean": 0.2, "std": round(images.std() / 510, 4), "transforms": [half]}


def test_images_that_are_all_alike_have_no_spread():
    with pytest.raises(ValueError, match="all pixels of the training images are alike"):
        measured(train={"images": np.zeros((3, 8, 8), np.uint8)}, mean=0.0, std="training")
