"""Other studies, built as a fork would build them: by editing experiments/study.py alone. Their pages are read.

Every form that a fork may take is in one of the builds: fewer and more architectures, treatments and layers, one of
each, another activation, a transformer, recipes, constants from the data, transforms, controls; other data.
"""

import html
import json
import re
import shutil
from dataclasses import dataclass, field

import pytest
from sets import NAMES, plant

from tests.conftest import ROOT, SMALL, SMOKE, Project, copy_sources
from tests.conftest import fork as write

IMPORTS = "from experiments.spec import Condition, Recipe, Transform\n"
ADVICE = ("glossary", "references", "hooks", "cite")  # pages that may speak of networks in general, or of the project

MISCOUNTED = re.compile(
    r"\b(nan|None|undefined)\b|(?<![\d.,−])1 (units|seeds|epochs)\b|\bone (different )?(seeds|epochs|networks)\b"
)


@dataclass(frozen=True)
class Fork:
    """What is written into study.py; the chapters that the study then lacks; words that no page may say, and words
    that certain pages have to."""

    change: str
    absent: tuple[str, ...] = ("layers", "replication", "why")
    unsaid: tuple[str, ...] = ()
    said: dict[str, tuple[str, ...]] = field(default_factory=dict)
    data: dict | None = None


FORKS = {
    "one seed; one architecture, of one convolution; four treatments of all kinds": Fork(
        'ORDER = Transform("in one fixed random order", "experiments.treatment:shuffled", {"seed": 0})\n'
        "SMOKE = replace(\n"
        "    SMOKE,\n"
        "    seeds=(0,),\n"
        '    architectures=(replace(CNN, options={"channels": [4], "hidden": 12}),),\n'
        "    treatments=(\n"
        "        RAW,\n"
        '        Treatment("measured", "measured", mean="training", std="training"),\n'
        '        Treatment("matched", "matched", mean=0.0, std=1.0, layer_rates={"first": 10.53}),\n'
        '        Treatment("shuffled", "shuffled", mean=0.1307, std=0.3081, transforms=(ORDER,)),\n'
        "    ),\n"
        ")\n",
        absent=("layers", "replication", "why", "train"),
        unsaid=(
            r"\bMLPs?\b",
            "normalized",
            "whatever its architecture",
            "another architecture",
            "told apart from that",
        ),
        said={
            "index": ("measured, matched and shuffled",),
            "methods": ("in one fixed random order", "learn at 10.53 times"),
            "comparison": ("CNN: shuffled minus raw",),
            "geometry": ("leaves t-SNE and UMAP out",),
            "units": ("CNN, measured",),
        },
    ),
    "one of each, of one hidden layer; a sweep without a plain treatment; five named classes of 20 by 20 pixels": Fork(
        'SMOKE = replace(SMOKE, architectures=(replace(MLP, options={"hidden": [12]}),), treatments=(NORMALIZED,))\n'
        'SMOKE = replace(SMOKE, sweeps={"mlp": Sweep((NORMALIZED, RAW), rates=(0.01, 0.1), seeds=1, epochs=1)})\n',
        absent=("layers", "replication", "comparison"),
        unsaid=(
            r"\bCNNs?\b",
            r"\bdigits?\b",
            "convolution",
            "are ahead of",
            "it would be one",
            "head start",
            "whatever the treatment",
        ),
        said={
            "index": ("Five shapes", "MLP, normalized"),
            "data": ("20",),
            "lab": NAMES,
            "train": ("Two copies",),
            "why": ("That is not asked here", "from one seed"),
        },
        data={"side": 20},
    ),
    "three architectures, a transformer among them; three convolutions; a layer of one unit": Fork(
        "SMOKE = replace(\n"
        "    SMOKE,\n"
        "    architectures=(\n"
        '        replace(MLP, options={"hidden": [64, 32, 16]}),\n'
        '        replace(CNN, options={"channels": [4, 8, 8], "hidden": 1, "kernel": 3, "padding": 1}),\n'
        '        Architecture("vit", "ViT", build="experiments.models.transformer:VisionTransformer"),\n'
        "    ),\n"
        "    treatments=(RAW,),\n"
        ")\n",
        unsaid=("normalized", r"\btreatments differ"),
        said={"index": ("MLP, CNN and ViT",), "comparison": ("ViT minus MLP",), "lab": ("ViT, raw",)},
    ),
    "recipes and epochs of its own for each; tanh; a control of one seed and a contrast": Fork(
        "SMOKE = replace(\n"
        "    SMOKE,\n"
        '    architectures=(replace(MLP, options={"hidden": [24, 12], "activation": "tanh"}), CNN),\n'
        '    controls=(Condition(CNN, Treatment("scaled", "scaled", mean=0.0, std=0.3081)),),\n'
        '    contrasts=(("cnn-scaled", "cnn-normalized"),),\n'
        "    control_seeds=1,\n"
        "    epochs=2,\n"
        "    recipes={\n"
        '        "mlp-raw": Recipe("adam", 0.002, momentum=0.8, epochs=3),\n'
        '        "cnn": Recipe("sgd", 0.02, momentum=0.9, epochs=4),\n'
        "    },\n"
        ")\n",
        absent=("layers", "replication", "why", "train"),
        said={
            "methods": (
                "Adam",
                "momentum 0.9",
                "learning rate 0.002",
                "They do not all learn alike",
                "for four epochs",
            ),
            "training": ("not all learn by the same recipe",),
            "comparison": ("CNN: scaled minus normalized",),
        },
        unsaid=("all trained in the same way", "the learning rate is the same for all"),
    ),
}


@pytest.fixture(scope="module")
def cache(built, tmp_path_factory):
    """One cache for all forks, which begins with the smoke study's results: what studies share is trained once."""
    folder = tmp_path_factory.mktemp("forks") / "cache"
    shutil.copytree(built.cache, folder)
    return folder


def fork(folder, cache, change):
    root = copy_sources(folder / "project")
    write(root, IMPORTS + SMALL + change)
    shutil.copy(ROOT / "tests" / "support" / "transformer.py", root / "experiments" / "models")
    return Project(root, cache, folder / "site")


def told(page):
    """What a page says to a reader: its main part as text, without listings of code, and what it quotes of the glossary
    (which may speak of networks in general)."""
    main = re.search(r"<main.*?</main>", page, re.DOTALL)[0]
    main = re.sub(r'<div class="definition".*?</div>', " ", main, flags=re.DOTALL)
    for kind in ("pre", "script", "code", "style"):
        main = re.sub(rf"<{kind}\b.*?</{kind}>", " ", main, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


@pytest.mark.parametrize("name", FORKS)
def test_another_study_is_built_and_its_pages_speak_of_what_it_has(name, cache, tmp_path):
    asked = FORKS[name]
    project = fork(tmp_path, cache, asked.change)
    arguments = SMOKE
    if asked.data:
        about = {"title": "Five shapes", "noun": "shape", "plural": "shapes", "class_names": NAMES}
        arguments = ("--study", "smoke", "--data", str(plant(tmp_path / "set", classes=5, **asked.data, **about)))
    done = project.build(*arguments, "--jobs", "1")
    assert done.returncode == 0, done.stderr[-3000:]
    pages = {path.stem: told(path.read_text()) for path in project.site.glob("*.html")}
    assert {"index", "training", "geometry", "units", "lab", "map"} <= pages.keys()
    for chapter in asked.absent:
        assert chapter not in pages
        assert f"without the chapter {chapter}: " in done.stdout
    for slug, text in pages.items():
        assert not MISCOUNTED.search(text), slug
        found = [word for word in asked.unsaid if slug not in ADVICE and re.search(word, text)]
        assert not found, (slug, found)
    for slug, words in asked.said.items():
        assert not [word for word in words if word not in pages[slug]], slug


CHAPTER = {
    "experiments/chapters/brightness.py": '''
"""How bright the probe images are."""

from experiments.rows import WHOLE, Row
from experiments.wiring import PROBE, analysis, figures

ROWS = ()


def stages(study):
    return [
        analysis("brightness", "measure", inputs={"probe": PROBE}),
        *figures(study, "brightness", "histogram"),
    ]
''',
    "experiments/analyses/brightness.py": '''
"""The mean pixel of each probe image."""

from experiments.statistics import constant


def measure(*, probe):
    means = probe["images"].mean(axis=(1, 2)) / 255
    fact = constant(float(means.mean()), unit="", n=len(means), method="over the probe images")
    return {"arrays.npz": {"means": means}, "facts.json": {"brightness.mean": fact}}
''',
    "report/figures/brightness.py": '''
"""How bright the probe images are."""

from report import export, style


@style.drawn
def histogram(*, arrays):
    fig, ax = style.figure(height=2)
    ax.hist(arrays["means"], color=style.MUTED)
    return export.done(fig, [(float(each),) for each in arrays["means"]], ("mean",))
''',
    "templates/pages/brightness.md": """+++
title = "Brightness"
question = "How bright are the images?"
description = "The mean pixel of each probe image."
part = "The study"
order = 145
+++

{% call answer() %}
Their mean pixel is {{ value("brightness.mean") }}.
{% endcall %}

{% call figure("brightness/histogram", title="Most images are dark", alt="A histogram of mean pixels.") %}
A bar counts images.
{% endcall %}

{{ measured("experiments.analyses.brightness:measure") }}
""",
}


def test_a_new_chapter_is_new_files_alone(built, cache, tmp_path):
    project = Project(copy_sources(tmp_path / "project"), cache, tmp_path / "site")
    for name, text in CHAPTER.items():
        assert not (project.root / name).exists()
        (project.root / name).write_text(text.lstrip("\n"))
    done = project.build(*SMOKE, "--jobs", "1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "How bright are the images?" in (project.site / "brightness.html").read_text()
    assert 'href="brightness.html"' in (project.site / "index.html").read_text()
    assert json.loads((project.site / "facts.json").read_text())["brightness.mean"]["page"] == "brightness"
    ran = re.search(r"(\d+) of (\d+) stages to run", done.stdout)
    assert int(ran[1]) <= 5, "but for the chapter's own stages, its picture and the cards nothing runs"
