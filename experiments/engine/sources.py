"""Sources: the first-party modules, read by meaning: neither prose and layout nor what is out of reach is in a key.

In: the project's folder and the names of functions. Out: which modules they reach, what these mean as far as they are
reached, and what they import.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.engine.files import read_file
from experiments.engine.key import digest
from experiments.spec import Json, Stage

if TYPE_CHECKING:  # a build whose sources are all known neither parses nor searches any
    from experiments.engine.cover import Cover, Reach
    from experiments.engine.definitions import Statement

LARGEST = 10_000_000  # bytes of a source file
FORMER = 3  # how many earlier versions of a module are remembered, to tell what changed in it
MOST = 2000  # how many stages' functions with their parameters are remembered
PARTS = {"+": "its imports", "!": "its other statements", "~": "its order"}  # signs of what is no definition
LENGTH = 10  # characters of the digests that a meaning is made of
# What says what a meaning is:
FORM = (
    *("sources.py", "cover.py", "definitions.py", "effects.py", "imports.py"),
    *("names.py", "said.py", "syntax.py", "trees.py"),
)


class SourceError(Exception):
    """A first-party source cannot be found, read or parsed. The message names the file and the cause."""


class Unseen(SourceError):
    """A stage depends on something that its key does not see. The message names it and says what to do."""


def parts(meaning: str) -> list[str]:
    """The digests that a meaning is made of: of definitions, and of other things, behind their signs (see PARTS)."""
    return re.findall(rf"[+!~]?[\w-]{{{LENGTH}}}", meaning)


def parents(module: str) -> list[str]:
    """The packages that a module is in, the outermost first."""
    names = module.split(".")
    return [".".join(names[:length]) for length in range(1, len(names))]


def source_path(root: Path, module: str) -> Path | None:
    """The file of a first-party module, as Python's import would choose it: a package before a module of its name.
    None where there is none under `root`: a namespace package has no file, another's module lies elsewhere."""
    base = f"{root}/{module.replace('.', '/')}"  # as plain text: every build asks for hundreds
    for path in (f"{base}/__init__.py", f"{base}.py"):
        if os.path.isfile(path):  # noqa: PTH113
            return Path(path)
    return None


class Sources:
    """The first-party modules under `root`, read by meaning.

    What was learnt is kept in `memo`: of a source file under the module's name and the sha256 of its bytes, so that
    unchanged files are not parsed twice; of the functions that a stage names, which definitions they reach, so that
    unchanged modules are not searched twice. It holds as long as the files that say what a meaning is stay as they are.
    A later call may pass the memo on; `learnt_more` says whether it differs from what was passed.
    """

    def __init__(self, root: Path, *, memo: Mapping[str, Json] | None = None) -> None:
        self.root = root
        known = memo if memo and memo.get("form") == _form() else {"modules": {}, "reached": {}}
        self.memo: dict[str, Json] = {**known, "form": _form()}
        self.learnt_more = False
        self._learnt: dict[str, _Source | None] = {}
        self._reach: dict[str, frozenset[str]] = {}
        self._reached: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._searched: dict[tuple[str, ...], Reach] = {}

    def reached_by(self, stage: Stage) -> Mapping[str, str]:
        """{module: meaning} of every first-party module that the stage's function, or a function named in its
        parameters, imports directly or through others. It means what they can reach of it, see cover.py."""
        named = _named(stage)
        if named not in self._reached:
            modules = self._modules(stage, named)
            place, known = "\n".join(named), self.memo["reached"]
            of = digest("\n".join(f"{module} {file}" for module, file in self.files(modules).items()).encode())
            if place not in known or known[place][0] != of:
                cover = self.covered_by(stage)
                known[place] = [of, *(cover.meaning(module) for module in modules)]
                self.learnt_more = True
                for each in list(known)[:-MOST]:
                    del known[each]
            self._reached[named] = dict(zip(modules, known[place][1:], strict=True))
        return self._reached[named]

    def covered_by(self, stage: Stage) -> Cover:
        """The statements of these modules that count."""
        from experiments.engine.cover import Cover

        named = _named(stage)
        names = [part for word in named for part in word.rpartition(":")[2].split(".")]
        dotted = [word for word in named if "." in word and ":" not in word]
        return Cover(self._search(self._modules(stage, named)), names, dotted=dotted)

    def files(self, modules: Iterable[str]) -> dict[str, str]:
        """{module: sha256 of its file} of first-party modules, as this survey read them."""
        return {name: source.file for name in modules if (source := self._source(name)) is not None}

    def others(self, modules: Iterable[str]) -> frozenset[str]:
        """The top-level names that first-party modules import of other people's packages."""
        found = frozenset().union(*(source.others for name in modules if (source := self._source(name)) is not None))
        return frozenset(name for name in found if self._source(name) is None)

    def definitions(self, module: str) -> Mapping[str, str]:
        """{digest: what a definition is called} of a module, as it is and as it was the last few times."""
        from experiments.engine.definitions import statements

        found: dict[str, str] = {}
        for name, learnt in self.memo["modules"].items():
            if name.partition(" ")[0].removesuffix(".") == module:
                for each in statements(learnt["statements"]):
                    found |= {each.digest: each.label, each.full: each.label}
        return found

    def reach(self, module: str) -> frozenset[str]:
        """A module and all first-party modules that importing it runs."""
        if module not in self._reach:
            found, waiting = set[str](), [module]
            while waiting:
                name = waiting.pop()
                source = self._source(name)
                if source is not None and name not in found:
                    found.add(name)
                    waiting += [*source.imports, *parents(name)]
            self._reach[module] = frozenset(found)
        return self._reach[module]

    def _modules(self, stage: Stage, named: Iterable[str]) -> tuple[str, ...]:
        """The modules that the functions among these names are in, and all that these import."""
        found: set[str] = set()
        for name in named:
            module, colon, _ = name.partition(":")
            if colon and self._source(module) is not None:
                found |= self.reach(module)
            elif colon and (name == stage.function or self._source(module.partition(".")[0]) is not None):
                told = f"stage {stage.name} names {name}"
                raise SourceError(f"{told}, but there is no module {module} in {self.root}")
        return tuple(sorted(found))

    def _search(self, modules: tuple[str, ...]) -> Reach:
        from experiments.engine.cover import Reach

        if modules not in self._searched:
            sources = {name: source for name in modules if (source := self._source(name)) is not None}
            self._searched[modules] = Reach(
                {name: source.statements for name, source in sources.items()},
                {name: [*source.imports, *parents(name)] for name, source in sources.items()},
            )
        return self._searched[modules]

    def _source(self, module: str) -> _Source | None:
        if module not in self._learnt:
            self._learnt[module] = self._read(module)
        return self._learnt[module]

    def _read(self, module: str) -> _Source | None:
        if module.partition(".")[0] not in self._tops or not _is_name(module):
            return None
        path = source_path(self.root, module)
        if path is None:
            return None
        try:
            data = read_file(path, limit=LARGEST)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
        package, file = path.name == "__init__.py", digest(data)
        name = f"{module}{'.' if package else ''} {file}"  # a package's relative imports mean other modules
        if name not in self.memo["modules"]:
            from experiments.engine.definitions import parse

            self.memo["modules"][name] = parse(data, module=module, path=path, package=package)
            self._forget_all_but_the_last(name)
            self.learnt_more = True
        learnt = self.memo["modules"][name]
        return _Source(tuple(learnt["imports"]), frozenset(learnt["others"]), file, learnt["statements"])

    @functools.cached_property
    def _tops(self) -> frozenset[str]:
        """The names that a first-party module's can begin with."""
        try:
            return frozenset(entry.name.removesuffix(".py") for entry in os.scandir(self.root))
        except OSError as error:
            raise SourceError(f"{self.root}: cannot be read: {error.strerror or error}") from error

    def _forget_all_but_the_last(self, name: str) -> None:
        """Keeps the memo small: of each module, what it is now and what it was the last few times."""
        alike = [each for each in self.memo["modules"] if each.partition(" ")[0] == name.partition(" ")[0]]
        for each in alike[: -1 - FORMER]:
            del self.memo["modules"][each]


@functools.cache
def _form() -> str:
    """What a meaning is, as a digest: that of the files which say so."""
    here = Path(__file__).parent
    return digest(b"\n".join((here / name).read_bytes() for name in FORM))[:16]


@dataclass(frozen=True)
class _Source:
    """What is known of a module: the modules that it may import, the top-level names among these, the sha256 of its
    file, and its statements as they are written down."""

    imports: tuple[str, ...]
    others: frozenset[str]
    file: str
    written: str

    @functools.cached_property
    def statements(self) -> list[Statement]:
        from experiments.engine.definitions import statements

        return statements(self.written)


@functools.cache
def _is_name(text: str) -> bool:
    """Whether a text is a name as code has them, with dots in it or not, or names a function as stages do,
    "package.module:function"."""
    module, colon, name = text.partition(":")
    return all(part.isidentifier() for part in module.split(".")) and (not colon or name.isidentifier())


def _named(stage: Stage) -> tuple[str, ...]:
    """The stage's function, and every name in the values of its parameters."""
    words: set[str] = set()
    for value in stage.parameters.values():
        _note_names(value, words)
    return (stage.function, *sorted(words))


def _note_names(value: Json, found: set[str]) -> None:
    """Takes notice of every string in a value that is a name, also of those that are keys."""
    if isinstance(value, str):
        if _is_name(value):
            found.add(value)
    elif isinstance(value, dict | Mapping):  # a dict is quickly told to be one
        for key, item in value.items():
            _note_names(key, found)
            _note_names(item, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _note_names(item, found)
