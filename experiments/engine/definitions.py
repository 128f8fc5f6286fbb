"""Definitions: a module taken apart into its top-level statements, what each means, and what each may reach.

In: a module's source. Out: its statements, and the modules that it imports.
"""

from __future__ import annotations

import ast
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path

from experiments.engine.effects import binds, on_call, on_import
from experiments.engine.imports import UNKNOWN, Imports
from experiments.engine.sources import LENGTH, SourceError
from experiments.engine.syntax import Reading
from experiments.engine.trees import DEFINED, is_checking, name_bound, walk, without_docstring
from experiments.spec import Json

LISTED = "__all__"  # what a star takes
ANSWERS = "__getattr__"  # what answers for the names that a module lacks


@dataclass(frozen=True)
class Statement:
    """A top-level statement of a module.

    label: the names that it binds, as in "OFF, BASE"; empty where it binds none by whose mention it would count.
    digest, full: what it means, as digests, without and with annotations and the words of exceptions.
    mentions, further, values, dotted: by what it may reach definitions and modules, see `Reading`.
    runs, calls: what is called as it is imported, and as what it defines is called (see effects.py); of an import,
        `calls` is what the name stands for.
    traits: those of `Reading`; "import"; "always", where it counts unmentioned; "evaluated", where it may matter what
        ran before it, or after; "class"; "decorated"; "constant"; "annotation", where it is nothing else.
    """

    label: str
    digest: str
    full: str
    mentions: frozenset[str] = field(default_factory=frozenset)
    further: frozenset[str] = field(default_factory=frozenset)
    values: frozenset[str] = field(default_factory=frozenset)
    dotted: frozenset[str] = field(default_factory=frozenset)
    runs: frozenset[str] = field(default_factory=frozenset)
    calls: frozenset[str] = field(default_factory=frozenset)
    traits: frozenset[str] = field(default_factory=frozenset)

    @property
    def names(self) -> list[str]:
        """The names that it binds."""
        return self.label.split(", ") if self.label else []


def parse(data: bytes, *, module: str, path: Path, package: bool) -> Json:
    """What is learnt of a module's source, {imports, others, statements}. Raises SourceError with file and line."""
    tree = tree_of(data, path=path)
    imports = Imports(tree, module=module, package=package)
    if b"import_module" in data or b"__import__" in data:
        imports.notice_calls(tree)
    return {
        "imports": sorted(imports.modules),
        "others": sorted({name.partition(".")[0] for name in imports.absolute} - set(sys.stdlib_module_names)),
        "statements": "\n".join(map(_written, _statements(tree, imports))),
    }


def statements(text: str) -> list[Statement]:
    """The statements that `parse` wrote down."""
    found = []
    for line in text.split("\n") if text else []:
        label, means, full, *others = line.split("\t")
        found.append(Statement(label, means, full, *(frozenset(each.split(" ")) - {""} for each in others)))
    return found


def tree_of(data: bytes, *, path: Path) -> ast.Module:
    """A module's syntax tree. Raises SourceError with file and line."""
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise SourceError(f"{path}{f', line {line}' if line else ''}: cannot be parsed: {error}") from error


def digest(text: str) -> str:
    """A short digest of a text: long enough to tell what something means from what else it might."""
    return urlsafe_b64encode(sha256(text.encode("utf-8", "surrogatepass")).digest())[:LENGTH].decode()


def _written(statement: Statement) -> str:
    parts = [getattr(statement, each.name) for each in fields(Statement)]
    return "\t".join(part if isinstance(part, str) else " ".join(sorted(part)) for part in parts)


# ---------------------------------------------------------------------------------------------- statements


def _statements(tree: ast.Module, imports: Imports) -> list[Statement]:
    nodes = list(top_level(tree, imports))
    readings = [Reading(node, imports.aliases) for node in nodes]
    times = Counter(name for node, reading in zip(nodes, readings, strict=True) for name in reading.bound)
    stands_for = _stands_for(nodes, readings, imports)
    found = []
    for node, reading in zip(nodes, readings, strict=True):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [_import(node, alias, imports, stands_for) for alias in node.names]
        else:
            again = any(times[name] > 1 for name in reading.bound)
            found.append(_statement(node, reading, imports, stands_for, again=again))
    return found


def top_level(tree: ast.Module, imports: Imports) -> Iterator[ast.stmt]:
    """The top-level statements, less docstring and what only type checkers read."""
    for node in without_docstring(tree):
        if not is_checking(node, imports.aliases):
            yield node
        elif isinstance(node, ast.If):
            yield from node.orelse


def _stands_for(nodes: list[ast.stmt], readings: list[Reading], imports: Imports) -> dict[str, str]:
    """{name: the dotted name of the import, function or class that it stands for, or UNKNOWN}."""
    found: dict[str, str] = {}
    for node, reading in zip(nodes, readings, strict=True):
        if isinstance(node, ast.Import | ast.ImportFrom):
            told = {name_bound(alias): imports.path(node, alias) for alias in node.names}
        else:
            told = {
                name: f"{imports.module}.{name}" if isinstance(node, DEFINED) else UNKNOWN for name in reading.bound
            }
        for name, path in told.items():
            found[name] = path if found.get(name, path) == path else UNKNOWN
    return found


def _statement(
    node: ast.stmt, reading: Reading, imports: Imports, stands_for: Mapping[str, str], *, again: bool
) -> Statement:
    names = sorted(reading.bound) if _is_definition(node) else []
    label, runs, traits = ", ".join(names), on_import(node, stands_for), reading.traits
    text = " ".join([label, *reading.text])
    full = digest(" ".join([text, *reading.apart]))
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is None:
        return Statement("", full, full, mentions=frozenset(reading.further), traits=frozenset({"annotation"}))
    if names == [LISTED]:
        reading.mention(*(str(each.value) for each in walk(node) if isinstance(each, ast.Constant)))
    elif not names or any(map(_is_special, names)):
        traits.add("always")
    if ANSWERS in names:
        traits.add("computed")
    if isinstance(node, DEFINED) and node.decorator_list:
        traits.add("decorated")
    if isinstance(node, ast.ClassDef):
        traits.add("class")
    if again or _is_evaluated(node):
        traits.add("evaluated")
    if isinstance(node, ast.Assign) and _is_constant(node.value):
        traits.add("constant")
    return Statement(
        label=label,
        digest=digest(text),
        full=full,
        mentions=frozenset(reading.mentions),
        further=frozenset(reading.further - reading.mentions),
        values=frozenset(filter(imports.may_be_module, reading.values)),
        dotted=frozenset(reading.dotted),
        runs=_or_unknown(runs | {UNKNOWN} if again else runs),
        calls=_or_unknown(on_call(node, stands_for)),
        traits=frozenset(traits),
    )


def _import(
    node: ast.Import | ast.ImportFrom, alias: ast.alias, imports: Imports, stands_for: Mapping[str, str]
) -> Statement:
    """One of the names that an import binds. Those of other people's packages count always: to import them may do
    something, and there is no telling what."""
    path, name, is_star = imports.path(node, alias), name_bound(alias), alias.name == "*"
    top, means = path.partition(".")[0], digest(" ".join([type(node).__name__, path, alias.name, name]))
    reading = Reading(alias, imports.aliases)
    traits = reading.traits | {"import"}
    if is_star or top == "__future__" or top not in {imports.module.partition(".")[0], *sys.stdlib_module_names}:
        traits.add("always")
    if top not in sys.stdlib_module_names or stands_for[name] == UNKNOWN:
        traits.add("evaluated")
    if _is_special(name):
        traits.add("always")
    if path == "sys.modules" or name == ANSWERS:
        traits.add("computed")
    return Statement(
        label="" if is_star else name,
        digest=means,
        full=means,
        mentions=frozenset(reading.mentions),
        runs=frozenset({UNKNOWN} if is_star or stands_for[name] == UNKNOWN else ()),
        calls=frozenset({path}),
        traits=frozenset(traits),
    )


def _is_special(name: str) -> bool:
    """Whether Python itself may ask a module for a name."""
    return name.startswith("__") and name.endswith("__") and name != LISTED


def _is_definition(node: ast.stmt) -> bool:
    """Whether a statement does no more than bind names, so that it counts where one is mentioned."""
    match node:
        case ast.Assign(targets=targets):
            return all(map(binds, targets))
        case ast.AnnAssign(target=target, value=value):
            return binds(target) and value is not None
    return isinstance(node, DEFINED) or type(node).__name__ == "TypeAlias"


def _is_evaluated(node: ast.stmt) -> bool:
    """Whether what a statement makes can depend on what ran before it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        return bool(node.decorator_list) or not all(isinstance(each, ast.Constant) for each in defaults)
    if isinstance(node, ast.Expr) or _is_definition(node):
        return not isinstance(getattr(node, "value", None), ast.Constant)
    return not isinstance(node, ast.Pass)


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Tuple) and all(map(_is_constant, node.elts)))


def _or_unknown(calls: set[str]) -> frozenset[str]:
    return frozenset({UNKNOWN} if UNKNOWN in calls else calls)
