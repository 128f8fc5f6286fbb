// One map drawn on a canvas: its images, the names of the classes, and a line being drawn.
//
// In: a canvas and a scene (what to draw, in map coordinates). Out: pixels, and the way between pixels and map
// coordinates. Images are dots (dots.js) and, from near by, small pictures (tiles.js); what is misread (misread.js) and
// what is marked (marks.js) comes on top.

/** @typedef {{places: Float32Array, centres: Float32Array, style: Uint8Array, faint: Uint8Array, ring: Uint8Array,
 *  above: Uint8Array, answers: Uint8Array, marked: number, nearby: number[], line: number[][], numerals: boolean}} MapScene
 *  places (image, 2); centres (class, 2); style (image): a place among the palette's dots; faint, ring, above (image) 1
 *  or 0; answers (image); marked: an image or -1; nearby: images joined to it; line: corners [x, y] of a lasso */
/** @typedef {{x: number, y: number, zoom: number}} MapView what is in the middle, and how large; 1 shows the whole map */
/** dots: a colour for each class, for what is right, and for what is wrong
 *  @typedef {{dots: string[], ink: string, paper: string, rule: string, muted: string, accent: string, font: string}} MapPalette */

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const MOST = 16; // times that a map can be enlarged

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
      this.view.zoom = Math.min(MOST, Math.max(1, this.view.zoom * factor));
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
      if (!this.tile) context.putImageData(this.dots.draw(scene, frame, this.colours), 0, 0);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      if (this.tile) lab.map.drawTiles(this, scene);
      if (scene.numerals && !this.tile) this._numerals(scene);
      if (!scene.numerals) lab.map.drawMisread(this, scene);
      if (scene.line.length) this._line(scene.line);
      if (scene.marked >= 0) lab.map.drawMark(this, scene);
    }

    /** @returns {number} the side in CSS pixels of the small pictures that stand for dots, or 0 for dots */
    get tile() {
      return lab.map.tileSide(this.view.zoom, this.size);
    }

    /** @param {Float32Array} places (image, 2) @param {number} image @returns {[number, number]} the pixel where it lies */
    at(places, image) {
      return this.toPixel(places[2 * image], places[2 * image + 1]);
    }

    /** @param {number} left @param {number} top @param {number} margin @returns {boolean} whether a pixel is in the panel, or so near */
    sees(left, top, margin) {
      return Math.min(left, top) > -margin && Math.max(left, top) < this.size + margin;
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
