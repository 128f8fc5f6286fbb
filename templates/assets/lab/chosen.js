// What is chosen, a unit or an answer; and for a unit what can be done to it: off, its mean, a scale.
//
// In: their element, what is chosen, and what to call when the reader acts. Out: it shows them. Also how that is written
// in an address: "mlp-raw.hidden2.9", a channel at a position "cnn-raw.conv1.2@11,13", an answer "mlp-raw.logits.4",
// and an answer less another "mlp-raw.logits.4-9".

/**
 * What the arithmetic is shown of. `at`: a channel's position, row and column; null: wherever it is most active.
 * `minus`: a logit that is taken from an answer's.
 * @typedef {{unit: Unit, at: [number, number] | null, minus?: number}} Look a unit, or where its layer is "logits" an answer
 */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const words = InsideMNIST.words;
  const PART = /^([a-z0-9-]+)\.([a-z]+\d*)\.(\d{1,3})(?:@(\d{1,2}),(\d{1,2})|-(\d{1,3}))?$/;

  /**
   * @param {string} text
   * @param {Map<string, Network>} networks
   * @returns {Look | null} null where it means nothing here
   */
  function parseLook(text, networks) {
    const [, condition, name, place, row, column, less] = PART.exec(text) ?? [];
    const network = networks.get(condition);
    const layer = network?.layers.find((each) => each.name === name);
    if (!network || !layer || Number(place) >= layer.units || (row && layer.kind !== "conv")) return null;
    const minus = less === undefined ? undefined : Number(less);
    if (minus !== undefined && (name !== "logits" || minus >= layer.units || minus === Number(place))) return null;
    const unit = { condition, title: network.title, layer: name, kind: layer.kind, unit: Number(place) };
    const at = /** @type {[number, number]} */ ([Number(row), Number(column)]);
    const [side] = layer.kind === "conv" ? [sideOf(network, name)] : [1];
    if (row && Math.max(...at) >= side) return null;
    return { unit, at: row ? at : null, minus };
  }

  /** @param {Network} network @param {string} name @returns {number} positions along a side of a layer's maps */
  function sideOf(network, name) {
    let { side } = network;
    for (const { name: each, shape, padding } of network.layers) {
      side += 2 * padding - shape[2] + 1;
      if (each === name) break;
      side = Math.floor(side / 2);
    }
    return side;
  }

  /** @param {Look | null} look */
  function lookText(look) {
    if (!look) return "";
    const { condition, layer, unit } = look.unit;
    return `${condition}.${layer}.${unit}${look.at ? `@${look.at.join(",")}` : ""}${look.minus === undefined ? "" : `-${look.minus}`}`;
  }

  /**
   * @param {HTMLElement} element
   * @param {Object} calls
   * @param {string | null} calls.portraits the folder of the pages of units, where there are such pages
   * @param {string[]} calls.names of the classes
   * @param {(unit: Unit) => string} calls.calledOf
   * @param {(unit: Unit, setting: Setting) => void} calls.onscale
   * @param {() => void} calls.ondone
   */
  function makeChosen(element, { portraits, names, calledOf, onscale, ondone }) {
    const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`[data-chosen-${name}]`));
    const range = /** @type {HTMLInputElement} */ (element.querySelector("input"));
    const link = /** @type {HTMLAnchorElement | null} */ (element.querySelector("[data-chosen-link]"));
    const [off, mean] = [part("switch"), part("mean")];
    /** @type {Unit | null} */
    let chosen = null;
    /** @type {Setting} */
    let now = 1;

    range.addEventListener("input", () => chosen && onscale(chosen, Number(range.value)));
    range.addEventListener("change", () => ondone());
    off.addEventListener("click", () => act(0));
    mean.addEventListener("click", () => act("mean"));

    /** @param {Setting} setting pressed once more, the unit is as it was */
    function act(setting) {
      if (!chosen) return;
      onscale(chosen, now === setting ? 1 : setting);
      ondone();
    }

    /** @param {Look | null} look @param {Setting} setting what is done to the unit */
    function show(look, setting) {
      const isUnit = look !== null && look.unit.layer !== "logits";
      chosen = isUnit ? look.unit : null;
      now = setting;
      element.classList.toggle("is-idle", look === null);
      part("hint").hidden = look !== null;
      part("acts").hidden = !isUnit;
      if (link) link.hidden = !isUnit || portraits === null;
      if (!look) return showNothing();
      element.dataset.condition = look.unit.condition;
      part("name").textContent = isUnit ? words.capital(words.briefName(look.unit)) : logitName(look);
      part("called").textContent = [isUnit ? calledOf(look.unit) : "", look.unit.title].filter(Boolean).join(" \u00b7 ");
      if (isUnit) showActs(look.unit, setting);
    }

    function showNothing() {
      delete element.dataset.condition;
      part("name").textContent = "Nothing is chosen.";
      part("called").textContent = "";
    }

    /** @param {Look} look */
    function logitName({ unit: { unit }, minus }) {
      const [one, other] = [unit, minus ?? unit].map((place) => words.called(names[place]));
      return minus === undefined ? `The logit of ${one}` : `The logit of ${one} minus that of ${other}`;
    }

    /** @param {Unit} unit @param {Setting} setting */
    function showActs(unit, setting) {
      part("label").textContent = `Scale of ${words.unitName(unit)}`;
      range.value = String(setting === "mean" ? 1 : setting);
      range.setAttribute("aria-valuetext", words.scaleWords(setting));
      part("words").textContent = words.scaleWords(setting);
      off.setAttribute("aria-pressed", String(setting === 0));
      mean.setAttribute("aria-pressed", String(setting === "mean"));
      if (!link || portraits === null) return;
      link.href = `${portraits}${unit.condition}.html#${unit.layer}-${unit.unit}`;
    }

    return { show };
  }

  Object.assign(InsideMNIST, { makeChosen, parseLook, lookText });
})();
