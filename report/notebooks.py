"""The notebooks: the study's measures again, on the published networks, for readers who want to run and change them.

In: templates/notebooks/<name>.md, which are Jinja and then Markdown, and the figures that the study draws. Out: one
notebook per template, as text: each fenced Python block becomes a code cell, what stands between them text cells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jinja2

from report.errors import PageError, unknown

# The networks that each notebook opens; blocks that they share stand in templates/notebooks/shared.
NOTEBOOKS: Mapping[str, tuple[str, ...]] = {
    "01_mlp_raw": ("mlp-raw",),
    "02_mlp_normalized": ("mlp-normalized",),
    "03_cnn": ("cnn-raw", "cnn-normalized"),
}
PATHS = {name: f"notebooks/{name}.ipynb" for name in NOTEBOOKS}  # on the site
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files(root: Path, *, figures: Collection[str]) -> dict[str, str]:
    """Every notebook by its path on the site. `figures` are the figures of the study ("health/dead-units").

    A subject that the study does not have is left out. Raises PageError for a figure that its subject lacks, and
    for a template that is missing or cannot be filled in.
    """
    return {path: file(root, name, figures=figures) for name, path in PATHS.items()}


def file(root: Path, name: str, *, figures: Collection[str]) -> str:
    """One notebook, as its file's text."""
    return notebook(text(root, name, figures=figures))


def text(root: Path, name: str, *, figures: Collection[str]) -> str:
    """The Markdown of one notebook."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(root / "templates" / "notebooks", encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    subjects = {figure.partition("/")[0] for figure in figures}

    def show(figure: str) -> str:
        if figure not in figures:
            raise unknown("figure", figure, figures, "Figures are planned in experiments/plan.py.")
        subject, _, drawing = figure.partition("/")
        return f'```python\nshow("{subject}", "{drawing.replace("-", "_")}")\n```'

    try:
        template = environment.get_template(f"{name}.md")
        return template.render(name=name, conditions=NOTEBOOKS[name], subjects=subjects, show=show)
    except jinja2.TemplateNotFound as error:
        raise PageError(f"templates/notebooks/{error.name} is missing; write it.") from error
    except (jinja2.TemplateError, PageError) as error:
        raise PageError(f"templates/notebooks/{name}.md: {error}") from error


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
