"""What pages load as JavaScript: the networks' weights arrive as they are, and what a page cannot run is left out."""

import base64
import json
import re

import numpy as np
import pytest
import torch
from planted import altered

from experiments.models.cnn import CNN
from experiments.models.mlp import MLP
from experiments.networks import keep
from report import scripts
from report.errors import PageError

TREATMENT = {"mean": 0.125, "std": 0.5}


def kept(model, build, options):
    weights = {name: values.numpy()[None] for name, values in model.state_dict().items()}
    architecture = {"build": build, "options": options}
    return keep(weights=weights, architecture=architecture, treatment=TREATMENT)["network.safetensors"]


@pytest.fixture
def cnn():
    torch.manual_seed(0)
    return CNN(channels=(2, 3), hidden=4)


def packed(networks):
    text = scripts.networks(networks=networks, titles={name: f"the {name}" for name in networks}, card={"height": 28})[
        "networks.js"
    ]
    found = re.fullmatch(r"[^\n]*\n\(InsideMNIST\.data \?\?= \{\}\)\[\"networks\"\] = (.*);\n", text)
    return json.loads(found[1])


def test_a_network_comes_out_as_it_went_in(cnn):
    found = packed({"cnn-raw": kept(cnn, "experiments.models.cnn:CNN", {"channels": [2, 3], "hidden": 4})})["cnn-raw"]
    assert (found["title"], found["side"], found["mean"], found["std"]) == ("the cnn-raw", 28, 0.125, 0.5)
    assert [(layer["name"], layer["kind"]) for layer in found["layers"]] == [
        ("conv1", "conv"), ("conv2", "conv"), ("hidden3", "linear"), ("logits", "linear"),
    ]  # fmt: skip
    for layer in found["layers"]:
        module = cnn.get_submodule(layer["name"])
        weight = np.frombuffer(base64.b64decode(layer["weight"]), "<f4").reshape(layer["shape"])
        np.testing.assert_array_equal(weight, module.weight.detach())
        np.testing.assert_array_equal(np.frombuffer(base64.b64decode(layer["bias"]), "<f4"), module.bias.detach())


def test_layers_stand_in_forward_order_also_when_there_are_many():
    model = MLP(hidden=[2] * 11)
    found = packed({"mlp": kept(model, "experiments.models.mlp:MLP", {"hidden": [2] * 11})})["mlp"]
    assert [layer["name"] for layer in found["layers"]] == list(model.layers)


def test_a_network_that_the_page_cannot_run_is_left_out(cnn):
    ours = kept(MLP(), "experiments.models.mlp:MLP", {})
    assert list(packed({"ours": ours, "theirs": kept(cnn, "fork.models:Residual", {})})) == ["ours"]


def test_a_known_network_with_layers_that_the_page_does_not_know_is_left_out():
    class Normalized(MLP):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.LayerNorm(3)

    assert packed({"normalized": kept(Normalized(), "experiments.models.mlp:MLP", {})}) == {}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"numbers": lambda rest: rest[:-4]}, "bytes of numbers are promised"),
        ({"numbers": lambda rest: rest + bytes(4)}, "bytes of numbers are promised"),
        ({"numbers": lambda rest: np.float32(np.nan).tobytes() + rest[4:]}, "not finite"),
        ({"numbers": lambda rest: np.float32(np.inf).tobytes() + rest[4:]}, "not finite"),
        ({"told": lambda header: header["logits.bias"].update(data_offsets=[0, 40])}, "does not fit"),
        ({"told": lambda header: header["logits.bias"].update(data_offsets=[10**9, 10**9 + 40])}, "does not fit"),
        ({"told": lambda header: header["logits.bias"].update(data_offsets=[-40, 0])}, "does not fit"),
        ({"told": lambda header: header["logits.bias"].update(shape=[5, 2])}, "biases of shape"),
        ({"told": lambda header: header["logits.bias"].update(shape=[-5, -2])}, "does not fit"),
        ({"told": lambda header: header["logits.bias"].update(dtype="I32")}, "I32, not F32"),
        ({"told": lambda header: header["logits.bias"].pop("shape")}, "no 'shape'"),
        ({"told": lambda header: header.update({"logits.bias": 5})}, "damaged"),
        ({"told": lambda header: header.pop("__metadata__")}, "no '__metadata__'"),
        ({"told": lambda header: header["__metadata__"].update(network="[]")}, "damaged"),
    ],
)
def test_a_damaged_network_is_an_error_that_names_it_and_never_other_numbers(cnn, damage, said):
    data = kept(cnn, "experiments.models.cnn:CNN", {"channels": [2, 3], "hidden": 4})
    assert packed({"cnn-raw": altered(data)}) == packed({"cnn-raw": data})
    with pytest.raises(PageError, match=r"packed network cnn-raw is damaged") as caught:
        packed({"cnn-raw": altered(data, **damage)})
    assert said in str(caught.value)
    for cut in (0, 7, 100, len(data) - 1):
        with pytest.raises(PageError, match="cnn-raw is damaged"):
            packed({"cnn-raw": data[:cut]})
