"""Reading while writing: serves the site on this machine and builds it again when a source changes.

In: the project's folder and the site's. Out: pages on http://127.0.0.1:PORT until Ctrl-C.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from experiments.engine import process
from experiments.errors import InputError
from report.site.server import Server

WATCHED = ("experiments", "report", "templates", "build.py", "CITATION.cff")
ENDINGS = (".py", ".html", ".md", ".css", ".js", ".json", ".svg", ".cff")


def serve(root: Path, site: Path, *, port: int) -> NoReturn:
    """Serves `site`, and runs build.py with this call's own arguments, less --serve, now and on every change.

    Port 0 takes a free one. Ctrl-C is the way to end it: exit code 0. InputError where the port cannot be had.
    """
    command = [sys.executable, str(root / "build.py"), *without_serve(sys.argv[1:])]
    try:
        server = Server(site, port=port)
    except (OSError, OverflowError) as error:
        raise InputError(f"--serve {port}: cannot listen on this port ({error}); name another one") from error
    process.answer("", code=0)
    built = _state(root)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _build(command)
    print(f"{server.address}  (Ctrl-C ends)", flush=True)
    _rebuild_on_change(root, command, built=built)


def without_serve(arguments: list[str]) -> list[str]:
    """A command line without --serve and its port."""
    kept: list[str] = []
    after_serve = False
    for argument in arguments:
        if not (after_serve and argument.isdigit()) and argument.partition("=")[0] != "--serve":
            kept.append(argument)
        after_serve = argument == "--serve"
    return kept


def _rebuild_on_change(root: Path, command: list[str], *, built: dict[str, int]) -> NoReturn:
    """Builds whenever the sources are no longer as they were when the last build began."""
    while True:
        time.sleep(0.5)
        now = _state(root)
        if now != built:
            built = now
            _build(command)


def _build(command: list[str]) -> None:
    """Runs a build to its end; a signal that ends the server ends it first."""
    with process.held():
        build = subprocess.Popen(command)
        process.at_last(build.terminate)
    build.wait()
    process.not_at_last(build.terminate)


def _state(root: Path) -> dict[str, int]:
    """{source: time of its last change}, of all that a build depends on."""
    found = {}
    for name in WATCHED:
        for path in [root / name, *(root / name).rglob("*")]:
            if path.suffix in ENDINGS:
                try:
                    found[str(path)] = path.stat().st_mtime_ns
                except OSError:  # an editor's file that came and went
                    continue
    return found
