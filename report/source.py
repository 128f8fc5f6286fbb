"""The code that a page shows: "module:function" goes in, highlighted HTML comes out. Nothing is imported or run."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from report.errors import PageError
from report.prose import scrollable

# Tokens that the style sheet leaves alone: names, punctuation, operators and the like, most of what code is made of.
_PLAIN = re.compile(r'<span class="(?:bp|n|nb|ne|nn|o|p|vm|w)">([^<]*)</span>')


@dataclass(frozen=True)
class Target:
    """A function of a first-party module, found by its name."""

    module: str
    function: str
    line: int
    text: str

    @property
    def file(self) -> str:
        """The module's page on the site."""
        return f"code/{self.module}.html"

    @property
    def link(self) -> str:
        return f"{self.file}#L-{self.line}"


def find(root: Path, name: str) -> Target:
    """The function that "package.module:function" names, with its decorators and docstring."""
    module, _, function = name.partition(":")
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    if not function or not path.is_file():
        raise PageError(f"no code for {name!r}: there is no {path.relative_to(root)}. Use 'package.module:function'.")
    text = path.read_text(encoding="utf-8")
    for node in _functions(text, str(path.relative_to(root))):
        if node.name == function:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines = text.splitlines()[first - 1 : node.end_lineno]
            return Target(module, function, first, "\n".join(lines) + "\n")
    raise PageError(f"no code for {name!r}: {path.relative_to(root)} defines no {function!r}.")


def module_html(root: Path, module: str) -> str:
    """A whole module, highlighted, each line with the anchor L-<number>."""
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    return _highlight(path.read_text(encoding="utf-8"), f"Source of {module}", anchors=True)


def function_html(target: Target) -> str:
    """One function, highlighted."""
    return _highlight(target.text, f"Source of {target.function}", anchors=False)


@lru_cache(maxsize=512)
def _highlight(text: str, label: str, *, anchors: bool) -> str:
    lines = _PLAIN.sub(r"\1", highlight(text, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)))
    if anchors:
        numbered = enumerate(lines.splitlines(), start=1)
        lines = "\n".join(f'<span class="line" id="L-{number}">{line}</span>' for number, line in numbered)
    return scrollable(f"<pre><code>{lines}</code></pre>", label, "highlight")


@lru_cache(maxsize=512)
def _functions(text: str, path: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise PageError(f"{path}, line {error.lineno}: not valid Python ({error.msg}).") from error
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
