"""Names: by what a piece of source may reach other code, and what it binds.

In: what a walk over a syntax tree meets. Out: the names that it does not bind itself, what strings may lead to, and
whether things are looked for in ways of which no name tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from experiments.engine.trees import Aliases

# What finds a thing by a name, which may be computed; the first two kinds do not where it is written out.
BY_ATTRIBUTE = ("getattr", "setattr", "hasattr", "delattr")
BY_CALL = ("attrgetter", "methodcaller", "import_module", "__import__")
BUILTIN = frozenset({*BY_ATTRIBUTE, "__import__", "vars", "globals", "locals", "exec", "eval", "__builtins__"})
COMPUTED = frozenset(
    {*BY_CALL, "getattr_static", "getmembers", "getmodule", "resolve_name", "locate", "run_module", "run_path"}
    | {"module_from_spec", "exec_module", "load_module", "walk_packages", "iter_modules", "get_objects"}
    | {"get_referrers", "__dict__", "__globals__", "f_globals", "f_locals", "__getattr__", "__getattribute__"}
)
OF_ITSELF = frozenset({"__name__", "__package__", "__path__", "__spec__"})  # of these, names of others can be made
# What meets the subclasses of a class as they are made, or all of them, whether or not they are mentioned.
OF_CLASSES = frozenset(
    {"__subclasses__", "__init_subclass__", "__set_name__", "__prepare__", "__mro_entries__", "__class_getitem__"}
)
# What reads annotations, or the words of an exception.
READERS = frozenset(
    {"__annotations__", "__annotate__", "annotationlib", "annotation", "return_annotation", "get_annotations"}
    | {"get_type_hints", "signature", "singledispatch", "singledispatchmethod", "jit", "exception", "exc_info"}
    | {"format_exc", "format_exception", "print_exc", "__exit__", "__aexit__", "__context__", "__cause__"}
)
WATCHED = {
    **dict.fromkeys(READERS, "reads"),
    **dict.fromkeys(OF_CLASSES, "classes"),
    **dict.fromkeys(COMPUTED, "computed"),
}


@dataclass
class Scope:
    """The names that a module, a function, a class or a comprehension reads, binds, and calls global."""

    read: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    kind: str = "function"


class Names:
    """What is met in a piece of source.

    mentions: the names by which it may reach definitions; `further`: those in annotations. values: what is imported
    and used as a whole, a module handed on, say. dotted: names with dots that strings hold. bound: the names that it
    binds. traits: "computed", "classes", "reads" and "itself", where it mentions what is in BUILTIN or COMPUTED,
    OF_CLASSES, READERS or OF_ITSELF.
    """

    def __init__(self, aliases: Aliases) -> None:
        self.mentions: set[str] = set()
        self.further: set[str] = set()
        self.values: set[str] = set()
        self.dotted: set[str] = set()
        self.traits: set[str] = set()
        self.aliases = aliases
        self.annotating = False
        self.class_name = ""
        self.excused = ""  # the name of what is called with a name that is written out
        self.scopes = [Scope(kind="module")]

    @property
    def bound(self) -> set[str]:
        """The names that it binds where it stands."""
        return self.scopes[0].bound

    def mention(self, *names: str) -> None:
        """Takes notice of names by which something may be reached, whoever binds them."""
        (self.further if self.annotating else self.mentions).update(filter(str.isidentifier, names))
        for name in names:
            self.mentions.update(self._mangled(name))
            if name in WATCHED and name != self.excused:
                self.traits.add(WATCHED[name])

    def meet(self, name: str) -> None:
        """Takes notice of a name that is read, or deleted."""
        if self.annotating:
            self.further.add(name)
        elif name == self.excused:
            self.mentions.add(name)
        else:
            self.scopes[-1].read.update([name, *self._mangled(name)])

    def bind(self, *names: str) -> None:
        """Takes notice of names that are bound."""
        self.scopes[-1].bound.update(names)

    def bind_around(self, name: str) -> None:
        """Takes notice of a name that is bound, in a comprehension, where that stands."""
        next(each for each in reversed(self.scopes) if each.kind != "comprehension").bound.add(name)

    @contextmanager
    def scope(self, scope: Scope) -> Iterator[None]:
        """A function, a class or a comprehension. What it reads and does not bind, it reads of what is around it; so
        does the body of a class for a name that it binds later."""
        self.scopes.append(scope)
        yield
        self.scopes.pop()
        self.scopes[-1].read |= scope.read if scope.kind == "class" else scope.read - (scope.bound - scope.outer)

    def close(self) -> None:
        """Takes notice of the names that were read and that nothing on the way binds."""
        self.mention(*self.scopes[0].read)
        if not BUILTIN.isdisjoint(self.scopes[0].read):
            self.traits.add("computed")
        if not OF_ITSELF.isdisjoint(self.scopes[0].read):
            self.traits.add("itself")

    def _mangled(self, name: str) -> list[str]:
        """What a class makes of its private names."""
        is_private = self.class_name and name.startswith("__") and not name.endswith("__")
        return [f"_{self.class_name.lstrip('_')}{name}"] if is_private else []
