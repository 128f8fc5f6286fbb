"""Other studies, built as a fork would build them: by editing experiments/study.py alone. Their pages are read."""

import html
import re
import shutil

import pytest

from tests.conftest import ROOT, SMOKE, Project, copy_sources

BEGIN = "STUDIES = {"
SMALL = 'SMOKE = replace(SMOKE, variants=(), embeddings=("pca",))\n'
SCALED = 'Treatment("scaled", "scaled", mean=0.0, std=0.3081)'
FORKS = {
    "one architecture": "SMOKE = replace(SMOKE, architectures=(MLP,))\n",
    "the other architecture": "SMOKE = replace(SMOKE, architectures=(CNN,))\n",
    "one treatment": "SMOKE = replace(SMOKE, treatments=(RAW,))\n",
    "three treatments": f"SMOKE = replace(SMOKE, treatments=(RAW, NORMALIZED, {SCALED}))\n",
    "one hidden layer": 'SMOKE = replace(SMOKE, architectures=(replace(MLP, options={"hidden": [12]}), CNN))\n',
    "three hidden layers": (
        'SMOKE = replace(SMOKE, architectures=(replace(MLP, options={"hidden": [64, 32, 16]}), CNN))\n'
    ),
    "one convolution": 'SMOKE = replace(SMOKE, architectures=(MLP, replace(CNN, options={"channels": [4]})))\n',
    "a transformer": (
        "ViT = Architecture(name='vit', title='ViT', build='experiments.models.transformer:VisionTransformer')\n"
        "SMOKE = replace(SMOKE, architectures=(MLP, ViT), treatments=(RAW,))\n"
    ),
    "tanh": (
        'BENT = replace(MLP, options={"hidden": [32, 16], "activation": "tanh"})\n'
        "SMOKE = replace(SMOKE, architectures=(BENT, CNN))\n"
    ),
    "recipes": (
        "from experiments.spec import Recipe\n"
        'OWN = {"mlp-raw": Recipe("adam", 0.002, momentum=0.8), "cnn": Recipe("sgd", 0.02, momentum=0.9)}\n'
        "SMOKE = replace(SMOKE, recipes=OWN)\n"
    ),
    "treatments of all kinds": (
        "from experiments.spec import Transform\n"
        'MEASURED = Treatment("measured", "measured", mean="training", std="training")\n'
        'MATCHED = Treatment("matched", "matched", mean=0.0, std=1.0, layer_rates={"first": 10.53})\n'
        'ORDER = Transform("in one fixed random order", "experiments.treatment:shuffled", {"seed": 0})\n'
        'SHUFFLED = Treatment("shuffled", "shuffled", mean=0.1307, std=0.3081, transforms=(ORDER,))\n'
        "SMOKE = replace(SMOKE, treatments=(RAW, MEASURED, MATCHED, SHUFFLED))\n"
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
    study = root / "experiments" / "study.py"
    text = study.read_text()
    study.write_text(text.replace(BEGIN, SMALL + change + BEGIN))
    shutil.copy(ROOT / "tests" / "support" / "transformer.py", root / "experiments" / "models")
    return Project(root, cache, folder / "site")


def told(page):
    """What a page says to a reader: its main part as text, without listings of code."""
    main = re.search(r"<main.*?</main>", page, re.DOTALL)[0]
    for kind in ("pre", "script", "code", "style"):
        main = re.sub(rf"<{kind}\b.*?</{kind}>", " ", main, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", main))


@pytest.mark.parametrize("name", FORKS)
def test_another_study_is_built_and_its_pages_speak_of_what_it_has(name, cache, tmp_path):
    project = fork(tmp_path, cache, FORKS[name])
    done = project.build(*SMOKE, "--jobs", "2")
    assert done.returncode == 0, done.stderr[-3000:]
    pages = {path.stem: told(path.read_text()) for path in project.site.glob("*.html")}
    assert {"index", "training", "geometry", "units"} <= pages.keys()
    missing = {"one architecture": "CNN", "the other architecture": "MLP", "a transformer": "CNN"}.get(name)
    for slug, text in pages.items():
        assert not re.search(r"\b(nan|None|undefined)\b", text), slug
        if missing and slug not in ("glossary", "references", "hooks", "methods"):
            assert not re.search(rf"\b{missing}s?\b", text), (slug, missing)
    if name == "one treatment":
        assert not [slug for slug in ("index", "training", "health") if "normalized" in pages[slug]]
    if name == "three treatments":
        assert all("scaled" in pages[slug] for slug in ("index", "data", "training", "activations", "comparison"))
    if name in ("the other architecture", "a transformer", "one treatment"):
        assert "layers" not in pages
        assert "without the chapter layers" in done.stdout
