#!/usr/bin/env python3
"""Builds the study: arguments -> plan -> run -> render -> summary. `python build.py --help` tells how."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 (-P has Python leave it out)

from experiments.engine import process

if __name__ == "__main__":
    process.begin()  # before the other imports: Ctrl-C may be pressed while they are read

import argparse
import hashlib
import time
from pathlib import Path

from experiments.engine import bytecode

STARTED = time.time_ns()
ROOT = Path(__file__).resolve().parent
if __name__ == "__main__":
    bytecode.look_at_content(ROOT)

from experiments import idx
from experiments.chapters import left_out
from experiments.description import described
from experiments.engine import console, places, runner
from experiments.engine.arguments import parse
from experiments.engine.files import FilesError, check_writable, printable, sweep
from experiments.engine.installed import INSTALLED
from experiments.engine.memo import Memo
from experiments.engine.progress import Progress, spoken
from experiments.engine.reasons import explain, states
from experiments.engine.sources import SourceError, Sources
from experiments.engine.store import Damaged, Shelf
from experiments.engine.surroundings import ClusterError, Surroundings
from experiments.engine.survey import PlanError, Shelves, Survey
from experiments.errors import InputError
from experiments.plan import PICTURES, plan, sensible, shown
from experiments.spec import Product, Study
from experiments.study import STUDIES
from report.errors import PageError
from report.site import unchanged
from report.site.pages import Contents, read
from report.site.update import Read, check, update

KEPT = (".", "records", "artifacts")  # the folders of a shelf


def main(arguments: list[str] | None = None, *, began: int | None = None) -> int:
    """Runs one command; every trouble becomes one message and an exit code. began: when its modules were not read yet,
    in ns since 1970; now, where nothing is said."""
    debug = False
    try:
        options = parse(arguments, root=ROOT, about=__doc__)
        debug = options.debug
        return command(options, began=began or unchanged.now())
    except SystemExit as said:  # help, or bad arguments
        return int(said.code or 0)
    except KeyboardInterrupt:
        console.complain(process.INTERRUPTED)
        return 130
    except Damaged as damaged:
        console.complain(f"{damaged.path} was damaged while the build ran; run again to repair it")
        return 1
    except (ClusterError, FilesError, PlanError, SourceError, PageError, InputError) as error:
        if debug:
            raise
        console.complain(str(error) if isinstance(error, PageError | InputError) else printable(str(error)))
        return 1 if isinstance(error, FilesError) else 2
    except Exception as error:
        if debug:
            raise
        console.complain(console.said(error))
        return 1


def command(options: argparse.Namespace, *, began: int) -> int:
    """Does what the arguments ask for; returns the exit code."""
    if options.serve is not None:
        from report.site.serve import serve

        return serve(ROOT, options.out, port=options.serve)
    stand()
    started = time.monotonic()
    current = f"nothing to do: {options.out} is current"
    if asks_for_the_site(options) and unchanged.current(options, root=ROOT):
        return console.show(f"{current} in {spoken(time.monotonic() - started)}")
    sources = Read(ROOT, began=began)
    memo = Memo(options.cache / "memo.json")
    memo.check()
    study = sensible(STUDIES[options.study])
    contents = read(ROOT, memo=memo.known["pages"]).without(left_out(study))
    survey = look(options, study, memo, contents)
    memo.keep()
    hired = {"jobs": options.jobs, "scheduler": options.scheduler or ""}
    if options.list is not None:
        return console.show_list(survey, options.list or None, as_json=options.json)
    if options.explain is not None:
        return console.show(explain(survey, options.explain))
    if options.dataset == "mnist" and not options.data and study.data is None:
        spare(options.cache / "mnist")
    if options.check:
        return inspect(survey, contents, out=options.out, **hired)
    if options.verify is not None:
        return compare(survey, options.verify, **hired)
    outcome = compute(survey, contents, out=options.out, **hired)
    memo.keep()
    if outcome.failures:
        return console.show_failures(outcome, debug=options.debug)
    written = update(
        survey,
        contents,
        sources,
        study=study,
        out=options.out,
        cache=options.cache,
        base_url=options.base_url,
    )
    if written is None and asks_for_the_site(options):
        unchanged.note(options, root=ROOT, began=began)
    if options.publish:
        console.show(publish(survey))
    return console.show(f"{written or current} in {spoken(time.monotonic() - started)}")


def asks_for_the_site(options: argparse.Namespace) -> bool:
    """Whether the arguments ask for nothing beside the site."""
    beside = (options.list, options.explain, options.verify, options.rebuild)
    return not (options.check or options.publish) and all(each is None for each in beside)


def stand() -> None:
    """Goes to the project's folder where the current one was deleted: processes cannot be started from nowhere."""
    try:
        Path.cwd()
    except OSError:
        os.chdir(ROOT)


def look(options: argparse.Namespace, study: Study, memo: Memo, contents: Contents) -> Survey:
    """Plans the study and surveys where every stage stands; PageError, of all templates, where pages are at fault."""
    files = idx.fingerprints(options.data.resolve(), memo=memo.known["files"]) if options.data else {}
    stages = plan(
        study,
        dataset=options.dataset,
        folder=str(options.data.resolve()) if options.data else "",
        cache=str(options.cache),
        files=files,
        description=described(options.data.resolve()) if options.data else {},
        questions={page.slug: page.question for page in contents.pages},
    )
    if contents.faults:
        check(stages, contents, root=ROOT, out=options.out)
    places.check_readable(folder / kept for folder in (options.cache, ROOT / "results") for kept in KEPT)
    clear(options.cache)
    sources, surroundings = Sources(ROOT, memo=memo.known["sources"]), Surroundings(memo.known["installed"])
    memo.known |= {"sources": sources.memo, "installed": surroundings.memo}
    shelves = Shelves(Shelf("cache", options.cache), Shelf("results", ROOT / "results"))
    survey = Survey(stages, shelves, sources, surroundings, wanted=shown(stages))
    if options.rebuild is not None:
        survey.rebuild(options.rebuild)
    return survey


def clear(cache: Path) -> None:
    """Removes what builds that were killed left half-written in a cache."""
    for kept in KEPT:
        sweep(cache / kept)


def spare(kept: Path) -> None:
    """Raises FilesError where a download of MNIST, kept in this folder, would replace what none left there."""
    for part, name in idx.FILES.items():
        path = kept / name
        if os.path.lexists(path) and not is_of_a_download(path, part):
            raise FilesError(
                f"will not replace {path}, which is not MNIST's; give its folder as --data, or move it away"
            )


def is_of_a_download(path: Path, part: str) -> bool:
    """Whether a file is MNIST's, or may be what an interrupted download left of it."""
    try:
        return hashlib.sha256(idx.read(path, part)).hexdigest() == idx.MNIST_DIGESTS[part]
    except idx.DataError:
        is_file = path.is_file() and not path.is_symlink()
        return is_file and b"\0\0\x08".startswith(idx.regular(path, what="IDX file", most=3))


def compute(survey: Survey, contents: Contents, *, out: Path, jobs: int | None, scheduler: str) -> runner.Outcome:
    """Runs what is missing, on as many processes as asked for; prints the graph first, and before that says so if the
    site could not be written or nobody could compute it."""
    for note in survey.drop_damaged(survey.wanted):
        console.complain(note)
    missing = survey.must_run()
    if not missing:
        return runner.Outcome()
    check(survey.stages, contents, root=ROOT, out=out)
    tell_losses(survey)
    for kept in KEPT:
        check_writable(survey.shelves.local.folder / kept)
    standing = states(survey)
    for chapter, why in contents.absent.items():
        console.show(f"without the chapter {chapter}: {why}")
    perhaps = {name for name in missing if standing[name] == "waiting"}
    with runner.workers(survey, most=len(missing), jobs=jobs, scheduler=scheduler) as executor:
        console.show_graph(standing, costs=survey.costs(), jobs=executor.jobs)
        with Progress({*missing} - perhaps, perhaps=perhaps, costs=survey.costs, jobs=executor.jobs) as progress:
            outcome = runner.run(survey, executor, jobs=executor.jobs, told=progress.told)
    clear(survey.shelves.local.folder)  # of those who were still dying when this build began
    return outcome


def inspect(survey: Survey, contents: Contents, *, out: Path, jobs: int | None, scheduler: str) -> int:
    """Checks the networks and the templates, and nothing else; says what is wrong with any, or that nothing is."""
    gates = [stage for stage in survey.stages if stage.gate]
    verdicts = [Product(gate.name, name) for gate in gates for name in gate.publish]
    wanted = {stage.name for stage in survey.stages if stage.comes_first}
    for stage in reversed(survey.stages):
        wanted |= {product.stage for product in stage.products_read()} if stage.name in wanted else set()
    first = [stage for stage in survey.stages if stage.name in wanted]
    networks = Survey(first, survey.shelves, survey.sources, survey.surroundings, wanted=verdicts)
    outcome = runner.Outcome()
    if missing := networks.must_run():
        with runner.workers(networks, most=len(missing), jobs=jobs, scheduler=scheduler) as executor:
            outcome = runner.run(networks, executor)
    code = console.show_failures(outcome, debug=False) if outcome.failures else 0
    check(survey.stages, contents, root=ROOT, out=out)
    return code or console.show(f"nothing is wrong: {len(gates)} networks and all templates were checked")


def tell_losses(survey: Survey) -> None:
    """Says which files of the shelves are gone or damaged, before anything is computed in their place."""
    from experiments.engine.contents import lost

    for path in sorted(survey.shelves.local.damaged):
        console.complain(f"{path} is damaged: not used; its stage is computed again")
    shelf = survey.shelves.published
    if INSTALLED and shelf is not None and not shelf.folder.is_dir():
        console.complain(f"this copy came without its results ({shelf.folder} is not there): all is computed here")
    if shelf is not None and (names := lost(shelf)):
        which = printable(", ".join(str(shelf.folder / name) for name in names[:3]))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        console.complain(f"gone or damaged: {which}{more}; `git restore {shelf.folder}` brings back what was published")


def compare(survey: Survey, pattern: str, *, jobs: int | None, scheduler: str) -> int:
    """Computes the stages that a glob matches anew and compares; stores nothing."""
    from experiments.engine.verify import verify

    named = survey.named(pattern)
    stored = [name for name in named if survey.standings[name].valid]
    if not stored:
        which = f"none of the {len(named)} stages of {pattern} has a" if len(named) > 1 else f"{named[0]} has no"
        console.complain(f"nothing to compare with: {which} valid stored result; build first")
        return 1
    with runner.workers(survey, most=len(stored), jobs=jobs, scheduler=scheduler) as executor:
        differences = verify(survey, stored, executor, told=console.show)
    return console.show_verification(differences, without=len(named) - len(stored))


def publish(survey: Survey) -> str:
    """Puts what a fresh clone needs on the published shelf: everything but pictures, which each build draws."""
    from experiments.engine.publish import publish

    stages = [stage for stage in survey.stages if not stage.name.startswith(PICTURES)]
    files, size = publish(survey, stages, Shelf("published", ROOT / "results"))
    return f"published {files} files, {size / 1e6:.2f} MB, in results/"


if __name__ == "__main__":
    sys.exit(process.end(main(began=STARTED)))
