"""What the trainer reads: images and weights as they are, and the choices that the study's treatments make possible."""

import base64
import json
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from experiments import plan
from experiments.chapters import train as chapter
from experiments.spec import Recipe, Treatment
from experiments.study import MLP, PUBLISHED, SMOKE
from report.play.train import pack, presets
from report.site.pages import Contents, Page
from report.site.update import possible

CARD = {
    "class_names": ["no", "yes"],
    "height": 3,
    "noun": "sign",
    "plural": "signs",
    "kind": "class",
    "kinds": "classes",
}
RANDOM = np.random.default_rng(0)
LESSON = {
    f"{part}/{what}": of
    for part, count in (("train", 5), ("test", 2))
    for what, of in (
        ("images", RANDOM.integers(0, 256, (count, 3, 3), dtype=np.uint8)),
        ("labels", (np.arange(count) % 2).astype(np.uint8)),
    )
}
WEIGHTS = {
    "in.weight": RANDOM.normal(size=(4, 9)).astype("f4"),
    "in.bias": RANDOM.normal(size=4).astype("f4"),
    "logits.weight": RANDOM.normal(size=(2, 4)).astype("f4"),
    "logits.bias": RANDOM.normal(size=2).astype("f4"),
}
NETWORK = {"name": "net", "title": "Net", "batch": 2, "rate": 0.1, "rates": [0.1, 0.3]}
OTHER = {**NETWORK, "name": "other", "title": "Other"}


def treatment(name, mean=0.0, std=1.0, **factors):
    return {"name": name, "title": name, "mean": mean, "std": std, "factors": factors}


PLAIN, DIVIDED, FASTER = treatment("plain"), treatment("divided", std=0.5), treatment("faster", first=4.0)


def packed(networks=(NETWORK,), treatments=(PLAIN, DIVIDED), *, begun=None, measured=None):
    begun = begun or {each["name"]: {"layers": ["in", "logits"]} for each in networks}
    weights = {name: WEIGHTS if "layers" in told else {} for name, told in begun.items()}
    told = {"networks": networks, "treatments": treatments, "measured": measured or {}}
    return pack(lesson=LESSON, begun=begun, weights=weights, card=CARD, **told)


def value(text):
    return json.loads(re.search(r"\] = (.*);\n$", text)[1])


def test_images_and_weights_come_out_as_they_went_in():
    made = packed()
    images, start = value(made["train.js"]), value(made["train-net.js"])
    for part in ("train", "test"):
        pixels = zlib.decompress(base64.b64decode(images[part]["images"]), -zlib.MAX_WBITS)
        assert pixels == LESSON[f"{part}/images"].tobytes()
        assert base64.b64decode(images[part]["labels"]) == LESSON[f"{part}/labels"].tobytes()
    assert images["set"]["names"] == ["no", "yes"]
    for layer, parts in start.items():
        for part, text in parts.items():
            expected = WEIGHTS[f"{layer}.{part}"]
            np.testing.assert_array_equal(
                np.frombuffer(base64.b64decode(text), "<f4").reshape(expected.shape), expected
            )
    layers = [{"name": "in", "inputs": 9, "units": 4}, {"name": "logits", "inputs": 4, "units": 2}]
    assert made["train.json"]["networks"] == [{**NETWORK, "layers": layers}]
    assert made["train.json"]["images"] == {"train": 5, "test": 2}


def test_a_network_that_cannot_be_trained_is_left_out_and_the_reason_told_where_none_can():
    begun = {"net": {"cannot": "in has tanh"}, "other": {"layers": ["in", "logits"]}}
    some = packed((NETWORK, OTHER), begun=begun)
    assert [each["name"] for each in some["train.json"]["networks"]] == ["other"]
    none = packed(begun={"net": {"cannot": "in has tanh"}})
    assert none["train.json"] == {"cannot": "none of its networks can be trained in a page (Net: in has tanh)"}
    assert none.keys() == {"train.js", "train-net.js", "train.json"}, "all that the stage names"


def test_constants_that_the_data_decide_are_told_as_numbers():
    by_data = {"name": "measured", "title": "measured", "factors": {}}
    fed = packed(treatments=(PLAIN, by_data), measured={"measured": {"mean": 0.2, "std": 0.4}})["train.json"][
        "treatments"
    ]
    assert (fed[1]["mean"], fed[1]["std"], fed[1]["tone"]) == (0.2, 0.4, 1)


@pytest.mark.parametrize(
    ("fed", "expected"),
    [
        ([PLAIN, DIVIDED, FASTER], [("plain", "divided", 0.1), ("faster", "divided", 0.1)]),
        ([PLAIN, FASTER, DIVIDED], [("plain", "divided", 0.1), ("faster", "divided", 0.1)]),
        ([PLAIN, DIVIDED], [("plain", "divided", 0.1)]),
        ([PLAIN, FASTER], [("plain", "plain", 0.3), ("faster", "plain", 0.3)]),
        ([PLAIN], [("plain", "plain", 0.3)]),
        ([PLAIN, DIVIDED, treatment("late", last=2.0)], [("plain", "divided", 0.1)]),
    ],
)
def test_the_comparisons_that_matter_follow_from_the_treatments(fed, expected):
    found = presets(NETWORK, fed)
    assert [(each["left"][0], *each["right"]) for each in found] == expected
    assert {each["left"][1] for each in found} == {0.1}


def script(study):
    return next(each for each in plan.plan(study) if each.name == "script/train")


def test_the_published_study_offers_what_a_page_can_apply_in_the_order_of_the_figures_colours():
    told = script(PUBLISHED).parameters
    names = [each["name"] for each in told["treatments"]]
    drawn = next(each for each in plan.plan(PUBLISHED) if each.name == "figure/why/rates").parameters["look"][
        "treatments"
    ]
    assert names == [name for name in drawn if name in names]
    assert {"raw", "normalized", "centred", "scaled", "matched"} == {*names}, "shuffled pixels are a function's doing"
    assert told["networks"][0]["rates"] == list(PUBLISHED.sweeps["mlp"].rates)


def test_rates_lie_around_the_recipes_where_no_others_are_tried():
    study = replace(SMOKE, sweeps={}, recipe=Recipe("sgd", 0.02))
    assert script(study).parameters["networks"][0]["rates"] == [0.002, 0.006, 0.02, 0.06, 0.2]


def test_a_treatment_by_the_data_is_asked_for():
    measured = Treatment("measured", "measured", mean="training", std="training")
    stage = script(replace(SMOKE, sweeps={}, treatments=(*SMOKE.treatments, measured)))
    assert stage.inputs["measured"].keys() == {"measured"}
    assert "mean" not in next(each for each in stage.parameters["treatments"] if each["name"] == "measured")


def test_networks_that_learn_otherwise_are_none_that_a_page_can_train():
    assert chapter.missing(PUBLISHED) == ""
    adam = replace(SMOKE, recipes={MLP.name: Recipe("adam", 0.001)})
    assert [each["name"] for each in script(adam).parameters["networks"]] == ["cnn"]
    assert "gradient descent" in chapter.missing(replace(SMOKE, recipe=Recipe("sgd", 0.01, momentum=0.9)))


def test_a_page_whose_script_says_that_it_cannot_be_had_is_left_out():
    pages = tuple(Page(slug, slug, slug, slug, "") for slug in ("index", "train", "lab"))
    contents = Contents(pages, (), {"why": "no sweeps"})
    scripts = {
        "train.json": {"cannot": "none can"},
        "lab.json": {"cannot be": 1},
        "index.json": [1],
        "train.js": "cannot",
    }
    found = possible(contents, scripts)
    assert [page.slug for page in found.pages] == ["index", "lab"]
    assert found.absent == {"why": "no sweeps", "train": "none can"}
    assert possible(contents, {}) == contents
