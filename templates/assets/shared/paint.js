// Small images on canvases: digits as they are stored, feature maps, and saliency over a digit.
//
// In: a canvas and numbers. Out: the canvas painted; one canvas pixel for a number, enlarged by the style sheet.
// The colours are those of the figures: white ink on black, viridis for quantities, purple and green for signs.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const VIRIDIS = [
    [68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142],
    [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37],
  ]; // prettier-ignore
  const MORE = [90, 200, 110]; // green: more ink raises the logit
  const LESS = [190, 120, 220]; // purple: more ink lowers it
  const FADING = 0.7; // the exponent by which colour grows with size: below 1, so that small numbers are seen too

  const HEAT = new Uint8ClampedArray(256 * 3);
  for (let level = 0; level < 256; level += 1) {
    const place = (level / 255) * (VIRIDIS.length - 1);
    const low = Math.min(Math.floor(place), VIRIDIS.length - 2);
    for (let part = 0; part < 3; part += 1) {
      HEAT[level * 3 + part] = VIRIDIS[low][part] + (place - low) * (VIRIDIS[low + 1][part] - VIRIDIS[low][part]);
    }
  }

  /**
   * Paints every pixel of a canvas.
   * @param {HTMLCanvasElement} canvas
   * @param {(place: number, rgba: Uint8ClampedArray, at: number) => void} colour writes rgba[at], [at + 1], [at + 2]
   */
  function paint(canvas, colour) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const image = context.createImageData(canvas.width, canvas.height);
    for (let place = 0, at = 0; at < image.data.length; place += 1, at += 4) {
      colour(place, image.data, at);
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  /**
   * @param {HTMLCanvasElement} canvas as many pixels as the image
   * @param {Uint8Array | null} levels (side * side,), 0 to 255; null for an empty image
   */
  function grey(canvas, levels) {
    paint(canvas, (place, rgba, at) => rgba.fill(levels ? levels[place] : 0, at, at + 3));
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Float32Array} values as many as the canvas has pixels
   * @param {number} top the value that is brightest
   */
  function heat(canvas, values, top) {
    paint(canvas, (place, rgba, at) => {
      const level = 3 * Math.round(255 * Math.min(Math.max(values[place] / top, 0), 1));
      rgba.set(HEAT.subarray(level, level + 3), at);
    });
  }

  /**
   * Numbers of either sign: green above zero, purple below, black at it.
   * @param {HTMLCanvasElement} canvas
   * @param {Float32Array} values as many as the canvas has pixels
   * @param {number} top the size that is brightest
   */
  function signed(canvas, values, top) {
    paint(canvas, (place, rgba, at) => {
      const strength = Math.min(Math.abs(values[place] ?? 0) / top, 1) ** FADING;
      const colour = values[place] > 0 ? MORE : LESS;
      for (let part = 0; part < 3; part += 1) rgba[at + part] = colour[part] * strength;
    });
  }

  /**
   * Square maps side by side, as near to a square as they go, for a canvas of that size.
   * @param {Float32Array} maps (channels, side, side)
   * @param {number} channels
   * @param {number} [gap] pixels between maps, of which nothing is told
   * @returns {{values: Float32Array, width: number, height: number}}
   */
  function tiled(maps, channels, gap = 0) {
    const side = Math.round(Math.sqrt(maps.length / channels));
    const across = Math.ceil(Math.sqrt(channels));
    const step = side + gap;
    const [width, height] = [across * step - gap, Math.ceil(channels / across) * step - gap];
    const values = new Float32Array(width * height);
    for (let row = 0; row < channels * side; row += 1) {
      const [channel, y] = [Math.floor(row / side), row % side];
      const start = (Math.floor(channel / across) * step + y) * width + (channel % across) * step;
      values.set(maps.subarray(row * side, (row + 1) * side), start);
    }
    return { values, width, height };
  }

  /**
   * The digit in dim grey, and over it the gradient, as strong as its largest value.
   * @param {HTMLCanvasElement} canvas as many pixels as the image
   * @param {Uint8Array} levels (side * side,)
   * @param {Float32Array} gradient (side * side,)
   */
  function saliency(canvas, levels, gradient) {
    const top = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    paint(canvas, (place, rgba, at) => {
      const strength = Math.abs(gradient[place]) / top;
      const over = gradient[place] > 0 ? MORE : LESS;
      for (let part = 0; part < 3; part += 1) {
        rgba[at + part] = 0.55 * levels[place] * (1 - strength) + over[part] * strength;
      }
    });
  }

  InsideMNIST.paint = { MORE, LESS, grey, heat, signed, tiled, saliency };
})();
