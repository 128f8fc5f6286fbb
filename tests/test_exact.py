"""Exact: a function in a process of its own, with plain kernels, gives what it would give here, and says what fails."""

from __future__ import annotations

import os

import numpy as np
import pytest

from experiments import exact
from experiments.data import load
from experiments.train import train

RECIPE = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 64}
MLP = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [8, 4]}}


def told(**arguments):
    """What a process of its own was told: stands in for a stage's function."""
    arrays = arguments["arrays"]
    environment = np.array([os.environ.get(name, "") for name in (*exact.KERNELS, *exact.THREADS)])
    return {
        "arrays.npz": {"twice": 2 * arrays["some/where"], "number": arguments["number"], "environment": environment}
    }


def test_arrays_and_plain_values_go_there_and_back_and_the_environment_is_set_there_alone(monkeypatch):
    monkeypatch.syspath_prepend(os.fspath(exact.ROOT / "tests"))
    monkeypatch.setenv("PYTHONPATH", os.fspath(exact.ROOT / "tests"))
    monkeypatch.setattr(told, "__module__", "test_exact")
    before = dict(os.environ)
    given = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = exact.call(told, arrays={"some/where": given}, number=3)["arrays.npz"]
    assert found["twice"].dtype == np.float32
    assert (found["twice"] == 2 * given).all()
    assert found["number"] == 3
    assert found["environment"].tolist() == [*exact.KERNELS.values(), *["1"] * len(exact.THREADS)]
    assert dict(os.environ) == before


def test_training_there_is_training_here_up_to_rounding():
    digits = load(dataset="digits", folder="", cache="")
    small = {name: array[:200] for name, array in digits["train.npz"].items()}
    arguments = {
        "train_set": small, "test_set": small, "probe_set": small, "architecture": MLP, "seed": 3, "epochs": 2,
        "treatment": {"mean": 0.0, "std": 1.0}, "recipe": RECIPE, "early": 1,
    }  # fmt: skip
    here, there = train(**arguments), exact.train(**arguments)
    assert here.keys() == there.keys()
    for name in ("train_loss", "test_accuracy", "mean/hidden2.post"):
        assert there["record.npz"][name] == pytest.approx(here["record.npz"][name], abs=1e-4), name


def test_what_fails_there_is_said_here():
    with pytest.raises(RuntimeError, match=r"(?s)experiments\.train:train in a process of its own .*unexpected"):
        exact.call(train, nothing=np.zeros((2, 2)).tolist())
