"""Small projects of every shape, one definition edited: where a stage returns something else, its key must be another.

Each definition has a number of its own, and hands on those of the definitions that it uses, in one of many ways.
"""

import importlib
import shutil
import sys
from dataclasses import dataclass

import pytest
from fuzz import examples
from hypothesis import event, given
from hypothesis import strategies as st

from experiments.engine.sources import Sources
from experiments.spec import Stage
from tests.engine.conftest import Project

STAGES = ("first", "second")
# how a definition is written; {n} its name, {v} the number and what it uses
KINDS = {
    "constant": "{n} = ({v})\n",
    "annotated": "{n}: object = ({v})\n",
    "function": "def {n}():\n    {i}return ({v})\n",
    "lambda": "{n} = lambda: ({v})\n",
    "default": "def {n}(value=({v})):\n    return value\n",
    "class": "class {n}:\n    def value(self):\n        {i}return ({v})\n",
    "field": "class {n}:\n    made = ({v})\n",
    "nested": "def {n}():\n    def inner():\n        {i}return [({v}) for _ in range(1)]\n\n    return inner()\n",
    "cached": "@functools.cache\ndef {n}():\n    {i}return ({v})\n",
    "wrapped": "@box.wrapped\ndef {n}():\n    {i}return ({v})\n",
    "registered": "@box.known\ndef {n}():\n    {i}return ({v})\n",
    "named": "@box.known_as('{n}')\ndef {n}():\n    {i}return ({v})\n",
    "conditional": "if box.KNOWN is not None:\n    {n} = ({v})\nelse:\n    {n} = None\n",
    "added": "{n} = ()\n{n} += ({v})\n",
}
VALUE = {
    "constant": "{}",
    "annotated": "{}",
    "conditional": "{}",
    "added": "{}",
    "class": "{}().value()",
    "field": "{}.made",
}
# how another module gets it: what it imports, what it imports where it needs it, and what it says
WAYS = {
    "name": ("from lab.{m} import {n}", "", "{n}"),
    "other name": ("from lab.{m} import {n} as {n}_there", "", "{n}_there"),
    "module": ("import lab.{m}", "", "lab.{m}.{n}"),
    "module by another name": ("import lab.{m} as {m}_there", "", "{m}_there.{n}"),
    "relative": ("from . import {m}", "", "{m}.{n}"),
    "in the function": ("", "from lab.{m} import {n} as here; ", "here"),
    "handed on": ("import lab.{m}_hub", "", "lab.{m}_hub.{n}_handed_on"),
    "written out": ("import lab.{m}", "", "getattr(lab.{m}, '{n}')"),
    "computed": ("import lab.{m}", "", "getattr(lab.{m}, '{n}'[:1] + '{n}'[1:])"),
    "found by another": ("import lab.{m} as {m}_there\nfrom lab.box import found", "", "found({m}_there, *'{n}')"),
    "looked up": ("import lab.{m}\nimport sys", "", "vars(sys.modules['lab.{m}'])['{n}'[:1] + '{n}'[1:]]"),
}
COMPUTED = {"computed", "found by another", "looked up"}
ALWAYS = {"registered", "named", "conditional", "added"}  # kinds that count unmentioned
BOX = """
import functools

KNOWN = {}


def known(function):
    KNOWN[function.__name__] = function
    return function


def known_as(name):
    def keep(function):
        KNOWN[name] = function
        return function

    return keep


def wrapped(function):
    @functools.wraps(function)
    def inner():
        return function()

    return inner


def found(module, *letters):
    return getattr(module, "".join(letters))
"""


@dataclass(frozen=True)
class Definition:
    """One of a project's: its module and kind, and which earlier ones it uses in which way."""

    module: int
    kind: str
    uses: tuple[tuple[int, str], ...]

    @property
    def is_late(self):
        """Whether what it uses is used when it is called."""
        return "{i}" in KINDS[self.kind]


@st.composite
def projects(draw):
    """Definitions in up to three modules, and what the stages use."""
    places = sorted(draw(st.lists(st.integers(0, 2), min_size=2, max_size=7)))
    found = []
    for number, module in enumerate(places):
        ways = st.sampled_from(sorted(WAYS))
        uses = st.lists(st.tuples(st.integers(0, number - 1), ways), max_size=2) if number else st.just([])
        found.append(Definition(module, draw(st.sampled_from(sorted(KINDS))), tuple(draw(uses))))
    stages = [
        Definition(3, "function", tuple(draw(st.lists(st.tuples(st.integers(0, len(found) - 1), ways), max_size=2))))
        for _ in STAGES
    ]
    return found, stages, draw(st.integers(0, len(found) - 1))


def written(definitions, stages, edited):
    """{module: text}."""
    texts = {name: [] for name in ("m0", "m1", "m2", "main")}
    imports = {name: {"import functools", "import lab.box as box"} for name in texts}
    for number, each in enumerate([*definitions, *stages]):
        name = f"d{number}" if number < len(definitions) else STAGES[number - len(definitions)]
        module = list(texts)[each.module]
        said, here = [str(1000 if number == edited else number)], ""
        for used, way in each.uses:
            theirs = definitions[used]
            expression = f"d{used}"
            if theirs.module != each.module:
                if way == "in the function" and (not each.is_late or "here" in here):
                    way = "name"
                above, within, expression = (part.format(m=f"m{theirs.module}", n=f"d{used}") for part in WAYS[way])
                imports[module].update(above.splitlines())
                here += within
            said.append(VALUE.get(theirs.kind, "{}()").format(expression))
        texts[module].append(KINDS[each.kind].format(n=name, v=", ".join(said) + ",", i=here))
    hubs = {f"m{module}_hub": "" for module in range(3)}
    for number, each in enumerate(definitions):
        hubs[f"m{each.module}_hub"] += f"from lab.m{each.module} import d{number} as d{number}_handed_on\n"
    return {
        "box": BOX,
        **hubs,
        **{name: "\n".join([*sorted(imports[name]), "", "", *found]) for name, found in texts.items()},
    }


def look(project):
    for name in [name for name in sys.modules if name.partition(".")[0] == "lab"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    sources = Sources(project.root)
    keys = {name: sources.reached_by(Stage(name, f"lab.main:{name}")) for name in STAGES}
    return keys, {name: getattr(importlib.import_module("lab.main"), name)() for name in STAGES}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("fuzz")
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(root))
    yield Project(root)
    sys.path.remove(str(root))
    sys.dont_write_bytecode = before


@examples(150)
@given(planned=projects())
def test_where_a_stage_returns_something_else_its_key_is_another(project, planned):
    definitions, stages, edited = planned
    shutil.rmtree(project.root / "lab")
    project.write("lab/__init__.py", "")
    for name, text in written(definitions, stages, None).items():
        project.write(f"lab/{name}.py", text)
    keys, made = look(project)
    for name, text in written(definitions, stages, edited).items():
        project.write(f"lab/{name}.py", text)
    others, remade = look(project)
    for name, stage in zip(STAGES, stages, strict=True):
        if made[name] != remade[name]:
            event("it returns something else")
            assert keys[name] != others[name]
        elif is_out_of_reach(edited, stage, definitions):
            event("it cannot tell")
            assert keys[name] == others[name]


def is_out_of_reach(edited, stage, definitions):
    """Whether a stage uses a definition in no way, and no way is taken that could lead anywhere."""
    at_once = {n for n, each in enumerate(definitions) if each.kind in ALWAYS or (each.uses and not each.is_late)}
    reached, waiting = set(), [*at_once, *(used for used, _ in stage.uses)]
    while waiting:
        number = waiting.pop()
        if number not in reached:
            reached.add(number)
            waiting += [used for used, _ in definitions[number].uses]
    ways = {way for each in (*definitions, stage) for _, way in each.uses}
    return edited not in reached and ways.isdisjoint(COMPUTED)
