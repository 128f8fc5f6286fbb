"""The page's forward pass, on the shipped weights in a real browser, against PyTorch: every number, every unit."""

import base64
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments import published
from experiments.hooks import run_with_cache, run_with_hooks
from experiments.measures.scaling import hidden_layers, scale_units
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP
from experiments.networks import keep, open_network, runnable
from experiments.treatment import treated
from report.play.networks import networks

ASSETS = Path(__file__).parents[2] / "templates" / "assets"

CONDITIONS = ("mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized")
TOLERANCE = 1e-4
SCALES = (0.0, 3.0)

# What the tests ask of the page. Numbers go both ways as bytes: as text, millions of them would take longer than
# reckoning them does.
TOOLS = """(rows) => {
  const images = rows.map((row) => Float32Array.from(row, (level) => level / 255));
  const bytes = (arrays) => new Promise((done) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result.split(",")[1] ?? ""));
    reader.readAsDataURL(new Blob(arrays.map((array) => Float32Array.from(array))));
  });
  window.tools = {
    async hooks(name) {
      const network = InsideMNIST.networks().get(name);
      const answers = images.map((image) => InsideMNIST.forward(network, image));
      const hooks = {};
      for (const hook of answers[0].hooks.keys()) {
        hooks[hook] = await bytes(answers.map((answer) => answer.hooks.get(hook)));
      }
      const shapes = answers.map((answer) => Object.fromEntries(answer.shapes));
      return { hooks, shapes, probabilities: await bytes(answers.map((answer) => answer.probabilities)) };
    },
    scaled(name, layer, values) {
      const network = InsideMNIST.networks().get(name);
      const { units } = network.layers.find((each) => each.name === layer);
      return bytes(Array.from({ length: units }, (_, unit) => values.map((value) => {
        const scales = new Map([[layer, new Float32Array(units).fill(1).fill(value, unit, unit + 1)]]);
        return images.map((image) => InsideMNIST.forward(network, image, { scales }).logits);
      })).flat(2));
    },
    gradients(name, chosen, targets, factors) {
      const network = InsideMNIST.networks().get(name);
      const scales = new Map(Object.entries(factors).map(([layer, each]) => [layer, Float32Array.from(each)]));
      return bytes(chosen.flatMap((place) =>
        targets.map((target) => InsideMNIST.gradient(network, images[place], { target, scales }))));
    },
  };
}"""


def numbers(answer, *shape):
    """What a tool sent as bytes."""
    return np.frombuffer(base64.b64decode(answer), dtype="<f4").astype(float).reshape(shape)


@pytest.fixture(scope="module")
def examples():
    """A hundred test images (100, 28, 28) as bytes, ten of each digit, and their labels."""
    images, labels = published.examples()
    assert images.shape == (100, 28, 28)
    return images, labels


@pytest.fixture(scope="module")
def ask(browser, published_site, examples):
    """Calls one of the tools in a page of the site; what it answers."""
    page = browser.new_page()
    page.goto((published_site / "index.html").as_uri())
    for script in ("assets/shared/bytes.js", "assets/shared/forward.js", "data/networks.js"):
        page.add_script_tag(url=(published_site / script).as_uri())
    page.evaluate(TOOLS, examples[0].reshape(len(examples[0]), -1).tolist())
    yield lambda tool, *arguments: page.evaluate("([tool, told]) => tools[tool](...told)", [tool, arguments])
    page.close()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_hook_point_agrees_with_pytorch(ask, examples, condition):
    network = published.network(condition)
    logits, cache = run_with_cache(network.model, network.treat(examples[0]))
    answer = ask("hooks", condition)
    assert list(answer["hooks"]) == list(network.model.hook_points)
    for hook, expected in cache.items():
        assert {tuple(shapes[hook]) for shapes in answer["shapes"]} == {tuple(expected.shape[1:])}, hook
        found = numbers(answer["hooks"][hook], *expected.flatten(1).shape)
        np.testing.assert_allclose(found, expected.flatten(1), atol=TOLERANCE, rtol=0, err_msg=hook)
    probabilities = numbers(answer["probabilities"], *logits.shape)
    np.testing.assert_allclose(probabilities, logits.softmax(1), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_unit_switched_off_or_turned_up_gives_the_figures_of_python(ask, examples, condition):
    network = published.network(condition)
    images, labels = network.treat(examples[0]), torch.tensor(examples[1], dtype=torch.int64)
    for layer in hidden_layers(network.model):
        units = range(len(network.model.get_submodule(layer).bias))
        found = numbers(ask("scaled", condition, layer, SCALES), len(units), len(SCALES), len(labels), 10)
        expected = scale_units(network.model, images, labels, layer=layer, units=units, scales=SCALES)
        confusion = np.stack([found[:, :, labels == digit].argmax(3) for digit in range(10)], 2)  # (.., true, image)
        counts = (confusion[..., None] == np.arange(10)).sum(3)
        np.testing.assert_array_equal(counts, expected.confusion, err_msg=layer)
        correct = [found[:, :, labels == digit, digit].mean(2) for digit in range(10)]
        np.testing.assert_allclose(np.stack(correct, 2), expected.correct_logit, atol=TOLERANCE, rtol=0, err_msg=layer)
        for unit in units:
            for place, scale in enumerate(SCALES):
                hook = (f"{layer}.post", times(unit, scale))
                answers = run_with_hooks(network.model, images, forward_hooks=[hook]).detach()
                where = f"unit {unit} of {layer} times {scale}"
                np.testing.assert_allclose(found[unit, place], answers, atol=TOLERANCE, rtol=0, err_msg=where)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_saliency_agrees_with_autograd(ask, examples, condition):
    targets = [{"hook": "logits", "index": digit} for digit in range(10)]
    found = numbers(ask("gradients", condition, list(range(100)), targets, {}), 100, 10, -1)
    np.testing.assert_allclose(
        found, gradients(published.network(condition), examples[0], targets), atol=TOLERANCE, rtol=0
    )


@pytest.mark.parametrize("condition", CONDITIONS)
def test_saliency_of_any_hook_point_and_under_interventions_agrees_with_autograd(ask, examples, condition):
    few = list(range(3, 100, 10))
    network = published.network(condition)
    _, cache = run_with_cache(network.model, network.treat(examples[0][:1]))
    targets = [
        {"hook": hook, "index": index}
        for hook, values in cache.items()
        for index in (0, values.numel() // 2, values.numel() - 1)
    ]
    random = np.random.default_rng(0)
    scales = {
        layer: random.choice([0.0, 0.5, 1.0, 3.0], len(network.model.get_submodule(layer).bias)).tolist()
        for layer in hidden_layers(network.model)
    }
    found = numbers(ask("gradients", condition, few, targets, scales), len(few), len(targets), -1)
    expected = gradients(network, examples[0][few], targets, scales)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(("make", "classes", "side"), [(MLP, 3, 20), (CNN, 26, 20), (CNN, 2, 22), (CNN, 30, 33)])
def test_networks_of_other_classes_and_images_agree_with_pytorch(browser, make, classes, side):
    """Of 22 and 33 pixels convolutions leave odd sides, whose last row and column pooling leaves out."""
    torch.manual_seed(0)
    model = make(classes=classes, side=side).eval()
    weights = {name: value.numpy()[None] for name, value in model.state_dict().items()}
    architecture = {"build": f"{make.__module__}:{make.__name__}", "options": {}}
    images = np.random.default_rng(0).integers(0, 256, (3, side, side), dtype=np.uint8)
    of = {"weights": weights, "architecture": architecture, "treatment": {"mean": 0.25, "std": 0.5}}
    kept, told = keep(**of), runnable(**of, probe={"images": images})["runnable.json"]
    script = networks(
        networks={"a": kept["network.safetensors"]}, told={"a": told}, titles={"a": ""}, card={"height": side}
    )
    page = browser.new_page()
    for name in ("bytes.js", "forward.js"):
        page.add_script_tag(path=ASSETS / "shared" / name)
    page.add_script_tag(content=script["networks.js"])
    page.evaluate(TOOLS, images.reshape(len(images), -1).tolist())
    answer = page.evaluate("() => tools.hooks('a')")
    targets = [{"hook": "logits", "index": 1}, {"hook": f"{model.layers[0]}.post", "index": 5}]
    found = page.evaluate("(targets) => tools.gradients('a', [0, 1, 2], targets, {})", targets)
    page.close()
    network = open_network(kept["network.safetensors"])
    _, cache = run_with_cache(network.model, network.treat(images))
    for hook, expected in cache.items():
        told = numbers(answer["hooks"][hook], *expected.flatten(1).shape)
        np.testing.assert_allclose(told, expected.flatten(1), atol=TOLERANCE, rtol=0, err_msg=hook)
    expected = gradients(network, images, targets)
    np.testing.assert_allclose(numbers(found, *expected.shape), expected, atol=TOLERANCE, rtol=0)


def times(units, factor):
    """A hook that multiplies a unit (or several, each by its own factor)."""

    def edit(activation, _hook):
        activation = activation.clone()
        activation[:, units] *= factor
        return activation

    return edit


def gradients(network, images, targets, scales=None):
    """By autograd, with respect to pixels in [0, 1]: (image, target, pixel)."""
    pixels = (torch.tensor(images).float() / 255).requires_grad_()
    kept = {}
    hooks = []
    for layer, factors in (scales or {}).items():
        side = [1] * (2 if layer.startswith("conv") else 0)
        hooks.append((f"{layer}.post", times(slice(None), torch.tensor(factors).reshape(-1, *side))))
    hooks += [(target["hook"], lambda activation, hook: kept.update({hook.name: activation})) for target in targets]
    run_with_hooks(network.model, treated(pixels[:, None], **network.treatment), forward_hooks=hooks)
    found = []
    for target in targets:
        number = kept[target["hook"]].flatten(1)[:, target["index"]].sum()
        found.append(torch.autograd.grad(number, pixels, retain_graph=True)[0].flatten(1))
    return torch.stack(found, 1).numpy()
