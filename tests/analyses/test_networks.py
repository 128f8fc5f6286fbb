"""Networks of all kinds go through every stage: what is measured is right, and what makes no sense is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from planned import products
from planted import PLAIN, digits

from experiments.analyses import features
from experiments.hooks import run_with_cache, run_with_hooks
from experiments.measures.scaling import SCALES
from experiments.networks import at_epoch, open_network
from experiments.record import confusion, reading_point, rectified
from experiments.spec import Architecture, Recipe
from experiments.treatment import treat

MLP, CNN = "experiments.models.mlp:MLP", "experiments.models.cnn:CNN"
LAYERED = "experiments.models.layered:LayeredMLP"
NEVER = "epochs_to/"  # the arrays in which NaN says that a run never got there
PARTS = [["batchnorm", "relu"], ["relu", "layernorm", "dropout"]]
CASES = {  # two architectures each
    "three hidden layers; one convolution": ((MLP, {"hidden": [64, 32, 16]}), (CNN, {"channels": [4]})),
    "other widths; three padded convolutions of 3x3": (
        (MLP, {"hidden": [24, 12]}),
        (CNN, {"channels": [4, 8, 8], "kernel": 3, "padding": 1}),
    ),
    "a single unit; a single layer": ((MLP, {"hidden": [8, 1]}), (MLP, {"hidden": [16]})),
    "normalization and dropout; tanh": (
        (LAYERED, {"hidden": [9, 7], "after": PARTS}),
        (CNN, {"channels": [3], "hidden": 5, "activation": "tanh"}),
    ),
    "tanh alone; one convolution": (
        (MLP, {"hidden": [6, 5], "activation": "tanh"}),
        (CNN, {"channels": [3], "hidden": 6}),
    ),
    "transformer": ((MLP, {"hidden": [16]}), ("transformer:VisionTransformer", {})),
}


def study(case: str):
    names = ("mlp", "cnn")  # as the comparisons know them
    pairs = zip(names, CASES[case], strict=True)
    return replace(
        PLAIN,
        architectures=tuple(Architecture(name, name, build=build, options=options) for name, (build, options) in pairs),
        seeds=(0,),
        epochs=2,
        recipe=Recipe(learning_rate=0.05),
        embeddings=("pca", "tsne") if "single unit" in case else ("pca",),
        variants=(),
        ascent_steps=2,
    )


@pytest.fixture(scope="module")
def images():
    return digits(np.random.default_rng(0), per_class=3)


@pytest.fixture(scope="module", params=CASES)
def measured(request, images):
    """(the study, {stage: its products}) of a case."""
    patch = pytest.MonkeyPatch()
    patch.setattr(features, "SAMPLE", 1)
    yield study(request.param), products(study(request.param), images)
    patch.undo()


def networks(measured, images):
    """Every network of the first seed: its condition, run, model and treated images."""
    planned, done = measured
    for run in planned.shown_runs:
        architecture, treatment = run.condition.architecture, run.condition.treatment
        described = {"build": architecture.build, "options": architecture.options}
        model = at_epoch(done[f"train/{run.name}"]["weights.npz"], epoch=-1, architecture=described)
        yield run, model, treat(images["images"], mean=treatment.mean, std=treatment.std)


def test_every_stage_has_finite_numbers_or_none(measured):
    for stage, found in measured[1].items():
        for product, content in found.items():
            for name, value in content.items() if product.endswith((".npz", "facts.json")) else ():
                where = f"{stage} {product} {name}"
                if product == "facts.json":
                    numbers = [value[part] for part in ("value", "low", "high") if value[part] is not None]
                    assert np.isfinite(numbers).all(), where
                elif not name.startswith(NEVER) and value.dtype.kind == "f":
                    assert np.isfinite(value).all(), where


def test_the_record_is_of_what_the_network_says(measured, images):
    for run, model, inputs in networks(measured, images):
        record = measured[1][f"train/{run.name}"]["record.npz"]
        logits, cache = run_with_cache(model, inputs)
        assert np.array_equal(record["confusion"], confusion(logits.argmax(1).numpy(), images["labels"].astype(int)))
        for layer in model.layers:
            units = averaged(cache[reading_point(model, layer)])
            means = np.stack([units[images["labels"] == label].mean(0) for label in range(10)], axis=1)
            np.testing.assert_allclose(record[f"class_mean/{layer}"][-1], means, atol=1e-5)
            assert (f"active/{layer}" in record) == rectified(model, layer)


def averaged(activation):
    """Each unit's activation, averaged over positions."""
    return activation.flatten(2).mean(2) if activation.ndim > 2 else activation


def test_interventions_are_those_of_hooks(measured, images):
    labels = images["labels"].astype(int)
    for run, model, inputs in networks(measured, images):
        found = measured[1][f"interventions/{run.name}"]["arrays.npz"]
        record = measured[1][f"train/{run.name}"]["record.npz"]
        for layer in model.layers[:-1]:
            counts = found[f"confusion/{layer}"]
            assert (counts[:, SCALES.index(1.0)] == record["confusion"]).all(), "untouched"
            for unit in (0, len(counts) - 1):
                off = confusion(silenced(model, inputs, layer, unit).argmax(1).numpy(), labels)
                assert np.array_equal(counts[unit, SCALES.index(0.0)], off), (layer, unit)
            assert (f"direction_confusion/{layer}" in found) == (len(counts) > 1)


def silenced(model, inputs, layer, unit):
    def off(activation, _hook):
        activation = activation.clone()
        activation[:, unit] = 0
        return activation

    with torch.no_grad():
        return run_with_hooks(model, inputs, forward_hooks=[(reading_point(model, layer), off)])


def test_portraits_show_the_images_that_a_unit_answers_most_strongly_and_what_it_says_to_them(measured, images):
    for run, model, inputs in networks(measured, images):
        found = measured[1][f"portraits/{run.condition.name}"]
        _, cache = run_with_cache(model, inputs)
        for layer in model.layers[:-1]:
            read = cache[reading_point(model, layer)]
            peak = read.flatten(2).amax(2) if read.ndim > 2 else read
            top, answers = (found["portraits.npz"][f"{name}/{layer}"] for name in ("top", "answer"))
            np.testing.assert_allclose(answers, np.take_along_axis(peak.numpy().T, top, axis=1), rtol=2e-3, atol=1e-3)
            np.testing.assert_allclose(found["responses.npz"][layer], averaged(read), atol=1e-5)
            assert (f"selectivity/{layer}" in found["portraits.npz"]) == rectified(model, layer)


def test_the_last_hidden_layer_is_laid_out_alike_by_epoch_and_by_moment(measured):
    for run in measured[0].runs:
        found = measured[1][f"embed/{run.name}"]["arrays.npz"]
        last = str(found["hook_points"][-2])
        assert found["silhouette_by_epoch"][-1] == pytest.approx(found[f"silhouette/{last}"][-1], abs=1e-4)


def test_controls_and_preferences_are_left_out_where_they_make_no_sense_and_the_arrays_say_so(measured, images):
    for run, model, inputs in networks(measured, images):
        found = measured[1][f"selectivity/{run.name}"]["arrays.npz"]
        axes = measured[1][f"basis/{run.name}"]["arrays.npz"]
        assert list(found["layers"]) == [layer for layer in model.layers[:-1] if rectified(model, layer)]
        _, cache = run_with_cache(model, inputs)
        for layer in model.layers[:-1]:
            turned = layer in found["layers"] and torch.equal(cache[f"{layer}.pre"].relu(), cache[f"{layer}.post"])
            turned = turned and len(found[f"class_mean/{layer}"]) > 1
            assert (layer in axes["layers"]) == turned
            assert turned or any(str(reason).startswith(f"random axes of {layer}") for reason in axes["left_out"])
        for layer in set(model.layers[:-1]) - {*map(str, found["layers"])}:
            assert any(str(reason).startswith(layer) for reason in found["left_out"])


def test_packed_networks_open_and_pages_are_told_what_they_can_run(measured, images):
    for run, model, inputs in networks(measured, images):
        name = run.condition.name
        home = run.condition.architecture.build.rpartition(":")[0]  # one of these networks is not the project's own
        opened = open_network(measured[1][f"network/{name}"]["network.safetensors"], package=home)
        with torch.no_grad():
            assert torch.equal(opened.model(opened.treat(images["images"])), model(inputs))
        told = measured[1][f"runnable/{name}"]["runnable.json"]
        plain = all(set(parts) <= {"linear", "relu", "conv", "pool"} for parts in model.parts.values())
        assert ("cannot" in told) != plain


def test_every_unit_has_a_card(measured, images):
    for run, model, _inputs in networks(measured, images):
        page = measured[1][f"unit-page/{run.condition.name}"]["units.json"]
        assert [layer["name"] for layer in page["layers"]] == list(model.layers[:-1])
        for layer in page["layers"]:
            assert all((unit["kind"] is None) != rectified(model, layer["name"]) for unit in layer["units"])
