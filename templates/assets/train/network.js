// A network of dense layers that learns: forward, cross entropy, backward, and a step of plain gradient descent.
//
// In: weights to begin with, what is done to the pixels, factors on the rates of layers, images. Out: the network, image
// by image: what it answers, the gradients summed up so far, and after a step its new weights.
//
// Weights are stored input by input, and each layer is told which of its inputs are not zero: a dark pixel or a silent unit
// is passed over with all its weights. What is done to the pixels, (pixel - mean) / std, never touches the images, for a
// dark pixel would be dark no more. Instead the first layer takes it over. Of what it is fed, pixel / std is summed over the
// lit pixels, and the rest, -mean / std for each of its weights, is the same for all images of a step.

/** @typedef {{places: Uint16Array, levels: Float64Array, from: number, to: number}} Fed
 *  the inputs that are not zero: which, how strong, and the part of both that counts */
/** @typedef {{name: string, inputs: number, units: number, weight: Float64Array, bias: Float64Array, ofWeight: Float64Array,
 *  ofBias: Float64Array, factor: number, scale: number, start: Float64Array, values: Float64Array, flow: Float64Array, fed: Fed}} Learner
 *  weight: (inputs, units); ofWeight, ofBias: sums of gradients since the last step, of the first layer's weights without
 *  what the mean adds; factor: on the rate of its weights; scale: what its inputs are multiplied by; start: (units,) what
 *  its sums begin with; values: its sums for the image read last, or what a ReLU leaves of them; flow: the gradient of that
 *  image's loss with respect to the sums; fed: its inputs, for the first layer those of all images */

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const BLOCK = 8; // units whose sums are held at hand while the inputs are gone through

  class Network {
    /**
     * @param {{name: string, inputs: number, units: number}[]} layers in forward order, the logits last
     * @param {Object<string, {weight: string, bias: string}>} begun their packed weights, (units, inputs), and biases
     * @param {{mean: number, std: number, factors: {first?: number, last?: number}}} treatment
     */
    constructor(layers, begun, { mean, std, factors }) {
      this.shift = -mean / std;
      /** @type {Learner[]} */
      this.layers = layers.map((layer, at) => {
        const factor = (at === 0 ? (factors.first ?? 1) : 1) * (at === layers.length - 1 ? (factors.last ?? 1) : 1);
        return dense(layer, begun[layer.name], { factor, scale: at === 0 ? 1 / std : 1 });
      });
      this._begin();
    }

    /** @returns {Float64Array} the logits of the image read last */
    get logits() {
      return this.layers[this.layers.length - 1].values;
    }

    /** @returns {Float64Array} what the last hidden layer makes of it, behind its ReLU */
    get hidden() {
      return this.layers[this.layers.length - 2].values;
    }

    /**
     * Reads an image; what each layer hands on stays in its `values`.
     * @param {Images} images
     * @param {number} image
     * @returns {number} the cross entropy of its answer
     */
    read({ places, levels, starts, labels }, image) {
      const [first] = this.layers;
      first.fed = { places, levels, from: starts[image], to: starts[image + 1] };
      this.layers.forEach((layer, at) => {
        if (at > 0) rectify(this.layers[at - 1].values, layer.fed);
        gather(layer);
      });
      return surprise(this.logits, labels[image]);
    }

    /**
     * Reads an image and adds the gradients of its loss to the sums.
     * @param {Images} images
     * @param {number} image
     * @returns {number} its loss
     */
    learn(images, image) {
      const loss = this.read(images, image);
      const label = images.labels[image];
      const last = this.layers[this.layers.length - 1];
      for (let each = 0; each < last.units; each += 1) last.flow[each] = Math.exp(last.values[each] - last.values[label] - loss);
      last.flow[label] -= 1;
      for (let at = this.layers.length - 1; at >= 0; at -= 1) {
        scatter(this.layers[at]);
        if (at > 0) back(this.layers[at], this.layers[at - 1].flow);
      }
      return loss;
    }

    /**
     * One step against the mean of the gradients that were summed up, which are forgotten.
     * @param {number} rate
     * @param {number} count of images
     */
    step(rate, count) {
      this.layers.forEach(({ weight, bias, ofWeight, ofBias, units, factor }, at) => {
        const [far, shift] = [(rate * factor) / count, at === 0 ? this.shift : 0];
        for (let row = 0; row < weight.length; row += units) {
          for (let unit = 0; unit < units; unit += 1) weight[row + unit] -= far * (ofWeight[row + unit] + shift * ofBias[unit]);
        }
        for (let unit = 0; unit < units; unit += 1) bias[unit] -= (rate / count) * ofBias[unit];
        ofWeight.fill(0);
        ofBias.fill(0);
      });
      this._begin();
    }

    /** What the sums begin with, until the next step. */
    _begin() {
      this.layers.forEach(({ start, bias, weight, units }, at) => {
        start.set(bias);
        if (at > 0 || this.shift === 0) return;
        for (let row = 0; row < weight.length; row += units) {
          for (let unit = 0; unit < units; unit += 1) start[unit] += this.shift * weight[row + unit];
        }
      });
    }
  }

  /**
   * @param {{name: string, inputs: number, units: number}} layer
   * @param {{weight: string, bias: string}} packed
   * @param {{factor: number, scale: number}} more
   * @returns {Learner}
   */
  function dense({ name, inputs, units }, packed, more) {
    const byUnit = InsideMNIST.numbers(packed.weight);
    const weight = new Float64Array(inputs * units);
    for (let unit = 0, at = 0; unit < units; unit += 1) {
      for (let input = 0; input < inputs; input += 1, at += 1) weight[input * units + unit] = byUnit[at];
    }
    const each = () => new Float64Array(units);
    const sums = { ofWeight: new Float64Array(weight.length), ofBias: each() };
    const fed = { places: new Uint16Array(inputs), levels: new Float64Array(inputs), from: 0, to: 0 };
    const bias = Float64Array.from(InsideMNIST.numbers(packed.bias));
    return { name, inputs, units, weight, bias, ...sums, ...more, start: each(), values: each(), flow: each(), fed };
  }

  /** @param {Learner} layer its sums over the inputs that are not zero */
  function gather({ units, weight, values, start, scale, fed: { places, levels, from, to } }) {
    let unit = 0;
    for (; unit + BLOCK <= units; unit += BLOCK) {
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0; // prettier-ignore
      for (let at = from; at < to; at += 1) {
        const level = levels[at];
        const w = places[at] * units + unit;
        a += level * weight[w];
        b += level * weight[w + 1];
        c += level * weight[w + 2];
        d += level * weight[w + 3];
        e += level * weight[w + 4];
        f += level * weight[w + 5];
        g += level * weight[w + 6];
        h += level * weight[w + 7];
      }
      values[unit] = start[unit] + scale * a;
      values[unit + 1] = start[unit + 1] + scale * b;
      values[unit + 2] = start[unit + 2] + scale * c;
      values[unit + 3] = start[unit + 3] + scale * d;
      values[unit + 4] = start[unit + 4] + scale * e;
      values[unit + 5] = start[unit + 5] + scale * f;
      values[unit + 6] = start[unit + 6] + scale * g;
      values[unit + 7] = start[unit + 7] + scale * h;
    }
    for (; unit < units; unit += 1) {
      let sum = 0;
      for (let at = from; at < to; at += 1) sum += levels[at] * weight[places[at] * units + unit];
      values[unit] = start[unit] + scale * sum;
    }
  }

  /** @param {Learner} layer adds to the gradients of its weights and biases what `flow` makes of its inputs */
  function scatter({ units, ofWeight, ofBias, flow, scale, fed: { places, levels, from, to } }) {
    let unit = 0;
    for (; unit + BLOCK <= units; unit += BLOCK) {
      const a = scale * flow[unit];
      const b = scale * flow[unit + 1];
      const c = scale * flow[unit + 2];
      const d = scale * flow[unit + 3];
      const e = scale * flow[unit + 4];
      const f = scale * flow[unit + 5];
      const g = scale * flow[unit + 6];
      const h = scale * flow[unit + 7];
      for (let at = from; at < to; at += 1) {
        const level = levels[at];
        const w = places[at] * units + unit;
        ofWeight[w] += level * a;
        ofWeight[w + 1] += level * b;
        ofWeight[w + 2] += level * c;
        ofWeight[w + 3] += level * d;
        ofWeight[w + 4] += level * e;
        ofWeight[w + 5] += level * f;
        ofWeight[w + 6] += level * g;
        ofWeight[w + 7] += level * h;
      }
    }
    for (; unit < units; unit += 1) {
      for (let at = from; at < to; at += 1) ofWeight[places[at] * units + unit] += levels[at] * scale * flow[unit];
    }
    for (unit = 0; unit < units; unit += 1) ofBias[unit] += flow[unit];
  }

  /**
   * What reaches the sums of the layer below: nothing where its ReLU gave zero.
   * @param {Learner} layer
   * @param {Float64Array} below (inputs,) written
   */
  function back({ units, weight, flow, fed: { places, from, to } }, below) {
    below.fill(0);
    for (let at = from; at < to; at += 1) {
      let sum = 0;
      for (let unit = 0, w = places[at] * units; unit < units; unit += 1, w += 1) sum += weight[w] * flow[unit];
      below[places[at]] = sum;
    }
  }

  /**
   * max(value, 0), and which of them are left for the layer above. What is no number stays none.
   * @param {Float64Array} values
   * @param {Fed} fed written
   */
  function rectify(values, fed) {
    fed.to = 0;
    for (let unit = 0; unit < values.length; unit += 1) {
      if (values[unit] <= 0) {
        values[unit] = 0;
        continue;
      }
      fed.places[fed.to] = unit;
      fed.levels[fed.to] = values[unit];
      fed.to += 1;
    }
  }

  /**
   * The cross entropy of a label: minus the logarithm of its probability.
   * @param {Float64Array} logits
   * @param {number} label
   */
  function surprise(logits, label) {
    let most = logits[0];
    for (let each = 1; each < logits.length; each += 1) if (logits[each] > most) most = logits[each];
    let sum = 0;
    for (let each = 0; each < logits.length; each += 1) sum += Math.exp(logits[each] - most);
    return Math.log(sum) + most - logits[label];
  }

  Object.assign(InsideMNIST.train, { Network });
})();
