"""Effects: what importing a module runs of a statement, beside binding its names.

In: a statement of a module's top level, and what the module's names stand for. Out: what is called, by dotted names. A
statement that calls nothing but what is known to be quiet need not count where nobody mentions it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from experiments.engine.imports import UNKNOWN
from experiments.engine.trees import walk, without_docstring

# What neither changes anything, nor keeps what it is given, nor calls it.
QUIET = frozenset(
    f"{module}.{name}"
    for module, names in {
        "abc": "ABCMeta abstractmethod",
        "builtins": "bool bytes classmethod complex dict divmod enumerate float frozenset int len list property range "
        "repr reversed round set slice staticmethod str sum tuple zip",
        "collections": "Counter OrderedDict deque namedtuple",
        "contextlib": "asynccontextmanager contextmanager",
        "dataclasses": "dataclass field",
        "enum": "auto unique",
        "functools": "cache cached_property lru_cache partial total_ordering wraps",
        "inspect": "signature",
        "itertools": "chain combinations count cycle permutations product repeat",
        "numpy": "arange array asarray concatenate float32 float64 frombuffer full geomspace int64 linspace logspace "
        "ones stack uint8 zeros",
        "operator": "attrgetter itemgetter",
        "pathlib": "Path PurePath",
        "re": "compile",
        "threading": "Lock RLock local",
        "torch": "inference_mode no_grad",
        "types": "MappingProxyType SimpleNamespace",
        "typing": "NewType ParamSpec TypeVar cast final overload override runtime_checkable",
    }.items()
    for name in names.split()
)
# What is called to make a decorator that is as quiet.
MAKE_QUIET = (
    "dataclasses.dataclass",
    "functools.lru_cache",
    "functools.wraps",
    "torch.inference_mode",
    "torch.no_grad",
)
FRESH = (ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Set, ast.Tuple)  # what an expression makes anew
OF_MADE = ("astype", "copy", "reshape", "resolve")  # methods of what calls make that are as quiet
OF_PROPERTIES = ("setter", "getter", "deleter")


def on_import(node: ast.stmt, names: Mapping[str, str]) -> set[str]:
    """What runs as a top-level statement does, by dotted names, with brackets behind what is called to make a
    decorator; UNKNOWN where that cannot be told. names: what the module's names stand for."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return _decorators(node, names).union(*(_calls(each, names) for each in (node.args, *_list(node.returns))))
        case ast.ClassDef():
            return _class(node, names)
        case ast.Assign(targets=targets, value=value) if all(map(binds, targets)):
            return _calls(value, names)
        case ast.AnnAssign(target=ast.Name(), annotation=annotation, value=value):
            return _calls(annotation, names).union(*(_calls(each, names) for each in _list(value)))
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return set()
    return {UNKNOWN} if type(node).__name__ != "TypeAlias" else set()


def on_call(node: ast.stmt, names: Mapping[str, str]) -> set[str]:
    """What runs as a function is called, less what runs only when its result is."""
    if not isinstance(node, ast.FunctionDef) or node.decorator_list or not _is_calm(without_docstring(node)):
        return {UNKNOWN}
    own = {each.arg for each in walk(node.args) if isinstance(each, ast.arg)} | set(_bound_in(node.body))
    within = {**names, **dict.fromkeys(own, UNKNOWN)}
    found: set[str] = set()
    for each in without_docstring(node):
        found |= _statement(each, within)
    return found


def _is_calm(body: list[ast.stmt]) -> bool:
    """Whether a body does no more than bind names and hand something back."""
    return all(
        _is_calm([*each.body, *each.orelse])
        if isinstance(each, ast.If)
        else isinstance(each, ast.Return | ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.Pass)
        for each in body
    )


def _statement(node: ast.stmt, names: Mapping[str, str]) -> set[str]:
    match node:
        case ast.Return(value=value):
            return set().union(*(_calls(each, names) for each in _list(value)))
        case ast.If(test=test, body=body, orelse=orelse):
            return _calls(test, names).union(*(_statement(each, names) for each in (*body, *orelse)))
    return on_import(node, names)


def _bound_in(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements bind."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.If(body=inner, orelse=others):
                yield from _bound_in([*inner, *others])
            case ast.Assign(targets=targets):
                yield from bound(targets)
            case ast.AnnAssign(target=target):
                yield from bound([target])


def _class(node: ast.ClassDef, names: Mapping[str, str]) -> set[str]:
    found = _decorators(node, names)
    for each in node.keywords:
        found |= {_path(each.value, names)} if each.arg == "metaclass" else {UNKNOWN}
    for base in node.bases:
        found |= _calls(base, names)
        found |= {UNKNOWN} & {_path(base, names)} if isinstance(base, ast.Name) else set()
    within = {**names, **dict.fromkeys(_bound_in(node.body), UNKNOWN)}
    for statement in node.body:
        found |= on_import(statement, within)
    return found


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, names: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for each in node.decorator_list:
        match each:
            case ast.Call(func=called):
                found.add(f"{_path(called, names)}()")
                found |= _calls(each, names, less=each)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if attribute in OF_PROPERTIES:
                found |= set() if names.get(name) == UNKNOWN else {UNKNOWN}
            case _:
                found.add(_path(each, names))
    return found


def _list(node: ast.expr | None) -> list[ast.expr]:
    return [node] if node is not None else []


def _calls(value: ast.AST, names: Mapping[str, str], *, less: ast.expr | None = None) -> set[str]:
    """What an expression calls. What a lambda calls, it calls later."""
    found = set()
    for node in walk(value, less=(ast.Lambda,)):
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            found.add(UNKNOWN)
        if isinstance(node, ast.Call) and node is not less and not _is_of_something_new(node):
            found.add(_path(node.func, names))
    return found


def _is_of_something_new(node: ast.Call) -> bool:
    """Whether what is called is a method of what the same expression makes, so that it can change nothing else."""
    if not isinstance(node.func, ast.Attribute) or node.keywords:
        return False
    return isinstance(node.func.value, FRESH) or (isinstance(node.func.value, ast.Call) and node.func.attr in OF_MADE)


def _path(node: ast.expr, names: Mapping[str, str]) -> str:
    """The dotted name of what a name, with or without attributes, stands for."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return UNKNOWN
    root = names.get(node.id, f"builtins.{node.id}")
    return ".".join([root, *reversed(parts)]) if root != UNKNOWN else UNKNOWN


def binds(target: ast.expr) -> bool:
    """Whether an assignment's target is a name, or names."""
    if isinstance(target, ast.Tuple | ast.List):
        return all(map(binds, target.elts))
    return isinstance(target, ast.Name) or (isinstance(target, ast.Starred) and binds(target.value))


def bound(targets: Iterable[ast.expr]) -> Iterator[str]:
    """The names that an assignment binds."""
    for target in targets:
        yield from (each.id for each in walk(target) if isinstance(each, ast.Name))
