"""The networks that learn in a page, against PyTorch: every gradient, a whole epoch, and where they begin."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from experiments import models, published
from experiments.analyses.lesson import begin
from experiments.descent import Steps
from experiments.treatment import treat
from report.play.train import pack

ASSETS = Path(__file__).parents[2] / "templates" / "assets"
SHARED = ("shared/bytes.js", "shared/forward.js", "shared/fetched.js")
SCRIPTS = (*SHARED, "train/images.js", "train/network.js", "train/pair.js")
MLP = "experiments.models.mlp:MLP"
# What the tests ask of a page. `step` takes one step and tells each parameter before and after it; `epoch` lets two
# networks learn for a pass over the images, and tells the order of these.
TOOLS = """() => {
  InsideMNIST.fetched = async () => {};
  const begun = (name) => InsideMNIST.data[`train-${name}`];
  const state = (network) => Object.fromEntries(network.layers.flatMap(({ name, weight, bias }) =>
    [[`${name}.weight`, [...weight]], [`${name}.bias`, [...bias]]]));
  window.tools = {
    async step({ layers, treatment, rate, places }) {
      const { train } = await InsideMNIST.train.images();
      const network = new InsideMNIST.train.Network(layers, begun("it"), treatment);
      const before = state(network);
      const losses = places.map((place) => network.learn(train, place));
      network.step(rate, places.length);
      return { losses, before, after: state(network), hidden: [...network.hidden] };
    },
    async epoch({ layers, batch, sides }) {
      const kind = { layers, batch };
      const lesson = await InsideMNIST.train.images();
      const pair = new InsideMNIST.train.Pair(lesson, kind, begun("it"), sides);
      const losses = [];
      pair.until = Math.ceil(lesson.train.count / kind.batch);
      while (pair.images < lesson.train.count) {
        while (!pair.advance());
        if (pair.steps) losses.push(pair.losses);
      }
      const [order, points] = [[...pair.order], [...pair.points]];
      while (!pair.advance());
      return { order, losses, points, next: [...pair.order] };
    },
  };
}"""


@pytest.fixture(scope="module")
def tab(browser):
    """A page that holds the scripts, and nothing else of the site."""
    page = browser.new_page()
    page.goto("about:blank")
    for name in SCRIPTS:
        page.add_script_tag(path=ASSETS / name)
    page.evaluate(TOOLS)
    yield page
    page.close()


@pytest.fixture
def ask(tab):
    """ask(lesson, start, tool, told): what a tool answers, of these images and this network's beginning."""

    def ask(lesson, start, tool, told):
        card = {"class_names": [str(k) for k in range(10)], "height": lesson["train/images"].shape[1]}
        card |= dict.fromkeys(("noun", "plural", "kind", "kinds"), "digit")
        made = pack(
            lesson=lesson,
            begun={"it": start["start.json"]},
            weights={"it": start["start.npz"]},
            measured={},
            networks=[{"name": "it", "title": "It", "batch": 64, "rate": 0.1, "rates": [0.1]}],
            treatments=[{"name": "a", "title": "a", "mean": 0.0, "std": 1.0, "factors": {}}],
            card=card,
        )
        for name in ("train.js", "train-it.js"):
            tab.add_script_tag(content=made[name])
        tab.add_script_tag(path=ASSETS / "train" / "images.js")  # anew, as it opens the images once
        layers = made["train.json"]["networks"][0]["layers"]
        return tab.evaluate("([tool, told]) => tools[tool](told)", [tool, {**told, "layers": layers}])

    return ask


@pytest.fixture(scope="module")
def lesson():
    """The images that travel with the published site."""
    return published.product("lesson", "lesson.npz")


def planted(side, classes=10, count=40):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, side, side), dtype=np.uint8) * random.integers(0, 2, (count, side, side))
    labels = (np.arange(count) % classes).astype(np.uint8)
    halves = {"train": slice(None), "test": slice(0, count // 2)}
    return {
        f"{part}/{what}": of[half].astype(np.uint8)
        for part, half in halves.items()
        for what, of in (("images", images), ("labels", labels))
    }


def started(hidden, *, side=28, classes=10, seed=5):
    return begin(
        architecture={"build": MLP, "options": {"hidden": hidden}},
        shape={"side": side, "classes": classes},
        seed=seed,
    )


def model_of(start, hidden, *, side=28, classes=10):
    model = models.build(MLP, options={"hidden": hidden}, classes=classes, side=side)
    model.load_state_dict({name: torch.tensor(value) for name, value in start["start.npz"].items()})
    return model.double()


def fed(images, treatment):
    return treat(images, mean=treatment["mean"], std=treatment["std"]).double()


TREATMENTS = [
    {"mean": 0.0, "std": 1.0, "factors": {}},
    {"mean": 0.1307, "std": 0.3081, "factors": {}},
    {"mean": 0.5, "std": 1.0, "factors": {"first": 10.5}},
    {"mean": 0.0, "std": 0.25, "factors": {"first": 0.5, "last": 3.0}},
]


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize(
    ("hidden", "side", "classes"),
    [([32, 16], 28, 10), ([9], 12, 3), ([20, 17, 8], 9, 26)],
    ids=["usual", "one", "three"],
)
def test_the_gradient_of_every_parameter_is_that_of_pytorch(ask, treatment, hidden, side, classes):
    """A step changes a parameter by rate times factor times gradient: so the step tells the gradient."""
    lesson, start = planted(side, classes), started(hidden, side=side, classes=classes)
    model, places, rate = model_of(start, hidden, side=side, classes=classes), list(range(3, 35)), 0.1
    told = ask(lesson, start, "step", {"treatment": treatment, "rate": rate, "places": places})
    logits = model(fed(lesson["train/images"][places], treatment))
    losses = cross_entropy(logits, torch.tensor(lesson["train/labels"][places]).long(), reduction="none")
    losses.mean().backward()
    np.testing.assert_allclose(told["losses"], losses.detach(), rtol=1e-6)
    rates = Steps(model, optimizer="sgd", learning_rate=rate, layer_rates=treatment["factors"]).rates
    for name, parameter in model.named_parameters():
        before, after = (np.array(told[when][name]) for when in ("before", "after"))
        found = (before - after) / rates[name]
        expected = parameter.grad.numpy()
        found = found.reshape(expected.shape[::-1]).T if expected.ndim == 2 else found
        scale = np.abs(expected).max()
        assert scale > 0
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale, err_msg=name)


def test_an_epoch_on_the_packed_images_ends_as_with_pytorch(ask, lesson):
    start, hidden = started([32, 16]), [32, 16]
    sides = [{"treatment": TREATMENTS[0], "rate": 0.05}, {"treatment": TREATMENTS[1], "rate": 0.01}]
    told = ask(lesson, start, "epoch", {"batch": 64, "sides": sides})
    count = len(lesson["train/labels"])
    order = torch.tensor(told["order"])
    assert sorted(told["order"]) == list(range(count))
    assert sorted(told["next"]) == list(range(count))
    assert told["next"] != told["order"], "each pass has an order of its own"
    labels = torch.tensor(lesson["train/labels"]).long()
    for place, side in enumerate(sides):
        model = model_of(start, hidden).float()
        inputs = fed(lesson["train/images"], side["treatment"]).float()
        steps = Steps(model, optimizer="sgd", learning_rate=side["rate"])
        losses = []
        for batch in order.split(64):
            loss = cross_entropy(model(inputs[batch]), labels[batch])
            model.zero_grad()
            loss.backward()
            steps.step()
            losses.append(loss.item())
        np.testing.assert_allclose([each[place] for each in told["losses"]], losses, atol=1e-3, rtol=0)
        with torch.no_grad():
            logits = model(fed(lesson["test/images"], side["treatment"]).float())
        right = torch.tensor(lesson["test/labels"]).long()
        last = told["points"][-1]
        assert last["images"] == count
        assert last["loss"][place] == pytest.approx(cross_entropy(logits, right).item(), abs=1e-3)
        assert last["accuracy"][place] == pytest.approx((logits.argmax(1) == right).double().mean().item(), abs=2e-3)


def test_before_any_training_both_sides_read_the_test_images_as_the_studys_untrained_network_does(ask, lesson):
    start = started([32, 16])
    few = {name: of[:128] if name.startswith("train") else of for name, of in lesson.items()}
    sides = [{"treatment": each, "rate": 0.01} for each in TREATMENTS[:2]]
    told = ask(few, start, "epoch", {"batch": 64, "sides": sides})
    right = torch.tensor(lesson["test/labels"]).long()
    for place, side in enumerate(sides):
        with torch.no_grad():
            logits = model_of(start, [32, 16])(fed(lesson["test/images"], side["treatment"]))
        assert told["points"][0]["loss"][place] == pytest.approx(cross_entropy(logits, right).item(), abs=1e-6)
    assert [point["images"] for point in told["points"]] == [0, 64, 128]


def test_images_come_out_as_they_were_packed(ask, tab):
    lesson = planted(7)
    ask(lesson, started([9], side=7), "step", {"treatment": TREATMENTS[0], "rate": 0.1, "places": [0]})
    levels = tab.evaluate(
        """async () => {
          const { train } = await InsideMNIST.train.images();
          const all = new Float64Array(train.count * 49);
          for (let image = 0; image < train.count; image += 1) {
            for (let at = train.starts[image]; at < train.starts[image + 1]; at += 1) {
              all[49 * image + train.places[at]] = train.levels[at];
            }
          }
          return [[...all], [...train.labels]];
        }"""
    )
    np.testing.assert_allclose(np.array(levels[0]).reshape(-1, 7, 7) * 255, lesson["train/images"], atol=1e-9)
    assert levels[1] == lesson["train/labels"].tolist()


def test_a_network_that_runs_away_is_noticed_and_stays_without_a_number(ask):
    treatment = {"mean": 0.0, "std": 1e-3, "factors": {"first": 1e9}}
    sides = [{"treatment": treatment, "rate": 1e9}, {"treatment": TREATMENTS[0], "rate": 0.01}]
    told = ask(planted(7), started([9], side=7), "epoch", {"batch": 4, "sides": sides})
    lost, kept = told["points"][-1]["loss"]
    assert lost is None or not np.isfinite(lost) or lost > 1e6
    assert np.isfinite(kept)
