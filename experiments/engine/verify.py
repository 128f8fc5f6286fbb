"""Verification: stages are computed anew and compared with what is stored; nothing is stored.

In: a survey and the names of stages. Out: for each, the differences, and how far the values lie apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from experiments.engine.key import digest
from experiments.engine.runner import submit
from experiments.engine.store import Damaged, Shelf, decode
from experiments.engine.survey import Survey
from experiments.engine.work import Task, products, task

if TYPE_CHECKING:
    from concurrent.futures import Executor


def verify(
    survey: Survey, names: Collection[str], executor: Executor, *, told: Callable[[str], object] = lambda *_: None
) -> dict[str, list[str]]:
    """{stage: differences} of the named stages, each computed anew from its stored inputs; an empty list is agreement.

    `told` hears a line for each stage as it is known.
    """
    results: dict[str, list[str]] = {name: _hindrance(survey, name) for name in names}
    futures = {}
    for name in names:
        standing = survey.standings[name]
        if not results[name] and standing.record is not None:
            futures[name] = submit(executor, compare, task(survey, standing), standing.record.products)
    for name in names:
        if name in futures:
            error = futures[name].exception()
            results[name] = [f"failed: {type(error).__name__}: {error}"] if error else futures[name].result()
        told(f"{name}: {'; '.join(results[name]) or 'identical'}")
    return results


def compare(task: Task, expected: Mapping[str, str]) -> list[str]:
    """Computes a stage anew, stores nothing, and returns a line for every product that came out differently."""
    (made,) = products(task)
    lines = [f"{name}: no longer made" for name in sorted(expected.keys() - made.keys())]
    for name, data in made.items():
        if name not in expected:
            lines.append(f"{name}: new")
        elif digest(data) != expected[name]:
            apart = _apart(name, data, expected[name], task.shelves)
            lines.append(f"{name}: {digest(data)[:16]} instead of {expected[name][:16]}{apart}")
    return lines


def _hindrance(survey: Survey, name: str) -> list[str]:
    """Why a stage cannot be compared, if so."""
    standing = survey.standings[name]
    if standing.record is None:
        return ["there is no valid stored result to compare with; build first"]
    absent = [product for product in standing.stage.products_read() if survey.absent(product)]
    if absent:
        stage = absent[0].stage
        return [f"cannot be computed: {absent[0].name} of {stage} is on no shelf; --rebuild '{stage}' makes it"]
    return []


def _apart(name: str, data: bytes, address: str, shelves: list[Shelf]) -> str:
    """How far two versions of a product lie apart, where that can be told."""
    holder = next((shelf for shelf in shelves if shelf.has(name, address)), None)
    if holder is None:
        return ""
    try:
        ours, theirs = decode(name, data), decode(name, holder.read(name, address))
    except Damaged as damaged:
        return f", {damaged.path} is damaged"
    if name.endswith(".npz"):
        return _arrays_apart(ours, theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        differing = sorted(each for each in {*ours, *theirs} if ours.get(each) != theirs.get(each))
        return f", in {', '.join(differing[:3])}{' and more' if len(differing) > 3 else ''}"
    return ""


def _arrays_apart(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    import numpy as np

    if ours.keys() != theirs.keys():
        return ", with other arrays"
    gaps: dict[str, float] = {}
    for name, array in ours.items():
        other = theirs[name]
        if array.shape != other.shape or array.dtype != other.dtype:
            return f", {name} has another shape or type"
        if np.issubdtype(array.dtype, np.number) and array.size:
            gap = np.abs(array.astype(np.float64) - other.astype(np.float64))
            gaps[name] = float(np.max(np.where(array == other, 0.0, gap)))
        elif not np.array_equal(array, other):
            return f", in {name}"
    worst = max(gaps, key=lambda each: gaps[each], default="")
    return f", at most {gaps[worst]:.3g} apart (in {worst})" if worst else ""
