// Plain networks in the reader's browser: the same forward pass as in experiments/models, and its gradient.
//
// In: data/networks.js (the trained weights) and the pixels of a square image in [0, 1], row by row. Out: every hook
// point's activation by its name, logits and probabilities; or the gradient of one of these numbers with respect to the
// pixels. Activations are flat Float32Arrays; a map with several channels is stored channel by channel. A network that
// is not plain, or whose logits for a few images are not those that PyTorch found, is never run: see `unusable`.

/**
 * A layer with weights. `shape` is that of the weight: [units, inputs], or [channels, inputs, k, k] of a convolution,
 * which reads `padding` pixels of zeros around every map and has in `taps` its weights once more, see `inFives`.
 * @typedef {{name: string, kind: "linear" | "conv", padding: number, shape: number[], units: number, weight: Float32Array, taps: Float32Array, bias: Float32Array}} Layer
 */
/**
 * A trained network: the pixels of an image, `side` in a row, are treated, (pixel - mean) / std, then every layer is run;
 * the logits are the last.
 * @typedef {{name: string, title: string, side: number, treatment: {mean: number, std: number}, layers: Layer[]}} Network
 */
/**
 * Factors by hidden layer: each unit's activation after its ReLU is multiplied by its factor, 0 or more. A unit of a
 * convolution is a channel. Layers that are not named are left alone.
 * @typedef {Map<string, Float32Array>} Scales
 */
/**
 * What units hand on whatever they are given, by hidden layer and unit: one number, or of a channel its whole pooled map.
 * @typedef {Map<string, Map<number, Float32Array>>} Fixed
 */
/**
 * What a network makes of an image: activations by hook point ("hidden1.pre"), their shapes, and its answer.
 * @typedef {{hooks: Map<string, Float32Array>, shapes: Map<string, number[]>, logits: Float32Array, probabilities: Float32Array}} Reading
 */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const AT_ONCE = 5; // weights of a kernel's row
  const NEAR = 1e-3; // how far logits may lie from PyTorch's, as a share of the largest; rounding is a hundredth of it

  /** @type {{usable: Map<string, Network>, unusable: Map<string, string>} | undefined} */
  let decoded;

  /**
   * The networks of data/networks.js by condition ("mlp-raw") that a page can run, decoded and tried at the first call.
   * @returns {Map<string, Network>}
   */
  function networks() {
    return decode().usable;
  }

  /**
   * The other networks, and for each of them a sentence that says so.
   * @returns {Map<string, string>}
   */
  function unusable() {
    return decode().unusable;
  }

  function decode() {
    if (decoded) return decoded;
    decoded = { usable: new Map(), unusable: new Map() };
    for (const [name, packed] of Object.entries(InsideMNIST.data?.networks ?? {})) {
      if ("cannot" in packed) {
        decoded.unusable.set(name, `This network cannot be run in a browser: ${packed.cannot}.`);
        continue;
      }
      const network = unpack(name, packed);
      if (agrees(network, packed.reference)) decoded.usable.set(name, network);
      else decoded.unusable.set(name, "In this browser the network answers otherwise than in the study, so it is not shown.");
    }
    return decoded;
  }

  /**
   * Whether a network answers as PyTorch found that it does.
   * @param {Network} network
   * @param {{images: string[], logits: number[][]}} reference
   */
  function agrees(network, { images, logits }) {
    return images.every((image, place) => {
      const pixels = Float32Array.from(InsideMNIST.bytes(image), (level) => level / 255);
      const answer = forward(network, pixels).logits;
      const most = Math.max(1, ...logits[place].map(Math.abs));
      return answer.length === logits[place].length && logits[place].every((logit, k) => Math.abs(answer[k] - logit) <= NEAR * most);
    });
  }

  /**
   * @param {string} name
   * @param {RunnableNetwork} packed
   * @returns {Network}
   */
  function unpack(name, packed) {
    const layers = packed.layers.map((layer) => {
      const [weight, bias] = [numbers(layer.weight), numbers(layer.bias)];
      const taps = layer.kind === "conv" ? inFives(weight, layer.shape[3]) : weight;
      const { name, kind, shape, padding = 0 } = layer;
      return { name, kind, shape, padding, units: shape[0], weight, taps, bias };
    });
    return { name, title: packed.title, side: packed.side, treatment: { mean: packed.mean, std: packed.std }, layers };
  }

  /** @param {number} kernel @returns {number} the next number that can be divided by five */
  function fives(kernel) {
    return AT_ONCE * Math.ceil(kernel / AT_ONCE);
  }

  /**
   * Kernels whose rows end in zeros, so that they can be gone through five weights at a time.
   * @param {Float32Array} weight (rows, kernel)
   * @param {number} kernel
   * @returns {Float32Array} (rows, fives(kernel))
   */
  function inFives(weight, kernel) {
    const long = fives(kernel);
    const result = new Float32Array((weight.length / kernel) * long);
    for (let row = 0; row < weight.length / kernel; row += 1) {
      result.set(weight.subarray(row * kernel, (row + 1) * kernel), row * long);
    }
    return result;
  }

  /**
   * Numbers that were packed as base64 of little-endian float32, the order of bytes of every browser's machine.
   * @param {string} text
   * @returns {Float32Array}
   */
  function numbers(text) {
    return new Float32Array(InsideMNIST.bytes(text).buffer);
  }

  /**
   * Runs a network on an image.
   * @param {Network} network
   * @param {Float32Array} pixels (side * side,) in [0, 1]
   * @param {{scales?: Scales, fixed?: Fixed}} [options]
   * @returns {Reading}
   */
  function forward(network, pixels, { scales, fixed } = {}) {
    /** @type {Map<string, Float32Array>} */
    const hooks = new Map();
    /** @type {Map<string, number[]>} */
    const shapes = new Map();
    /** @type {(hook: string, shape: number[], activations: Float32Array) => Float32Array} */
    const keep = (hook, shape, activations) => {
      hooks.set(hook, activations);
      shapes.set(hook, shape);
      return activations;
    };
    let { side } = network; // of a map; once a linear layer has been run there are none any more
    let values = keep("input", [1, side, side], treat(pixels, network.treatment));
    for (const layer of network.layers) {
      const { name, units } = layer;
      if (name === "logits") {
        values = keep(name, [units], linear(layer, values));
      } else if (layer.kind === "linear") {
        const pre = keep(`${name}.pre`, [units], linear(layer, values));
        values = keep(`${name}.post`, [units], fix(relu(pre, units, scales?.get(name)), units, fixed?.get(name)));
      } else {
        const after = side + 2 * layer.padding - layer.shape[2] + 1; // 5x5 without padding: 28 -> 24, 12 -> 8
        const pre = keep(`${name}.pre`, [units, after, after], convolve(layer, values, side));
        const post = keep(`${name}.post`, [units, after, after], relu(pre, units, scales?.get(name)));
        side = Math.floor(after / 2); // 24 -> 12, 8 -> 4
        values = keep(`${name}.pooled`, [units, side, side], fix(pool(post, after), units, fixed?.get(name)));
      }
    }
    return { hooks, shapes, logits: values, probabilities: softmax(values) };
  }

  /**
   * The saliency of a number of the network: its gradient with respect to each pixel in [0, 1].
   * @param {Network} network
   * @param {Float32Array} pixels (side * side,) in [0, 1]
   * @param {{scales?: Scales, fixed?: Fixed, target: {hook: string, index: number}}} options the number: a place in the
   *     flat activation at a hook point
   * @returns {Float32Array} (side * side,)
   */
  function gradient(network, pixels, { scales, fixed, target }) {
    const { hooks, shapes } = forward(network, pixels, { scales, fixed });
    /** @type {(hook: string) => Float32Array} */
    const at = (hook) => /** @type {Float32Array} */ (hooks.get(hook));
    /** @type {Float32Array} of the number, with respect to the activation reached so far */
    let flow = new Float32Array(at(target.hook).length);
    flow[target.index] = 1;
    const [last, part] = target.hook.split(".");
    const from = network.layers.findIndex(({ name }) => name === last); // -1: the input itself
    for (let place = from; place >= 0; place -= 1) {
      const layer = network.layers[place];
      const { name } = layer;
      const reached = place === from ? part : "out"; // a layer above has been gone through: this one's end is reached
      const side = shapes.get(`${name}.pre`)?.[1] ?? 1;
      if (reached !== "pre" && reached !== (layer.kind === "conv" ? "post" : "")) {
        flow = fixBack(flow, layer.units, fixed?.get(name));
      }
      if (layer.kind === "conv" && (reached === "pooled" || reached === "out")) {
        flow = poolBack(flow, at(`${name}.post`), side);
      }
      if (name !== "logits" && reached !== "pre") {
        flow = reluBack(flow, at(`${name}.pre`), layer.units, scales?.get(name));
      }
      flow = layer.kind === "conv" ? convolveBack(layer, flow, side) : linearBack(layer, flow);
    }
    return flow.map((each) => each / network.treatment.std);
  }

  /**
   * The input treatment: (pixel - mean) / std.
   * @param {Float32Array} pixels
   * @param {{mean: number, std: number}} treatment
   */
  function treat(pixels, { mean, std }) {
    return pixels.map((pixel) => (pixel - mean) / std);
  }

  /**
   * weight @ values + bias.
   * @param {Layer} layer weight (units, inputs)
   * @param {Float32Array} values (inputs,); of maps, channel by channel
   * @returns {Float32Array} (units,)
   */
  function linear({ weight, bias, units }, values) {
    const result = new Float32Array(units);
    for (let unit = 0, w = 0; unit < units; unit += 1) {
      let sum = bias[unit];
      for (let i = 0; i < values.length; i += 1, w += 1) sum += weight[w] * values[i];
      result[unit] = sum;
    }
    return result;
  }

  /**
   * What reaches a linear layer's inputs of a gradient at its outputs: flow @ weight.
   * @param {Layer} layer weight (units, inputs)
   * @param {Float32Array} flow (units,)
   * @returns {Float32Array} (inputs,)
   */
  function linearBack({ weight, shape: [units, inputs] }, flow) {
    const result = new Float32Array(inputs);
    for (let unit = 0, w = 0; unit < units; unit += 1) {
      for (let i = 0; i < inputs; i += 1, w += 1) result[i] += weight[w] * flow[unit];
    }
    return result;
  }

  /**
   * A convolution (the kernel is not mirrored, as is usual in neural networks). A row of the result gathers from rows of
   * the input, for each row of a kernel, of which five weights at a time stay at hand.
   * @param {Layer} layer weight (channels, inputs, k, k)
   * @param {Float32Array} maps (inputs, side, side)
   * @param {number} side
   * @returns {Float32Array} (channels, after, after)
   */
  function convolve({ taps, bias, padding, shape: [channels, inputs, kernel] }, maps, side) {
    const long = fives(kernel);
    const wide = side + 2 * padding;
    const after = wide - kernel + 1;
    const around = padded(maps, inputs, side, padding, AT_ONCE);
    const result = new Float32Array(channels * after * after);
    for (let line = 0; line < channels * after; line += 1) {
      const [channel, y] = [Math.floor(line / after), line % after];
      const sums = result.subarray(line * after, (line + 1) * after).fill(bias[channel]);
      for (let row = 0; row < inputs * kernel; row += 1) {
        const from = (Math.floor(row / kernel) * wide + y + (row % kernel)) * wide;
        for (let i = 0, w = (channel * inputs * kernel + row) * long; i < long; i += AT_ONCE, w += AT_ONCE) {
          const [a, b, c] = [taps[w], taps[w + 1], taps[w + 2]];
          const [d, e] = [taps[w + 3], taps[w + 4]];
          for (let x = from + i, to = 0; to < after; x += 1, to += 1) {
            sums[to] += a * around[x] + b * around[x + 1] + c * around[x + 2] + d * around[x + 3] + e * around[x + 4];
          }
        }
      }
    }
    return result;
  }

  /**
   * What reaches a convolution's inputs of a gradient at its outputs: each place hands it back to where it gathered.
   * @param {Layer} layer weight (channels, inputs, k, k)
   * @param {Float32Array} flow (channels, after, after)
   * @param {number} after
   * @returns {Float32Array} (inputs, side, side)
   */
  function convolveBack({ taps, padding, shape: [channels, inputs, kernel] }, flow, after) {
    const long = fives(kernel);
    const wide = after + kernel - 1;
    const result = new Float32Array(inputs * wide * wide + AT_ONCE);
    for (let line = 0; line < channels * after; line += 1) {
      const [channel, y] = [Math.floor(line / after), line % after];
      const sums = flow.subarray(line * after, (line + 1) * after);
      for (let row = 0; row < inputs * kernel; row += 1) {
        const from = (Math.floor(row / kernel) * wide + y + (row % kernel)) * wide;
        for (let i = 0, w = (channel * inputs * kernel + row) * long; i < long; i += AT_ONCE, w += AT_ONCE) {
          const [a, b, c] = [taps[w], taps[w + 1], taps[w + 2]];
          const [d, e] = [taps[w + 3], taps[w + 4]];
          for (let x = from + i, to = 0; to < after; x += 1, to += 1) {
            const sum = sums[to];
            result[x] += a * sum;
            result[x + 1] += b * sum;
            result[x + 2] += c * sum;
            result[x + 3] += d * sum;
            result[x + 4] += e * sum;
          }
        }
      }
    }
    return padded(result, inputs, wide, -padding, 0);
  }

  /**
   * Square maps with so many pixels of zeros around each; with fewer than none, so many are cut off.
   * @param {Float32Array} maps (channels, side, side)
   * @param {number} channels
   * @param {number} side
   * @param {number} padding
   * @param {number} more zeros behind all of them
   * @returns {Float32Array} (channels, side + 2 padding, side + 2 padding)
   */
  function padded(maps, channels, side, padding, more) {
    const wide = side + 2 * padding;
    const result = new Float32Array(channels * wide * wide + more);
    const [begin, end] = [Math.max(0, -padding), side - Math.max(0, -padding)]; // of what is kept
    for (let channel = 0; channel < channels; channel += 1) {
      for (let y = begin; y < end; y += 1) {
        const from = (channel * side + y) * side;
        result.set(maps.subarray(from + begin, from + end), (channel * wide + y + padding) * wide + begin + padding);
      }
    }
    return result;
  }

  /**
   * max(pre, 0), times each unit's factor.
   * @param {Float32Array} pre (units, ...)
   * @param {number} units
   * @param {Float32Array} [factors] (units,)
   * @returns {Float32Array} (units, ...)
   */
  function relu(pre, units, factors) {
    const area = pre.length / units;
    return pre.map((value, place) => (value > 0 ? value * (factors ? factors[Math.floor(place / area)] : 1) : 0));
  }

  /**
   * What a layer hands on, with some units' share of it replaced.
   * @param {Float32Array} values (units, ...), changed in place
   * @param {number} units
   * @param {Map<number, Float32Array>} [fixed] (...) for some units
   * @returns {Float32Array} (units, ...)
   */
  function fix(values, units, fixed) {
    for (const [unit, value] of fixed ?? []) values.set(value, unit * (values.length / units));
    return values;
  }

  /**
   * What passes back through that: nothing where a unit was replaced.
   * @param {Float32Array} flow (units, ...)
   * @param {number} units
   * @param {Map<number, Float32Array>} [fixed]
   * @returns {Float32Array} (units, ...)
   */
  function fixBack(flow, units, fixed) {
    const area = flow.length / units;
    return fixed ? flow.map((each, place) => (fixed.has(Math.floor(place / area)) ? 0 : each)) : flow;
  }

  /**
   * What passes back through a ReLU and its factors: nothing where it gave 0.
   * @param {Float32Array} flow (units, ...)
   * @param {Float32Array} pre (units, ...)
   * @param {number} units
   * @param {Float32Array} [factors] (units,)
   * @returns {Float32Array} (units, ...)
   */
  function reluBack(flow, pre, units, factors) {
    const area = pre.length / units;
    return flow.map((each, place) => (pre[place] > 0 ? each * (factors ? factors[Math.floor(place / area)] : 1) : 0));
  }

  /**
   * 2x2 max pooling; an odd last row or column is left out.
   * @param {Float32Array} maps (channels, side, side)
   * @param {number} side
   * @returns {Float32Array} (channels, half, half)
   */
  function pool(maps, side) {
    const places = largest(maps, side);
    const result = new Float32Array(places.length);
    for (let square = 0; square < places.length; square += 1) result[square] = maps[places[square]];
    return result;
  }

  /**
   * What passes back through pooling: each square's share goes to its largest pixel.
   * @param {Float32Array} flow (channels, half, half)
   * @param {Float32Array} maps (channels, side, side), what was pooled
   * @param {number} side
   * @returns {Float32Array} (channels, side, side)
   */
  function poolBack(flow, maps, side) {
    const result = new Float32Array(maps.length);
    largest(maps, side).forEach((place, square) => {
      result[place] = flow[square];
    });
    return result;
  }

  /**
   * Where the largest pixel of each 2x2 square is; of several, the first, row by row.
   * @param {Float32Array} maps (channels, side, side)
   * @param {number} side
   * @returns {Int32Array} (channels * half * half,)
   */
  function largest(maps, side) {
    const half = Math.floor(side / 2);
    const lines = (maps.length / (side * side)) * half; // of squares, over all channels
    const places = new Int32Array(lines * half);
    for (let line = 0, square = 0; line < lines; line += 1) {
      let corner = (Math.floor(line / half) * side + 2 * (line % half)) * side;
      for (let x = 0; x < half; x += 1, corner += 2, square += 1) {
        let best = corner;
        if (maps[corner + 1] > maps[best]) best = corner + 1;
        if (maps[corner + side] > maps[best]) best = corner + side;
        if (maps[corner + side + 1] > maps[best]) best = corner + side + 1;
        places[square] = best;
      }
    }
    return places;
  }

  /**
   * Probabilities from logits.
   * @param {Float32Array} logits
   * @returns {Float32Array}
   */
  function softmax(logits) {
    const top = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp(logit - top));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  }

  Object.assign(InsideMNIST, { networks, unusable, forward, gradient, softmax, numbers });
})();
