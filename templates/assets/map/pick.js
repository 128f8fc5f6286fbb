// Which images of a map are meant: by a pointer, by an arrow key, by a line drawn around them.
//
// In: places (image, 2) and which images are shown. Out: numbers of images. Nothing is drawn, nothing remembered.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  /**
   * The shown image nearest to a point, or -1 where none is within reach.
   * @param {Float32Array} places (image, 2)
   * @param {Uint8Array} shown (image) 1 or 0
   * @param {number} x
   * @param {number} y
   * @param {number} [reach]
   * @returns {number}
   */
  function nearest(places, shown, x, y, reach = Infinity) {
    let found = -1;
    let least = reach * reach;
    for (let image = 0; image < shown.length; image += 1) {
      const dx = places[2 * image] - x;
      const dy = places[2 * image + 1] - y;
      const square = dx * dx + dy * dy;
      if (shown[image] && square <= least) {
        found = image;
        least = square;
      }
    }
    return found;
  }

  /**
   * The nearest shown image in a direction: within 45 degrees of it, else anywhere on that side, else the image itself.
   * @param {Float32Array} places (image, 2)
   * @param {Uint8Array} shown (image) 1 or 0
   * @param {number} from
   * @param {number} dx of the direction, of length 1
   * @param {number} dy
   * @returns {number}
   */
  function towards(places, shown, from, dx, dy) {
    const best = { ahead: from, aside: from };
    const least = { ahead: Infinity, aside: Infinity };
    for (let image = 0; image < shown.length; image += 1) {
      const x = places[2 * image] - places[2 * from];
      const y = places[2 * image + 1] - places[2 * from + 1];
      const along = x * dx + y * dy;
      if (!shown[image] || image === from || along <= 0) continue;
      const kind = Math.abs(x * dy - y * dx) <= along ? "ahead" : "aside";
      const square = x * x + y * y;
      if (square < least[kind]) {
        least[kind] = square;
        best[kind] = image;
      }
    }
    return best.ahead === from ? best.aside : best.ahead;
  }

  /**
   * An image and the shown ones nearest to it, nearest first.
   * @param {Float32Array} places (image, 2)
   * @param {Uint8Array} shown (image) 1 or 0
   * @param {number} from
   * @param {number} count
   * @returns {number[]}
   */
  function neighbours(places, shown, from, count) {
    const distance = (/** @type {number} */ image) =>
      (places[2 * image] - places[2 * from]) ** 2 + (places[2 * image + 1] - places[2 * from + 1]) ** 2;
    const others = [...shown.keys()].filter((image) => shown[image] && image !== from);
    others.sort((a, b) => distance(a) - distance(b) || a - b);
    return [from, ...others.slice(0, count)];
  }

  /**
   * The shown images inside a closed line.
   * @param {Float32Array} places (image, 2)
   * @param {Uint8Array} shown (image) 1 or 0
   * @param {number[][]} line corners [x, y]
   * @returns {number[]}
   */
  function within(places, shown, line) {
    return [...shown.keys()].filter((image) => shown[image] && inside(line, places[2 * image], places[2 * image + 1]));
  }

  /** @param {number[][]} line @param {number} x @param {number} y whether a ray from there crosses it an odd number of times */
  function inside(line, x, y) {
    let odd = false;
    for (let at = 0, before = line.length - 1; at < line.length; before = at, at += 1) {
      const [x1, y1] = line[at];
      const [x2, y2] = line[before];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd;
    }
    return odd;
  }

  /**
   * The share of shown images whose nearest shown neighbour is of the same class, by class (NaN for an empty one).
   * @param {Float32Array} places (image, 2)
   * @param {Uint8Array} shown (image) 1 or 0
   * @param {Uint8Array} labels (image)
   * @returns {number[]} (class)
   */
  function sameNeighbour(places, shown, labels) {
    const same = new Array(classes(labels)).fill(0);
    const count = same.slice();
    const alone = Uint8Array.from(shown);
    for (let image = 0; image < shown.length; image += 1) {
      if (!shown[image]) continue;
      alone[image] = 0; // no image is its own neighbour
      const next = nearest(places, alone, places[2 * image], places[2 * image + 1]);
      alone[image] = 1;
      count[labels[image]] += 1;
      if (next >= 0 && labels[next] === labels[image]) same[labels[image]] += 1;
    }
    return same.map((each, label) => each / count[label]);
  }

  /**
   * The middle of each class: medians, which a few strays do not move.
   * @param {Float32Array} places (image, 2)
   * @param {Uint8Array} labels (image)
   * @returns {Float32Array} (class, 2); NaN for an empty class
   */
  function centres(places, labels) {
    const found = new Float32Array(2 * classes(labels)).fill(NaN);
    for (let label = 0; label < classes(labels); label += 1) {
      const own = [...labels.keys()].filter((image) => labels[image] === label);
      for (const axis of [0, 1]) {
        const values = Float32Array.from(own, (image) => places[2 * image + axis]).sort();
        if (values.length) found[2 * label + axis] = values[values.length >> 1];
      }
    }
    return found;
  }

  /** @param {Uint8Array} labels @returns {number} how many classes there are: labels count from 0 */
  function classes(labels) {
    return labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  }

  Object.assign(lab.map, { nearest, towards, neighbours, within, sameNeighbour, centres });
})();
