"""Portraits of units: a planted specialist, bottleneck, attractor, dead unit, feature and twin are each found again."""

import numpy as np
import pytest
import torch
from planted import GRID

from experiments.analyses import interventions, portraits
from experiments.analyses.portraits import Field, correlations, effects, gather, kinds, mean_patches, receptive_field
from experiments.hooks import run_with_cache
from experiments.measures.scaling import SCALES
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP
from experiments.record import read_probe, stacked
from experiments.treatment import treat

ARCHITECTURE = {"build": "experiments.models.mlp:MLP", "options": {"hidden": [13]}}
TREATMENT = {"mean": 0.0, "std": 0.5}
CARD = {"classes": 10, "kinds": "digits"}
BOTTLENECK, ATTRACTOR, LOUD, DEAD = 3, 10, 11, 12


def images(*, each: int = 12) -> dict[str, np.ndarray]:
    """Digit d is a lit pixel d; pixel 10 is always lit; the last image of each class lights pixel 11, ever brighter."""
    labels = np.arange(10 * each) % 10
    pixels = np.zeros((len(labels), 28 * 28), dtype=np.uint8)
    pixels[np.arange(len(labels)), labels] = 255
    pixels[:, 10] = 255
    pixels[-10:, 11] = 20 * np.arange(1, 11)
    return {
        "images": pixels.reshape(-1, 28, 28),
        "labels": labels.astype(np.uint8),
        "index": np.arange(len(labels)) + 1000,
    }


def weights(*, order: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Units 0 to 9 read their digit and it hangs on them alone. Unit 10 is on for every image and speaks for class 7,
    too quietly to be heard until it is tripled; 11 measures pixel 11 and is not listened to; 12 is dead."""
    first, bias = np.zeros((13, 784)), np.zeros(13)
    first[np.arange(12), np.arange(12)] = 1
    first[DEAD, 5], bias[DEAD] = 1, -100
    last = np.zeros((10, 13))
    last[np.arange(10), np.arange(10)] = 1
    last[7, ATTRACTOR] = 0.5
    order = np.arange(13) if order is None else order
    found = {
        "hidden1.weight": first[order],
        "hidden1.bias": bias[order],
        "logits.weight": last[:, order],
        "logits.bias": np.zeros(10),
    }
    return {name: np.stack([0 * values, values]).astype(np.float32) for name, values in found.items()}


def read(state: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """The portraits of a network whose untrained weights are all zero."""
    probe = images()
    inputs, labels = treat(probe["images"], **TREATMENT), torch.tensor(probe["labels"].astype(np.int64))
    readings = []
    for epoch in (0, 1):
        model = MLP(hidden=[13]).requires_grad_(False).eval()
        model.load_state_dict({name: torch.tensor(values[epoch]) for name, values in state.items()})
        readings.append(read_probe(model, inputs, labels)[0])
    both = {
        "weights": state,
        "record": stacked(readings),
        "probe": probe,
        "architecture": ARCHITECTURE,
        "treatment": TREATMENT,
    }
    counted = interventions.read(**both, test=probe, seed=0)["arrays.npz"]
    return portraits.read(**both, interventions=counted)


@pytest.fixture(scope="module")
def found():
    return read(weights())


@pytest.fixture(scope="module")
def arrays(found):
    return found["portraits.npz"]


def test_every_unit_is_called_what_it_was_planted_as(arrays):
    kind = arrays["kind/hidden1"]
    assert list(kind[:10]) == ["specialist"] * 10
    assert kind[ATTRACTOR] == "generalist"
    assert kind[DEAD] == "dead"
    assert list(np.flatnonzero(arrays["always/hidden1"])) == [ATTRACTOR]


def test_words_follow_the_participation_ratio_on_either_side_of_its_thresholds():
    three = np.where(np.arange(10) < 3, 1.0, 0.0)
    assert list(kinds(np.stack([np.eye(10)[2], three, np.ones(10), np.zeros(10)]))) == [
        "specialist",
        "polysemantic",
        "generalist",
        "dead",
    ]


def test_the_history_begins_with_the_untrained_network(arrays):
    assert (arrays["selectivity/hidden1"][0] == 0).all()
    assert arrays["selectivity/hidden1"][1, BOTTLENECK] > 0.99
    assert arrays["active/hidden1"][:, BOTTLENECK] == pytest.approx([0, 0.1])
    assert arrays["profile/hidden1"][BOTTLENECK] == pytest.approx(2 * np.eye(10)[3])  # pixel 1 over a std of 0.5


def test_the_bottleneck_and_the_attractor_are_found_and_no_dead_unit_matters(arrays):
    spared = 7  # whose digit the attractor speaks for as well
    assert list(np.flatnonzero(arrays["bottleneck/hidden1"])) == [unit for unit in range(10) if unit != spared]
    assert list(np.flatnonzero(arrays["attractor/hidden1"])) == [ATTRACTOR]
    assert arrays["effect/hidden1"][ATTRACTOR, 4] == 7
    assert not arrays["change/hidden1"][DEAD].any()
    assert arrays["change/hidden1"][BOTTLENECK, 3, 3] == -12
    assert arrays["averaged/hidden1"][BOTTLENECK] >= 5  # points over all classes: half of one in ten
    assert arrays["averaged/hidden1"][[ATTRACTOR, LOUD, DEAD]].tolist() == [0, 0, 0]


def test_effects_name_the_class_that_suffers_and_the_class_that_draws():
    confusion = np.tile(10 * np.eye(10, dtype=np.int32), (1, len(SCALES), 1, 1))
    confusion[0, SCALES.index(0.0), 3] = 10 * np.eye(10)[5]
    confusion[0, SCALES.index(3.0)] = 10 * np.eye(10)[7]
    assert effects(confusion)[0] == pytest.approx([10, 3, 100, 90, 7, 100])


def test_correct_answers_at_each_scale_are_those_that_the_interventions_counted(arrays):
    assert (arrays["correct/hidden1"][:, SCALES.index(1.0)] == 12).all()
    assert arrays["correct/hidden1"][BOTTLENECK, SCALES.index(0.0)].tolist() == [12, 12, 12, 0] + [12] * 6
    assert arrays["images"].tolist() == [12] * 10


def test_the_top_images_are_those_that_a_unit_answers_most_strongly_best_first(arrays):
    assert arrays["top/hidden1"][LOUD].tolist() == list(range(119, 111, -1))
    assert arrays["answer/hidden1"][LOUD] == pytest.approx(2 * 20 * np.arange(10, 2, -1) / 255, rel=1e-3)


def test_the_one_hot_map_of_a_first_layer_is_its_weights_over_the_deviation(arrays):
    maps = arrays["onehot/hidden1"] * arrays["onehot/hidden1.scale"][:, None, None]
    assert maps.reshape(13, -1) == pytest.approx(weights()["hidden1.weight"][-1] / 0.5, abs=1e-6)


def test_the_mean_patch_is_the_planted_feature_wherever_it_stands():
    rng = np.random.default_rng(0)
    feature = rng.random((5, 5)).astype(np.float32)
    pixels, pre = torch.zeros(120, 28, 28), torch.zeros(120, 2, 24, 24)
    for image, (row, column) in enumerate(rng.integers(0, 24, (120, 2))):
        pixels[image, row : row + 5, column : column + 5] = torch.tensor(feature)
        pre[image, 1, row, column] = 1 + image
    patches = mean_patches(pre, pixels, Field(5, 1, 0))
    assert patches[1] == pytest.approx(255 * feature, abs=1)


def test_receptive_fields_are_those_of_the_gradient():
    model = CNN(channels=(3, 4), hidden=5)
    assert receptive_field(model, "conv1", shape=(24, 24), side=28) == Field(5, 1, 0)
    assert receptive_field(model, "conv2", shape=(8, 8), side=28) == Field(14, 2, 0)
    pixels = torch.rand(1, 1, 28, 28, requires_grad=True)
    pre = model.conv2.pre(torch.nn.functional.conv2d(model.conv1(pixels), model.conv2.weight))
    pre[0, :, 3, 5].sum().backward()
    rows, columns = np.nonzero(pixels.grad[0, 0].numpy())
    assert rows.min() >= 6
    assert rows.max() < 6 + 14
    assert columns.min() >= 10
    assert columns.max() < 10 + 14


@pytest.mark.parametrize(("kernel", "padding"), [(3, 1), (3, 0), (5, 2)])
def test_with_padding_and_other_kernels_too_a_position_sees_what_its_field_says(kernel, padding):
    model = CNN(channels=(2, 3, 4), kernel=kernel, padding=padding, hidden=5)
    pixels = torch.rand(1, 1, 28, 28, requires_grad=True)
    _, cache = run_with_cache(model, pixels)
    below = model.conv2(model.conv1(pixels))
    pre = torch.nn.functional.conv2d(below, model.conv3.weight, padding=padding)
    field = receptive_field(model, "conv3", shape=tuple(cache["conv3.pre"].shape[2:]), side=28)
    place = pre.shape[-1] // 2
    pre[0, :, place, place].sum().backward()
    seen = np.flatnonzero(pixels.grad[0, 0].numpy().any(axis=1))
    first = place * field.stride - field.margin
    assert max(first, 0) <= seen.min()
    assert seen.max() < min(first + field.size, 28)
    assert seen.max() - seen.min() >= field.size / 2, "nor does it say much more"


def test_where_the_arithmetic_does_not_fit_there_is_no_receptive_field():
    model = CNN(channels=(3, 4), hidden=5)
    assert receptive_field(model, "hidden3", shape=(), side=28) is None
    assert receptive_field(model, "conv2", shape=(9, 9), side=28) is None


def test_correlations_are_pearsons_and_zero_for_a_silent_unit():
    rng = np.random.default_rng(0)
    a, b = rng.random((50, 3)).astype(np.float32), rng.random((50, 4)).astype(np.float32)
    assert correlations(a, b) == pytest.approx(np.corrcoef(a.T, b.T)[:3, 3:])
    assert (correlations(0 * a + 7, b) == 0).all()


def test_a_network_with_its_units_in_another_order_has_each_units_twin(found):
    order = np.random.default_rng(1).permutation(13)
    twin = read(weights(order=order))
    both = {"mlp-raw": found, "mlp-normalized": twin}
    gathered = gather(
        portraits={name: each["portraits.npz"] for name, each in both.items()},
        responses={name: each["responses.npz"] for name, each in both.items()},
        probe=images(),
        grid=GRID,
        card=CARD,
    )
    nearest = gathered["arrays.npz"]["nearest/mlp-raw/mlp-normalized"]
    silent = [ATTRACTOR, DEAD]  # one says the same to every image, the other nothing
    assert [order[nearest[unit]] for unit in range(13) if unit not in silent] == [
        unit for unit in range(13) if unit not in silent
    ]
    assert (nearest[silent] == -1).all()
    facts = gathered["facts.json"]
    assert facts["units.nearest.mlp-raw.mlp-normalized"]["value"] == pytest.approx(1)
    assert facts["units.units"]["value"] == 26
    assert facts["units.dead"]["value"] == 2
    assert "units.nearest.other" not in facts, "there is no other architecture"


def test_every_image_that_a_portrait_shows_is_kept_with_its_place_in_the_test_set(found):
    kept = gather(
        portraits={"mlp-raw": found["portraits.npz"]},
        responses={"mlp-raw": found["responses.npz"]},
        probe=images(),
        grid=GRID,
        card=CARD,
    )["arrays.npz"]
    assert set(found["portraits.npz"]["top/hidden1"].ravel()) == set(kept["place"])
    assert (kept["index"] == kept["place"] + 1000).all()
    assert (kept["images"] == images()["images"][kept["place"]]).all()
