"""Plain networks of other shapes in a real browser, against PyTorch; and networks that a page must not run."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments import models
from experiments.hooks import run_with_cache
from experiments.networks import keep, runnable
from report.play.networks import networks

ROOT = Path(__file__).resolve().parents[2]
TREATMENT = {"mean": 0.125, "std": 0.5}
CNN, MLP = "experiments.models.cnn:CNN", "experiments.models.mlp:MLP"
LAYERED = "experiments.models.layered:LayeredMLP"
PLAIN = {
    "one convolution": (CNN, {"channels": [4], "hidden": 6}),
    "three of 3x3, padded, odd sides": (CNN, {"channels": [3, 4, 5], "kernel": 3, "padding": 1, "hidden": 6}),
    "3x3": (CNN, {"channels": [3, 4], "kernel": 3, "hidden": 6}),
    "7x7, padded": (CNN, {"channels": [3], "kernel": 7, "padding": 2, "hidden": 6}),
    "three hidden layers": (MLP, {"hidden": [7, 6, 5]}),
    "one unit": (MLP, {"hidden": [8, 1]}),
    "dropout": (LAYERED, {"hidden": [7, 6], "after": [["relu", "dropout"], ["dropout", "relu"]]}),
}
READ = """([name, image, targets]) => {
  const network = InsideMNIST.networks().get(name);
  const pixels = Float32Array.from(image, (level) => level / 255);
  const { hooks } = InsideMNIST.forward(network, pixels);
  const gradients = targets.map((target) => [...InsideMNIST.gradient(network, pixels, { target })]);
  return { hooks: Object.fromEntries([...hooks].map(([hook, values]) => [hook, [...values]])), gradients };
}"""


def made(build, options, *, images):
    """A network, its file and what a page is told of it."""
    torch.manual_seed(1)
    model = models.build(build, options=options).eval()
    arguments = {
        "weights": {name: value.numpy()[None] for name, value in model.state_dict().items()},
        "architecture": {"build": build, "options": options},
        "treatment": TREATMENT,
    }
    return (
        model,
        keep(**arguments)["network.safetensors"],
        runnable(**arguments, probe={"images": images})["runnable.json"],
    )


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)


@pytest.fixture
def opened(browser):
    """Opens a page with these networks, {name: (file, what the page is told)}, in it."""
    page = browser.new_page()

    def open_with(packed):
        files, told = ({name: each[part] for name, each in packed.items()} for part in (0, 1))
        script = networks(networks=files, told=told, titles={name: name for name in packed}, card={"height": 28})
        shared = ROOT / "templates" / "assets" / "shared"
        for text in (script["networks.js"], *((shared / name).read_text() for name in ("bytes.js", "forward.js"))):
            page.add_script_tag(content=text)
        return page

    yield open_with
    page.close()


@pytest.mark.parametrize("name", PLAIN)
def test_every_hook_point_and_the_gradient_agree_with_pytorch(opened, images, name):
    model, *packed = made(*PLAIN[name], images=images)
    pixels = (torch.tensor(images[1:2]).float()[:, None] / 255).requires_grad_()
    treated = (pixels - TREATMENT["mean"]) / TREATMENT["std"]
    _, cache = run_with_cache(model, treated)
    hooks = [hook for hook in model.hook_points if not hook.endswith(".out")]  # the page has none behind dropout
    targets = [{"hook": hook, "index": cache[hook].numel() // 2} for hook in hooks[1:]]
    answer = opened({name: packed}).evaluate(READ, [name, images[1].ravel().tolist(), targets])
    assert list(answer["hooks"]) == hooks
    for hook, values in answer["hooks"].items():
        np.testing.assert_allclose(values, cache[hook].flatten(), atol=1e-4, err_msg=hook)
    for target, found in zip(targets, answer["gradients"], strict=True):
        expected = torch.autograd.grad(read(model, treated, target), pixels, retain_graph=True)[0]
        np.testing.assert_allclose(found, expected.flatten(), atol=1e-4, err_msg=str(target))


def read(model, inputs, target):
    """The number at a place of a hook point, with what autograd needs."""
    kept = []
    handle = model.get_submodule(target["hook"]).register_forward_hook(lambda _m, _i, output: kept.append(output))
    model(inputs)
    handle.remove()
    return kept[0].flatten()[target["index"]]


def test_a_network_that_answers_otherwise_than_pytorch_found_is_not_run_and_said_so(opened, images):
    _, file, told = made(*PLAIN["one unit"], images=images)
    wrong = json.loads(json.dumps(told))
    wrong["reference"]["logits"][1][3] += 0.1
    page = opened({"right": (file, told), "wrong": (file, wrong), "strange": (file, {"cannot": "hidden1 has tanh"})})
    assert page.evaluate("[...InsideMNIST.networks().keys()]") == ["right"]
    assert dict(page.evaluate("[...InsideMNIST.unusable()]")) == {
        "wrong": "In this browser the network answers otherwise than in the study, so it is not shown.",
        "strange": "This network cannot be run in a browser: hidden1 has tanh.",
    }


def test_a_relu_in_the_place_of_a_tanh_would_be_noticed(opened, images):
    """As a network would be that declares what it is not."""
    model, file, _ = made(MLP, {"hidden": [9], "activation": "tanh"}, images=images)
    model.parts = {"hidden1": ("linear", "relu"), "logits": ("linear",)}
    with torch.no_grad():
        logits = model((torch.tensor(images[:1]).float()[:, None] / 255 - 0.125) / 0.5)
    _, _, lied = made(MLP, {"hidden": [9]}, images=images)
    lied["reference"] |= {"images": lied["reference"]["images"][:1], "logits": logits.tolist()}
    page = opened({"lying": (file, lied)})
    assert page.evaluate("InsideMNIST.networks().size") == 0


def test_the_lab_has_an_honest_line_in_the_place_of_a_network_that_it_cannot_run(built, open_page, tmp_path):
    site = tmp_path / "site"
    shutil.copytree(built.site, site)
    script = site / "data" / "networks.js"
    head, packed = re.fullmatch(r"(.*\] = )(.*);\n", script.read_text(), re.DOTALL).groups()
    known = json.loads(packed)
    known["cnn-raw"] = {"title": known["cnn-raw"]["title"], "cannot": "hidden1 has tanh"}
    known["mlp-raw"]["reference"]["logits"][0][0] += 1
    script.write_text(f"{head}{json.dumps(known)};\n")
    page = open_page((site / "lab.html").as_uri())
    page.locator("[data-lab][data-ready]").wait_for()
    for where in ("answer", "network"):
        assert "cannot be run in a browser: hidden1 has tanh" in page.inner_text(f"[data-{where}=cnn-raw]")
        assert "answers otherwise than in the study" in page.inner_text(f"[data-{where}=mlp-raw]")
        assert "hidden1 has tanh" not in page.inner_text(f"[data-{where}=cnn-normalized]")
    page.click("[data-shelf] li[data-digit] button")
    assert page.inner_text("[data-answer=cnn-normalized] [data-says]") in "0123456789"
    assert not page.messages
