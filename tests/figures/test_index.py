"""The networks on the front page: every layer in its form, with the numbers below it."""

import numpy as np
import pytest
from drawings import CARD, assert_sound, draw, rows, texts
from planted import LOOK

from report import style
from report.figures import index


@pytest.fixture(autouse=True)
def _published():
    with style.showing(LOOK):
        yield


def flow(**handed: tuple[int, ...]) -> dict[str, np.ndarray]:
    rng, layers = np.random.default_rng(0), [*handed, "logits"]
    return {
        "image": rng.integers(0, 256, (8, 8), dtype=np.uint8),
        "layers": np.array(layers),
        "parameters": np.arange(1, len(layers) + 1) * 1000,
        "multiply_adds": np.arange(1, len(layers) + 1) * 2000,
        **{f"handed/{layer}": rng.random(size) for layer, size in {**handed, "logits": (10,)}.items()},
    }


FLOWS = {"mlp": flow(hidden1=(6,)), "cnn": flow(conv1=(5, 3, 3), tokens=(4, 7), hidden3=(1,))}


def test_the_networks_are_drawn_with_every_form_of_layer():
    assert_sound(index.networks, flows=FLOWS, card=CARD)
    said = texts(draw(index.networks, flows=FLOWS, card=CARD))
    for words in (
        "8 × 8 pixels",
        "6 units",
        "5 maps of 3 × 3",
        "4 places of 7",
        "10 logits",
        "1,000 weights",
        "4,000 products",
    ):
        assert words in said, words


def test_the_numbers_handed_on_are_in_the_data():
    found = rows(draw(index.networks, flows=FLOWS, card=CARD))
    assert len(found) == 6 + 10 + 45 + 28 + 1 + 10
    assert {row["weights"] for row in found if row["layer"] == "tokens"} == {"2000"}


def test_dead_layers_are_dark_and_no_fault():
    dark = {**FLOWS["mlp"], "handed/hidden1": np.zeros(6)}
    assert_sound(index.networks, flows={"mlp": dark}, card=CARD)
