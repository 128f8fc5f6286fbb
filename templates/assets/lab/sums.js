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
      const key = [condition, layer, unit, look.minus].join(".");
      if (key !== built) {
        built = key;
        const focused = body.contains(document.activeElement) ? document.activeElement : null;
        body.replaceChildren();
        update = builder(look.unit)(body, look.unit, calls, shown, look.minus);
        update(shown, look);
        if (focused) keepFocus(focused.tagName);
        return;
      }
      update(shown, look);
    }

    /** What had the focus is gone: its like has it now, or else the panel. @param {string} tag */
    function keepFocus(tag) {
      const like = /** @type {HTMLElement | null} */ (body.querySelector(tag));
      if (!like) panel.tabIndex = -1;
      (like ?? panel).focus();
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
   * An answer: what each unit of the last hidden layer adds to its logit, or to what it is above another; and the
   * picture that it is compared with.
   * @type {(body: HTMLElement, unit: Unit, calls: any, shown: Shown, minus?: number) => (shown: Shown) => void}
   */
  function buildAnswer(body, unit, calls, shown, minus) {
    const choices = chooser(unit, calls);
    body.append(choices.node);
    const showProducts = products(body, unit, calls, shown);
    const line = equation(body);
    body.append(element("p", { className: "lab-chosen-name" }, "The same, pixel by pixel"));
    const [weights, pixels, result] = row(body, ["template", "image", "products"]);
    const second = equation(body);
    body.append(element("p", { className: "lab-note" }, InsideMNIST.sumsNotes.template));
    const [biases, whole] = minus === undefined ? ["the bias adds", "the logit is"] : ["the biases add", "the difference is"];
    return ({ network, pixels: seen, reading, options }) => {
      choices.show(reading.logits, minus);
      const found = arithmetic.dense(network, reading, { ...unit, minus });
      showProducts(found);
      line([["The products add up to", found.sum, "sum", rest(found.pre, found.bias)], [biases, found.bias, "bias"], [whole, found.pre, "pre"]]);
      const { weights: template, products: each, sum, offset } = arithmetic.template(network, seen, unit.unit, options, minus);
      weights.show(template);
      pixels.show(seen);
      result.show(each);
      second([["The products add up to", sum, "template-sum", rest(found.pre, offset)], ["the rest adds", offset, "offset"], [whole, found.pre, "logit"]]);
    };
  }

  /** Weights times inputs: as bars where they are units, as pictures where they are the image, as both where maps. */
  /** @type {(body: HTMLElement, unit: Unit, calls: any, shown: Shown) => (found: Dense) => void} */
  function products(body, unit, { calledOf, onlook }, { network, reading }) {
    const from = arithmetic.source(network, reading, unit.layer);
    const [name] = from.hook.split(".");
    const kind = from.shape.length === 3 ? "conv" : "linear";
    const before = (/** @type {number} */ place) => ({ ...unit, layer: name, kind: /** @type {"conv" | "linear"} */ (kind), unit: place });
    const told = (/** @type {number} */ place) => `${place} \u00b7 ${calledOf(before(place))}`;
    const onpick = (/** @type {number} */ place) => onlook({ unit: before(place), at: null });
    if (kind === "conv") {
      const [channels] = from.shape;
      const [weights, inputs, result] = row(body, ["weights", channels === 1 ? "image" : `${channels} maps`, "products"]);
      const table = channels > 1 ? bars(`by channel of ${words.layerName(name)}`, MANY, { name: told, onpick }) : null;
      if (table) body.append(table.node);
      return ({ weights: each, products, from: { values } }) => {
        weights.show(each, channels);
        inputs.show(values, channels);
        result.show(products, channels);
        table?.show(arithmetic.sums(products, channels), () => "");
      };
    }
    const table = bars(`${words.layerName(name)}: weight \u00d7 activation`, MANY, { name: told, onpick });
    body.append(table.node);
    return ({ weights, from: { values }, products }) => {
      table.show(products, (/** @type {number} */ place) => `${words.number(weights[place], 2)} \u00d7 ${words.number(values[place], 2)}`);
    };
  }

  /**
   * Of which logit: first what decides, the answer's less the next one's, then each by itself.
   * @param {Unit} unit
   * @param {any} calls
   * @returns {{node: HTMLElement, show: (logits: Float32Array, minus?: number) => void}}
   */
  function chooser(unit, { names, onlook }) {
    const select = element("select", { className: "lab-select" });
    let shown = "";
    select.addEventListener("change", () => {
      const [one, minus] = select.value.split("-").map(Number);
      onlook({ unit: { ...unit, unit: one }, at: null, minus });
    });

    /** @param {Float32Array} logits @param {number} [minus] */
    function show(logits, minus) {
      const first = InsideMNIST.answerOf(logits);
      const chosen = minus === undefined ? String(unit.unit) : `${unit.unit}-${minus}`;
      const pairs = [`${first}-${InsideMNIST.runnerUp(logits, first)}`, ...(minus === undefined ? [] : [chosen])];
      if (shown === pairs.join()) return;
      shown = pairs.join();
      const values = [...new Set([...pairs, ...names.keys()].map(String))];
      select.replaceChildren(...values.map((value) => element("option", { value, selected: value === chosen }, told(value))));
    }

    /** @param {string} value */
    function told(value) {
      const [one, minus] = value.split("-").map((place) => names[Number(place)]);
      return minus === undefined ? one : `${one} minus logit of ${minus}`;
    }

    return { node: element("label", { className: "lab-choice" }, "Logit of ", select), show };
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
