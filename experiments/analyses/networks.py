"""What a card says of each specimen: how many test images it reads, how sure that is, and where it reads least.

In: the record of each shown network, and its file. Out: facts. They are of one network each: their intervals are over
test images, not over seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Integer
from scipy.stats import binomtest

from experiments.statistics import Fact, constant


def tell(*, records: Mapping[str, Mapping[str, np.ndarray]], files: Mapping[str, bytes]) -> dict[str, Any]:
    """The stage behind the cards: facts.json.

    records: {condition: record of its specimen}; files: {condition: bytes of its safetensors file}.
    Of each condition: `networks.accuracy`, a share of all test images; `networks.least`, the class that is read least
    well, and `networks.least_accuracy`, the share of that class; `networks.size` of the file in kB.
    """
    facts: dict[str, Fact] = {}
    for condition, record in records.items():
        confusion = record["confusion"]
        found = by_class(confusion)
        least = int(np.argmin([fact["value"] for fact in found]))
        facts[f"networks.accuracy.{condition}"] = share(int(confusion.trace()), int(confusion.sum()))
        facts[f"networks.least.{condition}"] = constant(least, unit="", n=len(found), method="class read least well")
        facts[f"networks.least_accuracy.{condition}"] = found[least]
        kilobytes = round(len(files[condition]) / 1000, 1)
        facts[f"networks.size.{condition}"] = constant(kilobytes, unit="kB", n=1, method="size of its file")
    return {"facts.json": facts}


def by_class(confusion: Integer[np.ndarray, "true read"]) -> Sequence[Fact]:
    """The share of each class's test images that are read as what they are."""
    return [share(int(row[label]), int(row.sum())) for label, row in enumerate(confusion)]


def share(right: int, images: int) -> Fact:
    """`right` of `images` images in %, with the 95 % interval of Wilson (1927, *Probable Inference, the Law of
    Succession, and Statistical Inference*, Journal of the American Statistical Association 22).

    It says how far the share could lie from that of all images of the kind, of which these are some.
    """
    interval = binomtest(right, images).proportion_ci(confidence_level=0.95, method="wilson")
    return {
        "value": 100 * right / images,
        "low": 100 * float(interval.low),
        "high": 100 * float(interval.high),
        "n": images,
        "unit": "%",
        "method": "one network; 95 % Wilson interval over test images",
    }
