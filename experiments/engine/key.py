"""Keys: what a stage *is*, so that a stored result is found again exactly when it is still true.

In: a stage, the digests of the products it reads, and the first-party sources it reaches.
Out: a key, and the ingredients it was made of (kept with the result, so that a difference can be named).
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.spec import Json, Product, Stage

REFERENCE = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")


class SourceError(Exception):
    """A first-party source cannot be found, read or parsed. The message names the file and the cause."""


def canonical(value: Json) -> str:
    """JSON with one spelling for a value, so that equal values and only they have equal text.

    Raises ValueError for what has no such text: NaN and infinities, keys that are not strings (JSON would make
    1 and "1" one key), and values of other types.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except TypeError as error:
        raise ValueError(str(error)) from error
    _check_keys(value)
    return text


def digest(data: bytes) -> str:
    """sha256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def ingredients(stage: Stage, *, digests: Mapping[Product, str], sources: Sources) -> Json:
    """Everything a stage's result depends on, as JSON: function, parameters, sources by meaning, inputs by digest."""
    inputs = {
        argument: digests[source]
        if isinstance(source, Product)
        else {label: digests[product] for label, product in source.items()}
        for argument, source in stage.inputs.items()
    }
    return {
        "function": stage.function,
        "parameters": stage.parameters,
        "sources": sources.reached_by(stage),
        "inputs": inputs,
    }


def key(made_of: Json) -> str:
    """The key of a stage whose `ingredients` these are."""
    return digest(canonical(made_of).encode())


class Sources:
    """The first-party modules under `root`, read by meaning.

    A module's meaning is its syntax tree without docstrings, comments and layout. What was learnt about a
    source file is kept in `memo` under the sha256 of its bytes and of this file, which says what a meaning is,
    so that unchanged files are not parsed twice. A later call may pass the memo on; `learnt_more` says whether
    it differs from what was passed.
    """

    def __init__(self, root: Path, *, memo: Mapping[str, Json] | None = None) -> None:
        self.root = root
        self.memo: dict[str, Json] = {}
        self.learnt_more = False
        self._earlier = memo or {}
        self._learnt: dict[str, _Source | None] = {}
        self._reach: dict[str, Mapping[str, str]] = {}

    def reached_by(self, stage: Stage) -> Mapping[str, str]:
        """{module: meaning} of every first-party module that the stage's function, or a function named in its
        parameters, imports directly or through others."""
        names = [stage.function, *(text for text in _strings(stage.parameters) if REFERENCE.match(text))]
        found: dict[str, str] = {}
        for name in names:
            module = name.partition(":")[0]
            if self._source(module) is not None:
                found.update(self.reach(module))
            elif name == stage.function or self._source(module.partition(".")[0]) is not None:
                raise SourceError(f"stage {stage.name} names {name}, but there is no module {module} in {self.root}")
        return dict(sorted(found.items()))

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
        path = _path(self.root, module)
        if path is None:
            return None
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
        name = f"{module} {digest(data)} {_form()}"
        learnt = self._earlier.get(name)
        if learnt is None:
            learnt = _parse(data, module=module, path=path, package=path.name == "__init__.py")
            self.learnt_more = True
        self.memo[name] = learnt
        return _Source(meaning=learnt["meaning"], imports=tuple(learnt["imports"]))


@functools.cache
def _form() -> str:
    """What a meaning is, as a digest: that of this file."""
    return digest(Path(__file__).read_bytes())[:16]


@dataclass(frozen=True)
class _Source:
    meaning: str
    imports: tuple[str, ...]


def _path(root: Path, module: str) -> Path | None:
    base = root.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _parse(data: bytes, *, module: str, path: Path, package: bool) -> Json:
    import ast

    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise SourceError(f"{path}{f', line {line}' if line else ''}: cannot be parsed: {error}") from error
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node.module, node.level, module=module, package=package)
            imports.add(origin)
            imports.update(f"{origin}.{alias.name}" for alias in node.names)
    return {"meaning": digest(canonical(_meaning(tree)).encode()), "imports": sorted(imports)}


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
            if name == "body" and isinstance(value, list) and _documents(node, value):
                value = value[1:]
            elif isinstance(node, ast.JoinedStr):  # Python 3.12 ends some f-strings with an empty part, others do not
                value = [part for part in value if not (isinstance(part, ast.Constant) and part.value == "")]
            fields.append([name, _meaning(value)])
        return fields
    if isinstance(node, list):
        return [_meaning(item) for item in node]
    return f"str {node}" if isinstance(node, str) else f"{type(node).__name__} {node!r}"


def _documents(node: Any, body: list[Any]) -> bool:
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
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _check_keys(value: Json) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{key!r} is not a string, and only strings can be keys")
            _check_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_keys(item)
