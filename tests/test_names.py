"""The study is data: nothing but experiments/study.py names an architecture, a treatment or a layer of it.

The replication alone does, for its subject is one network by nature; so do the files that build networks, which name
their layers, and the glossary, which says what MLP and CNN mean in the field. "raw" is also a folder of torchvision's.
"""

import ast
import re
from pathlib import Path

import pytest

from experiments.study import PUBLISHED

ROOT = Path(__file__).resolve().parents[1]
OWN = ("experiments/study.py", "experiments/models/", "templates/pages/glossary.md")
DOWNLOAD = ("experiments/data.py", "experiments/download.py", "experiments/formats.py")
REPLICATION = (
    "experiments/analyses/notebooks.py",
    "experiments/analyses/replication.py",
    "experiments/analyses/specimen.py",
    "experiments/chapters/replication.py",
    "report/figures/replication.py",
    "templates/pages/replication.md",
)
ARCHITECTURES = [name for each in PUBLISHED.architectures for name in (each.name, each.title)]
TREATMENTS = [each.name for each in PUBLISHED.treatments]
LAYER = re.compile(r"\b(hidden|conv)[0-9]\b")
IN_CODE = re.compile(rf"\b({'|'.join([*ARCHITECTURES, *TREATMENTS])})\b")
IN_PROSE = re.compile(rf"\b({'|'.join(ARCHITECTURES)})\b")
EXPRESSION = re.compile(r"{[{%].*?[%}]}", re.DOTALL)
STRING = re.compile(r"\"[^\"]*\"|'[^']*'")


def named_in_python(text):
    """The strings of a source, docstrings apart, that name a part of the published study."""
    tree = ast.parse(text)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        if isinstance(node.body[0], ast.Expr)
    }
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [
        f"line {node.lineno}: {node.value!r}"
        for node in strings
        if id(node) not in documents and (IN_CODE.search(node.value) or LAYER.search(node.value))
    ]


def named_in_template(text):
    """What a template names: in prose by an architecture's name or a layer's, in its expressions by any."""
    found = []
    for match in EXPRESSION.finditer(text):
        strings = [string for string in STRING.findall(match[0]) if " " not in string]
        found += [string for string in strings if IN_CODE.search(string) or LAYER.search(string)]
    prose = re.sub(r"```.*?```|`[^`]*`", "", EXPRESSION.sub("", text), flags=re.DOTALL)
    return found + [match[0] for kind in (IN_PROSE, LAYER) for match in kind.finditer(prose)]


def sources(*patterns):
    paths = [path for pattern in patterns for path in ROOT.glob(pattern)]
    names = sorted(path.relative_to(ROOT).as_posix() for path in paths)
    return [name for name in names if not name.startswith((*OWN, *REPLICATION))]


@pytest.mark.parametrize("name", sources("build.py", "experiments/**/*.py", "report/**/*.py"))
def test_no_source_names_a_part_of_the_study(name):
    found = named_in_python((ROOT / name).read_text())
    assert [each for each in found if name not in DOWNLOAD or "raw'" not in each] == []


@pytest.mark.parametrize("name", sources("templates/**/*.md", "templates/**/*.html"))
def test_no_template_names_a_part_of_the_study(name):
    assert named_in_template((ROOT / name).read_text()) == []


@pytest.mark.parametrize("line", ['x = "mlp-raw"', 'f("training.gap.difference.cnn:normalized")', 'LAYER = "hidden2"'])
def test_a_name_in_a_source_is_found(line):
    assert len(named_in_python(f'"""About mlp-raw."""\n{line}\n')) == 1


@pytest.mark.parametrize(
    "text", ["The raw MLP", '{{ value("a.b.mlp-raw") }}', "unit 7 of hidden2", '{{ f("a", "raw") }}']
)
def test_a_name_in_a_template_is_found(text):
    assert named_in_template(text)


@pytest.mark.parametrize(
    "text", ["raw material", '{{ glossary("raw input", "as it comes") }}', "`hidden1.post` is a name"]
)
def test_a_word_that_only_looks_like_a_name_is_none(text):
    assert named_in_template(text) == []
