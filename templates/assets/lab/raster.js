// From strokes to an image of any side, made as MNIST's images were made; and strokes as short text for an address.
//
// In: strokes, lists of points on a board of 256 x 256 units. Out: grey levels from 0 to 255, white ink on black.
//
// MNIST's digits were scanned as black and white, scaled to fit a box of 20x20 pixels with their proportions kept,
// which the averaging of areas made grey, and moved within 28x28 so that their centre of mass lies on pixel (14, 14),
// to the nearest whole pixel. The same is done here, with one difference: strokes are scaled as lines, and only then
// inked by a round pen, so that a line is as wide as MNIST's however small the digit was drawn.

/** @typedef {{x: number, y: number}} Point on the board: whole numbers from 0 to 255 */
/** @typedef {Point[]} Stroke */
/** @typedef {{side: number, radius: number, inked: Uint8Array}} Cells of the box, `side` in a row: 1 where there is ink;
 *  radius: of the pen, in cells */

(function () {
  "use strict";
  const lab = (window.InsideMNIST = window.InsideMNIST || {});

  const BOARD = 256; // units along each side of the board
  const SIDE = 28; // pixels along each side of MNIST's images; in others box and pen are larger or smaller in proportion
  const BOX = 20; // pixels along the longer side of the digit
  const PEN = 1.3; // the pen's radius in pixels of the image: lines as wide as MNIST's
  const FINE = 12; // cells along a pixel, inked or not: a pixel is as bright as the share of its cells that are
  const MARK = 24; // units: the width of the board's own pen; a drawing no larger is a dot, and is not enlarged further
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const MOST_POINTS = 10000; // of a drawing in an address

  /**
   * The image that the networks see.
   * @param {Stroke[]} strokes
   * @param {number} side of the image, in pixels
   * @returns {Uint8Array | null} (side * side,), rows from the top; null where nothing is drawn
   */
  function toImage(strokes, side) {
    if (strokes.length === 0) return null;
    const width = Math.round((BOX * side) / SIDE);
    const pen = PEN * (width / BOX);
    const cells = { side: FINE * width, radius: FINE * pen, inked: new Uint8Array((FINE * width) ** 2) };
    for (const stroke of intoBox(strokes, width, pen)) inkStroke(cells, stroke);
    const box = averaged(cells, width);
    const shift = { x: shiftOf(box, width, 1, side), y: shiftOf(box, 1, width, side) };
    const image = new Uint8Array(side * side);
    for (let y = 0; y < width; y++) {
      for (let x = 0; x < width; x++) {
        const level = box[y * width + x];
        if (level > 0) image[(y + shift.y) * side + x + shift.x] = level;
      }
    }
    return image;
  }

  /**
   * The strokes on the box's cells: as large as they can be while the pen stays within, at the top left.
   * @param {Stroke[]} strokes
   * @param {number} width of the box, in pixels
   * @param {number} pen its radius, in pixels
   * @returns {Stroke[]}
   */
  function intoBox(strokes, width, pen) {
    let [left, top, right, bottom] = [BOARD, BOARD, 0, 0];
    for (const stroke of strokes) {
      for (const { x, y } of stroke) {
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
      }
    }
    const scale = (FINE * (width - 2 * pen)) / Math.max(right - left, bottom - top, MARK); // cells in a unit
    const margin = FINE * pen;
    const placed = (/** @type {Point} */ { x, y }) => ({
      x: (x - left) * scale + margin,
      y: (y - top) * scale + margin,
    });
    return strokes.map((stroke) => stroke.map(placed));
  }

  /**
   * Inks the lines of a stroke.
   * @param {Cells} cells
   * @param {Stroke} stroke
   */
  function inkStroke(cells, stroke) {
    stroke.forEach((point, k) => inkLine(cells, stroke[Math.max(k - 1, 0)], point));
  }

  /**
   * Inks all cells whose middle is at most the pen's radius away from the line between two points.
   * @param {Cells} cells
   * @param {Point} from
   * @param {Point} to
   */
  function inkLine({ side, radius, inked }, from, to) {
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    const length = dx * dx + dy * dy;
    const bottom = Math.min(Math.max(from.y, to.y) + radius, side);
    const right = Math.min(Math.max(from.x, to.x) + radius, side);
    for (let y = Math.max(Math.floor(Math.min(from.y, to.y) - radius), 0); y < bottom; y++) {
      for (let x = Math.max(Math.floor(Math.min(from.x, to.x) - radius), 0); x < right; x++) {
        const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
        const along = length === 0 ? 0 : (px * dx + py * dy) / length;
        const near = Math.min(Math.max(along, 0), 1); // the nearest place on the line, as a share of it
        const [ox, oy] = [px - near * dx, py - near * dy];
        if (ox * ox + oy * oy <= radius * radius) inked[y * side + x] = 1;
      }
    }
  }

  /**
   * Each pixel of the box as bright as the share of its cells that are inked.
   * @param {Cells} cells
   * @param {number} width of the box, in pixels
   * @returns {Uint8Array} (width * width,)
   */
  function averaged({ side, inked }, width) {
    const counts = new Uint16Array(width * width);
    for (let y = 0; y < side; y++) {
      const row = Math.floor(y / FINE) * width;
      for (let x = 0; x < side; x++) counts[row + Math.floor(x / FINE)] += inked[y * side + x];
    }
    return Uint8Array.from(counts, (count) => Math.round((255 * count) / (FINE * FINE)));
  }

  /**
   * By how many pixels the box is moved along one axis: as far as its ink stays inside the image.
   * @param {Uint8Array} box (width * width,)
   * @param {number} other from one line of pixels to the next
   * @param {number} step from one pixel to the next along the axis
   * @param {number} side of the image, in pixels
   */
  function shiftOf(box, other, step, side) {
    const width = Math.max(step, other);
    let [mass, moment, end] = [0, 0, 0];
    for (let line = 0; line < width; line++) {
      for (let place = 0; place < width; place++) {
        const level = box[line * other + place * step];
        mass += level;
        moment += level * place;
        if (level > 0) end = Math.max(end, place + 1);
      }
    }
    const shift = Math.floor(side / 2) - Math.floor(moment / mass + 0.5);
    return Math.min(Math.max(shift, 0), side - end);
  }

  /**
   * Strokes as text: three letters for a point (x * 256 + y in base 64), a full stop between strokes.
   * @param {Stroke[]} strokes
   */
  function encode(strokes) {
    const letters = (/** @type {Point} */ { x, y }) => {
      const place = x * BOARD + y;
      return LETTERS[place >> 12] + LETTERS[(place >> 6) & 63] + LETTERS[place & 63];
    };
    return strokes.map((stroke) => stroke.map(letters).join("")).join(".");
  }

  /**
   * @param {string} text
   * @returns {Stroke[] | null} null where the text is not what `encode` writes
   */
  function decode(text) {
    if (!/^(?:[\w-]{3})+(?:\.(?:[\w-]{3})+)*$/.test(text) || text.length > 3 * MOST_POINTS) return null;
    const strokes = text.split(".").map((part) => (part.match(/.{3}/g) || []).map(point));
    return strokes.every((stroke) => stroke.every(({ x }) => x < BOARD)) ? strokes : null;
  }

  /** @param {string} letters three @returns {Point} */
  function point(letters) {
    const place = [...letters].reduce((sum, letter) => sum * 64 + LETTERS.indexOf(letter), 0);
    return { x: place >> 8, y: place & 255 };
  }

  lab.raster = { BOARD, toImage, encode, decode };
})();
