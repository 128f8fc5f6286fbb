// The weights of a first layer as pictures, one for each unit: a pixel is bright where ink there moves the unit far.
//
// In: a canvas and a network (network.js). Out: the canvas painted; a canvas pixel for a weight, enlarged by the style
// sheet. What is shown is what a lit pixel meets, a weight divided by what the pixels are divided by: so two networks that
// are fed otherwise can be compared.

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const MOST = 64; // units that are shown
  const GAP = 1; // pixels between two pictures
  const BRIGHT = 0.6; // of the largest weight, from which on a pixel is as bright as can be
  const LEAST = 1e-9;

  class Pictures {
    /** @param {HTMLCanvasElement} canvas @param {number} side pixels of an image @param {number} columns pictures in a row */
    constructor(canvas, side, columns) {
      this.canvas = canvas;
      this.side = side;
      this.columns = columns;
      this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      this.image = this.context.createImageData(1, 1);
      /** @type {Float64Array | null} the weights before training */
      this.begun = null;
    }

    /** @param {any} network @returns {number} the units that have a picture */
    static shown(network) {
      return Math.min(network.layers[0].units, MOST);
    }

    /** Takes the weights as those before training. @param {any} network */
    begin(network) {
      this.begun = Float64Array.from(network.layers[0].weight);
    }

    /**
     * What is painted brightest.
     * @param {any} network
     * @param {boolean} change whether the change since the start is shown, or the weights themselves
     */
    top(network, change) {
      const { weight, scale } = network.layers[0];
      let most = LEAST;
      for (let at = 0; at < weight.length; at += 1) {
        const value = Math.abs(weight[at] - (change && this.begun ? this.begun[at] : 0));
        if (value > most) most = value;
      }
      return BRIGHT * most * scale;
    }

    /**
     * @param {any} network
     * @param {{change: boolean, top: number}} how top: what is painted brightest, see `top`
     */
    paint(network, { change, top }) {
      const { side, columns } = this;
      const { weight, units, scale } = network.layers[0];
      const shown = Pictures.shown(network);
      const [wide, high] = [columns, Math.ceil(shown / columns)].map((many) => many * (side + GAP) - GAP);
      if (this.image.width !== wide || this.image.height !== high) {
        Object.assign(this.canvas, { width: wide, height: high });
        this.image = this.context.createImageData(wide, high);
      }
      const { MORE, LESS } = InsideMNIST.paint;
      const { data } = this.image;
      for (let unit = 0; unit < shown; unit += 1) {
        const corner = Math.floor(unit / columns) * (side + GAP) * wide + (unit % columns) * (side + GAP);
        for (let pixel = 0; pixel < side * side; pixel += 1) {
          const at = pixel * units + unit;
          const value = ((weight[at] - (change && this.begun ? this.begun[at] : 0)) * scale) / top;
          const strength = Math.min(1, Math.abs(value));
          const colour = value > 0 ? MORE : LESS;
          const to = 4 * (corner + Math.floor(pixel / side) * wide + (pixel % side));
          data[to] = strength * colour[0];
          data[to + 1] = strength * colour[1];
          data[to + 2] = strength * colour[2];
          data[to + 3] = 255;
        }
      }
      this.context.putImageData(this.image, 0, 0);
    }
  }

  Object.assign(InsideMNIST.train, { Pictures });
})();
