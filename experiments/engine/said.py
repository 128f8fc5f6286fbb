"""Said: what a piece of source does, apart from what is only said about it: annotations, the words of exceptions.

In: nodes of a syntax tree. Out: a text that is the same where the code does the same, in every version of Python, and
one of what has no effect while nobody reads it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from experiments.engine.names import Names
from experiments.engine.trees import Aliases, name_called, walk

WORDS = re.compile(r"[^\W\d]\w*")
NO_MEANING = ("ctx", "type_comment", "kind")
NOT_TOLD = ("StopIteration", "StopAsyncIteration")  # exceptions whose arguments Python itself hands on


class Said(Names):
    """Nodes as text, and the names that are met on the way.

    text: what they do. apart: what has no effect while nobody reads it. calls: how many were met. `special` says how
    nodes are read of which more is to be told than their parts.
    """

    special: ClassVar[Mapping[type, Callable[[Any, Any], None]]] = {}

    def __init__(self, aliases: Aliases) -> None:
        super().__init__(aliases)
        self.text: list[str] = []
        self.apart: list[str] = []
        self.calls = 0
        self._caught: list[str] = []  # the names of the exceptions that are handled

    def read(self, node: Any) -> None:
        """Reads a node, a list of nodes, or a value in one."""
        if isinstance(node, list):
            self.text.append("[")
            for each in node:
                self.read(each)
            self.text.append("]")
        elif isinstance(node, ast.AST):
            special = self.special.get(type(node))
            if special is not None:
                special(self, node)
            else:
                self.plain(node)
        else:  # spelt alike in every version of Python
            self.text.append(json.dumps(node) if isinstance(node, str) else f"{type(node).__name__} {node!r}")

    def plain(self, node: ast.AST) -> None:
        """Reads all parts of a node."""
        self.text.append(f"({type(node).__name__}")
        for name in node._fields:
            value = getattr(node, name, None)
            if name not in NO_MEANING and value is not None and value != []:
                self.text.append(name)
                self.read(value)
        self.text.append(")")

    def meet(self, name: str) -> None:
        """Takes notice of a name that is read, or deleted."""
        if name in self._caught:
            self.traits.add("reads")
        super().meet(name)

    # ------------------------------------------------------------------------------------------ exceptions

    def raised(self, node: ast.Raise) -> None:
        """The words of an exception stand apart, where they are written as arguments of its class. Another exception
        may be in them, or be its cause, and is not read by that."""
        self.text.append("(Raise")
        match node.exc:
            case ast.Call() as call if (
                name_called(call).lstrip("_")[:1].isupper() and name_called(call) not in NOT_TOLD
            ):
                self.text.append("(Call")
                self.read(call.func)
                with self._in_passing():
                    for each in call.args:
                        self._words(each)
                    for keyword in call.keywords:
                        self.text.append(f"{keyword.arg}=")
                        self._words(keyword.value)
                self.text.append(")")
            case ast.Name() as error:
                with self._in_passing():
                    self.read(error)
            case other:
                self.read(other)
        with self._in_passing():
            self.read(node.cause)
        self.text.append(")")

    @contextmanager
    def _in_passing(self) -> Iterator[None]:
        caught, self._caught = self._caught, []
        yield
        self._caught = caught

    def _words(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=str()) | ast.JoinedStr():
                self.text.append("(words")
                for part in node.values if isinstance(node, ast.JoinedStr) else [node]:
                    if isinstance(part, ast.Constant):
                        self.apart.append(json.dumps(part.value))
                    else:
                        self.apart.append("{}")
                        self.read(part)
                self.text.append(")")
            case ast.BinOp(op=ast.Add()):
                self.text.append("(Add")
                self._words(node.left)
                self._words(node.right)
                self.text.append(")")
            case _:
                self.apart.append("-")
                self.read(node)

    def handled(self, node: ast.ExceptHandler) -> None:
        """Reads what is done about an exception, which is read itself where its name is."""
        if node.name:
            self.bind(node.name)
        self._caught.append(node.name or "")
        self.plain(node)
        self._caught.pop()

    # ------------------------------------------------------------------------------------------ annotations

    def annotated(self, node: ast.AnnAssign) -> None:
        """Reads an assignment with an annotation, or an annotation alone."""
        if self.scopes[-1].kind == "class":  # whoever makes something of a class reads these
            self.plain(node)
            strings = (each.value for each in walk(node.annotation) if isinstance(each, ast.Constant))
            self.further.update(word for each in strings if isinstance(each, str) for word in WORDS.findall(each))
            return
        if node.value is None:
            self.text.append("(Declared")
            self.read(node.target)
        else:
            self.text += ["(Assign", "targets", "["]
            self.read(node.target)
            self.text += ["]", "value"]
            self.read(node.value)
        self.text.append(")")
        self.aside(node.annotation)

    def aside(self, annotation: ast.expr | None) -> None:
        """Reads an annotation. One that calls something does so when the function is defined."""
        if annotation is None:
            self.apart.append("-")
            return
        text, annotating, calls = self.text, self.annotating, self.calls
        self.text, self.annotating, self.calls = self.apart, True, 0
        start = len(self.apart)
        self.read(annotation)
        self.text = text
        if self.calls:
            self.text += self.apart[start:]
            self.mentions |= self.further
        self.annotating, self.calls = annotating, calls
