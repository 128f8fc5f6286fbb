// The arithmetic of one number of a network: what is multiplied with what, and what the products add up to.
//
// In: a network, its reading of an image, and which number: a unit, a channel at a position, or a logit. Out: inputs,
// weights, products, sums. Nothing is drawn here.

/**
 * What a layer reads: the hook point, and its shape, [channels, side, side] of maps or [units].
 * @typedef {{hook: string, shape: number[], values: Float32Array}} Source
 */
/** @typedef {{from: Source, weights: Float32Array, products: Float32Array, sum: number, bias: number, pre: number}} Dense */
/** @typedef {{inputs: Float32Array, weights: Float32Array, products: Float32Array, sum: number}} Patch of an input channel */
/**
 * @typedef {Object} Gathered what a channel gathers at a position
 * @property {Source} from
 * @property {number} kernel pixels along each side of the window
 * @property {number} side positions along each side of the channel's map
 * @property {number} padding
 * @property {Patch[]} patches one for each input channel
 * @property {number} sum of all products
 * @property {number} bias
 * @property {number} pre
 * @property {{values: number[], largest: number} | null} pooled the square of four that the position is in, after the
 *     ReLU, and which of them is handed on; null where it is in none, in an odd last row or column
 */
/**
 * logit = weights . pixels + offset, as long as no ReLU turns; sum: of the products.
 * @typedef {{weights: Float32Array, products: Float32Array, sum: number, offset: number}} Template
 */

window.InsideMNIST ??= {};
(function () {
  "use strict";

  /** @param {Reading} reading @param {string} hook */
  const at = (reading, hook) => /** @type {Float32Array} */ (reading.hooks.get(hook));

  /** @param {Network} network @param {string} name */
  const layerOf = (network, name) => /** @type {Layer} */ (network.layers.find((each) => each.name === name));

  /** @param {Network} network @param {Reading} reading @param {string} layer @returns {Source} */
  function source(network, reading, layer) {
    const before = network.layers[network.layers.findIndex(({ name }) => name === layer) - 1];
    const hook = !before ? "input" : `${before.name}.${before.kind === "conv" ? "pooled" : "post"}`;
    return { hook, shape: reading.shapes.get(hook) ?? [], values: at(reading, hook) };
  }

  /**
   * A unit of a layer that reads everything before it, or a logit; `minus`: less another of them, number by number.
   * @param {Network} network
   * @param {Reading} reading
   * @param {{layer: string, unit: number, minus?: number}} which
   * @returns {Dense}
   */
  function dense(network, reading, { layer, unit, minus }) {
    const { weight, bias } = layerOf(network, layer);
    const from = source(network, reading, layer);
    const row = (/** @type {number} */ place) => weight.subarray(place * from.values.length, (place + 1) * from.values.length);
    const less = minus === undefined ? null : row(minus);
    const weights = less ? row(unit).map((each, place) => each - less[place]) : row(unit);
    const products = weights.map((each, place) => each * from.values[place]);
    const values = at(reading, layer === "logits" ? layer : `${layer}.pre`);
    const [offset, pre] = [bias, values].map((each) => each[unit] - (minus === undefined ? 0 : each[minus]));
    return { from, weights, products, sum: total(products), bias: offset, pre };
  }

  /**
   * A channel at one position of its map, before pooling.
   * @param {Network} network
   * @param {Reading} reading
   * @param {{layer: string, unit: number, y: number, x: number}} which
   * @returns {Gathered}
   */
  function gathered(network, reading, { layer, unit, y, x }) {
    const { weight, bias, padding, shape } = layerOf(network, layer);
    const [, channels, kernel] = shape;
    const from = source(network, reading, layer);
    const wide = from.shape[1];
    const area = kernel * kernel;
    const patches = Array.from({ length: channels }, (_, channel) => {
      const start = (unit * channels + channel) * area;
      const inputs = new Float32Array(area).map((_, place) => {
        const [row, column] = [y - padding + Math.floor(place / kernel), x - padding + (place % kernel)];
        const outside = row < 0 || column < 0 || row >= wide || column >= wide;
        return outside ? 0 : from.values[(channel * wide + row) * wide + column];
      });
      const weights = weight.subarray(start, start + area);
      const products = inputs.map((each, place) => each * weights[place]);
      return { inputs, weights, products, sum: total(products) };
    });
    const side = /** @type {number[]} */ (reading.shapes.get(`${layer}.pre`))[1];
    const pre = at(reading, `${layer}.pre`)[(unit * side + y) * side + x];
    const sum = patches.reduce((all, each) => all + each.sum, 0);
    return { from, kernel, side, padding, patches, sum, bias: bias[unit], pre, pooled: square(reading, layer, unit, y, x) };
  }

  /** @type {(reading: Reading, layer: string, unit: number, y: number, x: number) => Gathered["pooled"]} */
  function square(reading, layer, unit, y, x) {
    const side = /** @type {number[]} */ (reading.shapes.get(`${layer}.post`))[1];
    const [top, left] = [y - (y % 2), x - (x % 2)];
    if (top + 1 >= side || left + 1 >= side) return null;
    const post = at(reading, `${layer}.post`);
    const values = [0, 1, side, side + 1].map((more) => post[(unit * side + top) * side + left + more]);
    return { values, largest: values.indexOf(Math.max(...values)) };
  }

  /**
   * The linear function of the pixels that a logit is around this image: within the region in which no ReLU turns on or
   * off and no pooling chooses another pixel, a network of ReLUs is exactly this.
   * @param {Network} network
   * @param {Float32Array} pixels (side * side,) in [0, 1]
   * @param {number} logit which
   * @param {{scales?: Scales, fixed?: Fixed}} options
   * @param {number} [minus] another logit, which is taken from it
   * @returns {Template}
   */
  function template(network, pixels, logit, options, minus) {
    const of = (/** @type {number} */ index) => InsideMNIST.gradient(network, pixels, { ...options, target: { hook: "logits", index } });
    const less = minus === undefined ? null : of(minus);
    const weights = less ? of(logit).map((each, place) => each - less[place]) : of(logit);
    const products = weights.map((each, place) => each * pixels[place]);
    const sum = total(products);
    const { logits } = InsideMNIST.forward(network, pixels, options);
    return { weights, products, sum, offset: logits[logit] - (minus === undefined ? 0 : logits[minus]) - sum };
  }

  /**
   * The largest parts of a sum, and what the others come to together.
   * @param {ArrayLike<number>} parts
   * @param {number} many
   * @returns {{first: {place: number, value: number}[], rest: number, others: number}} others: how many they are
   */
  function largest(parts, many) {
    const sorted = Array.from(parts, (value, place) => ({ place, value })).sort(
      (one, other) => Math.abs(other.value) - Math.abs(one.value),
    );
    const first = sorted.slice(0, sorted.length <= many + 1 ? many + 1 : many);
    const rest = sorted.slice(first.length);
    return { first, rest: rest.reduce((sum, { value }) => sum + value, 0), others: rest.length };
  }

  /** @param {Float32Array} products of all maps, one after the other @param {number} channels @returns {number[]} by map */
  function sums(products, channels) {
    const area = products.length / channels;
    return Array.from({ length: channels }, (_, channel) => total(products.subarray(channel * area, (channel + 1) * area)));
  }

  /** @param {Reading} reading @param {Unit} unit @returns {Float32Array} its activations after the ReLU: one, or a map */
  function mapOf(reading, { layer, unit }) {
    const post = at(reading, `${layer}.post`);
    const area = post.length / (reading.shapes.get(`${layer}.post`) ?? [1])[0];
    return post.subarray(unit * area, (unit + 1) * area);
  }

  /** @param {ArrayLike<number>} values in double precision */
  function total(values) {
    let sum = 0;
    for (let place = 0; place < values.length; place += 1) sum += values[place];
    return sum;
  }

  InsideMNIST.arithmetic = { dense, gathered, template, largest, source, mapOf, sums };
})();
