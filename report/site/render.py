"""The site: a study, its facts and its figures go in, every file of the site comes out, as bytes by relative path.

Nothing is written and nothing is measured here; the same input makes the same bytes everywhere, whether everything is
rendered or only what is not known to lie in the site already.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from experiments.engine.folder import Kept
from experiments.spec import Study
from report import epochs, theme
from report.argument import facts as wording
from report.argument.facts import Fact
from report.argument.known import Coordinates
from report.errors import PageError, unmade
from report.play import units as portraits
from report.play.networks import script
from report.site import cards, citation, extras, manifest, search
from report.site.figure import FigureFiles, Placed
from report.site.pages import Page
from report.site.past import NOTHING, Past
from report.site.writing import SINGLE, Site
from report.site.written import Provenance, Shared, Written

Content = str | bytes
_LOADS_OTHERS = re.compile(rb'{%[-+]?\s*(?:include|import|from|extends)\s+(?!"(?:partials/|base\.html"))')


@dataclass
class Rendering:
    """The files of a site. Of those in `made`, which take time, it is known of what they were made; `lying` says which
    of an earlier build's lie there still: {path: sha256}. `pages` is what the next build is to know of the pages, and
    `places` what can be searched for in them, by file."""

    past: Past
    lying: Mapping[str, str]
    files: dict[str, bytes | Kept] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)
    places: dict[str, search.Places] = field(default_factory=dict)
    manifest: bytes = b""

    def add(self, files: Mapping[str, Content]) -> None:
        """Files that are at hand."""
        self.files |= {name: data if isinstance(data, bytes) else data.encode() for name, data in files.items()}

    def make(self, name: str, made_of: object, content: Callable[[], Content]) -> None:
        """A file that takes time: made only if the one that lies there is not made of the same."""
        if self._lies(name, made_of):
            self.files[name] = Kept(self.lying[name])
        else:
            self.add({name: content()})

    def searched(self, name: str, made_of: object, content: Callable[[], str]) -> None:
        """A page that can be searched for."""
        if self._lies(name, made_of) and name in self.past.places:
            self.files[name], self.places[name] = Kept(self.lying[name]), self.past.places[name]
        else:
            html = content()
            self.add({name: html})
            self.places[name] = search.places(html)

    def _lies(self, name: str, made_of: object) -> bool:
        """Whether a file that is made of this lies there already."""
        self.made[name] = _digest(made_of)
        return name in self.lying and self.past.made.get(name) == self.made[name]


def render(**arguments: Any) -> dict[str, bytes]:
    """Every file of the site by its relative path, all of them rendered: see `rendering`."""
    return {name: data for name, data in rendering(**arguments).files.items() if isinstance(data, bytes)}


def rendering(
    *,
    study: Study,
    card: Mapping[str, Any],
    facts: Mapping[str, Fact],
    figures: Mapping[str, FigureFiles],
    provenance: Provenance,
    root: Path,
    base_url: str | None,
    social: Mapping[str, bytes] | None = None,
    scripts: Mapping[str, Any] | None = None,
    units: Sequence[Mapping[str, Any]] = (),
    networks: Mapping[str, Mapping[str, Any]] | None = None,
    files: Mapping[str, tuple[bytes, Mapping[str, Any]]] | None = None,
    absent: Mapping[str, str] | None = None,
    notebooks: Mapping[str, Callable[[], str]] | None = None,
    pages: Sequence[Page],
    code: str = "",
    past: Past = NOTHING,
    lying: Mapping[str, str] | None = None,
) -> Rendering:
    """The files of the site. `card` describes the data set, `social` holds a PNG per page, `scripts` what the pages'
    scripts read, by name: text, bytes, or for a `.json` its value, which templates may read too; `units` what is known
    of the units of each network, `networks` what architectures say of themselves, `files` those of the networks with
    what is told of them; `absent` why the study lacks which pages; `notebooks` make texts by their path. `code` is a
    digest of the code that renders; with it, `past` and `lying` tell what an earlier build made of what, and which of
    its files lie in the site.

    Raises PageError, naming template and line, for anything a page asks for that is not there.
    """
    for name, fact in facts.items():
        wording.check(name, fact)
    done = Rendering(past, lying or {})
    units = portraits.with_names(units, card)
    done.add(portraits.files(units))
    done.add({f"social/{slug}.png": image for slug, image in (social or {}).items()})
    done.add({f"data/{name}": _text(value) for name, value in (scripts or {}).items()})
    downloads = cards.downloads(study, files or {})
    done.add({each.file: each.data for each in downloads})
    handed_over = {name: _digest(data) for name, data in done.files.items()}
    about = [
        code,
        repr(study),
        dict(card),
        dict(facts),
        repr(provenance),
        base_url,
        repr(pages),
        dict(networks or {}),
        dict(absent or {}),
        [dict(each.told) for each in downloads],
        handed_over,
    ]
    shared = Shared(
        root=root,
        study=study,
        card=card,
        facts=dict(facts),
        figures=dict(figures),
        provenance=provenance,
        base_url=base_url,
        pages=tuple(pages),
        social=frozenset(social or ()),
        data={name: value for name, value in (scripts or {}).items() if name.endswith(".json")},
        networks=dict(networks or {}),
        absent=dict(absent or {}),
        units=tuple(units),
        downloads=downloads,
        code=code,
        digest=_digest([about, _templates(root)]),
    )
    site, unit_pages = Site(shared), portraits.pages(units)
    written = site.write(past)
    homes = _homes(written)
    if study.name == "published":  # of what no network of another study has, its pages show no figure
        _check_placed(homes, figures)
    for each in written:
        seen = [[homes[name].page, homes[name].number] for name in each.uses.seen]
        done.searched(each.page.file, [each.made_of, seen], partial(site.dress, each, homes))
        done.pages[each.page.slug] = each.remembered()
    done.make("404.html", shared.digest, lambda: site.dress(site.not_found(), homes))
    for page, network in zip(unit_pages, units, strict=True):
        done.searched(page.file, shared.digest, partial(site.unit_page, page, network))
    for download in downloads:
        done.make(download.card, shared.digest, partial(site.network_card, download))
    if downloads:
        done.make(cards.DATA, shared.digest, site.data_card)
    done.add({search.FILE: search.index([(page, done.places[page.file]) for page in (*pages, *unit_pages)])})
    readers: dict[str, list[Page]] = {}
    for each in written:
        for module in dict.fromkeys(each.uses.modules):
            readers.setdefault(module, []).append(each.page)
    for module, on in sorted(readers.items()):
        drawn_by = [figure for figure in homes.values() if figure.code.startswith(f"code/{module}.html#")]
        told_of = [[page.slug for page in on], [[figure.id, figure.number] for figure in drawn_by]]
        made_of = [shared.digest, site.of_module(module), told_of]
        done.make(f"code/{module}.html", made_of, partial(site.code_page, module, readers=on, drawn=drawn_by))
    for figure in homes.values():
        drawn = figures[figure.id]
        done.make(figure.file, [code, drawn.digest], partial(_drawing, drawn))
        done.add({figure.data: drawn.csv})
        if figure.epochs:
            done.make(figure.steps, [code, drawn.digest], partial(_steps, drawn, figure))
    done.add(_assets(root, study))
    _check_scripts((*pages, *unit_pages), done.files)
    done.add(extras.files(pages=tuple(pages), further=unit_pages, root=root, base_url=base_url))
    where = Coordinates(study, networks or {}, card.get("class_names", ()))
    done.make("facts.json", shared.digest, partial(extras.facts_json, facts, pages, where))
    for name, make in (notebooks or {}).items():
        texts = [_digests(root, "notebooks/**/*"), extras.repository(root)]
        done.make(name, [code, repr(study), sorted(figures), *texts], make)
    told = extras.about(
        study=study, card=card, figures=figures, placed=homes, provenance=provenance, pages=(*pages, *unit_pages)
    )
    done.files = dict(sorted(done.files.items()))
    done.manifest = manifest.text(told, done.files)
    done.add({manifest.FILE: done.manifest})
    return done


def _drawing(drawn: FigureFiles) -> str:
    return theme.both(epochs.take(drawn.svg)[0])


def _steps(drawn: FigureFiles, figure: Placed) -> str:
    return script(f"epochs/{figure.name}", epochs.take(drawn.svg)[1])


def _templates(root: Path) -> list[Any]:
    """Digests of what every page may read: all templates but those that are looked at one by one, unless a template
    loads some by a name that cannot be told from its text; and what CITATION.cff tells them."""
    common = _digests(root, "**/*", but=SINGLE)
    loads_others = any(_LOADS_OTHERS.search((root / name).read_bytes()) for name in common)
    return [
        _digests(root, "**/*") if loads_others else common,
        extras.release_date(root),
        extras.repository(root),
        citation.digest(root),
    ]


def _digests(root: Path, pattern: str, *, but: tuple[str, ...] = ()) -> dict[str, str]:
    """{path: digest} of templates."""
    folder = root / "templates"
    names = sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern) if path.is_file())
    return {f"templates/{name}": _digest((folder / name).read_bytes()) for name in names if not name.startswith(but)}


def _assets(root: Path, study: Study) -> dict[str, Content]:
    """Style sheets, scripts and icon, and the citation file where there is one."""
    folder, citation = root / "templates" / "assets", root / "CITATION.cff"
    order = list(dict.fromkeys(each.architecture.name for each in study.conditions))
    conditions = {each.name: (each.treatment.name, order.index(each.architecture.name)) for each in study.conditions}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {f"assets/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in files}
    cited = {"CITATION.cff": citation.read_bytes()} if citation.is_file() else {}
    return {**found, "assets/shared/theme.css": theme.stylesheet(conditions), **cited}


def _homes(written: Sequence[Written]) -> dict[str, Placed]:
    """Where each figure is at home: its own page if it stands there, else the first page that shows it."""
    found: dict[str, Placed] = {}
    for each in written:
        for figure in each.uses.placed:
            if figure.id not in found or figure.id.partition("/")[0] == each.page.slug:
                found[figure.id] = figure
    return found


def _check_placed(homes: Mapping[str, Placed], figures: Mapping[str, FigureFiles]) -> None:
    lost = sorted(set(figures) - set(homes))
    if lost:
        raise PageError(
            f"drawn but on no page: {', '.join(lost)}. Show each with figure() in a template of templates/pages, "
            "or take it out of experiments/plan.py."
        )


def _check_scripts(pages: Sequence[Page], files: Mapping[str, object]) -> None:
    for page in pages:
        for needed in (*page.scripts, *page.styles):
            if needed not in files:
                raise unmade(page.slug, needed)


def _text(value: Any) -> Content:
    return value if isinstance(value, str | bytes) else json.dumps(value, indent=1, sort_keys=True) + "\n"


def _digest(value: object) -> str:
    """sha256 of bytes, or of a value's JSON."""
    data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()
