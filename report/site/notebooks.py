"""The notebooks: the study's measures again, on the published networks, for readers who want to run and change them.

In: templates/notebooks/notebook.md, which is Jinja and then Markdown, the study, and the figures that it draws. Out: a
notebook of each architecture, as text: each fenced Python block becomes a code cell, what stands between them text
cells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import jinja2

from experiments.spec import Architecture, Study
from report.errors import PageError, unknown
from report.site.extras import repository

TEMPLATE = "notebook"  # blocks that it includes stand in templates/notebooks/shared
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def architectures(study: Study) -> dict[str, Architecture]:
    """The architectures of which there are notebooks, by their path on the site: those of the product."""
    return {f"notebooks/{each.architecture.name}.ipynb": each.architecture for each in study.product}


def file(root: Path, study: Study, architecture: Architecture, *, figures: Collection[str]) -> str:
    """One notebook, as its file's text."""
    return notebook(text(root, study, architecture, figures=figures))


def text(root: Path, study: Study, architecture: Architecture, *, figures: Collection[str]) -> str:
    """The Markdown of the notebook that opens all networks of an architecture, but controls.

    `figures` are the figures of the study ("health/dead-units"). A subject that the study does not have is left out.
    Raises PageError for a figure that its subject lacks, and for a template that is missing or cannot be filled in.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(root / "templates" / "notebooks", encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    conditions = [each for each in study.product if each.architecture == architecture]
    treated = [each for each in conditions if not (each.treatment.is_identity or each.treatment.transforms)]

    def show(figure: str) -> str:
        """The cell that draws a figure, or the one of this architecture where each has its own."""
        subject, _, drawing = figure.partition("/")
        asked = [f'"{subject}"', f'"{drawing.replace("-", "_")}"']
        if figure not in figures:
            if f"{figure}-{architecture.name}" not in figures:
                raise unknown("figure", figure, figures, "Figures are planned in experiments/chapters.")
            asked.append(f'architecture="{architecture.name}"')
        return f"```python\nshow({', '.join(asked)})\n```"

    context = {
        "architecture": architecture,
        "conditions": conditions,
        "treated": treated[-1] if treated else None,
        "subjects": {figure.partition("/")[0] for figure in figures},
        "show": show,
        "repository": repository(root),
    }
    try:
        return environment.get_template(f"{TEMPLATE}.md").render(context)
    except jinja2.TemplateNotFound as error:
        raise PageError(f"templates/notebooks/{error.name} is missing; write it.") from error
    except (jinja2.TemplateError, PageError) as error:
        raise PageError(f"templates/notebooks/{TEMPLATE}.md: {error}") from error


def notebook(markdown: str) -> str:
    """A notebook (nbformat 4.5) from Markdown with fenced Python blocks; its cells are named by their number."""
    parts = [part.strip("\n") for part in _CODE.split(markdown)]  # text, code, text, ...
    kinds = [("code" if place % 2 else "markdown", part) for place, part in enumerate(parts)]
    cells = [_cell(kind, part, number) for number, (kind, part) in enumerate((k for k in kinds if k[1]), start=1)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, source: str, number: int) -> dict[str, Any]:
    own: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {
        "cell_type": kind,
        "id": f"{number:02}",
        "metadata": {},
        **own,
        "source": source.splitlines(keepends=True),
    }
