"""The figure of subspaces: legible, and with its numbers beside it."""

import numpy as np
import planted
import pytest
from drawings import assert_sound, draw, margin, rows, texts

from experiments import wiring
from report.figures import subspaces


def study(*, seeds: int = 2, conditions=planted.CONDITIONS) -> dict[str, np.ndarray]:
    """Curves that count units, the band one below and one above."""
    arrays = {}
    for condition in conditions:
        arrays[f"band/{condition}"] = np.stack([np.tile(np.arange(16) + edge, (seeds, 1)) for edge in (-1, 1)])
        for way in subspaces.WAYS:
            arrays[f"{way}/{condition}"] = np.tile(np.arange(16.0), (seeds, 1))
    return arrays


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_figure_is_valid_and_small(seeds):
    assert_sound(subspaces.subspaces, largest=60_000, arrays=study(seeds=seeds))


def test_subspaces_list_every_way_and_every_condition_and_name_them():
    drawn = draw(subspaces.subspaces, arrays=study())
    assert [float(row["mean"]) for row in rows(drawn)[:16]] == list(range(16))
    assert {row["condition"] for row in rows(drawn)} == set(planted.CONDITIONS)
    assert all(name in texts(drawn) for name, _ in subspaces.WAYS.values())


def test_of_single_units_there_is_nothing_to_draw_and_the_figure_says_so():
    drawn = draw(subspaces.subspaces, arrays={"absent": np.array([], dtype=str)})
    assert texts(drawn) == ["No network of this study has what would be shown here."]


@pytest.mark.parametrize("treatments", [("raw",), ("raw", "scaled", "normalized")])
@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "cnn")])
def test_every_number_of_conditions_is_drawn_whole(architectures, treatments, monkeypatch):
    look = wiring.look(planted.study(architectures=architectures, treatments=treatments))
    arrays = study(conditions=look["conditions"])
    drawn = draw(subspaces.subspaces, arrays=arrays, look=look)
    assert list(dict.fromkeys(row["condition"] for row in rows(drawn))) == list(look["conditions"])
    assert all(treatment in " ".join(texts(drawn)) for treatment in treatments)
    assert margin(monkeypatch, subspaces.subspaces, arrays=arrays, look=look) > 0
