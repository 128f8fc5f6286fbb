"""A project of a few lines in a temporary folder: write a module, run, edit it, run again, and see what was called."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pytest
from folders import OLD, SIGN

from experiments.engine import runner
from experiments.engine.folder import replace
from experiments.engine.sources import Sources
from experiments.engine.store import Shelf
from experiments.engine.survey import Shelves, Survey
from experiments.spec import Product, Stage

REPORT = Product("report", "report.txt")

STEPS = """
    from pathlib import Path

    from lab.notes import note


    def numbers(*, upto, log):
        note(log, "numbers")
        return {"numbers.json": list(range(upto)), "story.txt": "once"}
"""
SUMS = """
    from lab.helper import scaled
    from lab.notes import note


    def total(*, numbers, factor, log):
        note(log, f"total {factor}")
        return {"total.json": scaled(sum(numbers), factor)}
"""
REPORTS = """
    from lab.notes import note


    def report(*, totals, log):
        note(log, "report")
        return {"report.txt": ", ".join(f"{name}={value}" for name, value in sorted(totals.items()))}
"""
HELPER = """
    def scaled(value, factor):
        return value * factor
"""
NOTES = """
    from pathlib import Path


    def note(log, text):
        with Path(log).open("a") as file:
            file.write(text + "\\n")
"""


class Project:
    """A first-party package `lab`, its two shelves, and the calls its functions noted."""

    def __init__(self, root):
        self.root = root
        self.log = root / "calls.txt"
        self.local = root / "cache"
        self.published = root / "results"
        self.memo = {}
        self.write("lab/__init__.py", "")
        texts = {"steps": STEPS, "sums": SUMS, "reports": REPORTS, "helper": HELPER, "notes": NOTES}
        for name, text in texts.items():
            self.write(f"lab/{name}.py", text)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        return file

    def edit(self, path, old, new):
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new))

    def plan(self, *, upto=4, factors=(1, 2)):
        """numbers -> total/<factor> -> report"""
        place = {"log": str(self.log)}
        numbers = Product("numbers", "numbers.json")
        totals = {f"x{factor}": Product(f"total/{factor}", "total.json") for factor in factors}
        return [
            Stage("numbers", "lab.steps:numbers", parameters={"upto": upto}, place=place, publish=("story.txt",)),
            *(
                Stage(
                    f"total/{factor}",
                    "lab.sums:total",
                    parameters={"factor": factor},
                    inputs={"numbers": numbers},
                    publish=("total.json",),
                    place=place,
                )
                for factor in factors
            ),
            Stage("report", "lab.reports:report", inputs={"totals": totals}, publish=("report.txt",), place=place),
        ]

    def survey(self, stages=None, *, wanted=(REPORT,)):
        shelves = Shelves(Shelf("cache", self.local), Shelf("results", self.published))
        stages = self.plan() if stages is None else stages
        names = {stage.name for stage in stages}
        sources = Sources(self.root, memo=self.memo)
        self.memo = sources.memo  # as a build leaves it for the next one
        return Survey(stages, shelves, sources, wanted=[each for each in wanted if each.stage in names])

    def install(self, package, version, *, imported=None, needs=()):
        """Leaves what an installer leaves of a package, in a folder on the path; an earlier version goes."""
        folder = self.root / "env" / "site-packages"
        for old in folder.glob(f"{package}-*.dist-info"):
            shutil.rmtree(old)
        info = folder / f"{package}-{version}.dist-info"
        info.mkdir(parents=True)
        requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{requires}")
        (info / "top_level.txt").write_text(f"{imported or package}\n")
        (folder / f"{imported or package}.py").write_text("")

    def run(self, survey, *, workers=2, **options):
        """Runs what is missing in this process, with the modules as they are on the disk now."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "lab"]:
            del sys.modules[name]
        with ThreadPoolExecutor(workers) as executor:
            return runner.run(survey, executor, **options)

    def build(self, stages=None, **options):
        """Surveys and runs; returns the names of the functions that were called, sorted."""
        outcome = self.run(self.survey(stages, **options))
        assert outcome.failures == []
        return self.calls()

    def calls(self):
        """What was called since last asked, sorted."""
        lines = sorted(self.log.read_text().splitlines()) if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines

    def artifact(self, survey, stage, name, *, shelf=None):
        return (shelf or survey.shelves.local).path(name, survey.address(Product(stage, name)))


@pytest.fixture
def settled(monkeypatch):
    """How often a build settled what it computed; each time that is held against a look at everything afresh."""
    settle, times = Survey.settle, []

    def settle_and_compare(self, names):
        settle(self, names)
        afresh = Survey(self.stages, self.shelves, self.sources, wanted=self.wanted, redo=dict(self.redo))
        assert afresh.standings == self.standings
        assert afresh.redo == self.redo
        times.append(names)

    monkeypatch.setattr(Survey, "settle", settle_and_compare)
    return times


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "env" / "site-packages")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Project(tmp_path)


@pytest.fixture
def out(tmp_path):
    """A folder with the old site in it."""
    place = tmp_path / "parent" / "site"
    replace(place, OLD, sign=SIGN)
    return place
