"""What is recorded: each measure against a plain computation, and planted truths that it must find."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from experiments import record
from experiments.descent import Steps
from experiments.hooks import run_with_cache
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP
from experiments.train import train_epoch

LABELS = torch.arange(60) % 10


@pytest.fixture
def images():
    return torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def mlp():
    torch.manual_seed(0)
    return MLP()


@pytest.fixture
def cnn():
    torch.manual_seed(0)
    return CNN()


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


# ------------------------------------------------------------------------------------------------- distributions


SAMPLES = {
    "normal": np.random.default_rng(0).normal(size=20_001) * 5,
    "rectified": np.maximum(np.random.default_rng(1).normal(size=10_000), 0),
    "small": np.random.default_rng(2).normal(size=77) * 1e-4,
    "outside the edges": np.array([-500.0, 3.0, 0.1, 200.0]),
    "zeros of both signs": np.array([0.0, -0.0, -0.0, 0.0, -0.0]),
    "the edges themselves": np.repeat(record.histogram_edges(), 3),
    "one value": np.array([2.5]),
}


@pytest.mark.parametrize("values", SAMPLES.values(), ids=SAMPLES.keys())
def test_quantiles_are_numpys(values):
    values = values.astype(np.float32)
    quantile, _ = record.distribution(values)
    expected = np.quantile(values.astype(np.float64), record.QUANTILE_LEVELS)
    np.testing.assert_allclose(quantile, expected, rtol=1e-6, atol=1e-12)
    assert not np.signbit(quantile[quantile == 0]).any()


@pytest.mark.parametrize("values", SAMPLES.values(), ids=SAMPLES.keys())
def test_histograms_count_every_value_once_in_its_bin(values):
    values = values.astype(np.float32)
    _, counts = record.distribution(values)
    edges = record.histogram_edges()
    bins = np.zeros(len(edges) - 1, dtype=int)
    for value in values:
        inner = edges[1:-1]
        bins[np.sum((inner < value) | ((inner == value) & (inner >= 0)))] += 1
    assert counts.sum() == len(values)
    assert counts.dtype == np.int32
    assert np.array_equal(counts, bins)


def test_histogram_edges_are_symmetric_increasing_and_cut_at_zero():
    edges = record.histogram_edges()
    np.testing.assert_array_equal(edges, -edges[::-1])
    assert (np.diff(edges) > 0).all()
    assert edges[len(edges) // 2] == 0
    assert (edges[0], edges[-1]) == (-100, 100)
    spacing = np.diff(np.arcsinh(edges / 0.1))
    np.testing.assert_allclose(spacing, spacing.mean(), rtol=0.1)


# ---------------------------------------------------------------------------------------------- hooks and units


@pytest.mark.parametrize("shape", [(60, 7), (60, 3, 5, 4)], ids=["units", "maps"])
def test_mean_and_standard_deviation_are_over_images_units_and_positions(shape):
    activation = drawn(*shape) * 3 + 40
    read = record.hook_statistics("here", activation, LABELS)
    for column in range(11):
        chosen = activation[column == LABELS] if column < 10 else activation
        np.testing.assert_allclose(read["mean/here"][column], chosen.double().mean(), rtol=1e-5)
        np.testing.assert_allclose(read["std/here"][column], chosen.double().std(correction=0), rtol=1e-4)


def test_class_means_and_peaks_of_maps_are_over_positions():
    maps = drawn(60, 4, 6, 6).relu()
    read = record.unit_statistics("conv9", maps, LABELS)
    for unit in range(4):
        for label in range(10):
            chosen = maps[label == LABELS, unit]
            np.testing.assert_allclose(read["class_mean/conv9"][unit, label], chosen.mean(), rtol=1e-5)
            np.testing.assert_allclose(read["class_peak/conv9"][unit, label], chosen.amax((1, 2)).mean(), rtol=1e-5)


def test_a_unit_that_answers_to_one_class_is_found():
    post = torch.zeros(60, 3)
    post[LABELS == 4, 1] = 2.0
    read = record.unit_statistics("hidden9", post, LABELS)
    assert np.array_equal(read["class_mean/hidden9"][1], 2.0 * np.eye(10)[4])
    np.testing.assert_allclose(read["active/hidden9"], [0, 0.1, 0])
    assert "class_peak/hidden9" not in read


def test_a_channel_is_active_where_any_position_is():
    maps = torch.zeros(60, 2, 3, 3)
    maps[:15, 1, 2, 0] = 0.5
    np.testing.assert_allclose(record.unit_statistics("conv9", maps, LABELS)["active/conv9"], [0, 0.25])


def test_a_dead_unit_is_recorded_as_dead_and_an_ever_active_one_as_such(mlp, images):
    with torch.no_grad():
        mlp.hidden2.bias[3], mlp.hidden2.bias[5] = -100.0, 100.0
    statistics, _ = record.read_probe(mlp, images, LABELS)
    assert statistics["active/hidden2"][3] == 0
    assert statistics["active/hidden2"][5] == 1
    assert not statistics["class_mean/hidden2"][3].any()


@pytest.mark.parametrize("make", [MLP, CNN], ids=["mlp", "cnn"])
def test_the_probe_is_read_at_every_hook_point_but_the_input_and_at_every_layer(make, images):
    model = make()
    statistics, handed_on = record.read_probe(model, images, LABELS)
    points, maps = model.hook_points[1:], [layer for layer in model.layers if layer.startswith("conv")]
    expected = {f"{measure}/{name}" for measure in ("mean", "std", "quantile", "histogram") for name in points}
    expected |= {f"class_mean/{layer}" for layer in model.layers} | {f"class_peak/{layer}" for layer in maps}
    assert set(statistics) == expected | {f"active/{layer}" for layer in model.layers[:-1]}
    _, cache = run_with_cache(model, images)
    for name, activation in handed_on.items():
        np.testing.assert_array_equal(activation, cache[name])
    np.testing.assert_allclose(statistics["class_mean/logits"][:, 2], cache["logits"][LABELS == 2].mean(0), rtol=1e-5)


def test_layers_are_read_behind_the_relu_and_hand_on_what_comes_last(cnn):
    points = [record.reading_point(cnn, layer) for layer in cnn.layers]
    assert points == ["conv1.post", "conv2.post", "hidden3.post", "logits"]
    assert record.last_points(cnn) == ["conv1.pooled", "conv2.pooled", "hidden3.post", "logits"]


# ------------------------------------------------------------------------------------------------ outputs, steps


def test_evaluation_in_parts_is_evaluation(mlp):
    many = drawn(record.EVALUATION_BATCH * 2 + 3, 1, 28, 28)
    torch.testing.assert_close(record.evaluate(mlp, many), mlp(many).detach())


def test_confusions_are_counted_by_true_and_predicted_class():
    labels, prediction = np.array([0, 0, 1, 9]), np.array([0, 3, 1, 9])
    expected = np.zeros((10, 10), dtype=int)
    expected[0, 0] = expected[0, 3] = expected[1, 1] = expected[9, 9] = 1
    assert np.array_equal(record.confusion(prediction, labels), expected)


def rates(network, rate):
    return {name: rate for name, _ in network.named_parameters()}


def write(log, step, start, loss, logits):
    """Writes a step of a single network."""
    gradients, weights = (
        [each.reshape(1, -1) for each in of] for of in ([p.grad for p in log.parameters], log.parameters)
    )
    log.write(step, start, losses=[loss], logits=logits[None], gradients=gradients, weights=weights)


def test_the_order_of_weights_in_memory_does_not_matter():
    """A fork may keep a convolution's weights with the channels last."""
    logs = []
    for layout in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        model = CNN().to(memory_format=layout)
        steps = Steps(model, optimizer="sgd", learning_rate=0.1)
        logs.append(train_epoch(model.train(), drawn(60, 1, 28, 28), LABELS, 30, steps))
    for name, value in logs[0].items():
        np.testing.assert_allclose(logs[1][name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_a_unit_that_never_answers_has_a_zero_gradient_in_every_step(mlp, images):
    with torch.no_grad():
        mlp.hidden1.bias[7] = -100.0
    log = record.StepLog(mlp, samples=60, steps=2, rates=rates(mlp, 0.1))
    for step, (batch, classes) in enumerate(zip(images.split(30), LABELS.split(30), strict=True)):
        logits = mlp(batch)
        loss = torch.nn.functional.cross_entropy(logits, classes)
        mlp.zero_grad()
        loss.backward()
        write(log, step, step * 30, loss, logits)
    (read,) = log.summaries(LABELS[None], batch_size=30)
    zero = read["zero_gradient/hidden1"]
    assert zero[7] == 1
    assert zero.min() == 0


def test_an_update_of_nothing_has_a_finite_ratio(mlp):
    log = record.StepLog(mlp, samples=60, steps=1, rates=rates(mlp, 0.1))
    for parameter in mlp.parameters():
        parameter.grad = torch.zeros_like(parameter)
    write(log, 0, 0, torch.tensor(1.0), torch.zeros(60, 10))
    (read,) = log.summaries(LABELS[None], batch_size=60)
    assert read["update_ratio/hidden1"] == pytest.approx(np.log10(record.SMALLEST_RATIO))
    assert read["gradient_norm/logits"] == 0
    assert read["train_accuracy"] == pytest.approx(0.1)


def test_a_smaller_last_batch_weighs_less_in_the_running_loss(mlp):
    log = record.StepLog(mlp, samples=60, steps=2, rates=rates(mlp, 0.1))
    for parameter in mlp.parameters():
        parameter.grad = torch.ones_like(parameter)
    write(log, 0, 0, torch.tensor(1.0), torch.zeros(50, 10))
    write(log, 1, 50, torch.tensor(4.0), torch.zeros(10, 10))
    assert log.summaries(LABELS[None], batch_size=50)[0]["train_loss"] == pytest.approx(1.5)
