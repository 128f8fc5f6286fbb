"""The files of the site that are not pages: facts.json, what search engines fetch, and what the manifest says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from experiments.spec import Study
from report.argument.facts import Fact
from report.argument.known import Coordinates
from report.errors import PageError
from report.site import manifest
from report.site.figure import FigureFiles, Placed
from report.site.pages import SITE_TAGLINE, SITE_TITLE, Page

if TYPE_CHECKING:
    from report.site.written import Provenance


def files(
    *,
    pages: Sequence[Page],
    root: Path,
    base_url: str | None,
    further: Sequence[Page] = (),
) -> dict[str, str]:
    """The files by relative path; sitemap and feed only where the site's address is known. `further` are pages that
    are found through others: they stand in the sitemap, and are no news."""
    base = base_url.rstrip("/") + "/" if base_url else None
    sitemap = f"Sitemap: {base}sitemap.xml\n" if base else ""
    found = {
        "robots.txt": f"User-agent: *\nAllow: /\n{sitemap}",
        ".nojekyll": "",
    }
    if base:
        found["sitemap.xml"] = _sitemap(base, (*pages, *further))
        released = release_date(root)
        if released:
            found["feed.xml"] = _feed(base, pages, released)
    return found


def about(
    *,
    study: Study,
    card: Mapping[str, Any],
    figures: Mapping[str, FigureFiles],
    placed: Mapping[str, Placed],
    provenance: Provenance,
    pages: Sequence[Page],
) -> dict[str, Any]:
    """What the manifest says of a site, besides its files."""
    return {
        "study": study.name,
        "dataset": card.get("dataset"),
        "environment": dict(sorted(provenance.environment.items())),
        "stages": dict(provenance.stages),
        "pages": [page.file for page in pages],
        "figures": [_figure(placed[name], figures[name]) for name in sorted(placed)],
    }


def release_date(root: Path) -> str | None:
    """The date of the release in CITATION.cff ("2024-01-31"), or None where there is no such file."""
    text = _citation(root)
    if text is None:
        return None
    match = re.search(r"^date-released:\s*[\"']?(\d{4}-\d{2}-\d{2})", text, re.MULTILINE)
    if not match:
        raise PageError("CITATION.cff has no date-released (YYYY-MM-DD), which dates the feed; add it.")
    return match.group(1)


def repository(root: Path) -> str | None:
    """The address of the source, `repository-code` in CITATION.cff, or None where that does not tell."""
    match = re.search(r"^repository-code:[ \t]*(.*?)[ \t]*$", _citation(root) or "", re.MULTILINE)
    if not match:
        return None
    address = match.group(1).strip("\"'").removesuffix("/")
    if not re.fullmatch(r"https://[\w.-]+(:\d+)?(/[\w.~-]+)+", address):
        raise PageError(
            f"CITATION.cff: repository-code {address!r} is no address like https://example.org/name; mend it."
        )
    return address


def _citation(root: Path) -> str | None:
    path = root / "CITATION.cff"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def path_of(base_url: str | None) -> str:
    """The path of the site on its host ("/name/"), or nothing where the address is unknown."""
    return urlsplit(base_url).path.rstrip("/") + "/" if base_url else ""


def facts_json(facts: Mapping[str, Fact], pages: Sequence[Page], coordinates: Coordinates) -> str:
    """Every fact, with the page that it belongs to, and where in the study it is."""
    slugs = {page.slug for page in pages}
    keys = ("value", "low", "high", "n", "unit", "method")
    told = ("margin", "verdict")  # of differences
    found = {}
    for name in sorted(facts):
        slug = name.partition(".")[0]
        found[name] = {key: _short(facts[name][key]) for key in (*keys, *(key for key in told if key in facts[name]))}
        found[name] |= {"page": slug if slug in slugs else None, "at": coordinates.of(name)}
    return manifest.lines(found)


def _short(value: Any) -> Any:
    """A number in seven significant digits: more than any of them is sure of."""
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _figure(placed: Placed, files: FigureFiles) -> dict[str, str]:
    return {
        "id": placed.id,
        "page": placed.page,
        "file": placed.file,
        "data": placed.data,
        "code": placed.code,
        "key": files.key,
    }


def _sitemap(base: str, pages: Sequence[Page]) -> str:
    entries = "".join(f"  <url><loc>{escape(_address(base, page))}</loc></url>\n" for page in pages)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    )


def _feed(base: str, pages: Sequence[Page], released: str) -> str:
    updated = f"<updated>{released}T00:00:00Z</updated>"
    entries = "".join(
        f"  <entry>\n    <title>{escape(page.question)}</title>\n    <id>{escape(_address(base, page))}</id>\n"
        f'    <link href="{escape(_address(base, page))}"/>\n    {updated}\n'
        f"    <summary>{escape(page.description)}</summary>\n  </entry>\n"
        for page in pages
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"  <title>{escape(SITE_TITLE)}</title>\n  <subtitle>{escape(SITE_TAGLINE)}</subtitle>\n"
        f'  <id>{escape(base)}</id>\n  <link href="{escape(base)}"/>\n'
        f'  <link rel="self" href="{escape(base)}feed.xml"/>\n  {updated}\n'
        f"  <author><name>{escape(SITE_TITLE)}</name></author>\n{entries}</feed>\n"
    )


def _address(base: str, page: Page) -> str:
    return base + ("" if page.slug == "index" else page.file)
