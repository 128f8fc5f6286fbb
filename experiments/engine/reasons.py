"""Reasons: why a stage would run, or need not, in words.

In: a survey and the name of a stage. Out: which source, parameter, input or environment differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from experiments.engine.key import ingredients
from experiments.engine.sources import PARTS, parts
from experiments.engine.store import Record
from experiments.engine.survey import Standing, Survey, histories
from experiments.spec import Json, Product

UNKNOWN = "not yet made"  # stands for the digest of an input that has to be made first
NOUNS = {"sources": "source", "parameters": "parameter", "inputs": "input"}
MAY_TELL_THE_SAME = ("source", "environment")  # what can be another without a stage's products being others


def states(survey: Survey) -> dict[str, str]:
    """{stage name: cached, published, missing, stale or waiting}.

    Without a valid result, a stage is `missing` if it never had one, and `waiting` if it has one that was made of all
    that it would be made of now, but for inputs that must be made again: it runs only if they come out differently.
    It is `stale` otherwise, and will run.
    """
    if all(standing.valid for standing in survey.standings.values()):
        return {name: standing.state for name, standing in survey.standings.items()}
    history = histories(survey)
    found: dict[str, str] = {}
    new: set[str] = set()  # stages that never had this question to answer, so that their products will be new
    for name, standing in survey.standings.items():
        if standing.valid:
            found[name] = standing.state
            continue
        unlike = [_differences(record, standing, survey) for record in history[name]]
        reads_new = not new.isdisjoint(_awaited(survey, standing))
        if not unlike:
            found[name] = "missing"
        elif name in survey.redo or standing.state != "waiting" or reads_new or all(unlike):
            found[name] = "stale"
        else:
            found[name] = "waiting"
        if reads_new or all(any(part not in MAY_TELL_THE_SAME for part, _ in each) for each in unlike):
            new.add(name)
    return found


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
    told = [f"  {part}{'' if part == 'function' else ' '}{line}" for part, line in closest]
    return "\n  ".join([f"{name} would run:", *lines, *against, *told, *awaited])


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


def _differences(record: Record, standing: Standing, survey: Survey) -> list[tuple[str, str]]:
    """What differs between a stored result and the stage as it is now: the part ("function", "source", "parameter",
    "input" or "environment"), and a line. Inputs that are yet to be made do not count; nor does the environment of a
    published result."""
    now = standing.made_of or _foreseeable(survey, standing)
    then = record.ingredients
    lines = []
    if then["function"] != now["function"]:
        lines.append(("function", f": {then['function']} then, {now['function']} now"))
    words: dict[str, Callable[[str, Json, Json], str]] = {
        "sources": partial(_meanings, survey),
        "parameters": _values,
        "inputs": _contents,
    }
    for part, noun in NOUNS.items():
        lines += [(noun, line) for line in _changes(then[part], now[part], said=words[part])]
    if survey.shelves.local.record(record.key) is record:
        here = survey.environment(standing.stage)
        lines += [("environment", line) for line in _changes(record.environment, here, said=_values)]
    return lines


def _foreseeable(survey: Survey, standing: Standing) -> Json:
    """The ingredients of a stage that waits, with None for the inputs that are yet to be made."""
    digests: dict[Product, str] = {}
    for product in standing.stage.products_read():
        digests[product] = survey.address(product) if survey.standings[product.stage].valid else UNKNOWN
    return ingredients(standing.stage, digests=digests, sources=survey.sources)


def _changes(then: Mapping[str, Json], now: Mapping[str, Json], *, said: Callable[[str, Json, Json], str]) -> list[str]:
    """A line for every name whose value differs; `said` puts a name's two values into words."""
    lines = []
    for name in sorted({*then, *now}):
        if name not in now:
            lines.append(f"{name}: no longer there")
        elif name not in then:
            lines.append(f"{name}: new")
        elif then[name] != now[name] and now[name] != UNKNOWN and (line := said(name, then[name], now[name])):
            lines.append(f"{name}: {line}")
    return lines


def _meanings(survey: Survey, module: str, then: str, now: str) -> str:
    """How two meanings of a module differ: in which definitions, where what they were is remembered."""
    known = {**survey.definitions(module), **PARTS}
    before, after = (
        {known.get(each) or known.get(each[0]) for each in set(parts(ours)) - set(parts(others))}
        for ours, others in ((then, now), (now, then))
    )
    if None in before | after or not before | after:
        return "its meaning differs"
    found = {"differs": before & after, "new": after - before, "gone": before - after}
    told = [(sorted(map(str, names)), how) for how, names in found.items() if names]
    return "; ".join(f"{', '.join(names[:6])}{' and more' if len(names) > 6 else ''} {how}" for names, how in told)


def _contents(_: str, then: Json, now: Json) -> str:
    """How two inputs differ, each a digest or {label: digest}; empty where all that differs is not known yet."""
    if isinstance(then, dict) and isinstance(now, dict):
        changed = {each for each in then if then[each] != now.get(each) and now.get(each) != UNKNOWN}
        labels = sorted(changed | (now.keys() - then.keys()))  # a new label is a difference, whatever will lie there
        return f"differs in {', '.join(labels[:6])}{' and more' if len(labels) > 6 else ''}" if labels else ""
    return "its content differs"


def _values(_: str, then: Json, now: Json) -> str:
    return f"{_short(then)} then, {_short(now)} now"


def _short(value: Json) -> str:
    return value if isinstance(value, str) else repr(value)
