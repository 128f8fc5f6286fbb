"""The code that a page shows: "module:function" goes in, highlighted HTML comes out. Nothing is imported or run."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from report.errors import PageError
from report.site.prose import scrollable

# Tokens that the style sheet leaves alone: names, punctuation, operators and the like, most of what code is made of.
_PLAIN = re.compile(r'<span class="(?:bp|n|nb|ne|nn|o|p|vm|w)">([^<]*)</span>')


@dataclass(frozen=True)
class Target:
    """A function of a first-party module, found by its name."""

    module: str
    function: str
    line: int
    text: str
    source: str  # of the whole module

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
    path = path_of(root, module)
    if not function or not path.is_file():
        raise PageError(f"no code for {name!r}: there is no {path.relative_to(root)}. Use 'package.module:function'.")
    text = path.read_text(encoding="utf-8")
    for node in _functions(text, str(path.relative_to(root))):
        if node.name == function:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines = text.splitlines()[first - 1 : node.end_lineno]
            return Target(module, function, first, "\n".join(lines) + "\n", text)
    raise PageError(f"no code for {name!r}: {path.relative_to(root)} defines no {function!r}.")


def path_of(root: Path, module: str) -> Path:
    """The file of a module."""
    return root.joinpath(*module.split(".")).with_suffix(".py")


def module_html(root: Path, module: str) -> str:
    """A whole module, highlighted, each line with the anchor L-<number>."""
    path = path_of(root, module)
    lines = enumerate(_highlighted(path.read_text(encoding="utf-8")), start=1)
    return _block([f'<span class="line" id="L-{number}">{line}</span>' for number, line in lines], module)


def function_html(target: Target) -> str:
    """One function, highlighted."""
    first = target.line - 1
    return _block(_highlighted(target.source)[first : first + target.text.count("\n")], target.function)


def _block(lines: Sequence[str], name: str) -> str:
    return scrollable("<pre><code>" + "\n".join(lines) + "</code></pre>", f"Source of {name}", "highlight")


@lru_cache(maxsize=512)
def _highlighted(source: str) -> tuple[str, ...]:
    """The lines of a module in HTML. They are made once for the module and all of its functions, for this takes most of
    the time in which a site is rendered."""
    from pygments import highlight  # here, as a build that shows no code anew needs none of it
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    marked = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return tuple(_PLAIN.sub(r"\1", marked).splitlines())


@lru_cache(maxsize=512)
def _functions(text: str, path: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise PageError(f"{path}, line {error.lineno}: not valid Python ({error.msg}).") from error
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
