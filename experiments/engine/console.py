"""What the command line prints: the graph, the list of stages, failures, verification.

In: a survey or an outcome. Out: text on the terminal and the exit code that goes with it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping

from experiments.engine.files import printable
from experiments.engine.installed import PROGRAM
from experiments.engine.progress import duration, spoken
from experiments.engine.reasons import states
from experiments.engine.runner import NOBODY, Failure, Outcome
from experiments.engine.survey import Survey

STATES = ("cached", "published", "waiting", "stale", "missing")


def show(text: str) -> int:
    """Prints a result; exit code 0. Standard output never raises, see experiments/engine/process.py."""
    print(text, flush=True)
    return 0


def complain(text: str) -> None:
    """Prints a trouble, with who speaks. Its lines are its own: a name from elsewhere is made `printable` before."""
    shown = "\n".join(map(printable, text.split("\n")))
    print(f"{PROGRAM}: {shown}", file=sys.stderr, flush=True)


def show_graph(standing: Mapping[str, str], *, costs: Mapping[str, float], jobs: int) -> None:
    """The graph by groups of stages, with how many of each stand where, and what there is to do. `standing` are the
    stages' states, `costs` the seconds they take, where known."""
    show("\n".join([*_groups(standing), headline(standing, costs=costs, jobs=jobs)]))


def headline(standing: Mapping[str, str], *, costs: Mapping[str, float], jobs: int) -> str:
    """What there is to do: what will run, what may have to, and how long that takes."""
    sure = [name for name, state in standing.items() if state in ("stale", "missing")]
    perhaps = [name for name, state in standing.items() if state == "waiting"]
    said = f"{len(sure)} of {len(standing)} stages to run on {jobs} process{'es' if jobs > 1 else ''}"
    if perhaps:
        it_comes = "it comes" if len(sure) == 1 else "they come"
        said += f", up to {len(perhaps)} more if {it_comes} out differently"
    least, longest = (duration(names, costs, jobs=jobs) for names in (sure, [*sure, *perhaps]))
    if least is None or longest is None or longest <= 2 or not all(name in costs for name in [*sure, *perhaps]):
        return said
    return f"{said}: about {spoken(least)}, at most {spoken(longest)}" if perhaps else f"{said}, about {spoken(least)}"


def show_list(survey: Survey, pattern: str | None, *, as_json: bool) -> int:
    """The states of the stages that a glob matches, one by one; without a glob by groups, or, as JSON, all of them."""
    standing = states(survey)
    chosen = set(survey.named(pattern or "*"))
    stages = [stage for stage in survey.stages if stage.name in chosen]
    if as_json:
        rows = [
            {
                "stage": stage.name,
                "state": standing[stage.name],
                "function": stage.function,
                "key": survey.standings[stage.name].key,
                "reads": sorted({product.stage for product in stage.products_read()}),
            }
            for stage in stages
        ]
        return show(json.dumps(rows, indent=1))
    if pattern is None:
        lines = _groups(standing)
    else:
        width = max(map(len, chosen))
        lines = [f"{stage.name:<{width}}  {standing[stage.name]:<9}  {stage.function}" for stage in stages]
    states_of_them = Counter(standing[stage.name] for stage in stages)
    plural = "s" if len(stages) > 1 else ""
    return show("\n".join([*lines, f"{len(stages)} stage{plural}: {_counted(states_of_them)}"]))


def show_failures(outcome: Outcome, *, debug: bool) -> int:
    """Every failure, those with the same message as one; exit code 2 where the reader's data cannot be used, else 1."""
    alike: dict[str, list[Failure]] = {}
    for failure in outcome.failures:
        alike.setdefault(failure.message, []).append(failure)
    for message, failures in alike.items():
        first, others = failures[0], len(failures) - 1
        who = "" if first.stage == NOBODY else f"stage {first.stage}{f' and {others} more' if others else ''}: "
        complain(who + message)
        if debug and first.details:
            print(first.details, file=sys.stderr)
    if outcome.computed:
        finished = len(outcome.computed)
        complain(f"{finished} stage{'s' if finished > 1 else ''} finished and kept; the next call resumes")
    return 2 if any(failure.bad_input for failure in outcome.failures) else 1


def show_verification(differences: Mapping[str, list[str]], *, without: int) -> int:
    """The verdict over all; exit code 1 if anything differs, or if `without` stages had no result to compare with."""
    same = sum(not lines for lines in differences.values())
    rest = f"; {without} more had no stored result to compare with: build first" if without else ""
    show(f"{same} of {len(differences)} stage{'s' if len(differences) > 1 else ''} came out identical{rest}")
    return 1 if without or same < len(differences) else 0


def said(error: Exception) -> str:
    """An error that nobody foresaw, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {' '.join(str(error).split())} (--debug shows where)"


def _groups(standing: Mapping[str, str]) -> list[str]:
    """A line for each kind of stage, under the glob that lists its stages, with how many of them stand where."""
    groups: dict[str, Counter[str]] = {}
    for name, state in standing.items():
        kind, _, rest = name.partition("/")
        groups.setdefault(f"{kind}/*" if rest else kind, Counter())[state] += 1
    width = max(len(group) for group in groups)
    return [f"  {group:<{width}}  {_counted(counts)}" for group, counts in groups.items()]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
