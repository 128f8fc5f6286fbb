// The reader's interventions: which units are switched off, scaled or set to their mean, in which network; and the same
// as text for an address, "mlp-raw.hidden1.7:0,cnn-raw.conv2.3:2.5,mlp-raw.hidden2.1:mean".
//
// In: units and what is done to them, or such a text. Out: the options that forward.js takes.

/** @typedef {number | "mean"} Setting a factor of the unit's activation, or its mean over the probe images */
/** @typedef {{unit: Unit, setting: Setting}} Change */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const MOST = 3; // the largest scale
  const PART = /^([a-z0-9-]+)\.([a-z]+\d+)\.(\d{1,3}):([0-3](?:\.\d)?|mean)$/;

  /**
   * @param {Map<string, Network>} networks
   * @param {Object<string, Object<string, string>>} means {network: {layer: base64 of float32}}, see shelf.py
   */
  function makeScales(networks, means) {
    /** @type {Map<string, Change>} what is changed, in the order in which it was */
    let changed = new Map();
    /** @type {Map<string, Float32Array>} what a layer's units hand on, on average, decoded when first asked for */
    const decoded = new Map();

    /** @param {Unit} unit */
    const key = (unit) => `${unit.condition}.${unit.layer}.${unit.unit}`;

    /**
     * @param {string} text as `text()` writes it
     * @returns {Change[] | null} null where any part of it means nothing here
     */
    function parse(text) {
      const found = text.split(",").map((part) => {
        const [, condition, name, place, told] = PART.exec(part) ?? [];
        const network = networks.get(condition);
        const layer = network?.layers.slice(0, -1).find((each) => each.name === name);
        const setting = told === "mean" ? told : Number(told);
        if (!network || !layer || Number(place) >= layer.units) return null;
        if (setting === "mean" ? !means[condition]?.[name] : setting > MOST || setting === 1) return null; // 1 changes nothing
        return { unit: { condition, title: network.title, layer: name, kind: layer.kind, unit: Number(place) }, setting };
      });
      return found.some((each) => each === null) ? null : /** @type {Change[]} */ (found);
    }

    /** @param {Unit} unit @returns {Float32Array} what it hands on, on average: a number, or a channel's map */
    function mean({ condition, layer, unit }) {
      const name = `${condition}.${layer}`;
      const values = decoded.get(name) ?? numbers(means[condition][layer]);
      decoded.set(name, values);
      const units = networks.get(condition)?.layers.find((each) => each.name === layer)?.units ?? 1;
      return values.subarray((unit * values.length) / units, ((unit + 1) * values.length) / units);
    }

    /** @param {Network} network @param {Change[]} mine @returns {Scales} */
    function factors(network, mine) {
      const made = new Map(network.layers.map(({ name, units }) => [name, new Float32Array(units).fill(1)]));
      for (const { unit, setting } of mine) {
        if (setting !== "mean") /** @type {Float32Array} */ (made.get(unit.layer))[unit.unit] = setting;
      }
      return made;
    }

    /** @param {Change[]} mine @returns {Fixed} */
    function replaced(mine) {
      /** @type {Fixed} */
      const made = new Map();
      for (const { unit, setting } of mine) {
        if (setting !== "mean") continue;
        if (!made.has(unit.layer)) made.set(unit.layer, new Map());
        made.get(unit.layer)?.set(unit.unit, mean(unit));
      }
      return made;
    }

    /** @param {string} network @returns {Change[]} */
    const of = (network) => [...changed.values()].filter(({ unit }) => unit.condition === network);

    return {
      parse,
      mean,
      in: of,
      /** @param {Unit} unit @returns {Setting} */
      of: (unit) => changed.get(key(unit))?.setting ?? 1,
      /** @param {Unit} unit @param {Setting} setting 1 takes the unit off the list */
      set(unit, setting) {
        if (setting === 1) changed.delete(key(unit));
        else changed.set(key(unit), { unit, setting });
      },
      /** @param {string | undefined} text replaces all that is in force */
      setAll(text) {
        changed = new Map((text ? (parse(text) ?? []) : []).map((each) => [key(each.unit), each]));
      },
      list: () => [...changed.values()],
      text: () => [...changed].map(([name, { setting }]) => `${name}:${setting}`).join(","),
      /** @param {Network} network @returns {{scales?: Scales, fixed?: Fixed}} nothing where nothing is changed */
      options(network) {
        const mine = of(network.name);
        return mine.length ? { scales: factors(network, mine), fixed: replaced(mine) } : {};
      },
    };
  }

  /** @param {string} text base64 of little-endian float32 */
  function numbers(text) {
    return new Float32Array(InsideMNIST.bytes(text).buffer);
  }

  InsideMNIST.makeScales = makeScales;
})();
