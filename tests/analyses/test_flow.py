"""One image on its way through a network: what is handed on is the network's own, and products are counted by hand."""

import numpy as np
import pytest
import torch

from experiments import models
from experiments.analyses.flow import read
from experiments.hooks import run_with_cache
from experiments.networks import at_epoch

RAW = {"mean": 0.0, "std": 1.0}
MLP = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [6, 5]}}
CNN = {"build": "experiments.models.cnn:CNN", "options": {"channels": [3], "kernel": 5, "hidden": 4}}


def probe(classes: int) -> dict[str, np.ndarray]:
    labels = np.arange(3 * classes, dtype=np.uint8) % classes
    return {
        "images": np.random.default_rng(0).integers(0, 256, (len(labels), 28, 28), dtype=np.uint8),
        "labels": labels,
    }


def flow(architecture: dict, *, classes: int = 10) -> tuple[dict, dict]:
    torch.manual_seed(0)
    model = models.build(architecture["build"], options=architecture["options"], classes=classes, side=28)
    weights = {name: value.numpy()[None] for name, value in model.state_dict().items()}
    return read(weights=weights, probe=probe(classes), architecture=architecture, treatment=RAW)["arrays.npz"], weights


@pytest.mark.parametrize(
    ("architecture", "parameters", "products"),
    [
        (MLP, [784 * 6 + 6, 6 * 5 + 5, 5 * 10 + 10], [784 * 6, 6 * 5, 5 * 10]),
        (CNN, [25 * 3 + 3, 12 * 12 * 3 * 4 + 4, 4 * 10 + 10], [24 * 24 * 3 * 25, 12 * 12 * 3 * 4, 4 * 10]),
    ],
)
def test_weights_and_products_are_those_counted_by_hand(architecture, parameters, products):
    found, _ = flow(architecture)
    assert found["parameters"].tolist() == parameters
    assert found["multiply_adds"].tolist() == products


def test_what_is_handed_on_is_what_the_network_hands_on():
    found, weights = flow(CNN)
    model = at_epoch(weights, epoch=-1, architecture=CNN)
    image = torch.from_numpy(found["image"])[None, None] / 255
    logits, cache = run_with_cache(model, image)
    assert found["layers"].tolist() == ["conv1", "hidden2", "logits"]
    assert found["handed/conv1"].shape == (3, 12, 12)
    np.testing.assert_allclose(found["handed/conv1"], cache["conv1.pooled"][0], rtol=1e-5)
    np.testing.assert_allclose(found["handed/hidden2"], cache["hidden2.post"][0], rtol=1e-5)
    np.testing.assert_allclose(found["handed/logits"], logits[0].detach(), rtol=1e-5)


def test_a_study_of_few_classes_shows_the_last_and_a_network_that_reads_none_right_the_first():
    found, weights = flow(MLP, classes=3)
    images = probe(3)
    of_last = images["images"][images["labels"] == 2]
    with torch.no_grad():
        said = at_epoch(weights, epoch=-1, architecture=MLP)(torch.from_numpy(of_last)[:, None] / 255).argmax(1)
    assert np.array_equal(found["image"], of_last[int((said == 2).int().argmax())])
