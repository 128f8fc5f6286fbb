"""The figures of the page on the replication: published values stand where they were published."""

import numpy as np
import pytest
from drawings import assert_sound, draw, rows, texts

from report.figures import replication

LARGEST = 100_000  # bytes of one SVG
FIGURES = ("learning_curve", "top_units", "unit_14")


def study(*, epochs=20):
    """The replication meets every published point but one unit of one list."""
    lists = np.arange(30).reshape(10, 3) % 16
    changed = lists.copy()
    changed[4, 2] = 11
    points = [(digit, scale, 50.0 + digit + scale) for digit in (7, 9) for scale in (1, 0, 3)]
    scales = np.arange(0, 3.5, 0.5)
    curve = 50 + np.arange(10)[None] + scales[:, None]  # (scale, digit)
    arrays = {
        "train_loss": 2 / np.arange(1, epochs + 1),
        "train_accuracy": np.linspace(40, 95, epochs),
        "published": np.array([(0, 1.7, 44), (5, 0.3, 90), (10, 0.2, 93), (15, 0.2, 94)]),
        "scales": scales,
        "scaled_published": np.array(points),
        "unit14/divided": curve - 5,
        "unit14/undivided": curve,
    }
    for ranking in ("mean", "gradient", "selectivity"):
        arrays[f"published_top/{ranking}"] = lists
        arrays[f"top/{ranking}"] = changed if ranking == "mean" else lists
    return arrays


@pytest.mark.parametrize("epochs", [1, 20])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_valid_and_small(name, epochs):
    figure, arrays = getattr(replication, name), study(epochs=epochs)
    assert_sound(figure, largest=LARGEST, arrays=arrays, facts={})


def test_only_a_unit_that_differs_has_the_published_one_in_brackets():
    drawn = draw(replication.top_units, arrays=study())
    assert [text for text in texts(drawn) if "(" in text] == ["11 (14)"]
    assert len(rows(drawn)) == 3 * 10 * 3


def test_published_accuracies_belong_to_the_images_that_were_not_divided():
    found = rows(draw(replication.unit_14, arrays=study()))
    held = {row["images"] for row in found if row["published"]}
    assert held == {"undivided"}
    assert all(row["published"] == row["reproduced"] for row in found if row["published"])


def test_the_learning_curve_has_published_values_at_their_epochs_only():
    found = rows(draw(replication.learning_curve, arrays=study()))
    assert [row["epoch"] for row in found if row["published"] and row["measure"] == "train_loss"] == [
        "0",
        "5",
        "10",
        "15",
    ]
