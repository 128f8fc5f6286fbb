#!/usr/bin/env python3
"""Builds the study: arguments -> plan -> run -> render -> summary. `python build.py --help` tells how."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

from experiments.engine import console, runner
from experiments.engine.arguments import parse
from experiments.engine.files import FilesError, check_writable, sweep, write_file
from experiments.engine.key import SourceError, Sources
from experiments.engine.progress import Progress, spoken
from experiments.engine.reasons import explain
from experiments.engine.store import Damaged, Shelf
from experiments.engine.survey import PlanError, Shelves, Survey, environment
from experiments.errors import InputError
from experiments.idx import fingerprints
from experiments.plan import PICTURES, plan, shown
from experiments.study import STUDIES
from report.errors import PageError
from report.pages import PAGES
from report.site import check, update

ROOT = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; every expected trouble becomes one message and an exit code."""
    options = parse(arguments, root=ROOT, about=__doc__)
    try:
        return command(options)
    except KeyboardInterrupt:
        console.complain("interrupted; what was finished is kept, run again to resume")
        return 130
    except Damaged as damaged:
        console.complain(f"{damaged.path} was damaged while the build ran; run again to repair it")
        return 1
    except (FilesError, PlanError, SourceError, PageError, InputError) as error:
        if options.debug:
            raise
        console.complain(str(error))
        return 1 if isinstance(error, FilesError) else 2


def command(options: argparse.Namespace) -> int:
    """Does what the arguments ask for; returns the exit code."""
    if options.serve is not None:
        from report.serve import serve

        return serve(ROOT, options.out, port=options.serve)
    started = time.monotonic()
    survey = look(options)
    if options.list:
        return console.show_list(survey, as_json=options.json)
    if options.explain:
        return console.show(explain(survey, options.explain))
    if options.verify:
        return compare(survey, options)
    outcome = compute(survey, jobs=options.jobs, out=options.out)
    if outcome.failures:
        return console.show_failures(outcome, debug=options.debug)
    written = update(
        survey,
        study=STUDIES[options.study],
        root=ROOT,
        out=options.out,
        cache=options.cache,
        base_url=options.base_url,
    )
    if options.publish:
        console.show(publish(survey))
    return console.show(f"{written} in {spoken(time.monotonic() - started)}")


def look(options: argparse.Namespace) -> Survey:
    """Plans the study and surveys where every stage stands."""
    noted = options.cache / "memo.json"
    memo = read_memo(noted)
    before = json.dumps(memo, sort_keys=True)
    files = fingerprints(options.data.resolve(), memo=memo["files"]) if options.data else {}
    stages = plan(
        STUDIES[options.study],
        dataset=options.dataset,
        folder=str(options.data.resolve()) if options.data else "",
        cache=str(options.cache),
        files=files,
        questions={page.slug: page.question for page in PAGES},
    )
    for kept in ("records", "artifacts"):
        sweep(options.cache / kept)
    sources = Sources(ROOT, memo=memo["sources"])
    shelves = Shelves(Shelf("cache", options.cache), Shelf("results", ROOT / "results"), environment())
    survey = Survey(stages, shelves, sources, wanted=shown(stages))
    after = json.dumps({"files": memo["files"], "sources": sources.memo}, sort_keys=True)
    if after != before:
        with contextlib.suppress(FilesError):  # it only saves time; what must be written says so itself
            write_file(noted, after.encode())
    if options.rebuild:
        survey.rebuild(options.rebuild)
    return survey


def compute(survey: Survey, *, jobs: int, out: Path) -> runner.Outcome:
    """Runs what is missing, on as many processes as asked for; prints the graph first, and before that says so if the
    site could not be written."""
    for note in survey.drop_damaged(survey.wanted):
        console.complain(note)
    missing = survey.must_run()
    if not missing:
        return runner.Outcome()
    check(survey, root=ROOT, out=out)
    check_writable(survey.shelves.local.folder)
    console.show_graph(survey, jobs=jobs)
    executor = runner.local_pool(jobs)
    try:
        with Progress(missing, costs=survey.costs, jobs=jobs) as progress:
            outcome = runner.run(survey, executor, told=progress.told)
    except BaseException:
        runner.stop(executor)
        raise
    executor.shutdown()
    return outcome


def compare(survey: Survey, options: argparse.Namespace) -> int:
    """Computes stages anew and compares; stores nothing."""
    from experiments.engine.verify import verify

    executor = runner.local_pool(options.jobs)
    try:
        differences = verify(survey, survey.named(options.verify), executor, told=console.show)
    except BaseException:
        runner.stop(executor)
        raise
    executor.shutdown()
    return console.show_verification(differences)


def publish(survey: Survey) -> str:
    """Puts what a fresh clone needs on the published shelf: everything but pictures, which each build draws."""
    from experiments.engine.publish import publish

    stages = [stage for stage in survey.stages if not stage.name.startswith(PICTURES)]
    files, size = publish(survey, stages, Shelf("published", ROOT / "results"))
    return f"published {files} files, {size / 1e6:.2f} MB, in results/"


def read_memo(path: Path) -> dict[str, dict]:
    """What an earlier build learnt about files, by their bytes; nothing where it cannot be read."""
    try:
        kept = json.loads(path.read_bytes())
        return {"files": dict(kept["files"]), "sources": dict(kept["sources"])}
    except (OSError, ValueError, TypeError, KeyError):
        return {"files": {}, "sources": {}}


if __name__ == "__main__":
    sys.exit(main())
