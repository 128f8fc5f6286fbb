// The marked image on a map: a ring about it, lines to its neighbours in the layer's own space, and its picture in a
// corner of the panel where it covers neither of them.
//
// In: a painter (draw.js) and a scene. Out: pixels, and the place of the picture. Boxes are left, top, right, bottom in
// CSS pixels.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const PICTURE = { small: 56, large: 84 }; // CSS pixels of the marked image, on small maps and on large ones
  const CLEAR = 18; // pixels about a dot that is looked at, and are kept free
  const EDGE = 6; // pixels between the picture and the panel's edge
  const TAU = 2 * Math.PI;

  /** @param {any} painter @param {MapScene} scene */
  function drawMark(painter, scene) {
    const { context, colours } = painter;
    const at = painter.at(scene.places, scene.marked);
    const reach = 5 + (painter.tile ? 0.75 * painter.tile : painter.radius);
    for (const image of scene.nearby) join(painter, at, painter.at(scene.places, image), reach);
    if (!painter.tile) disc(context, at, painter.radius + 0.6, colours.dots[scene.style[scene.marked]]);
    for (const [width, colour] of /** @type {[number, string][]} */ ([[5.5, colours.paper], [2.6, colours.accent]])) {
      circle(context, at, reach, width, colour);
    }
    const [left, top, right] = corner(painter, scene);
    context.fillStyle = colours.accent;
    context.fillRect(left - 2.5, top - 2.5, right - left + 5, right - left + 5);
    painter.digit(context, scene.marked, left, top, right - left);
  }

  /** @param {any} painter @param {[number, number]} from @param {[number, number]} to a neighbour @param {number} reach of the ring about the former */
  function join(painter, from, to, reach) {
    const { context, colours } = painter;
    const apart = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const between = (/** @type {number} */ far) => /** @type {[number, number]} */ ([0, 1].map((axis) => from[axis] + ((to[axis] - from[axis]) * far) / apart));
    const ring = reach - 3;
    for (const [width, colour] of apart > reach + ring ? /** @type {[number, string][]} */ ([[3.4, colours.paper], [1.4, colours.ink]]) : []) {
      context.beginPath();
      context.moveTo(...between(reach));
      context.lineTo(...between(apart - ring));
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
    circle(context, to, ring, 1.6, colours.ink);
  }

  /**
   * The corner for the marked image's picture: one that covers neither it nor its neighbours nor what lies close about
   * them, and of those the one that covers fewest images. Where neighbours lie in all of them, they are not spared.
   * @param {any} painter
   * @param {MapScene} scene
   * @returns {number[]} box
   */
  function corner(painter, scene) {
    const { size } = painter;
    const side = size < 360 ? PICTURE.small : PICTURE.large;
    const far = size - EDGE - side;
    const boxes = [[far, EDGE], [EDGE, EDGE], [far, far], [EDGE, far]].map(([left, top]) => [left, top, left + side, top + side]);
    const costs = boxes.map((box) => (covers(box, painter.at(scene.places, scene.marked), CLEAR) ? Infinity : 0));
    const add = (/** @type {number} */ image, /** @type {number} */ margin, /** @type {number} */ cost) => {
      const at = painter.at(scene.places, image);
      boxes.forEach((box, each) => { costs[each] += covers(box, at, margin) ? cost : 0; });
    };
    for (let image = 0; image < scene.style.length; image += 1) add(image, 0, 1);
    for (const image of scene.nearby) add(image, CLEAR, scene.style.length);
    return boxes[costs.indexOf(Math.min(...costs))];
  }

  /** @param {number[]} box @param {[number, number]} at @param {number} margin @returns {boolean} */
  function covers([left, top, right, bottom], [x, y], margin) {
    return x > left - margin && x < right + margin && y > top - margin && y < bottom + margin;
  }

  /** @param {number[]} a @param {number[]} b boxes @returns {boolean} */
  function overlap(a, b) {
    return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  }

  /** @param {CanvasRenderingContext2D} context @param {[number, number]} at @param {number} radius @param {string} colour */
  function disc(context, at, radius, colour) {
    context.beginPath();
    context.arc(...at, radius, 0, TAU);
    context.fillStyle = colour;
    context.fill();
  }

  /** @param {CanvasRenderingContext2D} context @param {[number, number]} at @param {number} radius @param {number} width @param {string} colour */
  function circle(context, at, radius, width, colour) {
    context.beginPath();
    context.arc(...at, radius, 0, TAU);
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }

  Object.assign(lab.map, { drawMark, corner, overlap });
})();
