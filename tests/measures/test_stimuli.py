"""Stimuli: planted templates are found again, in one-hot maps, in fits and in the images that please a unit."""

import pytest
import torch
from planted import NORMALIZED, linear, network, some

from experiments.measures import attribution, stimuli
from experiments.measures.maps import roughness


def maximise(read, *, scale):
    begin = stimuli.beginnings(len(scale), side=28)[0]
    return stimuli.maximise(read, scale=scale, begin=begin, steps=200)


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
    found = maximise(linear(template), scale=torch.tensor([1.0, 1.0]))
    assert found[0, 5:15, 5:15].min() > 0.9
    assert found[1, 10:20, 12:24].min() > 0.9
    assert found[template < 0].max() < 0.1
    assert found[template == 0].mean() < 0.3, "where the unit does not care, ink has its price"
    assert torch.equal(found, maximise(linear(template), scale=torch.tensor([1.0, 1.0])))


def test_the_image_is_smoother_than_the_unit_asks_for(random):
    template = torch.tensor(random.normal(size=(1, 28, 28)), dtype=torch.float32) / 100
    found = maximise(linear(template), scale=torch.ones(1))
    assert roughness(found.numpy())[0] < 0.7 * roughness((template > 0).float().numpy())[0]


def test_how_loud_a_unit_is_does_not_change_its_image():
    template = torch.zeros(1, 28, 28)
    template[0, 5:15, 5:15] = 0.02
    quiet = maximise(linear(template), scale=torch.tensor([0.5]))
    loud = maximise(linear(64 * template), scale=torch.tensor([32.0]))
    assert torch.allclose(quiet, loud, atol=1e-5)


def test_a_unit_that_never_moves_is_pleased_by_a_black_image():
    found = maximise(linear(torch.zeros(1, 28, 28)), scale=torch.zeros(1))
    assert found.max() < 0.1


def from_all_starts(read, *, units: int):
    begin = stimuli.beginnings(units, side=28)
    return torch.stack([stimuli.maximise(read, scale=torch.ones(units), begin=each, steps=200) for each in begin])


def test_starts_are_a_grey_and_noise_and_the_same_for_every_network():
    begin = stimuli.beginnings(2, side=28)
    assert len(begin) == stimuli.STARTS >= 3
    assert (begin[0] == 0.5).all()
    assert not torch.equal(begin[1, 0], begin[1, 1])
    assert torch.equal(begin, stimuli.beginnings(2, side=28))


def test_a_unit_with_one_hill_ends_alike_from_every_start_and_one_with_two_does_not():
    template = torch.zeros(8, 28, 28)
    template[:, 2:12, 2:12] = 1
    other = template.flip(1, 2)
    one = from_all_starts(linear(template), units=8)
    two = from_all_starts(lambda pixels: torch.maximum(linear(template)(pixels), linear(other)(pixels)), units=8)
    assert stimuli.agreement(one).min() > 0.95
    assert stimuli.agreement(two).min() < 0.5
    assert stimuli.agreement(one[:1]).tolist() == [1] * 8


def test_favourites_are_the_images_a_unit_answers_most_strongly_in_order():
    answers = torch.tensor([[0.0, 5.0], [3.0, 5.0], [1.0, -1.0]])
    assert stimuli.favourites(answers, count=2).tolist() == [[1, 2], [0, 1]]
