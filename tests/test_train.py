"""Training: the recipe is the plain one, to the bit, and what is recorded of it is what happened."""

from __future__ import annotations

import copy
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from experiments import data, models, stack
from experiments.descent import Steps
from experiments.hooks import run_with_cache
from experiments.spec import Architecture
from experiments.study import CNN, MLP
from experiments.train import batch_order, train, train_each, train_epoch
from experiments.treatment import treat

SETTING = {"seed": 5, "epochs": 2, "early": 1}
RECIPE = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 64}
RAW = {"mean": 0.0, "std": 1.0}
NORMALIZED = {"mean": 0.1307, "std": 0.3081}


@pytest.fixture(scope="module")
def digits():
    """A few hundred of scikit-learn's digits; the number is no multiple of the batch size."""
    products = data.load(dataset="digits", folder="", cache="")
    train_set = {name: array[:300] for name, array in products["train.npz"].items()}
    test_set = {name: array[:150] for name, array in products["test.npz"].items()}
    return {"train_set": train_set, "test_set": test_set, **probe_of(test_set)}


def probe_of(test_set):
    return {"probe_set": data.probe(test=test_set, per_class=10, seed=0)["probe.npz"]}


def run(digits, architecture: Architecture = MLP, treatment=RAW, **changes):
    described = {"build": architecture.build, "options": dict(architecture.options)}
    return train(**digits, architecture=described, treatment=treatment, **({"recipe": RECIPE} | SETTING | changes))


def plain(model):
    return torch.optim.SGD(model.parameters(), lr=RECIPE["learning_rate"])


def simple_loop(digits, architecture: Architecture, treatment, optimizer=plain):
    """The recipe as it is usually written: a loader, an optimizer, and numbers taken out at every step; the network and
    {what: a number for each epoch}, "moved" being the ratios by how far the weights really moved."""
    inputs = treat(digits["train_set"]["images"], **treatment)
    labels = torch.tensor(digits["train_set"]["labels"].astype(np.int64))
    torch.manual_seed(SETTING["seed"])
    model = models.build(architecture.build, options=architecture.options)
    optimizer = optimizer(model)
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=RECIPE["batch_size"], shuffle=True)
    epochs = {name: [] for name in ("loss", "accuracy", "norms", "ratios", "zero", "moved")}
    for _ in range(SETTING["epochs"]):
        losses, right, norms, ratios, zero, moved = [], [], [], [], [], []
        for images, classes in loader:
            logits = model(images)
            loss = cross_entropy(logits, classes)
            optimizer.zero_grad()
            loss.backward()
            losses += [loss.item()] * len(classes)
            right += (logits.argmax(1) == classes).tolist()
            layers = [model.get_submodule(layer) for layer in model.layers]
            gradient = [norm(layer.weight.grad, layer.bias.grad) for layer in layers]
            weights = [norm(layer.weight, layer.bias) for layer in layers]
            norms.append(gradient)
            ratios.append(np.log10(RECIPE["learning_rate"] * np.array(gradient) / np.array(weights)))
            zero.append(torch.cat([layer.bias.grad == 0 for layer in layers[:-1]]).tolist())
            before = [[layer.weight.detach().clone(), layer.bias.detach().clone()] for layer in layers]
            optimizer.step()
            ways = [norm(layer.weight - w, layer.bias - b) for layer, (w, b) in zip(layers, before, strict=True)]
            moved.append(np.log10(np.array(ways) / np.array(weights)))
        for name, values in zip(epochs, (losses, right, norms, ratios, zero, moved), strict=True):
            epochs[name].append(np.mean(values, axis=0))
    return model, epochs


def norm(*tensors: torch.Tensor) -> float:
    return float(torch.cat([tensor.detach().flatten() for tensor in tensors]).norm())


@pytest.fixture(scope="module", params=[(MLP, RAW), (CNN, NORMALIZED)], ids=["mlp-raw", "cnn-normalized"])
def both(request, digits):
    architecture, treatment = request.param
    return run(digits, architecture, treatment), *simple_loop(digits, architecture, treatment)


def test_the_weights_are_those_of_the_simple_loop_to_the_bit(both):
    products, model, _ = both
    for name, parameter in model.named_parameters():
        assert np.array_equal(products["weights.npz"][name][-1], parameter.detach().numpy()), name


def groups(model, *, first):
    """The parameters, the first layer's weights learning at a rate of their own."""
    weight = model.get_submodule(model.layers[0]).weight
    return [{"params": [p for p in model.parameters() if p is not weight]}, {"params": [weight], "lr": first}]


RECIPES = {
    "adam": (
        {"optimizer": "adam", "learning_rate": 0.002, "averages": (0.9, 0.999)},
        lambda model: torch.optim.Adam(model.parameters(), lr=0.002),
    ),
    "adam of another memory, with decay": (
        {"optimizer": "adam", "learning_rate": 0.002, "averages": (0.5, 0.999), "weight_decay": 0.01},
        lambda model: torch.optim.Adam(model.parameters(), lr=0.002, betas=(0.5, 0.999), weight_decay=0.01),
    ),
    "momentum and decay": (
        {"optimizer": "sgd", "learning_rate": 0.02, "momentum": 0.9, "weight_decay": 0.001},
        lambda model: torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=0.001),
    ),
    "a faster first layer": (
        {"optimizer": "sgd", "learning_rate": 0.02, "layer_rates": {"first": 8.0}},
        lambda model: torch.optim.SGD(groups(model, first=0.16), lr=0.02),
    ),
    "a slower first layer, with momentum": (
        {"optimizer": "sgd", "learning_rate": 0.02, "momentum": 0.5, "layer_rates": {"first": 0.5}},
        lambda model: torch.optim.SGD(groups(model, first=0.01), lr=0.02, momentum=0.5),
    ),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("architecture", [MLP, CNN], ids=["mlp", "cnn"])
def test_another_recipe_is_that_of_torch(name, architecture, digits):
    recipe, optimizer = RECIPES[name]
    products = run(digits, architecture, recipe={"batch_size": RECIPE["batch_size"], **recipe})
    model, epochs = simple_loop(digits, architecture, RAW, optimizer)
    for parameter, value in model.named_parameters():
        found = products["weights.npz"][parameter][-1]
        np.testing.assert_allclose(found, value.detach().numpy(), rtol=1e-4, atol=1e-6, err_msg=parameter)
    ratios = [products["record.npz"][f"update_ratio/{layer}"] for layer in model.layers]
    np.testing.assert_allclose(np.stack(ratios, axis=1), epochs["moved"], atol=2e-3)


def test_a_layer_that_learns_faster_stands_for_larger_inputs(digits):
    """Inputs divided by s are raw inputs, if the first layer's weights are divided by s, and learn at 1 / s^2."""
    s = 0.5  # a power of two, so that no division rounds
    labels = torch.tensor(digits["train_set"]["labels"].astype(np.int64))
    torch.manual_seed(4)
    scaled = models.build(MLP.build, options=MLP.options)
    matched = copy.deepcopy(scaled)
    with torch.no_grad():
        matched.hidden1.weight /= s
    recipe = {"optimizer": "sgd", "learning_rate": 0.05}
    losses = []
    for model, std, rates in ((scaled, s, {}), (matched, 1.0, {"first": 1 / s**2})):
        inputs = treat(digits["train_set"]["images"], mean=0.0, std=std)
        steps = Steps(model, **recipe, layer_rates=rates)
        losses.append([train_epoch(model.train(), inputs, labels, 64, steps)["train_loss"] for _ in range(3)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
    np.testing.assert_allclose(
        scaled.hidden1.weight.detach() / s, matched.hidden1.weight.detach(), rtol=1e-4, atol=1e-6
    )


def test_running_loss_and_accuracy_are_those_of_the_simple_loop(both):
    products, _, epochs = both
    np.testing.assert_allclose(products["record.npz"]["train_loss"], epochs["loss"], rtol=1e-6)
    np.testing.assert_allclose(products["record.npz"]["train_accuracy"], epochs["accuracy"], rtol=1e-12)


def test_gradients_of_every_layer_are_recorded_as_the_simple_loop_sees_them(both):
    products, model, epochs = both
    recorded = products["record.npz"]
    for measure, expected in (("gradient_norm", epochs["norms"]), ("update_ratio", epochs["ratios"])):
        ours = np.stack([recorded[f"{measure}/{layer}"] for layer in model.layers], axis=1)
        np.testing.assert_allclose(ours, expected, rtol=1e-5)
    zero = np.concatenate([recorded[f"zero_gradient/{layer}"] for layer in model.layers[:-1]], axis=1)
    np.testing.assert_allclose(zero, epochs["zero"], rtol=1e-12)


def test_readings_of_the_last_epoch_are_those_of_the_trained_network(both, digits):
    products, model, _ = both
    treatment = RAW if "hidden1.pre" in model.hook_points else NORMALIZED
    _, cache = run_with_cache(model, treat(digits["probe_set"]["images"], **treatment))
    trajectory, layers = products["trajectory.npz"]["penultimate"], products["layers.npz"]
    torch.testing.assert_close(torch.tensor(trajectory[-1]), cache[f"{model.layers[-2]}.post"])
    last_points = [name for name in cache if name.endswith("pooled") or (name.startswith("hidden") and "post" in name)]
    assert sorted(layers) == sorted(f"{epoch}/{name}" for epoch in (0, 1, 2) for name in [*last_points, "logits"])
    for name in last_points:
        torch.testing.assert_close(torch.tensor(layers[f"2/{name}"]), cache[name])
    np.testing.assert_allclose(
        products["record.npz"]["mean/logits"][-1, 10], cache["logits"].mean(), rtol=1e-4, atol=1e-6
    )


def test_test_results_are_those_of_the_trained_network(both, digits):
    products, model, _ = both
    treatment = RAW if "hidden1.pre" in model.hook_points else NORMALIZED
    recorded, labels = products["record.npz"], digits["test_set"]["labels"].astype(np.int64)
    with torch.no_grad():
        logits = model(treat(digits["test_set"]["images"], **treatment))
    prediction = logits.argmax(1).numpy()
    assert np.array_equal(recorded["test_prediction"], prediction)
    assert recorded["test_accuracy"][-1] == np.mean(prediction == labels)
    np.testing.assert_allclose(recorded["test_loss"][-1], cross_entropy(logits, torch.tensor(labels)), rtol=1e-5)
    by_class = [np.mean(prediction[labels == label] == label) for label in range(10)]
    np.testing.assert_allclose(recorded["class_accuracy"][-1], by_class)
    confusion = [[np.sum((labels == i) & (prediction == j)) for j in range(10)] for i in range(10)]
    assert np.array_equal(recorded["confusion"], confusion)
    np.testing.assert_allclose(recorded["test_confidence"], logits.softmax(1).amax(1), rtol=1e-5)


def test_the_first_reading_is_of_the_untrained_network(digits):
    products = run(digits, epochs=1)
    torch.manual_seed(SETTING["seed"])
    untrained = models.build(MLP.build, options=MLP.options)
    for name, parameter in untrained.named_parameters():
        assert np.array_equal(products["weights.npz"][name][0], parameter.detach().numpy())
    _, cache = run_with_cache(untrained, treat(digits["probe_set"]["images"], **RAW))
    np.testing.assert_allclose(
        products["trajectory.npz"]["penultimate"][0], cache["hidden2.post"], rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("architecture", [MLP, CNN], ids=["mlp", "cnn"])
def test_the_same_arguments_give_the_same_bytes_whatever_was_drawn_before(digits, architecture):
    first = run(digits, architecture)
    torch.manual_seed(99)
    second = run(digits, architecture)
    for product in first:
        assert list(first[product]) == list(second[product])
        for name, array in first[product].items():
            assert array.dtype == second[product][name].dtype
            assert array.tobytes() == second[product][name].tobytes(), name


LAYERED = replace(MLP, build="experiments.models.layered:LayeredMLP")
BEHIND = {  # what stands behind the two hidden layers
    "layernorm before and after": [["layernorm", "relu"], ["relu", "layernorm"]],
    "batchnorm, and a layer of nothing": [["batchnorm", "relu"], ["relu"]],
    "dropout twice": [["relu", "dropout"], ["dropout", "relu"]],
    "all of it": [["batchnorm", "relu", "layernorm", "dropout"], ["layernorm", "dropout", "relu"]],
}
WIDTHS = {"one small layer": [5], "odd widths": [33, 17, 3], "two small layers": [9, 5], "even widths": [48, 16]}
VARIED = {name: replace(LAYERED, options={"hidden": [16, 8], "after": after}) for name, after in BEHIND.items()}
PLAIN = {"all alike": RECIPE, "a faster first layer": RECIPE | {"layer_rates": {"first": 3.0}}}


@pytest.mark.parametrize("recipe", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize(
    "architecture",
    [MLP, *(replace(MLP, options={"hidden": hidden}) for hidden in WIDTHS.values()), CNN, *VARIED.values()],
    ids=["mlp", *WIDTHS, "cnn", *VARIED],
)
def test_what_becomes_of_a_network_does_not_depend_on_those_beside_it(digits, architecture, recipe):
    described = {"build": architecture.build, "options": dict(architecture.options)}
    arguments = {
        **digits,
        "architecture": described,
        "treatment": NORMALIZED,
        "recipe": recipe,
        "epochs": 2,
        "early": 1,
    }
    for seeds in ([5], [3, 5], [5, 1, 2, 3, 4], [0, 1, 5, 2]):
        beside = train_each(**arguments, seed=seeds)[seeds.index(5)]
        assert differing(beside, run(digits, architecture, NORMALIZED, recipe=recipe)) == []


@pytest.mark.parametrize("recipe", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("architecture", [MLP, *VARIED.values()], ids=["mlp", *VARIED])
def test_side_by_side_is_one_after_the_other(digits, architecture, recipe, monkeypatch):
    """The simple loop, with gradients by PyTorch, is the oracle."""
    changes = {"treatment": NORMALIZED, "recipe": recipe}
    beside = run(digits, architecture, **changes)
    monkeypatch.setattr(stack, "fits", lambda *_: False)
    alone = run(digits, architecture, **changes)
    for product in alone:
        assert list(beside[product]) == list(alone[product])
        for name, array in alone[product].items():
            if array.dtype.kind == "f":
                np.testing.assert_allclose(beside[product][name], array, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("hidden", "samples", "is_aligned"),
    [([32, 16], 264, True), ([32, 16], 256, True), ([32, 16], 263, False), ([9, 5], 256, False), ([8], 256, True)],
)
def test_networks_stand_in_a_row_where_each_begins_as_one_alone(digits, hidden, samples, is_aligned, monkeypatch):
    """Elsewhere they are trained by themselves."""
    rows, made = [], stack.Together
    monkeypatch.setattr(stack, "Together", lambda models, *rest: rows.append(len(models)) or made(models, *rest))
    given = digits | {"train_set": {name: array[:samples] for name, array in digits["train_set"].items()}}
    described = {"build": MLP.build, "options": {"hidden": hidden}}
    train_each(**given, architecture=described, treatment=RAW, recipe=RECIPE, seed=[1, 2, 3], epochs=1, early=0)
    assert rows == ([3] if is_aligned else [1, 1, 1])


def test_a_batch_of_one_image_is_said_where_it_has_no_variance(digits):
    given = digits | {"train_set": {name: array[:129] for name, array in digits["train_set"].items()}}
    with pytest.raises(ValueError, match="over which BatchNorm has no variance: choose another batch size"):
        run(given, VARIED["all of it"])


def differing(one, other):
    """The arrays of two runs that are not the same to the bit."""
    return [
        name
        for product in one
        for name in one[product]
        if one[product][name].tobytes() != other[product][name].tobytes()
    ]


def test_another_seed_gives_another_network(digits):
    weights = [run(digits, seed=seed, epochs=1)["weights.npz"]["hidden1.weight"] for seed in (0, 1)]
    assert not np.array_equal(*weights)


def test_treatments_share_initial_weights_and_a_treatment_changes_what_is_learnt(digits):
    raw, normalized = (run(digits, treatment=treatment)["weights.npz"] for treatment in (RAW, NORMALIZED))
    for name in raw:
        assert np.array_equal(raw[name][0], normalized[name][0])
        assert not np.array_equal(raw[name][-1], normalized[name][-1])


def test_the_callers_random_numbers_and_settings_are_left_alone(digits, capfd):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    run(digits, epochs=1)
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert capfd.readouterr() == ("", "")


def test_settings_are_put_back_after_a_failure(digits):
    with pytest.raises(ValueError, match="no network is called"):
        run(digits, Architecture(name="none", title="none", build="experiments.models.mlp:None_"))
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_batch_order_is_the_loaders():
    torch.manual_seed(31416)
    ours = [batch_order(23), batch_order(23)]
    torch.manual_seed(31416)
    loader = DataLoader(TensorDataset(torch.arange(23)), batch_size=4, shuffle=True)
    theirs = [torch.cat([batch for (batch,) in loader]) for _ in range(2)]
    assert torch.equal(ours[0], theirs[0])
    assert torch.equal(ours[1], theirs[1])


@pytest.mark.parametrize("early", [-1, 3])
def test_an_early_epoch_outside_the_training_is_refused(digits, early):
    with pytest.raises(ValueError, match="0 to 2"):
        run(digits, early=early)


def test_an_untrained_network_alone_can_be_recorded(digits):
    products = run(digits, epochs=0, early=0)
    assert products["record.npz"]["test_accuracy"].shape == (1,)
    assert "train_loss" not in products["record.npz"]


def test_sets_that_cannot_be_written_to_are_enough(digits):
    frozen = {name: {key: array.copy() for key, array in images.items()} for name, images in digits.items()}
    for images in frozen.values():
        for array in images.values():
            array.flags.writeable = False
    assert run(frozen, epochs=1)["record.npz"]["train_loss"].shape == (1,)


def mnist_folder() -> Path | None:
    named = os.environ.get("INSIDE_MNIST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "mnist"
    return folder if folder.is_dir() else None


@pytest.mark.skipif(mnist_folder() is None, reason="MNIST is not at hand: set INSIDE_MNIST_DATA to its folder")
def test_the_first_epoch_on_mnist_is_the_published_one():
    """Running loss and accuracy of the notebooks this study began with (seed 31416, raw pixels)."""
    products = data.load(dataset="mnist", folder=str(mnist_folder()), cache="")
    sets = {"train_set": products["train.npz"], "test_set": products["test.npz"], **probe_of(products["test.npz"])}
    recorded = run(sets, seed=31416, epochs=1, recipe=RECIPE | {"learning_rate": 0.01})["record.npz"]
    assert round(float(recorded["train_loss"][0]), 4) == 1.7227
    assert round(100 * float(recorded["train_accuracy"][0]), 4) == 44.3167
