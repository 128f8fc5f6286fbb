"""What the command line prints: the graph, the list of stages, failures, verification.

In: a survey or an outcome. Out: text on the terminal and the exit code that goes with it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping

from experiments.engine.progress import spoken
from experiments.engine.runner import Outcome
from experiments.engine.survey import Survey, states

STATES = ("cached", "published", "stale", "missing")


def show(text: str) -> int:
    """Prints a result; exit code 0."""
    print(text, flush=True)
    return 0


def complain(text: str) -> None:
    """Prints a trouble, with who speaks."""
    print(f"build.py: {text}", file=sys.stderr, flush=True)


def show_graph(survey: Survey, *, jobs: int) -> None:
    """The graph by groups of stages, with how many of each stand where; nothing to say when all is there."""
    missing = [name for name, standing in survey.standings.items() if not standing.valid]
    if not missing:
        return
    standing = states(survey)
    groups: dict[str, Counter[str]] = {}
    for name, state in standing.items():
        groups.setdefault(name.partition("/")[0], Counter())[state] += 1
    width = max(len(group) for group in groups)
    for group, counts in groups.items():
        print(f"  {group:<{width}}  " + ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]))
    costs = survey.costs()
    known = sum(costs[name] for name in missing)
    print(f"{len(missing)} of {len(standing)} stages to run on {jobs} process{'es' if jobs > 1 else ''}", end="")
    print(f", about {spoken(known / jobs)} at most" if known > 2 * jobs else "", flush=True)


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
    counts = Counter(standing.values())
    lines.append(f"{len(lines)} stages: " + ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]))
    return show("\n".join(lines))


def show_failures(outcome: Outcome, *, debug: bool) -> int:
    """Every failure; exit code 2 where the reader's data cannot be used, else 1."""
    for failure in outcome.failures:
        complain(f"stage {failure.stage}: {failure.message}")
        if debug and failure.details:
            print(failure.details, file=sys.stderr)
    if outcome.computed:
        complain(f"{len(outcome.computed)} stages were finished and are kept; the next call resumes")
    return 2 if any(failure.bad_input for failure in outcome.failures) else 1


def show_verification(differences: Mapping[str, list[str]]) -> int:
    """The verdict over all; exit code 1 if anything differs."""
    wrong = {name: lines for name, lines in differences.items() if lines}
    show(f"{len(differences) - len(wrong)} of {len(differences)} stages came out identical")
    return 1 if wrong else 0
