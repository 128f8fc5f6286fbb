"""Drift: known movements of a distribution are found again."""

import numpy as np
import planted
import pytest

from experiments.analyses.activations import drift, measures

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


def test_a_distribution_made_of_its_class_means_lies_between_them_entirely():
    means = np.append(np.arange(10.0), 4.5)
    std = np.append(np.zeros(10), np.arange(10.0).std())
    found = measures(np.stack([means, means]), np.stack([std, std]))
    assert found["class_share_end"] == pytest.approx(100)


def test_a_silent_layer_has_no_ratio_and_its_facts_are_finite():
    found = measures(np.zeros((3, 11)), np.zeros((3, 11)))
    assert np.isfinite(list(found.values())).all()
    assert found["spread_ratio"] == found["mean_shift"] == 0


def test_facts_hold_the_planted_difference_of_every_comparison():
    facts = drift(records=study(), card=CARD, grid=planted.GRID)["facts.json"]
    assert facts["activations.spread_ratio.mlp-raw.hidden1.pre"]["value"] == pytest.approx(2)
    assert facts["activations.spread_ratio.difference.mlp:normalized.hidden1.pre"]["value"] == pytest.approx(1)
    assert facts["activations.spread_ratio.difference.raw:cnn.last"]["value"] == pytest.approx(0)
    assert facts["activations.mean_shift.mlp-raw.logits"]["value"] == pytest.approx((3 + 4 + 5) / 3 / 2)
    assert facts["activations.mean_shift.mlp-raw.logits"]["n"] == 3


def test_the_input_does_not_drift_and_is_described_without_an_interval():
    facts = drift(records=study(), card=CARD, grid=planted.GRID)["facts.json"]
    assert facts["activations.input_std.mlp-raw"]["low"] is None
    assert not any("mean_shift" in name and ".input" in name for name in facts)


def test_histograms_are_shares_at_the_start_early_half_way_and_at_the_end():
    arrays = drift(records=study(), card=CARD, grid=planted.GRID)["arrays.npz"]
    assert list(arrays["moments"]) == [0, 1, 2, 4]
    assert arrays["histogram/cnn-raw/logits"] == pytest.approx(np.tile([0.1, 0.4, 0.4, 0.1], (4, 1)))


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (2, 2)])
def test_the_smallest_studies_have_finite_facts(seeds, epochs):
    products = drift(records=study(seeds=seeds, epochs=epochs), card=CARD, grid=planted.GRID)
    numbers = [fact[key] for fact in products["facts.json"].values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
    assert products["arrays.npz"]["mean/mlp-raw/logits"].shape == (seeds, epochs + 1)
