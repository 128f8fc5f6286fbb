"""Who may import whom: data flows one way, and a build with nothing to do never loads the heavy libraries."""

import ast
import functools
import graphlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ("experiments.engine", "experiments.spec", "experiments.errors")
NUMERICS = (
    "experiments.data",
    "experiments.download",
    "experiments.treatment",
    "experiments.models",
    "experiments.activation_cache",
    "experiments.hooks",
    "experiments.train",
    "experiments.sweep",
    "experiments.stack",
    "experiments.parts",
    "experiments.exact",
    "experiments.record",
    "experiments.networks",
    "experiments.statistics",
    "experiments.analyses",
    "experiments.descent",
    "experiments.evidence",
    "experiments.measures",
)
ARRAYS = ("numpy", "scipy", "jaxtyping", "torch", "torchvision", "sklearn", "umap", "captum", "safetensors")
PAGES = ("jinja2", "markdown", "markupsafe", "pymdownx", "pygments", "latex2mathml", "yaml")


@dataclass(frozen=True)
class Layer:
    """Modules by the beginnings of their names, and what they may import: first-party modules, other packages when
    they are imported themselves, and other packages later, inside a function."""

    modules: tuple[str, ...]
    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


# From the top, which everything below may serve, to the bottom, which imports nothing of ours.
LAYERS = (
    Layer(
        ("build",),
        ours=(
            *ENGINE,
            "experiments.chapters",
            "experiments.description",
            "experiments.idx",
            "experiments.plan",
            "experiments.study",
            "report.errors",
            "report.site.pages",
            "report.site.unchanged",
            "report.site.update",
            "report.site.serve",
        ),
    ),
    Layer(("report.site.unchanged",), ours=(*ENGINE, "experiments.idx", "report.site.manifest", "report.site.past")),
    Layer(
        ("report.site.update", "report.site.serve"),
        ours=(
            *ENGINE,
            "experiments.plan",
            "report.site.check",
            "report.errors",
            "report.site.figure",
            "report.site.manifest",
            "report.site.notebooks",
            "report.site.pages",
            "report.site.past",
            "report.site.render",
            "report.site.server",
            "report.site.unchanged",
            "report.site.written",
        ),
    ),
    Layer(
        ("report.figures", "report.arrays", "report.export", "report.lines", "report.sheets", "report.style"),
        ours=(
            "report.arrays",
            "report.classes",
            "report.epochs",
            "report.export",
            "report.lines",
            "report.sheets",
            "report.style",
            "report.theme",
        ),
        others=("matplotlib", "numpy", "PIL"),
    ),
    Layer(("report.play.map",), ours=("report.classes", "report.play.networks"), others=("numpy", "PIL")),
    Layer(
        ("report.play.shelf",),
        ours=("report.classes", "report.play.called", "report.play.networks"),
        others=("numpy", "PIL"),
    ),
    Layer(("report.play.called",), ours=("report.classes",)),
    Layer(
        ("report.play.pictures", "report.play.portraits", "report.play.ranges", "report.play.weights"),
        ours=("report.play.pictures", "report.play.ranges", "report.play.weights", "report.theme"),
        others=("numpy", "PIL"),
    ),
    Layer(("report.play.train",), ours=("report.classes", "report.play.networks", "report.theme"), others=("numpy",)),
    Layer(("report.site.manifest", "report.site.past"), ours=(*ENGINE, "report.site.manifest")),
    Layer(("report",), ours=("report", *ENGINE, "experiments.verdicts"), others=PAGES),
    Layer(("experiments.published",), ours=(*ENGINE, "experiments.networks"), others=("numpy",)),
    Layer(
        NUMERICS,
        ours=(
            *NUMERICS,
            "experiments.idx",
            "experiments.errors",
            "experiments.rows",
            "experiments.spec",
            "experiments.verdicts",
        ),
        others=ARRAYS,
    ),
    Layer(("experiments.plan",), ours=(*ENGINE, "experiments.chapters", "experiments.wiring")),
    Layer(
        ("experiments.chapters",),
        ours=("experiments.chapters", "experiments.rows", "experiments.spec", "experiments.wiring"),
    ),
    Layer(("experiments.rows", "experiments.verdicts"), ours=()),
    Layer(("experiments.wiring",), ours=("experiments.spec",)),
    Layer(("experiments.description",), ours=("experiments.idx",)),
    Layer(("experiments.idx",), ours=("experiments.errors", "experiments.formats")),
    Layer(("experiments.formats",), ours=()),
    Layer(("experiments.study",), ours=("experiments.spec",)),
    Layer(
        ("experiments.engine.arguments",),
        ours=("experiments.study", "experiments.engine"),
    ),
    Layer(("experiments.engine.abroad",), ours=ENGINE, others=("distributed",)),
    Layer(("experiments.engine",), ours=ENGINE, later=("cloudpickle", "distributed", "numpy", "rich")),
    Layer(("experiments.spec", "experiments.errors", "experiments"), ours=()),
)
# These look like pages, but figures use them too, so they stand on nothing at all.
ALONE = ("report.theme", "report.classes", "report.errors", "report.epochs")


def test_every_import_goes_the_way_of_the_data():
    assert violations(ROOT) == []


def test_no_import_goes_round_in_a_circle():
    names = modules(ROOT)
    waits = {
        name: {each for each, at_once in imports(name, path, names) if at_once and each in names} - parents(name)
        for name, path in names.items()
    }
    graphlib.TopologicalSorter(waits).prepare()  # CycleError names the circle


def test_every_layer_exists():
    names = set(modules(ROOT))
    for layer in LAYERS:
        for start in layer.modules:
            assert any(within(name, [start]) for name in names), start


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("experiments/engine/key.py", "import numpy", "experiments.engine.key imports numpy"),
        ("experiments/engine/key.py", "def f():\n    import torch", "experiments.engine.key imports torch"),
        ("experiments/spec.py", "from experiments import study", "experiments.spec imports experiments.study"),
        (
            "experiments/train.py",
            "from experiments.study import PUBLISHED",
            "experiments.train imports experiments.stu",
        ),
        ("experiments/train.py", "import report.style", "experiments.train imports report.style"),
        ("experiments/analyses/health.py", "from .. import plan", "experiments.analyses.health imports experiments.p"),
        ("report/style.py", "import torch", "report.style imports torch"),
        ("report/figures/health.py", "from sklearn.manifold import TSNE", "report.figures.health imports sklearn"),
        ("report/site/render.py", "def f():\n    import matplotlib.pyplot", "report.site.render imports matplotlib"),
        ("build.py", "def f():\n    import report.style", "build imports report.style"),
        ("report/newcomer.py", "import pandas", "report.newcomer imports pandas"),
        ("experiments/newcomer.py", "import numpy", "experiments.newcomer imports numpy"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, module, line, said):
    for name in ("experiments", "report"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "build.py", tmp_path)
    before = violations(tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    new = set(violations(tmp_path)) - set(before)
    assert [each for each in new if said in each]


def violations(root):
    """Every import that no layer allows, as a sentence."""
    found = []
    names = modules(root)
    for name, path in names.items():
        layer = next((layer for layer in LAYERS if within(name, layer.modules)), Layer(()))
        ours = () if name in ALONE else layer.ours
        for imported, at_once in imports(name, path, names):
            if imported.split(".")[0] in sys.stdlib_module_names or imported in parents(name):
                continue
            if imported in names:
                allowed = within(imported, ours) or any(within(each, [imported]) for each in ours)
            else:
                allowed = imported.split(".")[0] in (layer.others if at_once else (*layer.others, *layer.later))
            if not allowed:
                found.append(f"{name} imports {imported}")
    return found


def modules(root):
    """{name: path} of the first-party modules."""
    paths = [root / "build.py", *root.glob("experiments/**/*.py"), *root.glob("report/**/*.py")]
    parts = {path: path.relative_to(root).with_suffix("").parts for path in sorted(paths)}
    return {".".join(each).removesuffix(".__init__"): path for path, each in parts.items()}


def within(name, starts):
    return any(name == start or name.startswith(f"{start}.") for start in starts)


def parents(name):
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def imports(name, path, names):
    """Every module that a module imports, and whether it does so when it is imported itself."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for origin, inner, at_once in found_in(path.read_text(), package):
        ours = [each for each in inner if each in names]
        yield from ((each, at_once) for each in ours or [origin])


@functools.cache
def found_in(text, package):
    """[(module, what is taken from it, whether at once)] for every import of a source text."""
    tree = ast.parse(text)
    late = {node for body in ast.walk(tree) if lazy(body) for node in ast.walk(body)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, [], node not in late) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            found.append((origin, [f"{origin}.{alias.name}" for alias in node.names], node not in late))
    return found


def lazy(node):
    """Whether what stands in a node runs only later: in a function, or for type checkers alone."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
