// Misreadings as a layer of their own: large, above the faded rest, each with what it is and what it is read as.
//
// In: a painter (draw.js) and a scene whose `above` says which images. Out: a dot in the colour of the true class with a
// ring in that of the answer, and "4 → 9" beside it wherever there is room; enlarged, there is room for more.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const TEXT = 12; // CSS pixels
  const TAU = 2 * Math.PI;

  /** @param {any} painter @param {MapScene} scene */
  function drawMisread(painter, scene) {
    const { context, colours } = painter;
    const images = [...scene.above.keys()].filter((image) => scene.above[image]);
    const there = images.map((image) => ({ image, at: painter.at(scene.places, image) })).filter(({ at }) => painter.sees(...at, 20));
    for (const { image, at } of there) draw(painter, scene, image, at);
    context.font = `600 ${TEXT}px ${colours.font}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const reach = reachOf(painter);
    const taken = there.map(({ at: [left, top] }) => [left - reach, top - reach, left + reach, top + reach]);
    for (const { image, at: [left, top] } of there) {
      const text = said(image, scene);
      const wide = context.measureText(text).width;
      const box = free([left, top], reach + 3, wide, taken, painter.size);
      if (!box) continue;
      taken.push(box);
      context.lineWidth = 4;
      context.strokeStyle = colours.paper;
      context.strokeText(text, box[0], (box[1] + box[3]) / 2);
      context.fillStyle = colours.ink;
      context.fillText(text, box[0], (box[1] + box[3]) / 2);
    }
  }

  /** @param {any} painter @returns {number} how far such an image reaches from its middle, in CSS pixels */
  function reachOf(painter) {
    return painter.tile ? painter.tile / 2 + 6 : 1.5 * painter.radius + 3;
  }

  /** @param {number} image @param {MapScene} scene @returns {string} its true class and what it is read as */
  function said(image, scene) {
    const { set, labels } = /** @type {MapShared} */ (lab.map.shared());
    return `${set.codes[labels[image]]}\u2009\u2192\u2009${set.codes[scene.answers[image]]}`;
  }

  /** @param {any} painter @param {MapScene} scene @param {number} image @param {[number, number]} at */
  function draw(painter, scene, image, [left, top]) {
    const { context, colours } = painter;
    const own = colours.dots[lab.map.shared().labels[image]];
    const read = colours.dots[scene.answers[image]];
    if (painter.tile) {
      lab.map.drawTile(painter, image, left, top, painter.tile, [own, read, colours.paper]);
      return;
    }
    const radius = 1.5 * painter.radius;
    for (const [reach, colour] of /** @type {[number, string][]} */ ([[radius + 3.5, colours.paper], [radius + 2.5, read], [radius, own]])) {
      context.beginPath();
      context.arc(left, top, reach, 0, TAU);
      context.fillStyle = colour;
      context.fill();
    }
  }

  /**
   * Room for a text to the right of a place, else to its left: left, top, right, bottom in CSS pixels; or nothing.
   * @param {[number, number]} at
   * @param {number} gap
   * @param {number} wide
   * @param {number[][]} taken
   * @param {number} size of the panel
   * @returns {number[] | undefined}
   */
  function free([left, top], gap, wide, taken, size) {
    const boxes = [left + gap, left - gap - wide].map((start) => [start, top - TEXT / 2, start + wide, top + TEXT / 2]);
    const within = (/** @type {number[]} */ box) => box[0] > 2 && box[2] < size - 2 && box[1] > 2 && box[3] < size - 2;
    return boxes.find((box) => within(box) && !taken.some((other) => lab.map.overlap(box, other)));
  }

  Object.assign(lab.map, { drawMisread });
})();
