#!/usr/bin/env python3
"""Builds the study: arguments -> plan -> run -> render -> summary. `python build.py --help` tells how."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

from experiments.engine import console, memo, runner
from experiments.engine.arguments import parse
from experiments.engine.files import FilesError, check_replaceable, check_writable, sweep
from experiments.engine.progress import Progress, spoken
from experiments.engine.reasons import explain
from experiments.engine.sources import SourceError, Sources
from experiments.engine.store import Damaged, Shelf
from experiments.engine.surroundings import Surroundings
from experiments.engine.survey import PlanError, Shelves, Survey
from experiments.errors import InputError
from experiments.idx import fingerprints
from experiments.plan import PICTURES, plan, shown
from experiments.study import STUDIES
from report.errors import PageError
from report.pages import PAGES
from report.site import update

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
    check_replaceable(options.out, sign="manifest.json")
    outcome = compute(survey, jobs=options.jobs)
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
    known = memo.read(noted)
    before = json.dumps(known)
    files = fingerprints(options.data.resolve(), memo=known["files"]) if options.data else {}
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
    sources, surroundings = Sources(ROOT, memo=known["sources"]), Surroundings(known["installed"])
    shelves = Shelves(Shelf("cache", options.cache), Shelf("results", ROOT / "results"))
    survey = Survey(stages, shelves, sources, surroundings, wanted=shown(stages))
    learnt = {"files": known["files"], "sources": sources.memo, "installed": surroundings.memo}
    if json.dumps(learnt) != before:
        with contextlib.suppress(FilesError):  # it only saves time; what must be written says so itself
            memo.write(noted, learnt)
    if options.rebuild:
        survey.rebuild(options.rebuild)
    return survey


def compute(survey: Survey, *, jobs: int) -> runner.Outcome:
    """Runs what is missing, on as many processes as asked for; prints the graph first."""
    for note in survey.drop_damaged(survey.wanted):
        console.complain(note)
    missing = survey.must_run()
    if not missing:
        return runner.Outcome()
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


if __name__ == "__main__":
    sys.exit(main())
