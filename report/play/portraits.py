"""What the page of a network's units shows: its numbers, rounded as they are shown, and small pictures as PNG.

In: the portraits of all networks (experiments/analyses/portraits.py). Out: `units.json` for one of them, from which
the page is filled without NumPy: {condition, title, scales, layers: [{name, label, noun, units: [...]}], pictures}.

Maps and weights are drawn in two colours that fade out towards zero, so that one file does on light and dark paper.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from report import theme

Arrays = Mapping[str, np.ndarray]
LEVELS = 31  # shades of one colour
FADING = 0.7  # the exponent by which colour grows with size: below 1, so that small weights are seen too
MOVED = 0.5  # the share of a digit's lost images that must end as one other digit to be named


def draw(
    *, portraits: Mapping[str, Arrays], gathered: Arrays, condition: str, titles: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """The stage: `units.json` of one condition. `titles`: [condition, title] of each network, in their order."""
    found = portraits[condition]
    layers = [str(layer) for layer in found["layers"]]
    near = _nearest(portraits, gathered, condition, titles)
    pictures: dict[str, str] = {}
    described, first = [], 0
    for layer in layers:
        noun = "channel" if f"filter/{layer}" in found else "unit"
        units = []
        for unit in range(len(found[f"profile/{layer}"])):
            each = _unit(found, gathered, layer, unit)
            pictures |= _pictures(found, gathered, layer, unit)
            units.append(each | {"nearest": near[first + unit]})
        described.append(
            {"name": layer, "label": label(layer), "noun": noun, "pictures": _sorts(found, layer), "units": units}
        )
        first += len(units)
    base = found[f"correct/{layers[0]}"][0, list(found["scales"]).index(1.0)]
    return {
        "units.json": {
            "condition": condition,
            "title": next(title for name, title in titles if name == condition),
            "scales": [float(scale) for scale in found["scales"]],
            "accuracy": _percent(base.sum(), found["images"].sum()),
            "images": found["images"].tolist(),
            "epochs": len(found[f"means/{layers[0]}"]) - 1,
            "layers": described,
            "pictures": pictures,
        }
    }


def label(layer: str) -> str:
    """A layer's name in running text: "hidden 1"."""
    word = layer.rstrip("0123456789")
    return f"{word} {layer[len(word) :]}".strip()


def _unit(found: Arrays, gathered: Arrays, layer: str, unit: int) -> dict[str, Any]:
    """The numbers of one unit."""
    means, correct = found[f"profile/{layer}"][unit], found[f"correct/{layer}"][unit]  # (10,), (scale, 10)
    lost, worst, worst_lost, tripled, attracts, rise = found[f"effect/{layer}"][unit].tolist()
    change = found[f"change/{layer}"][unit]
    places = np.searchsorted(gathered["place"], found[f"top/{layer}"][unit])
    history = found[f"means/{layer}"][:, unit].astype(float)
    preferences, course = _preferences(found, layer, unit)
    return {
        "id": f"{layer}-{unit}",
        "number": unit,
        **preferences,
        "means": [_digits(value) for value in means],
        "preferred": int(means.argmax()),
        "top": [
            {"image": int(gathered["index"][place]), "label": int(gathered["labels"][place]), "answer": _digits(answer)}
            for place, answer in zip(places, found[f"answer/{layer}"][unit], strict=True)
        ],
        "accuracy": [_percent(count, found["images"].sum()) for count in correct.sum(axis=1)],
        "class_accuracy": [
            [_percent(count, images) for count, images in zip(row, found["images"], strict=True)] for row in correct
        ],
        "lost": round(lost, 2),
        "worst": {"digit": int(worst), "lost": round(worst_lost, 1)},
        "tripled": round(tripled, 2),
        "attracts": {"digit": int(attracts), "rise": round(rise, 1)},
        "change": change.tolist(),
        "moved": _moved(change, int(worst)),
        "bottleneck": bool(found[f"bottleneck/{layer}"][unit]),
        "attractor": bool(found[f"attractor/{layer}"][unit]),
        "history": {
            **course,
            "preferred": [int(row.argmax()) if row.max() > 0 else None for row in history],
        },
    }


def _preferences(found: Arrays, layer: str, unit: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What only units behind a ReLU have, at the end and by epoch; of any other, None."""
    if f"kind/{layer}" not in found:
        none = dict.fromkeys(("kind", "selectivity", "participation", "active"))
        return {**none, "always": False, "rare": False}, dict.fromkeys(("selectivity", "active"))
    selectivity, active = found[f"selectivity/{layer}"][:, unit], found[f"active/{layer}"][:, unit]
    preferences = {
        "kind": str(found[f"kind/{layer}"][unit]),
        "always": bool(found[f"always/{layer}"][unit]),
        "rare": bool(found[f"rare/{layer}"][unit]),
        "selectivity": round(float(selectivity[-1]), 2),
        "participation": round(float(found[f"participation/{layer}"][unit]), 1),
        "active": round(100 * float(active[-1]), 1),
    }
    return preferences, {
        "selectivity": [round(float(value), 2) for value in selectivity],
        "active": [round(100 * float(value), 1) for value in active],
    }


def _moved(change: np.ndarray, digit: int) -> dict[str, int] | None:
    """The digit that most of a digit's lost images are read as instead, where one takes at least half of them."""
    row = change[digit]
    lost = -int(row[digit])
    taker = int(np.where(np.arange(len(row)) == digit, -1, row).argmax())
    if lost <= 0 or row[taker] < MOVED * lost:
        return None
    return {"digit": taker, "images": int(row[taker]), "lost": lost}


def _nearest(
    portraits: Mapping[str, Arrays], gathered: Arrays, condition: str, titles: Sequence[Sequence[str]]
) -> list[list[dict[str, Any]]]:
    """For each unit of a network, counted through its layers, the nearest unit of every other network."""
    found: list[list[dict[str, Any]]] = []
    for other, title in titles:
        if other == condition:
            continue
        names = [
            (str(layer), unit)
            for layer in portraits[other]["layers"]
            for unit in range(len(portraits[other][f"profile/{layer}"]))
        ]
        pairs = zip(gathered[f"nearest/{condition}/{other}"], gathered[f"correlation/{condition}/{other}"], strict=True)
        for place, (best, correlation) in enumerate(pairs):
            found += [[]] if place == len(found) else []
            if best < 0:
                continue
            layer, unit = names[best]
            noun = "channel" if f"filter/{layer}" in portraits[other] else "unit"
            found[place].append(
                {
                    "condition": other,
                    "title": title,
                    "id": f"{layer}-{unit}",
                    "name": f"{noun} {unit} of {label(layer)}",
                    "correlation": round(float(correlation), 2),
                }
            )
    return found or [[] for layer in portraits[condition]["layers"] for _ in portraits[condition][f"profile/{layer}"]]


def _sorts(found: Arrays, layer: str) -> list[dict[str, Any]]:
    """What is drawn of each unit of a layer, its portrait first: sort and size.

    A unit that sees the whole image: its one-hot map. A channel: its weights, one filter for each channel below,
    and its mean patch; the portrait is the filter where there is just one, else the patch.
    """
    if f"onehot/{layer}" in found:
        tall, wide = found[f"onehot/{layer}"].shape[1:]
        return [{"sort": "onehot", "width": wide, "height": tall}]
    _, channels, tall, wide = found[f"filter/{layer}"].shape
    sorts = [{"sort": "filter", "width": channels * (wide + 1) - 1, "height": tall}]
    if f"patch/{layer}" in found:
        side = found[f"patch/{layer}"].shape[1]
        sorts.append({"sort": "patch", "width": side, "height": side})
    return sorts if channels == 1 else sorts[::-1]


def _pictures(found: Arrays, gathered: Arrays, layer: str, unit: int) -> dict[str, str]:
    """The pictures of one unit, as base64 PNG: <id> is its portrait, <id>-<sort> what else there is, <id>-images."""
    name = f"{layer}-{unit}"
    places = np.searchsorted(gathered["place"], found[f"top/{layer}"][unit])
    pictures = {f"{name}-images": greys(np.concatenate(list(gathered["images"][places]), axis=1))}
    for place, drawn in enumerate(_sorts(found, layer)):
        values = found[f"{drawn['sort']}/{layer}"][unit]
        if drawn["sort"] == "filter":  # (channel, k, k), side by side
            values = np.concatenate([np.pad(kernel, ((0, 0), (0, 1))) for kernel in values], axis=1)[:, :-1]
        picture = greys(values) if drawn["sort"] == "patch" else signed(values)
        pictures[name if place == 0 else f"{name}-{drawn['sort']}"] = picture
    return pictures


def signed(values: np.ndarray) -> str:
    """Numbers around zero as a picture: one colour above, one below, at full strength at the largest size."""
    largest = max(int(np.abs(values.astype(int)).max()), 1)
    levels = np.rint(np.abs(values.astype(float)) / largest * LEVELS).astype(np.uint8)
    image = Image.fromarray(np.where((values < 0) & (levels > 0), levels + LEVELS, levels).astype(np.uint8), mode="P")
    colours = [_rgb(colour) for colour in (theme.MORE, theme.LESS) for _ in range(LEVELS)]
    image.putpalette([0, 0, 0, *(part for colour in colours for part in colour)])
    fading = [round(255 * (level / LEVELS) ** FADING) for level in range(1, LEVELS + 1)]
    return _png(image, transparency=bytes([0, *fading, *fading]))


def greys(values: np.ndarray) -> str:
    """Grey levels as a picture, in few enough of them for a small file."""
    return _png(Image.fromarray((values // 17 * 17).astype(np.uint8), mode="L").quantize(16))


def _png(image: Image.Image, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def _percent(count: float, whole: float) -> float:
    return round(100 * float(count) / max(float(whole), 1.0), 2)


def _digits(value: float) -> float:
    """A number to three significant digits."""
    return float(f"{float(value):.3g}")
