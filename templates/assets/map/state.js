// What the reader has chosen on the map, and the same in the page's address.
//
// In: the shared data (data.js) and shared/state.js. Out: InsideMNIST.map.readState() and .writeState(state).
// Whatever the address says that is unknown or does not fit together is left out, and said by shared/state.js.

/** @typedef {{networks: string[], depth: number, method: string, epoch: number, colour: string, rings: string,
 *  digits: boolean[], image: number, picked: Set<number>}} MapState
 *  depth: hidden layers between the one shown and the logits; epoch: wanted, the nearest with a map is shown;
 *  colour: "digit", "answer" or "right"; rings: how misreadings are marked, "on", "above" or "off"; digits: (class) which of them stand out; image: marked, or -1 */

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const METHODS = ["umap", "tsne", "pca"]; // the first that there is, is shown first
  const AND = new Intl.ListFormat("en-GB"); // "raw, scaled and normalized"
  const COLOURS = ["digit", "answer", "right"];
  const PICKED = /^[A-Za-z0-9_-]{1,2000}$/;

  /** Makes the map's keys known to the address. */
  function declareState() {
    const { networks, index } = lab.map.shared();
    const layers = networks.flatMap((/** @type {MapNetwork} */ network) => network.layers);
    lab.state.declare({
      networks: (/** @type {string} */ text) => choices().some((choice) => choice.names.join() === text),
      layer: (/** @type {string} */ text) => layers.some((/** @type {MapLayer} */ layer) => layer.name === text),
      method: (/** @type {string} */ text) => layers.some((/** @type {MapLayer} */ layer) => Object.hasOwn(layer.epochs, text)),
      epoch: /^[0-9]{1,4}$/,
      colour: (/** @type {string} */ text) => COLOURS.includes(text),
      rings: /^(above|off)$/,
      digits: (/** @type {string} */ text) => {
        const shown = new Set([...text].map((letter) => parseInt(letter, 36)));
        const known = [...shown].every((each) => each < classes());
        return /^[0-9a-z]+$/.test(text) && known && shown.size === text.length && shown.size < classes();
      },
      image: (/** @type {string} */ text) => /^[0-9]{1,9}$/.test(text) && index.includes(Number(text)),
      picked: PICKED,
    });
  }

  /**
   * The sets of networks that can be shown side by side: the treatments of each architecture, all, and each alone.
   * @returns {{title: string, names: string[]}[]}
   */
  function choices() {
    const networks = /** @type {MapNetwork[]} */ (lab.map.shared().networks);
    const architectures = [...new Set(networks.map((network) => network.architecture))];
    const pairs = architectures.map((architecture) => {
      const own = networks.filter((network) => network.architecture === architecture);
      return { title: `${architecture}: ${AND.format(own.map((each) => each.treatment))}`, names: own.map((each) => each.name) };
    });
    const all = { title: "All networks", names: networks.map((network) => network.name) };
    const each = networks.map((network) => ({ title: network.title, names: [network.name] }));
    const found = [...pairs.filter((pair) => pair.names.length > 1), all, ...each];
    return found.filter((choice, at) => found.findIndex((other) => other.names.join() === choice.names.join()) === at);
  }

  /** @param {string[]} names @returns {MapNetwork[]} */
  function chosen(names) {
    return names.map((name) => lab.map.shared().networks.find((/** @type {MapNetwork} */ each) => each.name === name));
  }

  /** @param {MapNetwork} network @param {number} depth @returns {MapLayer | undefined} counted from the last */
  function layerAt(network, depth) {
    return network.layers[network.layers.length - 1 - depth];
  }

  /** @param {string[]} names @returns {number} of the deepest of these networks: how many depths there are */
  function depths(names) {
    return Math.max(...chosen(names).map((network) => network.layers.length));
  }

  /** @param {string[]} names @param {number} depth @returns {string[]} the methods of which there are maps, in order */
  function methods(names, depth) {
    const layers = chosen(names).map((network) => layerAt(network, depth));
    return METHODS.filter((method) => layers.some((layer) => layer && method in layer.epochs));
  }

  /** @param {MapState} state @returns {number[]} the epochs at which there is a map of what is shown */
  function epochs(state) {
    const layers = chosen(state.networks).map((network) => layerAt(network, state.depth));
    return layers.find((layer) => layer && state.method in layer.epochs)?.epochs[state.method] || [0];
  }

  /** @param {number[]} among @param {number} wanted @returns {number} the place of the nearest in a list of numbers */
  function closest(among, wanted) {
    const distances = among.map((each) => Math.abs(each - wanted));
    return distances.indexOf(Math.min(...distances));
  }

  /** @returns {number} */
  function classes() {
    return lab.map.shared().set.names.length;
  }

  /** @returns {MapState} what the page shows first */
  function firstState() {
    const names = choices()[0].names;
    return {
      networks: names,
      depth: 0,
      method: methods(names, 0)[0],
      epoch: Infinity,
      colour: "digit",
      rings: "on",
      digits: new Array(classes()).fill(true),
      image: -1,
      picked: new Set(),
    };
  }

  /** @returns {MapState} what the address says, and for the rest what the page shows first */
  function readState() {
    const given = lab.state.read();
    const { index, count } = lab.map.shared();
    const state = firstState();
    /** @type {string[]} */
    const refused = [];
    const networks = given.get("networks");
    if (networks) state.networks = networks.split(",");
    const layer = given.get("layer");
    if (layer) {
      const depth = depthOf(state.networks, layer);
      if (depth < 0) refused.push("\u201clayer\u201d");
      else state.depth = depth;
    }
    const possible = methods(state.networks, state.depth);
    state.method = given.get("method") || possible[0];
    if (!possible.includes(state.method)) {
      refused.push("\u201cmethod\u201d");
      state.method = possible[0];
    }
    if (given.has("epoch")) state.epoch = Number(given.get("epoch"));
    const last = Math.max(...epochs(state));
    if (given.has("epoch") && state.epoch > last) refused.push("\u201cepoch\u201d");
    state.epoch = Math.min(state.epoch, last);
    state.colour = given.get("colour") || "digit";
    state.rings = given.get("rings") || "on";
    const digits = given.get("digits");
    if (digits) state.digits = state.digits.map((_, each) => digits.includes(each.toString(36)));
    if (given.has("image")) state.image = index.indexOf(Number(given.get("image")));
    const picked = unpacked(given.get("picked") || "", count);
    if (picked) state.picked = picked;
    else refused.push("\u201cpicked\u201d");
    if (refused.length) lab.state.say(refused);
    return state;
  }

  /** @param {string[]} names @param {string} layer @returns {number} its depth in the first network that has it, or -1 */
  function depthOf(names, layer) {
    for (const network of chosen(names)) {
      const at = network.layers.findIndex((each) => each.name === layer);
      if (at >= 0) return network.layers.length - 1 - at;
    }
    return -1;
  }

  /**
   * Writes what differs from what the page shows first.
   * @param {MapState} state
   * @param {boolean} push whether "back" shall lead to the state before
   */
  function writeState(state, push) {
    const first = firstState();
    const { index, count } = lab.map.shared();
    const shownAt = chosen(state.networks).map((network) => layerAt(network, state.depth));
    const all = state.digits.every(Boolean);
    lab.state.write(
      {
        networks: state.networks.join() === first.networks.join() ? null : state.networks.join(),
        layer: state.depth === 0 ? null : shownAt.find(Boolean)?.name || null,
        method: state.method === methods(state.networks, state.depth)[0] ? null : state.method,
        epoch: state.epoch >= Math.max(...epochs(state)) ? null : String(state.epoch),
        colour: state.colour === "digit" ? null : state.colour,
        rings: state.rings === "on" ? null : state.rings,
        digits: all ? null : [...state.digits.keys()].filter((each) => state.digits[each]).map((each) => each.toString(36)).join(""),
        image: state.image < 0 ? null : String(index[state.image]),
        picked: packed(state.picked, count) || null,
      },
      { push },
    );
  }

  /** @param {Set<number>} picked @param {number} count @returns {string} a bit for each image, as base64url; "" for none */
  function packed(picked, count) {
    const bits = new Uint8Array(Math.ceil(count / 8));
    for (const image of picked) bits[image >> 3] |= 1 << (image & 7);
    let end = bits.length;
    while (end > 0 && !bits[end - 1]) end -= 1;
    return btoa(String.fromCharCode(...bits.subarray(0, end))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  /** @param {string} text @param {number} count @returns {Set<number> | null} null where it names no such images */
  function unpacked(text, count) {
    /** @type {Set<number>} */
    const picked = new Set();
    let bits;
    try {
      bits = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    } catch (malformed) {
      return null;
    }
    for (let image = 0; image < 8 * bits.length; image += 1) {
      if (bits.charCodeAt(image >> 3) & (1 << (image & 7))) picked.add(image);
    }
    return Math.max(-1, ...picked) < count ? picked : null;
  }

  Object.assign(lab.map, {
    declareState, readState, writeState, choices, chosen, layerAt, depths, methods, epochs, closest, packed, unpacked,
  });
})();
