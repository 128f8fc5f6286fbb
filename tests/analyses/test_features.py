"""Features: planted borders are found again in every run, and the study keeps every image that is spoken of."""

import numpy as np
import pytest
import torch
from planted import ARCHITECTURES, CONDITIONS, GRID, TREATMENTS, digits, network

from experiments.analyses import features
from experiments.analyses.features_facts import agreement, excess, measures, shared_factor


def test_what_training_adds_on_the_border_is_found_there(random):
    edge = np.ones((28, 28), dtype=bool)
    edge[8:20, 8:20] = False
    weights = np.repeat(random.normal(size=(1, 6, 784)), 3, axis=0)
    inside = features.first_layer(weights + np.arange(3)[:, None, None] * ~edge.ravel(), edge)
    assert inside["change_border"] == 0
    assert (np.diff(inside["weight_border"]) < 0).all()
    assert inside["change_map"] == pytest.approx(2.0 * ~edge)
    outside = features.first_layer(weights + np.arange(3)[:, None, None] * edge.ravel(), edge)
    assert outside["change_border"] == pytest.approx(100)
    assert outside["weight_norm"][0] == pytest.approx(np.linalg.norm(weights[0], axis=1).mean())


def test_filters_have_roughness_and_norm_but_no_border(random):
    found = features.first_layer(random.normal(size=(2, 4, 1, 5, 5)), np.zeros((28, 28), dtype=bool))
    assert set(found) == {"weight_roughness", "weight_norm"}


def test_a_pixel_that_is_never_lit_moves_no_weight_on_raw_input_and_moves_it_on_normalized(random):
    images = torch.tensor(digits(random)["images"]).float().div(255).unsqueeze(1)
    for treatment, moves in (("raw", False), ("normalized", True)):
        model = network("mlp")
        treated = (images - TREATMENTS[treatment]["mean"]) / TREATMENTS[treatment]["std"]
        torch.nn.functional.cross_entropy(model(treated), torch.arange(20) % 10).backward()
        border = model.hidden1.weight.grad.reshape(-1, 28, 28)[:, 0]
        assert bool(border.any()) == moves


@pytest.fixture(scope="module")
def study():
    """Two seeds of every condition; the networks are untrained throughout, but for a border that training wipes out."""
    random = np.random.default_rng(0)
    probe, lit = digits(random), np.zeros((28, 28))
    lit[8:20, 8:20] = 0.5
    runs, galleries = {}, {}
    for condition in CONDITIONS:
        name, _, treatment = condition.partition("-")
        for seed in range(2):
            inputs = {"probe": probe, "architecture": ARCHITECTURES[name], "treatment": TREATMENTS[treatment]}
            state = {key: value.numpy() for key, value in network(name, seed=seed).state_dict().items()}
            weights = {key: np.repeat(value[None], 3, axis=0) for key, value in state.items()}
            if name == "mlp" and treatment == "raw":
                weights["hidden1.weight"][-1] *= lit.ravel() > 0
            runs[f"{condition}/{seed}"] = features.read(weights=weights, border={"lit": lit}, seed=seed, **inputs)[
                "arrays.npz"
            ]
            if seed == 0:
                found = features.gallery(weights=weights, ascent_steps=10, **inputs)  # that an image is kept matters
                galleries[condition] = found["arrays.npz"]
    return {"runs": runs, "galleries": galleries, "probe": probe, "border": {"lit": lit}}


def test_a_run_has_every_measure_for_its_layers(study):
    mlp, cnn = (study["runs"][f"{name}-normalized/1"] for name in ARCHITECTURES)
    assert set(mlp) - set(cnn) == {"weight_border", "change_border", "change_map", "fit/hidden2"}
    assert mlp["weight_border"].shape == (3,)
    assert mlp["saliency"].shape == (20, 784)
    assert cnn["randomised/integrated_ink"].shape == (4,)
    assert -1 <= cnn["fit/hidden3"] <= 1


def test_a_network_without_weights_on_the_border_has_no_saliency_there(study):
    found = study["runs"]["mlp-raw/0"]
    assert found["weight_border"][-1] == found["saliency_border"][1] == found["unit_border"][1] == 0
    even = 100 * (1 - 144 / 784)
    assert found["saliency_border"][0] == pytest.approx(even, abs=5)
    assert found["unit_border"][0] == pytest.approx(even, abs=5)


def test_with_every_layer_drawn_anew_gradients_are_unlike_and_integrated_ones_still_share_the_ink(study):
    found = measures(study["runs"]["mlp-normalized/0"])
    assert abs(found["randomised.gradient", "all"]) < 0.2
    assert found["randomised.integrated", "all"] > 0.7
    assert abs(found["randomised.integrated_ink", "all"]) < found["randomised.integrated", "all"] - 0.3


def test_a_gallery_shows_every_unit(study):
    mlp, cnn = (study["galleries"][f"{name}-raw"] for name in ARCHITECTURES)
    assert mlp["weights/hidden1"].shape == mlp["onehot/hidden1"].shape == (6, 28, 28)
    assert cnn["weights/conv2"].shape == (3, 2, 5, 5)
    assert mlp["maximised/hidden2"].shape == (5, 28, 28)
    assert mlp["maximised/logits"].dtype == np.uint8
    assert cnn["favourites/conv1"].shape == (2, 4)
    assert "maximised/conv1" not in cnn
    assert (mlp["excess/logits"] > 0).all(), "an image made for a unit drives it further than real ones do"


def test_the_study_keeps_every_image_that_is_spoken_of(study):
    arrays = features.compare(**study, grid=GRID)["arrays.npz"]
    places = np.concatenate([v.ravel() for name, v in arrays.items() if name.startswith(("favourites", "examples"))])
    assert set(places) == set(arrays["image_index"])
    assert (arrays["images"] == study["probe"]["images"][arrays["image_index"]]).all()
    assert arrays["saliency_border/cnn-raw"].shape == (2, 2)
    assert arrays["onehot/cnn-normalized/hidden3"].shape == (5, 28, 28)


def test_facts_hold_the_planted_differences(study):
    facts = features.compare(**study, grid=GRID)["facts.json"]
    assert facts["features.weight_border.mlp-raw"]["value"] == 0
    assert facts["features.weight_border.difference.mlp:normalized"]["value"] > 75
    assert facts["features.weight_border.difference.mlp:normalized"]["unit"] == "points"
    assert facts["features.norm_growth.mlp-normalized"]["value"] == pytest.approx(1)
    assert facts["features.norm_growth.mlp-raw"]["value"] == pytest.approx(np.sqrt(144 / 784), abs=0.02)
    assert facts["features.border_pixels"]["value"] == facts["features.never_pixels"]["value"] == 784 - 144
    assert facts["features.excess.mlp-raw.logits"]["n"] == 10
    assert -1 <= facts["features.made_agreement.mlp-raw.logits"]["value"] <= 1
    assert "features.weight_roughness.difference.raw:cnn" not in facts, "filters and images are not alike"


def test_how_far_made_images_outdo_real_ones_is_told_with_its_range_over_starts():
    units = np.array([1.0, 2, 3])
    told = excess(np.stack([units, units + 2, units + 1]), place="a.logits")
    assert {name: fact["value"] for name, fact in told.items()} == {
        "features.excess.a.logits": 3,
        "features.excess_least.a.logits": 2,
        "features.excess_most.a.logits": 4,
        "features.excess_range.a.logits": 2,
    }
    assert all(fact["n"] == 3 and "3 starts" in fact["method"] for fact in told.values())


def test_agreement_is_one_for_equal_maps_and_no_network_is_in_two_pairs_of_seeds(random):
    maps = random.random((5, 5, 784))
    groups = {
        "mlp-raw": [{"saliency": each} for each in maps],
        "mlp-normalized": [{"saliency": 7 * each} for each in maps],
    }
    fewer = agreement(groups | {"mlp-normalized": groups["mlp-normalized"][:3]}, GRID)
    assert fewer["features.agreement.mlp:normalized"]["n"] == 3
    assert fewer["features.agreement.difference.mlp:normalized"]["n"] == 1
    found = agreement(groups, GRID)
    assert found["features.agreement.mlp:normalized"]["value"] == pytest.approx(1)
    assert found["features.agreement.mlp:normalized"]["n"] == 5
    between = found["features.agreement.seeds.mlp-raw"]
    assert between["value"] == pytest.approx(0, abs=0.1)
    assert between["n"] == 2
    assert "over pairs of seeds" in between["method"]
    assert found["features.agreement.difference.mlp:normalized"]["low"] > 0.5
    assert "features.agreement.seeds.mlp-raw" not in agreement(
        {name: group[:1] for name, group in groups.items()}, GRID
    )


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(study, seeds):
    runs = {name: run for name, run in study["runs"].items() if int(name[-1]) < seeds}
    facts = features.compare(**{**study, "runs": runs}, grid=GRID)["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()


def test_maps_that_share_a_factor_are_alike_by_as_much_as_it_varies():
    random = np.random.default_rng(3)
    even = np.full((20, 28, 28), 200, dtype=np.uint8)
    assert abs(shared_factor(even)) < 0.02
    nearly = even + random.integers(0, 40, even.shape).astype(np.uint8)
    apart = np.exp(random.uniform(0, np.log(255), even.shape)).astype(np.uint8)
    assert shared_factor(nearly) < 0.1 < 0.3 < shared_factor(apart)
    black = np.zeros((1, 28, 28), dtype=np.uint8)
    assert shared_factor(np.concatenate([apart, black])) == shared_factor(apart)
