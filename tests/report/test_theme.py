"""Every colour is legible on its paper, and the dark drawing is the light one with other colours."""

import re

import numpy as np
import pytest

from experiments.idx import CLASSES
from report import theme


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("page", [theme.LIGHT_PAGE, theme.DARK_PAGE], ids=["light", "dark"])
def test_text_has_a_contrast_of_four_and_a_half_on_paper_and_on_surfaces(page):
    texts = ("ink", "muted", "link", "accent", "code-keyword", "code-string", "code-number", "code-name")
    for name in texts:
        assert contrast(page[name], page["paper"]) >= 4.5, name
        assert contrast(page[name], page["surface"]) >= 4.5, name


@pytest.mark.parametrize("colour", [theme.TREATMENTS[0], theme.TREATMENTS[1], *theme.CLASSES])
def test_data_colours_have_a_contrast_of_three_on_either_paper(colour):
    assert contrast(colour, theme.PAPER) >= 3
    assert contrast(theme.DARK[colour], theme.DARK[theme.PAPER]) >= 3


@pytest.mark.parametrize("colours", [theme.CLASSES, theme.CLASSES_DARK], ids=["light", "dark"])
def test_thirty_classes_have_thirty_colours_that_can_be_told_apart(colours):
    assert len(colours) == CLASSES[1]
    places = np.array([oklab(colour) for colour in colours])
    apart = np.linalg.norm(places[:, None] - places, axis=2) + np.eye(len(colours))
    assert apart[:10, :10].min() > 0.13
    assert apart.min() > 0.1


def oklab(colour):
    """Lightness and two axes of colour in which distances are as they are seen (Ottosson 2020)."""
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    cones = [[0.4122215, 0.5363325, 0.0514460], [0.2119035, 0.6806995, 0.1073970], [0.0883025, 0.2817188, 0.6299787]]
    axes = [[0.2104543, 0.7936178, -0.0040720], [1.9779985, -2.4285922, 0.4505937], [0.0259040, 0.7827718, -0.8086758]]
    return np.array(axes) @ np.cbrt(np.array(cones) @ linear)


def test_every_constant_becomes_a_variable_with_a_value_for_either_paper_and_nothing_else_changes():
    path = f'<path style="stroke:{theme.INK};fill:{theme.TREATMENTS[0].upper()}" id="m1d1f21abcd"/>'
    rest = '<use href="#m1d1f21abcd" fill="#123456"/></svg>'
    found = re.fullmatch(
        r'<svg id="dark" width="9">(<style>.*</style>)'
        r'<path style="stroke:var\((--\d+)\);fill:var\((--\d+)\)" id="m1d1f21abcd"/>(.*)',
        theme.both(f'<svg width="9">{path}{rest}'),
    )
    assert found[4] == rest
    ink, raw = found[2], found[3]
    light, night = re.fullmatch(r"<style>:root{(.*)}:root:target{(.*)}</style>", found[1]).groups()
    assert set(light.split(";")) == {f"{ink}:{theme.INK}", f"{raw}:{theme.TREATMENTS[0]}", ""}
    assert set(night.split(";")) == {f"{ink}:{theme.DARK[theme.INK]}", f"{raw}:{theme.DARK[theme.TREATMENTS[0]]}", ""}


def test_both_sides_of_the_style_sheet_define_the_same_names():
    assert set(theme.LIGHT_PAGE) == set(theme.DARK_PAGE)
    assert theme.stylesheet().count("--paper:") == 3


def test_a_condition_has_the_colour_of_its_treatment_and_a_mark_of_its_architecture():
    css = theme.stylesheet({"a-x": ("x", 0), "b-y": ("y", 1)})
    assert '[data-condition="a-x"] { --tone: var(--treatment-0); --shape: circle(); }' in css
    assert '[data-condition="b-y"] { --tone: var(--treatment-1); --shape: inset(0); }' in css
