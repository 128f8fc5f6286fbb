"""What a page's template may call: facts, figures, code, links. One object per page; it notes what the page used.

Functions that make a block hand Markdown a token and keep the HTML, so that Markdown never touches it.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import jinja2

from report import epochs
from report.argument import facts as wording
from report.argument import marks
from report.argument.claims import Check, Checks, Row
from report.argument.facts import Fact
from report.argument.known import Known, Place
from report.errors import PageError, unknown
from report.play import units as portraits
from report.site import citation, source
from report.site.figure import FigureFiles, Placed, size
from report.site.pages import Page
from report.site.prose import inline, plain, to_html
from report.site.references import Reference
from report.site.terms import Term
from report.site.values import literal

TOKEN = "\ue000{}\ue001"  # private-use characters: Markdown leaves them alone
UNDECIDED = "What the published study found does not follow from these numbers: *not decided here*."
DASH = "–"  # in a table, where a network lacks a measure
_BLOCK = re.compile("(?:<p>)?\ue000block:(\\d+)\ue001(?:</p>)?")
_SEE = re.compile("\ue000see:([^\ue001]+)\ue001")
Caller = Callable[[], str]


@dataclass(frozen=True)
class Library:
    """Everything that pages may ask for by name."""

    root: Path
    facts: dict[str, Fact]
    figures: dict[str, FigureFiles]
    pages: dict[str, Page]
    references: dict[str, Reference]
    terms: Mapping[str, Term]  # by their names in lower case
    partials: jinja2.Environment
    units: Sequence[Mapping[str, Any]] = ()  # of each network; see report/play/portraits.py
    code: str = ""  # a digest of the code that renders
    data: Mapping[str, Any] = field(default_factory=dict)  # what stages "script/..." made as .json, by its name
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # {architecture: what it says of itself}
    classes: Sequence[str] = ()  # the names of the classes
    absent: Mapping[str, str] = field(default_factory=dict)  # {page: why the study does not have it}
    strict: bool = True  # whether every claim has to stand: in a smaller study, one that fails becomes a question

    @property
    def known(self) -> Known:
        """The facts by measure and coordinates."""
        return Known(self.facts, self.networks)


@dataclass
class Functions:
    """The functions of one page, and afterwards what the page used."""

    library: Library
    page: Page
    top: str = ""  # what links to pages begin with: the site's path on the page for missing addresses
    users: dict[str, list[Page]] = field(default_factory=dict)  # "term:…" and "cite:…" -> pages, of the whole site
    placed: list[Placed] = field(default_factory=list)
    cited: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # figures that it links to by number
    noted: list[str] = field(default_factory=list)  # what it put into `users`, in that order
    listed: list[str] = field(default_factory=list)  # what it shows the users of, as far as they were written before
    blocks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # the evidence that its marks open
    definitions: dict[str, str] = field(default_factory=dict)  # of the terms that it links to, by their anchors
    known: Mapping[str, str] = field(default_factory=dict)  # listings of code by what they are made of, from before
    listings: dict[str, str] = field(default_factory=dict)  # the same of now

    def names(self) -> dict[str, Callable[..., Any]]:
        """The functions by the name that templates call them."""
        known = self.library.known
        checks = Checks(known, strict=self.library.strict)

        def has(measure: str, *at: Place) -> bool:
            return self.library.strict or known.has(measure, *at)

        return {
            "value": lambda measure, *at, **options: wording.value(known.fact(measure, *at), **options),
            "cell": lambda measure, *at: wording.value(known.fact(measure, *at)) if has(measure, *at) else DASH,
            "span": lambda sentence, measure, among, *at: wording.span(self._there(measure, among, at), sentence),
            "interval": lambda measure, *at: wording.interval(known.fact(measure, *at)),
            "fact": lambda measure, *at: wording.shown(known.fact(measure, *at)),
            "said": lambda measure, *at: wording.said(known.fact(measure, *at)),
            "verdict": lambda measure, *at: wording.verdict(known.fact(measure, *at)),
            "number": lambda measure, *at: known.fact(measure, *at)["value"],
            "count": lambda measure, *at: known.fact(measure, *at)["n"],
            "class_name": lambda measure, *at: literal(self.library.classes[int(known.fact(measure, *at)["value"])]),
            "has": known.has,
            "layers": lambda condition: self.library.networks[condition.architecture.name]["layers"],
            "with_channels": lambda conditions: [
                each for each in conditions if self.library.networks[each.architecture.name]["channels"]
            ],
            "network_of": lambda condition: self.library.networks[condition.architecture.name],
            "has_page": lambda slug: slug in self.library.pages,
            "left_out": lambda: self.library.absent,
            "packed": lambda name: self.library.data[name],
            "every": checks.every,
            "some": checks.some,
            "nowhere": checks.nowhere,
            "at_least": checks.at_least,
            "at_most": checks.at_most,
            "above": checks.above,
            "at_most_part": checks.at_most_part,
            "shrinks": checks.shrinks,
            "carries": checks.carries,
            "all_of": lambda *all_checks: reduce(and_, all_checks),
            "claim": self.claim,
            "finding": self.finding,
            "evidence": self.evidence,
            "reach": self.reach,
            "sketch": self.sketch,
            "cards": self.cards,
            "card": self.card,
            "rows": self.rows,
            "page": self.page_link,
            "glossary": self.glossary,
            "cite": self.cite,
            "see": self.see,
            "figure": self.figure,
            "measured": self.measured,
            "widget": self.widget,
            "answer": self.answer,
            "predict": self.predict,
            "term": self.term,
            "terms": self.terms,
            "references": self.references,
            "citation": lambda: citation.told(self.library.root),
        }

    def finish(self, body: str) -> str:
        """The body with every token replaced by its block (blocks may hold tokens themselves)."""
        while _BLOCK.search(body):
            body = _BLOCK.sub(lambda match: self.blocks[int(match.group(1))], body)
        notes = "\n".join([*self.notes, *self.definitions.values()])
        return (
            f'{body}\n<aside class="notes" aria-label="Evidence and definitions">\n{notes}\n</aside>' if notes else body
        )

    def rows(self, page: str) -> list[Mapping[str, Any]]:
        """The rows of a page's table, in their order: what its facts say, under `of`, that they are of."""
        facts = [fact for name, fact in self.library.facts.items() if name.startswith(f"{page}.")]
        found = {fact["of"]["place"]: fact["of"] for fact in facts if "of" in fact}
        if not found:
            raise PageError(f"no fact of page {page!r} belongs to a row of a table; rows are declared by its analysis.")
        return [found[place] for place in sorted(found)]

    # Claims

    def claim(self, question: str, *checks: Check, caller: Caller) -> str:
        """A sentence that stands if all checks hold, with its evidence behind a mark.

        Where one does not hold, the published study cannot be built: PageError names the claim and the facts. In any
        other study the question stands in its place, with the same evidence; nothing does where there is none.
        """
        held = self._held(question, checks)
        if not held and not any(check.rows for check in checks):
            return ""
        sentence = caller().strip() if held else f"{question} {UNDECIDED}"
        return f"{sentence} {self._mark([row for check in checks for row in check.rows], question)} "

    def finding(self, text: str, *checks: Check, otherwise: str) -> str:
        """A finding in words, as the title of a figure is; where a check does not hold in a smaller study, `otherwise`,
        which says what is shown and not what comes of it."""
        return text if self._held(text, checks) else otherwise

    def evidence(self, measure: str, among: Sequence[Any], *at: Place, asked: str = "") -> str:
        """The mark of a measure's facts, of conditions or comparisons; `asked` stands above them."""
        return self._mark(Checks(self.library.known, self.library.strict).rows(measure, list(among), at), asked)

    def reach(self, measure: str, among: Sequence[Any], *at: Place, **options: Any) -> str:
        """The end of a sentence: from what to what a measure's facts reach, and their mark; where they are differences,
        that none of them is decided, or not all. Nothing where there are no facts."""
        facts = self._there(measure, among, at)
        undecided = sum("verdict" in fact and wording.verdict(fact) == "undecided" for fact in facts)
        open_ = " (not all decided)" if 0 < undecided < len(facts) else " (not decided)" if undecided else ""
        reach = wording.span(facts, f"#{open_}.")
        return f"{reach} {self.evidence(measure, among, *at, **options)}" if reach else ""

    def sketch(
        self, title: str, measure: str, among: Sequence[Any], *at: Place, within: tuple[float, float] | None = None
    ) -> str:
        """A small picture of what a measure found of some conditions, as far as there are such facts."""
        known = self.library.known
        rows = [
            (each.title, each.name, known.fact(measure, each, *at)) for each in among if known.has(measure, each, *at)
        ]
        return marks.sketch(rows, title=title, within=within) if rows else ""

    def _there(self, measure: str, among: Sequence[Any], at: Sequence[Place]) -> list[Fact]:
        """A measure's facts, of those of which there are any."""
        known = self.library.known
        return [known.fact(measure, each, *at) for each in among if known.has(measure, each, *at)]

    def _held(self, claim: str, checks: Sequence[Check]) -> bool:
        failed = [check for check in checks if not check.holds]
        if failed and self.library.strict:
            facts = {row.name: wording.said(self.library.facts[row.name]) for check in failed for row in check.rows}
            told = "; ".join(f"{name} is {said}" for name, said in facts.items()) or "the study has no such facts"
            asked = "; ".join(check.asks for check in failed)
            raise PageError(f"the claim {claim!r} does not stand: it asks for {asked}, but {told}. Write it anew.")
        return not failed

    def _mark(self, rows: Sequence[Row], asked: str) -> str:
        """The mark in the text; its note stands at the end of the page. What is told between two conditions, such as
        their likeness or their ratio, is no difference: one stands against the other there."""
        if not rows:
            return ""
        tables: dict[str, dict[str, Fact]] = {}
        places: dict[str, set[str]] = {}
        for row in rows:
            places.setdefault(row.measure, set()).add(row.at)
        for row in rows:
            is_between = ".difference." not in row.name or row.name.replace(".difference", "", 1) in self.library.facts
            of = row.of.replace(" minus ", " against ") if is_between else row.of
            of = f"{of}, {row.at}" if row.at and len(places[row.measure]) > 1 else of
            tables.setdefault(row.measure, {})[of] = self.library.facts[row.name]
        number = len(self.notes) + 1
        shown = {measure: list(of.items()) for measure, of in tables.items()}
        self.notes.append(marks.note(number, shown, asked=asked))
        return self._inline(marks.button(number))

    # Links

    def page_link(self, slug: str, text: str | None = None) -> str:
        """A link to a page, under its short title or another text; the text alone where the study lacks the page."""
        title = self._title(slug)
        shown, target = html.escape(text or title), self.library.pages.get(slug)
        return f'<a href="{self.top}{target.file}">{shown}</a>' if target else shown

    def _title(self, slug: str) -> str:
        if slug in self.library.pages:
            return self.library.pages[slug].title
        if slug not in self.library.absent:
            raise unknown("page", slug, self.library.pages, "Each is a file in templates/pages.")
        return slug.capitalize()

    def glossary(self, term: str, text: str | None = None) -> str:
        """A link to a term's entry, under the term itself or another form of it; a script opens the entry in place."""
        found = self.library.terms.get(term.lower())
        if found is None:
            raise unknown("glossary term", term, self.library.terms, "Define it in templates/pages/glossary.md.")
        self.note(f"term:{found.anchor}")
        link = f'<a class="term" href="glossary.html#{found.anchor}"'
        if self.page.slug == "glossary":
            return f"{link}>{html.escape(text or term)}</a>"
        if found.anchor not in self.definitions:
            self.definitions[found.anchor] = self._definition(term, found)
        return f'{link} data-term="{found.anchor}">{html.escape(text or term)}</a>'

    def _definition(self, name: str, term: Term) -> str:
        """A term's entry in the glossary, for the end of the page. Words, pages and references within it are no links;
        what stands for them is escaped as it is put in."""
        plainly = {
            **self.names(),
            "glossary": lambda other, text=None: text or other,
            "page": lambda slug, text=None: text or self._title(slug),
            "cite": lambda *keys: "; ".join(self.library.references[key].short for key in keys),
        }
        body, _ = to_html(self.library.partials.from_string(term.template).render(plainly))
        return (
            f'<div class="definition" id="term-{term.anchor}" popover="manual" role="note">'
            f"<p><strong>{html.escape(name)}</strong></p>{term.picture}{body}</div>"
        )

    def cite(self, *keys: str) -> str:
        """Links to references, each carrying the whole reference; the page lists them again at its end."""
        links = []
        for key in keys:
            if key not in self.library.references:
                raise unknown("reference", key, self.library.references, "Add it to templates/references.json.")
            reference = self.library.references[key]
            self.note(f"cite:{key}")
            if key not in self.cited:
                self.cited.append(key)
            title, short = html.escape(reference.text), html.escape(reference.short)
            links.append(f'<a class="cite" href="references.html#{key}" title="{title}">{short}</a>')
        return "; ".join(links)

    def see(self, figure: str) -> str:
        """A link "Figure 2" to a figure, wherever it stands; resolved when every page is known."""
        self._files(figure)
        self.seen.append(figure)
        return TOKEN.format(f"see:{figure}")

    # Blocks

    def answer(self, caller: Caller) -> str:
        """The two sentences at the top of a page."""
        body, _ = to_html(caller())
        return self._block(f'<div class="answer">\n{body}\n</div>')

    def cards(self, caller: Caller) -> str:
        """Cards side by side."""
        return self._block(f'<div class="cards">\n{caller().strip()}\n</div>')

    def card(self, slug: str, picture: str, caller: Caller) -> str:
        """A claim in short, under a small picture, with the way to the page that tells more."""
        told, _ = to_html(caller())
        if not told:
            return ""
        question = html.escape(self.library.pages[slug].question) if slug in self.library.pages else ""
        way = f'<p class="card-way">{self.page_link(slug)}<span class="unseen">: {question}</span></p>'
        return self._block(f'<div class="card">\n{picture}\n{told}{way}\n</div>')

    def predict(self, name: str, question: str, choices: Sequence[tuple[str, Check | bool]], caller: Caller) -> str:
        """A question that the reader answers before they see what was found. `choices`: words, and whether it came out
        so. Raises PageError where the published study does not tell exactly one of them; a smaller one may not."""
        right = [
            number for number, (_, came) in enumerate(choices, 1) if (came if isinstance(came, bool) else came.holds)
        ]
        if self.library.strict and len(right) != 1:
            raise PageError(f"the prediction {name!r} has {len(right)} choices that came true; it needs one.")
        found, _ = to_html(caller())
        values = {"key": name, "question": inline(question), "choices": [inline(words) for words, _ in choices]}
        told = right[0] if len(right) == 1 else None
        return self._block(self._partial("predict.html", **values, right=told, found=found))

    def figure(
        self, name: str, *, title: str, alt: str, caller: Caller, units: str | Sequence[Sequence[str]] = ()
    ) -> str:
        """A numbered figure with its finding as title, its caption, and the way to its data and code.

        units: (condition, layer) pairs whose units it shows, or "last", or "all" (see `report.play.units.named`); the
        reader can open each of them from here.
        """
        files = self._files(name)
        if any(each.id == name for each in self.placed):
            raise PageError(f"figure {name!r} stands twice on this page; show it once and refer to it with see().")
        target = source.find(self.library.root, files.function)
        self.modules.append(target.module)
        record = epochs.take(files.svg)[1] or {"epochs": ()}
        placed = Placed(
            name, len(self.placed) + 1, self.page.slug, *size(files.svg, name), target.link, tuple(record["epochs"])
        )
        self.placed.append(placed)
        caption, _ = to_html(caller())
        return self._block(
            self._partial(
                "figure.html",
                placed=placed,
                files=files,
                title=inline(title),
                alt=plain(alt),
                caption=caption,
                named=portraits.named(self.library.units, units),
            )
        )

    def measured(self, *functions: str) -> str:
        """ "How this was measured": the source of the functions that made the page's numbers."""
        targets = [source.find(self.library.root, name) for name in functions]
        self.modules.extend(target.module for target in targets)
        listings = [(target, self._listing(target)) for target in targets]
        return self._block(self._partial("measured.html", listings=listings))

    def widget(self, name: str, **values: Any) -> str:
        """Something to play with: templates/partials/<name>.html, filled with `values`, `data`, `pages` and `units`."""
        known = {"data": self.library.data, "pages": self.library.pages, "units": self.library.units}
        return self._block(self._partial(f"{name}.html", **known, **values))

    def terms(self, caller: Caller) -> str:
        """The list around the entries of the glossary."""
        return self._block(f'<dl class="terms">\n{caller().strip()}\n</dl>')

    def term(self, name: str, caller: Caller) -> str:
        """One entry of the glossary, with its picture and the pages that use the term."""
        known, body = self.library.terms[name.lower()], to_html(caller())[0]
        used = self._users(f"term:{known.anchor}", "Used in")
        return self._block(
            f'<div class="entry" id="{known.anchor}">\n<dt><dfn>{html.escape(name)}</dfn></dt>\n'
            f"<dd><div>{body}</div>{known.picture}{used}</dd>\n</div>"
        )

    def references(self, kind: str) -> str:
        """All references of a kind, with the pages that cite them."""
        chosen = [each for each in self.library.references.values() if each.kind == kind]
        if not chosen:
            kinds = {each.kind for each in self.library.references.values()}
            raise unknown("kind of reference", kind, kinds, "Kinds stand in templates/references.json.")
        items = [
            f'<li id="{each.key}">{each.markup}{self._users(f"cite:{each.key}", "Cited in")}</li>' for each in chosen
        ]
        return self._block('<ul class="references">\n' + "\n".join(items) + "\n</ul>")

    # What the functions share

    def _files(self, figure: str) -> FigureFiles:
        if figure not in self.library.figures:
            raise unknown("figure", figure, self.library.figures, "Figures are planned in experiments/plan.py.")
        return self.library.figures[figure]

    def note(self, *uses: str) -> None:
        """Notes that the page uses terms and references ("term:…", "cite:…"), so that their lists can name it."""
        for what in uses:
            users = self.users.setdefault(what, [])
            if self.page not in users:
                users.append(self.page)
                self.noted.append(what)

    def _users(self, what: str, words: str) -> str:
        self.listed.append(what)
        links = ", ".join(self.page_link(each.slug) for each in self.users.get(what, []) if each != self.page)
        return f'<p class="used">{words} {links}</p>' if links else ""

    def _listing(self, target: source.Target) -> str:
        """The source of a function in HTML: highlighting takes longer than all else that a page needs."""
        made_of = hashlib.sha256(repr((self.library.code, target)).encode()).hexdigest()
        self.listings[made_of] = self.known.get(made_of) or source.function_html(target)
        return self.listings[made_of]

    def _partial(self, name: str, **values: Any) -> str:
        return self.library.partials.get_template(f"partials/{name}").render(values)

    def _inline(self, markup: str) -> str:
        self.blocks.append(markup)
        return TOKEN.format(f"block:{len(self.blocks) - 1}")

    def _block(self, markup: str) -> str:
        self.blocks.append(markup)
        return f"\n\n{TOKEN.format(f'block:{len(self.blocks) - 1}')}\n\n"


def resolve_references(body: str, here: str, placed: dict[str, Placed], pages: dict[str, Page]) -> str:
    """The body with every see() token replaced by a link to the figure's place."""

    def link(match: re.Match[str]) -> str:
        target = placed[match.group(1)]
        where = "" if target.page == here else f" of {html.escape(pages[target.page].title)}"
        file = "" if target.page == here else pages[target.page].file
        return f'<a href="{file}#{target.anchor}">Figure {target.number}{where}</a>'

    return _SEE.sub(link, body)
