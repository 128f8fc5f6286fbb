"""A study of another set of images than MNIST: it has its own constants and names, and files like MNIST's."""

import html
import json
import re
import shutil

import pytest
from sets import plant

from experiments import download
from experiments.engine.arguments import parse
from experiments.errors import InputError
from experiments.idx import FILES, DataError
from experiments.plan import plan
from experiments.spec import Product
from experiments.study import FASHION, PUBLISHED
from tests.conftest import ROOT, Project, copy_sources, fork

NAMES = FASHION.data.class_names
SMALLEST = (
    "SMOKE = replace(\n"
    '    FASHION, name="smoke", architectures=(MLP,), treatments=FASHION.treatments[1:], seeds=(0,), epochs=1,\n'
    "    probe_per_class=3, controls=(), contrasts=(), specimen=None, sweeps={}, variants=(), variants_of='',\n"
    '    embeddings=("pca",), ascent_steps=5,\n'
    ")\n"
)


def data_of(study, **given):
    """The stage of a study that gets the images."""
    return next(stage for stage in plan(study, **given) if stage.name == "data")


def constants(study):
    """All that a study does to pixels and rates, as numbers."""
    fed = [*(each.treatment for each in study.conditions), *study.tried_treatments]
    return {number for each in fed for number in (each.mean, each.std, *each.layer_rates.values())}


def test_the_study_is_the_published_one_with_constants_of_its_own():
    kept = ("architectures", "seeds", "epochs", "recipe", "contrasts", "variants")
    assert all(getattr(FASHION, name) == getattr(PUBLISHED, name) for name in kept)
    assert constants(FASHION) & constants(PUBLISHED) == {0.0, 1.0}
    assert len(constants(FASHION)) == len(constants(PUBLISHED))
    assert FASHION.faults == []


def test_without_a_folder_its_images_are_downloaded_and_with_one_they_are_read_by_their_own_names():
    fetched = data_of(FASHION, cache="kept")
    assert (fetched.function, fetched.parameters["loader"]) == ("experiments.download:load", "FashionMNIST")
    read = data_of(FASHION, folder="here", files={"train-images": "ab"}, description={"title": "Mine"})
    assert read.function == "experiments.data:load"
    assert read.parameters["description"] == FASHION.data.described | {"title": "Mine"}
    assert data_of(FASHION, dataset="digits").parameters["description"] == {}


def test_the_published_study_gets_its_images_as_ever():
    assert data_of(PUBLISHED).parameters == {"dataset": "mnist", "files": {}, "description": {}}


def test_mnist_is_not_taken_for_another_set():
    with pytest.raises(InputError, match="here holds MNIST, and fashion is a study of Fashion-MNIST"):
        plan(FASHION, folder="here", files={})


def test_it_may_be_published_and_a_preview_may_not(capsys):
    assert parse(["--publish", "--study", "fashion"], root=ROOT, about="").publish
    for study in (["--study", "quick"], ["--study", "fashion", "--dataset", "digits"]):
        with pytest.raises(SystemExit):
            parse(["--publish", *study], root=ROOT, about="")
    assert "or one with a data set of its own" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------------- the download


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """torchvision's class, which finds its files on this machine; the list tells how often it was asked."""
    asked = []
    planted = plant(tmp_path / "shop", classes=len(NAMES), side=12, train=3, test=2)

    def fetch(folder, *, download):
        asked.append(folder)
        (folder / "FashionMNIST" / "raw").mkdir(parents=True)
        for name in FILES.values():
            shutil.copy(planted / name, folder / "FashionMNIST" / "raw")

    monkeypatch.setattr(download.datasets, "FashionMNIST", fetch)
    return asked


def load(cache):
    return download.load(loader="FashionMNIST", description=FASHION.data.described, cache=str(cache))


def test_what_was_downloaded_once_is_kept_and_named(shop, tmp_path):
    first, again = load(tmp_path / "kept"), load(tmp_path / "kept")
    assert len(shop) == 1
    assert first["card.json"] == again["card.json"]
    assert first["card.json"]["class_names"] == list(NAMES)
    assert (first["card.json"]["title"], first["card.json"]["plural"]) == ("Fashion-MNIST", "articles")
    assert first["shape.json"] == {"side": 12, "classes": len(NAMES)}


@pytest.mark.parametrize("name", FILES.values())
def test_what_is_lost_or_cut_short_is_downloaded_again(name, shop, tmp_path):
    kept = tmp_path / "kept"
    load(kept)
    file = kept / "fashionmnist" / name
    file.write_bytes(file.read_bytes()[:-1])
    load(kept)
    file.unlink()
    load(kept)
    assert len(shop) == 3


def test_a_download_that_fails_names_both_ways_on(tmp_path, monkeypatch):
    def unreachable(folder, *, download):
        raise RuntimeError("no way")

    monkeypatch.setattr(download.datasets, "FashionMNIST", unreachable)
    with pytest.raises(DataError, match=r"Fashion-MNIST could not be downloaded.*no way\n.*--data DIR"):
        load(tmp_path / "kept")
    with pytest.raises(DataError, match=r"torchvision.datasets has no Nothing; correct the loader"):
        download.load(loader="Nothing", description=FASHION.data.described, cache=str(tmp_path))


# --------------------------------------------------------------------------------------------------- a build


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small study of such data, built of planted files."""
    folder = tmp_path_factory.mktemp("fashion")
    fork(copy_sources(folder / "project"), SMALLEST)
    project = Project(folder / "project", folder / "cache", folder / "site")
    planted = plant(folder / "set", classes=len(NAMES), train=12, test=6)
    done = project.build("--study", "smoke", "--data", planted, "--jobs", "1")
    assert done.returncode == 0, done.stderr[-3000:]
    return project


def text(project, page):
    main = re.search(r"<main.*?</main>", (project.site / page).read_text(encoding="utf-8"), re.DOTALL)[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


@pytest.mark.parametrize("page", ["index.html", "data.html", "dataset.html", "networks.html", "cite.html"])
def test_its_pages_say_what_they_are_made_of(project, page):
    assert "Made with Fashion-MNIST, not with MNIST." in text(project, page)
    assert "preview" not in text(project, page)


def test_its_pages_call_classes_by_name(project):
    assert all(name in text(project, "dataset.html") for name in NAMES)
    assert "the card of MNIST" not in text(project, "dataset.html")
    assert "not told here" in text(project, "dataset.html")
    card = (project.site / "dataset.md").read_text(encoding="utf-8")
    assert "license_name: MIT" in card
    assert "'0': T-shirt/top" in card
    shelf = (project.site / "data" / "shelf.js").read_text(encoding="utf-8")
    assert json.loads(shelf.partition("] = ")[2].rstrip(";\n"))["set"]["names"] == list(NAMES)


def test_its_networks_are_kept_with_its_own_constants(project):
    card = next((project.site / "networks").glob("*.md")).read_text(encoding="utf-8")
    mean, std = FASHION.treatments[1].mean, FASHION.treatments[1].std
    assert f"| subtracted from pixels in [0, 1] | {mean} |" in card
    assert f"(pixels / 255 - {mean}) / {std}" in card


def test_the_whole_study_can_be_planned_and_shown_by_such_files():
    stages = plan(FASHION, folder="here", files={"train-images": "ab"})
    made = {stage.name for stage in stages}
    assert {f"network/{each.name}" for each in FASHION.product} <= made
    assert not [name for name in made if "replication" in name]
    assert all(isinstance(each, Product) for stage in stages for each in stage.products_read())
