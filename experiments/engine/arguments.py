"""The command line: its options, their help, and what is refused before anything is looked at.

In: arguments. Out: a namespace, or exit code 2 with one clear message.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from experiments.study import STUDIES

EXAMPLES = """examples:
  python build.py                                   the published study, from its stored results
  python build.py --study quick --data ~/mnist      the whole site from few seeds and epochs
  python build.py --study smoke --dataset digits    seconds, offline, without MNIST
  python build.py --list                            what would run, and what need not
  python build.py --explain train/mlp-raw/0         why a stage would run
  python build.py --rebuild 'figure/health/*'       draw some figures again

exit codes: 0 done; 1 a stage failed; 2 bad arguments, data or template; 130 interrupted
"""


def parse(arguments: list[str] | None, *, root: Path, about: str | None) -> argparse.Namespace:
    """The options. `root` is the folder of the project, `about` the sentence that help begins with."""
    parser = argparse.ArgumentParser(
        prog="build.py",
        description=about,
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
    add("--out", type=Path, metavar="DIR", default=root / "site", help="where the site goes (default: site)")
    add(
        "--cache",
        type=Path,
        metavar="DIR",
        default=root / ".cache",
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
