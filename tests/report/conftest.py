"""A small site with planted facts and figures, for the tests of the generator: its own pages, the real templates."""

import shutil
from pathlib import Path

import pytest

from experiments.study import PUBLISHED
from report import theme
from report.site.figure import FigureFiles
from report.site.pages import read
from report.site.render import render
from report.site.written import Provenance

REPOSITORY = Path(__file__).parents[2]
FIXTURE = Path(__file__).parent / "fixture"

CARD = {"dataset": "mnist", "title": "MNIST", "noun": "digit", "plural": "digits", "kind": "digit", "kinds": "digits"}
CARD |= {"train": 60000, "test": 10000, "height": 28, "width": 28, "classes": 10, "class_names": list("0123456789")}


def fact(value, low=None, high=None, *, n=10, unit="%", method="mean over seeds, 95 % Student interval"):
    return {"value": value, "low": low, "high": high, "n": n, "unit": unit, "method": method}


THRESHOLDS = {  # that the glossary tells of
    f"units.{name}": fact(value, n=1, unit=unit, method="a constant of the study")
    for name, value, unit in (
        ("attractor_from", 20, "points"),
        ("bottleneck_from", 50, "points"),
        ("generalist_above", 8, "digits"),
        ("specialist_below", 2, "digits"),
    )
}


def drawing(title):
    lines = "".join(
        f'<polyline fill="none" style="stroke:{colour}" stroke-width="2" '
        f'points="60,{200 - 9 * i} 160,{120 - 5 * i} 460,{90 - 5 * i}"/>'
        f'<text x="466" y="{94 - 5 * i}" font-family="sans-serif" font-size="9.5" style="fill:{colour}">{i}</text>'
        for i, colour in enumerate((theme.TREATMENTS[0], theme.TREATMENTS[1], *theme.CLASSES[:10]))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="518.4pt" height="259.2pt" viewBox="0 0 518.4 259.2">'
        f'<path d="M60 20V220H500" fill="none" style="stroke:{theme.GRID}"/>{lines}'
        f'<text x="60" y="245" font-family="sans-serif" font-size="11" style="fill:{theme.INK}">{title}</text></svg>'
    )


@pytest.fixture
def root(tmp_path):
    """A repository with the real templates, whose pages are the fixture's."""
    folder = tmp_path / "repository"
    shutil.copytree(REPOSITORY / "templates", folder / "templates", ignore=shutil.ignore_patterns("pages"))
    shutil.copytree(FIXTURE / "pages", folder / "templates" / "pages")
    for slug in ("glossary", "references"):
        shutil.copy(REPOSITORY / "templates" / "pages" / f"{slug}.md", folder / "templates" / "pages")
    shutil.copytree(FIXTURE / "planted", folder / "planted", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def arguments(root):
    """What render() is called with for the fixture site."""
    return {
        "study": PUBLISHED,
        "card": CARD,
        "facts": {
            "health.accuracy.raw": fact(94.8123, 94.6412, 95.0234),
            "health.accuracy.difference": fact(1.5312, 1.2201, 1.8345, unit="points"),
            "health.dead.share": fact(6.25, 4.375, 8.125),
            "health.dead.difference": fact(-2.5, -4.375, -0.625, unit="points"),
            **THRESHOLDS,
        },
        "figures": {
            f"health/{name}": FigureFiles(
                svg=drawing(name),
                csv="epoch,share\n0,0.0\n1,6.25\n",
                function=f"planted.analysis:{function}",
                stage=f"figure/health/{name}",
                key="5d41402abc4b2a76b9719d911017c592" * 2,
            )
            for name, function in (("dead-units", "dead_units"), ("gradient", "gradient"))
        },
        "provenance": Provenance(
            environment={"python": "3.11.7", "torch": "2.9.0", "numpy": "2.3.0", "platform": "Linux x86_64"},
            stages={"cached": 3, "published": 4, "computed": 0},
            seconds=5400.0,
        ),
        "root": root,
        "base_url": None,
        "pages": read(root).pages,
    }


@pytest.fixture
def site(arguments):
    """The fixture site's files."""
    return render(**arguments)


@pytest.fixture
def site_folder(site, tmp_path):
    """The fixture site on disk, under a folder named as a project page is."""
    folder = tmp_path / "pages" / "name"
    for name, data in site.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
