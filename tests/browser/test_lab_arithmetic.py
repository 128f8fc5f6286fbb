"""What the lab says of one number of a network, against PyTorch: what is multiplied and what it adds up to."""

import re

import numpy as np
import pytest
import torch
from torch.nn.functional import unfold

from experiments import published
from experiments.hooks import run_with_cache, run_with_hooks

DIGIT = 324
DENSE = (
    ("mlp-raw", "hidden1", 27),  # of the image
    ("mlp-normalized", "hidden1", 3),  # of the treated image
    ("mlp-normalized", "hidden2", 5),  # of units
    ("cnn-raw", "hidden3", 4),  # of maps
)
CHANNELS = (("cnn-normalized", "conv1", 2, 11, 13), ("cnn-raw", "conv2", 5, 2, 3), ("cnn-raw", "conv2", 15, 7, 0))
CLOSE = 2e-4  # of numbers in single precision


def said(page, name):
    """A number of the arithmetic, unrounded."""
    return float(page.locator(f"[data-sum-{name}]").get_attribute(f"data-sum-{name}"))


def shown(page, name):
    """The same as the reader sees it."""
    return float(page.locator(f"[data-sum-{name}]").inner_text().replace("−", "-"))


def read(condition, index=DIGIT):
    """A network, the test image and every activation, by PyTorch."""
    shelf = published.product("shelf", "shelf.npz")
    network = published.network(condition)
    image = shelf["images"][shelf["index"] == index]
    _, cache = run_with_cache(network.model, network.treat(image))
    return network, image, cache


def before(model, layer):
    """The hook point that a layer reads."""
    points = list(model.hook_points)
    return points[points.index(f"{layer}.pre" if layer != "logits" else layer) - 1]


@pytest.mark.parametrize(("name", "layer", "unit"), DENSE)
def test_a_units_products_bias_and_relu_are_those_of_pytorch(lab, name, layer, unit):
    page = lab(f"#digit={DIGIT}&look={name}.{layer}.{unit}")
    network, _, cache = read(name)
    weight, bias = (getattr(network.model.get_submodule(layer), part).detach() for part in ("weight", "bias"))
    sum = float(weight[unit].double() @ cache[before(network.model, layer)].flatten().double())
    pre = float(cache[f"{layer}.pre"][0, unit])
    assert said(page, "sum") == pytest.approx(sum, abs=CLOSE)
    assert said(page, "bias") == pytest.approx(float(bias[unit]), abs=CLOSE)
    assert said(page, "pre") == pytest.approx(pre, abs=CLOSE)
    assert said(page, "sum") + said(page, "bias") == pytest.approx(said(page, "pre"), abs=CLOSE)
    assert shown(page, "sum") + shown(page, "bias") == pytest.approx(shown(page, "pre"))  # what is shown adds up
    assert shown(page, "sum") == pytest.approx(sum, abs=0.0101)
    assert said(page, "relu") == pytest.approx(max(pre, 0), abs=CLOSE)
    assert page.messages == []


@pytest.mark.parametrize(("name", "layer", "unit", "y", "x"), CHANNELS)
def test_a_window_holds_what_a_convolution_gathers_there(lab, name, layer, unit, y, x):
    page = lab(f"#digit={DIGIT}&look={name}.{layer}.{unit}@{y},{x}")
    network, _, cache = read(name)
    module = network.model.get_submodule(layer)
    kernel, bias = module.weight[unit].detach(), float(module.bias[unit].detach())
    patches = unfold(cache[before(network.model, layer)], kernel.shape[-1], padding=module.padding)
    side = cache[f"{layer}.pre"].shape[-1]
    sum = float(kernel.flatten() @ patches[0, :, y * side + x])
    assert said(page, "sum") == pytest.approx(sum, abs=CLOSE)
    assert said(page, "bias") == pytest.approx(bias, abs=CLOSE)
    assert said(page, "pre") == pytest.approx(float(cache[f"{layer}.pre"][0, unit, y, x]), abs=CLOSE)
    assert shown(page, "sum") + shown(page, "bias") == pytest.approx(shown(page, "pre"))
    assert said(page, "pooled") == pytest.approx(float(cache[f"{layer}.pooled"][0, unit, y // 2, x // 2]), abs=CLOSE)
    if kernel.shape[0] > 1:
        parts = page.locator(".lab-parts .lab-number:last-child").all_inner_texts()
        assert np.sum([float(part.replace("−", "-")) for part in parts]) == pytest.approx(sum, abs=0.051)


def test_the_window_is_moved_by_arrow_keys_and_by_the_pointer_and_stays_within_the_map(lab):
    page = lab(f"#digit={DIGIT}&look=cnn-raw.conv1.0@0,5")
    _, _, cache = read("cnn-raw")
    places = page.get_by_role("application", name="Map of channel 0 of conv 1")
    places.focus()
    for key, place in [("ArrowUp", (0, 5)), ("ArrowDown", (1, 5)), ("ArrowRight", (1, 6)), ("ArrowLeft", (1, 5))]:
        page.keyboard.press(key)
        assert page.evaluate("location.hash").endswith(f"@{place[0]},{place[1]}")
        assert said(page, "pre") == pytest.approx(float(cache["conv1.pre"][0, 0, *place]), abs=CLOSE)
    assert "Row 1, column 5" in page.locator("[data-live]").text_content()
    box = places.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 20.5 / 24, box["y"] + box["height"] * 10.5 / 24)
    assert page.evaluate("location.hash").endswith("@10,20")
    page.keyboard.press("ArrowDown")  # still the map's
    assert page.evaluate("location.hash").endswith("@11,20")


@pytest.mark.parametrize("name", ["mlp-raw", "mlp-normalized", "cnn-raw", "cnn-normalized"])
def test_an_answers_template_is_the_linear_function_that_the_network_is_there(lab, name):
    """Its weights are the gradient, and its offset what biases and treatment add on the way, by PyTorch."""
    page = lab(f"#digit={DIGIT}&look={name}.logits.5")
    network, image, cache = read(name)
    pixels = (torch.tensor(image[:, None]).float() / 255).requires_grad_()
    treated = (pixels - network.treatment["mean"]) / network.treatment["std"]
    treated.retain_grad()
    logit = network.model(treated)[0, 5]
    biases = {key: value for key, value in network.model.named_parameters() if key.endswith("bias")}
    logit.backward()
    offset = sum(float((value.grad * value.detach()).sum()) for value in biases.values())
    offset -= float(treated.grad.sum()) * network.treatment["mean"] / network.treatment["std"]
    sums = float((pixels.grad * pixels.detach()).sum())
    assert said(page, "template-sum") == pytest.approx(sums, abs=10 * CLOSE)
    assert said(page, "offset") == pytest.approx(offset, abs=10 * CLOSE)
    assert said(page, "logit") == pytest.approx(float(logit.detach()), abs=CLOSE)
    assert shown(page, "template-sum") + shown(page, "offset") == pytest.approx(shown(page, "logit"))
    last = network.model.layers[-2]
    weight, bias = network.model.logits.weight[5].detach(), float(network.model.logits.bias[5].detach())
    assert said(page, "sum") == pytest.approx(float(weight @ cache[f"{last}.post"].flatten()), abs=CLOSE)
    assert said(page, "bias") == pytest.approx(bias, abs=CLOSE)


@pytest.mark.parametrize("name", ["mlp-normalized", "cnn-raw"])
def test_what_one_answer_is_above_another_adds_up(lab, name):
    page = lab(f"#digit={DIGIT}&look={name}.logits.5-3")
    network, image, cache = read(name)
    logits = network.model.logits
    bias = float((logits.bias[5] - logits.bias[3]).detach())
    difference = float(cache["logits"][0, 5] - cache["logits"][0, 3])
    assert said(page, "bias") == pytest.approx(bias, abs=CLOSE)
    assert said(page, "sum") == pytest.approx(difference - bias, abs=CLOSE)
    assert said(page, "pre") == pytest.approx(difference, abs=CLOSE)
    assert shown(page, "sum") + shown(page, "bias") == pytest.approx(shown(page, "pre"))
    pixels = (torch.tensor(image[:, None]).float() / 255).requires_grad_()
    out = network.model((pixels - network.treatment["mean"]) / network.treatment["std"])[0]
    (out[5] - out[3]).backward()
    assert said(page, "template-sum") == pytest.approx(float((pixels.grad * pixels.detach()).sum()), abs=10 * CLOSE)
    assert said(page, "template-sum") + said(page, "offset") == pytest.approx(difference, abs=10 * CLOSE)
    parts = page.locator(".lab-parts .lab-number:last-child").all_inner_texts()
    assert np.sum([float(part.replace("−", "-")) for part in parts]) == pytest.approx(difference - bias, abs=0.051)
    assert page.locator(".lab-select").input_value() == "5-3"


def test_a_unit_that_reads_maps_leads_on_to_its_channels(lab):
    page = lab(f"#digit={DIGIT}&look=cnn-raw.hidden3.4")
    network, _, cache = read("cnn-raw")
    weight = network.model.hidden3.weight[4].detach()
    maps = cache["conv2.pooled"]
    sums = (weight * maps.flatten()).reshape(maps.shape[1], -1).sum(1)
    most = int(sums.abs().argmax())
    first = page.locator(".lab-parts tr").first
    value = float(first.locator("td").last.inner_text().replace("−", "-"))
    assert value == pytest.approx(float(sums[most]), abs=0.0051)
    first.get_by_role("button").click()
    assert page.evaluate("location.hash").endswith(f"look=cnn-raw.conv2.{most}")


def test_within_the_region_the_template_tells_the_logit_of_other_images_exactly(lab):
    page = lab(f"#digit={DIGIT}")
    found = page.evaluate(
        """(digit) => {
          const network = InsideMNIST.networks().get("mlp-raw");
          const stored = InsideMNIST.data.shelf.digits.find(({ index }) => index === digit).pixels;
          const pixels = Float32Array.from(atob(stored), (character) => character.charCodeAt(0) / 255);
          const { weights, offset } = InsideMNIST.arithmetic.template(network, pixels, 9, {});
          const near = pixels.map((pixel, place) => pixel + 1e-3 * Math.sin(place));
          const told = near.reduce((sum, pixel, place) => sum + pixel * weights[place], offset);
          const signs = (each) => [...InsideMNIST.forward(network, each).hooks].filter(([hook]) => hook.endsWith("pre"))
            .flatMap(([, values]) => [...values].map(Math.sign)).join();
          return { told, is: InsideMNIST.forward(network, near).logits[9], same: signs(near) === signs(pixels) };
        }""",
        DIGIT,
    )
    assert found["same"]  # no ReLU turned
    assert found["told"] == pytest.approx(found["is"], abs=CLOSE)


def test_the_largest_parts_of_an_answer_lead_backward_to_the_image(lab):
    page = lab(f"#digit={DIGIT}")
    page.locator("[data-answer=mlp-raw] [data-why]").click()
    _, _, cache = read("mlp-raw")
    second, answer = cache["logits"][0].argsort()[-2:].tolist()
    assert page.evaluate("location.hash") == f"#digit={DIGIT}&look=mlp-raw.logits.{answer}-{second}"
    options = page.locator(".lab-select option").all_inner_texts()
    assert options == [f"{answer} minus logit of {second}", *map(str, range(10))]
    weight = published.network("mlp-raw").model.logits.weight.detach()
    weight = weight[answer] - weight[second]
    most = int((weight * cache["hidden2.post"][0]).abs().argmax())
    first = page.locator(".lab-parts button").first
    assert first.inner_text().startswith(f"{most} · ")
    first.click()
    assert page.evaluate("location.hash").endswith(f"look=mlp-raw.hidden2.{most}")
    page.locator(".lab-parts button").first.click()
    assert re.search(r"look=mlp-raw\.hidden1\.\d+$", page.evaluate("location.hash"))
    assert page.locator(".lab-product canvas").count() == 3  # weights, image, products
    page.get_by_role("row", name="4").locator("visible=true").first.click()
    page.locator(".lab-select").select_option("7")
    assert page.evaluate("location.hash").endswith(".logits.7")


@pytest.mark.parametrize(
    ("name", "layer", "unit"), [("mlp-raw", "hidden2", 9), ("cnn-raw", "conv1", 6), ("cnn-normalized", "conv2", 6)]
)
def test_a_unit_set_to_its_mean_hands_on_what_it_does_on_average(lab, name, layer, unit):
    page = lab(f"#digit={DIGIT}&look={name}.{layer}.{unit}")
    page.get_by_role("button", name="Set to mean").click()
    assert f"scale={name}.{layer}.{unit}:mean" in page.evaluate("location.hash")
    network, image, _ = read(name)
    means = torch.tensor(published.product(f"handed/{name}", "means.npz")[layer])
    point = f"{layer}.pooled" if f"{layer}.pooled" in network.model.hook_points else f"{layer}.post"

    def fix(activation, hook):
        activation = activation.clone()
        activation[:, unit] = means[unit]
        return activation

    expected = run_with_hooks(network.model, network.treat(image), forward_hooks=[(point, fix)]).detach()[0]
    texts = page.locator(f"[data-answer={name}] [data-logit]").all_inner_texts()
    np.testing.assert_allclose([float(text.replace("−", "-")) for text in texts], expected, atol=0.0501)
    whole = network.model(network.treat(image)).detach()[0]
    assert (whole - expected).abs().max() > 0.1  # else the test could not fail
    assert "set to its mean" in page.locator("[data-changes] li").inner_text()
    page.get_by_role("button", name="Set to mean").click()
    assert "scale" not in page.evaluate("location.hash")


def test_gradients_pass_no_unit_that_is_fixed(lab):
    """Under interventions, the template still tells the logit, and the pixels that only a fixed unit reads count for
    nothing: by small differences."""
    page = lab(
        f"#digit={DIGIT}&scale=cnn-raw.conv2.5:mean,cnn-raw.conv1.2:mean,cnn-raw.hidden3.1:2&look=cnn-raw.logits.5"
    )
    assert said(page, "template-sum") + said(page, "offset") == pytest.approx(said(page, "logit"), abs=CLOSE)
    slopes = page.evaluate(
        """(digit) => {
          const network = InsideMNIST.networks().get("cnn-raw");
          const stored = InsideMNIST.data.shelf.digits.find(({ index }) => index === digit).pixels;
          const pixels = Float32Array.from(atob(stored), (character) => character.charCodeAt(0) / 255);
          const maps = [0, 1, 2, 3, 4, 5, 6].map((unit) => [unit, new Float32Array(144).fill(0.3)]);
          const fixed = new Map([["conv1", new Map(maps)]]);
          const options = { fixed, target: { hook: "logits", index: 5 } };
          const gradient = InsideMNIST.gradient(network, pixels, options);
          return [300, 350, 405, 440].map((place) => {
            const [more, less] = [1e-2, -1e-2].map((step) => {
              const moved = pixels.map((each, at) => each + (at === place ? step : 0));
              return InsideMNIST.forward(network, moved, { fixed }).logits[5];
            });
            return [gradient[place], (more - less) / 2e-2];
          });
        }""",
        DIGIT,
    )
    assert np.abs(np.array(slopes)).max() > 0.01
    np.testing.assert_allclose(*np.array(slopes).T, atol=2e-2)


def test_what_an_intervention_changed_is_said_in_words_and_heard(lab):
    page = lab(f"#digit={DIGIT}&look=mlp-raw.hidden2.9")
    assert page.locator("[data-effect]").inner_text() == ""
    page.get_by_role("button", name="Switch off").click()
    network, image, cache = read("mlp-raw")
    whole = cache["logits"][0]

    def off(activation, hook):
        activation = activation.clone()
        activation[:, 9] = 0
        return activation

    cut = run_with_hooks(network.model, network.treat(image), forward_hooks=[("hidden2.post", off)]).detach()[0]
    first = int(whole.argmax())
    margins = [float(each[first] - np.delete(each.numpy(), first).max()) for each in (whole, cut)]
    told = page.locator("[data-effect]").inner_text()
    assert f"it says a {int(cut.argmax())} instead of a {first}" in told
    assert "falls from {:.1f} to {:.1f}".format(*margins).replace("-", "−") in told
    assert told in page.locator("[data-live]").text_content()
    page.get_by_role("button", name="Reset all units").click()
    assert page.locator("[data-effect]").inner_text() == ""


@pytest.mark.parametrize(
    "look",
    [
        "mlp-raw.hidden9.1",
        "mlp-raw.hidden1.99",
        "mlp-raw.hidden1.1@2,2",
        "cnn-raw.conv1.1@24,0",
        "<b>.logits.1",
        "mlp-raw.logits.4-4",
        "mlp-raw.logits.4-10",
        "mlp-raw.hidden2.4-9",
        "none",
    ],
)
def test_an_address_that_chooses_what_is_not_there_is_left_out_with_a_note(lab, look):
    page = lab(f"#digit={DIGIT}&look={look}")
    assert "look" in page.locator("[data-state-note]").inner_text()
    assert page.locator("[data-sums]").is_hidden()
    assert page.messages == []


def test_what_to_try_sets_the_lab_up(lab):
    page = lab()
    links = page.locator(".tries a")
    assert links.count() >= 4
    for link in links.all():
        link.click()
        page.wait_for_function("(target) => location.hash === target", arg=f"#{link.get_attribute('data-state')}")
        assert page.locator("[data-sums]").is_visible()
        assert page.locator("[data-state-note]:visible").count() == 0
        page.wait_for_function("document.querySelector('[data-lab]').getBoundingClientRect().bottom > 0")  # it glides
    assert page.messages == []
