"""The lab's board: strokes become an image as MNIST's scans did, however large they are drawn, and come back whole from
an address."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments import published

BOARD, BOX, SIDE = 256, 20, 28
PEN, FINE, MARK = 1.3, 12, 24  # the pen's radius in pixels, cells along a pixel, the smallest size that fills the box
HEIGHTS = (30, 35, 40, 60, 90, 120, 200, 240)
DIGITS = json.loads((Path(__file__).parent / "digits.json").read_text())  # drawn by hand, in thousandths of their size


@pytest.fixture(scope="module")
def page(browser, published_site):
    page = browser.new_page()
    page.goto((published_site / "lab.html").as_uri())
    yield page
    page.close()


def to_image(page, strokes):
    told = [[{"x": x, "y": y} for x, y in stroke] for stroke in strokes]
    image = page.evaluate(
        "(strokes) => { const i = InsideMNIST.raster.toImage(strokes, 28); return i && [...i]; }", told
    )
    return None if image is None else np.array(image).reshape(SIDE, SIDE)


def oracle(strokes):
    """The same image, by distances to all lines at once on the cells of the box."""
    points = np.concatenate([np.array(stroke, dtype=float) for stroke in strokes])
    scale = FINE * (BOX - 2 * PEN) / max(np.ptp(points, axis=0).max(), MARK)
    placed = [(np.array(stroke) - points.min(axis=0)) * scale + FINE * PEN for stroke in strokes]
    rows, columns = np.mgrid[: BOX * FINE, : BOX * FINE] + 0.5
    ink = np.zeros(rows.shape, dtype=bool)
    for stroke in placed:
        for (x0, y0), (x1, y1) in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = ((columns - x0) * (x1 - x0) + (rows - y0) * (y1 - y0)) / (length or 1)
            near = np.clip(along, 0, 1)
            distance = (columns - x0 - near * (x1 - x0)) ** 2 + (rows - y0 - near * (y1 - y0)) ** 2
            ink |= distance <= (FINE * PEN) ** 2
    box = np.floor(255 * ink.reshape(BOX, FINE, BOX, FINE).mean(axis=(1, 3)) + 0.5)
    middle = [(box.sum(axis=1 - axis) * np.arange(BOX)).sum() / box.sum() for axis in (0, 1)]
    height, width = (np.flatnonzero(box.any(axis=1 - axis))[-1] + 1 for axis in (0, 1))
    wanted = [14 - int(np.floor(place + 0.5)) for place in middle]
    top, left = (min(max(shift, 0), SIDE - end) for shift, end in zip(wanted, (height, width), strict=True))
    image = np.zeros((SIDE, SIDE))
    image[top : top + height, left : left + width] = box[:height, :width]
    return image


def drawn(strokes, height, *, corner=None, nearest=2):
    """Strokes as the board takes them at a height: whole units, no two points of a stroke nearer than `nearest`."""
    points = np.concatenate(strokes)
    size = np.array(np.ptp(points, axis=0)) * height / np.ptp(points, axis=0).max()
    place = np.zeros(2) if corner else (BOARD - 1 - size) / 2
    found = []
    for stroke in strokes:
        at = np.rint((np.array(stroke) - points.min(axis=0)) * height / np.ptp(points, axis=0).max() + place).astype(
            int
        )
        kept = [at[0]]
        kept += [each for each in at[1:] if np.hypot(*(each - kept[-1])) >= nearest]
        found.append([[int(x), int(y)] for x, y in kept])
    return found


def random_strokes(seed):
    draw = np.random.default_rng(seed)
    many = draw.integers(1, 4)
    return [draw.integers(0, BOARD, (draw.integers(1, 12), 2)).tolist() for _ in range(many)]


@pytest.mark.parametrize("seed", range(12))
def test_an_image_is_what_distances_and_integrals_make_of_the_strokes(page, seed):
    strokes = random_strokes(seed)
    difference = np.abs(to_image(page, strokes) - oracle(strokes))
    assert difference.max() <= 1  # where a level lies halfway between two
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize(
    "stroke", [[[128, 40], [128, 220]], [[30, 30], [200, 120], [60, 200]], [[20, 128], [240, 131]]]
)
def test_a_digit_fills_its_box_and_its_mass_lies_at_the_centre_as_in_mnist(page, stroke):
    image = to_image(page, [stroke])
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX
    for axis in (0, 1):  # where the centres of mass of all 10,000 test images lie, too
        assert 13.5 <= (image.sum(axis=1 - axis) * np.arange(SIDE)).sum() / image.sum() < 14.5


def test_where_something_is_drawn_on_the_board_and_how_large_does_not_matter(page):
    small = [[60, 60], [100, 60], [80, 120]]
    moved = [[x + 90, y + 70] for x, y in small]
    np.testing.assert_array_equal(to_image(page, [small]), to_image(page, [moved]))


@pytest.mark.parametrize(("side", "box"), [(8, 6), (20, 14), (28, 20), (64, 46)])
def test_images_of_another_side_have_box_pen_and_middle_in_proportion(browser, side, box):
    page = browser.new_page()
    page.add_script_tag(path=Path(__file__).parents[2] / "templates" / "assets" / "lab" / "raster.js")
    line, point = ([[{"x": x, "y": y} for x, y in stroke]] for stroke in ([[20, 40], [200, 220]], [[9, 9]]))
    found = page.evaluate(
        "(all) => all.map(([s, n]) => [...InsideMNIST.raster.toImage(s, n)])", [[line, side], [point, side]]
    )
    page.close()
    drawn, dot = (np.array(each).reshape(side, side) for each in found)
    for axis in (0, 1):
        assert np.ptp(np.flatnonzero(drawn.any(axis=axis))) + 1 == box
        middle = (drawn.sum(axis=1 - axis) * np.arange(side)).sum() / drawn.sum()
        assert side // 2 - 0.5 <= middle < side // 2 + 0.5
    assert dot.sum() / 255 == pytest.approx(np.pi * (PEN * box / BOX) ** 2, rel=0.05)


def test_a_blank_board_is_no_image_and_a_point_is_one(page):
    assert to_image(page, []) is None
    assert to_image(page, [[[128, 128]]]).sum() / 255 == pytest.approx(np.pi * PEN**2, rel=0.02)


# Small and large


def test_a_digit_is_read_right_by_all_four_networks_however_small_it_is_drawn(page):
    networks = [published.network(name) for name in ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")]
    for height in HEIGHTS:
        images = np.stack([to_image(page, drawn(strokes, height)) for strokes in DIGITS.values()]).astype(np.uint8)
        for network in networks:
            with torch.no_grad():
                assert network.model(network.treat(images)).argmax(dim=1).tolist() == [*range(10)], height


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawing_gives_nearly_the_same_image_at_every_size(page, digit):
    """What is left is the rounding to the board's whole units, and to a whole pixel where the mass lies halfway."""
    large = to_image(page, drawn(DIGITS[digit], 240)).astype(float)
    for height in HEIGHTS:
        image = to_image(page, drawn(DIGITS[digit], height)).astype(float)
        assert image.sum() == pytest.approx(large.sum(), rel=0.06), height
        moves = [np.roll(image, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        assert min(np.abs(move - large).sum() for move in moves) < 0.25 * large.sum(), height


@pytest.mark.parametrize("way", [(0, 1), (1, 0), (1, 1), (1, 3)])
def test_a_line_is_as_wide_as_mnists_whatever_its_length_on_the_board(page, way):
    for height in HEIGHTS:
        end = np.rint(np.array(way) / max(way) * height)
        image = to_image(page, [[[0, 0], [int(end[0]), int(end[1])]]])
        length = np.hypot(*end) / max(end) * (BOX - 2 * PEN)  # pixels
        width = (image.sum() / 255 - np.pi * PEN**2) / length
        assert width == pytest.approx(2 * PEN, rel=0.03), height


def test_what_is_no_larger_than_the_pens_mark_stays_a_dot_or_small(page):
    dot, shaken = to_image(page, [[[9, 9]]]), to_image(page, [[[9, 9], [11, 10], [10, 12]]])
    for image in (dot, shaken):
        rows, columns = (np.flatnonzero(image.any(axis=1 - axis)) for axis in (0, 1))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 6
        assert {13, 14} <= set(rows) & set(columns)
    sizes = [np.ptp(np.flatnonzero(to_image(page, [[[50, 50], [50, 50 + size]]]).any(axis=1))) for size in range(25)]
    assert sizes == sorted(sizes)  # it grows without a jump, up to the whole box
    assert sizes[-1] + 1 == BOX


@pytest.mark.parametrize("digit", ["1", "4", "7"])
def test_a_drawing_in_a_corner_is_that_in_the_middle(page, digit):
    for height in (30, 120):
        corner, middle = (drawn(DIGITS[digit], height, corner=each) for each in (True, False))
        shift = np.array(middle[0][0]) - corner[0][0]
        moved = [[(np.array(point) + shift).tolist() for point in stroke] for stroke in corner]
        np.testing.assert_array_equal(to_image(page, corner), to_image(page, moved))


def test_a_long_flat_dash_is_a_line_across_the_box(page):
    image = to_image(page, [[[10, 128], [240, 130]]])
    rows, columns = (np.flatnonzero(image.any(axis=1 - axis)) for axis in (0, 1))
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == (BOX, 3)


def test_strokes_without_number_are_drawn_and_come_back(page):
    draw = np.random.default_rng(0)
    strokes = [draw.integers(0, BOARD, (5, 2)).tolist() for _ in range(400)]
    assert np.abs(to_image(page, strokes) - oracle(strokes)).max() <= 1
    told = [[{"x": x, "y": y} for x, y in stroke] for stroke in strokes]
    assert page.evaluate("(s) => InsideMNIST.raster.decode(InsideMNIST.raster.encode(s))", told) == told


# In an address


@pytest.mark.parametrize("seed", range(5))
def test_strokes_come_back_from_an_address_as_they_were(page, seed):
    told = [[{"x": x, "y": y} for x, y in stroke] for stroke in random_strokes(seed)]
    there_and_back = "(s) => InsideMNIST.raster.decode(InsideMNIST.raster.encode(s))"
    assert page.evaluate(there_and_back, told) == told


@pytest.mark.parametrize("text", ["", "A", "AAAA", "AAA..AAA", "AAA.", "<b>", "AA A", "___", "A" * 300000])
def test_what_is_no_drawing_is_refused(page, text):
    assert page.evaluate("(text) => InsideMNIST.raster.decode(text)", text) is None
