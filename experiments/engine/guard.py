"""The guard: a key says what a stage depends on; here that is held against what the stage really loaded and opened.

In: the project's folder, and the modules that a stage's key sees. Out: nothing, or an Unseen error that names what the
key does not see. In a worker, first-party modules are compiled from their source, never from bytecode that lies about
(a source edited twice within a second keeps the bytecode of the first), and what a stage's key does not see is
forgotten before the stage runs, so that it is noticed when the stage asks for it.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib.util
import linecache
import os
import sys
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from experiments.engine.definitions import tree_of
from experiments.engine.files import read_file
from experiments.engine.key import digest
from experiments.engine.sources import LARGEST, Unseen, source_path

ROOT = Path(__file__).resolve().parents[2]  # of the engine; a stage's own is told with its task
STANDARD = Path(os.__file__).parent
INSTALLED = ("site-packages", "dist-packages")
CACHES = ("__pycache__",)
METADATA = (".egg-info", ".dist-info")


class Guard:
    """What one process knows of the first-party modules under some folders: it finds them, compiles them, and notes
    what is opened meanwhile. Stands in `sys.meta_path` of a worker; elsewhere it only takes notes."""

    def __init__(self) -> None:
        self.roots: list[Path] = []
        self.loaded: dict[str, str] = {}  # {module: sha256 of its source as it was loaded}
        self.opened_by: dict[str, set[str]] = {}  # {module: what was opened while it was imported}
        self.of_the_engine: frozenset[str] = frozenset()  # the modules that a worker itself is made of
        self._codes: dict[tuple[str, str], CodeType] = {}
        self._notes: dict[int, list[set[str]]] = {}  # {thread: where it notes what is opened}
        self._installed: dict[Path, dict[str, ModuleType]] = {}  # {a folder: modules seen that are not from under it}
        sys.addaudithook(self._hear)

    @property
    def works(self) -> bool:
        """Whether this process is a worker, whose modules come from here."""
        return self in sys.meta_path

    def begin(self) -> None:
        """Makes this process a worker: what it has of first-party modules is forgotten, and comes from source."""
        sys.meta_path.insert(0, self)
        self.roots.append(ROOT)
        self.forget(self.modules(ROOT))

    def modules(self, root: Path) -> dict[str, str]:
        """{module: its file} of what is loaded from under a folder or from no place where packages are installed.
        (It is asked before and after every stage, when thousands of modules are loaded: each is looked at once.)"""
        found, others = {}, self._installed.setdefault(root, {})
        for name, module in sys.modules.copy().items():  # copied in one step: other threads import meanwhile
            if others.get(name) is module:
                continue
            file = _file(module)
            if file is None or name in ("__main__", "__mp_main__"):
                continue
            if _is_own(file, root):
                found[name] = file
            else:
                others[name] = module
        return found

    def forget(self, names: Iterable[str]) -> None:
        """Forgets modules, so that whoever asks for them next imports them anew."""
        for name in names:
            module = sys.modules.pop(name, None)
            parent, _, last = name.rpartition(".")
            if module is not None and vars(sys.modules.get(parent, self)).get(last) is module:
                delattr(sys.modules[parent], last)

    # ------------------------------------------------------------------------------------------ importing

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Python's question to every finder: where a module is."""
        for root in self.roots:
            file = source_path(root, name)
            if file is not None:
                folders = [str(file.parent)] if file.name == "__init__.py" else None
                loader = _FromSource(name, str(file), self)
                return importlib.util.spec_from_file_location(
                    name, file, loader=loader, submodule_search_locations=folders
                )
        return None

    def code(self, name: str, file: str) -> CodeType:
        """A module's code, compiled from its source without docstrings: they are no part of its meaning."""
        data = read_file(Path(file), limit=LARGEST)
        self.loaded[name] = digest(data)
        at = (file, self.loaded[name])
        if at not in self._codes:
            tree = tree_of(data, path=Path(file))
            _strip_docstrings(tree)
            self._codes[at] = compile(tree, file, "exec", dont_inherit=True)
        return self._codes[at]

    # ------------------------------------------------------------------------------------------ noting

    @contextlib.contextmanager
    def noting(self) -> Iterator[set[str]]:
        """A set that fills with the files and folders that are opened for reading: in a worker by any thread, else
        by this one."""
        thread, notes = 0 if self.works else threading.get_ident(), set[str]()
        self._notes.setdefault(thread, []).append(notes)
        try:
            yield notes
        finally:
            self._notes[thread] = [each for each in self._notes[thread] if each is not notes]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("open", "os.listdir", "os.scandir") or not self._notes:
            return
        path = arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor: whoever opened it was heard
        if event == "open" and not _reads(arguments[2]):
            return
        asking = sys._getframe(1)
        if event != "open" and asking.f_code.co_filename.startswith("<frozen importlib"):
            return  # Python looks for a module
        if asking.f_back is not None and asking.f_back.f_code.co_filename == linecache.__file__:
            return  # Python shows the lines of a traceback
        told = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (links are not followed, and a hook must be quick)
        for thread in (0, threading.get_ident()):
            for notes in self._notes.get(thread, ()):
                notes.add(told)


@contextlib.contextmanager
def guarded(root: Path, *, seen: Collection[str], places: Collection[str]) -> Iterator[None]:
    """Raises Unseen at the end of a block that loaded or opened what a key does not see.

    seen: the first-party modules that the key sees. places: folders that may be read freely.
    """
    guard = here()
    if guard.works:
        if root not in guard.roots:
            guard.roots.append(root)
        known = guard.of_the_engine = guard.of_the_engine or frozenset(guard.modules(root))
        guard.forget(guard.modules(root).keys() - known - set(seen))
    else:  # other threads may import what they like
        known = frozenset(guard.modules(root))
    with guard.noting() as opened:
        yield
    loaded = guard.modules(root) if guard.works else {}
    for name in sorted(loaded.keys() - known - set(seen)):
        raise Unseen(_told_of_module(name, Path(loaded[name]), root))
    opened = opened.union(*(guard.opened_by.get(name, ()) for name in seen))
    sources = {*(str(source_path(root, name)) for name in seen), *(_file(sys.modules.get(name)) for name in known)}
    for path in sorted(each for each in opened if each not in sources):
        if _is_data(Path(path), root, places=places):
            read = Path(path).relative_to(root).as_posix()
            raise Unseen(f"it read {read}, which its key does not see; hand it in as an input")


def here() -> Guard:
    """The guard of this process. A worker finds it where it stands, for its own modules were loaded anew since."""
    found = next((each for each in sys.meta_path if type(each).__name__ == Guard.__name__), None)
    return found or _elsewhere()  # type: ignore[return-value]


_GUARDS: list[Guard] = []


def _elsewhere() -> Guard:
    """The guard of a process that is no worker; made once, for what listens to Python never stops listening."""
    if not _GUARDS:
        _GUARDS.append(Guard())
    return _GUARDS[0]


class _FromSource(SourceFileLoader):
    """Loads a module from its source, and notes what is opened as its body runs."""

    def __init__(self, name: str, path: str, guard: Guard) -> None:
        super().__init__(name, path)
        self.guard = guard

    def get_code(self, fullname: str) -> CodeType:
        return self.guard.code(fullname, self.path)

    def exec_module(self, module: ModuleType) -> None:
        with self.guard.noting() as opened:
            super().exec_module(module)
        self.guard.opened_by[module.__name__] = opened


def _strip_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())) as documentation, *rest]:
                    empty = not rest and not isinstance(node, ast.Module)
                    node.body = [ast.copy_location(ast.Pass(), documentation)] if empty else rest


def _told_of_module(name: str, file: Path, root: Path) -> str:
    if file.is_relative_to(root):
        return f"it loaded {name}, which its key does not see; import it by its name, where the code can be read"
    return (
        f"it loaded {name} from {file}, which is neither in the project nor an installed package, so that its key "
        "does not see it change; put it into the project, or install it (not as editable)"
    )


def _file(module: object) -> str | None:
    """The absolute path of a module's file, without waking modules that load as they are looked at."""
    try:
        file = object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:
        return None
    return file if isinstance(file, str) and file.startswith("/") else None


@functools.cache
def _is_own(file: str, root: Path) -> bool:
    """Whether a module's file belongs to the project or to nobody: no standard library, no installed package."""
    path = Path(file)
    if any(part in INSTALLED for part in path.parts):
        return False
    return path.is_relative_to(root) or not path.is_relative_to(STANDARD)


def _is_data(path: Path, root: Path, *, places: Collection[str]) -> bool:
    """Whether something that was opened lies in the project and is a part of it. What is not there was opened relative
    to some other folder, or was made and removed meanwhile."""
    if (
        path == root
        or not os.path.lexists(path)
        or any(part in INSTALLED + CACHES or part.endswith(METADATA) for part in path.parts)
    ):
        return False
    free = [Path(place).absolute() for place in (*places, tempfile.gettempdir(), sys.prefix)]
    apart = [place for place in free if not root.is_relative_to(place)]
    return path.is_relative_to(root) and not any(path.is_relative_to(place) for place in apart)


def _reads(flags: int) -> bool:
    """Whether a file that is opened so can be read as it was before."""
    return flags & os.O_ACCMODE != os.O_WRONLY and not flags & os.O_TRUNC
