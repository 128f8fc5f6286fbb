"""The chapters of the study: one file a subject, which declares the stages that it adds to a plan.

A chapter is a module with `stages(study)`, and, where it has them: `ROWS`, the measures that it puts into the table of
the comparison; `missing(study)`, why a study cannot have the chapter, in words, or "". Where only the networks or the
data can tell that, its stage `script/<chapter>` says so: `<chapter>.json` is {"cannot": why}. A new file is a new
chapter.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from experiments.spec import Study


def all_chapters() -> dict[str, ModuleType]:
    """{subject: its module}, in the order of their names."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def left_out(study: Study) -> dict[str, str]:
    """{subject: why} of the chapters that a study cannot have."""
    told = {name: why(study) for name, each in all_chapters().items() if (why := getattr(each, "missing", None))}
    return {name: why for name, why in told.items() if why}


def chapters_of(study: Study) -> dict[str, ModuleType]:
    """{subject: its module} of the chapters that a study has."""
    absent = left_out(study)
    return {name: module for name, module in all_chapters().items() if name not in absent}
