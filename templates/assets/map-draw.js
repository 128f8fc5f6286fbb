// One map drawn on a canvas: dots, rings, the numerals of the classes, the marked digit and a line being drawn.
//
// In: a canvas and a scene (what to draw, in map coordinates). Out: pixels, and the way between pixels and map
// coordinates. Dots are drawn once into a strip and copied from there, so that thousands of them take few milliseconds.

/** @typedef {{places: Float32Array, centres: Float32Array, style: Uint8Array, faint: Uint8Array, ring: Uint8Array,
 *  marked: number, line: number[][], numerals: boolean}} MapScene
 *  places (image, 2); centres (10, 2) of the classes; style (image) see STYLES; faint, ring (image) 1 or 0;
 *  marked: an image or -1; line: corners [x, y] of a lasso */
/** @typedef {{x: number, y: number, zoom: number}} MapView what is in the middle, and how large; 1 shows the whole map */

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const SIDE = 28; // pixels of a digit
  const STYLES = 12; // 0 to 9: the digits' colours; 10: right; 11: wrong
  const TAU = 2 * Math.PI;

  /** @typedef {{dots: string[], ink: string, paper: string, rule: string, muted: string, accent: string, font: string}} Palette */

  /** @returns {Palette} the page's colours now */
  function palette() {
    const styles = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => styles.getPropertyValue(`--${name}`).trim();
    return {
      dots: [...Array.from({ length: 10 }, (_, digit) => colour(`digit-${digit}`)), colour("map-right"), colour("map-wrong")],
      ink: colour("ink"),
      paper: colour("paper"),
      rule: colour("rule"),
      muted: colour("muted"),
      accent: colour("accent"),
      font: colour("sans") || "sans-serif",
    };
  }

  /** A canvas that shows one map. */
  class Painter {
    /** @param {HTMLCanvasElement} canvas @param {HTMLImageElement} sheet all digits @param {number} columns of the sheet */
    constructor(canvas, sheet, columns) {
      this.canvas = canvas;
      this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      this.sheet = sheet;
      this.columns = columns;
      /** @type {MapView} */
      this.view = { x: 0, y: 0, zoom: 1 };
      this.size = 0; // of the canvas's side, in CSS pixels
      this.ratio = 1; // device pixels in a CSS pixel
      this.colours = palette();
      /** @type {Map<string, HTMLCanvasElement>} */
      this.strips = new Map();
    }

    /** Takes up the page's colours and the size at which the canvas is shown now. */
    refresh() {
      this.size = this.canvas.clientWidth;
      this.ratio = Math.min(3, window.devicePixelRatio || 1);
      const side = Math.max(1, Math.round(this.size * this.ratio));
      if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
      this.colours = palette();
      this.strips.clear();
    }

    /** @returns {number} CSS pixels for a map unit */
    get unit() {
      return (this.size / 2) * this.view.zoom;
    }

    /** @param {number} x @param {number} y @returns {[number, number]} CSS pixels from the upper left corner */
    toPixel(x, y) {
      return [this.size / 2 + (x - this.view.x) * this.unit, this.size / 2 - (y - this.view.y) * this.unit];
    }

    /** @param {number} left @param {number} top CSS pixels @returns {[number, number]} map coordinates */
    toPlace(left, top) {
      return [(left - this.size / 2) / this.unit + this.view.x, (this.size / 2 - top) / this.unit + this.view.y];
    }

    /**
     * Zooms so that what lies under a pixel stays there, and keeps the map in sight.
     * @param {number} factor
     * @param {number} [left]
     * @param {number} [top]
     */
    zoom(factor, left = this.size / 2, top = this.size / 2) {
      const [x, y] = this.toPlace(left, top);
      this.view.zoom = Math.min(12, Math.max(1, this.view.zoom * factor));
      const [after, below] = this.toPlace(left, top);
      this.move(x - after, y - below);
    }

    /** @param {number} dx @param {number} dy in map coordinates, of what is in the middle */
    move(dx, dy) {
      const reach = 1 - 1 / this.view.zoom;
      this.view.x = Math.min(reach, Math.max(-reach, this.view.x + dx));
      this.view.y = Math.min(reach, Math.max(-reach, this.view.y + dy));
    }

    /** @param {number} x @param {number} y brings a place into the middle third of the panel where it is outside */
    show(x, y) {
      const [left, top] = this.toPixel(x, y);
      const edge = Math.min(24, this.size / 8);
      if (Math.min(left, top) < edge || Math.max(left, top) > this.size - edge) {
        this.move(x - this.view.x, y - this.view.y);
      }
    }

    /** @returns {number} a dot's radius in CSS pixels */
    get radius() {
      return Math.max(1.9, Math.min(3, this.size / 170)) * Math.sqrt(this.view.zoom) ** 0.9;
    }

    /** @param {MapScene} scene */
    draw(scene) {
      const { context, ratio } = this;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      this._dots(scene, 1);
      this._dots(scene, 0);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      this._rings(scene);
      if (scene.numerals) this._numerals(scene);
      if (scene.line.length) this._line(scene.line);
      if (scene.marked >= 0) this._mark(scene);
    }

    /** @param {MapScene} scene @param {number} faint whether the faint ones (1) or the others (0) */
    _dots(scene, faint) {
      const { context, ratio } = this;
      const strip = this._strip(faint);
      const cell = strip.height;
      const offset = cell / 2;
      const scale = this.unit * ratio;
      const left = this.size * ratio * 0.5 - this.view.x * scale - offset;
      const top = this.size * ratio * 0.5 + this.view.y * scale - offset;
      const end = this.size * ratio;
      const { places, style } = scene;
      for (let image = 0; image < style.length; image += 1) {
        if (scene.faint[image] !== faint) continue;
        const x = left + places[2 * image] * scale;
        const y = top - places[2 * image + 1] * scale;
        if (x > -cell && y > -cell && x < end && y < end) {
          context.drawImage(strip, style[image] * cell, 0, cell, cell, Math.round(x), Math.round(y), cell, cell);
        }
      }
    }

    /** @param {number} faint @returns {HTMLCanvasElement} one dot of each style, side by side */
    _strip(faint) {
      const radius = this.radius * this.ratio * (faint ? 0.75 : 1);
      const key = `${faint} ${radius.toFixed(2)}`;
      const found = this.strips.get(key);
      if (found) return found;
      if (this.strips.size > 40) this.strips.clear();
      const cell = 2 * Math.ceil(radius + 1.5);
      const strip = document.createElement("canvas");
      strip.width = cell * STYLES;
      strip.height = cell;
      const context = /** @type {CanvasRenderingContext2D} */ (strip.getContext("2d"));
      for (let style = 0; style < STYLES; style += 1) {
        context.beginPath();
        context.arc(cell * (style + 0.5), cell / 2, radius, 0, TAU);
        context.globalAlpha = faint ? 0.45 : 1;
        context.fillStyle = faint ? this.colours.rule : this.colours.dots[style];
        context.fill();
        if (faint) continue;
        context.globalAlpha = 0.55; // a thin rim of paper keeps neighbours apart
        context.lineWidth = 0.6 * this.ratio;
        context.strokeStyle = this.colours.paper;
        context.stroke();
      }
      this.strips.set(key, strip);
      return strip;
    }

    /** @param {MapScene} scene around the misread */
    _rings(scene) {
      const { context, radius } = this;
      for (const [width, colour] of /** @type {[number, string][]} */ ([[3.2, this.colours.paper], [1.4, this.colours.ink]])) {
        context.beginPath();
        for (let image = 0; image < scene.ring.length; image += 1) {
          if (!scene.ring[image] || scene.faint[image]) continue;
          const [left, top] = this.toPixel(scene.places[2 * image], scene.places[2 * image + 1]);
          context.moveTo(left + radius + 2, top);
          context.arc(left, top, radius + 2, 0, TAU);
        }
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.stroke();
      }
      if (scene.ring.some(Boolean)) this._ringed(scene);
    }

    /** @param {MapScene} scene the dots inside the rings, on top of all others */
    _ringed(scene) {
      const { context, radius } = this;
      for (let image = 0; image < scene.ring.length; image += 1) {
        if (!scene.ring[image] || scene.faint[image]) continue;
        const [left, top] = this.toPixel(scene.places[2 * image], scene.places[2 * image + 1]);
        context.beginPath();
        context.arc(left, top, radius + 0.4, 0, TAU);
        context.fillStyle = this.colours.dots[scene.style[image]];
        context.fill();
      }
    }

    /** @param {MapScene} scene each class's numeral in its middle, with a rim of paper */
    _numerals(scene) {
      const { context } = this;
      context.font = `700 ${Math.round(Math.max(13, Math.min(19, this.size / 24)))}px ${this.colours.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineJoin = "round";
      for (let digit = 0; digit < 10; digit += 1) {
        const [left, top] = this.toPixel(scene.centres[2 * digit], scene.centres[2 * digit + 1]);
        if (!Number.isFinite(left)) continue;
        context.lineWidth = 5;
        context.strokeStyle = this.colours.paper;
        context.strokeText(String(digit), left, top);
        context.fillStyle = this.colours.ink;
        context.fillText(String(digit), left, top);
      }
    }

    /** @param {number[][]} line a lasso, as far as it has come */
    _line(line) {
      const { context } = this;
      context.beginPath();
      line.forEach(([x, y], at) => context[at ? "lineTo" : "moveTo"](...this.toPixel(x, y)));
      context.closePath();
      context.globalAlpha = 0.1;
      context.fillStyle = this.colours.ink;
      context.fill();
      context.globalAlpha = 1;
      context.setLineDash([5, 4]);
      context.lineWidth = 1.6;
      context.strokeStyle = this.colours.ink;
      context.stroke();
      context.setLineDash([]);
    }

    /** @param {MapScene} scene the marked image: a ring, and beside it the digit itself */
    _mark(scene) {
      const { context, radius, colours, size } = this;
      const [left, top] = this.toPixel(scene.places[2 * scene.marked], scene.places[2 * scene.marked + 1]);
      context.beginPath();
      context.arc(left, top, radius + 0.6, 0, TAU);
      context.fillStyle = colours.dots[scene.style[scene.marked]];
      context.fill();
      for (const [width, colour] of /** @type {[number, string][]} */ ([[5.5, colours.paper], [2.6, colours.accent]])) {
        context.beginPath();
        context.arc(left, top, radius + 5, 0, TAU);
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.stroke();
      }
      const side = 2 * SIDE;
      const gap = radius + 12;
      const x = left + gap + side + 4 < size ? left + gap : left - gap - side;
      const y = Math.min(size - side - 4, Math.max(4, top - side / 2));
      context.fillStyle = colours.accent;
      context.fillRect(x - 2.5, y - 2.5, side + 5, side + 5);
      this.digit(context, scene.marked, x, y, side);
    }

    /**
     * One digit, from the picture of all.
     * @param {CanvasRenderingContext2D} context
     * @param {number} image
     * @param {number} left
     * @param {number} top
     * @param {number} side
     */
    digit(context, image, left, top, side) {
      const column = image % this.columns;
      const row = Math.floor(image / this.columns);
      context.imageSmoothingEnabled = side % SIDE !== 0;
      context.drawImage(this.sheet, column * SIDE, row * SIDE, SIDE, SIDE, left, top, side, side);
    }
  }

  Object.assign(lab.map, { Painter });
})();
