"""Networks and images that leave a measure little or nothing to measure, and sets of few or many classes: every stage
says so in finite numbers, or in none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planned import LEFT_OUT, products
from planted import ARCHITECTURES, PLAIN, digits

from experiments.analyses import features
from experiments.spec import Architecture, Recipe

PACKED = ("script", "unit-page", "network", "runnable", "nearby", "connections", "analysis/networks")
NEVER = "epochs_to/"  # the arrays in which NaN says that a run never got there
CASES = [
    ("dead", "digits", "mlp"),
    ("one living unit", "digits", "cnn"),
    ("the same", "digits", "mlp"),
    ("whole", "two of each", "mlp"),
    ("whole", "one over and over", "mlp"),
    ("whole", "twins", "mlp"),
    ("whole", "two classes", "cnn"),
    ("whole", "thirty classes", "mlp"),
    ("whole", "small images", "cnn"),
]


def images(kind: str) -> dict[str, np.ndarray]:
    """Two of each class, the fewest that there can be; or three: digits, one over and over, or two classes alike; or of
    other classes, or of another side."""
    if sizes := {"two classes": {"classes": 2}, "thirty classes": {"classes": 30}, "small images": {"side": 17}}.get(
        kind
    ):
        return digits(np.random.default_rng(0), per_class=2, **sizes)
    found = digits(np.random.default_rng(0), per_class=3)
    first = np.arange(30) // 3 * 3
    kept = {
        "digits": np.arange(30),
        "two of each": np.flatnonzero(np.arange(30) % 3 < 2),
        "one over and over": first,
        "twins": np.where(found["labels"] == 1, np.arange(30) - 3, np.arange(30)),
    }[kind]
    labels = found["labels"] if kind != "two of each" else found["labels"][kept]
    return {"images": found["images"][kept], "labels": labels}


def study(how: str, *, only: tuple[str, ...]):
    architectures = [
        Architecture(name, name, build="planted:crippled", options=found | {"how": how})
        for name, found in ARCHITECTURES.items()
        if name in only
    ]
    return replace(
        PLAIN,
        architectures=tuple(architectures),
        seeds=(0,),
        epochs=1,
        recipe=Recipe(learning_rate=0.0),  # what is planted stays
        embeddings=("pca", "tsne"),
        variants=(),
        ascent_steps=2,  # an image that is made to please need not be finished
    )


@pytest.mark.parametrize(("how", "kind", "network"), CASES)
def test_every_stage_has_finite_numbers_or_none(how: str, kind: str, network: str, monkeypatch) -> None:
    monkeypatch.setattr(features, "SAMPLE", 1)
    planted = study(how, only=tuple({"mlp", network}))
    for stage, found in products(planted, images(kind), left_out=(*LEFT_OUT, *PACKED)).items():
        for product, content in found.items():
            for name, value in content.items():
                where = f"{stage} {product} {name}"
                if product == "facts.json":
                    numbers = [value[part] for part in ("value", "low", "high") if value[part] is not None]
                    assert np.isfinite(numbers).all(), where
                elif product.endswith(".npz") and not name.startswith(NEVER) and value.dtype.kind == "f":
                    assert np.isfinite(value).all(), where
