"""manifest.json: what a site is, and the sign by which a folder is known to hold a site of ours.

In: what was rendered. Out: the manifest's text; and from a text that lies in some folder, the files that it lists, or
why it is no manifest of ours. Standard library only: every build reads it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from experiments.engine.folder import Kept, Sign

FILE = "manifest.json"
_DIGEST = re.compile("[0-9a-f]{64}")
_FIGURE = ("id", "page", "file", "data", "code", "key")


def text(about: Mapping[str, object], files: Mapping[str, bytes | Kept]) -> bytes:
    """The manifest of a site: what it is about, entry by entry, and `files`, all others by path with their sha256."""
    digests = {
        name: data.digest if isinstance(data, Kept) else hashlib.sha256(data).hexdigest()
        for name, data in sorted(files.items())
    }
    return lines({**about, "files": digests}).encode()


def lines(value: Mapping[str, object]) -> str:
    """A mapping as JSON with a line for each entry: small, and still to be read by people."""
    entries = (f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in value.items())
    return "{\n" + ",\n".join(entries) + "\n}\n"


def listed(data: bytes) -> dict[str, str]:
    """{path: sha256} of the files of the site that a manifest is of. Raises ValueError, with the reason, for anything
    that is not a manifest as `text` writes it."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(found, dict) or not {"study", "dataset", "pages", "figures"} <= found.keys():
        raise ValueError("it is the manifest of something else")
    if "files" not in found:
        raise ValueError("it does not list the files of the site, as those of earlier versions did not")
    for name, is_right in ENTRIES.items():
        if name not in found or not is_right(found[name]):
            raise ValueError(f"its entry {name!r} is not as this program writes it")
    if strange := sorted(found.keys() - ENTRIES.keys()):
        raise ValueError(f"it has an entry {strange[0]!r} that this program does not write")
    files: dict[str, str] = found["files"]
    shown = [*found["pages"], *(figure[kind] for figure in found["figures"] for kind in ("file", "data"))]
    if lost := [name for name in shown if name not in files]:
        raise ValueError(f"it names {lost[0]} and does not list it")
    return files


def _is_path(value: object) -> bool:
    """Whether a value is a path inside the site that every system can name."""
    if not isinstance(value, str) or value == FILE or "\0" in value or "\\" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return all(part not in ("", ".", "..") for part in value.split("/"))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object, is_right: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(is_right, value))


def _is_mapping(value: object, is_right: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(map(is_right, value.values()))


def _is_figure(value: object) -> bool:
    return isinstance(value, dict) and set(value) == set(_FIGURE) and all(map(_is_text, value.values()))


def _is_listing(value: object) -> bool:
    is_digest = _is_mapping(value, lambda entry: _is_text(entry) and _DIGEST.fullmatch(entry) is not None)
    return is_digest and bool(value) and all(map(_is_path, value))  # type: ignore[call-overload]


# The entries of a manifest, and what makes one right.
ENTRIES: Mapping[str, Callable[[Any], bool]] = {
    "study": _is_text,
    "dataset": lambda value: value is None or _is_text(value),
    "environment": lambda value: _is_mapping(value, _is_text),
    "stages": lambda value: _is_mapping(value, lambda count: type(count) is int and count >= 0),
    "pages": lambda value: _is_list(value, _is_path),
    "figures": lambda value: _is_list(value, _is_figure),
    "files": _is_listing,
}

SIGN = Sign(FILE, listed)
