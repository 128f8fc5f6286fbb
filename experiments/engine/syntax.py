"""Syntax: one walk over a piece of source, which tells what it does and by what names it may reach other code.

In: a syntax tree, and what its module imports. Out: a `Reading`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from experiments.engine.names import BUILTIN, BY_ATTRIBUTE, BY_CALL, WATCHED, Scope
from experiments.engine.said import WORDS, Said
from experiments.engine.trees import Aliases, is_checking, name_bound, name_called, resolved, without_docstring

DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+\.?|[^\W\d]\w*\.(?!\w)")


class Reading(Said):
    """What is read of a piece of source: what it does, and what is only said about it, see `Said`; the names that are
    met, see `Names`."""

    def __init__(self, node: ast.AST, aliases: Aliases) -> None:
        super().__init__(aliases)
        self.read(node)
        self.close()

    # ------------------------------------------------------------------------------------------ names

    def _name(self, node: ast.Name) -> None:
        self._name_alone(node)
        if node.id in self.aliases and not (self.annotating or isinstance(node.ctx, ast.Store)):
            self.values.update(self.aliases[node.id])

    def _name_alone(self, node: ast.Name) -> None:
        self.text.append(f"(Name {node.id})")
        if not isinstance(node.ctx, ast.Load):
            self.bind(node.id)
        if not isinstance(node.ctx, ast.Store):
            self.meet(node.id)

    def _attribute(self, node: ast.Attribute, *, inner: bool = False) -> None:
        self.text.append("(Attribute")
        value = node.value
        if isinstance(value, ast.Call) and node.attr == "parameters" and name_called(value) == "signature":
            self._call_of(value, excused="signature")
        else:
            self._not_handed_on(value)
        self.text.append(f"{node.attr})")
        self.mention(node.attr)
        if paths := resolved(node, self.aliases):
            if "sys.modules" in paths or (node.attr in BUILTIN and f"builtins.{node.attr}" in paths):
                self.traits.add("computed")
            if not (inner or self.annotating):
                self.values.update(paths)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.plain(node)
        if isinstance(node.target, ast.Name):
            self.meet(node.target.id)

    def _walrus(self, node: ast.NamedExpr) -> None:
        self.text.append(f"(NamedExpr {node.target.id}")
        self.bind_around(node.target.id)
        self.read(node.value)
        self.text.append(")")

    def _global(self, node: ast.Global) -> None:
        self.plain(node)
        self.scopes[-1].outer.update(node.names)
        self.mention(*node.names)

    def _pattern(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping | ast.MatchClass) -> None:
        self.plain(node)
        if isinstance(node, ast.MatchClass):
            self.mention(*node.kwd_attrs)
        elif name := node.rest if isinstance(node, ast.MatchMapping) else node.name:
            self.bind(name)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.plain(node)
        self.bind(*map(name_bound, node.names))
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "sys"
            and "modules" in {each.name for each in node.names}
        ):
            self.traits.add("computed")

    def _alias(self, node: ast.alias) -> None:
        """What is imported under its own name is only met where it is used."""
        self.plain(node)
        self.excused = "" if node.asname else node.name
        self.mention(*node.name.split("."))
        self.excused = ""
        if node.name == "*" or (node.asname and node.name in BUILTIN):
            self.traits.add("computed")

    def _constant(self, node: ast.Constant) -> None:
        self.plain(node)
        if isinstance(node.value, str):
            if "." in node.value:
                self.dotted.update(DOTTED.findall(node.value))
            if self.annotating:
                self.mention(*WORDS.findall(node.value))

    def _f_string(self, node: ast.JoinedStr) -> None:
        self.text.append("(JoinedStr")
        self.read([part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")])
        self.text.append(")")  # Python 3.12 ends some of these with an empty part, others do not

    # ------------------------------------------------------------------------------------------ calls

    def _call(self, node: ast.Call) -> None:
        called = name_called(node)
        place = 1 if called in BY_ATTRIBUTE else 0
        match node.args[place : place + 1] if called in BY_ATTRIBUTE or called in BY_CALL else []:
            case [ast.Constant(value=str(name))]:
                self._call_of(node, excused=called)
                self.mention(*name.split("."))
                if called in ("import_module", "__import__"):
                    self.dotted.update(re.findall(r"^\w[\w.]*$", name))
                    self.traits.update(["computed"] if name.startswith(".") else [])
            case _:
                self._call_of(node)

    def _call_of(self, node: ast.Call, *, excused: str = "") -> None:
        self.calls += 1
        self.text.append("(Call")
        self.excused = excused
        self._not_handed_on(node.func)
        self.excused = ""
        if excused in BY_ATTRIBUTE:
            self._not_handed_on(node.args[0])
        self.read(node.args[1:] if excused in BY_ATTRIBUTE else node.args)
        self.read(node.keywords)
        self.text.append(")")

    def _not_handed_on(self, node: ast.expr) -> None:
        """Reads what is no value that anybody is given: what is called, and whose attribute is asked for."""
        if isinstance(node, ast.Name):
            self._name_alone(node)
        elif isinstance(node, ast.Attribute):
            self._attribute(node, inner=True)
        else:
            self.read(node)

    # ------------------------------------------------------------------------------------------ definitions

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.text.append(f"({type(node).__name__} {node.name}")
        self.bind(node.name)
        if self.class_name and node.name in WATCHED and WATCHED[node.name] != "computed":
            self.traits.add(WATCHED[node.name])
        self.read(node.decorator_list)
        self._arguments(node.args)
        self.aside(node.returns)
        self.read(getattr(node, "type_params", None) or [])
        with self.scope(Scope(bound=_names_of(node.args))):
            self.read(without_docstring(node))
        self.text.append(")")

    def _lambda(self, node: ast.Lambda) -> None:
        self.text.append("(Lambda")
        self._arguments(node.args)
        with self.scope(Scope(bound=_names_of(node.args))):
            self.read(node.body)
        self.text.append(")")

    def _arguments(self, node: ast.arguments) -> None:
        for kind in ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg"):
            found = getattr(node, kind) or []
            self.text.append(f"{kind}[")
            for each in found if isinstance(found, list) else [found]:
                self.text.append(each.arg)
                self.aside(each.annotation)
            self.text.append("]")
        self.read(node.defaults)
        self.read(node.kw_defaults)

    def _class_of(self, node: ast.ClassDef) -> None:
        self.text.append(f"(ClassDef {node.name}")
        self.bind(node.name)
        self.read(node.decorator_list)
        self.read(getattr(node, "type_params", None) or [])
        self.read([*node.bases, *node.keywords])
        if any(each.arg == "metaclass" and getattr(each.value, "id", "") != "ABCMeta" for each in node.keywords):
            self.traits.add("classes")
        outer, self.class_name = self.class_name, node.name
        with self.scope(Scope(kind="class")):
            self.read(without_docstring(node))
        self.class_name = outer
        self.text.append(")")

    def _comprehension(self, node: Any) -> None:
        self.text.append(f"({type(node).__name__}")
        self.read(node.generators[0].iter)
        with self.scope(Scope(kind="comprehension")):
            for place, each in enumerate(node.generators):
                self.read([each.target, *([each.iter] if place else []), *each.ifs])
                self.text.append(f"is_async={each.is_async}")
            self.read([node.key, node.value] if isinstance(node, ast.DictComp) else node.elt)
        self.text.append(")")

    def _if(self, node: ast.If) -> None:
        if not is_checking(node, self.aliases):
            self.plain(node)
        elif node.orelse:
            self.read(node.orelse)


def _names_of(node: ast.arguments) -> set[str]:
    each = [*node.posonlyargs, *node.args, *node.kwonlyargs, node.vararg, node.kwarg]
    return {argument.arg for argument in each if argument is not None}


Reading.special = {
    ast.Name: Reading._name,
    ast.Attribute: Reading._attribute,
    ast.AugAssign: Reading._augmented,
    ast.NamedExpr: Reading._walrus,
    ast.Global: Reading._global,
    **dict.fromkeys((ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.MatchClass), Reading._pattern),
    **dict.fromkeys((ast.Import, ast.ImportFrom), Reading._import),
    ast.alias: Reading._alias,
    ast.Constant: Reading._constant,
    ast.JoinedStr: Reading._f_string,
    ast.Call: Reading._call,
    ast.Raise: Said.raised,
    ast.ExceptHandler: Said.handled,
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), Reading._function),
    ast.Lambda: Reading._lambda,
    ast.ClassDef: Reading._class_of,
    ast.AnnAssign: Said.annotated,
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), Reading._comprehension),
    ast.If: Reading._if,
}
