"""The site: a study, its facts and its figures go in, every file of the site comes out, as bytes by relative path.

Nothing is written and nothing is measured here; the same input makes the same bytes everywhere.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from experiments.spec import Study
from report import epochs, extras, manifest, references, source, theme, values
from report import facts as wording
from report import units as portraits
from report.errors import PageError
from report.facts import Fact
from report.figure import FigureFiles, Placed
from report.functions import Functions, Library, resolve_references
from report.pages import PAGES, SITE_TAGLINE, SITE_TITLE, Page
from report.prose import Heading, to_html
from report.scripts import script

LAST = ("glossary", "references")  # rendered last: they name the pages that use them
TERM = re.compile(r"""\bterm\(\s*["']([^"']+)["']\s*\)""")
NOT_FOUND = Page(
    "404",
    "Not found",
    "Is this page missing?",
    "There is no page at this address; the contents of the study lead to all that there are.",
    "",
)


@dataclass(frozen=True)
class Provenance:
    """Where the study was computed and what this build did: `stages` counts cached, published and computed stages,
    `seconds` is the computing time of the whole study where it is known."""

    environment: Mapping[str, str]
    stages: Mapping[str, int]
    seconds: float | None = None


def render(
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
    notebooks: Mapping[str, str] | None = None,
    pages: Sequence[Page] = PAGES,
) -> dict[str, bytes]:
    """Every file of the site by its relative path. `card` describes the data set, `social` holds a PNG per page,
    `scripts` what the pages' own scripts read, by name: text, bytes, or for a `.json` its value, which templates may
    read too; `units` what is known of the units of each network; `notebooks` are texts by their path.

    Raises PageError, naming template and line, for anything a page asks for that is not there.
    """
    for name, fact in facts.items():
        wording.check(name, fact)
    data = {name: value for name, value in (scripts or {}).items() if name.endswith(".json")}
    site = Site(root, study, card, provenance, base_url, tuple(pages), social or {}, data, tuple(units))
    written = site.write(dict(facts), dict(figures))
    files: dict[str, str | bytes] = {each.page.file: site.dress(each, written) for each in written}
    files["404.html"] = site.dress(site.not_found(), written)
    files |= {page.file: site.unit_page(page, network) for page, network in zip(site.unit_pages, units, strict=True)}
    files |= portraits.files(units)
    for module in sorted({module for each in written for module in each.modules}):
        files[f"code/{module}.html"] = site.code_page(module)
    placed = _placed(written, figures)
    for figure in placed.values():
        drawn = figures[figure.id]
        svg, record = epochs.take(drawn.svg)
        files |= {figure.file: theme.both(svg), figure.data: drawn.csv}
        if record:
            files[figure.steps] = script(f"epochs/{figure.name}", record)
    files |= {f"social/{slug}.png": image for slug, image in (social or {}).items()}
    files |= {f"data/{name}": _text(value) for name, value in (scripts or {}).items()}
    _check_scripts((*pages, *site.unit_pages), files | site.assets())
    files |= site.assets()
    files |= extras.files(facts=facts, pages=tuple(pages), further=site.unit_pages, root=root, base_url=base_url)
    files |= notebooks or {}
    whole = {name: data if isinstance(data, bytes) else data.encode() for name, data in sorted(files.items())}
    about = extras.about(
        study=study,
        card=card,
        figures=figures,
        placed=placed,
        provenance=provenance,
        pages=(*pages, *site.unit_pages),
    )
    return whole | {manifest.FILE: manifest.text(about, whole)}


@dataclass(frozen=True)
class Written:
    """A page's text before the frame is put around it."""

    page: Page
    body: str
    headings: tuple[Heading, ...]
    placed: tuple[Placed, ...]
    cited: tuple[str, ...]
    modules: tuple[str, ...]


class Site:
    """The templates of one site, and what all its pages share."""

    def __init__(
        self,
        root: Path,
        study: Study,
        card: Mapping[str, Any],
        provenance: Provenance,
        base_url: str | None,
        pages: tuple[Page, ...],
        social: Mapping[str, bytes],
        data: Mapping[str, Any],
        units: tuple[Mapping[str, Any], ...] = (),
    ) -> None:
        self.root, self.pages, self.base_url, self.social, self.data = root, pages, base_url, social, data
        self.units, self.unit_pages = units, portraits.pages(units)
        self.study, self.card, self.provenance = study, card, provenance
        self.templates = root / "templates"
        self.references = references.load(root)
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.templates, encoding="utf-8"),
            autoescape=jinja2.select_autoescape(("html",)),
            undefined=_Unknown,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.environment.filters |= {"grouped": wording.grouped, "words": values.words}
        self.environment.globals |= {
            "study": values.of_study(study),
            "dataset": values.of_dataset(card),
            "provenance": provenance,
            "networks": units,
            **portraits.DRAWING,
        }

    def write(self, facts: dict[str, Fact], figures: dict[str, FigureFiles]) -> list[Written]:
        """The text of every page, in the order of the pages."""
        library = Library(
            root=self.root,
            facts=facts,
            figures=figures,
            pages={page.slug: page for page in self.pages},
            references=self.references,
            terms=self._terms(),
            partials=self.environment,
            units=self.units,
            data=self.data,
        )
        users: dict[str, list[Page]] = {}
        in_turn = sorted(self.pages, key=lambda page: LAST.index(page.slug) + 1 if page.slug in LAST else 0)
        by_slug = {page.slug: self._write_page(Functions(library, page, users=users)) for page in in_turn}
        return [by_slug[page.slug] for page in self.pages]

    def not_found(self) -> Written:
        """The page for an address that does not exist."""
        library = Library(self.root, {}, {}, {page.slug: page for page in self.pages}, {}, {}, self.environment)
        return self._write_page(Functions(library, NOT_FOUND, top=extras.path_of(self.base_url)), template="404.md")

    def dress(self, written: Written, all_written: Sequence[Written]) -> str:
        """The whole HTML page: the text in its frame, with figures it refers to linked by number."""
        page, order = written.page, [page.slug for page in self.pages]
        place = order.index(page.slug) if page.slug in order else None
        by_slug = {page.slug: page for page in self.pages}
        body = resolve_references(written.body, page.slug, _home(all_written), by_slug)
        return self._frame(
            "page.html",
            page=page,
            body=body,
            headings=written.headings,
            cited=[self.references[key] for key in written.cited],
            previous=self.pages[place - 1] if place else None,
            next=self.pages[place + 1] if place is not None and place + 1 < len(order) else None,
            top=extras.path_of(self.base_url) if page.slug == "404" else "",
            title=SITE_TITLE if page.slug == "index" else f"{page.title} \u00b7 {SITE_TITLE}",
            indexed=page.slug != "404",
            steps=any(figure.epochs for figure in written.placed),
        )

    def unit_page(self, page: Page, network: Mapping[str, Any]) -> str:
        """The page that shows every unit of one network."""
        title = f"Units of {page.title} \u00b7 {SITE_TITLE}"
        return self._frame("units.html", page=page, network=network, top="../", title=title, indexed=True)

    def code_page(self, module: str) -> str:
        """The page that shows a module's source."""
        page = Page(
            f"code/{module}",
            module,
            module,
            f"The source of {module}: the code behind the numbers and figures of the study, line by line.",
            "",
        )
        listing = source.module_html(self.root, module)
        return self._frame(
            "code.html",
            page=page,
            body=listing,
            top="../",
            title=f"{module} \u00b7 {SITE_TITLE}",
            indexed=False,
        )

    def assets(self) -> dict[str, bytes | str]:
        """Style sheets, scripts and icon, and the citation file where there is one."""
        folder = self.templates / "assets"
        found: dict[str, bytes | str] = {
            f"assets/{path.name}": path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()
        }
        citation = self.root / "CITATION.cff"
        return (
            found
            | {"assets/theme.css": theme.stylesheet()}
            | ({"CITATION.cff": citation.read_bytes()} if citation.is_file() else {})
        )

    def _write_page(self, functions: Functions, *, template: str | None = None) -> Written:
        page = functions.page
        name = template or f"pages/{page.slug}.md"
        text = self._fill(name, functions.names())
        try:
            body, headings = to_html(text)
        except PageError as error:
            raise PageError(f"templates/{name}: {error}") from error
        cited = tuple(functions.cited) if page.slug != "references" else ()
        return Written(page, functions.finish(body), headings, tuple(functions.placed), cited, tuple(functions.modules))

    def _frame(self, name: str, **context: Any) -> str:
        page: Page = context["page"]
        base = self.base_url.rstrip("/") + "/" if self.base_url else None
        parent = page.slug.partition("/")[0]  # whose picture stands for the pages below it as well
        image = f"social/{parent}.png" if parent in self.social else None
        return self._fill(
            name,
            context
            | {
                "pages": self.pages,
                "site_title": SITE_TITLE,
                "site_tagline": SITE_TAGLINE,
                "canonical": base and base + ("" if page.slug == "index" else page.file),
                "image": image and (base or context["top"]) + image,
                "feed": bool(base and extras.release_date(self.root)),
                "notices": _notices(self.study, self.card),
                "papers": (theme.PAPER, theme.DARK[theme.PAPER]),
            },
        )

    def _fill(self, name: str, context: Mapping[str, Any]) -> str:
        """A filled-in template; every fault becomes a PageError that names the template and the line."""
        try:
            return self.environment.get_template(name).render(context)
        except jinja2.TemplateNotFound as error:
            raise PageError(
                f"templates/{error.name} is missing; write it, or remove the page from report/pages.py."
            ) from error
        except jinja2.TemplateSyntaxError as error:
            raise PageError(f"templates/{error.name}, line {error.lineno}: {error.message}") from error
        except (jinja2.TemplateError, PageError, TypeError) as error:
            raise PageError(f"{self._where(error, name)}: {error}") from error

    def _where(self, error: BaseException, name: str) -> str:
        """The innermost line of a template in the error's traceback."""
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if Path(frame.filename).is_relative_to(self.templates)]
        if not inside:
            return f"templates/{name}"
        template = Path(inside[-1].filename).relative_to(self.root).as_posix()
        return f"{template}, line {inside[-1].lineno}"

    def _terms(self) -> dict[str, str]:
        path = self.templates / "pages" / "glossary.md"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        return {term.lower(): re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-") for term in TERM.findall(text)}


class _Unknown(jinja2.StrictUndefined):
    """An undefined name, told with what there is instead."""

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, values.Names):
            return f"{self._undefined_obj!r} has no {self._undefined_name!r}; correct the name."
        return super()._undefined_message


def _home(written: Sequence[Written]) -> dict[str, Placed]:
    """Where each figure is at home: its own page if it stands there, else the first page that shows it."""
    found: dict[str, Placed] = {}
    for each in written:
        for figure in each.placed:
            if figure.id not in found or figure.id.partition("/")[0] == each.page.slug:
                found[figure.id] = figure
    return found


def _placed(written: Sequence[Written], figures: Mapping[str, FigureFiles]) -> dict[str, Placed]:
    placed = _home(written)
    lost = sorted(set(figures) - set(placed))
    if lost:
        raise PageError(
            f"drawn but on no page: {', '.join(lost)}. Show each with figure() in a template of templates/pages, "
            "or take it out of experiments/plan.py."
        )
    return placed


def _check_scripts(pages: Sequence[Page], files: Mapping[str, str | bytes]) -> None:
    for page in pages:
        for needed in (*page.scripts, *page.styles):
            if needed not in files:
                raise PageError(f"page {page.slug!r} needs {needed}, which nothing makes; see report/pages.py.")


def _text(value: Any) -> str | bytes:
    return value if isinstance(value, str | bytes) else json.dumps(value, indent=1, sort_keys=True) + "\n"


def _notices(study: Study, card: Mapping[str, Any]) -> list[str]:
    """What every page must say of a site that does not show the published study of MNIST."""
    notices = []
    if not card.get("is_mnist", card["dataset"] == "mnist"):
        notices.append(f"Made with {card['title']}, not with MNIST.")
    if study.name != "published":
        notices.append(
            f"A preview: the {study.name} study, {values.words(len(study.seeds))} seeds and "
            f"{values.words(study.epochs)} epochs. Its numbers are not the published ones."
        )
    return notices
