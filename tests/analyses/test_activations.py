"""Drift: known movements of a distribution are found again."""

import numpy as np
import planted
import pytest

from experiments.analyses.activations import black, class_share, drift, measures, read, units_half_way

HOOKS = ("input", "hidden1.pre", "hidden1.post", "logits")
CARD = {"class_names": [str(digit) for digit in range(10)]}


def record(*, epochs: int = 4, shift: float = 0.0, growth: float = 1.0) -> dict[str, np.ndarray]:
    """A network whose every hook point moves from N(0, 2) by `shift` and to `growth` times its spread."""
    way = np.linspace(0, 1, epochs + 1)[:, None] * np.ones(11)
    found = {
        "hook_points": np.array(HOOKS),
        "layers": np.array(["hidden1", "logits"]),
        "quantile_levels": np.array([0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1]),
        "histogram_edges": np.linspace(-2, 2, 5),
        "class_mean/hidden1": np.ones((epochs + 1, 3, 10)),
        "active/hidden1": np.ones((epochs + 1, 3)),
    }
    for hook in HOOKS:
        found[f"mean/{hook}"] = shift * way
        found[f"std/{hook}"] = 2 * (1 + (growth - 1) * way)
        found[f"quantile/{hook}"] = np.tile(np.linspace(-2, 2, 9), (epochs + 1, 1))
        found[f"histogram/{hook}"] = np.tile(np.array([1, 4, 4, 1], dtype=np.int32), (epochs + 1, 1))
    return found


def found(**options) -> dict:
    """The analysis of the planted study; between classes lies nothing before training and half at its end."""
    records = study(**options)
    shares = {"hook_points": np.array(["hidden1.post", "logits"])}
    shares |= {f"class_share/{hook}": np.array([1.0, 50.0]) for hook in shares["hook_points"]}
    probe = {"images": np.ones((20, 2, 2), np.uint8), "labels": np.arange(20) % 10}
    return drift(records=records, shares=dict.fromkeys(records, shares), probe=probe, card=CARD, grid=planted.GRID)


def study(*, seeds: int = 3, **options) -> dict[str, dict[str, np.ndarray]]:
    """Raw networks double their spread; normalized ones treble it. Seeds shift by different amounts."""
    growth = {"raw": 2.0, "normalized": 3.0}
    return {
        f"{condition}/{seed}": record(shift=3 + seed, growth=growth[condition.partition("-")[2]], **options)
        for condition in planted.CONDITIONS
        for seed in range(seeds)
    }


def test_a_planted_shift_and_growth_are_measured_in_units_of_the_start():
    found = measures(*(record(shift=-3, growth=2.5)[f"{kind}/logits"] for kind in ("mean", "std")))
    assert found["mean_shift"] == pytest.approx(3 / 2)
    assert found["spread_ratio"] == pytest.approx(2.5)
    assert (found["spread_start"], found["spread_end"]) == (2, 5)


def test_half_way_is_the_first_epoch_that_made_half_of_the_way():
    std = np.array([1.0, 1.4, 1.5, 2.0])[:, None] * np.ones(11)
    assert measures(np.zeros((4, 11)), std)["half_way"] == 2
    assert measures(np.zeros((4, 11)), std[::-1])["half_way"] == 1, "a way down counts like a way up"


def test_classes_come_to_lie_apart_only_by_more_than_the_layer_grows():
    mean, std = np.zeros((2, 11)), np.full((2, 11), 0.5)
    mean[0, :10], mean[1, :10] = np.linspace(0, 1, 10), np.linspace(-2, 3, 10)
    assert measures(mean, std)["class_apart"] == pytest.approx((5 - 1) / 0.5)
    assert measures(mean[::-1], std)["class_apart"] == pytest.approx(-8), "closer than at the start"
    grown = np.array([1, 7.0])[:, None]
    assert measures(mean[:1] * grown, std * grown)["class_apart"] == pytest.approx(0)


def test_the_units_half_way_is_of_their_own_means_and_not_of_their_average():
    """Two units that go opposite ways: their average stays where it is."""
    way = np.array([0, 1, 4, 9, 10.0])
    assert units_half_way(np.stack([way, -way], axis=1)[:, :, None].repeat(3, axis=2)) == 3


def test_units_that_go_nowhere_in_particular_need_a_quarter_of_the_epochs(random):
    steps = random.standard_normal((21, 400, 10))
    steps[0] = 0
    assert units_half_way(steps.cumsum(axis=0)) in (5, 6)


def activations(random, *, share: float, images: int = 4000, units: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Units of which so much of the variance lies between ten classes; each unit ranks the classes its own way, so that
    their mean tells the classes nothing."""
    labels = np.arange(images) % 10
    levels = np.stack([random.permutation(10) for _ in range(units)], axis=1)
    between = np.concatenate([levels, 9 - levels], axis=1)[labels] / np.arange(10).std()
    noise = random.standard_normal(between.shape)
    return np.sqrt(share) * between + np.sqrt(1 - share) * noise, labels


@pytest.mark.parametrize("share", [0.0, 0.3, 0.62, 1.0])
def test_a_planted_share_between_classes_is_recovered_unit_by_unit(random, share):
    values, labels = activations(random, share=share)
    assert class_share(values, labels) == pytest.approx(share, abs=0.02)
    whole = values.mean(axis=1)
    if share == 1:
        assert np.ptp(whole) == pytest.approx(0), "the mean over units has none of it"


def test_channels_count_at_each_of_their_positions_and_silent_units_not_at_all(random):
    values, labels = activations(random, share=0.4)
    maps = np.zeros((len(values), 4, 2, 2))
    maps[:, :3] = values.reshape(-1, 3, 2, 2)
    assert class_share(maps, labels) == pytest.approx(0.4, abs=0.03)
    assert class_share(np.ones((20, 3)), np.arange(20) % 10) == 0


def test_black_pixels_are_told_from_the_rest_of_the_input():
    given = record()
    given["quantile/input"][:, 0] = -1.5
    value, share, bin_ = black(given, np.repeat(np.uint8([0, 9]), [1, 9]).reshape(1, 1, 10))
    assert (value, share, bin_) == (-1.5, pytest.approx(0.1), 0)
    assert black(given, np.zeros((1, 1, 10), np.uint8))[1] == 0, "more black pixels than values there: not one value"


def test_a_silent_layer_has_no_ratio_and_its_facts_are_finite():
    found = measures(np.zeros((3, 11)), np.zeros((3, 11)))
    assert np.isfinite(list(found.values())).all()
    assert found["spread_ratio"] == found["mean_shift"] == 0


def test_facts_hold_the_planted_difference_of_every_comparison():
    facts = found()["facts.json"]
    assert facts["activations.spread_ratio.mlp-raw.hidden1.pre"]["value"] == pytest.approx(2)
    assert facts["activations.spread_ratio.difference.mlp:normalized.hidden1.pre"]["value"] == pytest.approx(1)
    assert facts["activations.spread_ratio.difference.raw:cnn.last"]["value"] == pytest.approx(0)
    assert facts["activations.mean_shift.mlp-raw.logits"]["value"] == pytest.approx((3 + 4 + 5) / 3 / 2)
    assert facts["activations.mean_shift.mlp-raw.logits"]["n"] == 3


def test_the_input_does_not_drift_and_is_described_without_an_interval():
    facts = found()["facts.json"]
    assert facts["activations.input_std.mlp-raw"]["low"] is None
    assert not any("mean_shift" in name and ".input" in name for name in facts)


def test_histograms_are_shares_at_the_start_early_half_way_and_at_the_end():
    arrays = found()["arrays.npz"]
    assert list(arrays["moments"]) == [0, 1, 2, 4]
    assert arrays["histogram/cnn-raw/logits"] == pytest.approx(np.tile([0.1, 0.4, 0.4, 0.1], (4, 1)))


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 2)])
def test_the_smallest_studies_have_finite_facts(seeds, epochs):
    products = found(seeds=seeds, epochs=epochs)
    numbers = [fact[key] for fact in products["facts.json"].values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
    assert products["arrays.npz"]["mean/mlp-raw/logits"].shape == (seeds, epochs + 1)


def test_the_shares_of_a_network_become_facts_beside_what_chance_gives():
    layers = {f"{epoch}/logits": np.eye(10)[np.arange(20) % 10] * epoch for epoch in (0, 1, 2)}
    arrays = read(layers=layers, probe={"labels": np.arange(20) % 10})["arrays.npz"]
    assert arrays["class_share/logits"].tolist() == pytest.approx([0, 100])
    facts = found()["facts.json"]
    assert facts["activations.class_share_gain.mlp-raw.hidden1.post"]["value"] == pytest.approx(49)
    assert facts["activations.class_share_chance"]["value"] == pytest.approx(100 * 9 / 19)
