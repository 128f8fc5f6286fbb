"""What a page says of itself before its text: TOML between two lines `+++`, with which its file begins.

In: a file in templates/pages. Out: its keys and values, and what is wrong with them; and the text without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.engine.key import digest
from report.errors import PageError, unknown, unreadable

FENCED = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*$", re.MULTILINE | re.DOTALL)
PATHS = ("assets/", "data/")  # with what a path begins that a page may need
LINE, NUMBER, LIST = "a line of text in quotes", "a number", "a list of texts in quotes"
NEEDED = {"title": LINE, "question": LINE, "description": LINE, "part": LINE, "order": NUMBER}
KEYS = {**NEEDED, "scripts": LIST, "styles": LIST}


def read(templates: Path, name: str, *, known: Any = None) -> dict[str, Any]:
    """{"of": a digest of the front matter of a file, "says": its keys and values}. `known` is what an earlier call
    returned for the file; front matter that is the same is not parsed again. PageError where there is none, or no
    TOML."""
    try:
        text = (templates / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(name, error) from error
    found = FENCED.match(text)
    if not found:
        is_open = text.partition("\n")[0].rstrip() == "+++"
        what = "is not closed: end it" if is_open else "is missing: begin and end it"
        raise PageError(f"templates/{name}, line 1: front matter {what} with a line +++. It gives {_list(NEEDED)}.")
    made_of = digest(found[1].encode())
    return known if known and known["of"] == made_of else {"of": made_of, "says": _parsed(found[1], name)}


def blanked(text: str) -> str:
    """A template's text with empty lines in place of front matter, so that what follows stands where it stood."""
    found = FENCED.match(text)
    return "\n" * found[0].count("\n") + text[found.end() :] if found else text


def wrong(says: Mapping[str, Any], *, bundles: Collection[str]) -> Iterator[tuple[str, str]]:
    """(key, what is wrong with it) of all that can be told without other files. `bundles` may stand for scripts."""
    for key in NEEDED:
        if key not in says:
            yield key, f"no {key} in its front matter; add {key} = {KEYS[key]}."
    for key, value in says.items():
        if key not in KEYS:
            yield key, str(unknown("key", key, KEYS, f"Front matter gives {_list(KEYS)}."))
        elif not HOLDS[KEYS[key]](value):
            yield key, f"{key} in its front matter is not {KEYS[key]}; correct it."
        elif KEYS[key] == LIST:
            names = bundles if key == "scripts" else ()
            strange = [each for each in value if each not in names and not each.startswith(PATHS)]
            yield from ((key, str(unknown(f"name in {key}", each, names, REMEDY))) for each in strange)


def _parsed(toml: str, name: str) -> dict[str, Any]:
    import tomllib  # here, as it takes longer than all else that is done to front matter, which most builds know

    try:
        return tomllib.loads(f"\n{toml}")  # which begins in the file's second line
    except (ValueError, RecursionError) as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        where = f", line {place[1]}" if place else ""
        what = f"{str(error)[: place.start()]} in column {place[2]}" if place else str(error)
        raise PageError(f"templates/{name}{where}: front matter is no TOML: {what}; correct it.") from error


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != "" and "\n" not in value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_line, value))


def _list(names: Collection[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}"


HOLDS: Mapping[str, Callable[[Any], bool]] = {LINE: _is_line, NUMBER: _is_number, LIST: _is_list}
REMEDY = f"A path begins with {' or '.join(PATHS)}; bundles of scripts stand in report/site/pages.py."
