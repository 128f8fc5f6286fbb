// The reader's interventions: which units are switched off or scaled, in which network; and the same as text for an
// address, "mlp-raw.hidden1.7:0,cnn-raw.conv2.3:2.5".
//
// In: units and scales, or such a text. Out: the factors that forward.js takes.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const MOST = 3; // the largest scale
  const PART = /^([a-z0-9-]+)\.([a-z]+\d+)\.(\d{1,3}):([0-3](?:\.\d)?)$/;

  /** @param {Map<string, Network>} networks */
  function makeScales(networks) {
    /** @type {Map<string, {unit: Unit, scale: number}>} what is changed, in the order in which it was */
    let changed = new Map();

    /** @param {Unit} unit */
    const key = (unit) => `${unit.condition}.${unit.layer}.${unit.unit}`;

    /**
     * @param {string} text as `text()` writes it
     * @returns {{unit: Unit, scale: number}[] | null} null where any part of it means nothing here
     */
    function parse(text) {
      const found = text.split(",").map((part) => {
        const [, condition, name, place, scale] = PART.exec(part) ?? [];
        const network = networks.get(condition);
        const layer = network?.layers.slice(0, -1).find((each) => each.name === name);
        if (!network || !layer || Number(place) >= layer.units || Number(scale) > MOST) return null;
        const unit = { condition, title: network.title, layer: name, kind: layer.kind, unit: Number(place) };
        return { unit, scale: Number(scale) };
      });
      return found.some((each) => each === null) ? null : /** @type {{unit: Unit, scale: number}[]} */ (found);
    }

    return {
      parse,
      /** @param {Unit} unit */
      of: (unit) => changed.get(key(unit))?.scale ?? 1,
      /** @param {Unit} unit @param {number} scale 1 takes the unit off the list */
      set(unit, scale) {
        if (scale === 1) changed.delete(key(unit));
        else changed.set(key(unit), { unit, scale });
      },
      /** @param {string | undefined} text replaces all that is in force */
      setAll(text) {
        changed = new Map((text ? (parse(text) ?? []) : []).map((each) => [key(each.unit), each]));
      },
      list: () => [...changed.values()],
      text: () => [...changed].map(([name, { scale }]) => `${name}:${scale}`).join(","),
      /** @param {Network} network @returns {Scales | undefined} */
      factors(network) {
        const mine = [...changed.values()].filter(({ unit }) => unit.condition === network.name);
        if (mine.length === 0) return undefined;
        const factors = new Map(network.layers.map(({ name, units }) => [name, new Float32Array(units).fill(1)]));
        for (const { unit, scale } of mine) /** @type {Float32Array} */ (factors.get(unit.layer))[unit.unit] = scale;
        return factors;
      },
    };
  }

  InsideMNIST.makeScales = makeScales;
})();
