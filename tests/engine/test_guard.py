"""The guard: whatever a stage depends on, its key sees it, or an error names it; nothing is stored then."""

import os
import sys
from types import ModuleType, SimpleNamespace

import pytest

from experiments.engine import guard, runner
from experiments.engine.guard import ROOT, Guard
from experiments.engine.verify import verify
from experiments.spec import Product, Stage
from tests.engine.conftest import Project

READ = "it read {}, which its key does not see; hand it in as an input"
LOADED = "it loaded {}, which its key does not see; import it by its name, where the code can be read"

# what a stage does that its key does not see -> what is said
UNSEEN = {
    "a file beside the code": (
        "def trap():\n    return (HERE / 'table.csv').read_text()",
        READ.format("lab/table.csv"),
    ),
    "a file by a relative path": ("def trap():\n    return open('lab/table.csv').read()", READ.format("lab/table.csv")),
    "a file through a descriptor": (
        "def trap():\n    return os.read(os.open(HERE / 'table.csv', os.O_RDONLY), 9).decode()",
        READ.format("lab/table.csv"),
    ),
    "a file in a thread": (
        "def trap():\n    return next(ThreadPoolExecutor(1).map(Path.read_text, [HERE / 'table.csv']))",
        READ.format("lab/table.csv"),
    ),
    "a source as text": ("def trap():\n    return (HERE / 'helper.py').read_text()", READ.format("lab/helper.py")),
    "the names in a folder": (
        "def trap():\n    return str(sorted(os.listdir(HERE / 'data')))",
        READ.format("lab/data"),
    ),
    "a glob": ("def trap():\n    return str(sorted(HERE.glob('data/*')))", READ.format("lab/data")),
    "a file as it is imported": (
        "TABLE = (HERE / 'table.csv').read_text()\n\n\ndef trap():\n    return TABLE",
        READ.format("lab/table.csv"),
    ),
    "a module by a computed name": (
        "def trap():\n    return str(importlib.import_module('lab.' + 'hid' + 'den').VALUE)",
        LOADED.format("lab.hidden"),
    ),
    "a package's __getattr__": (
        "import lab.lazy\n\n\ndef trap():\n    return str(lab.lazy.inside.VALUE)",
        LOADED.format("lab.lazy.inside"),
    ),
    "a library of one's own": (
        "def trap():\n    import loose\n\n    return str(loose.VALUE)",
        "it loaded loose from {}/libraries/loose.py, which is neither in the project nor an installed package, so that "
        "its key does not see it change; put it into the project, or install it (not as editable)",
    ),
}
HEAD = """
import importlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parents[1]


def keep():
    return {"a.txt": trap()}
"""
# what a stage may do: it is seen, or it cannot reach the result
SEEN = {
    "a module named in a call": "def trap():\n    return str(importlib.import_module('lab.hidden').VALUE)",
    "a module named in a call to import": "def trap():\n    return str(__import__('lab.hidden').hidden.VALUE)",
    "a star": "from lab.many import *\n\n\ndef trap():\n    return str(one.VALUE)",
    "the environment": "def trap():\n    return os.environ.get('SETTING', 'unset')",
    "its own documentation": "def trap():\n    '''What it is.'''\n    return str((trap.__doc__, __doc__))",
    "a file it made": (
        "import tempfile\n\n\ndef trap():\n    with tempfile.TemporaryDirectory() as name:\n"
        "        Path(name, 'a').write_text('made')\n        return Path(name, 'a').read_text()"
    ),
}
GIVES = {
    "a module named in a call": "1",
    "a module named in a call to import": "1",
    "a star": "1",
    "the environment": "unset",
    "its own documentation": "(None, None)",
    "a file it made": "made",
}


def stage(name):
    return Stage(name, f"lab.traps.{name.replace(' ', '_').replace(chr(39), '')}:keep")


def write(project, name, code):
    head = '"""Documented."""\n' + HEAD if name == "its own documentation" else HEAD
    module = name.replace(" ", "_").replace("'", "")
    project.write(f"lab/traps/{module}.py", f"{head}\n\n{code}\n")


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """A project full of traps, and what its stages said and made, each in the same worker."""
    project = Project(tmp_path_factory.mktemp("traps"))
    project.write("lab/traps/__init__.py", "")
    project.write("lab/table.csv", "1,2\n")
    project.write("lab/data/a.txt", "")
    project.write("lab/hidden.py", "VALUE = 1\n")
    project.write("lab/lazy/inside.py", "VALUE = 1\n")
    lazy = "import importlib\n\n\ndef __getattr__(name):\n    return importlib.import_module(f'{__name__}.{name}')\n"
    project.write("lab/lazy/__init__.py", lazy)
    project.write("lab/many/__init__.py", "__all__ = ['one']\n")
    project.write("lab/many/one.py", "VALUE = 1\n")
    project.write("libraries/loose.py", "VALUE = 1\n")
    for name, (code, _) in UNSEEN.items():
        write(project, name, code)
    for name, code in SEEN.items():
        write(project, name, code)
    outside = tmp_path_factory.mktemp("elsewhere")
    (project.root / "libraries").rename(outside / "libraries")
    survey = project.survey([stage(name) for name in [*UNSEEN, *SEEN]], wanted=())
    before, os.environ["SETTING"] = os.getcwd(), "set"  # noqa: PTH109
    os.chdir(project.root)
    sys.path[:0] = [str(project.root), str(outside / "libraries")]
    try:
        with runner.local_pool(1) as executor:
            outcome = runner.run(survey, executor)
    finally:
        os.chdir(before)
        del sys.path[:2], os.environ["SETTING"]
    return survey, outcome, outside


@pytest.mark.parametrize("name", UNSEEN)
def test_what_a_key_does_not_see_is_named_and_nothing_is_stored(workers, name):
    survey, outcome, outside = workers
    failures = {failure.stage: failure.message for failure in outcome.failures}
    assert failures[name] == UNSEEN[name][1].format(outside)
    assert survey.standings[name].record is None


@pytest.mark.parametrize("name", SEEN)
def test_what_a_key_sees_or_cannot_matter_is_no_trouble(workers, name):
    survey, _, _ = workers
    assert survey.value(Product(name, "a.txt")) == GIVES[name]


@pytest.mark.parametrize("name", ["a module named in a call", "a module named in a call to import", "a star"])
def test_what_is_seen_is_in_the_key(workers, name):
    survey, _, _ = workers
    modules = survey.standings[name].made_of["sources"]
    assert ("lab.many.one" if name == "a star" else "lab.hidden") in modules


CONSTANT = "VALUE = 1\n\n\ndef keep(*, log):\n    return {'a.json': VALUE}\n"


def built(project, **options):
    """What a build from scratch in worker processes makes of lab.constant."""
    survey = project.survey([Stage("a", "lab.constant:keep", place={"log": ""})], wanted=())
    with runner.local_pool(1) as executor:
        assert runner.run(survey, executor, **options).failures == []
        assert verify(survey, ["a"], executor) == {"a": []}
    return survey.value(Product("a", "a.json"))


def test_bytecode_is_never_trusted(project, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = project.write("lab/constant.py", CONSTANT)
    os.utime(file, (10**9, 10**9))
    __import__("py_compile").compile(str(file))
    assert list(project.root.glob("lab/__pycache__/constant.*.pyc"))
    file.write_text(CONSTANT.replace("VALUE = 1", "VALUE = 2"))
    os.utime(file, (10**9, 10**9))
    assert built(project) == 2


def test_a_package_comes_before_a_module_of_its_name(project):
    project.write("lab/constant.py", CONSTANT)
    assert built(project) == 1
    project.write("lab/constant/__init__.py", CONSTANT.replace("VALUE = 1", "VALUE = 3"))
    assert built(project) == 3


def test_a_module_that_becomes_a_package_has_its_imports_elsewhere(project):
    text = "from .shared import VALUE\n\n\ndef keep(*, log):\n    return {'a.json': VALUE}\n"
    project.write("lab/shared.py", "VALUE = 1\n")
    project.write("lab/constant.py", text)
    assert built(project) == 1
    (project.root / "lab/constant.py").unlink()
    project.write("lab/constant/__init__.py", text)
    project.write("lab/constant/shared.py", "VALUE = 2\n")
    assert built(project) == 2
    project.write("lab/constant/shared.py", "VALUE = 3\n")
    assert built(project) == 3


def test_names_are_in_pythons_alphabet(project):
    project.write("lab/größe.py", "GRÖSSE = 1\n\n\ndef größe(*, log):\n    return {'a.json': GRÖSSE}\n")
    stages = [Stage("a", "lab.steps:numbers", parameters={"upto": 1, "build": "lab.größe:größe"})]
    assert "lab.größe" in project.survey(stages, wanted=()).standings["a"].made_of["sources"]


def test_a_namespace_package_is_read_as_python_imports_it(project):
    project.write("lab/space/constant.py", CONSTANT)
    stages = [Stage("a", "lab.space.constant:keep", place={"log": ""})]
    survey = project.survey(stages, wanted=())
    with runner.local_pool(1) as executor:
        assert runner.run(survey, executor).failures == []
    assert list(survey.standings["a"].made_of["sources"]) == ["lab", "lab.space.constant"]


def test_a_worker_forgets_what_it_had_of_the_project(project):
    """A module that one stage imports is not there for the next by chance."""
    project.write("lab/first.py", "import lab.hidden\n\n\ndef keep():\n    return {'a.json': 1}\n")
    project.write("lab/hidden.py", "VALUE = 1\n")
    code = "import sys\n\n\ndef keep(*, first):\n    return {'a.json': 'lab.hidden' in sys.modules}\n"
    project.write("lab/second.py", code)
    first = Stage("first", "lab.first:keep")
    second = Stage("second", "lab.second:keep", inputs={"first": Product("first", "a.json")})
    survey = project.survey([first, second], wanted=())
    with runner.local_pool(1) as executor:
        assert runner.run(survey, executor).failures == []
    assert survey.value(Product("second", "a.json")) is False


def test_in_the_callers_own_process_files_are_noticed_too(project):
    project.write("lab/table.csv", "1\n")
    body = "Path(__file__).with_name('table.csv').read_text()"
    read = f"from pathlib import Path\n\n\ndef keep(*, log):\n    return {{'a.json': {body}}}\n"
    project.write("lab/constant.py", read)
    outcome = project.run(project.survey([Stage("a", "lab.constant:keep", place={"log": ""})], wanted=()))
    assert [failure.message for failure in outcome.failures] == [READ.format("lab/table.csv")]


def test_the_modules_are_listed_while_another_thread_imports(monkeypatch):
    class Importing(dict):
        """Grows whenever somebody goes through it, as what is loaded does while another thread imports."""

        def items(self):
            for name, module in super().items():
                self[f"{name}.more"] = module
                yield name, module

    monkeypatch.setattr(guard, "sys", SimpleNamespace(modules=Importing(sys.modules)))
    listed = Guard.modules(SimpleNamespace(_installed={}), ROOT)
    assert "experiments.engine.guard" in listed


def test_a_module_that_takes_the_place_of_an_installed_one_is_looked_at(monkeypatch):
    modules = {"it": ModuleType("it"), "other": ModuleType("other")}
    modules["it"].__file__ = modules["other"].__file__ = "/somewhere/site-packages/it.py"
    monkeypatch.setattr(guard, "sys", SimpleNamespace(modules=modules, _getframe=sys._getframe))
    known = SimpleNamespace(_installed={})
    assert Guard.modules(known, ROOT) == {}
    modules["it"] = ModuleType("it")
    modules["it"].__file__ = str(ROOT / "it.py")
    assert Guard.modules(known, ROOT) == {"it": str(ROOT / "it.py")}
    assert Guard.modules(known, ROOT) == {"it": str(ROOT / "it.py")}
