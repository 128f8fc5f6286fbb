// Images as small pictures in place of dots, where a map is enlarged so far that there is room for them.
//
// In: a painter (draw.js) and a scene. Out: pictures with a frame in the dots' colours; the faint ones below.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const NEAR = 4; // times enlarged, from which dots become pictures
  const SIDE = { least: 12, most: 30 }; // CSS pixels of a picture
  const FRAME = 2; // pixels about it

  /** @param {number} zoom @param {number} size of the panel, in CSS pixels @returns {number} the side of a picture, or 0 for dots */
  function tileSide(zoom, size) {
    if (zoom < NEAR) return 0;
    return Math.round(Math.min(SIDE.most, Math.max(SIDE.least, (zoom * size) / 170)));
  }

  /** @param {any} painter @param {MapScene} scene */
  function drawTiles(painter, scene) {
    const { context, colours, size } = painter;
    context.fillStyle = colours.paper;
    context.fillRect(0, 0, size, size);
    for (const faint of [1, 0]) {
      for (let image = 0; image < scene.style.length; image += 1) {
        if (scene.faint[image] !== faint || scene.above[image]) continue;
        const [left, top] = painter.at(scene.places, image);
        if (!painter.sees(left, top, painter.tile)) continue;
        context.globalAlpha = faint ? 0.3 : 1;
        const frames = [faint ? colours.rule : colours.dots[scene.style[image]]];
        drawTile(painter, image, left, top, painter.tile, scene.ring[image] ? [...frames, colours.paper, colours.ink] : frames);
      }
    }
    context.globalAlpha = 1;
  }

  /**
   * One image about a pixel, with frames about it.
   * @param {any} painter
   * @param {number} image
   * @param {number} left
   * @param {number} top
   * @param {number} side
   * @param {string[]} frames their colours, from the innermost
   */
  function drawTile(painter, image, left, top, side, frames) {
    for (let each = frames.length; each > 0; each -= 1) {
      const reach = side / 2 + FRAME * each;
      painter.context.fillStyle = frames[each - 1];
      painter.context.fillRect(left - reach, top - reach, 2 * reach, 2 * reach);
    }
    painter.digit(painter.context, image, left - side / 2, top - side / 2, side);
  }

  Object.assign(lab.map, { tileSide, drawTiles, drawTile });
})();
