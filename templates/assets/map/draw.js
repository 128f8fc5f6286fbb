// One map drawn on a canvas: dots, rings, the names of the classes, the marked image and a line being drawn.
//
// In: a canvas and a scene (what to draw, in map coordinates). Out: pixels, and the way between pixels and map
// coordinates. The dots themselves are made by dots.js.

/** @typedef {{places: Float32Array, centres: Float32Array, style: Uint8Array, faint: Uint8Array, ring: Uint8Array,
 *  marked: number, line: number[][], numerals: boolean}} MapScene
 *  places (image, 2); centres (class, 2); style (image): a place among the palette's dots; faint, ring (image) 1 or 0;
 *  marked: an image or -1; line: corners [x, y] of a lasso */
/** @typedef {{x: number, y: number, zoom: number}} MapView what is in the middle, and how large; 1 shows the whole map */
/** dots: a colour for each class, for what is right, and for what is wrong
 *  @typedef {{dots: string[], ink: string, paper: string, rule: string, muted: string, accent: string, font: string}} MapPalette */

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const MARKED = { small: 42, large: 56 }; // CSS pixels of the marked image, on small maps and on large ones
  const TAU = 2 * Math.PI;

  /** @returns {MapSet} */
  function set() {
    return lab.map.shared().set;
  }

  /** @returns {MapPalette} the page's colours now */
  function palette() {
    const styles = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => styles.getPropertyValue(`--${name}`).trim();
    return {
      dots: [...set().names.map((_, each) => colour(`class-${each}`)), colour("map-right"), colour("map-wrong")],
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
    /** @param {HTMLCanvasElement} canvas @param {HTMLImageElement} sheet all images @param {number} columns of the sheet */
    constructor(canvas, sheet, columns) {
      this.canvas = canvas;
      this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
      this.sheet = sheet;
      this.columns = columns;
      /** @type {MapView} */
      this.view = { x: 0, y: 0, zoom: 1 };
      this.size = 0; // of the canvas's side, in CSS pixels
      this.ratio = 1; // device pixels in a CSS pixel
      this.colours = palette();
      this.dots = new lab.map.Dots();
    }

    /** Takes up the page's colours and the size at which the canvas is shown now. */
    refresh() {
      this.size = this.canvas.clientWidth;
      this.ratio = Math.min(2, window.devicePixelRatio || 1);
      const side = Math.max(1, Math.round(this.size * this.ratio));
      if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
      this.colours = palette();
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
      const side = this.canvas.width;
      const scale = this.unit * ratio;
      const [left, top] = [side / 2 - this.view.x * scale, side / 2 + this.view.y * scale];
      const frame = { side, scale, left, top, radius: this.radius * ratio, ratio };
      context.putImageData(this.dots.draw(scene, frame, this.colours), 0, 0);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      if (scene.numerals) this._numerals(scene);
      if (scene.line.length) this._line(scene.line);
      if (scene.marked >= 0) this._mark(scene);
    }

    /** @param {MapScene} scene each class's name, or a short one, in its middle, with a rim of paper */
    _numerals(scene) {
      const { context } = this;
      context.font = `700 ${Math.round(Math.max(13, Math.min(19, this.size / 24)))}px ${this.colours.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineJoin = "round";
      for (const [each, name] of set().codes.entries()) {
        const [left, top] = this.toPixel(scene.centres[2 * each], scene.centres[2 * each + 1]);
        if (!Number.isFinite(left)) continue;
        context.lineWidth = 5;
        context.strokeStyle = this.colours.paper;
        context.strokeText(name, left, top);
        context.fillStyle = this.colours.ink;
        context.fillText(name, left, top);
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

    /** @param {MapScene} scene the marked image: a ring, and beside it the image itself */
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
      const side = size < 360 ? MARKED.small : MARKED.large;
      const gap = radius + 12;
      const x = left + gap + side + 4 < size ? left + gap : left - gap - side;
      const y = Math.min(size - side - 4, Math.max(4, top - side / 2));
      context.fillStyle = colours.accent;
      context.fillRect(x - 2.5, y - 2.5, side + 5, side + 5);
      this.digit(context, scene.marked, x, y, side);
    }

    /**
     * One image, from the picture of all.
     * @param {CanvasRenderingContext2D} context
     * @param {number} image
     * @param {number} left
     * @param {number} top
     * @param {number} side
     */
    digit(context, image, left, top, side) {
      const column = image % this.columns;
      const row = Math.floor(image / this.columns);
      const own = set().side;
      context.imageSmoothingEnabled = side % own !== 0;
      context.drawImage(this.sheet, column * own, row * own, own, own, left, top, side, side);
    }
  }

  Object.assign(lab.map, { Painter });
})();
