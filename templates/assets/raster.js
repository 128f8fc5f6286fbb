// From strokes to a 28x28 image, made as MNIST's images were made; and strokes as short text for an address.
//
// In: strokes, lists of points on a board of 256 x 256 units. Out: 784 grey levels from 0 to 255, white ink on black.
//
// MNIST's digits were scanned as black and white, scaled to fit a box of 20x20 pixels with their proportions kept,
// which the averaging of areas made grey, and moved within 28x28 so that their centre of mass lies on pixel (14, 14),
// to the nearest whole pixel. The same is done here, with a round pen for the scanned ink.

/** @typedef {{x: number, y: number}} Point whole numbers from 0 to 255 */
/** @typedef {Point[]} Stroke */

(function () {
  "use strict";
  const lab = (window.InsideMNIST = window.InsideMNIST || {});

  const BOARD = 256; // units along each side of the board
  const PEN = 12; // the pen's radius: about two and a half pixels of line in an image, as in MNIST
  const SIDE = 28; // pixels along each side of the image
  const BOX = 20; // pixels along the longer side of the digit
  const CENTRE = 14; // where the centre of mass goes
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const MOST_POINTS = 5000; // of a drawing in an address

  /**
   * The image that the networks see.
   * @param {Stroke[]} strokes
   * @returns {Uint8Array | null} (784,), rows from the top; null where nothing is drawn
   */
  function toImage(strokes) {
    const mask = new Uint8Array(BOARD * BOARD);
    for (const stroke of strokes) inkStroke(mask, stroke, 0);
    return toGrey(mask);
  }

  /**
   * Inks the lines of a stroke from its point `first` on.
   * @param {Uint8Array} mask (256 * 256,), 1 where there is ink
   * @param {Stroke} stroke
   * @param {number} first
   */
  function inkStroke(mask, stroke, first) {
    for (let k = Math.max(first, 0); k < stroke.length; k++) inkLine(mask, stroke[Math.max(k - 1, 0)], stroke[k]);
  }

  /**
   * Inks all units at most the pen's radius away from the line between two points.
   * @param {Uint8Array} mask
   * @param {Point} from
   * @param {Point} to
   */
  function inkLine(mask, from, to) {
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    const length = dx * dx + dy * dy;
    const bottom = Math.min(Math.max(from.y, to.y) + PEN, BOARD - 1);
    const right = Math.min(Math.max(from.x, to.x) + PEN, BOARD - 1);
    for (let y = Math.max(Math.min(from.y, to.y) - PEN, 0); y <= bottom; y++) {
      for (let x = Math.max(Math.min(from.x, to.x) - PEN, 0); x <= right; x++) {
        const along = length === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / length;
        const near = Math.min(Math.max(along, 0), 1); // the nearest place on the line, as a share of it
        const ox = x - from.x - near * dx;
        const oy = y - from.y - near * dy;
        if (ox * ox + oy * oy <= PEN * PEN) mask[y * BOARD + x] = 1;
      }
    }
  }

  /**
   * Scales the ink into the box and moves its centre of mass to the centre of the image.
   * @param {Uint8Array} mask (256 * 256,)
   * @returns {Uint8Array | null} (784,)
   */
  function toGrey(mask) {
    const bounds = inkBounds(mask);
    if (!bounds) return null;
    const box = intoBox(mask, bounds);
    const shift = { x: shiftOf(box, 1, BOX), y: shiftOf(box, BOX, 1) };
    const image = new Uint8Array(SIDE * SIDE);
    for (let y = 0; y < BOX; y++) {
      for (let x = 0; x < BOX; x++) {
        const level = box[y * BOX + x];
        if (level > 0) image[(y + shift.y) * SIDE + x + shift.x] = level;
      }
    }
    return image;
  }

  /**
   * @param {Uint8Array} mask
   * @returns {{left: number, top: number, width: number, height: number} | null}
   */
  function inkBounds(mask) {
    let [left, top, right, bottom] = [BOARD, BOARD, -1, -1];
    for (let y = 0; y < BOARD; y++) {
      const row = y * BOARD;
      const first = mask.indexOf(1, row);
      if (first < 0) break;
      if (first >= row + BOARD) continue;
      top = Math.min(top, y);
      bottom = y;
      left = Math.min(left, first - row);
      right = Math.max(right, mask.lastIndexOf(1, row + BOARD - 1) - row);
    }
    return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
  }

  /**
   * The ink within `bounds`, its longer side scaled to 20 pixels: each pixel is as bright as its area is inked.
   * @param {Uint8Array} mask
   * @param {{left: number, top: number, width: number, height: number}} bounds
   * @returns {Uint8Array} (400,)
   */
  function intoBox(mask, bounds) {
    const size = Math.max(bounds.width, bounds.height) / BOX; // units of the board in a pixel
    const across = shares(bounds.width, size);
    const down = shares(bounds.height, size);
    const rows = new Float64Array(BOX * bounds.height); // (height, 20): averaged along x only
    for (let y = 0; y < bounds.height; y++) {
      const start = (bounds.top + y) * BOARD + bounds.left;
      for (const { pixel, unit, share } of across) rows[y * BOX + pixel] += share * mask[start + unit];
    }
    const box = new Float64Array(BOX * BOX);
    for (const { pixel, unit, share } of down) {
      for (let x = 0; x < BOX; x++) box[pixel * BOX + x] += share * rows[unit * BOX + x];
    }
    return Uint8Array.from(box, (level) => Math.round(255 * level));
  }

  /**
   * How much of each pixel lies on each unit of the board, along one axis.
   * @param {number} units
   * @param {number} size units in a pixel
   * @returns {{pixel: number, unit: number, share: number}[]}
   */
  function shares(units, size) {
    const found = [];
    for (let pixel = 0; pixel < BOX; pixel++) {
      const [low, high] = [pixel * size, (pixel + 1) * size];
      for (let unit = Math.floor(low); unit < Math.min(Math.ceil(high), units); unit++) {
        const share = (Math.min(high, unit + 1) - Math.max(low, unit)) / size;
        if (share > 0) found.push({ pixel, unit, share });
      }
    }
    return found;
  }

  /**
   * By how many pixels the box is moved along one axis: as far as its ink stays inside the image.
   * @param {Uint8Array} box (400,)
   * @param {number} step from one pixel to the next along the axis
   * @param {number} other from one line of pixels to the next
   */
  function shiftOf(box, step, other) {
    let [mass, moment, end] = [0, 0, 0];
    for (let line = 0; line < BOX; line++) {
      for (let place = 0; place < BOX; place++) {
        const level = box[line * other + place * step];
        mass += level;
        moment += level * place;
        if (level > 0) end = Math.max(end, place + 1);
      }
    }
    const shift = CENTRE - Math.floor(moment / mass + 0.5);
    return Math.min(Math.max(shift, 0), SIDE - end);
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

  lab.raster = { BOARD, PEN, SIDE, toImage, toGrey, inkStroke, encode, decode };
})();
