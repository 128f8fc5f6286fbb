// The inside of a network: a bar for every hidden unit, a small image for every channel; each can be chosen by a click,
// and scaled by dragging it sideways, or by keys.
//
// In: the element of one network's inside, the network, its readings and what is done to its units. Out: the element
// shows them, and the reader's wishes are handed on: `onscale` while one is made, `ondone` when it is made.

/**
 * @typedef {Object} UnitCalls
 * @property {HTMLElement} readout one line for the unit that is pointed at
 * @property {(unit: Unit) => void} onchoose
 * @property {(unit: Unit, setting: Setting) => void} onscale
 * @property {() => void} ondone
 * @property {(unit: Unit) => Setting} settingOf
 * @property {(unit: Unit) => string} calledOf what it does, "zeros and sixes"
 */
/** @typedef {{button: HTMLButtonElement, unit: Unit, fill: HTMLElement | null, tick: HTMLElement | null, canvas: HTMLCanvasElement | null, mark: HTMLElement}} Cell */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { words } = InsideMNIST;
  const { mapOf } = InsideMNIST.arithmetic;
  const MOST = 3; // the largest scale
  const STEP = 0.1;
  const WAY = 50; // pixels of dragging for a scale of 1
  const FEW = 8; // channels of a layer that are shown larger
  const STILL = 5; // pixels within which a drag is still a click

  /**
   * Builds the cells of all hidden layers of a network.
   * @param {HTMLElement} element
   * @param {Network} network
   * @param {Object<string, number>} tall {layer: the activation that is drawn at full height}
   * @param {UnitCalls} calls
   */
  function makeInside(element, network, tall, calls) {
    const { readout } = calls;
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
      grid.classList.toggle("is-few", layer.units <= FEW);
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
      });
      button.addEventListener("keydown", (event) => {
        const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
        const turn = { ArrowUp: STEP, ArrowDown: -STEP, PageUp: 0.5, PageDown: -0.5 }[event.key] ?? 0;
        const off = event.key === "Delete" || event.key === "Backspace";
        if (event.altKey || event.ctrlKey || event.metaKey || (way === 0 && turn === 0 && !off)) return;
        event.preventDefault();
        if (way) row[(place + way + row.length) % row.length].button.focus();
        else if (off) event.repeat || calls.onscale(unit, calls.settingOf(unit) === 0 ? 1 : 0);
        else set(unit, factor(calls.settingOf(unit)) + turn);
      });
      button.addEventListener("keyup", (event) => /Arrow(Up|Down)|Page|Delete|Backspace/.test(event.key) && calls.ondone());
      drag(cell);
    }

    /** Dragging sideways scales; a press without dragging chooses. @param {Cell} cell */
    function drag({ button, unit }) {
      /** @type {{id: number, x: number, setting: Setting, moved: boolean} | null} */
      let held = null;
      let dragged = false; // swallows the click that ends a drag
      button.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        held = { id: event.pointerId, x: event.clientX, setting: calls.settingOf(unit), moved: false };
        dragged = false;
        button.setPointerCapture(event.pointerId);
      });
      button.addEventListener("pointermove", (event) => {
        if (!held || event.pointerId !== held.id) return;
        const way = event.clientX - held.x;
        held.moved ||= Math.abs(way) > STILL;
        if (held.moved) set(unit, factor(held.setting) + way / WAY);
      });
      button.addEventListener("pointerup", () => {
        dragged = held?.moved ?? false;
        held = null;
        if (dragged) calls.ondone();
      });
      button.addEventListener("pointercancel", () => {
        if (held?.moved) {
          calls.onscale(unit, held.setting); // the browser took the finger's movement for scrolling
          calls.ondone();
        }
        held = null;
      });
      button.addEventListener("click", () => {
        if (dragged) return void (dragged = false);
        calls.onchoose(unit);
      });
    }

    /** @param {Unit} unit @param {number} scale */
    function set(unit, scale) {
      calls.onscale(unit, Math.round(Math.min(Math.max(scale, 0), MOST) / STEP) / Math.round(1 / STEP));
    }

    /** Says in words what a cell shows. @param {Cell} cell */
    function tell({ unit }) {
      readout.textContent = `${words.capital(described(unit, true))}. ${network.title}`;
      readout.dataset.told = `${unit.condition}.${unit.layer}.${unit.unit}`;
    }

    /**
     * @param {Unit} unit
     * @param {boolean} [brief] in one line, for those who see it
     * @returns {string} "unit 7 of hidden 2, activation 3.1, before 2.4, zeros and sixes, scaled by 2"
     */
    function described(unit, brief = false) {
      const setting = calls.settingOf(unit);
      const called = calls.calledOf(unit);
      const said = [brief ? [words.briefName(unit), called].filter(Boolean).join(" \u00b7 ") : words.unitName(unit)];
      if (shown) {
        const [now, then] = [activation(shown, unit), before ? activation(before, unit) : null];
        const was = then !== null && Math.abs(now - then) >= 0.05 ? `, ${brief ? "was" : "before"} ${words.number(then, 1)}` : "";
        const what = unit.kind === "linear" ? "activation" : brief ? "up to" : "largest activation";
        said.push(`${what} ${words.number(now, 1)}${was}`);
      }
      if (called && !brief) said.push(called);
      if (setting !== 1) said.push(words.scaleWords(setting));
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
        showSetting(cell, calls.settingOf(cell.unit));
      }
      const told = cells.find(({ unit }) => `${unit.condition}.${unit.layer}.${unit.unit}` === readout.dataset.told);
      if (told) tell(told);
    }

    /** Gives every cell its name for those who hear it; done when the drawing rests. */
    function name() {
      for (const { button, unit } of cells) {
        const said = described(unit);
        if (button.getAttribute("aria-label") !== said) button.setAttribute("aria-label", said);
      }
    }

    /** @param {Unit | null} chosen */
    function mark(chosen) {
      for (const { button, unit } of cells) {
        const is = chosen !== null && unit.layer === chosen.layer && unit.unit === chosen.unit;
        button.setAttribute("aria-pressed", String(is && unit.condition === chosen.condition));
      }
    }

    return { show, name, mark };
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
    const map = reading ? mapOf(reading, unit) : new Float32Array(1);
    const side = Math.round(Math.sqrt(map.length));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    InsideMNIST.paint.heat(canvas, map, top);
  }

  /** @param {Cell} cell @param {Setting} setting */
  function showSetting({ button, mark }, setting) {
    const text = setting === 1 ? "" : setting === 0 ? "off" : setting === "mean" ? "mean" : `\u00d7${words.shortScale(setting)}`;
    if (mark.textContent === text) return;
    mark.textContent = text;
    button.classList.toggle("is-off", setting === 0);
    button.classList.toggle("is-scaled", setting !== 0 && setting !== 1);
  }

  /** @param {Setting} setting @returns {number} from where the reader scales on */
  function factor(setting) {
    return setting === "mean" ? 1 : setting;
  }

  /** @param {Reading} reading @param {Unit} unit @returns {number} of a channel, its largest */
  function activation(reading, unit) {
    return Math.max(0, ...mapOf(reading, unit));
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
