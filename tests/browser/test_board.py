"""The lab's board: strokes become an image as MNIST's scans did, and come back whole from an address."""

import numpy as np
import pytest

BOARD, PEN, BOX, SIDE = 256, 12, 20, 28


@pytest.fixture(scope="module")
def page(browser, published_site):
    page = browser.new_page()
    page.goto((published_site / "lab.html").as_uri())
    yield page
    page.close()


def to_image(page, strokes):
    told = [[{"x": x, "y": y} for x, y in stroke] for stroke in strokes]
    image = page.evaluate("(strokes) => { const i = InsideMNIST.raster.toImage(strokes); return i && [...i]; }", told)
    return None if image is None else np.array(image).reshape(SIDE, SIDE)


def oracle(strokes):
    """The same image, by distances to all lines at once and by integrals of the ink."""
    rows, columns = np.mgrid[:BOARD, :BOARD].astype(float)
    ink = np.zeros((BOARD, BOARD), dtype=bool)
    for stroke in strokes:
        for (x0, y0), (x1, y1) in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = ((columns - x0) * (x1 - x0) + (rows - y0) * (y1 - y0)) / max(length, 1)
            near = np.clip(along, 0, 1)
            ink |= (columns - x0 - near * (x1 - x0)) ** 2 + (rows - y0 - near * (y1 - y0)) ** 2 <= PEN**2
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
    size = max(tight.shape) / BOX
    for axis in (0, 1):
        total = np.concatenate([np.zeros_like(tight.take([0], axis)), tight.cumsum(axis)], axis)
        edges = np.minimum(np.arange(BOX + 1) * size, total.shape[axis] - 1)
        low, part = np.floor(edges).astype(int), edges - np.floor(edges)
        shape = (-1, 1) if axis == 0 else (1, -1)
        high = np.minimum(low + 1, total.shape[axis] - 1)
        at = total.take(low, axis) * (1 - part.reshape(shape)) + total.take(high, axis) * part.reshape(shape)
        tight = np.diff(at, axis=axis) / size
    box = np.floor(255 * tight + 0.5)
    middle = [(box.sum(axis=1 - axis) * np.arange(BOX)).sum() / box.sum() for axis in (0, 1)]
    ends = [np.flatnonzero(box.any(axis=1 - axis))[-1] + 1 for axis in (0, 1)]
    height, width = ends
    wanted = [14 - int(np.floor(place + 0.5)) for place in middle]
    top, left = (min(max(shift, 0), SIDE - end) for shift, end in zip(wanted, ends, strict=True))
    image = np.zeros((SIDE, SIDE))
    image[top : top + height, left : left + width] = box[:height, :width]
    return image


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


def test_a_blank_board_is_no_image_and_a_point_is_one(page):
    assert to_image(page, []) is None
    assert (to_image(page, [[[128, 128]]]) > 0).sum() > 250


@pytest.mark.parametrize("seed", range(5))
def test_strokes_come_back_from_an_address_as_they_were(page, seed):
    told = [[{"x": x, "y": y} for x, y in stroke] for stroke in random_strokes(seed)]
    there_and_back = "(s) => InsideMNIST.raster.decode(InsideMNIST.raster.encode(s))"
    assert page.evaluate(there_and_back, told) == told


@pytest.mark.parametrize("text", ["", "A", "AAAA", "AAA..AAA", "AAA.", "<b>", "AA A", "___", "A" * 300000])
def test_what_is_no_drawing_is_refused(page, text):
    assert page.evaluate("(text) => InsideMNIST.raster.decode(text)", text) is None
