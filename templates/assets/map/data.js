// The map's data: what all networks share, and the places of all images in the maps of one network, fetched when chosen.
//
// In: data/map.js (shared) and data/map-<network>.js, which set InsideMNIST.data, and data/map-digits.png.
// Out: InsideMNIST.map.shared(), .load(name), .sheet(), and .called(name of a class, kind).
//
// A place is four characters of the base64 alphabet: two for x, two for y, each pair a whole number 0 to 4095 that
// divides the side of a square about the origin. A class is one character, 0 to 9, then a to t. Images stand in the same
// order everywhere. A neighbour is an image's place in that order, in as many base64 characters as that order asks for.

/** @typedef {{name: string, title: string, hook: string, epochs: Object<string, number[]>}} MapLayer
 *  epochs: {method: the epochs at which there is a map} */
/** @typedef {{name: string, title: string, architecture: string, treatment: string, layers: MapLayer[],
 *  final: {answers: Uint8Array, confidence: Uint8Array}}} MapNetwork
 *  layers in order of depth; final: the answers after the last epoch, and their probability in per cent, (image) */
/** @typedef {{names: string[], codes: string[], side: number, noun: string, plural: string, kind: string, kinds: string}} MapSet
 *  the data set: names of its classes, short ones, the images' side in pixels, what an image shows and a class is called */
/** @typedef {{set: MapSet, count: number, labels: Uint8Array, index: number[], columns: number, networks: MapNetwork[]}} MapShared
 *  labels: (image) the true class; index: (image) place in the test set; columns: of the picture of all digits */
/** @typedef {{answers: Uint8Array[], confidence: Uint8Array[],
 *  frames: (layer: string, method: string) => Float32Array[], nearby: (layer: string, image: number) => number[]}} MapPlaces
 *  answers, confidence: one (image) for each epoch; frames: one (image, 2) for each epoch with a map, mostly in -1..1;
 *  nearby: the images nearest to one in the layer's own space after the last epoch, nearest first */

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const STEPS = 4095;
  const OUTSIDE = 0.001; // the share of images at each side for which a panel makes no room
  const MARGIN = 1.08; // about the others

  const VALUES = new Uint8Array(128);
  for (let value = 0; value < ALPHABET.length; value += 1) VALUES[ALPHABET.charCodeAt(value)] = value;

  /** @type {MapShared | undefined} */
  let known;
  /** @type {Map<string, Promise<MapPlaces>>} */
  const asked = new Map();
  /** @type {Promise<HTMLImageElement> | undefined} */
  let picture;

  /** @returns {MapShared} */
  function shared() {
    if (known) return known;
    const raw = lab.data["map"];
    known = {
      set: raw.set,
      count: raw.labels.length,
      labels: classes(raw.labels),
      index: raw.index,
      columns: raw.columns,
      networks: raw.networks.map((/** @type {any} */ network) => ({
        ...network,
        final: { answers: classes(network.final.answers), confidence: InsideMNIST.bytes(network.final.confidence) },
      })),
    };
    return known;
  }

  /**
   * The maps of a network; its file is fetched once.
   * @param {string} name of the network, as in `shared().networks`
   * @returns {Promise<MapPlaces>} refused where the file cannot be had
   */
  function load(name) {
    const found = asked.get(name);
    if (found) return found;
    const key = `map-${name}`;
    const promise = lab.fetched(`data/${key}.js`).then(() => opened(lab.data[key]));
    promise.catch(() => asked.delete(name)); // so that another choice tries again
    asked.set(name, promise);
    return promise;
  }

  /** @param {any} raw what data/map-<network>.js set @returns {MapPlaces} */
  function opened(raw) {
    /** @type {Map<string, Float32Array[]>} */
    const decoded = new Map();
    return {
      answers: raw.answers.map(classes),
      confidence: raw.confidence.map(InsideMNIST.bytes),
      frames(layer, method) {
        const key = `${layer}/${method}`;
        let frames = decoded.get(key);
        if (!frames) {
          frames = fitted(raw.places[layer][method].map(coordinates));
          decoded.set(key, frames);
        }
        return frames;
      },
      nearby(layer, image) {
        const { count } = shared();
        const wide = characters(count);
        const text = raw.nearby[layer] || "";
        const many = text.length / (wide * count);
        return Array.from({ length: many }, (_, each) => code(text, wide * (image * many + each), wide));
      },
    };
  }

  /** @returns {Promise<HTMLImageElement>} the picture of all images, in rows */
  function sheet() {
    picture = picture || new Promise((resolve, reject) => {
      const image = new Image();
      image.addEventListener("load", () => resolve(image));
      image.addEventListener("error", () => reject(new Error("data/map-digits.png could not be read")));
      image.src = "data/map-digits.png";
    });
    return picture;
  }

  /** @param {string} text four characters for each image @returns {Float32Array} (image, 2) in -1..1 */
  function coordinates(text) {
    const places = new Float32Array(text.length / 2);
    for (let at = 0; at < places.length; at += 1) {
      places[at] = (2 * code(text, 2 * at, 2)) / STEPS - 1;
    }
    return places;
  }

  /** @param {string} text @param {number} from @param {number} wide characters @returns {number} a whole number, its largest part first */
  function code(text, from, wide) {
    let value = 0;
    for (let at = from; at < from + wide; at += 1) value = 64 * value + VALUES[text.charCodeAt(at)];
    return value;
  }

  /** @param {number} below @returns {number} how many characters a whole number below that asks for */
  function characters(below) {
    let wide = 1;
    while (64 ** wide < below) wide += 1;
    return wide;
  }

  /**
   * Maps in the middle of their panel, at a scale at which nearly all images are in it; the same for all epochs.
   * @param {Float32Array[]} frames each (image, 2)
   * @returns {Float32Array[]} the same, moved and scaled in place
   */
  function fitted(frames) {
    const boxes = frames.map((frame) => [0, 1].map((axis) => extent(frame, axis)));
    const reach = Math.max(...boxes.flat().map(([low, high]) => (high - low) / 2));
    const scale = reach > 0 ? 1 / (MARGIN * reach) : 1;
    frames.forEach((frame, each) => {
      const middle = boxes[each].map(([low, high]) => (low + high) / 2);
      for (let at = 0; at < frame.length; at += 1) frame[at] = scale * (frame[at] - middle[at % 2]);
    });
    return frames;
  }

  /** @param {Float32Array} frame (image, 2) @param {number} axis @returns {number[]} from where to where images lie, but for a few */
  function extent(frame, axis) {
    const values = frame.filter((_, at) => at % 2 === axis).sort();
    const few = Math.floor(OUTSIDE * values.length);
    return [values[few], values[values.length - 1 - few]];
  }

  /** @param {string} text "0719…" @returns {Uint8Array} */
  function classes(text) {
    return Uint8Array.from(text, (letter) => parseInt(letter, 36));
  }

  /** @param {string} name of a class @param {string} kind @returns {string} "Digit 3", "Circle" */
  function called(name, kind) {
    const said = /^\d+$/.test(name) ? `${kind} ${name}` : name;
    return said.charAt(0).toUpperCase() + said.slice(1);
  }

  Object.assign(lab.map, { shared, load, sheet, called });
})();
