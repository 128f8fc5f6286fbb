"""What readers take away: the files of the specimens, and cards of networks and data as model hubs read them.

In: the study, the networks' files, the data set's card. Out: what pages and cards say of a file, and the YAML with
which a card begins. The text of the cards stands in templates/cards.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from experiments.spec import Condition, Recipe, Study
from report.argument.facts import Fact
from report.play import bare

FOLDER = "networks"  # of the site
DATA = "dataset.md"  # the card of the data
TASK = "image-classification"


@dataclass(frozen=True)
class Download:
    """A specimen's file, and what is to be said of it. `told` is runnable.json, see `experiments.networks.runnable`."""

    condition: Condition
    seed: int
    recipe: Recipe
    epochs: int
    data: bytes
    told: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.condition.name}.safetensors"

    @property
    def file(self) -> str:
        """Where it lies in the site."""
        return f"{FOLDER}/{self.name}"

    @property
    def card(self) -> str:
        """Where its card lies."""
        return f"{FOLDER}/{self.condition.name}.md"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def tensors(self) -> dict[str, list[int]]:
        """{parameter: its shape}."""
        shapes = {name: told["shape"] for name, told in bare.header(self.data).items() if name != "__metadata__"}
        return dict(sorted(shapes.items()))

    @property
    def treatment(self) -> Mapping[str, Any]:
        return bare.treatment(self.data)

    @property
    def code(self) -> str:
        """What opens it without this project; nothing where that takes more than layers in a row."""
        return bare.bare(self.data, self.told, file=self.name)

    @property
    def fed(self) -> str:
        return bare.fed(self.data)


def downloads(study: Study, files: Mapping[str, tuple[bytes, Mapping[str, Any]]]) -> tuple[Download, ...]:
    """The files of the study's product, {condition: (its file, runnable.json)}, in the order of the study."""
    return tuple(
        Download(each, study.shown_seed_of(each), study.recipe_of(each), study.epochs_of(each), *files[each.name])
        for each in study.product
        if each.name in files
    )


def of_network(
    download: Download, *, facts: Mapping[str, Fact], card: Mapping[str, Any], citation: Mapping[str, Any] | None
) -> str:
    """The YAML of a network's card: what model hubs find it by, and its accuracy."""
    accuracy = facts[f"networks.accuracy.{download.condition.name}"]["value"]
    result = {
        "task": {"type": TASK},
        "dataset": {"name": card["title"], "type": slug(card["title"]), "split": "test"},
        "metrics": [{"type": "accuracy", "name": "Accuracy in %", "value": round(accuracy, 2)}],
    }
    told = citation or {}
    return _front(
        {
            **({"license": told["license"].lower()} if isinstance(told.get("license"), str) else {}),
            "library_name": "pytorch",
            "pipeline_tag": TASK,
            "tags": [slug(each) for each in told.get("keywords", [])],
            "metrics": ["accuracy"],
            "model-index": [{"name": download.condition.title, "results": [result]}],
        }
    )


def of_dataset(card: Mapping[str, Any]) -> str:
    """The YAML of the data set's card: its licence, its size, its classes."""
    licence = card.get("licence", "")
    names = {str(label): name for label, name in enumerate(card["class_names"])}
    features = [
        {"name": "image", "dtype": "image"},
        {"name": "label", "dtype": {"class_label": {"names": names}}},
    ]
    return _front(
        {
            "pretty_name": card["title"],
            **({"license": "other", "license_name": licence} if licence else {"license": "unknown"}),
            "task_categories": [TASK],
            "size_categories": [_size(card["train"] + card["test"])],
            "dataset_info": {
                "features": features,
                "splits": [{"name": split, "num_examples": card[split]} for split in ("train", "test")],
            },
        }
    )


def slug(text: str) -> str:
    """A text in small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _size(images: int) -> str:
    """The class of size that data hubs sort by: "10K<n<100K"."""
    names = ("1", "10", "100", "1K", "10K", "100K", "1M")
    least = int(math.log10(images))
    return f"n<{names[3]}" if least < 3 else f"{names[least]}<n<{names[least + 1]}" if least < 6 else "n>1M"


def _front(says: Mapping[str, Any]) -> str:
    return f"---\n{yaml.safe_dump(dict(says), sort_keys=False, allow_unicode=True)}---\n\n"
