"""Neighbours in a layer's own space: those that counting out every distance finds, nearest first."""

import json

import numpy as np
import torch
from safetensors.torch import save

from experiments.analyses.nearby import NEARBY, nearby, read
from experiments.hooks import run_with_cache
from experiments.models.mlp import MLP
from experiments.treatment import treat

ARCHITECTURE = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [12, 5]}}
TREATMENT = {"mean": 0.1, "std": 0.3}


def by_hand(points):
    """The neighbours of each point, one distance after another."""
    found = []
    for place, point in enumerate(points):
        apart = [(float(((point - other) ** 2).sum()), at) for at, other in enumerate(points) if at != place]
        found.append([at for _, at in sorted(apart)[:NEARBY]])
    return found


def test_neighbours_are_those_that_every_distance_counted_out_gives(random):
    points = random.normal(size=(60, 4))
    assert nearby(points).tolist() == by_hand(points)


def test_of_equally_near_points_the_earlier_one_comes_first():
    assert nearby(np.array([[0.0], [1.0], [-1.0], [3.0]])).tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [1, 0, 2]]


def test_each_layer_has_neighbours_of_its_own_and_they_are_the_networks(random):
    torch.manual_seed(0)
    model = MLP(hidden=[12, 5]).eval()
    sheet = {"images": random.integers(0, 16, (40, 28, 28), dtype=np.uint8)}
    network = save(dict(model.state_dict()), metadata={"network": json.dumps({})})
    found = read(network=network, sheet=sheet, architecture=ARCHITECTURE, treatment=TREATMENT)["nearby.npz"]
    _, cache = run_with_cache(model, treat(17 * sheet["images"], **TREATMENT))
    assert list(found) == ["hidden1.post", "hidden2.post"]
    for hook, images in found.items():
        assert images.tolist() == by_hand(cache[hook].double().numpy())
    assert (found["hidden1.post"] != found["hidden2.post"]).any()
