"""What tests of figures share: the numbers and the words of a drawing, and whether it is sound."""

import csv
import hashlib
import io
import pickle
import xml.etree.ElementTree as ElementTree

TEXT = "{http://www.w3.org/2000/svg}text"


DRAWN = {}


def draw(figure, **inputs):
    """What the figure makes of these inputs; drawn once, however many tests look at it."""
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


def assert_sound(figure, *, largest=150_000, again=True, **inputs):
    """The drawing is well-formed, small, has its numbers, and comes out the same when drawn `again`."""
    drawn = draw(figure, **inputs)
    assert ElementTree.fromstring(drawn["figure.svg"]).tag.endswith("svg")
    assert len(drawn["figure.svg"]) < largest  # bytes
    assert rows(drawn)
    assert not again or figure(**inputs) == drawn
