"""The analysis of the data recovers planted counts, pixel values and moments of the input."""

from __future__ import annotations

import re

import numpy as np
import pytest

from experiments.analyses import data

TREATMENTS = {"raw": {"mean": 0.0, "std": 1.0}, "normalized": {"mean": 0.2, "std": 0.4}}


def images_of(labels, *, seed=0):
    """Random images in which about half of the pixels are black; the first column is black in every one."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (len(labels), 28, 28)) * rng.integers(0, 2, (len(labels), 28, 28))
    images[:, :, 0] = 0
    return {"images": images.astype(np.uint8), "labels": np.asarray(labels, np.uint8)}


def examined(*, train=None, probe_per_class=12, names="0123456789"):
    probe = images_of(np.tile(np.arange(10), probe_per_class), seed=2)
    return data.examine(
        train=train or images_of(np.repeat(np.arange(10), 12)),
        test=images_of(np.repeat(np.arange(10), 3), seed=1),
        probe=probe | {"index": np.arange(len(probe["labels"])) * 2},
        card={"class_names": list(names)},
        treatments=TREATMENTS,
    )


def value(facts, name):
    return facts[f"data.{name}"]["value"]


def test_counts_are_those_of_the_sets():
    labels = [0] * 10 + [1] * 30 + [label for label in range(2, 10) for _ in range(20)]
    facts = examined(train=images_of(labels))["facts.json"]
    assert value(facts, "count.train") == 200
    assert value(facts, "count.test") == 30
    assert (value(facts, "count.probe"), value(facts, "probe_per_class")) == (120, 12)
    assert value(facts, "class_count.train.1") == 30
    assert (value(facts, "smallest_class.train"), value(facts, "smallest_share.train")) == (0, 5)
    assert (value(facts, "largest_class.train"), value(facts, "largest_share.train")) == (1, 15)


def test_pixel_facts_are_those_of_the_training_images():
    train = images_of(np.repeat(np.arange(10), 12))
    facts, pixels = examined(train=train)["facts.json"], train["images"] / 255
    assert value(facts, "pixel_mean") == pytest.approx(pixels.mean())
    assert value(facts, "pixel_std") == pytest.approx(pixels.std())
    assert value(facts, "black_share") == pytest.approx(100 * (pixels == 0).mean())
    assert value(facts, "constant_pixels") == 28
    parts = (value(facts, f"{part}_share") for part in ("black", "grey", "white"))
    assert sum(parts) == pytest.approx(100)


def test_moments_are_those_of_the_images_as_vectors():
    images = images_of(np.zeros(5000))["images"]  # more than one block
    vectors = images.reshape(len(images), -1) / 255
    moments = data.pixel_moments(images)
    np.testing.assert_allclose(moments["mean"], vectors.mean(axis=0))
    np.testing.assert_allclose(moments["second"], vectors.T @ vectors / len(vectors))


def test_treated_moments_are_the_moments_of_treated_images():
    images = images_of(np.zeros(50))["images"]
    vectors = (images.reshape(len(images), -1) / 255 - 0.2) / 0.4
    moments = data.treated_moments(data.pixel_moments(images), mean=0.2, std=0.4)
    np.testing.assert_allclose(moments["mean"], vectors.mean(axis=0))
    np.testing.assert_allclose(moments["second"], vectors.T @ vectors / len(vectors), atol=1e-12)


def test_the_spectrum_of_one_repeated_image_is_its_squared_length_and_zeros():
    images = np.repeat(images_of([0])["images"], 20, axis=0)
    spectrum = data.spectrum_of(data.pixel_moments(images)["second"])
    assert spectrum[0] == pytest.approx(((images[0] / 255) ** 2).sum())
    assert spectrum[1:].max() < 1e-9 * spectrum[0]


def test_a_planted_mean_direction_is_the_leading_one_and_normalizing_shortens_it():
    labels = np.repeat(np.arange(10), 12)
    train = images_of(labels)
    train["images"] = (80 + train["images"] // 8).astype(np.uint8)  # every pixel bright: a mean far from zero
    facts = examined(train=train)["facts.json"]
    assert value(facts, "leading_share.raw") > 90
    assert value(facts, "mean_share.normalized") < value(facts, "mean_share.raw")
    assert value(facts, "leading_ratio.normalized") < value(facts, "leading_ratio.raw")


def test_a_treatment_moves_black_and_white_where_it_says():
    facts = examined()["facts.json"]
    assert (value(facts, "black.raw"), value(facts, "white.raw")) == (0, 1)
    assert value(facts, "black.normalized") == pytest.approx(-0.5)
    assert value(facts, "white.normalized") == pytest.approx(2)


def test_treating_with_the_sets_own_constants_leaves_mean_zero_and_deviation_one():
    train = images_of(np.repeat(np.arange(10), 12))
    own = {"mean": float((train["images"] / 255).mean()), "std": float((train["images"] / 255).std())}
    _, facts = data._treatment_facts("own", data.pixel_moments(train["images"]), **own)
    assert value(facts, "treated_mean.own") == 0
    assert value(facts, "treated_std.own") == 1


def test_class_images_are_the_mean_and_the_spread_of_each_class():
    train = images_of(np.repeat(np.arange(10), 12))
    arrays, of_seven = examined(train=train)["arrays.npz"], train["images"][train["labels"] == 7] / 255
    np.testing.assert_allclose(arrays["class_mean"][7], of_seven.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(arrays["class_std"][7], of_seven.std(axis=0), rtol=1e-5)


def test_snippets_are_ten_of_each_class_in_the_order_of_the_test_set():
    snippets = examined()["examples.npz"]
    assert snippets["images"].shape == (100, 28, 28)
    assert snippets["images"].dtype == np.uint8
    assert (np.bincount(snippets["labels"]) == 10).all()
    assert (np.diff(snippets["index"]) > 0).all()
    assert len(examined(probe_per_class=4)["examples.npz"]["labels"]) == 40


def test_a_class_with_few_images_leaves_its_other_places_black():
    labels = [0] + [label for label in range(1, 10) for _ in range(5)]
    examples = examined(train=images_of(labels))["arrays.npz"]["example_images"]
    assert examples[0, 0].any()
    assert not examples[0, 1:].any()
    assert examples[1].any(axis=(1, 2)).all()


def test_facts_have_proper_names_and_finite_values():
    facts = examined(names=["T-shirt/top", *"123456789"])["facts.json"]
    assert all(re.fullmatch(r"data\.[a-z0-9_.-]+", name) for name in facts)
    assert all(np.isfinite(fact["value"]) for fact in facts.values())
