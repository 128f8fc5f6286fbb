// The images that are learnt, as the pixels that are lit: most of an image is black, and what is black costs nothing.
//
// In: data/train.js, fetched when asked for. Out: InsideMNIST.train.images(), a Promise of `Lesson`; .shuffled(count,
// random) and .chance(seed), the same order of images wherever a page is opened.

/**
 * Images row by row of their pixels. Those of image n that are lit are numbers starts[n] to starts[n + 1]: `places`, which
 * pixel, and `levels`, how bright, above 0 and at most 1. labels: (image,)
 * @typedef {{count: number, labels: Uint8Array, starts: Uint32Array, places: Uint16Array, levels: Float64Array}} Images
 */
/** @typedef {{names: string[], codes: string[], side: number, noun: string, plural: string, kind: string, kinds: string}} LessonSet */
/** @typedef {{set: LessonSet, train: Images, test: Images}} Lesson */

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const WHITE = 255;

  /** @type {Promise<Lesson> | undefined} */
  let asked;

  /** @returns {Promise<Lesson>} fetched once; refused where the file cannot be had, and then asked for anew */
  function images() {
    const lesson = asked ?? InsideMNIST.fetched("data/train.js").then(() => opened(InsideMNIST.data.train));
    asked = lesson;
    lesson.catch(() => {
      asked = undefined;
    });
    return lesson;
  }

  /** @param {any} raw what data/train.js set @returns {Promise<Lesson>} */
  async function opened(raw) {
    const area = raw.set.side ** 2;
    const [train, test] = await Promise.all([raw.train, raw.test].map((part) => unpacked(part, area)));
    return { set: raw.set, train, test };
  }

  /**
   * @param {{images: string, labels: string}} part base64: pixels deflated, labels as they are
   * @param {number} area pixels of an image
   * @returns {Promise<Images>}
   */
  async function unpacked(part, area) {
    const packed = new Blob([InsideMNIST.bytes(part.images)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return lit(new Uint8Array(await new Response(packed).arrayBuffer()), InsideMNIST.bytes(part.labels), area);
  }

  /**
   * @param {Uint8Array} pixels (image, area), 0 to 255
   * @param {Uint8Array} labels (image,)
   * @param {number} area
   * @returns {Images}
   */
  function lit(pixels, labels, area) {
    let many = 0;
    for (let pixel = 0; pixel < pixels.length; pixel += 1) if (pixels[pixel]) many += 1;
    const starts = new Uint32Array(labels.length + 1);
    const [places, levels] = [new Uint16Array(many), new Float64Array(many)];
    for (let image = 0, at = 0, pixel = 0; image < labels.length; image += 1) {
      for (let place = 0; place < area; place += 1, pixel += 1) {
        if (!pixels[pixel]) continue;
        places[at] = place;
        levels[at] = pixels[pixel] / WHITE;
        at += 1;
      }
      starts[image + 1] = at;
    }
    return { count: labels.length, labels, starts, places, levels };
  }

  /**
   * Numbers in [0, 1) that look like chance, and are the same for a seed: the step of a 32-bit counter, its bits mixed.
   * @param {number} seed
   * @returns {() => number}
   */
  function chance(seed) {
    let counter = seed | 0;
    return () => {
      counter = (counter + 0x9e3779b9) | 0;
      let mixed = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
    };
  }

  /**
   * The numbers below `count` in an order of chance (Fisher and Yates).
   * @param {number} count
   * @param {() => number} random
   * @returns {Uint32Array}
   */
  function shuffled(count, random) {
    const order = Uint32Array.from({ length: count }, (_, each) => each);
    for (let last = count - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      [order[last], order[other]] = [order[other], order[last]];
    }
    return order;
  }

  Object.assign(InsideMNIST.train, { images, chance, shuffled });
})();
