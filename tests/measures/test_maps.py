"""Maps: how rough they are, what share of them lies where, and what eight bits keep of them."""

import numpy as np
import pytest

from experiments.measures.maps import narrow, packed, roughness, share


def test_noise_has_roughness_one_a_ramp_near_none_and_a_chequerboard_two(random):
    assert roughness(random.normal(size=(200, 28, 28))).mean() == pytest.approx(1, abs=0.01)
    ramp, chequers = np.add.outer(np.arange(28.0), np.arange(28.0)), np.indices((28, 28)).sum(axis=0) % 2.0
    assert roughness(ramp[None])[0] < 0.01
    assert roughness(chequers[None])[0] == pytest.approx(2, rel=0.01)
    assert roughness(np.ones((1, 28, 28)))[0] == 0
    assert roughness(7 * ramp[None] + 3)[0] == pytest.approx(roughness(ramp[None])[0])


def test_roughness_is_gearys_ratio_with_neighbours_across_and_down(random):
    maps = random.normal(size=(3, 5, 4))
    places = np.argwhere(np.ones(maps.shape[1:]))
    near = np.abs(places[:, None] - places[None]).sum(axis=2) == 1
    flat = maps.reshape(3, -1)
    squares = ((flat[:, :, None] - flat[:, None]) ** 2 * near).sum(axis=(1, 2))
    deviations = ((flat - flat.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    assert roughness(maps) == pytest.approx((flat.shape[1] - 1) * squares / (2 * near.sum() * deviations))


def test_a_share_is_of_the_whole_map_and_pixels_may_be_chosen_for_each_map():
    maps = np.ones((2, 4, 4))
    maps[1] = 0
    assert list(share(maps, np.arange(16).reshape(4, 4) < 4)) == [0.25, 0]
    own = np.zeros((2, 4, 4), dtype=bool)
    own[0, :2] = True
    assert list(share(maps, own)) == [0.5, 0]


def test_a_map_in_eight_bits_is_off_by_half_a_step_at_most(random):
    maps = random.normal(size=(5, 3, 4, 4)) * np.array([1e-6, 1, 10, 0, 1e3]).reshape(5, 1, 1, 1)
    found = packed("maps", maps)
    scale = found["maps.scale"].reshape(5, 1, 1, 1)
    assert found["maps"].dtype == np.int8
    assert (np.abs(found["maps"] * scale - maps) <= 0.501 * scale).all()


@pytest.mark.parametrize(
    ("numbers", "kind", "kept"),
    [
        ([0, 5, 32_767], np.int16, np.int16),
        ([-3, 32_768], np.int16, np.int64),
        ([0, 65_535], np.uint16, np.uint16),
        ([70_000], np.uint16, np.int64),
        ([], np.int16, np.int16),
    ],
)
def test_counts_are_kept_narrow_and_never_cut(numbers, kind, kept):
    found = narrow(np.array(numbers, dtype=np.int64), kind)
    assert found.dtype == kept
    assert found.tolist() == numbers
