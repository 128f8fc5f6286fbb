"""Measures of single units: planted specialists and generalists, and oracles."""

import numpy as np
import pytest
import torch
from scipy.stats import rankdata, spearmanr

from experiments.measures.units import (
    class_selectivity,
    living,
    overlap,
    partial_rank_correlation,
    participation_ratio,
    rank_correlation,
    rotation_of_living,
    rotations,
    selectivity,
    share_on,
    top_units,
)

SPECIALIST, GENERALIST, PAIR, DEAD = np.eye(10)[3], np.ones(10), np.eye(10)[3] + np.eye(10)[8], np.zeros(10)


def test_a_specialist_prefers_its_class_and_a_generalist_none():
    found = selectivity(np.stack([SPECIALIST, GENERALIST, DEAD]))
    assert found == pytest.approx([1 / 1.001, 0, 0])
    assert class_selectivity(SPECIALIST).argmax() == 3


def test_selectivity_is_the_contrast_of_a_class_with_the_mean_of_the_others():
    means = np.array([[3.0, 1, 0, 0, 0, 0, 0, 0, 0, 0]])
    assert class_selectivity(means)[0, 0] == pytest.approx((3 - 1 / 9) / (3 + 1 / 9 + 0.001))
    assert class_selectivity(means)[0, 1] == pytest.approx((1 - 3 / 9) / (1 + 3 / 9 + 0.001))


def test_the_favourite_class_of_a_unit_is_the_one_with_its_largest_mean():
    means = np.random.default_rng(0).random((50, 10))
    assert (class_selectivity(means).argmax(axis=1) == means.argmax(axis=1)).all()


def test_the_participation_ratio_counts_the_classes_a_unit_responds_to():
    assert participation_ratio(np.stack([SPECIALIST, PAIR, GENERALIST, DEAD])) == pytest.approx([1, 2, 10, 0])


@pytest.mark.parametrize("loudness", [0.1, 3, 1000])
def test_the_participation_ratio_does_not_see_how_loud_a_unit_is(loudness):
    means = np.arange(10.0)[None]
    assert participation_ratio(loudness * means) == pytest.approx(participation_ratio(means))


def test_a_unit_lives_if_it_responds_to_any_class():
    assert list(living(np.stack([SPECIALIST, DEAD]))) == [True, False]


def test_top_units_come_best_first_and_ties_by_number():
    scores = np.array([[1.0, 0], [3, 0], [2, 0], [3, 5]])
    assert top_units(scores).tolist() == [[1, 3, 2], [3, 0, 1]]


def test_the_rank_correlation_is_spearmans():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 5, 16).astype(float), rng.random(16)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_what_does_not_vary_has_no_rank_correlation():
    assert rank_correlation(np.ones(5), np.arange(5.0)) == 0
    assert rank_correlation(np.ones(1), np.ones(1)) == 0


def test_the_partial_rank_correlation_is_that_of_what_the_held_ranks_leave():
    rng = np.random.default_rng(5)
    held = rng.random(40)
    a, b = held + rng.random(40), 2 * held + rng.random(40)
    base = np.column_stack([np.ones(40), rankdata(held)])
    left = [rankdata(each) - base @ np.linalg.lstsq(base, rankdata(each), rcond=None)[0] for each in (a, b)]
    assert partial_rank_correlation(a, b, held=held) == pytest.approx(np.corrcoef(*left)[0, 1])


def test_nothing_is_left_to_correlate_of_what_is_the_held_quantity_itself():
    held, other = np.arange(6.0), np.array([3.0, 1, 2, 6, 5, 4])
    assert partial_rank_correlation(held**3, other, held=held) == 0
    assert partial_rank_correlation(other, other, held=np.ones(6)) == pytest.approx(1)
    assert partial_rank_correlation(np.arange(2.0), np.arange(2.0), held=np.ones(2)) == 0


def test_a_unit_is_on_for_a_share_of_images_and_a_channel_for_a_share_of_places():
    units = torch.tensor([[1.0, 0, 2], [3, 0, -1]])
    assert share_on(units) == pytest.approx([1, 0, 0.5])
    maps = torch.zeros(2, 2, 4, 4)
    maps[:, 0, 0, 0], maps[0, 1] = 1, 1
    assert share_on(maps) == pytest.approx([1 / 16, 0.5]), "anywhere would be 1"


def test_living_units_are_turned_among_themselves_and_the_dead_stay():
    alive = np.array([True, False, True, True])
    axes = rotation_of_living(alive, seed=3)
    assert axes @ axes.T == pytest.approx(np.eye(4))
    assert list(axes[1]) == list(axes[:, 1]) == [0, 1, 0, 0]
    assert np.abs(axes[0, [0, 2, 3]]).max() < 1
    assert np.array_equal(rotation_of_living(np.array([False, True]), seed=3), np.eye(2))


def test_overlap_counts_shared_units_whatever_their_order():
    assert overlap(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[3, 1, 9], [7, 8, 9]])) == 1


def test_two_lists_drawn_blindly_share_as_many_as_chance_says():
    rng = np.random.default_rng(2)
    lists = [np.stack([rng.permutation(16)[:3] for _ in range(4000)]) for _ in range(2)]
    assert overlap(*lists) == pytest.approx(3 * 3 / 16, abs=0.04)


def test_rotations_are_orthogonal_different_and_the_same_for_a_seed():
    first, second = rotations(8, draws=2, seed=5)
    assert first @ first.T == pytest.approx(np.eye(8))
    assert not np.allclose(first, second)
    assert np.array_equal(rotations(8, draws=2, seed=5)[1], second)
