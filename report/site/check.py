"""Faults of the templates that can be told before anything is computed: all of them at once, each with file and line.

In: the project's folder and the figures that are planned. Out: a line for each fault. What depends on facts, on what a
condition says, or on names that are put together while a page is filled in, only rendering can tell.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes

from report.errors import PageError, unknown, unmade, unreadable
from report.site import citation, extras, front_matter, notebooks, references, source, terms
from report.site.functions import Functions, Library
from report.site.pages import Page
from report.site.writing import NOT_FOUND, environment

FRAMES = ("base.html", "page.html", "code.html", "units.html", "partials/figure.html", "partials/measured.html")
CARDS = {"cards/network.md": ("download",), "cards/dataset.md": ()}  # and what each may use
GIVEN = ("study", "dataset", "provenance", "networks", "downloads", "repository")  # to all pages and cards
NOTEBOOK = (
    "architecture",
    "conditions",
    "treated",
    "subjects",
    "show",
    "repository",
)  # what templates of notebooks may use
ALWAYS = ("caller", "loop", "self", "super", "varargs", "kwargs")  # Jinja's own, where they mean something
GENERATED = ("assets/shared/theme.css",)


def faults(
    root: Path,
    figures: Mapping[str, str],
    *,
    pages: Sequence[Page],
    absent: Collection[str] = (),
) -> list[str]:
    """One line for each fault, in the order of the pages. `figures`: {"health/dead-units": what draws it};
    `absent`: pages that the study cannot have."""
    check = _Check(root, figures, pages, absent)
    found = [*check.files(), *(fault for page in (*pages, NOT_FOUND) for fault in check.page(page))]
    found += [fault for name in check.others() for fault in check.template(name)]
    found += [*check.cards(), *check.in_notebooks()]
    return list(dict.fromkeys([*found, *check.lost()]))


class _Check:
    """The templates of one project, and what has been seen of them so far."""

    def __init__(self, root: Path, figures: Mapping[str, str], pages: Sequence[Page], absent: Collection[str]) -> None:
        self.root, self.figures, self.pages, self.absent = root, figures, pages, absent
        self.shown: set[str] = set()  # figures that a page names
        self.is_computed = False  # whether a page shows figures that cannot be told from its text
        self.read: set[str] = set()  # templates that were looked at
        self.environment = environment(root / "templates")
        self.terms = self._terms()
        try:
            self.references = references.load(root)
        except PageError:
            self.references = {}
        library = Library(root, {}, {}, {page.slug: page for page in pages}, self.references, {}, self.environment)
        self.functions = Functions(library, NOT_FOUND).names()

    def files(self) -> Iterator[str]:
        """Faults of files that are no templates."""
        cites = [citation.read] if "cite" in [page.slug for page in self.pages] else []
        for load in (references.load, extras.release_date, extras.repository, *cites, terms.pictures):
            try:
                load(self.root)
            except (PageError, OSError, UnicodeDecodeError) as error:
                yield str(error)
        if self.terms:
            yield from terms.strays(self.root)
        for page in self.pages:
            for needed in (*page.scripts, *page.styles):
                is_there = needed in GENERATED or (self.root / "templates" / needed).is_file()
                if needed.startswith("assets/") and not is_there:
                    yield str(unmade(page.slug, needed))

    def page(self, page: Page) -> Iterator[str]:
        """Faults of a page's own template."""
        name = "404.md" if page is NOT_FOUND else f"pages/{page.slug}.md"
        yield from self.template(name, known={*self.functions, *self.environment.globals, *GIVEN})

    def cards(self) -> Iterator[str]:
        """Faults of the templates of cards."""
        for name, own in CARDS.items():
            yield from self.template(name, known={*self.functions, *self.environment.globals, *GIVEN, *own})

    def others(self) -> list[str]:
        """The templates that no page is, as far as they are needed or lie there."""
        partials = (self.root / "templates" / "partials").glob("*.html")
        return sorted({*FRAMES, *(f"partials/{path.name}" for path in partials)} - self.read)

    def in_notebooks(self) -> Iterator[str]:
        """Faults of the notebooks' template and of those that it includes."""
        waiting, seen = [f"notebooks/{notebooks.TEMPLATE}.md"], set()
        while waiting:
            template = waiting.pop()
            seen.add(template)
            tree = yield from self._tree(template)
            if tree is None:
                continue
            yield from self._names(tree, template, known={*NOTEBOOK, *self.environment.globals})
            for call, is_certain in _calls(tree):
                if _name(call) == "show" and is_certain:
                    for figure in _literals(call.args[:1]):
                        drawn = [each for each in self.figures if each.startswith(f"{figure.partition('/')[0]}/")]
                        if drawn and not any(each == figure or each.startswith(f"{figure}-") for each in drawn):
                            yield _told(template, call.lineno, _unknown_figure(figure, self.figures))
            loaded = [f"notebooks/{included}" for _, included in _loaded(tree)]
            waiting += [each for each in loaded if each not in seen]

    def lost(self) -> Iterator[str]:
        """Figures that are planned and on no page."""
        if not self.is_computed and (lost := sorted(self.figures.keys() - self.shown)):
            yield (
                f"drawn but on no page: {', '.join(lost)}. Show each with figure() in a template of templates/pages, "
                "or take it out of experiments/plan.py."
            )

    def template(self, name: str, *, known: Collection[str] | None = None) -> Iterator[str]:
        """Faults of a template; `known` are the names that it may use, where that can be told."""
        tree = yield from self._tree(name)
        if tree is None:
            self.is_computed = True  # who knows what it shows
            return
        yield from self._loads(tree, name)
        if known is None:
            yield from self._filters(tree, name)
            return
        yield from self._names(tree, name, known=known)
        for call, is_certain in _calls(tree):
            yield from (_told(name, call.lineno, error) for error in self._call(call, is_certain=is_certain))

    def _tree(self, name: str) -> Generator[str, None, nodes.Template | None]:
        """The template as Jinja reads it: `yield from` gives the tree, or None with the fault yielded."""
        self.read.add(name)
        try:
            text = (self.root / "templates" / name).read_text(encoding="utf-8")
            return self.environment.parse(front_matter.blanked(text), name)
        except FileNotFoundError:
            yield f"templates/{name} is missing; write it."
        except (OSError, UnicodeDecodeError) as error:
            yield str(unreadable(name, error))
        except jinja2.TemplateSyntaxError as error:
            yield f"templates/{name}, line {error.lineno}: {error.message}"
        return None

    def _loads(self, tree: nodes.Template, name: str) -> Iterator[str]:
        """Templates that this one loads and that do not exist."""
        for line, other in _loaded(tree):
            if not (self.root / "templates" / other).is_file():
                yield _told(name, line, f"templates/{other} is missing; write it, or correct the name.")

    def _filters(self, tree: nodes.Template, name: str) -> Iterator[str]:
        """Filters and tests that do not exist."""
        used = [("filter", node.lineno, node.name) for node in tree.find_all(nodes.Filter)]
        used += [("test", node.lineno, node.name) for node in tree.find_all(nodes.Test)]
        for kind, line, word in used:
            known = self.environment.filters if kind == "filter" else self.environment.tests
            if word not in known:
                yield _told(name, line, str(unknown(kind, word, known, "Correct the name.")))

    def _names(self, tree: nodes.Template, name: str, *, known: Collection[str]) -> Iterator[str]:
        """Filters, tests, functions and variables that do not exist."""
        yield from self._filters(tree, name)
        tested = [test.node for test in tree.find_all(nodes.Test) if test.name in ("defined", "undefined")]
        asked = {node.name for node in tested if isinstance(node, nodes.Name)}
        bound = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}  # somewhere, perhaps not here
        bound |= {node.name for node in tree.find_all(nodes.Macro)} | _imported(tree)
        for node in tree.find_all(nodes.Name):
            if node.ctx == "load" and node.name not in {*known, *ALWAYS, *asked, *bound}:
                yield _told(name, node.lineno, str(unknown("name", node.name, known, "Correct it.")))

    def _call(self, call: nodes.Call, *, is_certain: bool) -> Iterator[str]:
        """Faults of a call of one of the pages' functions."""
        name = _name(call)
        if name not in self.functions:
            return
        yield from _wrong_arguments(name, self.functions[name], call)
        first, every = _literals(call.args[:1]), _literals(call.args)
        if name == "figure":
            self.shown.update(first)
            self.is_computed |= not first
        if name in ("figure", "see") and is_certain:
            yield from (_unknown_figure(figure, self.figures) for figure in first if figure not in self.figures)
        elif name == "page":
            yield from self._unknown(
                "page", first, [*(page.slug for page in self.pages), *self.absent], "Each is a file in templates/pages."
            )
        elif name == "glossary":
            lower = [term for term in first if term.lower() not in self.terms]
            yield from self._unknown("glossary term", lower, self.terms, "Define it in templates/pages/glossary.md.")
        elif name == "cite" and self.references:
            yield from self._unknown("reference", every, self.references, "Add it to templates/references.json.")
        elif name == "widget":
            partials = [path.stem for path in (self.root / "templates" / "partials").glob("*.html")]
            yield from self._unknown("widget", first, partials, "Write templates/partials/<name>.html.")
        elif name == "measured":
            yield from (fault for function in every if (fault := self._unfound(function)))

    def _unknown(self, kind: str, names: Sequence[str], known: Collection[str], remedy: str) -> Iterator[str]:
        yield from (str(unknown(kind, name, known, remedy)) for name in names if name not in known)

    def _unfound(self, function: str) -> str | None:
        try:
            source.find(self.root, function)
        except PageError as error:
            return str(error)
        return None

    def _terms(self) -> set[str]:
        try:
            return terms.names(self.root)
        except (OSError, UnicodeDecodeError):
            return set()


def _calls(node: nodes.Node, *, is_certain: bool = True) -> Iterator[tuple[nodes.Call, bool]]:
    """Every call below a node, and whether it is made whatever a condition says."""
    for child in node.iter_child_nodes():
        certain = is_certain and not isinstance(child, nodes.If | nodes.CondExpr | nodes.For | nodes.Macro)
        if isinstance(child, nodes.Call):
            yield child, certain
        yield from _calls(child, is_certain=certain)


def _loaded(tree: nodes.Template) -> list[tuple[int, str]]:
    """The templates that a template loads whatever happens, by name, and in which line."""
    found: list[tuple[int, str]] = []
    for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
        for node in tree.find_all(kind):
            other: nodes.Expr = getattr(node, "template")  # noqa: B009 (they have no class in common that says so)
            if not getattr(node, "ignore_missing", False):
                found += [(node.lineno, name) for name in _literals([other])]
    return found


def _imported(tree: nodes.Template) -> set[str]:
    """The names that a template imports."""
    found = {node.target for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        found |= {each if isinstance(each, str) else each[1] for each in node.names}
    return found


def _name(call: nodes.Call) -> str:
    return call.node.name if isinstance(call.node, nodes.Name) else ""


def _literals(arguments: Sequence[nodes.Node]) -> list[str]:
    """The texts that stand in a template as such."""
    return [node.value for node in arguments if isinstance(node, nodes.Const) and isinstance(node.value, str)]


def _wrong_arguments(name: str, function: Callable[..., Any], call: nodes.Call) -> Iterator[str]:
    """What is wrong with the arguments of a call, whatever their values."""
    if call.dyn_args or call.dyn_kwargs:
        return
    signature = inspect.signature(function)
    given: dict[str, Any] = {each.key: None for each in call.kwargs}
    if "caller" in signature.parameters:
        given["caller"] = None
    try:
        signature.bind(*call.args, **given)
    except TypeError as error:
        yield f"{name}(): {error}."


def _unknown_figure(figure: str, figures: Collection[str]) -> str:
    return str(unknown("figure", figure, figures, "Figures are planned in experiments/plan.py."))


def _told(template: str, line: int, what: str) -> str:
    return f"templates/{template}, line {line}: {what}"
