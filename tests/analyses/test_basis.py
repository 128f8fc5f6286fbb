"""Whether neurons are special: what a network is read for, and planted units that are more than random axes."""

import numpy as np
import pytest
import torch
from planted import CONDITIONS

from experiments.analyses.basis import UNITS, compare, read
from experiments.measures.axes import CONTROLS
from experiments.models.cnn import CNN
from experiments.models.layered import LayeredMLP
from experiments.models.mlp import MLP

RAW = {"mean": 0.0, "std": 1.0}
CARD = {"kinds": "digits"}


def probe(*, each: int = 4) -> dict[str, np.ndarray]:
    labels = np.arange(10 * each) % 10
    images = np.random.default_rng(0).integers(0, 256, size=(len(labels), 28, 28))
    return {"images": images.astype(np.uint8), "labels": labels.astype(np.uint8)}


def reading(model: torch.nn.Module, *, options: dict | None = None) -> dict[str, np.ndarray]:
    """What is read of a network that training does not change."""
    weights = {name: np.stack([value.numpy()] * 2) for name, value in model.state_dict().items()}
    architecture = {"build": f"{type(model).__module__}:{type(model).__name__}", "options": options or {}}
    return read(weights=weights, probe=probe(), architecture=architecture, treatment=RAW, seed=1, draws=2)["arrays.npz"]


@pytest.mark.parametrize(("model", "layers"), [(MLP, ["hidden1", "hidden2"]), (CNN, ["conv1", "conv2", "hidden3"])])
def test_every_hidden_layer_is_read_beside_every_control_untrained_and_at_the_end(model, layers):
    torch.manual_seed(0)
    found = reading(model())
    assert found["layers"].tolist() == layers
    for layer in layers:
        assert found[f"own/{layer}"].shape == (2, len(UNITS))
        assert found[f"turned/{layer}"].shape == (2, len(CONTROLS), 2, len(UNITS))
        assert np.array_equal(*found[f"turned/{layer}"]), "the same network twice, and the same axes"
        assert np.ptp(found[f"turned/{layer}"][0, 0], axis=0).all(), "two draws are two"


def test_what_cannot_be_turned_is_left_out_and_the_arrays_say_why():
    torch.manual_seed(0)
    tanh = reading(MLP(activation="tanh"), options={"activation": "tanh"})
    assert tanh["layers"].tolist() == []
    assert [str(each).partition(": ")[0] for each in tanh["left_out"]] == [
        "random axes of hidden1",
        "random axes of hidden2",
    ]
    alone = reading(MLP(hidden=[8, 1]), options={"hidden": [8, 1]})
    assert alone["layers"].tolist() == ["hidden1"]
    assert "a single unit" in str(alone["left_out"][0])
    options = {"hidden": [8, 4], "after": [["layernorm", "relu"], ["relu"]], "dropout": 0.0}
    between = reading(LayeredMLP(**options), options=options)
    assert between["layers"].tolist() == ["hidden2"]
    assert "something stands between" in str(between["left_out"][0])


def test_dead_units_lend_random_axes_nothing():
    torch.manual_seed(0)
    model = MLP(hidden=[12, 6])
    with torch.no_grad():
        model.hidden1.bias[6:] = -100
        model.hidden1.weight[6:] = 0
    whole, small = reading(model, options={"hidden": [12, 6]}), MLP(hidden=[6, 6])
    with torch.no_grad():
        for name in ("weight", "bias"):
            getattr(small.hidden1, name).copy_(getattr(model.hidden1, name)[:6])
    assert reading(small, options={"hidden": [6, 6]})["turned/hidden1"] == pytest.approx(whole["turned/hidden1"])


def study(*, seeds: int = 3) -> dict:
    """Units that are one more than random axes by every measure of the page, give or take by seed."""
    rng = np.random.default_rng(0)
    runs, superposition, interventions = {}, {}, {}
    for condition in CONDITIONS:
        place = f"{condition}/hidden2"
        for seed in range(seeds):
            turned = rng.normal(5, 1, size=(2, len(CONTROLS), 4, len(UNITS)))
            own = turned[:, -1].mean(axis=1) + 1 + rng.normal(0, 0.01, size=(2, len(UNITS)))
            runs[f"{condition}/{seed}"] = {
                "layers": np.array(["hidden2"]),
                "own/hidden2": own,
                "turned/hidden2": turned,
            }
        superposition[f"units_rotated/{place}"] = np.full((seeds, 2), 4.0)
        superposition[f"units/{place}"] = np.array([[9.0, 5 + 0.01 * seed] for seed in range(seeds)])
        costs = {
            name: np.full((seeds, 8), 10.0)
            for name in ("mean_lost", "mean_worst", "lost", "worst", "pulled", "tripled")
        }
        costs |= {f"direction_{name}": values - 1 for name, values in costs.items() if name != "tripled"}
        costs["pulled"][:, :2] = 30  # two attractors, and none among the directions
        costs |= {"living": np.ones((seeds, 8), dtype=bool)}
        interventions |= {f"{name}/{place}": values for name, values in costs.items()}
    return {"runs": runs, "superposition": superposition, "interventions": interventions, "card": CARD}


def test_facts_hold_what_the_units_have_beyond_random_axes():
    facts = compare(**study())["facts.json"]
    expected = {"selectivity": 1, "classes": 1, "alone": 1, "spread": 1, "missed": 1, "attractors": 2}
    for measure, beyond in expected.items():
        fact = facts[f"basis.{measure}_beyond.mlp-raw.hidden2"]
        assert fact["value"] == pytest.approx(beyond, abs=0.03), measure
        assert "in the family of 24 differences of basis" in fact["method"], "four conditions, six measures"
    assert facts["basis.classes_beyond.cnn-raw.hidden2"]["unit"] == "digits"
    assert facts["basis.alone_beyond.cnn-raw.hidden2"]["unit"] == "points"
    assert facts["basis.spread.mlp-raw.hidden2"]["value"] == pytest.approx(5.01), "at the end of training"
    assert facts["basis.spread_drawn.mlp-raw.hidden2"]["value"] == 4
    assert facts["basis.attractors.mlp-raw.hidden2"]["value"] == 2


def test_margins_are_those_of_each_measure():
    facts = compare(**study())["facts.json"]
    found = {name: facts[f"basis.{name}_beyond.mlp-raw.hidden2"]["margin"] for name in ("selectivity", "missed")}
    assert found == {"selectivity": 0.01, "missed": 2.0}
    assert facts["basis.missed_beyond.mlp-raw.hidden2"]["verdict"] == "the same", "one point in all seeds, margin two"


def test_weaker_controls_stand_beside_the_one_that_counts():
    given = study()
    facts = compare(**given)["facts.json"]
    own = np.mean([run["own/hidden2"][-1, 0] for name, run in given["runs"].items() if name.startswith("mlp-raw/")])
    for place, control in enumerate(CONTROLS):
        drawn = np.mean(
            [
                run["turned/hidden2"][-1, place, :, 0].mean()
                for name, run in given["runs"].items()
                if name.startswith("mlp-raw/")
            ]
        )
        assert facts[f"basis.selectivity_{control}.mlp-raw.hidden2"]["value"] == pytest.approx(drawn)
        if control != "share":
            assert facts[f"basis.selectivity_over_{control}.mlp-raw.hidden2"]["value"] == pytest.approx(own - drawn)
    assert facts["basis.selectivity_start_beyond.mlp-raw.hidden2"]["value"] == pytest.approx(1, abs=0.05)


def test_a_layer_that_one_run_could_not_be_read_at_is_left_out_of_all_of_its_condition():
    given = study()
    for name in ("mlp-raw/1", "cnn-raw/0"):
        given["runs"][name] = {"layers": np.array([], dtype=str)}
    found = compare(**given)
    assert not [name for name in found["facts.json"] if "-raw." in name]
    assert "basis.alone_beyond.mlp-normalized.hidden2" in found["facts.json"]
    for condition, layers in (("mlp-raw", []), ("cnn-raw", []), ("mlp-normalized", ["hidden2"])):
        assert found["arrays.npz"][f"layers/{condition}"].tolist() == layers


def test_a_layer_of_which_others_drew_no_directions_is_left_out_there():
    given = study()
    for name in ("superposition", "interventions"):
        given[name] = {key: v for key, v in given[name].items() if not key.endswith("/cnn-raw/hidden2")}
    facts = compare(**given)["facts.json"]
    assert "basis.alone_beyond.cnn-raw.hidden2" in facts
    assert not {f"basis.{name}_beyond.cnn-raw.hidden2" for name in ("spread", "missed", "attractors")} & facts.keys()
