"""Sources: the first-party modules, read by meaning, so that prose and layout are no part of a key.

In: the project's folder and the names of functions. Out: which modules they reach, what each means, what it imports.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.engine.files import read_file
from experiments.engine.key import canonical, digest
from experiments.spec import Json, Stage

if TYPE_CHECKING:  # a build whose sources are all known never parses one
    import ast

LARGEST = 10_000_000  # bytes of a source file
FORMER = 3  # how many earlier versions of a module are remembered, to tell what changed in it


class SourceError(Exception):
    """A first-party source cannot be found, read or parsed. The message names the file and the cause."""


class Unseen(SourceError):
    """A stage depends on something that its key does not see. The message names it and says what to do."""


def source_path(root: Path, module: str) -> Path | None:
    """The file of a first-party module, as Python's import would choose it: a package before a module of its name.
    None where there is none under `root`: a namespace package has no file, another's module lies elsewhere."""
    base = f"{root}/{module.replace('.', '/')}"  # as plain text: every build asks for hundreds
    for path in (f"{base}/__init__.py", f"{base}.py"):
        if os.path.isfile(path):  # noqa: PTH113
            return Path(path)
    return None


class Sources:
    """The first-party modules under `root`, read by meaning.

    A module's meaning is its syntax tree without docstrings, comments and layout. What was learnt about a
    source file is kept in `memo` under its name, the sha256 of its bytes and of this file, which says what a
    meaning is, so that unchanged files are not parsed twice. A later call may pass the memo on; `learnt_more`
    says whether it differs from what was passed.
    """

    def __init__(self, root: Path, *, memo: Mapping[str, Json] | None = None) -> None:
        self.root = root
        self.memo: dict[str, Json] = dict(memo or {})
        self.learnt_more = False
        self._learnt: dict[str, _Source | None] = {}
        self._reach: dict[str, Mapping[str, str]] = {}
        self._reached: dict[tuple[str, ...], Mapping[str, str]] = {}

    def reached_by(self, stage: Stage) -> Mapping[str, str]:
        """{module: meaning} of every first-party module that the stage's function, or a function named in its
        parameters, imports directly or through others."""
        names = (stage.function, *filter(_is_reference, _strings(stage.parameters)))
        if names not in self._reached:
            found: dict[str, str] = {}
            for name in names:
                module = name.partition(":")[0]
                if self._source(module) is not None:
                    found.update(self.reach(module))
                elif name == stage.function or self._source(module.partition(".")[0]) is not None:
                    told = f"stage {stage.name} names {name}"
                    raise SourceError(f"{told}, but there is no module {module} in {self.root}")
            self._reached[names] = dict(sorted(found.items()))
        return self._reached[names]

    def files(self, modules: Iterable[str]) -> dict[str, str]:
        """{module: sha256 of its file} of first-party modules, as this survey read them."""
        return {name: source.file for name in modules if (source := self._source(name)) is not None}

    def others(self, modules: Iterable[str]) -> frozenset[str]:
        """The top-level names that first-party modules import of other people's packages."""
        found = frozenset().union(*(source.others for name in modules if (source := self._source(name)) is not None))
        return frozenset(name for name in found if self._source(name) is None)

    def definitions(self, meaning: str) -> Mapping[str, str] | None:
        """{top-level name: digest of its definition} of a module by its meaning; None where it is not remembered."""
        return next((learnt["definitions"] for learnt in self.memo.values() if learnt["meaning"] == meaning), None)

    def reach(self, module: str) -> Mapping[str, str]:
        """{module: meaning} of a module and of all first-party modules that importing it runs."""
        if module not in self._reach:
            found: dict[str, str] = {}
            waiting = [module]
            while waiting:
                name = waiting.pop()
                source = self._source(name)
                if source is None or name in found:
                    continue
                found[name] = source.meaning
                waiting += [*source.imports, *_parents(name)]
            self._reach[module] = found
        return self._reach[module]

    def _source(self, module: str) -> _Source | None:
        if module not in self._learnt:
            self._learnt[module] = self._read(module)
        return self._learnt[module]

    def _read(self, module: str) -> _Source | None:
        if module.partition(".")[0] not in self._tops or not _is_dotted(module):
            return None
        path = source_path(self.root, module)
        if path is None:
            return None
        try:
            data = read_file(path, limit=LARGEST)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
        package, file = path.name == "__init__.py", digest(data)
        name = f"{module}{'.' if package else ''} {file} {_form()}"  # a package's relative imports mean other modules
        if name not in self.memo:
            self.memo[name] = parse(data, module=module, path=path, package=package)
            self._forget_all_but_the_last(name)
            self.learnt_more = True
        learnt = self.memo[name]
        return _Source(learnt["meaning"], tuple(learnt["imports"]), frozenset(learnt["others"]), file)

    @functools.cached_property
    def _tops(self) -> frozenset[str]:
        """The names that a first-party module's can begin with."""
        try:
            return frozenset(entry.name.removesuffix(".py") for entry in os.scandir(self.root))
        except OSError as error:
            raise SourceError(f"{self.root}: cannot be read: {error.strerror or error}") from error

    def _forget_all_but_the_last(self, name: str) -> None:
        """Keeps the memo small: of each module, what it is now and what it was the last few times; nothing that an
        earlier form of meanings said."""
        module, _, form = name.split(" ")
        alike = [each for each in self.memo if each.split(" ")[0] == module and each.endswith(form)]
        old = [each for each in self.memo if not each.endswith(form)]
        for each in [*old, *alike[: -1 - FORMER]]:
            del self.memo[each]


@functools.cache
def _form() -> str:
    """What a meaning is, as a digest: that of this file."""
    return digest(Path(__file__).read_bytes())[:16]


@dataclass(frozen=True)
class _Source:
    """What is known of a module: its meaning, the modules that it may import, the top-level names among these, and
    the sha256 of its file."""

    meaning: str
    imports: tuple[str, ...]
    others: frozenset[str]
    file: str


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _is_reference(text: str) -> bool:
    """Whether a text names a function as stages do, "package.module:function", in Python's own alphabet."""
    module, colon, name = text.partition(":")
    return bool(colon) and name.isidentifier() and _is_dotted(module)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def parse(data: bytes, *, module: str, path: Path, package: bool) -> Json:
    """What is learnt of a module's source: {meaning, imports, others, definitions}. Raises SourceError."""
    tree = tree_of(data, path=path)
    imports, others = _imports(tree, module=module, package=package)
    return {
        "meaning": digest(canonical(_meaning(tree)).encode()),
        "imports": sorted(imports),
        "others": sorted(others - set(sys.stdlib_module_names)),
        "definitions": {name: _short(nodes) for name, nodes in _definitions(tree).items()},
    }


def tree_of(data: bytes, *, path: Path) -> ast.Module:
    """A module's syntax tree. Raises SourceError with file and line."""
    import ast

    try:
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise SourceError(f"{path}{f', line {line}' if line else ''}: cannot be parsed: {error}") from error


def _imports(tree: ast.Module, *, module: str, package: bool) -> tuple[set[str], set[str]]:
    """The modules that a source may import wherever it does so, and the top-level names of those that are named
    absolutely. `from package import name` may mean a module; a star, those that `__all__` names; what is imported by
    a call counts where its name is written out."""
    import ast

    imports: set[str] = set()
    absolute: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                absolute.update(alias.name for alias in node.names)
            case ast.ImportFrom():
                origin = _origin(node.module, node.level, module=module, package=package)
                imports.update([origin, *(f"{origin}.{alias.name}" for alias in node.names)])
                absolute.update([origin] if node.level == 0 else [])
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]
            ):
                if called in ("import_module", "__import__"):
                    level = len(name) - len(name.lstrip("."))
                    imports.add(_origin(name.lstrip("."), level, module=module, package=package))
                    absolute.update([name] if level == 0 else [])
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)):
                listed = [each.value for each in names if isinstance(each, ast.Constant)]
                imports.update(f"{module}.{each}" for each in listed if package and isinstance(each, str))
    return imports | absolute, {name.partition(".")[0] for name in absolute}


def _definitions(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """{top-level name: the statements that define it}; what defines no name stands under "the module's body"."""
    import ast

    found: dict[str, list[ast.stmt]] = {}
    for node in tree.body[_documents(tree, tree.body) :]:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case ast.Assign(targets=targets):
                names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
                names = [name]
            case ast.Import() | ast.ImportFrom():
                names = ["its imports"]
            case _:
                names = ["its body"]
        for name in names:
            found.setdefault(name, []).append(node)
    return found


def _short(nodes: list[ast.stmt]) -> str:
    return digest(canonical(_meaning(nodes)).encode())[:12]


def _origin(name: str | None, level: int, *, module: str, package: bool) -> str:
    """The absolute name of what `from ..name import x` names inside `module`."""
    if level == 0:
        return name or ""
    here = module.split(".")
    base = here[: len(here) - level + (1 if package else 0)]
    return ".".join([*base, *([name] if name else [])])


def _meaning(node: Any) -> Json:
    """A syntax tree as JSON, alike in every Python version: no docstrings, positions, contexts or empty fields."""
    import ast

    if isinstance(node, ast.AST):
        fields: list[Json] = [type(node).__name__]
        for name, value in ast.iter_fields(node):
            if name in ("ctx", "type_comment", "kind") or value is None or value == []:
                continue
            if name == "body" and isinstance(value, list):
                value = value[_documents(node, value) :]
            elif isinstance(node, ast.JoinedStr):  # Python 3.12 ends some f-strings with an empty part, others do not
                value = [part for part in value if not (isinstance(part, ast.Constant) and part.value == "")]
            fields.append([name, _meaning(value)])
        return fields
    if isinstance(node, list):
        return [_meaning(item) for item in node]
    return f"str {node}" if isinstance(node, str) else f"{type(node).__name__} {node!r}"


def _documents(node: Any, body: list[Any]) -> bool:
    """Whether the first statement of a body is its docstring."""
    import ast

    return (
        isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and bool(body)
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict | Mapping):
        for item in value.values():
            yield from _strings(item)
