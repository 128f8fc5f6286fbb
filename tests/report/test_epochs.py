"""What a drawing carries for stepping through its epochs: read from the lines that were drawn, and taken out whole."""

import numpy as np
import pytest
from planted import LOOK

from report import epochs, export, style


@pytest.fixture(autouse=True, scope="module")
def published_look():
    with style.showing(LOOK):
        yield


@style.drawn
def drawing(*, arrays):
    fig, axes = style.figure(height=4, nrows=2, ncols=2)
    style.curve(axes[0, 0], np.arange(4), arrays, "cnn-normalized")
    style.curve(axes[0, 0], np.arange(4), arrays / 2, "cnn-normalized", of="half")
    axes[0, 0].set_title("CNN, logits")
    axes[0, 0].set_ylabel("loss\nin nats")
    style.epoch_axis(axes[0, 0], 3)
    axes[0, 1].plot([1, 2, 3], [0.5, 5.0, 0.25], color=style.CLASSES[3], label="a < b & c")
    axes[0, 1].set(ylim=(0, 1), title="errors")
    axes[0, 1].fmt_ydata = lambda share: 1 - share
    style.epoch_axis(axes[0, 1], 3)
    axes[1, 0].plot([0, 3], [0, 1], label="below")
    style.epoch_axis(axes[1, 0], 3)
    axes[1, 1].plot([0, 3], [0, 1], label="not over epochs")
    return {"figure.svg": export.save(fig)}


ARRAYS = np.linspace(-1, 1, 12).reshape(3, 4)


def taken():
    return epochs.take(drawing(arrays=ARRAYS)["figure.svg"])


def test_the_record_is_taken_out_of_the_drawing_whole():
    svg, record = taken()
    assert "metadata" not in svg
    assert epochs.take(epochs.put(svg, record)) == (svg, record)
    assert epochs.take(svg) == (svg, None)


def test_a_curve_is_read_as_the_mean_that_was_drawn():
    _, record = taken()
    assert record["epochs"] == [0, 1, 2, 3]
    first = record["panels"][0]
    assert [curve["name"] for curve in first["curves"]] == ["normalized", "normalized, half"]
    np.testing.assert_allclose(first["curves"][0]["value"], ARRAYS.mean(axis=0), rtol=1e-3)
    assert first["curves"][0]["tone"] == "treatment-1"
    assert first["curves"][0]["mark"] == "square"


def test_values_are_read_as_the_axes_say_and_gaps_stay_gaps():
    curve = taken()[1]["panels"][1]["curves"][0]
    assert curve["name"] == "a < b & c"
    assert curve["value"] == [None, 0.5, -4.0, 0.75]
    assert [y is None for y in curve["y"]] == [True, False, True, False], "a point outside the axes is not drawn"
    assert curve["tone"] == "class-3"


def test_a_panel_without_a_name_of_its_own_has_that_of_the_panel_above_it_or_beside_it():
    panels = taken()[1]["panels"]
    assert [panel["title"] for panel in panels] == ["CNN, logits", "errors", "CNN, logits"]
    assert [panel["measure"] for panel in panels] == ["loss, in nats", "loss, in nats", ""]


def test_only_axes_over_epochs_take_part_and_places_are_in_the_drawing():
    _, record = taken()
    assert len(record["panels"]) == 3
    width, height = record["box"]
    for panel in record["panels"]:
        assert 0 < panel["top"] < panel["bottom"] < height
        assert all(0 < x < width for x in panel["x"])
        for curve in panel["curves"]:
            assert all(y is None or panel["top"] - 0.1 <= y <= panel["bottom"] + 0.1 for y in curve["y"])


def test_a_figure_without_epochs_carries_nothing():
    @style.drawn
    def plain(*, arrays):
        fig, ax = style.figure(height=2)
        style.curve(ax, np.arange(4), arrays, "mlp-raw")
        return {"figure.svg": export.save(fig)}

    assert "metadata" not in plain(arrays=ARRAYS)["figure.svg"]
