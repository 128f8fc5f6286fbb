"""Keys: equal exactly where the work is the same, whatever the Python."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.engine import cover, definitions, key, sources
from experiments.engine.key import canonical, ingredients
from experiments.engine.sources import SourceError, Sources
from experiments.spec import Product, Stage

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ((3, 11), (3, 12), (3, 13), (3, 14))
OTHERS = [f"python{major}.{minor}" for major, minor in VERSIONS if (major, minor) != sys.version_info[:2]]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


@given(VALUES)
def test_canonical_text_keeps_the_value(value):
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(), SCALARS, max_size=6))
def test_canonical_text_does_not_depend_on_the_order_of_entries(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(VALUES, VALUES)
def test_different_values_have_different_texts(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (canonical(one) == canonical(other)) == same


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: "a"}, [{"a": {2: 3}}], {1, 2}, object()])
def test_what_has_no_one_spelling_is_refused(value):
    with pytest.raises(ValueError, match=r"JSON|key"):
        canonical(value)


def made_of(project, **parameters):
    return ingredients(
        Stage("s", "lab.steps:numbers", parameters=parameters), digests={}, sources=Sources(project.root)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 11}, {"a": 11, "b": 1}),
        ({"a": [1, 11]}, {"a": [11, 1]}),
        ({"a": [1, 1, 1]}, {"a": [1, 11]}),
        ({"a": "1, 11"}, {"a": [1, 11]}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1}, {"a": True}),
        ({"a": {}}, {}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}),
    ],
)
def test_parameters_that_differ_never_share_a_key(project, one, other):
    assert key.key(made_of(project, **one)) != key.key(made_of(project, **other))


def test_inputs_count_by_content_and_by_argument(project):
    one, other = Product("a", "x.json"), Product("b", "x.json")
    sources = Sources(project.root)

    def keyed(inputs, digests):
        return key.key(ingredients(Stage("s", "lab.steps:numbers", inputs=inputs), digests=digests, sources=sources))

    digests = {one: "1" * 64, other: "2" * 64}
    assert keyed({"left": one, "right": other}, digests) != keyed({"left": other, "right": one}, digests)
    assert keyed({"left": one}, digests) == keyed({"left": other}, {other: "1" * 64})


def test_places_and_names_are_no_part_of_a_key(project):
    sources = Sources(project.root)
    here = Stage("here", "lab.steps:numbers", parameters={"upto": 3}, place={"log": "/a"})
    there = Stage("there", "lab.steps:numbers", parameters={"upto": 3}, place={"log": "/b"}, publish=("x",))
    assert ingredients(here, digests={}, sources=sources) == ingredients(there, digests={}, sources=sources)


def meaning(project, text):
    """What a module means as a whole: one that a parameter names may be asked for anything."""
    project.write("lab/sample.py", text)
    stage = Stage("s", "lab.sample:anything", parameters={"module": "lab.sample"})
    return Sources(project.root).reached_by(stage)["lab.sample"]


CODE = '''
    """Says what it is for."""


    class Network:
        """A network."""

        def grow(self, by: int = 1) -> "Network":
            """More units."""
            units = self.units + by  # one more
            return Network(units=units, name=f"{units:>{by}} of {self!r}")


    async def wait():
        """Waits."""
        return 1.0
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Says what it is for."""', ""),
        ('"""More units."""', '"""Fewer units, at a closer look."""'),
        ('"""A network."""', '"""Something else\n    on two lines."""'),
        ('"""Waits."""', '"""Idles."""'),
        ("  # one more", ""),
        ("return Network(units=units, ", "return Network(\n                units=units,\n                "),
        ('-> "Network"', "-> 'Network'"),
        ("async def", "# a comment\n    async def"),
    ],
)
def test_prose_and_layout_carry_no_meaning(project, old, new):
    assert old in CODE
    assert meaning(project, CODE.replace(old, new)) == meaning(project, CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= 1)", "= 2)"),
        ("= 1)", "= True)"),
        ("return 1.0", "return 1"),
        ("return 1.0", "return '1.0'"),
        ("self.units + by", "by + self.units"),
        ("units:>", "units:<"),
        (" of ", " out of "),
        ("async def", "def"),
        ("self!r", "self!s"),
        ("grow", "prune"),
    ],
)
def test_code_carries_meaning(project, old, new):
    assert old in CODE
    assert meaning(project, CODE.replace(old, new)) != meaning(project, CODE)


def test_a_string_that_is_no_docstring_carries_meaning(project):
    assert meaning(project, 'x = "one"\n"two"\n') != meaning(project, 'x = "one"\n"three"\n')


def test_the_meaning_of_a_text_is_the_same_for_ever_and_in_every_python(project):
    text = (
        CODE + "    SIGNS = ['\\u2014', '\\U0001fae8', b'\\xff', 1e300, 2j, ..., None]\n    TAIL = f\"{SIGNS:>{1}}\"\n"
    )
    assert meaning(project, text) == "Y73lYZZ6yhmfdT4UD9Lo_JcUGewokyhuUY4ZJZZp"


@pytest.mark.parametrize("python", OTHERS)
def test_first_party_sources_mean_the_same_to_every_python(python):
    if not answers(python):
        pytest.skip(f"{python} is not on the PATH")
    assert meanings(python) == meanings(sys.executable)


def answers(python):
    if shutil.which(python) is None:
        return False
    return subprocess.run([python, "-c", "pass"], capture_output=True, check=False).returncode == 0


def meanings(python):
    code = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from experiments.engine.definitions import parse\n"
        "root = Path(sys.argv[1])\n"
        "files = [p for top in ('experiments', 'report') for p in sorted((root / top).rglob('*.py'))]\n"
        "read = [(p.as_posix(), parse(p.read_bytes(), module='a.b', path=p, package=False)) for p in files]\n"
        "print(json.dumps(dict(read)))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-B", "-c", code, str(ROOT)], capture_output=True, text=True, check=True, env=environment
    )
    found = json.loads(done.stdout)
    assert len(found) > 30
    return found


def test_every_way_to_import_is_followed(project):
    project.write("lab/deep/__init__.py", "")
    for name in ("a", "b", "c", "d", "e", "f"):
        project.write(f"lab/deep/{name}.py", f"VALUE = '{name}'\n")
    project.write(
        "lab/deep/user.py",
        """
        import json

        import lab.deep.a
        from lab.deep import b
        from lab.deep.c import VALUE

        from . import d
        from .e import VALUE as other


        def late():
            from ..deep import f

            return f
        """,
    )
    reached = Sources(project.root).reach("lab.deep.user")
    assert set(reached) == {"lab", "lab.deep", "lab.deep.user", *(f"lab.deep.{name}" for name in "abcdef")}


def test_modules_that_import_each_other_are_reached_once(project):
    project.write("lab/one.py", "import lab.two\n")
    project.write("lab/two.py", "import lab.one\n")
    assert set(Sources(project.root).reach("lab.one")) == {"lab", "lab.one", "lab.two"}


def test_functions_named_in_parameters_are_reached(project):
    project.write("lab/models.py", "from lab.helper import scaled\n")
    stage = Stage("s", "lab.steps:numbers", parameters={"network": {"build": ["lab.models:MLP"]}})
    assert {"lab.models", "lab.helper"} <= set(Sources(project.root).reached_by(stage))


def changed(project, old, new, **parameters):
    """The modules that mean something else to a stage after an edit of a module that its parameters name."""
    project.write("lab/models.py", "def mlp():\n    return 1\n\n\ndef cnn():\n    return 2\n")
    project.edit("lab/steps.py", "from pathlib", "import lab.models\nfrom pathlib")
    stage = Stage("s", "lab.steps:numbers", parameters=parameters)
    before = Sources(project.root).reached_by(stage)
    project.edit("lab/models.py", old, new)
    after = Sources(project.root).reached_by(stage)
    return [name for name in after if after[name] != before[name]]


@pytest.mark.parametrize(
    ("value", "reached"),
    [
        ("lab.models:mlp", ["mlp"]),
        ({"build": ["lab.models:mlp"]}, ["mlp"]),
        ({"lab.models:mlp": 3}, ["mlp"]),
        ("mlp", ["mlp"]),
        ("lab.models", ["mlp", "cnn"]),
        ("models", []),
        ("no name", []),
    ],
)
def test_what_a_parameter_names_is_reached_and_what_it_does_not_name_is_not(project, value, reached):
    for name, number in (("mlp", 1), ("cnn", 2)):
        found = changed(project, f"return {number}", "return 3", value=value)
        assert found == (["lab.models"] if name in reached else []), name


def test_functions_of_others_named_in_parameters_are_not_ours(project):
    stage = Stage("s", "lab.steps:numbers", parameters={"method": "sklearn.decomposition:PCA", "text": "a: b"})
    assert set(Sources(project.root).reached_by(stage)) == {"lab", "lab.steps", "lab.notes"}


@pytest.mark.parametrize(
    "stage",
    [
        Stage("s", "lab.nowhere:f"),
        Stage("s", "nowhere:f"),
        Stage("s", "lab.steps:numbers", parameters={"build": "lab.mlpp:MLP"}),
    ],
)
def test_a_module_that_is_not_there_is_named(project, stage):
    with pytest.raises(SourceError, match=r"stage s names .*there is no module"):
        Sources(project.root).reached_by(stage)


def test_a_module_that_cannot_be_parsed_is_named_with_its_line(project):
    file = project.write("lab/broken.py", "x = 1\ndef f(:\n")
    with pytest.raises(SourceError, match="line 2: cannot be parsed") as caught:
        Sources(project.root).reach("lab.broken")
    assert str(file) in str(caught.value)


def test_what_was_learnt_once_is_not_parsed_again(project, monkeypatch):
    first = Sources(project.root)
    stage = Stage("s", "lab.sums:total")
    reached = first.reached_by(stage)
    assert first.learnt_more
    monkeypatch.setattr(definitions, "parse", lambda *_, **__: pytest.fail("parsed again"))
    monkeypatch.setattr(cover, "Cover", lambda *_, **__: pytest.fail("searched again"))
    again = Sources(project.root, memo=json.loads(json.dumps(first.memo)))
    assert again.reached_by(stage) == reached
    assert not again.learnt_more


def test_what_was_learnt_of_a_module_counts_no_more_when_another_changes(project):
    first = Sources(project.root)
    stage = Stage("s", "lab.sums:total")
    before = first.reached_by(stage)
    project.edit("lab/helper.py", "value * factor", "value + factor")
    again = Sources(project.root, memo=json.loads(json.dumps(first.memo)))
    after = again.reached_by(stage)
    assert {name for name in before if before[name] != after[name]} == {"lab.helper"}
    assert after == Sources(project.root).reached_by(stage)


def test_what_was_learnt_is_forgotten_when_the_form_of_meanings_changes(project, monkeypatch):
    first = Sources(project.root)
    first.reach("lab.sums")
    monkeypatch.setattr(sources, "_form", lambda: "another")
    again = Sources(project.root, memo=first.memo)
    again.reach("lab.sums")
    assert again.learnt_more
