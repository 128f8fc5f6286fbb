"""Interventions: a planted bottleneck, attractor, specialist and idle unit are found again, and nothing else."""

import numpy as np
import pytest
import torch
from planted import GRID

from experiments.analyses.interventions import compare, read
from experiments.analyses.unit_effects import correlations, effects, measures
from experiments.analyses.unit_report import analyze_unit
from experiments.measures.answers import accuracy, class_accuracy, pull
from experiments.measures.scaling import SCALES
from experiments.models.mlp import MLP
from experiments.networks import Network
from experiments.record import class_means

ARCHITECTURE = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [14]}}
RAW = {"mean": 0.0, "std": 1.0}
BOTTLENECK, ATTRACTOR, SPARE, IDLE, DEAD = 3, 10, 11, 12, 13
CARD = {"class_names": [str(digit) for digit in range(10)]}


def images(*, each: int = 30) -> dict[str, np.ndarray]:
    """Digit d is a lit pixel d; pixel 10 is always lit; every second image of class 5 also lights pixel 11."""
    labels = np.arange(10 * each) % 10
    pixels = np.zeros((len(labels), 28 * 28), dtype=np.uint8)
    pixels[np.arange(len(labels)), labels] = 255
    pixels[:, 10] = 255
    fives = np.flatnonzero(labels == 5)
    pixels[fives[::2], 11] = 255
    return {"images": pixels.reshape(-1, 28, 28), "labels": labels.astype(np.uint8)}


def weights() -> dict[str, np.ndarray]:
    """Units 0 to 9 read their digit, and every digit hangs on its unit alone, but for 5, which has the bias as well.

    Unit 10 is on for every image and speaks for class 7, too quietly to be heard until it is tripled. Unit 12 is
    on for every image and nobody listens; unit 13 is dead.
    """
    first, bias = np.zeros((14, 784)), np.zeros(14)
    first[np.arange(10), np.arange(10)] = 1
    first[ATTRACTOR, 10] = first[SPARE, 11] = first[IDLE, 10] = 1
    bias[DEAD] = -1
    last = np.zeros((10, 14))
    last[np.arange(10), np.arange(10)] = 1
    last[7, ATTRACTOR], last[5, SPARE] = 0.5, 3
    last_bias = np.where(np.arange(10) == 5, 0.75, 0.0)
    found = {"hidden1.weight": first, "hidden1.bias": bias, "logits.weight": last, "logits.bias": last_bias}
    return {name: values[None].astype(np.float32) for name, values in found.items()}


def planted(state: dict[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    test = images()
    model = network().model
    means = class_means(model.hidden1(network().treat(test["images"]).flatten(1)), torch.tensor(test["labels"]).long())
    return read(
        weights=state or weights(),
        test=test,
        probe=test,
        record={"class_mean/hidden1": means[None]},
        architecture=ARCHITECTURE,
        treatment=RAW,
        seed=0,
    )["arrays.npz"]


def network() -> Network:
    model = MLP(hidden=[14])
    model.load_state_dict({name: torch.tensor(values[0]) for name, values in weights().items()})
    return Network(model.requires_grad_(False).eval(), RAW)


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    return planted()


def test_the_planted_network_reads_every_image(arrays):
    assert accuracy(arrays["confusion/hidden1"][0, SCALES.index(1.0)]) == 100


def test_the_bottleneck_of_a_class_is_found_and_costs_that_class_alone(arrays):
    found = effects(arrays, "hidden1")
    assert found["worst"][BOTTLENECK] == 100
    assert found["lost"][BOTTLENECK] == pytest.approx(10)
    off = class_accuracy(arrays["confusion/hidden1"][BOTTLENECK, 0])
    assert list(np.flatnonzero(off == 0)) == [3]
    assert found["hit"][BOTTLENECK]


def test_a_unit_with_a_spare_is_no_bottleneck(arrays):
    assert effects(arrays, "hidden1")["worst"][5] == 0
    assert effects(arrays, "hidden1")["worst"][SPARE] == 0


def test_the_attractor_pulls_the_other_digits_into_its_class_when_tripled(arrays):
    found = effects(arrays, "hidden1")
    tripled = arrays["confusion/hidden1"][ATTRACTOR, SCALES.index(3.0)]
    assert found["pulled"][ATTRACTOR] == pytest.approx(pull(tripled)[7])
    assert found["pulled"][ATTRACTOR] > 80
    assert (np.delete(found["pulled"], ATTRACTOR) < 20).all()


def test_an_idle_and_a_dead_unit_cost_nothing_and_only_the_idle_one_lives(arrays):
    found = effects(arrays, "hidden1")
    for unit in (IDLE, DEAD):
        assert (found["worst"][unit], found["lost"][unit], found["pulled"][unit]) == (0, 0, 0)
    assert found["living"][IDLE]
    assert not found["living"][DEAD]
    assert found["selectivity"][IDLE] == pytest.approx(0, abs=1e-6)


def test_mean_ablation_spares_a_unit_that_always_says_the_same(arrays):
    found = effects(arrays, "hidden1")
    assert found["mean_lost"][ATTRACTOR] == 0
    assert found["mean_worst"][BOTTLENECK] == 100


def test_measures_count_bottlenecks_and_attractors_and_leave_dead_units_out_of_averages(arrays):
    found = measures(effects(arrays, "hidden1"))
    assert (found["bottlenecks"], found["attractors"]) == (9, 1)  # every digit but five hangs on one unit
    assert found["lost"] == pytest.approx(9 * 10 / 13)
    assert found["hits"] == 100
    assert found["correlation"] > 0.5


def test_a_unit_that_says_the_same_of_every_image_is_missed_at_zero_and_is_no_bottleneck():
    leant_on = weights()
    leant_on["logits.weight"][0, 0, IDLE], leant_on["logits.bias"][0, 0] = 5, -5  # nought needs a constant
    found = effects(planted(leant_on), "hidden1")
    assert (found["worst"][IDLE], found["mean_worst"][IDLE]) == (100, 0)
    assert measures(found)["bottlenecks"] == measures(found)["mean_bottlenecks"] + 1


def test_thresholds_are_inclusive():
    base = {name: np.zeros(4) for name in effects(planted(), "hidden1")}
    base |= {"worst": np.array([49.9, 50, 51, 0]), "pulled": np.array([19.9, 20, 21, 0])}
    base |= {"mean_worst": np.array([49.9, 49.9, 50, 0]), "direction_pulled": np.array([20, 20, 20, 0])}
    base |= {"living": np.ones(4, dtype=bool), "hit": np.ones(4, dtype=bool)}
    found = measures(base)
    assert (found["bottlenecks"], found["mean_bottlenecks"]) == (2, 1)
    assert (found["attractors"], found["direction_attractors"]) == (2, 3)


def test_no_correlation_is_brought_about_by_dead_units():
    found = effects(planted(), "hidden1")
    only = {name: values[[0, DEAD, DEAD, DEAD]] for name, values in found.items()}
    assert measures(only)["correlation"] == 0


def test_what_both_owe_to_the_share_on_is_no_correlation_once_it_is_held():
    """Selectivity falls and cost rises with how often a unit is on, and with nothing else: the raw one is fooled."""
    rng, drawn = np.random.default_rng(0), []
    for _ in range(40):
        share = rng.uniform(0.05, 1, 32)
        cost = share**2 + 0.1 * rng.normal(size=32)
        found = {"selectivity": 1 / share + rng.normal(size=32), "share_on": share, "mean_lost": cost}
        drawn.append(correlations(found | {"mean_worst": cost, "lost": cost}))
    for name in ("mean_correlation", "correlation"):
        assert np.mean([each[name] for each in drawn]) < -0.6
        assert abs(np.mean([each[f"{name}_held"] for each in drawn])) < 0.08
    assert np.mean([each["share_selectivity"] for each in drawn]) < -0.6
    assert np.mean([each["share_cost"] for each in drawn]) > 0.6


def test_a_correlation_that_the_share_on_has_no_part_in_stays():
    rng = np.random.default_rng(1)
    share, selective = rng.uniform(size=200), rng.uniform(size=200)
    found = {"selectivity": selective, "share_on": share, "mean_lost": selective + 0.05 * rng.normal(size=200)}
    assert correlations(found | {"mean_worst": share, "lost": share})["mean_correlation_held"] > 0.9


def test_directions_are_as_many_as_living_units_and_dead_ones_stay_among_them(arrays):
    """The dead unit's axis costs nothing, and no direction leans on it."""
    found = effects(arrays, "hidden1")
    assert found["direction_mean_lost"].shape == found["mean_lost"].shape == (14,)
    assert (found["direction_lost"][DEAD], found["direction_mean_worst"][DEAD]) == (0, 0)
    assert (found["direction_mean_worst"][found["living"]] > 0).any()


def test_pull_is_the_share_of_the_other_classes_images():
    confusion = np.array([[8, 2, 0], [5, 5, 0], [0, 0, 10]])
    assert pull(confusion) == pytest.approx([25, 10, 0])


def study(*, seeds: int) -> dict[str, dict[str, np.ndarray]]:
    """The planted network in raw conditions; in normalized ones nobody listens to any single unit."""
    one = planted()
    untouched = np.repeat(one["confusion/hidden1"][:, [2]], len(SCALES), axis=1)
    calm = one | {"confusion/hidden1": untouched, "mean_confusion/hidden1": untouched[:, 0]}
    return {
        f"{condition}/{seed}": one if condition.endswith("raw") else calm
        for condition in ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
        for seed in range(seeds)
    }


def test_facts_hold_the_planted_differences_and_the_thresholds():
    facts = compare(runs=study(seeds=3), card=CARD, grid=GRID)["facts.json"]
    assert facts["interventions.bottlenecks.mlp-raw.hidden1"]["value"] == 9
    assert facts["interventions.mean_bottlenecks.mlp-raw.hidden1"]["value"] == 9
    assert facts["interventions.mean_bottlenecks.difference.mlp:normalized.hidden1"]["value"] == -9
    assert facts["interventions.attractors.difference.cnn:normalized.hidden1"]["value"] == -1
    assert facts["interventions.mean_lost.difference.raw:cnn.last"]["value"] == 0
    assert facts["interventions.basis.mlp-raw.hidden1"]["unit"] == "points"
    assert facts["interventions.bottleneck_from"]["value"] == 50
    assert facts["interventions.units.cnn-raw.hidden1"]["value"] == 14


def test_channels_are_neither_added_to_units_nor_compared_with_them():
    runs = study(seeds=3)
    runs = {n: each | ({"channels": np.array(["hidden1"])} if n.startswith("cnn") else {}) for n, each in runs.items()}
    facts = compare(runs=runs, card=CARD, grid=GRID)["facts.json"]
    assert "interventions.mean_lost.difference.cnn:normalized.hidden1" in facts
    assert not any("difference.raw:cnn.last" in name for name in facts)
    assert "interventions.mean_lost.mlp-raw" not in facts


def test_arrays_hold_curves_and_changes_of_the_first_seed():
    arrays = compare(runs=study(seeds=2), card=CARD, grid=GRID)["arrays.npz"]
    assert arrays["class_accuracy/mlp-raw/hidden1"].shape == (14, len(SCALES), 10)
    assert arrays["class_accuracy/mlp-raw/hidden1"][BOTTLENECK, 0, 3] == 0
    assert arrays["change/mlp-raw/hidden1"][BOTTLENECK, 0, 3, 3] == -30
    assert (arrays["change/mlp-raw/hidden1"].sum(axis=3) == 0).all(), "no image is lost, only read otherwise"
    assert arrays["mean_class_accuracy/mlp-raw/hidden1"][BOTTLENECK, 3] == 0
    assert arrays["mean_change/mlp-raw/hidden1"][BOTTLENECK, 3, 3] == -30
    assert arrays["lost/mlp-raw/hidden1"].shape == (2, 14)
    assert arrays["dose/mlp-raw/hidden1"][:, SCALES.index(1.0)] == pytest.approx([100, 100])
    assert (arrays["images/mlp-raw"] == 30).all()


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_studies_have_finite_facts(seeds):
    facts = compare(runs=study(seeds=seeds), card=CARD, grid=GRID)["facts.json"]
    numbers = [fact[key] for fact in facts.values() for key in ("value", "low", "high")]
    assert np.isfinite([number for number in numbers if number is not None]).all()


def test_a_layer_that_is_dead_altogether_has_finite_facts():
    one = planted()
    silent = one | {"class_mean/hidden1": np.zeros((14, 10), dtype=np.float32)}
    facts = compare(runs={"mlp-raw/0": silent, "mlp-normalized/0": silent}, card=CARD, grid=GRID)["facts.json"]
    assert facts["interventions.lost.mlp-raw.hidden1"]["value"] == 0


def test_the_report_of_a_unit_tells_what_was_planted():
    test = images()
    report = analyze_unit(network(), test["images"], test["labels"], layer="hidden1", unit=BOTTLENECK)
    assert report.top_classes[0] == 3
    assert report.participation_ratio == pytest.approx(1)
    assert report.selectivity[3] == pytest.approx(1, abs=0.01)
    assert list(report.class_accuracy[0]) == [100, 100, 100, 0, 100, 100, 100, 100, 100, 100]
    assert report.confusion_change[0, 3, 3] == -30
    assert report.mean_ablated_class_accuracy[3] == 0
    assert report.accuracy[SCALES.index(1.0)] == 100


def test_the_report_agrees_with_the_study(arrays):
    test = images()
    for unit in (ATTRACTOR, SPARE, DEAD):
        report = analyze_unit(network(), test["images"], test["labels"], layer="hidden1", unit=unit)
        assert report.class_accuracy == pytest.approx(class_accuracy(arrays["confusion/hidden1"][unit]))
        assert report.correct_logit == pytest.approx(arrays["correct_logit/hidden1"][unit])
        assert report.class_means == pytest.approx(arrays["class_mean/hidden1"][unit])


def test_the_report_reads_well_and_takes_a_bare_model_and_other_scales():
    test, both = images(), network()
    report = analyze_unit(
        both.model, both.treat(test["images"]), test["labels"], layer="hidden1", unit=BOTTLENECK, scales=[0, 10]
    )
    text = repr(report)
    assert text.startswith("Unit 3 of hidden1, 300 images")
    assert "responds most to    3" in text
    assert len(report.class_accuracy) == 2
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layer": "hidden9"}, "there are hidden1"),
        ({"unit": 14}, "units 0 to 13"),
        ({"scales": [-1]}, "0 or more"),
        ({"labels": np.zeros(3, dtype=int)}, "one label for each"),
    ],
)
def test_the_report_says_what_was_wrong(wrong, message):
    test = images()
    asked = {"labels": test["labels"], "layer": "hidden1", "unit": 0} | wrong
    labels = asked.pop("labels")
    with pytest.raises(ValueError, match=message):
        analyze_unit(network(), test["images"], labels, **asked)
