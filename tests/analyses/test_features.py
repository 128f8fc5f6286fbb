"""Features: planted templates, borders and rough maps are found again; oracles are Captum, SciPy and closed forms."""

import numpy as np
import pytest
import torch
from captum.attr import Saliency
from scipy.stats import spearmanr

from experiments import models
from experiments.analyses import attribution, features, stimuli
from experiments.analyses.features_facts import agreement, measures
from experiments.analyses.maps import packed, roughness, share

ARCHITECTURES = {
    "mlp": {"build": "experiments.models.mlp:MLP", "options": {"hidden": [6, 5]}},
    "cnn": {"build": "experiments.models.cnn:CNN", "options": {"channels": [2, 3], "hidden": 5}},
}
TREATMENTS = {"raw": {"mean": 0.0, "std": 1.0}, "normalized": {"mean": 0.1307, "std": 0.3081}}
NORMALIZED = TREATMENTS["normalized"]
CONDITIONS = [f"{architecture}-{treatment}" for architecture in ARCHITECTURES for treatment in TREATMENTS]


@pytest.fixture
def random():
    return np.random.default_rng(0)


def network(architecture: str, *, seed: int = 0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return models.build(ARCHITECTURES[architecture]["build"], options=ARCHITECTURES[architecture]["options"]).eval()


def linear(template: torch.Tensor) -> attribution.Reader:
    """Units that are weighted sums of pixels: template (unit, 28, 28)."""
    return lambda pixels: pixels.flatten(1) @ template.flatten(1).T


def folded(model, *, mean: float, std: float):
    """The network that does the normalization itself: its first layer takes pixels."""
    layer = model.get_submodule(model.layers[0])
    with torch.no_grad():
        layer.bias -= mean / std * layer.weight.flatten(1).sum(dim=1)
        layer.weight /= std
    return model


def digits(random, *, per_class: int = 2) -> dict[str, np.ndarray]:
    """Blots in the middle of black images: the border is never lit."""
    labels = np.repeat(np.arange(10, dtype=np.uint8), per_class)
    images = np.zeros((len(labels), 28, 28), dtype=np.uint8)
    images[:, 8:20, 8:20] = random.integers(0, 256, (len(labels), 12, 12)) * (
        random.random((len(labels), 12, 12)) > 0.4
    )
    return {"images": images, "labels": labels}


def some(random, *, count: int = 4, dtype=torch.float64):
    pixels = torch.tensor(random.random((count, 1, 28, 28)) * (random.random((count, 1, 28, 28)) > 0.5), dtype=dtype)
    return pixels, torch.arange(count) % 10


# attribution


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("hook_point", ["logits", "first"])
def test_folding_the_normalization_into_the_first_layer_changes_neither_gradients_nor_integrated_ones(
    random, architecture, hook_point
):
    (pixels, _), units = some(random), torch.tensor([0, 1, 1, 0])
    model = network(architecture).double()
    hook_point = hook_point.replace("first", f"{model.layers[-2]}.pre")
    apart = attribution.reader(model, hook_point, **NORMALIZED)
    before = [ask(apart, pixels, units) for ask in (attribution.saliency, attribution.integrated_gradients)]
    within = attribution.reader(folded(model, **NORMALIZED), hook_point, mean=0.0, std=1.0)
    after = [ask(within, pixels, units) for ask in (attribution.saliency, attribution.integrated_gradients)]
    for one, other in zip(before, after, strict=True):
        assert one.abs().sum() > 0
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_saliency_is_the_gradient_in_treated_space_over_the_standard_deviation(random, architecture):
    (pixels, units), model = some(random), network(architecture).double()
    treated = ((pixels - NORMALIZED["mean"]) / NORMALIZED["std"]).requires_grad_()
    model(treated)[torch.arange(len(units)), units].sum().backward()
    found = attribution.saliency(attribution.reader(model, "logits", **NORMALIZED), pixels, units)
    assert torch.allclose(found, treated.grad[:, 0] / NORMALIZED["std"])


def test_saliency_is_that_of_captum(random):
    (pixels, units), model = some(random), network("cnn").double()
    read = attribution.reader(model, "logits", **NORMALIZED)
    oracle = Saliency(read).attribute(pixels.clone().requires_grad_(), target=units, abs=False)
    assert torch.allclose(attribution.saliency(read, pixels, units), oracle[:, 0])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_integrated_gradients_add_up_to_what_they_explain(random, architecture):
    (pixels, units), model = some(random), network(architecture).double()
    read = attribution.reader(model, "logits", **NORMALIZED)
    found = attribution.integrated_gradients(read, pixels, units, steps=256)
    explained = (read(pixels) - read(torch.zeros_like(pixels)))[torch.arange(len(units)), units]
    assert torch.allclose(found.sum(dim=(1, 2)), explained, atol=2e-3)
    assert attribution.incompleteness(read, pixels, units, found) < 0.02


def test_integrated_gradients_of_a_linear_unit_are_weight_times_pixel(random):
    (pixels, _), template = some(random), torch.tensor(random.normal(size=(2, 28, 28)))
    units = torch.tensor([0, 1, 1, 0])
    found = attribution.integrated_gradients(linear(template), pixels, units)
    assert torch.allclose(found, template[units] * pixels[:, 0])


def test_incompleteness_is_the_share_that_is_missed(random):
    (pixels, _), template = some(random), torch.ones(1, 28, 28, dtype=torch.float64)
    units = torch.zeros(len(pixels), dtype=torch.long)
    assert attribution.incompleteness(linear(template), pixels, units, pixels[:, 0]) == pytest.approx(0, abs=1e-12)
    assert attribution.incompleteness(linear(template), pixels, units, 0.75 * pixels[:, 0]) == pytest.approx(0.25)
    assert attribution.incompleteness(linear(0 * template), pixels, units, 0 * pixels[:, 0]) == 0


def test_a_channel_is_read_where_it_is_highest(random):
    (pixels, _), model = some(random, dtype=torch.float32), network("cnn")
    found = attribution.reader(model, "conv1.pre", mean=0.0, std=1.0)(pixels)
    assert torch.allclose(found, torch.nn.functional.conv2d(pixels, model.conv1.weight, model.conv1.bias).amax((2, 3)))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_layers_are_drawn_anew_one_by_one_from_the_top_and_the_network_is_left_alone(architecture):
    model, chance = network(architecture), torch.random.get_rng_state()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = attribution.randomised(model, architecture=ARCHITECTURES[architecture], seed=5)
    assert [layer for layer, _ in found] == list(reversed(model.layers))
    for depth, (_, less) in enumerate(found):
        same = [torch.equal(less.get_parameter(f"{layer}.weight"), before[f"{layer}.weight"]) for layer in model.layers]
        assert same == [True] * (len(same) - depth - 1) + [False] * (depth + 1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), chance)
    again = attribution.randomised(model, architecture=ARCHITECTURES[architecture], seed=5)
    assert torch.equal(found[-1][1].logits.weight, again[-1][1].logits.weight)


def test_rank_correlation_is_that_of_scipy_also_with_ties(random):
    a, b = random.integers(0, 5, (6, 40)).astype(float), random.integers(0, 5, (6, 40)).astype(float)
    oracle = [spearmanr(*pair).statistic for pair in zip(a, b, strict=True)]
    assert attribution.rank_correlation(a, b) == pytest.approx(oracle)
    assert attribution.rank_correlation(a, np.exp(a)) == pytest.approx(1)
    assert attribution.rank_correlation(a, np.ones_like(a)) == pytest.approx(0)


def test_likeness_looks_at_sizes_and_only_where_it_is_told_to(random):
    a = torch.tensor(random.normal(size=(3, 28, 28)))
    b, half = -a, np.zeros((3, 28, 28), dtype=bool)
    b[:, :14] = torch.tensor(random.normal(size=(3, 14, 28)))
    half[:, 14:] = True
    assert features.likeness(a, b, half) == pytest.approx(1)
    assert features.likeness(a, b, ~half) == pytest.approx(0, abs=0.15)


# stimuli


def test_the_one_hot_map_of_a_first_layer_unit_is_its_weights_over_the_standard_deviation():
    model = network("mlp")
    found = stimuli.one_hot_maps(attribution.reader(model, "hidden1.pre", **NORMALIZED))
    assert torch.allclose(found.flatten(1), model.hidden1.weight / NORMALIZED["std"], atol=1e-5)


def test_the_one_hot_map_of_a_channel_is_flat_inside():
    found = stimuli.one_hot_maps(attribution.reader(network("cnn"), "conv1.pre", mean=0.0, std=1.0))
    inside = found[:, 4:-4, 4:-4].flatten(1)
    assert torch.allclose(inside, inside[:, :1].expand_as(inside), atol=1e-6)


def test_a_template_fits_a_linear_unit_wholly_and_its_opposite_not_at_all(random):
    pixels, _ = some(random, count=30, dtype=torch.float32)
    template = torch.tensor(random.normal(size=(2, 28, 28)), dtype=torch.float32)
    answers = linear(template)(pixels) * torch.tensor([3.0, -1.0]) + 7
    assert stimuli.template_fit(template, pixels, answers) == pytest.approx([1, -1], abs=1e-4)
    assert stimuli.template_fit(template, pixels, torch.zeros(30, 2)) == pytest.approx([0, 0])


def test_the_image_that_maximises_a_linear_unit_is_its_template():
    template = torch.zeros(2, 28, 28)
    template[0, 5:15, 5:15], template[0, 20:25] = 1, -1
    template[1, 10:20, 12:24] = 1
    found = stimuli.maximise(linear(template), scale=torch.tensor([1.0, 1.0]))
    assert found[0, 5:15, 5:15].min() > 0.9
    assert found[1, 10:20, 12:24].min() > 0.9
    assert found[template < 0].max() < 0.1
    assert found[template == 0].mean() < 0.3, "where the unit does not care, ink has its price"
    assert torch.equal(found, stimuli.maximise(linear(template), scale=torch.tensor([1.0, 1.0])))


def test_the_image_is_smoother_than_the_unit_asks_for(random):
    template = torch.tensor(random.normal(size=(1, 28, 28)), dtype=torch.float32) / 100
    found = stimuli.maximise(linear(template), scale=torch.ones(1))
    assert roughness(found.numpy())[0] < 0.7 * roughness((template > 0).float().numpy())[0]


def test_how_loud_a_unit_is_does_not_change_its_image():
    template = torch.zeros(1, 28, 28)
    template[0, 5:15, 5:15] = 0.02
    quiet = stimuli.maximise(linear(template), scale=torch.tensor([0.5]))
    loud = stimuli.maximise(linear(64 * template), scale=torch.tensor([32.0]))
    assert torch.allclose(quiet, loud, atol=1e-5)


def test_a_unit_that_never_moves_is_pleased_by_a_black_image():
    found = stimuli.maximise(linear(torch.zeros(1, 28, 28)), scale=torch.zeros(1))
    assert found.max() < 0.1


def test_favourites_are_the_images_a_unit_answers_most_strongly_in_order():
    answers = torch.tensor([[0.0, 5.0], [3.0, 5.0], [1.0, -1.0]])
    assert stimuli.favourites(answers, count=2).tolist() == [[1, 2], [0, 1]]


# maps


def test_noise_has_roughness_one_a_ramp_near_none_and_a_chequerboard_two(random):
    assert roughness(random.normal(size=(200, 28, 28))).mean() == pytest.approx(1, abs=0.01)
    ramp, chequers = np.add.outer(np.arange(28.0), np.arange(28.0)), np.indices((28, 28)).sum(axis=0) % 2.0
    assert roughness(ramp[None])[0] < 0.01
    assert roughness(chequers[None])[0] == pytest.approx(2, rel=0.01)
    assert roughness(np.ones((1, 28, 28)))[0] == 0
    assert roughness(7 * ramp[None] + 3)[0] == pytest.approx(roughness(ramp[None])[0])


def test_roughness_is_gearys_ratio_with_neighbours_across_and_down(random):
    maps = random.normal(size=(3, 5, 4))
    places = np.argwhere(np.ones(maps.shape[1:]))
    near = np.abs(places[:, None] - places[None]).sum(axis=2) == 1
    flat = maps.reshape(3, -1)
    squares = ((flat[:, :, None] - flat[:, None]) ** 2 * near).sum(axis=(1, 2))
    deviations = ((flat - flat.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    assert roughness(maps) == pytest.approx((flat.shape[1] - 1) * squares / (2 * near.sum() * deviations))


def test_a_share_is_of_the_whole_map_and_pixels_may_be_chosen_for_each_map():
    maps = np.ones((2, 4, 4))
    maps[1] = 0
    assert list(share(maps, np.arange(16).reshape(4, 4) < 4)) == [0.25, 0]
    own = np.zeros((2, 4, 4), dtype=bool)
    own[0, :2] = True
    assert list(share(maps, own)) == [0.5, 0]


def test_a_map_in_eight_bits_is_off_by_half_a_step_at_most(random):
    maps = random.normal(size=(5, 3, 4, 4)) * np.array([1e-6, 1, 10, 0, 1e3]).reshape(5, 1, 1, 1)
    found = packed("maps", maps)
    scale = found["maps.scale"].reshape(5, 1, 1, 1)
    assert found["maps"].dtype == np.int8
    assert (np.abs(found["maps"] * scale - maps) <= 0.501 * scale).all()


# the analysis


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
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(stimuli, "STEPS", 10)  # that an image is kept matters here, not what is on it
                    galleries[condition] = features.gallery(weights=weights, **inputs)["arrays.npz"]
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
    arrays = features.compare(**study)["arrays.npz"]
    places = np.concatenate([v.ravel() for name, v in arrays.items() if name.startswith(("favourites", "examples"))])
    assert set(places) == set(arrays["image_index"])
    assert (arrays["images"] == study["probe"]["images"][arrays["image_index"]]).all()
    assert arrays["saliency_border/cnn-raw"].shape == (2, 2)
    assert arrays["onehot/cnn-normalized/hidden3"].shape == (5, 28, 28)


def test_facts_hold_the_planted_differences(study):
    facts = features.compare(**study)["facts.json"]
    assert facts["features.weight_border.mlp-raw"]["value"] == 0
    assert facts["features.weight_border.difference.mlp"]["value"] > 75
    assert facts["features.weight_border.difference.mlp"]["unit"] == "points"
    assert facts["features.norm_growth.mlp-normalized"]["value"] == pytest.approx(1)
    assert facts["features.norm_growth.mlp-raw"]["value"] == pytest.approx(np.sqrt(144 / 784), abs=0.02)
    assert facts["features.border_pixels"]["value"] == facts["features.never_pixels"]["value"] == 784 - 144
    assert facts["features.excess.mlp-raw.logits"]["n"] == 10
    assert "features.weight_roughness.difference.raw" not in facts, "filters and images are not alike"


def test_agreement_is_one_for_equal_maps_and_no_network_is_in_two_pairs_of_seeds(random):
    maps = random.random((5, 5, 784))
    groups = {
        "mlp-raw": [{"saliency": each} for each in maps],
        "mlp-normalized": [{"saliency": 7 * each} for each in maps],
    }
    found = agreement(groups)
    assert found["features.agreement.mlp"]["value"] == pytest.approx(1)
    assert found["features.agreement.mlp"]["n"] == 5
    between = found["features.agreement.seeds.mlp-raw"]
    assert between["value"] == pytest.approx(0, abs=0.1)
    assert between["n"] == 2
    assert "over pairs of seeds" in between["method"]
    assert found["features.agreement.difference.mlp"]["low"] > 0.5
    assert "features.agreement.seeds.mlp-raw" not in agreement({name: group[:1] for name, group in groups.items()})


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(study, seeds):
    runs = {name: run for name, run in study["runs"].items() if int(name[-1]) < seeds}
    facts = features.compare(**{**study, "runs": runs})["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
