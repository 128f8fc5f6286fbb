"""The analysis of learning rates recovers planted best rates, ratios, divergence and curvatures."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.analyses import why

RATES = np.geomspace(0.003, 1, 9)
STEPS = {"net-plain": 1.0, "net-long": 8.0}
TRIED = {
    name: {
        "architecture": "net",
        "treatment": name[4:],
        "is_folded": False,
    }
    for name in STEPS
}
COMPARED = {"net:long": {"architecture": "net", "first": "net-long", "second": "net-plain", "against": "plain"}}
CARD = {"classes": 10}


def accuracy(rates, shift):
    """Best at a rate of 0.2 / shift; the same curve for all but for where it lies."""
    return 0.9 - 0.05 * np.log(shift * rates / 0.2) ** 2 / 2


def curves(shift, seed, *, lost=0):
    draw = np.random.default_rng(seed)
    noise = draw.normal(0, 1e-4, (2, len(RATES), 3))
    test = np.stack([np.full(len(RATES), 0.1), accuracy(RATES, shift), accuracy(RATES, shift) + 0.02], axis=1)
    loss = np.full((len(RATES), 2), 0.5)
    loss[len(RATES) - lost :] = np.nan
    diverged = np.where(np.isnan(loss[:, 0]), 7, 0)
    return {
        "rates": RATES,
        "train_loss": loss,
        "test": test + noise[0],
        "set_aside": test + noise[1],
        "diverged": diverged,
    }


@pytest.fixture(scope="module")
def found():
    given = {
        f"{name}/{seed}": curves(step, seed, lost=2 * (step > 1)) for name, step in STEPS.items() for seed in range(4)
    }
    bends = {
        f"{name}/{seed}": {
            "epochs": np.array([0, 1, 2]),
            "largest": step * np.array([1.0, 2.0, 3.0]) * (1 + seed / 100),
        }
        for name, step in STEPS.items()
        for seed in range(4)
    }
    return why.gather(curves=given, bends=bends, card=CARD, tried=TRIED, compared=COMPARED, own={"net": RATES[2]})


def test_the_best_rate_is_where_it_was_planted(found):
    facts = found["facts.json"]
    nearest = RATES[np.abs(np.log(RATES / 0.2)).argmin()]
    assert facts["why.end.best_rate.net-plain"]["value"] == pytest.approx(nearest)
    assert facts["why.end.best_rate.net-long"]["value"] < nearest / 4


def test_at_one_rate_they_differ_and_each_at_its_best_they_do_not(found):
    facts = found["facts.json"]
    given, best = (facts[f"why.first_epoch.{which}.difference.net:long"] for which in ("given", "best"))
    planted = 100 * (accuracy(RATES[2], 8) - accuracy(RATES[2], 1))
    assert given["value"] == pytest.approx(planted, abs=0.1)
    assert abs(best["value"]) < 1


def test_the_ratio_of_rates_is_the_planted_one(found):
    fact = found["facts.json"]["why.first_epoch.ratio.net:long"]
    assert fact["value"] == pytest.approx(8, rel=0.1)
    assert fact["low"] < fact["value"] < fact["high"]


def test_networks_that_diverge_are_counted_and_bound_the_largest_rate(found):
    facts = found["facts.json"]
    assert facts["why.diverged.net-plain"]["value"] == 0
    assert facts["why.diverged.net-long"]["value"] == 8
    assert facts["why.largest_rate.net-plain"]["value"] == pytest.approx(1)
    assert facts["why.largest_rate.net-long"]["value"] == pytest.approx(RATES[-3])


def test_curvatures_and_their_ratio(found):
    facts = found["facts.json"]
    assert facts["why.curvature.end.net-plain"]["value"] == pytest.approx(3 * 1.015)
    assert facts["why.bend.net:long"]["value"] == pytest.approx(8)


def test_the_choice_is_made_on_images_set_aside_and_not_on_the_test_set():
    run = curves(1.0, 0)
    run["test"][0] = 1.0  # what the test set would choose
    assert why.best_rate([run], -1) != 0


def test_no_number_of_a_network_that_diverged_reaches_a_fact(found):
    for name, fact in found["facts.json"].items():
        assert all(fact[end] is None or np.isfinite(fact[end]) for end in ("value", "low", "high")), name
