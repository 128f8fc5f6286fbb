"""The images and untrained networks that a page is handed: drawn as they are said to be, and small enough."""

import numpy as np
import pytest
import torch

from experiments import train
from experiments.analyses import lesson
from experiments.analyses.lesson import begin, choose

MLP = "experiments.models.mlp:MLP"


def images(count, *, side=8, classes=10, seed=0):
    """Noise, which deflates least; each image has its number in its first two pixels."""
    found = np.random.default_rng(seed).integers(0, 256, (count, side, side), dtype=np.uint8)
    found[:, 0, 0], found[:, 0, 1] = np.arange(count) // 256, np.arange(count) % 256
    return {"images": found, "labels": (np.arange(count) % classes).astype(np.uint8)}


def drawn(many=60, tests=40, probe=(), seed=0, **options):
    sets = {"train": images(many, **options), "test": images(tests, seed=1, **options)}
    return sets, choose(**sets, probe={"index": np.array(probe, dtype=np.int64)}, seed=seed)["lesson.npz"]


def test_images_and_labels_are_those_of_their_places(monkeypatch):
    monkeypatch.setattr(lesson, "SIZES", {"train": 25, "test": 12})
    sets, found = drawn()
    for part, count in (("train", 25), ("test", 12)):
        index = found[f"{part}/index"]
        assert len(index) == len(set(index)) == count
        assert index.tolist() != sorted(index), "in the order of the draw"
        np.testing.assert_array_equal(found[f"{part}/images"], sets[part]["images"][index])
        np.testing.assert_array_equal(found[f"{part}/labels"], sets[part]["labels"][index])


def test_the_seed_decides_the_draw():
    assert drawn()[1]["train/index"].tolist() == drawn()[1]["train/index"].tolist()
    assert drawn()[1]["train/index"].tolist() != drawn(seed=1)[1]["train/index"].tolist()


def test_test_images_are_none_of_the_probe_unless_there_are_no_others():
    probe = list(range(0, 40, 2))
    assert set(drawn(probe=probe)[1]["test/index"]) == set(range(1, 40, 2))
    assert set(drawn(probe=range(40))[1]["test/index"]) == set(range(40))


def test_of_large_images_there_are_as_many_as_have_room(monkeypatch):
    monkeypatch.setattr(lesson, "ROOM", 50_000)
    _, found = drawn(many=60, tests=40, side=32)
    sizes = [len(found[f"{part}/labels"]) for part in ("train", "test")]
    assert 0 < lesson._deflated(found["train/images"], found["test/images"]) <= 50_000
    assert sum(sizes) > 40
    assert sizes[0] / sizes[1] == pytest.approx(1.5, abs=0.2)


def test_a_network_begins_as_training_begins_it():
    few = images(12)
    shared = {"train_set": few, "test_set": few, "probe_set": few, "early": 1, "epochs": 1, "seed": 3}
    architecture = {"build": MLP, "options": {"hidden": [6, 5]}}
    recipe = {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.0, "weight_decay": 0.0, "batch_size": 4}
    trained = train.train(**shared, architecture=architecture, treatment={"mean": 0.0, "std": 1.0}, recipe=recipe)
    before = torch.get_rng_state()
    made = begin(architecture=architecture, shape={"side": 8, "classes": 10}, seed=3)
    assert torch.equal(torch.get_rng_state(), before), "and the caller's chance is left alone"
    assert made["start.json"] == {"layers": ["hidden1", "hidden2", "logits"]}
    assert made["start.npz"].keys() == trained["weights.npz"].keys()
    for name, weights in trained["weights.npz"].items():
        np.testing.assert_array_equal(made["start.npz"][name], weights[0], err_msg=name)
        assert (weights[0] != weights[1]).any()


@pytest.mark.parametrize(
    ("build", "options", "why"),
    [
        (MLP, {"activation": "tanh"}, "hidden1 has tanh"),
        (MLP, {"hidden": [100]}, "it has 79,510 parameters"),
        ("experiments.models.cnn:CNN", {}, "conv1 is a convolution"),
        ("experiments.models.layered:LayeredMLP", {"after": [["relu", "dropout"], ["relu"]]}, "hidden1 has dropout"),
        (
            "experiments.models.layered:LayeredMLP",
            {"after": [["relu", "layernorm"], ["relu"]]},
            "hidden1 has layernorm",
        ),
        ("transformer:VisionTransformer", {}, "patches has patches"),
    ],
)
def test_a_network_that_no_page_can_train_comes_without_weights_and_with_the_reason(build, options, why):
    made = begin(architecture={"build": build, "options": options}, shape={"side": 28, "classes": 10}, seed=0)
    assert made == {"start.json": {"cannot": why}, "start.npz": {}}


@pytest.mark.parametrize("hidden", [[12], [64, 32, 16]])
def test_any_depth_of_dense_layers_can_be_trained(hidden):
    made = begin(architecture={"build": MLP, "options": {"hidden": hidden}}, shape={"side": 20, "classes": 7}, seed=0)
    assert len(made["start.json"]["layers"]) == len(hidden) + 1
