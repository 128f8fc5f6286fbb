"""The largest eigenvalue of the loss's Hessian, against the whole Hessian of tiny networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from experiments import models
from experiments.measures.curvature import largest_eigenvalue

SMALL = {
    "experiments.models.mlp:MLP": {"hidden": [3]},
    "experiments.models.cnn:CNN": {"channels": [2], "kernel": 3, "hidden": 3},
}


@pytest.mark.parametrize("build", list(SMALL))
def test_it_is_that_of_the_whole_matrix(build):
    torch.manual_seed(0)
    model = models.build(build, options=SMALL[build], classes=3, side=8).eval()
    images, labels = 3 * torch.randn(20, 1, 8, 8), torch.arange(20) % 3
    weights = list(model.parameters())
    gradients = torch.autograd.grad(cross_entropy(model(images), labels), weights, create_graph=True)
    gradient = torch.cat([each.flatten() for each in gradients])
    rows = [torch.autograd.grad(each, weights, retain_graph=True) for each in gradient]
    whole = torch.stack([torch.cat([part.flatten() for part in row]) for row in rows]).double().numpy()
    found = largest_eigenvalue(model, images, labels, seed=0)
    assert found == pytest.approx(np.linalg.eigvalsh(whole)[-1], rel=0.02)


def test_a_loss_bends_more_where_inputs_are_longer():
    torch.manual_seed(0)
    model = models.build("experiments.models.mlp:MLP", options={"hidden": [3]}, classes=3, side=8).eval()
    images, labels = torch.rand(20, 1, 8, 8), torch.arange(20) % 3
    assert largest_eigenvalue(model, 4 * images, labels, seed=0) > largest_eigenvalue(model, images, labels, seed=0)
