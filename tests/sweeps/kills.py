#!/usr/bin/env python3
"""Kills a build at many points, resumes it, and compares what came of it, byte for byte, with an undisturbed build.

In: how many points, over three victims (a worker, the build's own process, all of its processes). Out: a table, and
exit code 1 where a resumed build differs in its site, artifacts or records (but for seconds), or where a process or a
half-written file is left. Every tenth point begins with an empty cache, the others with a part of it undone.

    python tests/sweeps/kills.py --points 100 --jobs 2
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.engine.files import TOKEN
from experiments.engine.hand import BEGIN
from experiments.engine.store import Shelf
from tests.test_signals import session

BUILD = Path(__file__).resolve().parents[2] / "build.py"
STUDY = ("--study", "smoke", "--dataset", "digits")
VICTIMS = ("worker", "parent", "group")
UNDONE = 8  # stages that are made again at a point that does not begin with an empty cache


@dataclass(frozen=True)
class Point:
    """A kill: who dies, how far through the build (0 to 1), and the stages that it has to make (None: all)."""

    number: int
    victim: str
    share: float
    undone: tuple[str, ...] | None


@dataclass(frozen=True)
class Length:
    """Seconds of an undisturbed build: the whole, and from when to when workers were alive."""

    whole: float
    workers: tuple[float, float]


def main() -> int:
    """Sweeps and prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="the cache of a finished smoke study on digits, to begin with it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        whole = folder / "whole"
        if options.cache:
            shutil.copytree(options.cache, whole / "cache")
        if build(whole, options.jobs).wait():
            sys.exit((whole / "said").read_text())
        expected = contents(whole)
        lengths: dict[bool, Length] = {}
        wrong = 0
        print("point  victim  at      began with    killed   resumed  what is wrong")
        for point in points(options.points, Shelf("cache", whole / "cache")):
            said, faults = tried(point, folder / str(point.number), whole, expected, jobs=options.jobs, lengths=lengths)
            wrong += bool(faults)
            print(f"{point.number:>5}  {point.victim:<6}  {said}  {'; '.join(faults) or '-'}", flush=True)
    print(f"{options.points} kills, {wrong} with faults")
    return 1 if wrong else 0


def points(count: int, shelf: Shelf) -> list[Point]:
    """Kills spread evenly over a build, each victim in turn; the stages to be made vary from point to point."""
    stages = sorted(record.stage for record in shelf.records())
    chance = random.Random(0)
    return [
        Point(
            number=number,
            victim=VICTIMS[number % 3],
            share=(number + 0.5) / count,
            undone=None if number % 10 == 9 else tuple(chance.sample(stages, UNDONE)),
        )
        for number in range(count)
    ]


def tried(
    point: Point, folder: Path, whole: Path, expected: dict[str, object], *, jobs: int, lengths: dict[bool, Length]
) -> tuple[str, list[str]]:
    """What happened at a point, in columns, and what is wrong with it. `lengths` keeps how long a build takes that
    nobody kills, for the points that begin with nothing and for the others."""
    kind = point.undone is None
    if kind not in lengths:
        prepare(point, folder, whole)
        lengths[kind] = measured(build(folder, jobs))
        shutil.rmtree(folder)
    first, last = lengths[kind].workers if point.victim == "worker" else (0.0, lengths[kind].whole)
    moment = first + point.share * (last - first)
    prepare(point, folder, whole)
    faults = []
    began = time.monotonic()
    victim = build(folder, jobs)
    while time.monotonic() < began + moment and victim.poll() is None:
        time.sleep(0.01)
    killed = kill(victim, point.victim)
    code = victim.wait()
    if left := survivors(victim.pid):
        faults.append(f"left running: {left}")
        for process in left:
            os.kill(process, signal.SIGKILL)
    resumed = build(folder, jobs)
    if resumed.wait():
        faults.append(f"the resumed build ended with {resumed.returncode}: {(folder / 'said').read_text()[-300:]}")
    found = contents(folder)
    differing = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    if differing:
        faults.append(f"{len(differing)} files differ, {', '.join(differing[:3])}")
    faults += [f"left half-written: {path.name}" for path in folder.rglob(f"*{TOKEN}-*")]
    shutil.rmtree(folder)
    start = "nothing" if point.undone is None else f"{UNDONE} undone"
    how = f"{code:>6}" if killed else "nobody"
    return f"{moment:5.1f} s  {start:<12}  {how}  {resumed.returncode:>8}", faults


def prepare(point: Point, folder: Path, whole: Path) -> None:
    """A cache in which a point's stages have to be made again, records and artifacts."""
    folder.mkdir()
    if point.undone is None:
        return
    shutil.copytree(whole / "cache", folder / "cache")
    shelf = Shelf("cache", folder / "cache")
    records = shelf.records()
    kept = {address for record in records if record.stage not in point.undone for address in record.products.values()}
    for record in records:
        if record.stage in point.undone:
            shelf.record_path(record.key).unlink()
            for product, address in record.products.items():
                if address not in kept:
                    shelf.path(product, address).unlink(missing_ok=True)


def build(folder: Path, jobs: int) -> subprocess.Popen[bytes]:
    """A build that has begun, in a session of its own; what it says goes to a file."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(BUILD), *STUDY, "--jobs", str(jobs)]
    places = ["--cache", str(folder / "cache"), "--out", str(folder / "site")]
    with (folder / "said").open("wb") as said:
        return subprocess.Popen([*command, *places], stdout=said, stderr=said, start_new_session=True)


def measured(build: subprocess.Popen[bytes]) -> Length:
    """How long a build takes that nobody kills."""
    began, seen = time.monotonic(), []
    while build.poll() is None:
        if workers(build):
            seen.append(time.monotonic() - began)
        time.sleep(0.05)
    return Length(time.monotonic() - began, (seen[0], seen[-1]))


def kill(build: subprocess.Popen[bytes], victim: str) -> bool:
    """Kills one or all. Tells whether there was anybody to be killed: a build may be quicker than the measured one."""
    if build.poll() is not None:
        return False
    if victim == "group":
        os.killpg(build.pid, signal.SIGKILL)
    elif victim == "parent":
        os.kill(build.pid, signal.SIGKILL)
    elif found := workers(build):
        os.kill(found[0], signal.SIGKILL)
    else:
        return False
    return True


def workers(build: subprocess.Popen[bytes]) -> list[int]:
    """The processes of a build that compute."""
    return [each for each, said in session(build.pid).items() if BEGIN in said]


def survivors(leader: int) -> list[int]:
    """What still lives of a build after as long as its processes need to notice that it is gone."""
    end = time.monotonic() + 20
    while (left := session(leader)) and time.monotonic() < end:
        time.sleep(0.1)
    return sorted(left)


def contents(folder: Path) -> dict[str, object]:
    """{name: bytes} of the site and of the artifacts, {name: record} of the records, whose seconds do not count."""
    paths = [*(folder / "site").rglob("*"), *(folder / "cache" / "artifacts").glob("*")]
    found: dict[str, object] = {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.is_file()}
    for record in Shelf("cache", folder / "cache").records():
        found[f"record of {record.stage}, {record.key}"] = asdict(record) | {"seconds": 0}
    return found


if __name__ == "__main__":
    sys.exit(main())
