"""Places of images: what is packed comes out again, maps are turned and never bent, answers are the network's own."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments import models
from experiments.analyses.places import aligned, answered, place, quantised, restored, rotation, sheet
from experiments.treatment import treat

RNG = np.random.default_rng(0)
MLP = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [12, 6]}}
RAW = {"mean": 0.0, "std": 1.0}
IMAGES = RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8)
PROBE = {"images": IMAGES, "labels": np.repeat(np.arange(10), 4).astype(np.uint8), "index": np.arange(100, 140)}


def turned(points, angle, mirrored=False):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ (turn * [[1], [-1]] if mirrored else turn)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_no_coordinate_is_moved_by_more_than_half_a_step(seed, size):
    frames = size * np.random.default_rng(seed).normal(size=(3, 20, 2))
    codes, limit = quantised(frames)
    assert codes.min() >= 0
    assert codes.max() <= 4095
    assert np.abs(restored(codes, limit) - frames).max() <= limit / 4095 * (1 + 1e-9)


def test_a_layer_that_says_the_same_of_every_image_is_one_point_in_the_middle():
    codes, limit = quantised(np.zeros((1, 5, 2)))
    assert np.ptp(codes) == 0
    assert np.abs(restored(codes, limit)).max() < 0.001


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_map_is_turned_back(mirrored):
    points = RNG.normal(size=(30, 2))
    there = turned(points, 2.1, mirrored)
    np.testing.assert_allclose(there @ rotation(there, points), points, atol=1e-12)


def test_successive_maps_that_only_turn_stand_still_once_they_are_aligned():
    points = RNG.normal(size=(30, 2))
    frames = np.stack([turned(points, angle, mirrored=angle > 1) for angle in (0, 0.7, 1.4, 3.0)])
    found = aligned(frames, onto=points)
    np.testing.assert_allclose(found, np.broadcast_to(points, found.shape), atol=1e-12)


def test_alignment_keeps_all_distances():
    frames = RNG.normal(size=(3, 30, 2))
    found = aligned(frames, onto=RNG.normal(size=(30, 2)))
    for before, after in zip(frames, found, strict=True):
        apart = [np.linalg.norm(each[:, None] - each[None], axis=2) for each in (before, after)]
        np.testing.assert_allclose(*apart, atol=1e-12)


@pytest.fixture
def weights():
    """An MLP at three epochs, each with weights of its own."""
    states = []
    for seed in range(3):
        torch.manual_seed(seed)
        states.append(models.build(MLP["build"], options=MLP["options"]).state_dict())
    return {name: np.stack([state[name].numpy() for state in states]) for name in states[0]}


def network(weights, epoch):
    model = models.build(MLP["build"], options=MLP["options"])
    model.load_state_dict({name: torch.tensor(values[epoch]) for name, values in weights.items()})
    return model.eval()


def test_answers_and_their_probabilities_are_the_networks_at_each_epoch(weights):
    answers, confidence = answered(weights, IMAGES, architecture=MLP, treatment=RAW)
    for epoch in range(3):
        with torch.no_grad():
            probability = network(weights, epoch)(treat(IMAGES, **RAW)).double().softmax(dim=1).numpy()
        np.testing.assert_array_equal(answers[epoch], probability.argmax(axis=1))
        assert (confidence[epoch] <= 100 * probability.max(axis=1)).all()
        assert (confidence[epoch] > 100 * probability.max(axis=1) - 1).all()


@pytest.fixture
def planes():
    hooks = ("hidden1.post", "hidden2.post", "logits")
    coordinates = {f"coordinates/{hook}": RNG.normal(size=(3, 40, 2)).astype(np.float16) for hook in hooks}
    return {"hook_points": np.array(hooks), "epochs": np.array([0, 1, 2]), **coordinates}


@pytest.fixture
def read(planes, weights):
    """Reads the network's places, with t-SNE and UMAP where they are given."""

    def read(bent):
        trajectory = {"penultimate": RNG.random((3, 40, 6)).astype(np.float32)}
        options = {"planes": planes, "reference": planes, "trajectory": trajectory, "weights": weights}
        return place(**options, bent=bent, probe=PROBE, architecture=MLP, treatment=RAW)["places.npz"]

    return read


def unpacked(found, name):
    low, high = found[f"places/{name}"].astype(np.int64)
    return restored(low + 256 * high, float(found[f"limit/{name}"]))


def test_every_hidden_layer_has_its_plane_and_the_logits_have_none(read):
    found = read({})
    assert {name for name in found if name.startswith("places/")} == {
        "places/pca/hidden1.post",
        "places/pca/hidden2.post",
    }
    np.testing.assert_array_equal(found["epochs/pca/hidden2.post"], [0, 1, 2])


def test_a_planted_cluster_is_still_one_after_packing(read, planes):
    places = RNG.normal(size=(3, 40, 2))
    places[:, PROBE["labels"] == 7] = 10 + 0.01 * RNG.normal(size=(3, 4, 2))
    bent = {"maps": {f"coordinates/umap/{hook}": places for hook in ("hidden1.post", "hidden2.post")}}
    found = unpacked(read(bent), "umap/hidden1.post")
    for frame in found:
        middle = frame[PROBE["labels"] == 7].mean(axis=0)
        apart = np.linalg.norm(frame - middle, axis=1)
        assert apart[PROBE["labels"] == 7].max() < 0.1 < apart[PROBE["labels"] != 7].min()


def test_a_method_that_was_not_run_is_left_out(read):
    bent = {
        "maps": {f"coordinates/tsne/{hook}": RNG.normal(size=(3, 40, 2)) for hook in ("hidden1.post", "hidden2.post")}
    }
    methods = {name.split("/")[1] for name in read(bent) if name.startswith("places/")}
    assert methods == {"pca", "tsne"}


def test_the_sheet_keeps_images_in_sixteen_greys_and_their_places_in_the_test_set():
    found = sheet(probe=PROBE)["sheet.npz"]
    assert found["images"].max() == 15
    assert np.abs(found["images"] * 17.0 - IMAGES).max() <= 8.5
    np.testing.assert_array_equal(found["index"], PROBE["index"])
