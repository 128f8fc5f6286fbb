"""The bare network of a file answers as the project's own does, whatever its layers are."""

import numpy as np
import pytest
import torch

from experiments import models
from experiments.networks import keep, open_network, runnable
from report.play.bare import bare, fed

MLP, CNN, LAYERED = "experiments.models.mlp:MLP", "experiments.models.cnn:CNN", "experiments.models.layered:LayeredMLP"
PLAIN = [
    (MLP, {"hidden": [12]}),
    (MLP, {"hidden": [9, 7, 5]}),
    (CNN, {"channels": [3], "hidden": 6}),
    (CNN, {"channels": [2, 3, 4], "hidden": 6, "kernel": 3, "padding": 1}),
]
TREATMENT = {"mean": 0.2, "std": 0.4}


def file_of(build, options, *, side, treatment=TREATMENT):
    """The file of an untrained network, and what is told of it."""
    network = {"build": build, "options": options}
    made = models.build(build, options=options, side=side, classes=4)
    weights = {name: value.detach().numpy()[None] for name, value in made.state_dict().items()}
    probe = {"images": np.zeros((3, side, side), np.uint8)}
    data = keep(weights=weights, architecture=network, treatment=treatment)["network.safetensors"]
    told = runnable(weights=weights, probe=probe, architecture=network, treatment=treatment)["runnable.json"]
    return data, told


@pytest.mark.parametrize("side", [28, 27])
@pytest.mark.parametrize(("build", "options"), PLAIN)
def test_a_bare_network_answers_as_the_projects_own(build, options, side, random, tmp_path, monkeypatch):
    data, told = file_of(build, options, side=side)
    (tmp_path / "own.safetensors").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    session = {}
    exec(bare(data, told, file="own.safetensors"), session)
    images = random.integers(0, 256, (5, side, side)).astype(np.uint8)
    own = open_network(data)
    with torch.no_grad():
        inputs = eval(fed(data), {"images": torch.tensor(images)[:, None].float()})
        assert torch.allclose(session["network"](inputs), own.model(own.treat(images)), atol=1e-5)
    assert not session["network"].training


@pytest.mark.parametrize(
    ("build", "options", "treatment"),
    [
        (MLP, {"hidden": [6], "activation": "tanh"}, TREATMENT),
        (LAYERED, {"hidden": [6], "after": [["layernorm", "relu"]]}, TREATMENT),
        (
            MLP,
            {"hidden": [6]},
            TREATMENT | {"transforms": [{"function": "experiments.treatment:shuffled", "options": {"seed": 0}}]},
        ),
    ],
)
def test_what_is_more_than_layers_in_a_row_has_no_bare_form(build, options, treatment):
    data, told = file_of(build, options, side=10, treatment=treatment)
    assert bare(data, told, file="own.safetensors") == ""
