"""What a data folder says of itself: `dataset.toml` beside the four IDX files, which may name the set and its classes.

In: a folder. Out: what its description says, checked. Standard library only, so that a plan can know its data.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from experiments.idx import CLASSES, DESCRIPTION, DataError, regular

LARGEST = 1 << 16  # bytes of the file
LONGEST = {"title": 80, "noun": 30, "plural": 30, "source": 600, "licence": 200}  # characters of what each key holds
LONGEST_NAME = 40  # of a class


def described(folder: Path) -> dict[str, Any]:
    """What `dataset.toml` says: any of title, noun, plural, source, licence (text) and class_names (a list of text).

    Without the file nothing is said. noun and plural: what an image shows, as in "a digit", "ten digits".
    Raises DataError, one line with file, line where it is known, cause and remedy.
    """
    path = folder / DESCRIPTION
    if not path.exists() and not path.is_symlink():
        return {}
    text = _text(path)
    said = _parsed(text, path)
    for key, value in said.items():
        where = f"{path}{_line_of(key, text)}"
        if key not in (*LONGEST, "class_names"):
            known = ", ".join((*LONGEST, "class_names"))
            raise DataError(f"{where}: unknown key {key!r}. Known are {known}: rename or remove it.")
        if key == "class_names":
            said[key] = _names(value, where)
        elif not isinstance(value, str):
            raise DataError(f'{where}: {key} is {_kind(value)}, not text. Write it in quotes: {key} = "...".')
        else:
            said[key] = _line(value, f"{where}: {key}", longest=LONGEST[key])
    return said


def _names(value: Any, where: str) -> list[str]:
    fewest, most = CLASSES
    if not isinstance(value, list):
        example = 'class_names = ["circle", "square"]'
        raise DataError(f"{where}: class_names is {_kind(value)}, not a list. Write {example}.")
    if not fewest <= len(value) <= most:
        counted = f"{len(value)} class names; {fewest} to {most} are possible"
        raise DataError(f"{where}: {counted}. Give one for each class, in the order of the labels.")
    names: list[str] = []
    for place, each in enumerate(value):
        if not isinstance(each, str):
            raise DataError(f"{where}: the name of class {place} is {_kind(each)}, not text. Write it in quotes.")
        name = _line(each, f"{where}: the name of class {place}", longest=LONGEST_NAME)
        if name in names:
            raise DataError(
                f"{where}: classes {names.index(name)} and {place} are both called {name!r}. Name them apart."
            )
        names.append(name)
    return names


def _line(text: str, what: str, *, longest: int) -> str:
    """Text of one line that says something and is not too long, without spaces around it."""
    text = text.strip()
    if not text:
        raise DataError(f"{what} is empty. Write something, or remove it.")
    if not text.isprintable():
        raise DataError(f"{what} is {text!r}, which is not one line of printable text. Rewrite it.")
    if len(text) > longest:
        raise DataError(f"{what} has {len(text)} characters, more than {longest}. Shorten it.")
    return text


def _text(path: Path) -> str:
    content = regular(path, what="description", most=LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(
            f"{path}: more than {LARGEST >> 10} kB. Only what names the data set and its classes goes there."
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: not UTF-8 text. Save it as UTF-8.") from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        cause, _, place = " ".join(str(error).split()).partition(" (at ")
        line = re.match(r"line (\d+)", place)
        where = f", line {line[1] if line else text.count(chr(10)) + 1}"
        raise DataError(
            f'{path}{where}: not TOML ({cause}). Lines are like title = "..."; correct this one.'
        ) from error


def _line_of(key: str, text: str) -> str:
    """Where a key is set, as ", line 3"; nothing where that cannot be told."""
    start = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    numbers = [number for number, line in enumerate(text.split("\n"), start=1) if start.match(line)]
    return f", line {numbers[0]}" if numbers else ""


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table", str: "text"}
    return kinds.get(type(value), "a date or time")
