"""Whether a build would find nothing to do, told by what the system says of files without opening one.

In: what a build was asked for, and a note in the cache. Out: yes, or that nobody can tell. A build that read everything
and had nothing to do notes what the system said of every file and folder that it depends on: their names, kinds, sizes
and places on the disk, and when their content and their description last changed. The second of these times no program
can set, so where all of it is said again, the same bytes lie there. A file that changed just before or during that
build is not vouched for by its times, which come in steps: then no note is written.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from experiments import idx
from experiments.engine.carry import parents
from experiments.engine.files import FilesError, opened, read_file, sealed, write_file
from experiments.engine.key import digest
from experiments.engine.surroundings import machine
from report.site import past
from report.site.manifest import SIGN, listed

# What of the project a build reads: files, and folders with the endings that count there.
SOURCES = {
    "build.py": "",
    "CITATION.cff": "",
    "experiments": ".py",
    "report": ".py",
    "tests/examples": ".py",
    "templates": "",
}
SHELF = ("records", "artifacts")
STEP, COARSE = 100_000_000, 2_500_000_000  # ns: more than a step of a clock of files, and of one that tells seconds
LARGEST = 256_000_000  # bytes of a manifest


def current(options: argparse.Namespace, *, root: Path) -> bool:
    """Whether a build with these arguments, and nothing else to do than the site, would find the site current."""
    try:
        kept = opened(read_file(_place(options), limit=1000)).decode()
        return kept == _told(options, root)[0]
    except (OSError, ValueError):
        return False


def note(options: argparse.Namespace, *, root: Path, began: int) -> None:
    """Called where a build that read everything had nothing to do: notes what there is, if all of it lay there before
    it `began` (ns since 1970). It only saves time: where it cannot be written, it is not."""
    try:
        told, newest = _told(options, root)
        if newest < began - (STEP if newest % 1_000_000_000 else COARSE):
            write_file(_place(options), sealed(told.encode()))
    except (OSError, ValueError, FilesError):
        return


def now() -> int:
    """The time, in ns since 1970, as files have it."""
    return time.time_ns()


def _place(options: argparse.Namespace) -> Path:
    return past.place(options.cache, options.out).with_suffix(".seen")


def _told(options: argparse.Namespace, root: Path) -> tuple[str, int]:
    """A digest of all that such a build depends on, as seen from outside, and the newest of its times. Raises OSError
    where something is not there, or ValueError where no site of ours is."""
    folders = (options.data and str(options.data), str(options.cache), str(options.out))
    asked = (options.study, options.dataset, *folders, options.base_url)
    lines = [repr((asked, sys.version, sys.path, sorted(machine().items())))]
    newest = 0
    for path in _depended_on(options, root):
        found = os.stat(path, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            lines.append(os.readlink(path))
            found = os.stat(path)
        lines.append(
            f"{path} {found.st_mode} {found.st_dev} {found.st_ino} {found.st_size}"
            f" {found.st_mtime_ns} {found.st_ctime_ns}"
        )
        newest = max(newest, found.st_ctime_ns)
    return digest("\n".join(lines).encode("utf-8", "surrogateescape")), newest


def _depended_on(options: argparse.Namespace, root: Path) -> Iterator[str]:
    """Every file and folder: those of the project that count, the shelves, the data, what is installed, the site."""
    for top, ending in SOURCES.items():
        yield from _below(str(root / top), ending)
    for shelf in (root / "results", options.cache):
        for kind in SHELF:
            yield from _below(str(shelf / kind))
    if options.data is not None:
        yield from _of_data(str(options.data))
    yield from (path for path in map(os.path.realpath, sys.path) if os.path.lexists(path))
    yield from _of_site(str(options.out))


def _below(top: str, ending: str = "") -> Iterator[str]:
    """A file, or a folder and all below it. Raises ValueError for a link in there to another folder: nobody looks
    into that."""
    if not os.path.lexists(top):
        return
    yield top
    if not os.path.isdir(top):
        return
    with os.scandir(top) as entries:
        for entry in sorted(entries, key=_name):
            if entry.is_dir():
                if entry.is_symlink():
                    raise ValueError(entry.path)
                if entry.name != "__pycache__":
                    yield from _below(entry.path, ending)
            elif entry.name.endswith(ending):
                yield entry.path


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _of_data(folder: str) -> Iterator[str]:
    """The folder, which has another time when a name in it comes or goes, and the files of it that a build reads."""
    yield folder
    names = [idx.find(Path(folder), part).name for part in idx.PARTS]
    yield from (f"{folder}/{name}" for name in (*names, idx.DESCRIPTION) if os.path.lexists(f"{folder}/{name}"))


def _of_site(folder: str) -> Iterator[str]:
    """The files that a build wrote there, and the folders that they lie in; whatever else is there is another's."""
    yield folder
    yield f"{folder}/{SIGN.name}"
    above: set[str] = set()
    for name in listed(read_file(f"{folder}/{SIGN.name}", limit=LARGEST)):
        yield f"{folder}/{name}"
        above.update(parents(name))
    yield from (f"{folder}/{name}" for name in sorted(above))
