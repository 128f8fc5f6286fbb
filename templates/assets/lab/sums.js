// The arithmetic of what is chosen, shown: pictures that are multiplied and add up, the bias, the ReLU, the result.
//
// In: the panel's element, what is chosen, the network and its reading. Out: the panel shows it; the reader's choices in
// it, another unit, another answer, another position of the window, are handed on.

/**
 * What the panel is shown of: a network, the pixels it reads, what it makes of them, and what is done to its units.
 * @typedef {{network: Network, pixels: Float32Array, reading: Reading, options: {scales?: Scales, fixed?: Fixed}, setting: Setting}} Shown
 */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { element, words, arithmetic } = InsideMNIST;
  const { picture, between, bars } = InsideMNIST.pictures;
  const MANY = 5; // parts of a sum that are shown one by one

  /**
   * @param {HTMLElement} panel
   * @param {Object} calls
   * @param {string[]} calls.names of the classes
   * @param {(unit: Unit) => string} calls.calledOf
   * @param {(look: Look) => void} calls.onlook
   * @param {(words: string) => void} calls.onsay
   */
  function makeSums(panel, calls) {
    const body = /** @type {HTMLElement} */ (panel.querySelector("[data-sums-body]"));
    let built = ""; // for which number the panel was built; while it is the same, only the values change
    /** @type {(shown: Shown, look: Look) => void} */
    let update = () => {};

    /** @param {Look | null} look @param {Shown | null} shown null where nothing is drawn or chosen */
    function show(look, shown) {
      panel.hidden = !(look && shown);
      if (!look || !shown) return;
      const { condition, layer, unit } = look.unit;
      const key = [condition, layer, unit].join(".");
      if (key !== built) {
        built = key;
        body.replaceChildren();
        update = builder(look.unit)(body, look.unit, calls, shown);
      }
      update(shown, look);
    }

    return { show };
  }

  /** @param {Unit} unit */
  function builder(unit) {
    if (unit.layer === "logits") return buildAnswer;
    return unit.kind === "conv" ? InsideMNIST.buildWindow : buildUnit;
  }

  /** @type {(body: HTMLElement, unit: Unit, calls: any, shown: Shown) => (shown: Shown) => void} */
  function buildUnit(body, unit, calls, shown) {
    const showProducts = products(body, unit, calls, shown);
    const line = equation(body);
    return ({ network, reading, setting }) => {
      const found = arithmetic.dense(network, reading, unit);
      showProducts(found);
      const post = /** @type {Float32Array} */ (reading.hooks.get(`${unit.layer}.post`))[unit.unit];
      line([
        ["The products add up to", found.sum, "sum", rest(found.pre, found.bias)],
        ["the bias adds", found.bias, "bias"],
        ["together", found.pre, "pre"],
        ["the ReLU makes it", Math.max(found.pre, 0), "relu"],
        ...(setting === 1 ? [] : [[`${words.scaleWords(setting)}:`, post, "post"]]),
      ]);
    };
  }

  /**
   * An answer: what each unit of the last hidden layer adds to its logit; and the picture that it is compared with.
   * @type {(body: HTMLElement, unit: Unit, calls: any, shown: Shown) => (shown: Shown) => void}
   */
  function buildAnswer(body, unit, calls, shown) {
    body.append(chooser(unit, calls));
    const showProducts = products(body, unit, calls, shown);
    const line = equation(body);
    body.append(element("p", { className: "lab-chosen-name" }, "The same, pixel by pixel"));
    const [weights, pixels, result] = row(body, ["template", "image", "products"]);
    const second = equation(body);
    body.append(element("p", { className: "lab-note" }, InsideMNIST.sumsNotes.template));
    return ({ network, pixels: seen, reading, options }) => {
      const found = arithmetic.dense(network, reading, unit);
      showProducts(found);
      line([["The products add up to", found.sum, "sum", rest(found.pre, found.bias)], ["the bias adds", found.bias, "bias"], ["the logit is", found.pre, "pre"]]);
      const { weights: template, products: each, sum, offset } = arithmetic.template(network, seen, unit.unit, options);
      weights.show(template);
      pixels.show(seen);
      result.show(each);
      second([["The products add up to", sum, "template-sum", rest(found.pre, offset)], ["the rest adds", offset, "offset"], ["the logit is", found.pre, "logit"]]);
    };
  }

  /** Weights times inputs: as pictures where the inputs are one, else as bars. */
  /** @type {(body: HTMLElement, unit: Unit, calls: any, shown: Shown) => (found: Dense) => void} */
  function products(body, unit, { calledOf, onlook }, { network, reading }) {
    const from = arithmetic.source(network, reading, unit.layer);
    if (from.shape.length === 3) {
      const [channels] = from.shape;
      const [weights, inputs, result] = row(body, ["weights", channels === 1 ? "image" : `${channels} maps`, "products"]);
      return ({ weights: each, products, from: { values } }) => {
        weights.show(each, channels);
        inputs.show(values, channels);
        result.show(products, channels);
      };
    }
    const before = { ...unit, layer: from.hook.split(".")[0], kind: /** @type {"linear"} */ ("linear") };
    const name = (/** @type {number} */ place) => `${place} \u00b7 ${calledOf({ ...before, unit: place })}`;
    const onpick = (/** @type {number} */ place) => onlook({ unit: { ...before, unit: place }, at: null });
    const table = bars(`${words.layerName(before.layer)}: weight \u00d7 activation`, MANY, { name, onpick });
    body.append(table.node);
    return ({ weights, from: { values }, products }) => {
      table.show(products, (/** @type {number} */ place) => `${words.number(weights[place], 2)} \u00d7 ${words.number(values[place], 2)}`);
    };
  }

  /** @param {Unit} unit @param {any} calls */
  function chooser(unit, { names, onlook }) {
    const options = names.map((/** @type {string} */ name, /** @type {number} */ place) => element("option", { value: String(place), selected: place === unit.unit }, name));
    const select = element("select", { className: "lab-select" }, ...options);
    select.addEventListener("change", () => onlook({ unit: { ...unit, unit: Number(select.value) }, at: null }));
    return element("label", { className: "lab-choice" }, "Logit of ", select);
  }

  /** Three pictures, two of which are multiplied. @param {HTMLElement} body @param {string[]} names */
  function row(body, names) {
    const pictures = names.map((name) => picture(name));
    const [first, second, third] = pictures.map(({ node }) => node);
    body.append(element("div", { className: "lab-product" }, first, between("\u00d7"), second, between("="), third));
    return pictures;
  }

  /**
   * A line of arithmetic in words and numbers.
   * @param {HTMLElement} body
   * @returns {(steps: any[]) => void} steps: [words, number, what a script may ask for it by, the number as it is shown]
   */
  function equation(body) {
    const list = element("dl", { className: "lab-equation" });
    body.append(list);
    return (steps) => {
      const parts = steps.map(([told, value, name, shown = value]) =>
        element("div", {}, element("dt", {}, told), element("dd", { [`data-sum-${name}`]: String(value) }, words.number(shown, 2))),
      );
      list.replaceChildren(...parts);
    };
  }

  /**
   * A part of a sum of two as it is shown: rounded so that what is shown adds up.
   * @param {number} whole
   * @param {number} other part
   */
  function rest(whole, other) {
    return (Math.round(100 * whole) - Math.round(100 * other)) / 100;
  }

  InsideMNIST.sumsNotes = {
    template:
      "A network of ReLUs is a linear function of the pixels as long as none of them turns on or off: a pixel\u2019s weight in it is the gradient.",
  };
  Object.assign(InsideMNIST, { makeSums, sumsParts: { row, equation, rest } });
})();
