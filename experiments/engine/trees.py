"""Trees: what is asked of syntax trees in several places.

In: nodes of Python's syntax trees. Out: what is in them.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Aliases = Mapping[str, Collection[str]]  # {name: the dotted names that its module imports by it}

DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def walk(node: ast.AST, *, less: tuple[type, ...] = ()) -> Iterator[ast.AST]:
    """A node and all that is in it, but for what is in nodes of some types."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, less):
            continue
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                waiting += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and name != "ctx":
                waiting.append(value)


def without_docstring(node: Any) -> list[ast.stmt]:
    """The statements of a module, class or function, less its docstring."""
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return node.body


def name_called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def name_bound(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def resolved(node: ast.expr, aliases: Aliases) -> set[str]:
    """The dotted names that a name with attributes may stand for, where its first part is imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    origins = aliases.get(node.id, ()) if isinstance(node, ast.Name) else ()
    return {".".join([origin, *reversed(parts)]) for origin in origins}


def is_checking(node: ast.AST, aliases: Aliases) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, whose body never runs."""
    return isinstance(node, ast.If) and resolved(node.test, aliases) == {"typing.TYPE_CHECKING"}
