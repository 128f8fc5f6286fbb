"""The command line: its options, their help, and what is refused before anything is looked at.

In: arguments. Out: a namespace, or exit code 2 with one clear message.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NoReturn

from experiments.engine import places
from experiments.engine.files import printable
from experiments.engine.installed import COMMAND, INSTALLED, PROGRAM
from experiments.study import STUDIES

EXAMPLES = """examples:
  {command}                                   the published study, from its stored results
  {command} --study quick --data ~/mnist      the whole site from few seeds and epochs
  {command} --study smoke --dataset digits    seconds, offline, without MNIST
  {command} --check                           can the networks be studied, are the templates in order
  {command} --list                            what would run, and what need not, in groups
  {command} --list 'train/*'                  the same of every network, one by one
  {command} --explain 'train/*/0'             why stages would run
  {command} --rebuild 'figure/health/*'       draw some figures again
  {command} --scheduler tcp://first:8786      the same on the workers of a Dask scheduler

STAGE and GLOB are names of stages, in which * stands for anything; put them in quotes, or the shell takes the *.
exit codes: 0 done; 1 a stage failed; 2 bad arguments, data or template; 130 interrupted
"""


def parse(arguments: list[str] | None, *, root: Path, about: str | None) -> argparse.Namespace:
    """The options. `root` is the folder of the project, `about` the sentence that help begins with."""
    parser = _Parser(
        prog=PROGRAM,
        description=about,
        epilog=EXAMPLES.format(command=COMMAND),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add, home = parser.add_argument, root
    if INSTALLED:
        try:
            home = Path.cwd()
        except OSError:
            parser.error("the current folder is gone; go to another one")
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
    add(
        "--data",
        type=_folder,
        metavar="DIR",
        help="folder with four IDX files, plain or .gz, and perhaps a dataset.toml",
    )
    add("--out", type=_folder, metavar="DIR", default=home / "site", help="where the site goes (default: site)")
    add(
        "--cache",
        type=_folder,
        metavar="DIR",
        default=home / ".cache",
        help="what is computed here (default: .cache)",
    )
    add("--jobs", type=_count, metavar="N", help="processes (default: one a core, or a thread of the Dask workers)")
    add(
        "--scheduler",
        type=_scheduler,
        metavar="ADDRESS",
        help="have the workers of this Dask scheduler compute, as tcp://host:8786",
    )
    add(
        "--list",
        nargs="?",
        const="",
        metavar="GLOB",
        help="where stages stand, by groups, or one by one those of a GLOB; computes nothing",
    )
    add("--json", action="store_true", help="with --list: every stage, as JSON")
    add("--check", action="store_true", help="check the networks and the templates; train nothing, write no site")
    add("--explain", metavar="STAGE", help="why a stage, or those of a GLOB, would run")
    add(
        "--rebuild",
        nargs="?",
        const="*",
        metavar="GLOB",
        help="ignore stored results of all stages, or of those of a GLOB",
    )
    add(
        "--verify",
        nargs="?",
        const="*",
        metavar="GLOB",
        help="recompute all stages, or those of a GLOB, and compare with what is stored; store nothing",
    )
    add(
        "--publish",
        action="store_true",
        help="have results/ hold what this study's site needs, and no other: the rest there is removed",
    )
    add(
        "--serve",
        nargs="?",
        type=_port,
        const=8000,
        metavar="PORT",
        help="serve the site on this machine; rebuild on change, and reload the page",
    )
    add(
        "--base-url",
        type=_address,
        metavar="URL",
        help="the site's public address, for canonical links, sitemap and feed",
    )
    add("--debug", action="store_true", help="show tracebacks")
    options = parser.parse_args(arguments)
    if options.json and options.list is None:
        parser.error("--json goes with --list")
    is_whole = options.study == "published" or STUDIES[options.study].data is not None
    if options.publish and not (is_whole and options.dataset == "mnist"):
        parser.error("--publish is for the published study, or one with a data set of its own, on IDX data")
    if options.publish and INSTALLED:
        parser.error("--publish is for a clone of the project; an installed one keeps the results that it came with")
    try:
        places.check(root, out=options.out, cache=options.cache, data=options.data)
    except ValueError as error:
        parser.error(str(error))
    return options


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Says what is wrong in one line, whatever the arguments hold, without the usage of all options."""
        self.exit(2, f"{self.prog}: {printable(message)}; --help tells more\n")


def _count(text: str) -> int:
    """A number of processes: a whole number of at least one."""
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes; use 1 or more")
    return int(text)


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use a number up to 65535, or 0 for any that is free")
    return int(text)


def _scheduler(text: str) -> str:
    if not re.fullmatch(r"((tcp|tls|wss?)://)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no scheduler's address; use one as tcp://host:8786")
    return text


def _folder(text: str) -> Path:
    try:
        return places.folder(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _address(text: str) -> str:
    from experiments.engine.address import base_url  # whose imports a build without an address need not pay for

    try:
        return base_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
