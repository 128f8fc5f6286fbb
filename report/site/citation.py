"""How to cite the project, from CITATION.cff: what it says, checked, and the same as BibTeX.

In: the project's folder. Out: a mapping, and text. The format is that of https://citation-file-format.github.io, 1.2.0.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from report.errors import PageError

FILE = "CITATION.cff"
NEEDED = ("cff-version", "message", "title", "authors")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SPECIAL |= {sign: f"\\{sign}" for sign in "&%$#_{}"}


def read(root: Path) -> dict[str, Any] | None:
    """What CITATION.cff says, or None where there is no such file. Raises PageError, naming what to add or correct."""
    path = root / FILE
    if not path.is_file():
        return None
    import yaml  # here, as a build that writes no page needs none of it

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PageError(f"{FILE} cannot be read ({' '.join(str(error).split())}); it is YAML.") from error
    if not isinstance(found, dict):
        raise PageError(f"{FILE} is no mapping; it holds lines like title: ...")
    for key in NEEDED:
        if not found.get(key):
            raise PageError(f"{FILE} has no {key}; add it.")
    if not isinstance(found["authors"], list) or not all(isinstance(each, dict) for each in found["authors"]):
        raise PageError(f"{FILE}: its authors are no list of persons or entities; see its format.")
    if nameless := [each for each in found["authors"] if not author(each)]:
        raise PageError(f"{FILE}: an author, {nameless[0]}, has no name; add name, or given-names and family-names.")
    return found | {"date-released": _date(found)}


def told(root: Path) -> dict[str, Any] | None:
    """What a page says of it: what the file says, and "plain" and "bibtex", the reference as text."""
    found = read(root)
    return found and {**found, "plain": plain(found), "bibtex": bibtex(found)}


def digest(root: Path) -> str:
    """A digest of the file; "" where there is none."""
    path = root / FILE
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def author(of: Mapping[str, Any]) -> str:
    """A person as "Family, Given", as BibTeX sorts them; an entity by its name; "" where there is neither."""
    family = " ".join(str(of[key]) for key in ("name-particle", "family-names") if of.get(key))
    if not family:
        return str(of.get("name") or of.get("given-names") or of.get("alias") or "")
    return ", ".join([family, *(str(of[key]) for key in ("name-suffix", "given-names") if of.get(key))])


def plain(citation: Mapping[str, Any]) -> str:
    """The reference as a line of text."""
    of = [author(each) for each in citation["authors"]]
    year = f" ({citation['date-released'].year})" if citation["date-released"] else ""
    version = f" (version {citation['version']})" if citation.get("version") else ""
    where = f" {address(citation)}" if address(citation) else ""
    who = f"{'; '.join(of)}{year}".removesuffix(".")
    return f"{who}. {citation['title']}{version}.{where}"


def bibtex(citation: Mapping[str, Any]) -> str:
    """The reference as an entry that both BibTeX and biber read."""
    date = citation["date-released"]
    fields = {
        "author": " and ".join(map(_name, citation["authors"])),
        "title": f"{{{_escaped(citation['title'])}}}",
        "year": str(date.year) if date else "",
        "version": _escaped(citation.get("version", "")),
        "doi": str(citation.get("doi", "")),
        "url": address(citation),
    }
    lines = [f"  {name} = {{{text}}},\n" for name, text in fields.items() if text]
    lines[3:3] = [f"  month = {MONTHS[date.month - 1]},\n"] if date else []
    return f"@misc{{{_key(citation)},\n{''.join(lines)}}}\n"


def address(citation: Mapping[str, Any]) -> str:
    """Where it is to be found, as far as the file says."""
    return str(citation.get("url") or citation.get("repository-code") or "")


def _date(found: Mapping[str, Any]) -> datetime.date | None:
    """The day of its release; YAML reads it as a date, unless it stands in quotes."""
    said = found.get("date-released")
    if said is None:
        return None
    try:
        return datetime.date.fromisoformat(str(said))
    except ValueError as error:
        raise PageError(f"{FILE}: date-released is {said!r}; write it as YYYY-MM-DD.") from error


def _name(of: Mapping[str, Any]) -> str:
    """An author's name; an entity's in braces of its own, so that it is not taken for a person's."""
    return _escaped(author(of)) if of.get("family-names") else f"{{{_escaped(author(of))}}}"


def _key(citation: Mapping[str, Any]) -> str:
    words = re.findall(r"[a-z0-9]+", str(citation["title"]).partition(":")[0].lower())
    year = citation["date-released"].year if citation["date-released"] else ""
    return f"{'-'.join(words) or 'citation'}{year and f'-{year}'}"


def _escaped(text: Any) -> str:
    """A text in which no sign means anything to TeX."""
    return "".join(_SPECIAL.get(sign, sign) for sign in str(text))
