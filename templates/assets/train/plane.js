// A map of the last hidden layer that moves as the network learns: test images along the two directions in which they vary
// most.
//
// In: what the layer makes of some test images, their labels. Out: a canvas with their classes' short names. The directions
// are principal components that follow the layer slowly: each time they are turned a little further towards the two
// largest, from where they were, so that nothing jumps (orthogonal iteration).

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const TURNS = 3; // of the directions, each time
  const FIRST = 40; // and the first time
  const INNER = 0.94; // of the canvas, in which the middles of all signs lie
  const FOLLOWS = 0.3; // how much of a change of scale is taken over each time
  const SMALL = 1e-12;

  class Plane {
    /** @param {HTMLCanvasElement} canvas @param {{codes: string[]}} set */
    constructor(canvas, set) {
      this.canvas = canvas;
      this.codes = set.codes;
      /** @type {Float64Array[]} two directions in the layer, of length one and at right angles */
      this.axes = [];
      this.scale = 0; // the layer's units from the middle of the map to its edge
      this.places = new Float64Array(0); // (image, 2)
    }

    /** Begins anew, as for another network. */
    forget() {
      this.axes = [];
      this.scale = 0;
    }

    /**
     * Follows the layer to where it is now.
     * @param {Float64Array} hidden (image, unit)
     * @param {number} units
     */
    follow(hidden, units) {
      const images = hidden.length / units;
      const middle = new Float64Array(units);
      for (let at = 0; at < hidden.length; at += 1) middle[at % units] += hidden[at] / images;
      const spread = covariance(hidden, middle);
      const turns = this.axes.length ? TURNS : FIRST;
      if (!this.axes.length) this.axes = [0, 1].map((axis) => Float64Array.from({ length: units }, (_, unit) => 1 / (1 + Math.abs(unit - axis))));
      for (let turn = 0; turn < turns; turn += 1) this.axes = square(this.axes.map((axis) => product(spread, axis)), this.axes);
      this.places = new Float64Array(2 * images);
      let wanted = 0; // how far the outermost image lies: nothing is cut off
      for (let image = 0; image < images; image += 1) {
        for (let unit = 0; unit < units; unit += 1) {
          const away = hidden[image * units + unit] - middle[unit];
          this.places[2 * image] += away * this.axes[0][unit];
          this.places[2 * image + 1] += away * this.axes[1][unit];
        }
        wanted = Math.max(wanted, Math.abs(this.places[2 * image]), Math.abs(this.places[2 * image + 1]));
      }
      this.scale += (this.scale ? FOLLOWS : 1) * (wanted - this.scale);
    }

    /** Draws the map. @param {Uint8Array} labels (image,) or more */
    draw(labels) {
      const ratio = Math.min(devicePixelRatio || 1, 2);
      const side = Math.round(this.canvas.clientWidth * ratio);
      if (!side) return;
      if (this.canvas.width !== side) Object.assign(this.canvas, { width: side, height: side });
      const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
      const style = getComputedStyle(this.canvas);
      const colours = this.codes.map((_, label) => style.getPropertyValue(`--class-${label}`));
      context.clearRect(0, 0, side, side);
      context.font = `600 ${Math.round(11 * ratio)}px ${style.fontFamily}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      const across = (/** @type {number} */ place) => (side / 2) * (1 + (INNER * place) / Math.max(this.scale, SMALL));
      for (const [label, code] of this.codes.entries()) {
        context.fillStyle = colours[label];
        for (let image = 0; image < this.places.length / 2; image += 1) {
          if (labels[image] === label) context.fillText(code, across(this.places[2 * image]), across(-this.places[2 * image + 1]));
        }
      }
    }
  }

  /**
   * @param {Float64Array} values (image, unit)
   * @param {Float64Array} middle (unit,)
   * @returns {Float64Array} (unit, unit)
   */
  function covariance(values, middle) {
    const units = middle.length;
    const images = values.length / units;
    const found = new Float64Array(units * units);
    for (let image = 0; image < images; image += 1) {
      for (let one = 0; one < units; one += 1) {
        const away = (values[image * units + one] - middle[one]) / images;
        if (!away) continue;
        for (let other = 0; other < units; other += 1) found[one * units + other] += away * (values[image * units + other] - middle[other]);
      }
    }
    return found;
  }

  /** @param {Float64Array} matrix (unit, unit) @param {Float64Array} vector @returns {Float64Array} */
  function product(matrix, vector) {
    return vector.map((_, row) => vector.reduce((sum, value, column) => sum + matrix[row * vector.length + column] * value, 0));
  }

  /**
   * Two directions of length one and at right angles (Gram and Schmidt). What vanishes, as in a layer of one unit or one
   * that is silent, stays as it was.
   * @param {Float64Array[]} pair
   * @param {Float64Array[]} before
   * @returns {Float64Array[]}
   */
  function square([first, second], before) {
    const one = unit(first, before[0]);
    const along = one.reduce((sum, value, at) => sum + value * second[at], 0);
    return [one, unit(second.map((value, at) => value - along * one[at]), before[1])];
  }

  /** @param {Float64Array} vector @param {Float64Array} otherwise @returns {Float64Array} of length one */
  function unit(vector, otherwise) {
    const length = Math.hypot(...vector);
    return length > SMALL ? vector.map((value) => value / length) : otherwise;
  }

  Object.assign(InsideMNIST.train, { Plane });
})();
