"""What a build remembers of the site that it wrote, so that the next one renders only what came to differ.

In: a note in the cache, and the files that lie in the site's folder. Out: which file was made of what, and what each
page had to do with others. The note is sealed: one that was damaged, or is not as it is written here, is no note.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from experiments.engine.files import opened, read_file, sealed, write_file
from experiments.engine.folder import real
from experiments.engine.key import digest

LARGEST = 64_000_000  # bytes of a note


@dataclass(frozen=True)
class Past:
    """`stamp` is a digest of all that the site was made of, `manifest` that of its manifest. `made`: {path: digest of
    what the file was made of}. `pages`: {page: what it was written of, and what it has to do with others}, as JSON.
    `places`: {file of a page: what can be searched for in it}."""

    stamp: str = ""
    manifest: str = ""
    made: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Any] = field(default_factory=dict)

    def listings(self, slug: str) -> Mapping[str, str]:
        """The code that a page showed, as HTML by what it was made of."""
        page = self.pages.get(slug)
        found = page.get("listings") if isinstance(page, dict) else None
        return found if isinstance(found, dict) and all(isinstance(each, str) for each in found.values()) else {}


NOTHING = Past()


def place(cache: Path, out: Path) -> Path:
    """Where the note of the site in a folder lies."""
    return cache / "sites" / f"{digest(os.fsencode(real(out)))[:16]}.json"


def read(path: Path) -> Past:
    """The note in a file; NOTHING where there is none."""
    try:
        past = Past(**json.loads(opened(read_file(path, limit=LARGEST))))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return NOTHING
    texts = (past.stamp, past.manifest, *_values(past.made))
    is_whole = all(isinstance(each, dict) for each in (past.pages, past.places))
    return past if is_whole and all(isinstance(text, str) for text in texts) else NOTHING


def write(path: Path, past: Past) -> None:
    """Writes a note, sealed."""
    write_file(path, sealed(json.dumps(asdict(past), sort_keys=True).encode()))


def _values(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else [None]
