"""The last step of a build: decides whether the site is current, and if not, renders it and puts it in place whole.

In: a survey in which every stage is valid. Out: the site's folder, and a sentence that says what was done.
The renderer is imported only when there is something to render.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.engine import folder
from experiments.engine.files import write_file
from experiments.engine.key import canonical, digest
from experiments.engine.survey import Survey
from experiments.plan import CARD, PICTURES, made, shown
from experiments.spec import Product, Study
from report.manifest import SIGN

SOURCES = (
    "experiments/**/*.py",
    "report/**/*.py",
    "templates/**/*",
    "build.py",
    "CITATION.cff",
)


def check(out: Path) -> None:
    """Raises FilesError unless a site may be written there: asked before any work is done."""
    folder.check(out, sign=SIGN)


def update(survey: Survey, *, study: Study, root: Path, out: Path, cache: Path, base_url: str | None) -> str:
    """Writes the site unless the folder already holds exactly what would be written."""
    stamp = _stamp(survey, study=study, root=root, base_url=base_url)
    note = cache / "sites" / f"{digest(os.fsencode(folder.real(out)))[:16]}.json"
    last = _read(note)
    where = counts(survey)
    lying = folder.written(out, sign=SIGN)
    if lying and last.get("stamp") == stamp and last.get("files") == lying:
        return f"nothing to do: {out} is current"
    files = _render(survey, study=study, root=root, base_url=base_url, where=where)
    notes = folder.replace(out, files, sign=SIGN)
    digests = {name: digest(data) for name, data in sorted(files.items())}
    write_file(note, canonical({"stamp": stamp, "files": digests}).encode())
    size = sum(len(data) for data in files.values())
    return "\n".join([*notes, f"wrote {out}: {len(files)} files, {size / 1e6:.1f} MB"])


def counts(survey: Survey) -> dict[str, int]:
    """How many stages rest on which results. It tells of results, not of this build's doings, so that a build
    that was interrupted and resumed ends with the same bytes as one that was not: `computed` and `cached` are
    those made on this machine, by whichever build, and kept in its cache; `published` those that were restored."""
    states = [standing.state for standing in survey.standings.values()]
    cached, published = states.count("cached"), states.count("published")
    return {"cached": cached, "published": published, "computed": cached}


def _stamp(survey: Survey, *, study: Study, root: Path, base_url: str | None) -> str:
    """A digest over everything that the site's bytes depend on."""
    paths = sorted({path for pattern in SOURCES for path in root.glob(pattern) if path.is_file()})
    sources = {path.relative_to(root).as_posix(): digest(path.read_bytes()) for path in paths}
    products = [[p.stage, p.name, survey.address(p), survey.standings[p.stage].key] for p in shown(list(survey.stages))]
    return digest(canonical([sources, products, repr(study), base_url, counts(survey), _environment(survey)]).encode())


def _environment(survey: Survey) -> Mapping[str, str]:
    """Where the networks were trained: the environment of the first training run's record."""
    record = next(s.record for name, s in survey.standings.items() if name.startswith("train/"))
    return dict(record.environment) if record is not None else {}


def _seconds(survey: Survey) -> float | None:
    """The computing time of a study whose measurements all come from the published shelf; a study computed here
    has none to tell, as its bytes must not depend on how fast this machine was."""
    measured = [s for name, s in survey.standings.items() if not name.startswith(PICTURES)]
    if any(standing.state != "published" for standing in measured):
        return None
    return sum(standing.record.seconds for standing in measured if standing.record is not None)


def _render(
    survey: Survey, *, study: Study, root: Path, base_url: str | None, where: Mapping[str, int]
) -> dict[str, bytes]:
    from report import notebooks
    from report.render import FigureFiles, Provenance, render

    facts: dict[str, Any] = {}
    figures: dict[str, FigureFiles] = {}
    social: dict[str, bytes] = {}
    scripts: dict[str, Any] = {}
    units: list[Mapping[str, Any]] = []
    for stage in survey.stages:
        if stage.name.startswith("analysis/"):
            facts.update(survey.value(Product(stage.name, "facts.json")))
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
    return render(
        study=study,
        card=survey.value(CARD),
        facts=facts,
        figures=figures,
        provenance=Provenance(environment=_environment(survey), stages=where, seconds=_seconds(survey)),
        root=root,
        base_url=base_url,
        social=social,
        scripts=scripts,
        units=units,
        notebooks=notebooks.files(root, figures=list(figures)),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return {}
