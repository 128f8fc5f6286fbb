"""Reasons: why a stage would run, or need not, in words.

In: a survey and the name of a stage. Out: which source, parameter, input or environment differs.
"""

from __future__ import annotations

from collections.abc import Mapping

from experiments.engine.key import ingredients
from experiments.engine.store import Record
from experiments.engine.survey import Standing, Survey, histories
from experiments.spec import Json, Product

UNKNOWN = "not yet made"  # stands for the digest of an input that has to be made first
NOUNS = {"sources": "source", "parameters": "parameter", "inputs": "input"}


def states(survey: Survey) -> dict[str, str]:
    """{stage name: cached, published, stale or missing}: a stage that must run is stale if it ever had a result."""
    if all(standing.valid for standing in survey.standings.values()):
        return {name: standing.state for name, standing in survey.standings.items()}
    history = histories(survey)
    return {
        name: standing.state if standing.valid else ("stale" if history[name] else "missing")
        for name, standing in survey.standings.items()
    }


def explain(survey: Survey, pattern: str) -> str:
    """Why the stages that a glob matches would run, or need not. PlanError where it matches none."""
    return "\n".join(_explain(survey, survey.standings[name]) for name in survey.named(pattern))


def _explain(survey: Survey, standing: Standing) -> str:
    name = standing.stage.name
    if standing.record is not None:
        return f"{name} is {standing.state}: {_where(survey, standing, standing.record)}"
    lines = [survey.redo[name]] if name in survey.redo else []
    found = [_differences(record, standing, survey) for record in histories(survey)[name]]
    closest = min(found, key=len, default=None)
    awaited = [f"input {each} is made first, and may come out as before" for each in _awaited(survey, standing)]
    if closest is None:
        return "\n  ".join([f"{name} would run: there is no stored result of it", *lines, *awaited])
    if not closest and not lines:
        return "\n  ".join([f"{name} would run, unless what it reads comes out as before:", *awaited])
    against = ["against its closest stored result:"] if closest else []
    return "\n  ".join([f"{name} would run:", *lines, *against, *(f"  {line}" for line in closest), *awaited])


def _where(survey: Survey, standing: Standing, record: Record) -> str:
    if standing.state == "cached":
        return f"computed here, {survey.shelves.local.record_path(record.key)}"
    shelf = survey.shelves.published
    here, there = survey.environment(standing.stage), record.environment
    differing = [name for name in sorted({*here, *there}) if here.get(name) != there.get(name)]
    others = [f"{name} {there.get(name, 'unknown')}" for name in differing]
    made = f", made with {', '.join(others)}" if others else ""
    return f"restored from {shelf.record_path(record.key) if shelf else 'results'}{made}"


def _awaited(survey: Survey, standing: Standing) -> list[str]:
    return sorted({p.stage for p in standing.stage.products_read() if not survey.standings[p.stage].valid})


def _differences(record: Record, standing: Standing, survey: Survey) -> list[str]:
    """What differs between a stored result and the stage as it is now, a line each. Inputs that are yet to be made
    do not count; nor does the environment of a published result."""
    now = standing.made_of or _foreseeable(survey, standing)
    then = record.ingredients
    lines = []
    if then["function"] != now["function"]:
        lines.append(f"function: {then['function']} then, {now['function']} now")
    for part, noun in NOUNS.items():
        lines += [f"{noun} {line}" for line in _changes(then[part], now[part], content=part != "parameters")]
    if survey.shelves.local.record(record.key) is record:
        here = survey.environment(standing.stage)
        lines += [f"environment {line}" for line in _changes(record.environment, here, content=False)]
    return lines


def _foreseeable(survey: Survey, standing: Standing) -> Json:
    """The ingredients of a stage that waits, with None for the inputs that are yet to be made."""
    digests: dict[Product, str] = {}
    for product in standing.stage.products_read():
        digests[product] = survey.address(product) if survey.standings[product.stage].valid else UNKNOWN
    return ingredients(standing.stage, digests=digests, sources=survey.sources)


def _changes(then: Mapping[str, Json], now: Mapping[str, Json], *, content: bool) -> list[str]:
    lines = []
    for name in sorted({*then, *now}):
        if name not in now:
            lines.append(f"{name}: no longer there")
        elif name not in then:
            lines.append(f"{name}: new")
        elif said := _changed(then[name], now[name], content=content):
            lines.append(f"{name}: {said}")
    return lines


def _changed(then: Json, now: Json, *, content: bool) -> str:
    """How one value differs; empty where it does not, or is not known yet."""
    if then == now or now == UNKNOWN:
        return ""
    if isinstance(then, dict) and isinstance(now, dict):
        labels = sorted(each for each in {*then, *now} if then.get(each) != now.get(each) and now.get(each) != UNKNOWN)
        return f"differs in {', '.join(labels[:6])}{' and more' if len(labels) > 6 else ''}" if labels else ""
    return "its meaning or content differs" if content else f"{_short(then)} then, {_short(now)} now"


def _short(value: Json) -> str:
    return value if isinstance(value, str) else repr(value)
