// The board: strokes drawn with mouse, pen, finger or keys, undone and cleared.
//
// In: the board's element (an <svg> with a path for the ink, one for the keyboard's pen, an <image> for a test digit)
// and what to call when the drawing changes. Out: strokes on a board of 256 x 256 units (see raster.js).

/**
 * @typedef {Object} BoardCalls
 * @property {() => void} onstart a stroke begins
 * @property {() => void} ondraw the strokes have grown
 * @property {() => void} onend a stroke is finished
 * @property {(words: string) => void} onsay something that only the keyboard's user needs to hear
 * @property {() => void} onundo
 * @property {() => void} onclear
 */

(function () {
  "use strict";
  const lab = (window.InsideMNIST = window.InsideMNIST || {});
  const { BOARD } = lab.raster;

  const NEAREST = 2; // units of the board between two points of a stroke, at least
  const STEP = 8; // of an arrow key
  const FINE = 2; // of an arrow key with shift
  /** @type {Object<string, [number, number]>} */
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /**
   * Makes an element a board.
   * @param {HTMLElement} element takes the focus and the pointer; holds the svg
   * @param {BoardCalls} calls
   */
  function makeBoard(element, calls) {
    const ink = /** @type {SVGPathElement} */ (element.querySelector("[data-ink]"));
    const nib = /** @type {SVGElement} */ (element.querySelector("[data-nib]"));
    /** @type {Stroke[]} */
    let strokes = [];
    /** @type {Stroke | null} the stroke that is being drawn */
    let open = null;
    /** @type {Set<string>} arrow keys that are down */
    const held = new Set();
    let pen = { x: BOARD / 2, y: BOARD / 2 };

    /** @param {Point} at */
    function begin(at) {
      calls.onstart();
      open = [at];
      strokes = [...strokes, open];
      show();
      calls.ondraw();
    }

    /** @param {Point} to @param {number} nearest */
    function extend(to, nearest) {
      if (!open) return;
      const last = open[open.length - 1];
      if (Math.hypot(to.x - last.x, to.y - last.y) < nearest) return;
      open.push(to);
      show();
      calls.ondraw();
    }

    function finish() {
      if (!open) return;
      open = null;
      element.classList.remove("is-drawing");
      calls.onend();
    }

    function show() {
      ink.setAttribute("d", strokes.map(pathOf).join(""));
    }

    /** @param {PointerEvent} event @returns {Point} */
    function place(event) {
      const box = element.getBoundingClientRect();
      const along = (/** @type {number} */ at, /** @type {number} */ size) => within(Math.round((at / size) * BOARD));
      return { x: along(event.clientX - box.left, box.width), y: along(event.clientY - box.top, box.height) };
    }

    /** @type {number | null} */
    let pointer = null;
    element.addEventListener("pointerdown", (event) => {
      if (pointer !== null || event.button !== 0) return;
      finish();
      pointer = event.pointerId;
      element.setPointerCapture(pointer);
      nib.classList.remove("is-shown");
      begin(place(event));
      element.classList.add("is-drawing");
    });
    element.addEventListener("pointermove", (event) => {
      if (event.pointerId !== pointer) return;
      const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const each of events.length ? events : [event]) extend(place(each), NEAREST);
    });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(name, (event) => {
        if (/** @type {PointerEvent} */ (event).pointerId !== pointer) return;
        pointer = null;
        finish();
      });
    }

    /** @param {KeyboardEvent} event @returns {boolean} whether the key meant something here */
    function press(event) {
      const { key } = event;
      if (key in ARROWS) move(key, event.shiftKey ? FINE : STEP);
      else if (key === " " || key === "Enter") togglePen(event.repeat);
      else if (key === "Escape" && open) finishByKey();
      else if (key === "Backspace" || (key === "z" && (event.ctrlKey || event.metaKey))) calls.onundo();
      else if (key === "Delete") calls.onclear();
      else return false;
      return true;
    }

    /** @param {string} key @param {number} step */
    function move(key, step) {
      held.add(key);
      const ways = [...held].map((each) => ARROWS[each]);
      const go = (/** @type {0 | 1} */ axis) => step * ways.reduce((sum, way) => sum + way[axis], 0);
      pen = { x: within(pen.x + go(0)), y: within(pen.y + go(1)) };
      showPen();
      extend({ ...pen }, 1);
    }

    /** @param {boolean} again whether the key is merely held down */
    function togglePen(again) {
      if (again) return;
      if (open) return finishByKey();
      begin({ ...pen });
      showPen();
      calls.onsay("Pen down.");
    }

    function finishByKey() {
      finish();
      showPen();
      calls.onsay("Pen up.");
    }

    function showPen() {
      nib.classList.add("is-shown");
      nib.setAttribute("cx", String(pen.x));
      nib.setAttribute("cy", String(pen.y));
      nib.classList.toggle("is-down", open !== null);
    }

    element.addEventListener("keydown", (event) => {
      if (event.altKey || pointer !== null) return;
      if (press(event)) event.preventDefault();
    });
    element.addEventListener("keyup", (event) => held.delete(event.key));
    element.addEventListener("focus", () => element.matches(":focus-visible") && pointer === null && showPen());
    element.addEventListener("blur", () => {
      held.clear();
      finish();
      nib.classList.remove("is-shown");
    });

    return {
      strokes: () => strokes,
      /** @param {Stroke[]} other replaces the drawing, without calling back */
      set(other) {
        strokes = other;
        open = null;
        element.classList.remove("is-drawing");
        nib.classList.remove("is-down");
        show();
      },
    };
  }

  /** @param {number} at */
  function within(at) {
    return Math.min(Math.max(at, 0), BOARD - 1);
  }

  /** @param {Stroke} stroke @returns {string} a point alone is a line of no length, which a round pen makes a dot */
  function pathOf(stroke) {
    const [first, ...rest] = stroke;
    const lines = rest.length ? rest.map(({ x, y }) => `L${x} ${y}`).join("") : "l0 0";
    return `M${first.x} ${first.y}${lines}`;
  }

  lab.makeBoard = makeBoard;
})();
