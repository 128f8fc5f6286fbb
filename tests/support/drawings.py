"""What tests of figures share: the numbers and the words of a drawing, and whether it is sound."""

import csv
import hashlib
import inspect
import io
import pickle
import xml.etree.ElementTree as ElementTree

from report import export

TEXT = "{http://www.w3.org/2000/svg}text"


DRAWN = {}
CARD = {"class_names": [str(digit) for digit in range(10)], "classes": 10, "kind": "digit", "kinds": "digits"}
CLOTHES = {
    "class_names": ["T-shirt", "Trouser", "Coat", "Bag", "Ankle boot"],
    "classes": 5,
    "kind": "garment",
    "kinds": "garments",
}


def draw(figure, **inputs):
    """What the figure makes of those inputs that it asks for; drawn once, however many tests look at it. Classes are
    the ten digits where no card tells of others."""
    wanted = {*inspect.signature(figure).parameters, "look"}
    inputs = {name: value for name, value in ({"card": CARD} | inputs).items() if name in wanted}
    told = pickle.dumps((figure.__module__, figure.__qualname__, sorted(inputs.items())))
    key = hashlib.sha256(told).digest()
    if key not in DRAWN:
        DRAWN[key] = figure(**inputs)
    return DRAWN[key]


def rows(drawn):
    """The figure's numbers, as dictionaries."""
    return list(csv.DictReader(io.StringIO(drawn["data.csv"])))


def texts(drawn):
    """Every label of the drawing, in its order."""
    return [element.text or "" for element in ElementTree.fromstring(drawn["figure.svg"]).iter(TEXT)]


def words(drawn):
    """All that the drawing says, in one string."""
    return " ".join(texts(drawn))


def assert_sound(figure, *, largest=150_000, **inputs):
    """The drawing is well-formed, small, and has its numbers. (That each figure comes out the same when drawn again is
    for tests/test_determinism.py to say.)"""
    drawn = draw(figure, **inputs)
    assert ElementTree.fromstring(drawn["figure.svg"]).tag.endswith("svg")
    assert len(drawn["figure.svg"]) < largest  # bytes
    assert rows(drawn)


def margin(monkeypatch, figure, **inputs):
    """Inches between the drawing and the nearest edge of its page; below zero where it is cut off."""
    left = []
    save = export.save

    def save_and_measure(fig):
        svg = save(fig)
        (x, y, right, top), (width, height) = fig.get_tightbbox().extents, fig.get_size_inches()
        left.append(min(x, y, width - right, height - top))
        return svg

    monkeypatch.setattr(export, "save", save_and_measure)
    figure(**{"card": CARD} | inputs)
    return left[0]
