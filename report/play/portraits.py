"""What the page of a network's units shows: its numbers, rounded as they are shown, and small pictures as PNG.

In: the portraits of all networks (experiments/analyses/portraits.py), the ranges and the connections of one of them.
Out: `units.json` for that one, from which the page is filled without NumPy: {condition, title, scales, layers: [{name,
label, noun, units: [...]}], pictures}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from report.play import ranges as whole
from report.play import weights
from report.play.pictures import block, greys, row, signed

Arrays = Mapping[str, np.ndarray]
TOP_COLUMNS = 4  # images beside each other of those that a unit answers most
TWIN = 0.5  # the share of their variance that two units share, at least, to be called twins
MOVED = 0.5  # the share of a digit's lost images that must end as one other digit to be named


def draw(
    *,
    portraits: Mapping[str, Arrays],
    gathered: Arrays,
    ranges: Arrays,
    connections: Arrays,
    sheet: Arrays,
    condition: str,
    titles: Sequence[Sequence[str]],
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
            wiring = _weights(found, connections, layer, unit)
            pictures |= _pictures(found, gathered, connections, layer, unit)
            pictures |= _kernels(connections, wiring, layer, unit)
            pictures[f"{layer}-{unit}-range"] = whole.picture(ranges, sheet, layer, unit)
            units.append(each | whole.told(ranges, layer, unit) | wiring | {"nearest": near[first + unit]})
        described.append(
            {
                "name": layer,
                "label": label(layer),
                "noun": noun,
                "pictures": _sorts(found, connections, layer),
                "units": units,
            }
        )
        first += len(units)
    shown = ranges[f"examples/{layers[0]}"].shape[-1]
    base = found[f"correct/{layers[0]}"][0, list(found["scales"]).index(1.0)]
    return {
        "units.json": {
            "condition": condition,
            "title": next(title for name, title in titles if name == condition),
            "scales": [float(scale) for scale in found["scales"]],
            "accuracy": _percent(base.sum(), found["images"].sum()),
            "images": found["images"].tolist(),
            "epochs": len(found[f"means/{layers[0]}"]) - 1,
            "columns": {"top": TOP_COLUMNS, "range": shown},
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
        "averaged": round(float(found[f"averaged/{layer}"][unit]), 2),
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
                    "shared": round(100 * float(correlation) ** 2),
                    "twin": bool(correlation > 0 and correlation**2 >= TWIN),
                }
            )
    return found or [[] for layer in portraits[condition]["layers"] for _ in portraits[condition][f"profile/{layer}"]]


def _weights(found: Arrays, connections: Arrays, layer: str, unit: int) -> dict[str, Any]:
    """What feeds a unit and what it feeds; units that never say anything feed nothing."""
    source = str(connections.get(f"source/{layer}", ""))
    silent = np.flatnonzero(found.get(f"kind/{source}", np.array([])) == "dead").tolist()
    return {
        "incoming": weights.incoming(connections, layer, unit, silent=silent),
        "outgoing": weights.outgoing(connections, layer, unit, last=_last(connections, found)),
    }


def _last(connections: Arrays, found: Arrays) -> str:
    """The layer of the logits: the one that is told of and is no hidden layer."""
    hidden = {str(layer) for layer in found["layers"]}
    names = [name.removeprefix("source/") for name in connections if name.startswith("source/")]
    return next((name for name in names if name not in hidden), "")


def _kernels(connections: Arrays, wiring: Mapping[str, Any], layer: str, unit: int) -> dict[str, str]:
    """Pictures of the kernels that a unit's page shows: <id>-incoming and <id>-outgoing."""
    drawn = {name: weights.kernels(connections, wiring[name], unit, layer=layer) for name in wiring}
    return {f"{layer}-{unit}-{name}": picture for name, picture in drawn.items() if picture}


def _sorts(found: Arrays, connections: Arrays, layer: str) -> list[dict[str, Any]]:
    """What is drawn of each unit of a layer, its portrait first: sort and size.

    A unit that is no channel: its one-hot map. A channel: its mean patch, and its weights, one filter for each channel
    below, where they are not shown one by one as what feeds it; the portrait is the filter where there is just one.
    """
    if f"onehot/{layer}" in found:
        tall, wide = found[f"onehot/{layer}"].shape[1:]
        return [{"sort": "onehot", "width": wide, "height": tall}]
    _, channels, tall, wide = found[f"filter/{layer}"].shape
    filters = {"sort": "filter", "width": channels * (wide + 1) - 1, "height": tall}
    if f"patch/{layer}" not in found:
        return [filters]
    side = found[f"patch/{layer}"].shape[1]
    patch = {"sort": "patch", "width": side, "height": side}
    if channels == 1:
        return [filters, patch]
    return [patch] if f"weights/{layer}" in connections else [patch, filters]


def _pictures(found: Arrays, gathered: Arrays, connections: Arrays, layer: str, unit: int) -> dict[str, str]:
    """The pictures of one unit, as base64 PNG: <id> is its portrait, <id>-<sort> what else there is, <id>-images."""
    name = f"{layer}-{unit}"
    places = np.searchsorted(gathered["place"], found[f"top/{layer}"][unit])
    pictures = {f"{name}-images": greys(block(gathered["images"][places], columns=TOP_COLUMNS))}
    for place, drawn in enumerate(_sorts(found, connections, layer)):
        values = found[f"{drawn['sort']}/{layer}"][unit]
        if drawn["sort"] == "filter":  # (channel, k, k)
            values = row(values)
        picture = greys(values) if drawn["sort"] == "patch" else signed(values)
        pictures[name if place == 0 else f"{name}-{drawn['sort']}"] = picture
    return pictures


def _percent(count: float, whole: float) -> float:
    return round(100 * float(count) / max(float(whole), 1.0), 2)


def _digits(value: float) -> float:
    """A number to three significant digits."""
    return float(f"{float(value):.3g}")
