"""Stimuli: planted templates are found again, in one-hot maps, in fits and in the images that please a unit."""

import pytest
import torch
from planted import NORMALIZED, linear, network, some

from experiments.measures import attribution, stimuli
from experiments.measures.maps import roughness


def test_the_one_hot_map_of_a_first_layer_unit_is_its_weights_over_the_standard_deviation():
    model = network("mlp")
    found = stimuli.one_hot_maps(attribution.reader(model, "hidden1.pre", **NORMALIZED), side=28)
    assert torch.allclose(found.flatten(1), model.hidden1.weight / NORMALIZED["std"], atol=1e-5)


def test_the_one_hot_map_of_a_channel_is_flat_inside():
    found = stimuli.one_hot_maps(attribution.reader(network("cnn"), "conv1.pre", mean=0.0, std=1.0), side=28)
    inside = found[:, 4:-4, 4:-4].flatten(1)
    assert torch.allclose(inside, inside[:, :1].expand_as(inside), atol=1e-6)


def test_a_template_fits_a_linear_unit_wholly_and_its_opposite_not_at_all(random):
    pixels, _ = some(random, count=30, dtype=torch.float32)
    template = torch.tensor(random.normal(size=(2, 28, 28)), dtype=torch.float32)
    answers = linear(template)(pixels) * torch.tensor([3.0, -1.0]) + 7
    assert stimuli.template_fit(template, pixels, answers) == pytest.approx([1, -1], abs=1e-4)
    assert stimuli.template_fit(template, pixels, torch.zeros(30, 2)) == pytest.approx([0, 0])


def test_the_image_that_maximises_a_linear_unit_is_its_template():
    template = torch.zeros(2, 28, 28)
    template[0, 5:15, 5:15], template[0, 20:25] = 1, -1
    template[1, 10:20, 12:24] = 1
    found = stimuli.maximise(linear(template), scale=torch.tensor([1.0, 1.0]), steps=200, side=28)
    assert found[0, 5:15, 5:15].min() > 0.9
    assert found[1, 10:20, 12:24].min() > 0.9
    assert found[template < 0].max() < 0.1
    assert found[template == 0].mean() < 0.3, "where the unit does not care, ink has its price"
    assert torch.equal(found, stimuli.maximise(linear(template), scale=torch.tensor([1.0, 1.0]), steps=200, side=28))


def test_the_image_is_smoother_than_the_unit_asks_for(random):
    template = torch.tensor(random.normal(size=(1, 28, 28)), dtype=torch.float32) / 100
    found = stimuli.maximise(linear(template), scale=torch.ones(1), steps=200, side=28)
    assert roughness(found.numpy())[0] < 0.7 * roughness((template > 0).float().numpy())[0]


def test_how_loud_a_unit_is_does_not_change_its_image():
    template = torch.zeros(1, 28, 28)
    template[0, 5:15, 5:15] = 0.02
    quiet = stimuli.maximise(linear(template), scale=torch.tensor([0.5]), steps=200, side=28)
    loud = stimuli.maximise(linear(64 * template), scale=torch.tensor([32.0]), steps=200, side=28)
    assert torch.allclose(quiet, loud, atol=1e-5)


def test_a_unit_that_never_moves_is_pleased_by_a_black_image():
    found = stimuli.maximise(linear(torch.zeros(1, 28, 28)), scale=torch.zeros(1), steps=200, side=28)
    assert found.max() < 0.1


def test_favourites_are_the_images_a_unit_answers_most_strongly_in_order():
    answers = torch.tensor([[0.0, 5.0], [3.0, 5.0], [1.0, -1.0]])
    assert stimuli.favourites(answers, count=2).tolist() == [[1, 2], [0, 1]]
