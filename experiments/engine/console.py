"""What the command line prints: the graph, the list of stages, failures, verification.

In: a survey or an outcome. Out: text on the terminal and the exit code that goes with it.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping

from experiments.engine.progress import spoken
from experiments.engine.reasons import states
from experiments.engine.runner import NOBODY, Failure, Outcome
from experiments.engine.survey import Survey

STATES = ("cached", "published", "stale", "missing")


def show(text: str) -> int:
    """Prints a result; exit code 0. A reader who has gone away (`| head`) is no trouble."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def complain(text: str) -> None:
    """Prints a trouble, with who speaks."""
    print(f"build.py: {text}", file=sys.stderr, flush=True)


def show_graph(survey: Survey, *, jobs: int) -> None:
    """The graph by groups of stages, with how many of each stand where, and what there is to do."""
    standing, missing = states(survey), survey.must_run()
    groups: dict[str, Counter[str]] = {}
    for name, state in standing.items():
        groups.setdefault(name.partition("/")[0], Counter())[state] += 1
    width = max(len(group) for group in groups)
    for group, counts in groups.items():
        print(f"  {group:<{width}}  {_counted(counts)}")
    costs = survey.costs()
    known = sum(costs.get(name, 0.0) for name in missing) / jobs
    print(
        f"{len(missing)} of {len(standing)} stages to run on {jobs} process{'es' if jobs > 1 else ''}"
        + (f", about {spoken(known)}" if known > 2 and all(name in costs for name in missing) else ""),
        flush=True,
    )


def show_list(survey: Survey, *, as_json: bool) -> int:
    """Every stage and its state."""
    standing = states(survey)
    if as_json:
        rows = [
            {
                "stage": stage.name,
                "state": standing[stage.name],
                "function": stage.function,
                "key": survey.standings[stage.name].key,
                "reads": sorted({product.stage for product in stage.products_read()}),
            }
            for stage in survey.stages
        ]
        return show(json.dumps(rows, indent=1))
    width = max(len(name) for name in standing)
    lines = [f"{stage.name:<{width}}  {standing[stage.name]:<9}  {stage.function}" for stage in survey.stages]
    lines.append(f"{len(lines)} stages: {_counted(Counter(standing.values()))}")
    return show("\n".join(lines))


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


def show_verification(differences: Mapping[str, list[str]]) -> int:
    """The verdict over all; exit code 1 if anything differs."""
    wrong = {name: lines for name, lines in differences.items() if lines}
    show(f"{len(differences) - len(wrong)} of {len(differences)} stages came out identical")
    return 1 if wrong else 0


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
