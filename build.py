#!/usr/bin/env python3
"""Builds the study: arguments -> plan -> run -> render -> summary. `python build.py --help` tells how."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from experiments.engine import console, runner
from experiments.engine.files import FilesError, check_replaceable, check_writable, sweep, write_file
from experiments.engine.key import SourceError, Sources
from experiments.engine.progress import Progress, spoken
from experiments.engine.reasons import explain
from experiments.engine.store import Shelf
from experiments.engine.survey import PlanError, Shelves, Survey, environment
from experiments.errors import InputError
from experiments.plan import CARD, plan, shown
from experiments.study import STUDIES
from report.errors import PageError
from report.site import update

ROOT = Path(__file__).resolve().parent
EXAMPLES = """examples:
  python build.py                                   the published study, from its stored results
  python build.py --study quick --data ~/mnist      the whole site from few seeds and epochs
  python build.py --study smoke --dataset digits    seconds, offline, without MNIST
  python build.py --list                            what would run, and what need not
  python build.py --explain train/mlp-raw/0         why a stage would run
  python build.py --rebuild 'figure/health/*'       draw some figures again

exit codes: 0 done; 1 a stage failed; 2 bad arguments, data or template; 130 interrupted
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; every expected trouble becomes one message and an exit code."""
    options = parse(arguments)
    try:
        return command(options)
    except KeyboardInterrupt:
        console.complain("interrupted; what was finished is kept, run again to resume")
        return 130
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
        console.show(publish(survey, options))
    return console.show(f"{written} in {spoken(time.monotonic() - started)}")


def look(options: argparse.Namespace) -> Survey:
    """Plans the study and surveys where every stage stands."""
    folder = str(options.data.resolve()) if options.data else ""
    stages = plan(
        STUDIES[options.study],
        dataset=options.dataset,
        folder=folder,
        cache=str(options.cache),
        files=fingerprints(options.data),
    )
    for kept in ("records", "artifacts"):
        sweep(options.cache / kept)
    memo = options.cache / "sources.json"
    sources = Sources(ROOT, memo=read_memo(memo))
    shelves = Shelves(Shelf("cache", options.cache), Shelf("results", ROOT / "results"), environment())
    survey = Survey(stages, shelves, sources, wanted=shown(stages))
    if sources.learnt_more:
        with contextlib.suppress(FilesError):  # it only saves time; what must be written says so itself
            write_file(memo, json.dumps(sources.memo, sort_keys=True).encode())
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


def publish(survey: Survey, options: argparse.Namespace) -> str:
    """Puts what the site needs on the published shelf. The data stage goes there under the key that it has without
    --data, so that a call without it finds the results; for that, the files must be MNIST's own."""
    from experiments.engine.publish import publish

    survey = as_downloaded(survey, options)
    stages = [stage for stage in survey.stages if not stage.name.startswith("figure/")]
    files, size = publish(survey, stages, Shelf("published", ROOT / "results"))
    return f"published {files} files, {size / 1e6:.2f} MB, in results/"


def as_downloaded(survey: Survey, options: argparse.Namespace) -> Survey:
    """The same results as a call without --data sees them. InputError where the data are not MNIST."""
    record = survey.standings["data"].record
    if record is None or not survey.value(CARD)["is_mnist"]:
        raise InputError(f"--publish: the files in {options.data} are not MNIST's; name a folder that holds MNIST")
    plain = Survey(plan(STUDIES[options.study], cache=str(options.cache)), survey.shelves, survey.sources)
    data = plain.standings["data"]
    if not data.valid:
        survey.shelves.local.put(replace(record, key=data.key or "", ingredients=data.made_of))
    plain.again()
    return plain


def fingerprints(folder: Path | None) -> dict[str, str]:
    """{name: sha256} of the IDX files in a data folder, so that other files are other data."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError(f"--data {folder}: no such folder; name the folder that holds the four IDX files")
    files = sorted(path for path in folder.iterdir() if path.is_file() and "ubyte" in path.name)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_memo(path: Path) -> dict:
    """What an earlier build learnt about the sources; nothing where it cannot be read."""
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line, as documented by --help."""
    parser = argparse.ArgumentParser(
        prog="build.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--study",
        choices=sorted(STUDIES),
        default="published",
        help="which study to build (default: published)",
    )
    add(
        "--dataset",
        choices=["mnist", "digits"],
        default="mnist",
        help="digits: scikit-learn's, offline, resized to 28x28",
    )
    add("--data", type=Path, metavar="DIR", help="folder with the four IDX files, plain or .gz")
    add("--out", type=Path, metavar="DIR", default=ROOT / "site", help="where the site goes (default: site)")
    add(
        "--cache",
        type=Path,
        metavar="DIR",
        default=ROOT / ".cache",
        help="what is computed here (default: .cache)",
    )
    add("--jobs", type=count, metavar="N", default=os.cpu_count() or 1, help="processes (default: one a core)")
    add("--list", action="store_true", help="every stage and its state; computes nothing")
    add("--json", action="store_true", help="with --list: as JSON")
    add("--explain", metavar="STAGE", help="why a stage would run")
    add("--rebuild", nargs="?", const="*", metavar="GLOB", help="ignore stored results of the matching stages")
    add(
        "--verify",
        nargs="?",
        const="*",
        metavar="GLOB",
        help="recompute, compare with what is stored; store nothing",
    )
    add("--publish", action="store_true", help="copy what the site needs to results/")
    add(
        "--serve",
        nargs="?",
        type=int,
        const=8000,
        metavar="PORT",
        help="serve the site and rebuild on change",
    )
    add("--base-url", metavar="URL", help="the site's public address, for canonical links, sitemap and feed")
    add("--debug", action="store_true", help="show tracebacks")
    options = parser.parse_args(arguments)
    if options.json and not options.list:
        parser.error("--json goes with --list")
    if options.publish and (options.study, options.dataset) != ("published", "mnist"):
        parser.error("--publish is for the published study on IDX data; drop --study and --dataset")
    return options


def count(text: str) -> int:
    """A number of processes: a whole number of at least one."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes; use 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
