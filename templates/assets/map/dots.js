// Thousands of dots, as pixels: each kind of dot is drawn once, and then copied into the picture's memory.
//
// In: a scene (draw.js), the page's colours and where map coordinates lie in the picture. Out: the pixels of the
// picture. Copying some dozens of pixels for each dot is many times faster than asking the canvas to draw a circle.

/** @typedef {{paint: Uint32Array, solid: Int32Array, edge: Int32Array, cover: Uint8Array}} MapStamp
 *  one dot: pixels relative to its own, those that it covers (solid: offset, in `paint` the colour) and those that it
 *  shares with what lies below (edge: offset; cover: four numbers each, red, green, blue and how much, 0 to 255) */

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const PHASES = 3; // places of a dot within its pixel, along each axis: so it moves smoothly
  const TAU = 2 * Math.PI;
  const PLAIN = 0;
  const RINGED = 1;
  const FAINT = 2;

  class Dots {
    constructor() {
      this.picture = new ImageData(1, 1);
      this.words = new Uint32Array(this.picture.data.buffer);
      /** @type {Map<string, any>} stamps by kind, style and phase, for one size and one set of colours */
      this.stamps = new Map();
      this.made = "";
      this.reach = 0; // pixels about a dot's own within which all of it lies
      this.paper = 0; // the colour of the page, as a word of the picture's memory
    }

    /**
     * The pixels of all dots on paper: the faint below, the ringed on top.
     * @param {MapScene} scene
     * @param {{side: number, scale: number, left: number, top: number, radius: number, ratio: number}} frame
     *   in device pixels: the picture's side, a map unit, where the map's origin is, a dot's radius; device pixels per pixel
     * @param {MapPalette} colours
     * @returns {ImageData}
     */
    draw(scene, frame, colours) {
      const { side } = frame;
      if (this.picture.width !== side) {
        this.picture = new ImageData(side, side);
        this.words = new Uint32Array(this.picture.data.buffer);
      }
      this._prepare(frame, colours);
      this.words.fill(this.paper);
      for (const kind of [FAINT, PLAIN, RINGED]) this._all(scene, frame, kind);
      return this.picture;
    }

    /** @param {MapScene} scene @param {{side: number, scale: number, left: number, top: number}} frame @param {number} kind */
    _all(scene, { side, scale, left, top }, kind) {
      const { places, style, faint, ring } = scene;
      const stamps = this._kind(kind);
      const edge = this.reach;
      for (let image = 0; image < style.length; image += 1) {
        if ((faint[image] ? FAINT : ring[image]) !== kind) continue;
        const x = left + places[2 * image] * scale;
        const y = top - places[2 * image + 1] * scale;
        if (!(x > edge && y > edge && x < side - edge && y < side - edge)) continue; // cut where the panel ends
        const column = Math.floor(x);
        const row = Math.floor(y);
        const phase = Math.floor((x - column) * PHASES) * PHASES + Math.floor((y - row) * PHASES);
        this._stamp(stamps[style[image] * PHASES * PHASES + phase], row * side + column, side);
      }
    }

    /** @param {MapStamp} stamp @param {number} at the pixel it goes to @param {number} side of the picture */
    _stamp(stamp, at, side) {
      const { words } = this;
      const { data } = this.picture;
      const { solid, paint, edge, cover } = stamp;
      for (let each = 0; each < paint.length; each += 1) words[at + solid[2 * each + 1] * side + solid[2 * each]] = paint[each];
      for (let each = 0; each < edge.length / 2; each += 1) {
        const byte = 4 * (at + edge[2 * each + 1] * side + edge[2 * each]);
        const share = cover[4 * each + 3];
        for (let channel = 0; channel < 3; channel += 1) {
          data[byte + channel] += ((cover[4 * each + channel] - data[byte + channel]) * share) / 255;
        }
      }
    }

    /** @param {{radius: number, ratio: number}} frame @param {MapPalette} colours forgets the stamps of another size or colour */
    _prepare({ radius, ratio }, colours) {
      const made = `${radius.toFixed(2)} ${ratio} ${colours.paper} ${colours.dots.join()}`;
      if (made === this.made) return;
      this.made = made;
      this.stamps.clear();
      this.radius = radius;
      this.ratio = ratio;
      this.colours = colours;
      this.reach = Math.ceil(radius + 4 * ratio);
      const one = this._canvas(1, 1);
      one.fillStyle = colours.paper;
      one.fillRect(0, 0, 1, 1);
      this.paper = new Uint32Array(one.getImageData(0, 0, 1, 1).data.buffer)[0];
    }

    /** @param {number} width @param {number} height @returns {CanvasRenderingContext2D} */
    _canvas(width, height) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width, height });
      return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    }

    /** @param {number} kind @returns {MapStamp[]} for each style and phase, made when first needed */
    _kind(kind) {
      const found = this.stamps.get(String(kind));
      if (found) return found;
      const side = 2 * this.reach + 1;
      const styles = /** @type {MapPalette} */ (this.colours).dots.length;
      const all = Array.from({ length: styles * PHASES * PHASES }, (_, each) => [Math.floor(each / (PHASES * PHASES)), each % (PHASES * PHASES)]);
      const sheet = this._canvas(side * PHASES * PHASES, side * styles); // a row for each style; read once, as reading is slow
      for (const [style, phase] of all) {
        const x = phase * side + this.reach + (Math.floor(phase / PHASES) + 0.5) / PHASES;
        const y = style * side + this.reach + ((phase % PHASES) + 0.5) / PHASES;
        this._circle(sheet, x, y, kind, style);
      }
      const picture = sheet.getImageData(0, 0, sheet.canvas.width, sheet.canvas.height);
      const made = all.map(([style, phase]) => this._one(picture, phase * side, style * side));
      this.stamps.set(String(kind), made);
      return made;
    }

    /** @param {ImageData} sheet @param {number} left @param {number} top where the dot's square begins @returns {MapStamp} */
    _one(sheet, left, top) {
      const { reach } = this;
      const side = 2 * reach + 1;
      const { data } = sheet;
      const all = new Uint32Array(data.buffer);
      const paint = [];
      const solid = [];
      const edge = [];
      const cover = [];
      for (let row = 0; row < side; row += 1) {
        for (let column = 0; column < side; column += 1) {
          const at = (top + row) * sheet.width + left + column;
          const share = data[4 * at + 3];
          if (share > 250) {
            paint.push(all[at]);
            solid.push(column - reach, row - reach);
          } else if (share > 4) {
            edge.push(column - reach, row - reach);
            cover.push(data[4 * at], data[4 * at + 1], data[4 * at + 2], share);
          }
        }
      }
      return { paint: Uint32Array.from(paint), solid: Int32Array.from(solid), edge: Int32Array.from(edge), cover: Uint8Array.from(cover) };
    }

    /** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} kind @param {number} style */
    _circle(context, x, y, kind, style) {
      const colours = /** @type {MapPalette} */ (this.colours);
      const ratio = /** @type {number} */ (this.ratio);
      const radius = /** @type {number} */ (this.radius) * (kind === FAINT ? 0.75 : 1);
      const ring = (/** @type {number} */ distance, /** @type {number} */ width, /** @type {string} */ colour) => {
        context.beginPath();
        context.arc(x, y, radius + distance * ratio, 0, TAU);
        context.lineWidth = width * ratio;
        context.strokeStyle = colour;
        context.stroke();
      };
      if (kind === RINGED) {
        ring(1.2, 3, colours.paper);
        ring(1.9, 1.2, colours.ink);
      }
      context.beginPath();
      context.arc(x, y, radius, 0, TAU);
      context.globalAlpha = kind === FAINT ? 0.55 : 1;
      context.fillStyle = kind === FAINT ? colours.rule : colours.dots[style];
      context.fill();
      if (kind !== PLAIN) return;
      context.globalAlpha = 0.5; // a thin rim of paper keeps neighbours apart
      ring(0.15, 0.6, colours.paper);
    }
  }

  Object.assign(lab.map, { Dots });
})();
