"""Similarity: rotated copies are alike, strangers are not; oracles are brute force, SciPy and planted epochs."""

from itertools import combinations

import numpy as np
import pytest
import torch
from planted import GRID
from scipy.linalg import orthogonal_procrustes

from experiments import models
from experiments.analyses.similarity import balanced, compare, read
from experiments.measures.representations import cka, fingerprint, pair_values, procrustes, settled

MLP = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [8, 4]}}
CNN = {"build": "experiments.models.cnn:CNN", "options": {"channels": [2, 3], "hidden": 4}}
LAYERS = {"mlp": ("hidden1", "hidden2", "logits"), "cnn": ("conv1", "hidden2", "logits")}


def rotation(random, units: int):
    return np.linalg.qr(random.normal(size=(units, units)))[0]


def hsic(first, second):
    """The unbiased HSIC of Song et al. 2012 as it is printed there, term by term."""
    n, ones = len(first), np.ones(len(first))
    k, l = first @ first.T, second @ second.T  # noqa: E741 (the paper's names)
    np.fill_diagonal(k, 0)
    np.fill_diagonal(l, 0)
    middle = (ones @ k @ ones) * (ones @ l @ ones) / ((n - 1) * (n - 2))
    return (np.trace(k @ l) + middle - 2 / (n - 2) * ones @ k @ l @ ones) / (n * (n - 3))


# ------------------------------------------------------------------------------------------------------- CKA


def test_turning_scaling_and_moving_a_representation_leaves_a_cka_of_one(random):
    points = random.normal(size=(30, 5))
    assert cka([points, 7 * points @ rotation(random, 5) + 3])[0, 1] == pytest.approx(1)


def test_stretching_one_axis_lowers_cka(random):
    points = random.normal(size=(30, 5))
    assert cka([points, points * [20, 1, 1, 1, 1]])[0, 1] < 0.8


def test_cka_is_the_published_formula_with_the_unbiased_hsic(random):
    first = random.normal(size=(12, 5))
    second = first[:, :3] + random.normal(size=(12, 3))
    expected = hsic(first, second) / np.sqrt(hsic(first, first) * hsic(second, second))
    assert cka([first, second])[0, 1] == pytest.approx(expected)


def test_the_hsic_within_is_unbiased_it_is_the_mean_over_all_quadruples_of_images(random):
    first, second = random.normal(size=(7, 2)), random.normal(size=(7, 3))
    expected = np.mean([hsic(first[list(four)], second[list(four)]) for four in combinations(range(7), 4)])
    assert hsic(first, second) == pytest.approx(expected)


def test_unrelated_representations_have_no_cka_even_with_more_units_than_images(random):
    values = [cka([random.normal(size=(40, 200)), random.normal(size=(40, 200))])[0, 1] for _ in range(30)]
    assert abs(np.mean(values)) < 0.02, "the biased estimator would be above 0.8"


def test_positions_of_a_convolutional_layer_count_as_units_for_cka(random):
    maps = random.normal(size=(20, 3, 4, 4))
    assert cka([maps, maps.reshape(20, -1)])[0, 1] == pytest.approx(1)


def test_a_silent_layer_is_like_nothing_and_too_few_images_are_refused(random):
    silent = np.full((10, 3), 0.1, dtype=np.float32)
    assert cka([silent, random.normal(size=(10, 3))])[0, 1] == 0
    with pytest.raises(ValueError, match="at least 4 images"):
        fingerprint(np.zeros((3, 2)))


# ------------------------------------------------------------------------------------------------ Procrustes


def test_a_rotated_scaled_and_moved_copy_is_at_no_distance(random):
    points = random.normal(size=(30, 5))
    assert procrustes([points, 7 * points @ rotation(random, 5) + 3])[0, 1] == pytest.approx(0, abs=1e-7)


def test_the_distance_is_what_scipys_best_rotation_leaves(random):
    first, second = random.normal(size=(20, 4)), random.normal(size=(20, 4))
    a, b = ((each - each.mean(axis=0)) / np.linalg.norm(each - each.mean(axis=0)) for each in (first, second))
    turn, _ = orthogonal_procrustes(a, b)
    assert procrustes([first, second])[0, 1] == pytest.approx(np.linalg.norm(a @ turn - b) / np.sqrt(2))


def test_the_distance_is_a_metric_and_strangers_are_nearly_as_far_as_can_be(random):
    points = random.normal(size=(400, 3))
    way = [points, points + 0.3 * random.normal(size=(400, 3)), random.normal(size=(400, 3))]
    apart = procrustes(way)
    assert apart[0, 2] <= apart[0, 1] + apart[1, 2]
    assert 0.85 < apart[0, 2] <= 1
    assert np.diag(apart) == pytest.approx(0, abs=1e-7)


def test_channels_are_turned_but_positions_stay(random):
    maps = random.normal(size=(30, 3, 4, 4))
    turned = np.einsum("nchw,cd->ndhw", maps, rotation(random, 3))
    moved = np.roll(maps, 1, axis=3)
    apart = procrustes([maps, turned, moved])
    assert apart[0, 1] == pytest.approx(0, abs=1e-7)
    assert apart[0, 2] > 0.5


def test_units_that_are_always_zero_change_nothing(random):
    points = random.normal(size=(20, 3))
    wider = np.pad(points @ rotation(random, 3), ((0, 0), (0, 2)))
    assert procrustes([points, wider])[0, 1] == pytest.approx(0, abs=1e-7)


# ------------------------------------------------------------------------------------- seeds, epochs, images


def test_values_of_pairs_have_the_mean_over_pairs_and_are_the_jackknifes(random):
    alike = random.uniform(size=(6, 6))
    np.fill_diagonal(alike, 99)

    def mean(places):
        return np.mean([alike[a, b] for a in places for b in places if a != b])

    everyone = range(6)
    expected = [6 * mean(everyone) - 5 * mean([b for b in everyone if b != a]) for a in everyone]
    assert pair_values(alike) == pytest.approx(expected)
    assert pair_values(alike).mean() == pytest.approx(mean(everyone))


def test_the_interval_over_pairs_is_as_wide_as_repeating_the_study_says(random):
    """Each seed brings luck of its own to all of its pairs; the standard error must know."""
    means, errors = [], []
    for _ in range(400):
        luck = random.normal(size=10)
        values = pair_values(luck[:, None] + luck[None, :])
        means.append(values.mean())
        errors.append(values.std(ddof=1) / np.sqrt(10))
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.15)


def test_two_seeds_make_one_pair_and_one_makes_none():
    assert pair_values(np.array([[1, 0.3], [0.5, 1]])) == pytest.approx([0.4, 0.4])
    with pytest.raises(ValueError, match="no pair"):
        pair_values(np.ones((1, 1)))


@pytest.mark.parametrize(
    ("alike", "epoch"),
    [([0.1, 0.2, 0.96, 0.97, 1], 2), ([0.1, 0.99, 0.9, 0.96, 1], 3), ([0.96, 0.97, 0.98, 0.99, 1], 0)],
)
def test_a_layer_settles_at_the_planted_epoch_and_a_passing_visit_does_not_count(alike, epoch):
    assert settled(np.array(alike), threshold=0.95) == epoch


def test_a_layer_that_never_stays_settles_at_the_last_epoch():
    assert settled(np.array([0.9, 0.9, 0.9, 1]), threshold=0.95) == 3
    assert settled(np.zeros(4), threshold=0.95) == 3


def test_chosen_images_are_the_first_of_each_class_in_order():
    labels = np.array([1, 0, 1, 1, 0, 0, 1, 0])
    assert list(balanced(labels, images=4)) == [0, 1, 2, 4]
    assert len(balanced(labels, images=100)) == 8


# ----------------------------------------------------------------------------------------------------- stages


@pytest.mark.parametrize("architecture", [MLP, CNN], ids=["mlp", "cnn"])
def test_a_run_whose_weights_rest_does_not_move_and_one_that_jumps_does(random, architecture):
    torch.manual_seed(0)
    states = [models.build(architecture["build"], options=architecture["options"]).state_dict() for _ in range(2)]
    weights = {name: np.stack([states[0][name], states[0][name], states[1][name]]) for name in states[0]}
    labels = np.tile(np.arange(10, dtype=np.uint8), 3)
    probe = {"images": random.integers(0, 256, size=(30, 28, 28), dtype=np.uint8), "labels": labels}
    found = read(weights=weights, probe=probe, architecture=architecture, treatment={"mean": 0.1, "std": 0.3})
    arrays = found["arrays.npz"]
    for layer in arrays["layers"]:
        assert arrays[f"cka/{layer}"][0, 1] == pytest.approx(1)
        assert arrays[f"cka/{layer}"][1, 2] < 0.99
        assert arrays[f"procrustes/{layer}"][0, 1] == pytest.approx(0, abs=1e-6)
        assert arrays[f"procrustes/{layer}"][1, 2] > 0.1
        assert arrays[f"activations/{layer}"].shape[:2] == (2, 30)
    assert arrays["across"].shape == (1 + len(arrays["layers"]),) * 2
    assert np.diag(arrays["across"]) == pytest.approx(1)


def run(random, *, architecture: str, meaning: np.ndarray, own: np.ndarray, settles: int, epochs: int = 4):
    """A run that ends near `meaning`, turned, and begins at `own`; its layers settle one epoch after the other."""
    found = {"layers": np.array(LAYERS[architecture]), "image": np.arange(len(meaning)), "across": np.eye(4)}
    for depth, layer in enumerate(LAYERS[architecture]):
        near = np.arange(epochs + 1) >= settles + depth
        alike = np.where(near[:, None] & near[None, :], 0.99, 0.5)
        np.fill_diagonal(alike, 1)
        turned = meaning @ rotation(random, meaning.shape[1])
        found[f"cka/{layer}"], found[f"procrustes/{layer}"] = alike, 1 - alike
        found[f"activations/{layer}"] = np.stack([own, turned]).astype(np.float16)
    return found


def study(random, *, seeds: int = 4):
    """Two meanings, one for each treatment; untrained, every network has one of its own, but seeds are shared."""
    meanings = {treatment: random.normal(size=(60, 4)) for treatment in ("raw", "normalized")}
    owns = random.normal(size=(seeds, 60, 4))
    return {
        f"{architecture}-{treatment}/{seed}": run(
            random,
            architecture=architecture,
            meaning=meaning,
            own=owns[seed],
            settles={"raw": 1, "normalized": 0}[treatment],
        )
        for architecture in LAYERS
        for treatment, meaning in meanings.items()
        for seed in range(seeds)
    }


@pytest.fixture(scope="module")
def facts():
    return compare(runs=study(np.random.default_rng(0)), grid=GRID)["facts.json"]


def test_facts_hold_who_was_planted_to_be_like_whom(facts):
    def value(name):
        return facts[f"similarity.cka.{name}"]["value"]

    assert value("seeds.mlp-raw.last") == pytest.approx(1, abs=1e-3)
    assert value("seeds_start.mlp-raw.last") == pytest.approx(0, abs=0.1)
    assert value("gain.mlp-raw.last") == pytest.approx(1, abs=0.1)
    assert value("untrained.mlp-raw.last") == pytest.approx(0, abs=0.15)
    assert value("shuffled.cnn-raw.last") == pytest.approx(0, abs=0.15)
    assert value("same_seed.mlp:normalized.last") == pytest.approx(0, abs=0.15), "treatments mean different things"
    assert value("same_seed.raw:cnn.last") == pytest.approx(1, abs=1e-3), "MLP and CNN mean the same"
    assert value("other_seed_minus_seeds.mlp:normalized.last") == pytest.approx(-1, abs=0.15)
    assert value("same_seed_minus_other_seed.cnn:normalized.last") == pytest.approx(0, abs=1e-3)
    assert facts["similarity.procrustes.seeds.cnn-raw.last"]["value"] < 0.05
    assert facts["similarity.procrustes.same_seed.mlp:normalized.last"]["value"] > 0.5
    assert "jackknife" in facts["similarity.cka.seeds.mlp-raw.last"]["method"]
    assert facts["similarity.cka.seeds.mlp-raw.last"]["n"] == 4, "n counts seeds, not pairs"


def test_facts_hold_the_planted_settling_epochs_and_their_order(facts):
    assert facts["similarity.settled.mlp-raw.hidden1"]["value"] == 1
    assert facts["similarity.settled.mlp-raw.logits"]["value"] == 3
    assert facts["similarity.settled.deeper.mlp-raw"]["value"] == 2
    assert facts["similarity.settled.deeper.mlp-raw.hidden2"]["verdict"] == "higher"
    assert facts["similarity.settled.difference.mlp:normalized.hidden1"]["value"] == -1
    assert facts["similarity.settled.difference.raw:cnn.last"]["value"] == 0
    assert facts["similarity.step_last.mlp-raw.hidden1"]["value"] == pytest.approx(0.01)


def test_the_threshold_is_the_studys_to_choose(random):
    facts = compare(runs=study(random), grid=GRID, threshold=0.4)["facts.json"]
    assert facts["similarity.settled.mlp-raw.logits"]["value"] == 0
    assert facts["similarity.threshold"]["value"] == 0.4


def test_arrays_set_every_network_beside_every_other(random):
    arrays = compare(runs=study(random, seeds=3), grid=GRID)["arrays.npz"]
    assert list(arrays["networks"][[0, 3, 11]]) == ["cnn-normalized", "cnn-raw", "mlp-raw"]
    assert arrays["alike"].shape == (12, 12)
    assert arrays["alike"][3:6, 9:] == pytest.approx(1, abs=1e-3)
    assert arrays["settled/mlp-raw/hidden1"].shape == (3, 3)
    assert arrays["step/cnn-raw/conv1"].shape == (3, 4)


def test_one_pair_of_seeds_has_an_interval_of_all_that_is_possible(random):
    facts = compare(runs=study(random, seeds=2), grid=GRID)["facts.json"]
    pair, difference = (
        facts["similarity.procrustes.seeds.mlp-raw.last"],
        facts["similarity.procrustes.gain.mlp-raw.last"],
    )
    assert (pair["low"], pair["high"]) == (0, 1)
    assert (difference["low"], difference["high"]) == (-1, 1)
    assert all("one pair" in fact["method"] for fact in (pair, difference))
    assert difference["verdict"] == "undecided"


@pytest.mark.parametrize("fewer", [1, 2, 3])
def test_conditions_of_unlike_numbers_of_seeds_are_paired_by_the_seeds_that_both_have(random, fewer):
    runs = study(random, seeds=4)
    runs = {name: run for name, run in runs.items() if not (name.startswith("mlp-norm") and int(name[-1]) >= fewer)}
    facts = compare(runs=runs, grid=GRID)["facts.json"]
    assert facts["similarity.cka.same_seed.mlp:normalized.last"]["n"] == fewer
    assert facts["similarity.settled.difference.mlp:normalized.hidden1"]["n"] == fewer
    assert facts["similarity.cka.seeds.mlp-raw.last"]["n"] == facts["similarity.settled.mlp-raw.hidden1"]["n"] == 4
    assert ("similarity.cka.other_seed_minus_seeds.mlp:normalized.last" in facts) == (fewer > 1)
    if fewer == 3:
        assert facts["similarity.cka.other_seed_minus_seeds.mlp:normalized.last"]["verdict"] == "lower"


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(random, seeds):
    facts = compare(runs=study(random, seeds=seeds), grid=GRID)["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
    assert ("similarity.cka.seeds.mlp-raw.last" in facts) == (seeds > 1), "one seed makes no pair"
