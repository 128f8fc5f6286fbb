"""Cards: they begin with YAML that says what the site says, and their lines of Python open the network beside them."""

import json
import re

import numpy as np
import pytest
import torch
import yaml

from experiments import published
from experiments.study import PUBLISHED
from report.site import cards
from report.site.render import render
from tests.report.conftest import CARD, REPOSITORY, fact

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COUNTS = {
    f"data.class_count.{half}.{label}": fact(7.0, unit="images") for half in ("train", "test") for label in range(10)
}
FAULTS = {name: fact(3.0, unit="images") for name in ("again.train", "again.test", "shared", "torn", "blank")}
CONDITIONS = [each.name for each in PUBLISHED.product]


def facts():
    """What cards ask for, with another accuracy of each network."""
    found = {**COUNTS, **{f"dataset.{name}": each for name, each in FAULTS.items()}}
    for place, name in enumerate(CONDITIONS):
        found[f"networks.accuracy.{name}"] = fact(90.0 + place, 89.0 + place, 91.0 + place, n=10000)
        found[f"networks.least.{name}"] = fact(8.0, unit="")
        found[f"networks.least_accuracy.{name}"] = fact(80.0, 79.0, 81.0, n=974)
        found[f"training.test_accuracy.{name}"] = fact(92.0, 91.0, 93.0)
    return found


@pytest.fixture
def site(arguments, root):
    """The fixture's site, with the published networks."""
    (root / "CITATION.cff").write_bytes((REPOSITORY / "CITATION.cff").read_bytes())
    told = {
        each.architecture.name: published.product(f"check/{each.architecture.name}", "check.json")
        for each in PUBLISHED.product
    }
    files = {
        name: (
            published.product(f"network/{name}", "network.safetensors"),
            published.product(f"runnable/{name}", "runnable.json"),
        )
        for name in CONDITIONS
    }
    card = CARD | {
        "source": "Some people.",
        "licence": "CC0 & more",
        "is_mnist": False,
        "digests": {"test-labels": "ab"},
    }
    given = {"facts": arguments["facts"] | facts(), "networks": told, "files": files, "card": card}
    return render(**arguments | given)


def front(data):
    """The YAML with which a card begins, and the text behind it."""
    _, head, text = data.decode().split("---\n", 2)
    return yaml.safe_load(head), text


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_card_says_of_its_network_what_is_known(site, name):
    says, text = front(site[f"networks/{name}.md"])
    result = says["model-index"][0]["results"][0]
    assert result["metrics"] == [{"type": "accuracy", "name": "Accuracy in %", "value": 90.0 + CONDITIONS.index(name)}]
    assert (says["license"], says["pipeline_tag"], result["dataset"]["name"]) == (
        "mit",
        "image-classification",
        "MNIST",
    )
    digest = json.loads(site["manifest.json"])["files"][f"networks/{name}.safetensors"]
    assert digest in text
    for said in ("60,000 training images", "79.0 to 81.0", "@misc{", "| seed | 5 |"):
        assert said in text
    assert not re.search(r"undefined|None|\ue000", text)


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_lines_of_a_card_open_its_network_both_ways(site, name, tmp_path, monkeypatch):
    (tmp_path / f"{name}.safetensors").write_bytes(site[f"networks/{name}.safetensors"])
    monkeypatch.chdir(tmp_path)
    images, _ = published.examples()
    session = {"images": images, "pixels": torch.as_tensor(images)[:, None].float()}
    blocks = PYTHON.findall(site[f"networks/{name}.md"].decode())
    assert len(blocks) == 2
    for block in blocks:
        exec(block, session)
    own = published.network(name)
    answers = own.model(own.treat(images)).detach().numpy()
    for found in (session["logits"], session["alone"]):
        assert np.allclose(found.detach().numpy(), answers, atol=1e-4)


def test_the_datas_card_names_its_licence_its_classes_and_its_faults(site):
    says, text = front(site["dataset.md"])
    assert (says["license"], says["license_name"], says["size_categories"]) == ("other", "CC0 & more", ["10K<n<100K"])
    assert says["dataset_info"]["splits"] == [
        {"name": "train", "num_examples": 60000},
        {"name": "test", "num_examples": 10000},
    ]
    names = says["dataset_info"]["features"][1]["dtype"]["class_label"]["names"]
    assert names == {str(label): str(label) for label in range(10)}
    assert "| images without a lit pixel | 3 images |" in text.replace("\u00a0", " ")
    assert "not told here" in text


def test_a_set_without_a_licence_says_so():
    assert yaml.safe_load(cards.of_dataset(CARD).split("---")[1])["license"] == "unknown"


@pytest.mark.parametrize(
    ("images", "size"),
    [(20, "n<1K"), (1000, "1K<n<10K"), (70000, "10K<n<100K"), (100000, "100K<n<1M"), (3000000, "n>1M")],
)
def test_sizes_are_those_that_hubs_sort_by(images, size):
    says = cards.of_dataset(CARD | {"train": images - 1, "test": 1}).split("---")[1]
    assert yaml.safe_load(says)["size_categories"] == [size]


def test_a_study_that_kept_no_network_has_no_card(arguments):
    assert not [name for name in render(**arguments) if name.startswith("networks/") or name == "dataset.md"]
