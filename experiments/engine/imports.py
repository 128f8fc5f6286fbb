"""Imports: which modules a module may import, and what its names stand for.

In: a module's syntax tree. Out: absolute names.
"""

from __future__ import annotations

import ast
from functools import cached_property

from experiments.engine.sources import parents
from experiments.engine.trees import is_checking, name_bound, name_called, walk

CALLED = ("import_module", "__import__")
UNKNOWN = "?"  # what a name stands for that is bound in some other way


class Imports:
    """What a module imports, wherever in it, but for what only type checkers read.

    modules: what it may import; `absolute` are those that it names absolutely. `from package import name` may mean a
    module; a star, those that `__all__` names; what is imported by a call counts where its name is written out.
    aliases: {name: the dotted names that it may stand for}.
    """

    def __init__(self, tree: ast.Module, *, module: str, package: bool) -> None:
        self.module = module
        self.modules: set[str] = set()
        self.absolute: set[str] = set()
        self.aliases: dict[str, set[str]] = {}
        self._package = package
        for node in tree.body:  # first: what follows asks whether something is for type checkers alone
            match node:
                case ast.ImportFrom(module="typing") | ast.Import(names=[ast.alias(name="typing")]):
                    self._notice(node)
                case ast.Assign(targets=[ast.Name(id="TYPE_CHECKING")]):
                    self.aliases.setdefault("TYPE_CHECKING", set()).add(UNKNOWN)
        waiting: list[ast.AST] = [*tree.body]
        while waiting:
            statement = waiting.pop()
            self._notice(statement)
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                if part != "body" or not is_checking(statement, self.aliases):
                    waiting += getattr(statement, part, [])

    def may_be_module(self, name: str) -> bool:
        """Whether a dotted name may stand for a first-party module, perhaps one that another module imports."""
        top = self.module.partition(".")[0]
        return name in self._with_parents or name.partition(".")[0] == top

    @cached_property
    def _with_parents(self) -> frozenset[str]:
        return frozenset(above for name in self.modules for above in (name, *parents(name)))

    def path(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
        """The dotted name that an imported name stands for."""
        if isinstance(node, ast.ImportFrom):
            return f"{self._origin(node.module, node.level)}.{alias.name}"
        return alias.name if alias.asname else alias.name.partition(".")[0]

    def notice_calls(self, tree: ast.Module) -> None:
        """Takes notice of what is imported by calls."""
        for node in walk(tree):
            match node:
                case ast.Call(args=[ast.Constant(value=str(name)), *_]) if name_called(node) in CALLED:
                    level = len(name) - len(name.lstrip("."))
                    self._add(self._origin(name.lstrip("."), level), is_absolute=level == 0)

    def _notice(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                for each in names:
                    self._add(each.name, is_absolute=True)
            case ast.ImportFrom(names=names):
                origin = self._origin(node.module, node.level)
                self._add(origin, is_absolute=node.level == 0)
                self.modules.update(f"{origin}.{each.name}" for each in names)
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)):
                listed = [each.value for each in names if isinstance(each, ast.Constant)]
                self.modules.update(f"{self.module}.{each}" for each in listed if self._package and type(each) is str)
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                self.aliases.setdefault(name_bound(alias), set()).add(self.path(node, alias))

    def _add(self, module: str, *, is_absolute: bool) -> None:
        self.modules.add(module)
        self.absolute.update([module] if is_absolute else [])

    def _origin(self, name: str | None, level: int) -> str:
        """The absolute name of what `from ..name import x` names."""
        if level == 0:
            return name or ""
        here = self.module.split(".")
        base = here[: len(here) - level + (1 if self._package else 0)]
        return ".".join([*base, *([name] if name else [])])
