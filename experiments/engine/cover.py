"""Cover: the definitions that functions can reach, in the modules that theirs import.

In: modules, taken apart into statements, and names. Out: the statements that count, and what they mean together. A
name that is mentioned stands for every definition of that name in these modules: too many rather than one too few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from experiments.engine.definitions import Statement, digest
from experiments.engine.effects import MAKE_QUIET, QUIET
from experiments.engine.imports import UNKNOWN
from experiments.engine.sources import parents

Place = tuple[str, int]  # a module, and the number of one of its statements


class Reach:
    """Modules that import one another: their statements, and {module: the modules that it imports}."""

    def __init__(self, modules: Mapping[str, Sequence[Statement]], imports: Mapping[str, Iterable[str]]) -> None:
        self.modules = modules
        self.imports = imports
        self.by_name: dict[str, list[Place]] = {}
        for module, statements in modules.items():
            for number, statement in enumerate(statements):
                for name in statement.names:
                    self.by_name.setdefault(name, []).append((module, number))
        self._quiet: dict[str, bool] = {UNKNOWN: False}

    @cached_property
    def loud(self) -> frozenset[Place]:
        """The statements that may do more than bind their names as they are imported."""
        return frozenset(
            (module, number)
            for module, statements in self.modules.items()
            for number, statement in enumerate(statements)
            if not all(map(self._is_quiet, statement.runs))
        )

    @cached_property
    def always(self) -> frozenset[Place]:
        """The statements that count, mentioned or not."""
        return self.loud | {
            (module, number)
            for module, statements in self.modules.items()
            for number, statement in enumerate(statements)
            if "always" in statement.traits
        }

    def below(self, module: str) -> set[str]:
        """A module, those that it imports, those that these import, and so on."""
        found, waiting = set[str](), [module]
        while waiting:
            name = waiting.pop()
            if name in self.modules and name not in found:
                found.add(name)
                waiting += self.imports[name]
        return found

    def modules_of(self, path: str) -> set[str]:
        """The modules that a dotted name may stand for, also where they are imported from one that imports them."""
        found, met, waiting = set[str](), set[str](), [path]
        while waiting:
            path = waiting.pop()
            if path in self.modules:
                found.add(path)
            elif path not in met and (module := self.module_around(path)) is not None:
                name, _, rest = path[len(module) + 1 :].partition(".")
                imported = [to for each in self._named(module, name) if "import" in each.traits for to in each.calls]
                waiting += [f"{to}.{rest}" if rest else to for to in imported]
            met.add(path)
        return found

    def module_around(self, path: str) -> str | None:
        """The innermost module that a dotted name leads into."""
        return next((each for each in reversed(parents(path)) if each in self.modules), None)

    def _is_quiet(self, path: str) -> bool:
        """Whether a call does nothing but hand something back (see effects.py)."""
        if path not in self._quiet:
            self._quiet[path] = False  # meanwhile: what calls itself is not known to be quiet
            called = path.removesuffix("()")
            module = self.module_around(called)
            if module is None:
                self._quiet[path] = called in (QUIET if called == path else MAKE_QUIET)
            elif called == path:
                self._quiet[path] = self._is_quiet_in(module, *path[len(module) + 1 :].split("."))
        return self._quiet[path]

    def _is_quiet_in(self, module: str, name: str, *attributes: str) -> bool:
        """The same of what a module calls by a name of its own: of a function, or of a method of a constant."""
        found = self._named(module, name)
        if len(found) != 1:
            return False
        if "import" in found[0].traits:
            return all(self._is_quiet(".".join([each, *attributes])) for each in found[0].calls)
        if attributes:
            return len(attributes) == 1 and "constant" in found[0].traits
        return all(map(self._is_quiet, found[0].calls))

    def _named(self, module: str, name: str) -> list[Statement]:
        return [self.modules[where][number] for where, number in self.by_name.get(name, ()) if where == module]


class Cover:
    """What counts where some names are mentioned within reach: {module: the numbers of its statements}, as `found`.

    Those count that bind a mentioned name, in whichever module, and what they mention; those that bind no name, or may
    do more than that; and all of a module that looks for things by names that are computed, of the modules that it
    imports, and of a module that is handed on as a value or named in a text. `exact` says whether annotations and the
    words of exceptions count, since something reads them; `ordered`, whether it may matter what is imported first.
    """

    def __init__(self, reach: Reach, names: Iterable[str], *, dotted: Iterable[str] = ()) -> None:
        self.reach = reach
        self.found: dict[str, set[int]] = {name: set() for name in reach.modules}
        self.exact = False
        self.ordered = bool(reach.loud)
        self._mentioned: set[str] = set()
        self._whole: set[str] = set()
        self._computed = False
        self._beginnings: set[str] = set()  # of names that may be put together
        self._waiting: list[Place] = []
        self._mention(names)
        self._refer(dotted)
        for place in reach.always:
            self._add(*place)
        while self._waiting:
            self._follow(self._waiting.pop())

    # ------------------------------------------------------------------------------------------ following

    def _follow(self, place: Place) -> None:
        module, number = place
        statement = self.reach.modules[module][number]
        self._mention(statement.mentions)
        for value in statement.values:
            self._count_whole(inner for each in self.reach.modules_of(value) for inner in self._with_inner(each))
        self._refer(statement.dotted)
        if self.exact:
            self._mention(statement.further)
        elif "reads" in statement.traits or ("decorated" in statement.traits and place in self.reach.loud):
            self._be_exact()
        self._beginnings.update(each for each in statement.dotted if each.endswith("."))
        if "computed" in statement.traits:
            self._computed = True
            self._count_whole(self.reach.below(module))
            if "itself" in statement.traits:
                self._beginnings.update(f"{each}." for each in (module, *parents(module)[-1:]))
        if self._computed and self._beginnings:
            self._count_whole(each for each in self.found if each.startswith(tuple(self._beginnings)))
        if "classes" in statement.traits:
            self._count_all("class")

    def _add(self, module: str, number: int) -> None:
        if number not in self.found[module]:
            self.found[module].add(number)
            self._waiting.append((module, number))

    def _mention(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._mentioned:
                self._mentioned.add(name)
                for place in self.reach.by_name.get(name, ()):
                    self._add(*place)

    def _refer(self, dotted: Iterable[str]) -> None:
        """Counts the modules that dotted names lead to or into."""
        for name in dotted:
            nearest = next((each for each in (name, *reversed(parents(name))) if each in self.found), None)
            self._count_whole(self._with_inner(name) if nearest == name else filter(None, [nearest]))

    def _with_inner(self, module: str) -> list[str]:
        """A module, and those that are its attributes."""
        return [each for each in self.found if each == module or each.startswith(f"{module}.")]

    def _count_all(self, trait: str) -> None:
        for module, statements in self.reach.modules.items():
            for number, statement in enumerate(statements):
                if trait in statement.traits:
                    self._add(module, number)

    def _count_whole(self, modules: Iterable[str]) -> None:
        for module in set(modules) - self._whole:
            self._whole.add(module)
            for number, statement in enumerate(self.reach.modules[module]):
                if "annotation" not in statement.traits:
                    self._add(module, number)

    def _be_exact(self) -> None:
        self.exact = True
        self._count_all("annotation")
        for module, numbers in self.found.items():
            for number in list(numbers):
                self._mention(self.reach.modules[module][number].further)

    # ------------------------------------------------------------------------------------------ meaning

    def meaning(self, module: str) -> str:
        """What counts of a module: a digest for each definition, by name, and one each for its imports, for its other
        statements and for the order of all these, behind their signs (see `sources.PARTS`)."""
        statements = self.reach.modules[module]
        imports, named, others, order = set(), [], [], []
        for number, each in enumerate(statements):
            is_import, means = "import" in each.traits, each.full if self.exact else each.digest
            if "evaluated" in each.traits and (is_import or number in self.found[module]):
                order.append(means)
            if number not in self.found[module]:
                continue
            if is_import:
                imports.add(means)
            elif each.label:
                named.append((each.label, number, means))
            else:
                others.append(means)
        parts = [means for _, _, means in sorted(named)]
        parts += [f"+{digest(' '.join(sorted(imports)))}"] if imports else []
        parts += [f"!{digest(' '.join(others))}"] if others else []
        parts += [f"~{digest(' '.join(order))}"] if self.ordered and order else []
        return "".join(parts)
