"""A kept network opens as the network that was trained, with the treatment it was trained on."""

import sys

import numpy as np
import pytest
import torch
from planted import altered

from experiments import published
from experiments.engine.store import Record, Shelf, encode
from experiments.errors import InputError
from experiments.models import build
from experiments.networks import at_epoch, keep, open_network
from experiments.treatment import treat

ARCHITECTURE = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [5, 4]}}
TREATMENT = {"mean": 0.25, "std": 0.5}


@pytest.fixture
def weights():
    """Three epochs of a small MLP: its first weights, then those plus one, plus two."""
    torch.manual_seed(3)
    state = build(ARCHITECTURE["build"], options=ARCHITECTURE["options"]).state_dict()
    return {name: np.stack([value.numpy() + epoch for epoch in range(3)]) for name, value in state.items()}


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)


def test_a_kept_network_is_the_one_of_the_last_epoch(weights, images):
    network = open_network(keep(weights=weights, architecture=ARCHITECTURE, treatment=TREATMENT)["network.safetensors"])
    assert (network.treatment, network.model.training) == ({"mean": 0.25, "std": 0.5}, False)
    with torch.no_grad():
        expected = at_epoch(weights, epoch=-1, architecture=ARCHITECTURE)(treat(images, mean=0.25, std=0.5))
        assert torch.equal(network.model(network.treat(images)), expected)
        first = at_epoch(weights, epoch=0, architecture=ARCHITECTURE)(network.treat(images))
    assert not torch.allclose(first, expected)


def test_the_same_network_is_kept_in_the_same_bytes(weights):
    reordered = dict(reversed(weights.items()))
    one, other = (keep(weights=each, architecture=ARCHITECTURE, treatment=TREATMENT) for each in (weights, reordered))
    assert one == other


def test_opening_a_network_draws_nothing_from_the_caller_s_generator(weights):
    data = keep(weights=weights, architecture=ARCHITECTURE, treatment=TREATMENT)["network.safetensors"]
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    open_network(data)
    assert torch.equal(torch.rand(1), expected)


def test_published_products_are_found_by_stage_and_name(tmp_path, weights, images):
    shelf = Shelf("results", tmp_path)
    data = keep(weights=weights, architecture=ARCHITECTURE, treatment=TREATMENT)["network.safetensors"]
    examples = {"images": images, "labels": np.arange(6, dtype=np.uint8)}
    stored = {
        "network/mlp-raw": {"network.safetensors": data},
        "analysis/data": {"examples.npz": encode("examples.npz", examples)},
    }
    for number, (stage, products) in enumerate(stored.items()):
        addresses = {name: shelf.add(name, content) for name, content in products.items()}
        made_of = {part: {} for part in ("function", "parameters", "sources", "inputs")}
        shelf.put(Record(stage, f"{number:064x}", addresses, 0.0, {}, made_of))
    assert published.network("mlp-raw", results=tmp_path).treatment["mean"] == 0.25
    found, labels = published.examples(results=tmp_path)
    assert np.array_equal(found, images)
    assert labels.tolist() == list(range(6))
    with pytest.raises(InputError, match=r"no network\.safetensors of network/cnn-raw.*network/mlp-raw"):
        published.network("cnn-raw", results=tmp_path)


@pytest.mark.parametrize(
    "architecture",
    [
        {"build": "foreign:Network", "options": {}},
        {"build": "experiments.models:build", "options": {"name": "foreign:Network", "options": {}}},
        {"build": "experiments.models.check:check", "options": {}},
        {"build": "experiments.models.nowhere:Network", "options": {}},
    ],
    ids=lambda architecture: architecture["build"],
)
def test_a_file_that_names_anything_but_a_class_of_networks_is_refused(weights, architecture, tmp_path, monkeypatch):
    """Nothing foreign is imported, neither at first hand nor by a function of ours that makes what it is told."""
    (tmp_path / "foreign.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    data = keep(weights=weights, architecture=architecture, treatment=TREATMENT)["network.safetensors"]
    with pytest.raises(InputError, match=r"none of the networks in experiments\.models|No module named"):
        open_network(data)
    assert "foreign" not in sys.modules


@pytest.mark.parametrize(
    "damage",
    [
        {"numbers": lambda rest: rest[:-4]},
        {"numbers": lambda rest: rest + bytes(4)},
        {"numbers": lambda rest: np.float32(np.nan).tobytes() + rest[4:]},
        {"told": lambda header: header["logits.bias"].update(data_offsets=[0, 40])},
        {"told": lambda header: header["logits.bias"].update(dtype="F16", shape=[20])},
        {"told": lambda header: header["hidden2.weight"].update(shape=[5, 4])},
        {"told": lambda header: header.pop("__metadata__")},
        {"told": lambda header: header["__metadata__"].update(network="{}")},
    ],
)
def test_a_damaged_network_is_an_error_and_never_another_network(weights, damage):
    data = keep(weights=weights, architecture=ARCHITECTURE, treatment=TREATMENT)["network.safetensors"]
    assert open_network(altered(data)).treatment["mean"] == 0.25
    with pytest.raises(InputError, match=r"packed network is damaged \(.*build it again$"):
        open_network(altered(data, **damage))
    for cut in (0, 7, 100, len(data) - 1):
        with pytest.raises(InputError, match="damaged"):
            open_network(data[:cut])
