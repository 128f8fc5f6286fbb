"""Axes through a layer: what random ones keep, planted layers whose units are special or not, and oracles."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from experiments.analyses.basis import measured
from experiments.measures.axes import CONTROLS, best_alone, own, turned
from experiments.measures.units import rotations, share_on

SELECTIVITY, CLASSES, ALONE = range(3)


def axis_aligned() -> tuple[torch.Tensor, torch.Tensor]:
    """Ten units, each on for one class alone, with a little noise."""
    labels = torch.arange(10).repeat(40)
    noise = 0.1 * torch.randn(400, 10, generator=torch.Generator().manual_seed(0))
    return torch.eye(10)[labels] * 4 - 0.5 + noise, labels


def alike_in_every_direction() -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.arange(10).repeat(100)
    generator = torch.Generator().manual_seed(1)
    centres = torch.randn(10, 64, generator=generator)  # the same law in every direction
    return centres[labels] + torch.randn(1000, 64, generator=generator), labels


@pytest.mark.parametrize("keep", CONTROLS)
def test_units_that_lie_along_the_classes_tell_them_better_than_random_axes(keep):
    pre, labels = axis_aligned()
    (axes,) = rotations(10, draws=1, seed=0)
    random = measured(turned(pre, axes, keep=keep), labels)
    assert measured(own(pre), labels)[ALONE] == pytest.approx(100)
    assert random[ALONE] < 97


def test_units_along_the_classes_are_more_selective_but_not_than_axes_that_are_on_as_seldom():
    pre, labels = axis_aligned()
    (axes,) = rotations(10, draws=1, seed=0)
    units = measured(own(pre), labels)
    assert units[SELECTIVITY] > 0.95
    assert units[CLASSES] < 1.5
    for keep in ("zero", "mean"):
        random = measured(turned(pre, axes, keep=keep), labels)
        assert random[SELECTIVITY] < 0.85
        assert random[CLASSES] > 2
    seldom = measured(turned(pre, axes, keep="share"), labels)  # a tenth of the images: those of the class farthest out
    assert seldom[SELECTIVITY] > 0.95


@pytest.mark.parametrize("keep", CONTROLS)
def test_nothing_is_special_where_no_axis_is(keep):
    pre, labels = alike_in_every_direction()
    (axes,) = rotations(64, draws=1, seed=3)
    assert measured(turned(pre, axes, keep=keep), labels) == pytest.approx(measured(own(pre), labels), rel=0.1)


def test_seldom_on_is_selective_and_only_a_control_with_that_share_does_not_take_it_for_special():
    pre, labels = alike_in_every_direction()
    pre = pre - 2.5  # every unit is on for few images
    (axes,) = rotations(64, draws=1, seed=3)
    units, zero, share = (
        measured(each, labels)[SELECTIVITY]
        for each in (own(pre), turned(pre, axes, keep="zero"), turned(pre, axes, keep="share"))
    )
    assert units - zero > 0.1
    assert share == pytest.approx(units, abs=0.03)


@pytest.mark.parametrize("shape", [(300, 7), (60, 5, 4, 3)])
def test_axes_keep_each_units_mean_or_its_share(shape):
    pre = torch.randn(shape, generator=torch.Generator().manual_seed(2)) + torch.linspace(-1.5, 1.5, shape[1]).reshape(
        1, -1, *[1] * (len(shape) - 2)
    )
    (axes,) = rotations(shape[1], draws=1, seed=0)
    numbers = pre.numel() / shape[1]
    assert share_on(turned(pre, axes, keep="share")) == pytest.approx(share_on(pre), abs=1.5 / numbers)
    others = [dim for dim in range(len(shape)) if dim != 1]
    high = turned(pre + 100, axes, keep="mean")  # so high that the ReLU cuts nothing off
    torch.testing.assert_close(high.mean(others), pre.mean(others) + 100)


def test_axes_that_are_the_units_own_let_through_what_the_units_do():
    pre = torch.randn(50, 6, generator=torch.Generator().manual_seed(3))
    for keep in ("zero", "mean"):
        torch.testing.assert_close(turned(pre, np.eye(6), keep=keep), own(pre))
    assert torch.equal(turned(pre, np.eye(6), keep="share") > 0, own(pre) > 0)


def test_channels_are_turned_at_every_position_alike():
    maps = torch.randn(10, 3, 4, 5, generator=torch.Generator().manual_seed(2))
    (matrix,) = rotations(3, draws=1, seed=0)
    by_hand = np.einsum("bcij,cd->bdij", maps.numpy(), matrix).clip(0)
    assert turned(maps, matrix, keep="zero").numpy() == pytest.approx(by_hand, abs=1e-5)


def test_axes_that_are_on_for_nothing_or_everything_have_a_place():
    pre = torch.stack([torch.full((20,), -1.0), torch.full((20,), 5.0), torch.linspace(-1, 1, 20)], dim=1)
    pre += 0.01 * torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    (axes,) = rotations(3, draws=1, seed=0)
    assert share_on(turned(pre, axes, keep="share")) == pytest.approx([0, 0.95, 0.5])


def test_another_control_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match="zero, mean, share, not 'norm'"):
        turned(torch.zeros(2, 2), np.eye(2), keep="norm")


def test_one_axis_alone_is_chosen_on_one_half_and_measured_on_the_other():
    labels = torch.arange(3).repeat(20)
    values = torch.rand(60, 4, generator=torch.Generator().manual_seed(5))
    values[:, 2] = torch.where(labels == 0, values[:, 2], values[:, 2] + 0.3)  # silent for class 0
    values[:, 1] += 0.5 * (labels == 1)
    found = best_alone(values, labels)
    first, second = [], []
    for each in range(3):
        members = np.flatnonzero(labels == each)
        first += [*members[::2]]
        second += [*members[1::2]]
    for each in range(3):
        areas = [roc_auc_score(labels[first] == each, values[first, axis]) for axis in range(4)]
        best = int(np.abs(np.array(areas) - 0.5).argmax())
        area = roc_auc_score(labels[second] == each, values[second, best])
        assert found[each] == pytest.approx(100 * (area if areas[best] > 0.5 else 1 - area))


def test_pure_chance_is_not_beaten_by_choosing_among_many():
    labels = torch.arange(10).repeat(200)
    values = torch.rand(2000, 100, generator=torch.Generator().manual_seed(6))
    assert best_alone(values, labels).mean() == pytest.approx(50, abs=2)


def test_a_class_of_one_image_has_none_to_judge_by():
    with pytest.raises(ValueError, match=r"fewer than two images.*\[1\]"):
        best_alone(torch.rand(3, 2), torch.tensor([0, 0, 1]))
