"""Compiled modules of the project are told by the content of their sources, not by a time and a size that may lie.

Python takes a module that it compiled before if the source's time in whole seconds and its size are what they were: an
edit within the same second, or one whose time was set back, would go unseen. Where the content is noted instead
(PEP 552), every Python looks at that, and reading the sources again costs some milliseconds.
"""

from __future__ import annotations

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from importlib.util import source_hash
from pathlib import Path
from typing import Any

CHECKED = (3).to_bytes(4, "little")  # a compiled module's second word: told by content, to be looked at every time


class Loader(SourceFileLoader):
    """Loads modules, and keeps what it compiled under the content of what it read."""

    def get_data(self, path: str) -> bytes:
        """A file's bytes. Raises OSError for a compiled module that is told by its time, as if there were none."""
        data = super().get_data(path)
        if path == self.path:
            self._source = data
        elif path.endswith(".pyc") and data[4:8] != CHECKED:
            raise OSError(f"{path} is told by its time alone")
        return data

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Writes a compiled module: four words, then the code."""
        super().set_data(path, data[:4] + CHECKED + source_hash(self._source) + data[16:], _mode=_mode)


def look_at_content(root: Path) -> None:
    """From now on, modules in this folder are loaded so."""

    def finder(folder: str) -> FileFinder:
        if not (Path(folder).is_absolute() and Path(folder).resolve().is_relative_to(root)):
            raise ImportError(folder)
        return FileFinder(folder, (Loader, SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()
