"""What pages load as JavaScript: the networks' weights arrive as they are, and what a page cannot run is left out."""

import base64
import json
import re

import numpy as np
import pytest
import torch
from planted import altered

from experiments import models
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP
from experiments.networks import keep, runnable
from report.errors import PageError
from report.play import networks as scripts

TREATMENT = {"mean": 0.125, "std": 0.5}
LAYERED = "experiments.models.layered:LayeredMLP"


def kept(model, build, options):
    weights = {name: values.numpy()[None] for name, values in model.state_dict().items()}
    architecture = {"build": build, "options": options}
    return keep(weights=weights, architecture=architecture, treatment=TREATMENT)["network.safetensors"]


@pytest.fixture
def cnn():
    torch.manual_seed(0)
    return CNN(channels=(2, 3), hidden=4)


def told(build, options):
    """What a page is told of a network of that kind."""
    model = models.build(build, options=options)
    weights = {name: values.numpy()[None] for name, values in model.state_dict().items()}
    probe = {"images": np.arange(4 * 784, dtype=np.uint32).astype(np.uint8).reshape(4, 28, 28)}
    architecture = {"build": build, "options": options}
    return runnable(weights=weights, probe=probe, architecture=architecture, treatment=TREATMENT)["runnable.json"]


def belonging(data):
    """The same of a kept network."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return told(**json.loads(header["__metadata__"]["network"])["architecture"])


def packed(networks, *, known=None):
    known = known or {name: belonging(data) for name, data in networks.items()}
    titles = {name: f"the {name}" for name in networks}
    text = scripts.networks(networks=networks, told=known, titles=titles, card={"height": 28})["networks.js"]
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


def test_with_each_network_come_images_and_the_logits_that_pytorch_finds_for_them(cnn):
    data = kept(cnn, "experiments.models.cnn:CNN", {"channels": [2, 3], "hidden": 4})
    probe = {"images": np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)}
    weights = {name: values.numpy()[None] for name, values in cnn.state_dict().items()}
    architecture = {"build": "experiments.models.cnn:CNN", "options": {"channels": [2, 3], "hidden": 4}}
    found = runnable(weights=weights, probe=probe, architecture=architecture, treatment=TREATMENT)["runnable.json"]
    reference = packed({"cnn-raw": data}, known={"cnn-raw": found})["cnn-raw"]["reference"]
    images = [np.frombuffer(base64.b64decode(image), np.uint8).reshape(28, 28) for image in reference["images"]]
    assert [image.tolist() for image in images] == [probe["images"][place].tolist() for place in (0, 4, 8)]
    with torch.no_grad():
        logits = cnn((torch.tensor(np.stack(images)).float()[:, None] / 255 - 0.125) / 0.5)
    np.testing.assert_allclose(reference["logits"], logits, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "options", "why"),
    [
        (LAYERED, {"after": [["relu"], ["batchnorm", "relu"]]}, "hidden2 has batchnorm"),
        (LAYERED, {"after": [["relu", "layernorm"], ["relu"]]}, "hidden1 has layernorm"),
        ("experiments.models.mlp:MLP", {"activation": "tanh"}, "hidden1 has tanh"),
        ("transformer:VisionTransformer", {}, "patches has patches"),
    ],
)
def test_a_network_that_the_page_cannot_run_comes_without_numbers_and_with_the_reason(build, options, why):
    model = models.build(build, options=options)
    assert packed({"theirs": kept(model, build, options)}) == {"theirs": {"title": "the theirs", "cannot": why}}


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (LAYERED, {"after": [["relu", "dropout"], ["relu"]]}),
        ("experiments.models.cnn:CNN", {"channels": [2], "kernel": 3, "padding": 1}),
        ("experiments.models.mlp:MLP", {"hidden": [5, 4, 3]}),
    ],
)
def test_what_a_page_can_run_is_told_by_what_a_network_declares_and_by_no_name_of_a_class(build, options):
    model = models.build(build, options=options)
    found = packed({"theirs": kept(model, build, options)})["theirs"]
    assert [layer["name"] for layer in found["layers"]] == list(model.layers)
    assert found["layers"][0].get("padding") == options.get("padding")


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
    known = {"cnn-raw": belonging(data)}
    assert packed({"cnn-raw": altered(data)}, known=known) == packed({"cnn-raw": data}, known=known)
    with pytest.raises(PageError, match=r"packed network cnn-raw is damaged") as caught:
        packed({"cnn-raw": altered(data, **damage)}, known=known)
    assert said in str(caught.value)
    for cut in (0, 7, 100, len(data) - 1):
        with pytest.raises(PageError, match="cnn-raw is damaged"):
            packed({"cnn-raw": data[:cut]}, known=known)
