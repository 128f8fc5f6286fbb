// The inside of a network: a bar for every hidden unit, a small image for every channel; each can be switched off
// or scaled, by clicking, by dragging sideways, or by keys.
//
// In: the element of one network's inside, the network, its readings and the scales in force. Out: the element shows
// them, and the reader's wishes are handed on: `onscale` while one is made, `ondone` when it is made.

/**
 * @typedef {Object} UnitCalls
 * @property {(unit: Unit) => void} onchoose
 * @property {(unit: Unit, scale: number) => void} onscale
 * @property {() => void} ondone
 * @property {(unit: Unit) => number} scaleOf
 */
/** @typedef {{button: HTMLButtonElement, unit: Unit, fill: HTMLElement | null, tick: HTMLElement | null, canvas: HTMLCanvasElement | null, mark: HTMLElement}} Cell */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const words = InsideMNIST.words;
  const MOST = 3; // the largest scale
  const STEP = 0.1;
  const WAY = 50; // pixels of dragging for a scale of 1
  const STILL = 5; // pixels within which a drag is still a click

  /**
   * Builds the cells of all hidden layers of a network.
   * @param {HTMLElement} element
   * @param {Network} network
   * @param {Object<string, number>} tall {layer: the activation that is drawn at full height}
   * @param {UnitCalls} calls
   */
  function makeInside(element, network, tall, calls) {
    const readout = /** @type {HTMLElement} */ (element.querySelector("[data-readout]"));
    const layers = network.layers.slice(0, -1).map((layer) => makeLayer(layer));
    const cells = layers.flat();
    /** @type {Reading | null} */
    let shown = null;
    /** @type {Reading | null} */
    let before = null;

    /** @param {Layer} layer @returns {Cell[]} */
    function makeLayer(layer) {
      const group = make("div", "lab-layer", element);
      const name = words.layerName(layer.name);
      const kind = layer.kind === "conv" ? "channels" : "units";
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", `${words.capital(name)} of ${network.title}, ${layer.units} ${kind}`);
      make("p", "lab-layer-name", group).textContent = `${words.capital(name)}, ${layer.units} ${kind}`;
      const grid = make("div", layer.kind === "conv" ? "lab-maps" : "lab-units", group);
      const made = Array.from({ length: layer.units }, (_, unit) =>
        makeCell(grid, { condition: network.name, title: network.title, layer: layer.name, kind: layer.kind, unit }),
      );
      made.forEach((cell, place) => listen(cell, place, made));
      return made;
    }

    /** @param {Cell} cell @param {number} place @param {Cell[]} row the cells of its layer */
    function listen(cell, place, row) {
      const { button, unit } = cell;
      button.tabIndex = place === 0 ? 0 : -1;
      button.addEventListener("pointerenter", () => tell(cell));
      button.addEventListener("focus", () => {
        for (const each of row) each.button.tabIndex = each === cell ? 0 : -1;
        tell(cell);
        calls.onchoose(unit);
      });
      button.addEventListener("keydown", (event) => {
        const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
        const turn = { ArrowUp: STEP, ArrowDown: -STEP, PageUp: 0.5, PageDown: -0.5 }[event.key] ?? 0;
        if (event.altKey || event.ctrlKey || event.metaKey || (way === 0 && turn === 0)) return;
        event.preventDefault();
        if (way) row[(place + way + row.length) % row.length].button.focus();
        else set(unit, calls.scaleOf(unit) + turn);
      });
      button.addEventListener("keyup", (event) => /Arrow(Up|Down)|Page/.test(event.key) && calls.ondone());
      drag(cell);
    }

    /** Dragging sideways scales; a press without dragging switches. @param {Cell} cell */
    function drag({ button, unit }) {
      /** @type {{id: number, x: number, scale: number, moved: boolean} | null} */
      let held = null;
      let dragged = false; // swallows the click that ends a drag
      button.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        held = { id: event.pointerId, x: event.clientX, scale: calls.scaleOf(unit), moved: false };
        dragged = false;
        calls.onchoose(unit);
        button.setPointerCapture(event.pointerId);
      });
      button.addEventListener("pointermove", (event) => {
        if (!held || event.pointerId !== held.id) return;
        const way = event.clientX - held.x;
        held.moved ||= Math.abs(way) > STILL;
        if (held.moved) set(unit, held.scale + way / WAY);
      });
      button.addEventListener("pointerup", () => {
        dragged = held?.moved ?? false;
        held = null;
        if (dragged) calls.ondone();
      });
      button.addEventListener("pointercancel", () => {
        if (held?.moved) {
          set(unit, held.scale); // the browser took the finger's movement for scrolling
          calls.ondone();
        }
        held = null;
      });
      button.addEventListener("click", () => {
        if (dragged) return void (dragged = false);
        calls.onscale(unit, calls.scaleOf(unit) === 0 ? 1 : 0);
        calls.ondone();
      });
    }

    /** @param {Unit} unit @param {number} scale */
    function set(unit, scale) {
      calls.onscale(unit, Math.round(Math.min(Math.max(scale, 0), MOST) / STEP) / Math.round(1 / STEP));
    }

    /** Says in words what a cell shows. @param {Cell} cell */
    function tell({ unit }) {
      readout.textContent = words.capital(described(unit, true));
      readout.dataset.told = `${unit.layer}.${unit.unit}`;
    }

    /**
     * @param {Unit} unit
     * @param {boolean} [brief] in two lines of a narrow column; its scale can be seen
     * @returns {string} "unit 7 of hidden 2, activation 3.1, before 2.4, scaled by 2"
     */
    function described(unit, brief = false) {
      const scale = calls.scaleOf(unit);
      const said = [words.unitName(unit)];
      if (shown) {
        const [now, then] = [activation(shown, unit), before ? activation(before, unit) : null];
        const was = then !== null && Math.abs(now - then) >= 0.05 ? `, ${brief ? "was" : "before"} ${words.number(then, 1)}` : "";
        const what = unit.kind === "linear" ? "activation" : brief ? "up to" : "largest activation";
        said.push(`${what} ${words.number(now, 1)}${was}`);
      }
      if (scale !== 1 && !brief) said.push(words.scaleWords(scale));
      return said.join(", ");
    }

    /**
     * @param {Reading | null} reading
     * @param {Reading | null} previous what it is compared with
     */
    function show(reading, previous) {
      shown = reading;
      before = previous;
      for (const cell of cells) {
        const top = tall[cell.unit.layer] || 1;
        if (cell.canvas) showMap(cell.canvas, reading, cell.unit, top);
        else showBar(cell, reading, previous, top);
        showScale(cell, calls.scaleOf(cell.unit));
      }
      const told = cells.find(({ unit }) => `${unit.layer}.${unit.unit}` === readout.dataset.told);
      if (told) tell(told);
    }

    /** Gives every cell its name for those who hear it; done when the drawing rests. */
    function name() {
      for (const { button, unit } of cells) {
        const said = described(unit);
        if (button.getAttribute("aria-label") !== said) button.setAttribute("aria-label", said);
      }
    }

    return { show, name, described };
  }

  /** @param {HTMLElement} grid @param {Unit} unit @returns {Cell} */
  function makeCell(grid, unit) {
    const button = /** @type {HTMLButtonElement} */ (make("button", "lab-unit", grid));
    button.type = "button";
    button.setAttribute("aria-label", words.unitName(unit));
    button.setAttribute("aria-pressed", "false");
    button.dataset.unit = `${unit.layer}.${unit.unit}`;
    const map = unit.kind === "conv";
    const canvas = map ? /** @type {HTMLCanvasElement} */ (make("canvas", "lab-pixels", button)) : null;
    const fill = map ? null : make("span", "lab-fill", button);
    const tick = map ? null : make("span", "lab-tick", button);
    if (tick) tick.hidden = true;
    return { button, unit, fill, tick, canvas, mark: make("span", "lab-scaled", button) };
  }

  /** @param {Cell} cell @param {Reading | null} reading @param {Reading | null} previous @param {number} top */
  function showBar({ fill, tick, unit }, reading, previous, top) {
    if (!fill || !tick) return;
    const now = reading ? height(activation(reading, unit), top) : 0;
    const then = reading && previous ? height(activation(previous, unit), top) : now;
    fill.style.transform = `scaleY(${now.toFixed(3)})`;
    tick.hidden = Math.abs(now - then) < 0.02;
    tick.style.bottom = `${(100 * then).toFixed(0)}%`;
  }

  /** @param {HTMLCanvasElement} canvas @param {Reading | null} reading @param {Unit} unit @param {number} top */
  function showMap(canvas, reading, unit, top) {
    const side = reading ? (reading.shapes.get(`${unit.layer}.post`) ?? [0, 1])[1] : 1;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    InsideMNIST.paint.heat(canvas, reading ? mapOf(reading, unit) : new Float32Array(1), top);
  }

  /** @param {Cell} cell @param {number} scale */
  function showScale({ button, mark }, scale) {
    const text = scale === 1 ? "" : scale === 0 ? "off" : `\u00d7${words.shortScale(scale)}`;
    if (mark.textContent === text) return;
    mark.textContent = text;
    button.setAttribute("aria-pressed", String(scale === 0));
    button.classList.toggle("is-off", scale === 0);
    button.classList.toggle("is-scaled", scale !== 0 && scale !== 1);
  }

  /** @param {Reading} reading @param {Unit} unit @returns {Float32Array} the unit's activations after the ReLU */
  function mapOf(reading, { layer, unit }) {
    const post = /** @type {Float32Array} */ (reading.hooks.get(`${layer}.post`));
    const area = post.length / (reading.shapes.get(`${layer}.post`) ?? [1])[0];
    return post.subarray(unit * area, (unit + 1) * area);
  }

  /** @param {Reading} reading @param {Unit} unit @returns {number} of a channel, its largest */
  function activation(reading, unit) {
    return mapOf(reading, unit).reduce((most, value) => Math.max(most, value), 0);
  }

  /** @param {number} value @param {number} top */
  function height(value, top) {
    return Math.min(value / top, 1);
  }

  /** @param {string} tag @param {string} name @param {HTMLElement} parent @returns {HTMLElement} */
  function make(tag, name, parent) {
    const element = document.createElement(tag);
    element.className = name;
    parent.append(element);
    return element;
  }

  InsideMNIST.makeInside = makeInside;
})();
