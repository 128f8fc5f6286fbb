"""A project cut down to what the keys of stages cover: what is left must do exactly what the whole did.

In: stages and the sources of a project. Out: for each, its modules in a folder of their own, with the statements that
count, less what does not count while nobody reads it.
"""

import ast
import json
import pickle
import subprocess
import sys

from experiments.engine.definitions import top_level
from experiments.engine.imports import Imports
from experiments.engine.sources import source_path

RUN = """
import importlib, json, pickle, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from experiments.engine.key import digest
from experiments.engine.store import encode

made, digests = {}, {}
for root, modules, stage in pickle.loads(Path(sys.argv[2]).read_bytes()):
    for name in [each for each in sys.modules if each.partition(".")[0] in ("experiments", "report")]:
        del sys.modules[name]
    sys.path[0] = root
    inputs = {
        argument: {label: made[each.stage][each.name] for label, each in source.items()}
        if isinstance(source, dict)
        else made[source.stage][source.name]
        for argument, source in stage.inputs.items()
    }
    for name in modules:
        importlib.import_module(name)
    module, _, name = stage.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    returned = function(**inputs, **stage.told(), **stage.place)
    made[stage.name] = returned[0] if stage.stacked_by else returned
    digests[stage.name] = {name: digest(encode(name, value)) for name, value in made[stage.name].items()}
print(json.dumps(digests))
"""


def run(root, told, folder):
    """{stage: {product: digest}} of stages that are run one after another, in a process of their own.

    root: where the engine is. told: [(where a stage's modules are, their names, the stage)].
    """
    (folder / "told").write_bytes(pickle.dumps([(str(place), modules, stage) for place, modules, stage in told]))
    done = subprocess.run(
        [sys.executable, "-B", "-c", RUN, str(root), str(folder / "told")],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def cut(root, cover, to):
    """Writes the modules of a cover with nothing but the statements that count."""
    for module, numbers in cover.found.items():
        path = source_path(root, module)
        tree = ast.parse(path.read_bytes())
        imports = Imports(tree, module=module, package=path.name == "__init__.py")
        kept, number = [], 0
        for node in top_level(tree, imports):
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            parts = node.names if is_import else [node]
            left = [part for place, part in enumerate(parts, number) if place in numbers]
            number += len(parts)
            if is_import:
                node.names = left
            kept += [node] if left else []
        tree.body = kept
        _Silent(annotations=cover.annotations, words=cover.words).visit(tree)
        file = to / path.relative_to(root)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(ast.unparse(ast.fix_missing_locations(tree)))


class _Silent(ast.NodeTransformer):
    """Takes away what does not count while nobody reads it: annotations, and the words of exceptions."""

    def __init__(self, *, annotations, words):
        self.annotations = annotations
        self.words = words

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.returns = node.returns if self.annotations else None
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node):
        node.annotation = node.annotation if self.annotations else None
        return node

    def visit_Raise(self, node):
        match node.exc:
            case ast.Call(func=ast.Name(id=name)) if name[0].isupper() and not self.words:
                node.exc.args = [_silent(each) for each in node.exc.args]
        return node


def _silent(node):
    match node:
        case ast.Constant(value=str()):
            return ast.Constant("")
        case ast.JoinedStr(values=parts):
            return ast.JoinedStr([part for part in parts if not isinstance(part, ast.Constant)])
    return node
