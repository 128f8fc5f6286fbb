"""The templates of a site, filled in: the text of every page, and the frame around it.

In: what all pages share, and what an earlier build remembers of the pages. Out: HTML. A page is written when its file
is asked for, or when nothing is known of what it has to do with the others: `written` of most pages is only that.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from experiments.spec import Study
from report import theme
from report.argument import facts as wording
from report.errors import PageError, unreadable
from report.play import units as portraits
from report.site import cards, citation, extras, front_matter, references, source, terms, values
from report.site.figure import Placed
from report.site.functions import Functions, Library, resolve_references
from report.site.pages import SITE_TAGLINE, SITE_TITLE, Page
from report.site.past import Past
from report.site.prose import to_html
from report.site.written import Shared, Text, Uses, Written

LAST = ("glossary", "references")  # written last: they name the pages that use them
# Templates of which each page reads few; all pages may read the others.
SINGLE = ("pages/", f"{terms.PICTURES}/", "assets/", "notebooks/")
NOT_FOUND = Page(
    "404",
    "Not found",
    "Is this page missing?",
    "There is no page at this address; the contents of the study lead to all that there are.",
    "",
)


class Loader(jinja2.FileSystemLoader):
    """Templates from a folder, in which pages begin with front matter: Jinja finds empty lines in its place."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        text, path, is_current = super().get_source(environment, template)
        return front_matter.blanked(text), path, is_current


class Environment(jinja2.Environment):
    """Jinja, noting the names of all templates that are asked for."""

    asked: set[str]

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> jinja2.Template:
        self.asked.add(_plain(name))
        return super().get_template(name, parent, globals)

    def select_template(self, names: Any, parent: Any = None, globals: Any = None) -> jinja2.Template:
        self.asked.update(map(_plain, names))
        return super().select_template(names, parent, globals)


def _plain(name: Any) -> str:
    """A template's name as a path: to Jinja, "/a" and "./a" are "a"."""
    return posixpath.normpath(str(name)).lstrip("/")


def environment(templates: Path) -> Environment:
    """Jinja as the templates in a folder need it."""
    found = Environment(
        loader=Loader(templates, encoding="utf-8"),
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=_Unknown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.asked = set()
    found.filters |= {
        "grouped": wording.grouped,
        "words": values.words,
        "counted": values.counted,
        "listed": values.listed,
    }
    return found


class Site:
    """The templates of one site, and what all its pages share."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.root, self.pages = shared, shared.root, shared.pages
        self.templates = self.root / "templates"
        self.references = references.load(self.root)
        self.terms = terms.read(self.root)
        self.environment = environment(self.templates)
        self.environment.globals |= {
            "study": values.of_study(shared.study),
            "dataset": values.of_dataset(shared.card),
            "provenance": shared.provenance,
            "networks": shared.units,
            "repository": extras.repository(self.root),
            "downloads": shared.downloads,
            **portraits.DRAWING,
        }
        self._digests: dict[Path, str] = {}

    def write(self, past: Past) -> list[Written]:
        """Every page in the order of the pages: its text, or that it is as an earlier build wrote it.

        Raises PageError of all pages that cannot be written and of pictures of no term, a line for each.
        """
        users: dict[str, list[Page]] = {}
        in_turn = sorted(self.pages, key=lambda page: LAST.index(page.slug) + 1 if page.slug in LAST else 0)
        by_slug: dict[str, Written] = {}
        faults = terms.strays(self.root)
        for page in in_turn:
            try:
                by_slug[page.slug] = self._remember(page, past, users) or self._write(page, past, users)
            except PageError as fault:
                faults.append(str(fault))
        if faults:
            raise PageError("\n".join(faults))
        return [by_slug[page.slug] for page in self.pages]

    def text(self, written: Written) -> Text:
        """The text of a page, which is written now if an earlier build did it."""
        if written.text:
            return written.text
        functions = Functions(self._library(), written.page, users=written.users, known=written.listings)
        return self._write_page(functions)[0]

    def not_found(self) -> Written:
        """The page for an address that does not exist."""
        library = Library(self.root, {}, {}, {page.slug: page for page in self.pages}, {}, {}, self.environment)
        functions = Functions(library, NOT_FOUND, top=extras.path_of(self.shared.base_url))
        text, uses = self._write_page(functions, template="404.md")
        return Written(NOT_FOUND, uses, "", text, {}, {})

    def dress(self, written: Written, homes: dict[str, Placed]) -> str:
        """The whole HTML page: the text in its frame, with figures it refers to linked by number."""
        page, order = written.page, [page.slug for page in self.pages]
        place = order.index(page.slug) if page.slug in order else None
        text = self.text(written)
        return self._frame(
            "page.html",
            page=page,
            body=resolve_references(text.body, page.slug, homes, {page.slug: page for page in self.pages}),
            headings=text.headings,
            cited=[self.references[key] for key in written.uses.cited],
            previous=self.pages[place - 1] if place else None,
            next=self.pages[place + 1] if place is not None and place + 1 < len(order) else None,
            top=extras.path_of(self.shared.base_url) if page.slug == "404" else "",
            title=SITE_TITLE if page.slug == "index" else f"{page.title} \u00b7 {SITE_TITLE}",
            indexed=page.slug != "404",
            steps=any(figure.epochs for figure in written.uses.placed),
        )

    def unit_page(self, page: Page, network: Mapping[str, Any]) -> str:
        """The page that shows every unit of one network."""
        title = f"Units of {page.title} \u00b7 {SITE_TITLE}"
        return self._frame("units.html", page=page, network=network, top="../", title=title, indexed=True)

    def network_card(self, download: cards.Download) -> str:
        """A network's card, as Markdown."""
        told = citation.read(self.root)
        front = cards.of_network(download, facts=self.shared.facts, card=self.shared.card, citation=told)
        return front + self._card("network", download=download)

    def data_card(self) -> str:
        """The data set's card, as Markdown."""
        return cards.of_dataset(self.shared.card) + self._card("dataset")

    def _card(self, name: str, **context: Any) -> str:
        functions = Functions(self._library(), Page(f"cards/{name}", name, "", "", ""))
        return self._fill(f"cards/{name}.md", functions.names() | context)

    def code_page(self, module: str, *, readers: Sequence[Page], drawn: Sequence[Placed]) -> str:
        """The page that shows a module's source, with links back to the pages that show functions of it and to the
        figures that it drew."""
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
            readers=readers,
            drawn=drawn,
            titles={each.slug: each.title for each in self.pages},
            top="../",
            title=f"{module} \u00b7 {SITE_TITLE}",
            indexed=False,
        )

    def of_module(self, module: str) -> str:
        """A digest of a module's source."""
        return self._digest_of(source.path_of(self.root, module))

    def _remember(self, page: Page, past: Past, users: dict[str, list[Page]]) -> Written | None:
        """A page that an earlier build wrote of just what it would be written of now."""
        try:
            known = past.pages[page.slug]
            uses = Uses.of(known["uses"])
            made_of, listings = self._made_of(page, uses, users), known["listings"]
            if made_of != known["made_of"]:
                return None
        except (KeyError, TypeError, AttributeError):
            return None
        before = {what: list(pages) for what, pages in users.items()}
        Functions(self._library(), page, users=users).note(*uses.noted)
        return Written(page, uses, made_of, None, before, listings)

    def _write(self, page: Page, past: Past, users: dict[str, list[Page]]) -> Written:
        before = {what: list(pages) for what, pages in users.items()}
        functions = Functions(self._library(), page, users=users, known=past.listings(page.slug))
        text, uses = self._write_page(functions)
        return Written(page, uses, self._made_of(page, uses, before), text, before, functions.listings)

    def _made_of(self, page: Page, uses: Uses, users: Mapping[str, Sequence[Page]]) -> str:
        """A digest of everything that a page with these uses depends on; KeyError for figures that are not drawn."""
        figures = {name: self.shared.figures[name].digest for name in (*(each.id for each in uses.placed), *uses.seen)}
        told = {*uses.noted, *uses.listed}
        parts = [
            self.shared.digest,
            page.slug,
            {name: term.anchor for name, term in self.terms.items()},
            [[term.template, term.picture] for term in self.terms.values() if f"term:{term.anchor}" in told],
            figures,
            {module: self.of_module(module) for module in uses.modules},
            {name: self._digest_of(self.templates / name) for name in (f"pages/{page.slug}.md", *uses.templates)},
            {what: [each.slug for each in users.get(what, ())] for what in uses.listed},
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _digest_of(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        return self._digests[path]

    def _library(self) -> Library:
        return Library(
            root=self.root,
            facts=self.shared.facts,
            figures=self.shared.figures,
            pages={page.slug: page for page in self.pages},
            references=self.references,
            terms=self.terms,
            partials=self.environment,
            units=self.shared.units,
            code=self.shared.code,
            data=self.shared.data,
            networks=self.shared.networks,
            absent=self.shared.absent,
            classes=self.shared.card.get("class_names", ()),
            strict=self.shared.study.name == "published",
        )

    def _write_page(self, functions: Functions, *, template: str | None = None) -> tuple[Text, Uses]:
        page = functions.page
        name = template or f"pages/{page.slug}.md"
        self.environment.asked.clear()
        text = self._fill(name, functions.names())
        try:
            body, headings = to_html(text)
        except PageError as error:
            raise PageError(f"templates/{name}: {error}") from error
        uses = Uses(
            placed=tuple(functions.placed),
            seen=tuple(functions.seen),
            cited=tuple(functions.cited) if page.slug != "references" else (),
            modules=tuple(functions.modules),
            templates=tuple(sorted(asked for asked in self.environment.asked if asked.startswith(SINGLE))),
            noted=tuple(functions.noted),
            listed=tuple(functions.listed),
        )
        return Text(functions.finish(body), headings), uses

    def _frame(self, name: str, **context: Any) -> str:
        page: Page = context["page"]
        base_url = self.shared.base_url
        base = base_url.rstrip("/") + "/" if base_url else None
        parent = page.slug.partition("/")[0]  # whose picture stands for the pages below it as well
        image = f"social/{parent}.png" if parent in self.shared.social else None
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
                "notices": _notices(self.shared.study, self.shared.card),
                "papers": (theme.PAPER, theme.DARK[theme.PAPER]),
            },
        )

    def _fill(self, name: str, context: Mapping[str, Any]) -> str:
        """A filled-in template; every fault becomes a PageError that names the template and the line."""
        try:
            return self.environment.get_template(name).render(context)
        except jinja2.TemplateNotFound as error:
            raise PageError(f"templates/{error.name} is missing; write it.") from error
        except jinja2.TemplateSyntaxError as error:
            raise PageError(f"templates/{error.name}, line {error.lineno}: {error.message}") from error
        except OSError as error:
            raise unreadable(name, error) from error
        except (jinja2.TemplateError, PageError, TypeError) as error:
            raise PageError(f"{self._where(error, name)}: {error}") from error
        except Exception as error:  # whatever an expression may come to: a division by zero, text that is no UTF-8
            raise PageError(f"{self._where(error, name)}: {type(error).__name__}: {error}") from error

    def _where(self, error: BaseException, name: str) -> str:
        """The innermost line of a template in the error's traceback."""
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if Path(frame.filename).is_relative_to(self.templates)]
        if not inside:
            return f"templates/{name}"
        template = Path(inside[-1].filename).relative_to(self.root).as_posix()
        return f"{template}, line {inside[-1].lineno}"


class _Unknown(jinja2.StrictUndefined):
    """An undefined name, told with what there is instead."""

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, values.Names):
            return f"{self._undefined_obj!r} has no {self._undefined_name!r}; correct the name."
        return super()._undefined_message


def _notices(study: Study, card: Mapping[str, Any]) -> list[str]:
    """What every page must say of a site that does not show the published study of MNIST."""
    notices = []
    if not card.get("is_mnist", card["dataset"] == "mnist"):
        notices.append(f"Made with {card['title']}, not with MNIST.")
    if study.name != "published" and study.data is None:
        notices.append(
            f"A preview: the {study.name} study, {values.counted(len(study.seeds), 'seed')} and "
            f"{values.counted(study.epochs, 'epoch')}. Its numbers are not the published ones."
        )
    return notices
