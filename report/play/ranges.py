"""What a unit's page shows of its whole range: a density, the share at zero, and groups of images with examples.

In: the arrays of experiments/analyses/ranges.py, the probe images. Out: numbers for `units.json`, and a picture of the
examples. bars.py draws the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from report.play.pictures import block, greys

Arrays = Mapping[str, np.ndarray]

GREY = 17  # a step of the sheet's sixteen greys


def told(found: Arrays, layer: str, unit: int) -> dict[str, Any]:
    """The numbers of one unit.

    {"density": {"zero": share of all images in %, "low", "high": ends of the bins, "counts", "own": of each bin, see
    experiments/analyses/ranges.py}, "groups": [{"low", "high", "images": share in %, "classes": images of each}]},
    groups from the weakest to the strongest.
    """
    edges, classes = found[f"edges/{layer}"][unit], found[f"classes/{layer}"][unit]  # (bin + 1,), (group, class)
    images = int(classes.sum())
    groups = [
        {"low": _digits(low), "high": _digits(high), "images": _percent(row.sum(), images), "classes": row.tolist()}
        for (low, high), row in zip(found[f"bounds/{layer}"][unit], classes, strict=True)
        if row.sum()
    ]
    density = {
        "zero": _percent(found[f"zero/{layer}"][unit], images),
        "low": _digits(edges[0]),
        "high": _digits(edges[-1]),
        "counts": found[f"counts/{layer}"][unit].tolist(),
        "own": found[f"own/{layer}"][unit].tolist(),
    }
    return {"density": density, "groups": groups}


def picture(found: Arrays, sheet: Arrays, layer: str, unit: int) -> str:
    """The examples of a unit's groups: a row for each group, the strongest at the top, the stronger ones to the right.
    Where a group has fewer images than a row has room for, black stands in their place."""
    chosen = found[f"examples/{layer}"][unit]
    rows = chosen[(chosen >= 0).any(axis=1)][::-1]  # (group, example)
    images = np.where((rows >= 0)[..., None, None], GREY * sheet["images"][rows], 0)  # (group, example, h, w)
    return greys(block(images.reshape(-1, *images.shape[2:]), columns=chosen.shape[1]))


def _percent(count: float, whole: float) -> float:
    return round(100 * float(count) / max(float(whole), 1.0), 1)


def _digits(value: float) -> float:
    return float(f"{float(value):.3g}")
