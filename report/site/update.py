"""The last step of a build: decides whether the site is current, and if not, renders it and puts it in place whole.

In: a survey in which every stage is valid. Out: the site's folder, and a sentence that says what was done.
The renderer is imported only when there is something to render.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.engine import folder
from experiments.engine.files import explained
from experiments.engine.key import canonical, digest
from experiments.engine.survey import Survey
from experiments.plan import CARD, PICTURES, made, shown
from experiments.spec import Product, Stage, Study
from report.errors import PageError
from report.site import past
from report.site.manifest import SIGN
from report.site.pages import Contents
from report.site.past import Past
from report.site.unchanged import SOURCES

if TYPE_CHECKING:
    from report.site.render import Rendering

CLOCK = 10_000_000  # ns by which the time of a file may lag behind


def check(stages: Iterable[Stage], contents: Contents, *, root: Path, out: Path) -> None:
    """Asked before any work is done. Raises PageError for faults of the templates and of what pages say of themselves,
    with a line for each, and FilesError where no site may be written."""
    from report.site.check import faults

    figures = {each.name.removeprefix("figure/"): each.function for each in stages if each.name.startswith("figure/")}
    if found := dict.fromkeys([*contents.faults, *faults(root, figures, pages=contents.pages, absent=contents.absent)]):
        raise PageError("\n".join(found))
    folder.check(out, sign=SIGN)


class Read:
    """The files of the project that the site's bytes depend on, as they lay there when a build began to read them."""

    def __init__(self, root: Path, *, began: int) -> None:
        """began: in ns since 1970, when nothing of them was read yet."""
        self.root, self._began = root, began
        self.digests = _sources(root)

    @property
    def is_as_it_was(self) -> bool:
        """Whether what the build read at its beginning, in its course and at its end was one and the same."""
        newest = max(((self.root / name).stat().st_ctime_ns for name in self.digests), default=0)
        return newest < self._began - CLOCK and _sources(self.root) == self.digests


def update(
    survey: Survey,
    contents: Contents,
    sources: Read,
    *,
    study: Study,
    out: Path,
    cache: Path,
    base_url: str | None,
) -> str | None:
    """Writes the site unless the folder already holds exactly what would be written; says what it wrote, if anything.
    Of what the folder holds, only that is rendered anew which is not known to be made of the same."""
    stamp = _stamp(survey, sources.digests, study=study, base_url=base_url)
    note = past.place(cache, out)
    lying = folder.written(out, sign=SIGN)
    last = past.read(note)
    if lying.get(SIGN.name) != last.manifest:
        last = past.NOTHING  # another build wrote what lies there
    if lying and last.stamp == stamp:
        return None
    folder.check_place(out)  # before a site is rendered that could not be put there
    code = _code(sources.digests)
    arguments = _arguments(survey, contents, study=study, root=sources.root, base_url=base_url, code=code)
    done, notes = _put(out, arguments, last, lying)
    found_out = {slug: why for slug, why in arguments["absent"].items() if slug not in contents.absent}
    notes = [*(f"without the chapter {slug}: {why}" for slug, why in found_out.items()), *notes]
    if sources.is_as_it_was:
        past.write(note, past.Past(stamp, digest(done.manifest), done.made, done.pages, done.places))
    else:
        past.write(note, past.NOTHING)
        notes.append("some of the project changed while this was built: run again, and all of it is taken in")
    size = sum((out / name).stat().st_size for name in done.files)
    return "\n".join([*notes, f"wrote {out}: {len(done.files)} files, {size / 1e6:.1f} MB"])


def counts(survey: Survey) -> dict[str, int]:
    """How many stages rest on which results. It tells of results, not of this build's doings, so that a build
    that was interrupted and resumed ends with the same bytes as one that was not: `computed` and `cached` are
    those made on this machine, by whichever build, and kept in its cache; `published` those that were restored."""
    states = [standing.state for standing in survey.standings.values()]
    cached, published = states.count("cached"), states.count("published")
    return {"cached": cached, "published": published, "computed": cached}


def _sources(root: Path) -> dict[str, str]:
    """{path: digest} of all files of the project that the site's bytes depend on."""
    found = {}
    for top, ending in SOURCES.items():
        for path in sorted(_files(root / top)):
            if path.endswith(ending):
                with explained("read", Path(path)):
                    found[os.path.relpath(path, root)] = digest(Path(path).read_bytes())
    return found


def _files(top: Path) -> Iterator[str]:
    """The file, or all files in the folder."""
    if top.is_file():
        yield str(top)
    if top.is_dir():
        with explained("read", top):
            for folder, folders, names in os.walk(top, onerror=_raise):
                if linked := next((each for each in folders if Path(folder, each).is_symlink()), None):
                    raise PageError(f"{folder}{os.sep}{linked} is a link to a folder: put the folder itself there")
                yield from (f"{folder}{os.sep}{name}" for name in names)


def _raise(error: OSError) -> None:
    raise error


def _stamp(survey: Survey, sources: Mapping[str, str], *, study: Study, base_url: str | None) -> str:
    """A digest over everything that the site's bytes depend on."""
    products = [[p.stage, p.name, survey.address(p), survey.standings[p.stage].key] for p in shown(list(survey.stages))]
    parts = [sources, products, repr(study), base_url, counts(survey), _environment(survey)]
    return digest(canonical(parts).encode())


def _code(sources: Mapping[str, str]) -> str:
    """A digest of the code that renders, ours and that of the libraries."""
    code = {name: found for name, found in sources.items() if name.endswith(".py")}
    return digest(canonical([sorted(_installed()), code]).encode())


def _installed() -> set[str]:
    """Every distribution with its version, as the names of the folders that installers leave tell them."""
    found: set[str] = set()
    for path in sys.path:
        with contextlib.suppress(OSError):
            found.update(entry.name for entry in os.scandir(path or ".") if entry.name.endswith(".dist-info"))
    return found


def _environment(survey: Survey) -> Mapping[str, str]:
    """Where the study was measured: what the records of its measurements name; several where they differ."""
    found: dict[str, set[str]] = {}
    for name, standing in survey.standings.items():
        if not name.startswith(PICTURES) and standing.record is not None:
            for what, which in standing.record.environment.items():
                found.setdefault(what, set()).add(which)
    return {what: " and ".join(sorted(which)) for what, which in found.items()}


def _seconds(survey: Survey) -> float | None:
    """The computing time of a study whose measurements all come from the published shelf; a study computed here
    has none to tell, as its bytes must not depend on how fast this machine was."""
    measured = [s for name, s in survey.standings.items() if not name.startswith(PICTURES)]
    if any(standing.state != "published" for standing in measured):
        return None
    return sum(standing.record.seconds for standing in measured if standing.record is not None)


def possible(contents: Contents, scripts: Mapping[str, Any]) -> Contents:
    """The contents without the pages of which only the data and the networks told that they cannot be had: those whose
    scripts say so, `<page>.json` being {"cannot": why}."""
    told = {page.slug: scripts.get(f"{page.slug}.json") for page in contents.pages}
    cannot = {slug: said["cannot"] for slug, said in told.items() if isinstance(said, dict) and "cannot" in said}
    return contents.without({**contents.absent, **cannot}) if cannot else contents


def _put(out: Path, arguments: Mapping[str, Any], last: Past, lying: Mapping[str, str]) -> tuple[Rendering, list[str]]:
    """Renders the site and puts it into its folder. Returns it, and what else is to be said."""
    from report.site.render import rendering

    done = rendering(**arguments, past=last, lying=lying)
    try:
        return done, folder.replace(out, done.files, sign=SIGN, lying=lying)
    except folder.Moved:  # another build of the same site ended meanwhile, and what was to be kept is gone
        done = rendering(**arguments)
        return done, folder.replace(out, done.files, sign=SIGN)


def _arguments(
    survey: Survey, contents: Contents, *, study: Study, root: Path, base_url: str | None, code: str
) -> dict[str, Any]:
    """What the site is rendered of."""
    from report.site import notebooks
    from report.site.figure import FigureFiles
    from report.site.written import Provenance

    facts: dict[str, Any] = {}
    figures: dict[str, FigureFiles] = {}
    social: dict[str, bytes] = {}
    scripts: dict[str, Any] = {}
    units: list[Mapping[str, Any]] = []
    networks: dict[str, Any] = {}
    files: dict[str, tuple[bytes, Mapping[str, Any]]] = {}
    for stage in survey.stages:
        if stage.name.startswith("analysis/"):
            facts.update(survey.value(Product(stage.name, "facts.json")))
        elif stage.name.startswith("check/"):
            networks[stage.name.removeprefix("check/")] = survey.value(Product(stage.name, "check.json"))
        elif stage.name.startswith("network/"):
            name = stage.name.removeprefix("network/")
            told = survey.value(Product(f"runnable/{name}", "runnable.json"))
            files[name] = (survey.value(Product(stage.name, "network.safetensors")), told)
        elif stage.name.startswith("social/"):
            social[stage.name.removeprefix("social/")] = survey.value(Product(stage.name, "social.png"))
        elif stage.name.startswith("unit-page/"):
            units.append(survey.value(Product(stage.name, "units.json")))
        elif stage.name.startswith("script/"):
            scripts |= {product.name: survey.value(product) for product in made(stage)}
        elif stage.name.startswith("figure/"):
            figures[stage.name.removeprefix("figure/")] = FigureFiles(
                svg=survey.value(Product(stage.name, "figure.svg")),
                csv=survey.value(Product(stage.name, "data.csv")),
                function=stage.function,
                stage=stage.name,
                key=survey.standings[stage.name].key or "",
            )
    contents = possible(contents, scripts)
    return {
        "study": study,
        "card": survey.value(CARD),
        "facts": facts,
        "figures": figures,
        "provenance": Provenance(environment=_environment(survey), stages=counts(survey), seconds=_seconds(survey)),
        "root": root,
        "base_url": base_url,
        "pages": contents.pages,
        "absent": contents.absent,
        "networks": networks,
        "files": files,
        "social": social,
        "scripts": scripts,
        "units": units,
        "notebooks": {
            path: functools.partial(notebooks.file, root, study, architecture, figures=list(figures))
            for path, architecture in notebooks.architectures(study).items()
        },
        "code": code,
    }
