"""Keys over definitions: an edit reruns the stages that can reach what was edited, and no others.

The cases are in the folder `edits`, each a project of a few lines with two stages, `first` and `second`, an edit, and
the stages whose key it changes. They are run before and after: where one returns something else, its key must change.
"""

import importlib
import re
import sys
from pathlib import Path

import pytest

from experiments.engine.sources import Sources
from experiments.spec import Stage

FOLDER = Path(__file__).with_name("edits")
STAGES = {"first", "second"}
RERUNS = {"first": {"first"}, "second": {"second"}, "both stages": STAGES, "neither stage": set()}
# What a case's modules are where it does not say.
MAIN = """
from lab.tools import doubled, halved


def first():
    return doubled(10)


def second():
    return halved(10)
"""
SECOND = """

def second():
    return 0
"""
TOOLS = """
def doubled(value):
    return 2 * value


def halved(value):
    return value / 2
"""


def cases():
    """{name: (the stages that rerun, {module: text}, the edited module, what is replaced, by what)}."""
    found = {}
    for path in sorted(FOLDER.glob("*.txt")):
        for text in re.split(r"^=== ", path.read_text(), flags=re.MULTILINE)[1:]:
            head, *parts = re.split(r"^--- ", text, flags=re.MULTILINE)
            name, reruns = head.strip().split(" -> ")
            *modules, (place, old), (_, new) = (part.rstrip("\n").partition("\n")[::2] for part in parts)
            texts = {"main": MAIN, "tools": TOOLS} | dict(modules)
            if "def second" not in texts["main"]:
                texts["main"] += f"\n{SECOND}"
            assert name not in found, name
            found[name] = (RERUNS[reruns], texts, place.removeprefix("in "), old, new)
    return found


CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_an_edit_reruns_what_can_reach_it_and_nothing_else(project, name):
    reruns, texts, place, old, new = CASES[name]
    for module, text in texts.items():
        project.write(f"lab/{module}.py", text + "\n")
    keys, made = look(project)
    project.edit(f"lab/{place}.py", old, new)
    others, remade = look(project)
    assert {stage for stage in STAGES if made[stage] != remade[stage]} <= reruns, "the case is not what it says"
    assert {stage for stage in STAGES if keys[stage] != others[stage]} == reruns


def look(project):
    """What the keys of both stages hold of the sources, and what the stages return."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "lab"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    sources = Sources(project.root)
    keys = {name: sources.reached_by(Stage(name, f"lab.main:{name}")) for name in STAGES}
    return keys, {name: getattr(importlib.import_module("lab.main"), name)() for name in STAGES}
