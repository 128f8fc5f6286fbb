"""Weights from unit to unit: put together they make what each layer says; where that is not so none is told."""

import numpy as np
import pytest
import torch
from torch import nn
from transformer import VisionTransformer

from experiments.analyses.connections import connections
from experiments.hooks import HookedModule, HookPoint, run_with_cache
from experiments.models.cnn import CNN
from experiments.models.layered import LayeredMLP
from experiments.models.mlp import MLP

IMAGES = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def said(model, name):
    return run_with_cache(model.eval(), IMAGES)[1][name].numpy()


@pytest.mark.parametrize(
    ("model", "source", "layer"),
    [
        (MLP(hidden=[6, 5, 4]), "hidden1.post", "hidden2"),
        (MLP(hidden=[6, 5, 4]), "hidden2.post", "hidden3"),
        (CNN(channels=(3, 4), hidden=5), "conv2.pooled", "hidden3"),
        (LayeredMLP(hidden=(6, 5), after=(("relu", "layernorm"), ("relu",))), "hidden1.out", "hidden2"),
    ],
)
def test_weights_times_what_the_units_before_say_are_what_the_layer_says_before_its_relu(model, source, layer):
    found = connections(model.eval(), IMAGES)
    assert found[f"source/{layer}"] == source.partition(".")[0]
    weights = found[f"weights/{layer}"]  # (unit, source unit, a, b)
    before = said(model, source).reshape(3, *weights.shape[1:])
    together = np.einsum("nsab,usab->nu", before, weights) + found[f"bias/{layer}"]
    assert together == pytest.approx(said(model, f"{layer}.pre"), abs=1e-5)


def test_a_convolutions_weights_are_its_kernels_on_the_channels_before():
    model = CNN(channels=(3, 4), hidden=5)
    found = connections(model, IMAGES)
    assert found["source/conv1"] == "input"
    assert found["source/conv2"] == "conv1"
    assert (found["weights/conv2"] == model.conv2.weight.detach().numpy()).all()


def test_a_fully_connected_layer_that_is_fed_the_image_says_so_and_has_no_list_of_units():
    found = connections(MLP(hidden=[6]), IMAGES)
    assert found["source/hidden1"] == "input"
    assert "weights/hidden1" not in found
    assert found["weights/logits"].shape == (10, 6, 1, 1)


class Residual(HookedModule):
    """The second layer is fed the sum of the first layer's two halves, which no hook point says."""

    layers = ("hidden1", "hidden2", "logits")
    hook_points = ("hidden1.post", "hidden2.post", "logits")

    def __init__(self):
        super().__init__()
        self.hidden1, self.hidden2, self.logits = nn.Linear(784, 8), nn.Linear(4, 4), nn.Linear(4, 10)
        self.hidden1.post, self.hidden2.post = HookPoint(), HookPoint()

    def forward(self, images):
        first = self.hidden1.post(self.hidden1(images.flatten(1)).relu())
        return self.logits(self.hidden2.post(self.hidden2(first[:, :4] + first[:, 4:]).relu()))


def test_what_is_fed_anything_else_than_a_layers_units_is_not_told_of():
    found = connections(Residual(), IMAGES)
    assert "weights/hidden2" not in found
    assert "source/hidden2" not in found
    assert found["source/logits"] == "hidden2"


def test_of_a_transformer_only_what_is_sure_is_told():
    model = VisionTransformer().eval()
    for name, values in connections(model, IMAGES).items():
        kind, _, layer = name.partition("/")
        if kind == "source":
            assert str(values) in (*model.layers, "input"), layer


def test_no_hook_stays_behind():
    model = MLP(hidden=[6])
    connections(model, IMAGES)
    assert not any(module._forward_pre_hooks for module in model.modules())
