"""The picture that other sites show of a page: as large as they want it, on paper, and as smooth as letters are."""

import io

import numpy as np
from PIL import Image, ImageColor

from report.figures.social import card
from report.theme import PAPER
from tests.support import planted


def test_a_card_is_small_and_drawn_on_paper_with_smooth_letters():
    made = card(question="Why does it help, whatever the network?", title="A study", look=planted.LOOK)
    picture = Image.open(io.BytesIO(made["social.png"]))
    assert picture.size == (1200, 630)
    assert len(made["social.png"]) < 20_000
    pixels = np.asarray(picture.convert("RGB"))
    assert tuple(pixels[0, 0]) == ImageColor.getrgb(PAPER)
    lightness = pixels[200:450, 60:900].mean(axis=2)  # the question
    between = (lightness > lightness.min() + 40) & (lightness < lightness.max() - 40)
    assert 0.01 < between.mean() < 0.2, "the edges of letters are neither ink nor paper"


def test_the_same_card_has_the_same_bytes():
    asked = {"question": "Why?", "title": "A study", "look": planted.LOOK}
    assert card(**asked) == card(**asked) != card(**asked | {"question": "How?"})
