// How the lab says things: units by their full name, numbers with their sign and as many decimals as matter.
//
// In: names of layers, numbers. Out: text for the page.

/**
 * A hidden layer of one network, and one of its units (a channel where the layer is a convolution).
 * @typedef {{condition: string, title: string, layer: string, kind: "linear" | "conv", unit: number}} Unit
 */

window.InsideMNIST ??= {};
(function () {
  "use strict";

  /** @param {string} layer "hidden1" @returns {string} "hidden 1" */
  function layerName(layer) {
    return layer.replace(/(\d+)$/, " $1");
  }

  /** @param {string} text @returns {string} the text with a capital at its beginning */
  function capital(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  /** @param {{layer: string, kind: string, unit: number}} which @returns {string} "unit 7 of hidden 2" */
  function unitName({ layer, kind, unit }) {
    return `${kind === "conv" ? "channel" : "unit"} ${unit} of ${layerName(layer)}`;
  }

  /** @param {Unit} which @returns {string} "unit 7 of hidden 2, MLP, raw" */
  function fullName(which) {
    return `${unitName(which)}, ${which.title}`;
  }

  /** @param {{layer: string, unit: number}} which @returns {string} "hidden 2 \u00b7 7" */
  function briefName({ layer, unit }) {
    return `${layerName(layer)} \u00b7 ${unit}`;
  }

  /** @param {number} value @param {number} decimals @returns {string} with a proper minus sign, never "-0" */
  function number(value, decimals) {
    const text = value.toFixed(decimals);
    return /[1-9]/.test(text) ? text.replace("-", "\u2212") : text.replace("-", "");
  }

  /** @param {number} probability @returns {string} "98.2 %"; never 100 % or 0 % unless it is all but that */
  function share(probability) {
    const percent = 100 * probability;
    if (percent >= 99.95 && percent < 100) return ">\u202f99.9\u202f%";
    if (percent > 0 && percent < 0.05) return "<\u202f0.1\u202f%";
    return `${number(percent, 1)}\u202f%`;
  }

  /** @param {number | "mean"} scale @returns {string} */
  function scaleWords(scale) {
    if (scale === "mean") return "set to its mean";
    if (scale === 0) return "switched off";
    return scale === 1 ? "as trained" : `scaled by ${shortScale(scale)}`;
  }

  /** @param {number} scale @returns {string} "2", "0.5" */
  function shortScale(scale) {
    return number(scale, Number.isInteger(scale) ? 0 : 1);
  }

  /**
   * What the networks say, in one sentence.
   * @param {string[]} answers the class that each of them names
   */
  function verdict(answers) {
    if (answers.length === 0) return "No network can be run in this browser to read it.";
    const many = (/** @type {string} */ name) => answers.filter((each) => each === name).length;
    const sides = [...new Set(answers)].sort((a, b) => many(b) - many(a)).map(called);
    if (sides.length === 1) return `All ${answers.length === 4 ? "four " : ""}networks read ${sides[0]}.`;
    return `The networks disagree: ${sides.slice(0, -1).join(", ")} or ${sides[sides.length - 1]}.`;
  }

  /** @param {string} name of a class @returns {string} "a 7", "an 8"; any other name in quotes */
  function called(name) {
    if (!/^\d+$/.test(name)) return `\u201c${name}\u201d`;
    return `${/^(8|11|18)/.test(name) ? "an" : "a"} ${name}`;
  }

  /** @param {string} name of a class @returns {string} "the 7" */
  function the(name) {
    return called(name).replace(/^an? /, "the ");
  }

  /**
   * What the reader's interventions make of one network's answer.
   * @param {string} title of the network
   * @param {{name: string, scale: number | "mean"}[]} changes name: of a unit
   * @param {{says: string, margin: number}} before of the network as trained
   * @param {{says: string, margin: number}} after margin: of what it said before
   */
  function effect(title, changes, before, after) {
    const [one] = changes;
    const how =
      changes.length > 1
        ? `with ${changes.length} units changed`
        : one.scale === 0
          ? `without ${one.name}`
          : `with ${one.name} ${scaleWords(one.scale)}`;
    const [was, is] = [number(before.margin, 1), number(after.margin, 1)];
    const turn = was === is ? `stays at ${is}` : `${after.margin < before.margin ? "falls" : "rises"} from ${was} to ${is}`;
    if (before.says === after.says) return `${title}: ${how} it still says ${called(before.says)}; its margin ${turn}.`;
    return `${title}: ${how} it says ${called(after.says)} instead of ${called(before.says)}; the margin of ${the(before.says)} ${turn}.`;
  }

  /** @param {number} probability @returns {string} in whole per cent, without the sign; never 100 or 0 */
  function percent(probability) {
    if (probability < 0.005) return "<\u202f1";
    return probability >= 0.995 ? ">\u202f99" : number(100 * probability, 0);
  }

  Object.assign((InsideMNIST.words = {}), { layerName, capital, unitName, fullName, briefName, number, share, percent });
  Object.assign(InsideMNIST.words, { scaleWords, shortScale, called, verdict, effect });
})();
