"""Health: planted dead, rare and always-on units, deaths and revivals are found again."""

import numpy as np
import planted
import pytest

from experiments.analyses.health import deaths, examine, measures, states

# by epoch: dead always, dies, comes back, rarely on, always on, healthy
LIVES = np.array([[0, 0.5, 0, 0.5, 1, 0.5], [0, 0.2, 0, 0.1, 1, 0.5], [0, 0, 0.3, 0.005, 1, 0.5]])


def record(*, active: np.ndarray = LIVES) -> dict[str, np.ndarray]:
    """A network with one hidden layer that lives as planted; the first unit of it gets no gradient."""
    epochs, units = len(active) - 1, active.shape[1]
    still = np.zeros((epochs, units))
    still[:, 0] = 1
    still[:, 1] = 0.99
    found = {"layers": np.array(["hidden1", "logits"]), "active/hidden1": active, "zero_gradient/hidden1": still}
    for layer, norm in (("hidden1", 2.0), ("logits", 1.0)):
        found[f"gradient_norm/{layer}"] = norm / np.arange(1, epochs + 1)
        found[f"update_ratio/{layer}"] = np.full(epochs, -3.0)
    return found


def study(*, seeds: int = 3) -> dict[str, dict[str, np.ndarray]]:
    """Raw networks live as planted; in normalized ones every unit is on for half of the images."""
    healthy = np.full_like(LIVES, 0.5)
    return {
        f"{condition}/{seed}": record(active=LIVES if condition.endswith("raw") else healthy)
        for condition in planted.CONDITIONS
        for seed in range(seeds)
    }


def test_dead_rare_and_always_on_are_told_apart_at_their_thresholds():
    found = states(np.array([0, 0.009, 0.01, 0.5, 0.99, 0.991, 1]))
    assert list(found["dead"]) == [True, False, False, False, False, False, False]
    assert list(found["rare"]) == [False, True, False, False, False, False, False]
    assert list(found["always"]) == [False, False, False, False, False, True, True]


def test_a_death_and_a_revival_are_found_and_a_unit_born_dead_is_neither():
    died, revived = deaths(LIVES)
    assert list(np.flatnonzero(died)) == [1]
    assert list(np.flatnonzero(revived)) == [2]


def test_a_unit_that_dies_comes_back_and_dies_again_counts_as_both():
    died, revived = deaths(np.array([[0.5], [0], [0.5], [0]]))
    assert died.all()
    assert revived.all()


def test_shares_are_of_all_units_of_the_layers_asked_for():
    found = measures(record(), ["hidden1"])
    assert found["dead_start"] == pytest.approx(100 * 2 / 6)
    assert found["dead"] == pytest.approx(100 * 2 / 6)
    assert found["rare"] == found["always"] == pytest.approx(100 / 6)
    assert (found["died"], found["revived"]) == (1, 1)


def test_only_a_unit_without_gradient_in_every_step_counts_as_gradient_dead():
    assert measures(record(), ["hidden1"])["zero_gradient"] == pytest.approx(100 / 6)


def test_gradients_are_of_one_layer_at_the_first_and_the_last_epoch():
    found = measures(record(), ["logits"])
    assert (found["gradient_start"], found["gradient_end"]) == (1, 0.5)
    assert "dead" not in found, "logits have no ReLU and cannot die"


def test_facts_hold_the_planted_differences():
    facts = examine(records=study(), grid=planted.GRID)["facts.json"]
    assert facts["health.dead.mlp-raw"]["value"] == pytest.approx(100 / 3)
    assert facts["health.dead.mlp-normalized.hidden1"]["value"] == 0
    assert facts["health.dead.difference.mlp:normalized"]["value"] == pytest.approx(-100 / 3)
    assert facts["health.dead.difference.mlp:normalized"]["unit"] == "points"
    assert facts["health.dead.difference.raw:cnn.last"]["value"] == 0
    assert facts["health.units.cnn-raw"]["value"] == 6


def test_channels_are_never_compared_with_units_and_dense_networks_are_compared_whole():
    runs = study()
    assert "health.always.difference.raw:cnn" in examine(records=runs, grid=planted.GRID)["facts.json"]
    for name, run in runs.items():
        if name.startswith("cnn"):
            run["class_peak/hidden1"] = np.ones((3, 6, 10))
    facts = examine(records=runs, grid=planted.GRID)["facts.json"]
    assert not any(name.startswith(("health.always.difference.raw", "health.dead.difference.raw")) for name in facts)
    assert "health.always.difference.cnn:normalized" in facts, "channels are compared with channels"


def test_arrays_keep_seeds_epochs_and_units_apart():
    arrays = examine(records=study(seeds=2), grid=planted.GRID)["arrays.npz"]
    assert arrays["dead/mlp-raw/hidden1"].shape == (2, 3)
    assert arrays["active/mlp-raw/hidden1"].shape == (2, 2, 6)
    assert arrays["history/mlp-raw/hidden1"] == pytest.approx(LIVES)
    assert arrays["gradient_norm/mlp-raw/logits"].shape == (2, 2)


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(seeds):
    facts = examine(records=study(seeds=seeds), grid=planted.GRID)["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()
