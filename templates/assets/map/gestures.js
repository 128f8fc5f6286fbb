// Hands on a map: pointer, touch and keyboard become what the reader means by them.
//
// In: a panel, and what to do: look (an image, passing), mark (an image, to stay), pick (images, added or not).
// Out: nothing. A page is never kept from scrolling: a finger that moves up or down scrolls, two fingers zoom the map,
// and a wheel zooms only with Ctrl; while the lasso is chosen, a finger on the map draws.

/** @typedef {{look: (image: number) => void, mark: (image: number, keyboard: boolean) => void,
 *  pick: (images: number[], add: boolean) => void, lasso: () => boolean, marked: () => number,
 *  misread: (panel: any, step: number) => void}} MapDeeds
 *  lasso: whether a pointer draws; marked: the image that stays marked, or -1 */

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const REACH = 18; // pixels from a dot at which a pointer still means it
  const STILL = 6; // pixels that a pointer may move and still tap
  const NEIGHBOURS = 20;
  /** @type {Object<string, [number, number]>} */
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  class Hands {
    /** @param {any} panel @param {MapDeeds} deeds */
    constructor(panel, deeds) {
      this.panel = panel;
      this.deeds = deeds;
      /** @type {Map<number, [number, number]>} pointers that are down, and where */
      this.down = new Map();
      this.moved = 0;
      const canvas = /** @type {HTMLCanvasElement} */ (panel.canvas);
      canvas.addEventListener("pointerdown", (event) => this.press(event));
      canvas.addEventListener("pointermove", (event) => this.move(event));
      canvas.addEventListener("pointerup", (event) => this.lift(event, true));
      canvas.addEventListener("pointercancel", (event) => this.lift(event, false));
      canvas.addEventListener("pointerleave", () => this.down.size || deeds.look(-1));
      canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      canvas.addEventListener("keydown", (event) => this.key(event));
    }

    /** @param {PointerEvent | WheelEvent} event @returns {[number, number]} pixels from the canvas's corner */
    at(event) {
      const box = this.panel.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    }

    /** @param {[number, number]} at @param {number} [wider] @returns {number} the image there, or -1 */
    imageAt(at, wider = 1) {
      const { painter, scene, shown } = this.panel;
      const [x, y] = painter.toPlace(...at);
      return lab.map.nearest(scene.places, shown, x, y, (wider * REACH) / painter.unit);
    }

    /** @param {PointerEvent} event */
    press(event) {
      if (event.button !== 0) return;
      const at = this.at(event);
      this.down.set(event.pointerId, at);
      this.panel.canvas.setPointerCapture(event.pointerId);
      if (this.down.size === 1) this.moved = 0;
      if (this.down.size === 2) this.panel.scene.line = [];
      else if (this.deeds.lasso()) this.panel.scene.line = [this.panel.painter.toPlace(...at)];
    }

    /** @param {PointerEvent} event */
    move(event) {
      const at = this.at(event);
      const before = this.down.get(event.pointerId);
      if (!before) {
        if (event.pointerType !== "touch") this.deeds.look(this.imageAt(at));
        return;
      }
      this.moved += Math.hypot(at[0] - before[0], at[1] - before[1]);
      if (this.down.size === 2) this.pinch(event.pointerId, at);
      else if (this.panel.scene.line.length) this.panel.scene.line.push(this.panel.painter.toPlace(...at));
      else if (this.moved > STILL) this.drag(before, at);
      this.down.set(event.pointerId, at);
      this.panel.paint();
    }

    /** @param {[number, number]} before @param {[number, number]} at */
    drag(before, at) {
      const { painter } = this.panel;
      painter.move((before[0] - at[0]) / painter.unit, (at[1] - before[1]) / painter.unit);
    }

    /** @param {number} pointer @param {[number, number]} at where it has moved; the other finger rests */
    pinch(pointer, at) {
      const before = /** @type {[number, number]} */ (this.down.get(pointer));
      const other = [...this.down].filter(([id]) => id !== pointer)[0][1];
      const middle = (/** @type {[number, number]} */ a) => /** @type {[number, number]} */ ([(a[0] + other[0]) / 2, (a[1] + other[1]) / 2]);
      const apart = (/** @type {[number, number]} */ a) => Math.max(8, Math.hypot(a[0] - other[0], a[1] - other[1]));
      this.drag(middle(before), middle(at));
      this.panel.painter.zoom(apart(at) / apart(before), ...middle(at));
    }

    /** @param {PointerEvent} event @param {boolean} meant whether the reader lifted it, and not the browser */
    lift(event, meant) {
      const at = this.down.get(event.pointerId);
      if (!at) return;
      const alone = this.down.size === 1;
      this.down.delete(event.pointerId);
      const { scene, shown } = this.panel;
      const line = scene.line;
      if (alone) scene.line = [];
      this.panel.paint();
      if (!meant || !alone) return;
      const add = event.shiftKey || event.ctrlKey || event.metaKey;
      if (this.moved <= STILL) this.deeds.mark(this.imageAt(at, event.pointerType === "touch" ? 1.6 : 1), false);
      else if (line.length > 2) this.deeds.pick(lab.map.within(scene.places, shown, line), add);
    }

    /** Forgets the pointers that are down: where a panel leaves the page, nothing tells when they are lifted. */
    forget() {
      this.down.clear();
      this.panel.scene.line = [];
    }

    /** @param {WheelEvent} event */
    wheel(event) {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.panel.painter.zoom(Math.exp(-event.deltaY / 240), ...this.at(event));
      this.panel.paint();
    }

    /** @param {KeyboardEvent} event */
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.act(event)) event.preventDefault();
    }

    /** @param {KeyboardEvent} event @returns {boolean} whether the key means something here */
    act(event) {
      const { panel, deeds } = this;
      const marked = deeds.marked();
      if (event.key in ARROWS) deeds.mark(this.step(ARROWS[event.key]), true);
      else if (event.key === "+" || event.key === "=") panel.painter.zoom(1.6, ...this.middle());
      else if (event.key === "-") panel.painter.zoom(1 / 1.6, ...this.middle());
      else if (event.key === "0") panel.painter.zoom(0);
      else if (event.key === "n" || event.key === "p") deeds.misread(panel, event.key === "n" ? 1 : -1);
      else if (event.key === "Escape" && marked >= 0) deeds.mark(-1, true);
      else if (event.key === "Enter" && marked >= 0) deeds.pick([marked], true);
      else if (event.key === " " && marked >= 0) {
        deeds.pick(lab.map.neighbours(panel.scene.places, panel.shown, marked, NEIGHBOURS), true);
      } else return false;
      panel.paint();
      return true;
    }

    /** @param {[number, number]} direction @returns {number} the next image there */
    step(direction) {
      const { scene, shown, painter } = this.panel;
      const marked = this.deeds.marked();
      if (marked >= 0) return lab.map.towards(scene.places, shown, marked, ...direction);
      return lab.map.nearest(scene.places, shown, painter.view.x, painter.view.y);
    }

    /** @returns {[number, number]} the marked image's pixel, about which the keyboard zooms, else the middle */
    middle() {
      const { scene, painter } = this.panel;
      const at = 2 * scene.marked;
      return scene.marked < 0 ? [painter.size / 2, painter.size / 2] : painter.toPixel(scene.places[at], scene.places[at + 1]);
    }
  }

  Object.assign(lab.map, { Hands, NEIGHBOURS });
})();
