// The digit lab: what is on the board goes through all networks of the page, and everything shows what they make of it.
//
// In: the element with [data-lab] (templates/partials/lab.html), the networks and the shelf (data/*.js), the address.
// Out: answers, insides and saliency, live; the drawing, the changed units and the saliency shown, in the address.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { state, raster, words } = InsideMNIST;

  /**
   * What is on the board: strokes, or a digit of the shelf.
   * @typedef {{strokes: Stroke[], digit: ShelfDigit | null}} Content
   */
  /** @type {Content} */
  const BLANK = { strokes: [], digit: null };

  /** @param {HTMLElement} element */
  function makeLab(element) {
    /** @type {Map<string, Network>} */
    const networks = InsideMNIST.networks();
    for (const [name, why] of InsideMNIST.unusable()) excuse(element, name, why);
    /** @type {Map<number, ShelfDigit>} */
    const digits = new Map(InsideMNIST.data.shelf.digits.map((/** @type {ShelfDigit} */ each) => [each.index, each]));
    const { names, side } = InsideMNIST.data.shelf.set; // of the data set: its classes and the side of its images
    const scales = InsideMNIST.makeScales(networks);
    /** @type {Content} */
    let content = BLANK;
    /** @type {Content[]} what was on the board before, for undo */
    let past = [];
    /** @type {Set<string>} the networks whose saliency is shown */
    let salient = new Set();
    /** @type {Map<string, Answer>} by network; empty where nothing is drawn */
    let answers = new Map();
    /** @type {Map<string, Answer>} those before the last change */
    let before = new Map();
    let waiting = false; // for the next frame

    const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`[data-${name}]`));
    const live = part("live");
    const seen = /** @type {HTMLCanvasElement} */ (part("seen"));
    const picture = /** @type {HTMLCanvasElement} */ (part("test-digit"));
    const open = /** @type {HTMLDetailsElement | null} */ (part("open"));

    const board = InsideMNIST.makeBoard(part("board"), {
      onstart() {
        begin();
        remember();
        if (content.digit) board.set([]);
      },
      ondraw() {
        content = { strokes: board.strokes(), digit: null };
        refresh();
      },
      onend: () => done(),
      onsay: (/** @type {string} */ text) => (live.textContent = text),
      onundo: undo,
      onclear: () => put(BLANK),
    });
    part("undo").addEventListener("click", undo);
    part("clear").addEventListener("click", () => put(BLANK));
    const shelf = InsideMNIST.makeShelf(part("shelf"), (/** @type {number} */ index) => {
      put({ strokes: [], digit: digits.get(index) ?? null });
    });
    const changes = InsideMNIST.makeChanges(part("inside"), { onreset: reset });
    const chosen = InsideMNIST.makeChosen(part("chosen"), {
      portraits: element.dataset.portraits ?? null,
      onscale: scale,
      ondone: () => done(),
    });

    /** @type {Map<string, {show: Function, showSaliency: Function}>} */
    const cards = new Map();
    /** @type {Map<string, {show: Function, name: Function}>} */
    const insides = new Map();
    for (const name of networks.keys()) {
      const card = /** @type {HTMLElement | null} */ (element.querySelector(`[data-answer="${name}"]`));
      if (!card) continue;
      cards.set(name, InsideMNIST.makeAnswer(card, { names, onsaliency: (/** @type {boolean} */ on) => showSaliency(name, on) }));
    }
    open?.addEventListener("toggle", () => done({ push: false }));

    /** Builds the insides when they are first looked at. */
    function makeInsides() {
      const calls = { onchoose: choose, onscale: scale, ondone: () => done(), scaleOf: scales.of };
      for (const [name, network] of networks) {
        const inside = /** @type {HTMLElement | null} */ (element.querySelector(`[data-network="${name}"]`));
        const tall = InsideMNIST.data.shelf.tall[name] ?? {};
        if (inside) insides.set(name, InsideMNIST.makeInside(inside, network, tall, calls));
      }
    }

    // What the reader does

    let changing = false;

    /** A change begins: what is shown now is what the new answers are compared with. */
    function begin() {
      if (changing) return;
      changing = true;
      before = answers;
    }

    /** A change is made. @param {{push?: boolean}} [options] */
    function done({ push = true } = {}) {
      changing = false;
      compute();
      for (const inside of insides.values()) inside.name();
      live.textContent = part("verdict").textContent;
      if (push) write();
    }

    function remember() {
      past = [...past.slice(-99), content];
    }

    /** @param {Content} next replaces what is on the board */
    function put(next) {
      if (next === BLANK && isBlank(content)) return;
      begin();
      remember();
      set(next);
      done();
    }

    function undo() {
      const last = past.pop() ?? { strokes: content.strokes.slice(0, -1), digit: null };
      if (isBlank(content) && isBlank(last)) return;
      begin();
      set(last);
      done();
    }

    /** @param {Content} next */
    function set(next) {
      content = next;
      board.set(next.strokes);
    }

    /** @param {Unit} unit */
    function choose(unit) {
      chosen.choose(unit, scales.of(unit));
    }

    /** @param {Unit} unit @param {number} factor */
    function scale(unit, factor) {
      begin();
      scales.set(unit, factor);
      choose(unit);
      refresh();
    }

    /** @param {Unit | null} unit null: all */
    function reset(unit) {
      begin();
      if (unit) scales.set(unit, 1);
      else scales.setAll("");
      const kept = chosen.unit();
      if (kept) choose(kept);
      done();
      part("changes").parentElement?.focus(); // the button that was pressed is gone
    }

    /** @param {string} name @param {boolean} on */
    function showSaliency(name, on) {
      if (on) salient.add(name);
      else salient.delete(name);
      compute();
      write();
    }

    // What the page shows

    function refresh() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        if (waiting) compute();
      });
    }

    /** Runs the networks and shows what they make of the board. */
    function compute() {
      waiting = false;
      const levels = content.digit ? bytes(content.digit.pixels) : raster.toImage(content.strokes, side);
      const pixels = levels ? Float32Array.from(levels, (level) => level / 255) : null;
      answers = pixels ? read(pixels) : new Map();
      showBoard(levels);
      if (insides.size === 0 && (!open || open.open)) makeInsides();
      for (const name of cards.keys()) showNetwork(name, levels, pixels);
      changes.show(scales.list(), scales.text());
    }

    /** @param {Float32Array} pixels @returns {Map<string, Answer>} */
    function read(pixels) {
      const found = new Map();
      for (const [name, network] of networks) {
        const reading = InsideMNIST.forward(network, pixels, { scales: scales.factors(network) });
        found.set(name, { digit: largest(reading.logits), reading });
      }
      return found;
    }

    /** @param {string} name @param {Uint8Array | null} levels @param {Float32Array | null} pixels */
    function showNetwork(name, levels, pixels) {
      const network = /** @type {Network} */ (networks.get(name));
      const [answer, last] = [answers.get(name) ?? null, before.get(name) ?? null];
      cards.get(name)?.show(answer, last);
      const target = { hook: "logits", index: answer?.digit ?? 0 };
      const options = { scales: scales.factors(network), target };
      const gradient = pixels && (() => InsideMNIST.gradient(network, pixels, options));
      cards.get(name)?.showSaliency(salient.has(name), levels, gradient);
      const aside = element.querySelector(`[data-aside="${name}"]`);
      if (aside) aside.textContent = answer ? `${names[answer.digit]}, ${words.share(surety(answer))}` : "\u2013";
      if (!open || open.open) insides.get(name)?.show(answer?.reading ?? null, last?.reading ?? null);
    }

    /** @param {Uint8Array | null} levels */
    function showBoard(levels) {
      const { digit } = content;
      InsideMNIST.paint.grey(seen, levels);
      picture.hidden = !digit;
      if (digit && levels) InsideMNIST.paint.grey(picture, levels);
      part("invite").hidden = !isBlank(content);
      shelf.mark(digit?.index ?? null);
      const what = digit ? `test image ${digit.index}, labelled ${names[digit.label]}` : "your drawing";
      seen.setAttribute("aria-label", `What the networks see: ${levels ? what : "nothing yet"}`);
      part("verdict").textContent = levels ? told(digit) : "Nothing drawn: the networks have nothing to read.";
      element.classList.toggle("is-blank", !levels);
    }

    /** @param {ShelfDigit | null} digit */
    function told(digit) {
      const label = digit ? `${words.capital(words.called(names[digit.label]))} by its label, test image ${digit.index}. ` : "";
      const said = words.verdict([...answers.values()].map((answer) => names[answer.digit]));
      return label + said + words.changed(scales.list().length);
    }

    // The address

    state.declare({
      strokes: (/** @type {string} */ text) => raster.decode(text) !== null,
      digit: (/** @type {string} */ text) => /^\d{1,6}$/.test(text) && digits.has(Number(text)),
      scale: (/** @type {string} */ text) => scales.parse(text) !== null,
      saliency: (/** @type {string} */ text) => text.split(",").every((name) => networks.has(name)),
    });

    function write() {
      const { strokes, digit } = content;
      const told = {
        strokes: digit || strokes.length === 0 ? null : raster.encode(strokes),
        digit: digit ? String(digit.index) : null,
        scale: scales.text() || null,
        saliency: [...salient].join(",") || null,
      };
      state.write(told, { push: true });
      tellLinks();
    }

    /** @param {Map<string, string>} values */
    function restore(values) {
      changing = false;
      before = new Map();
      const digit = digits.get(Number(values.get("digit") ?? NaN)) ?? null;
      set({ strokes: digit ? [] : (raster.decode(values.get("strokes") ?? "") ?? []), digit });
      scales.setAll(values.get("scale"));
      if (open && scales.list().length > 0) open.open = true; // what is in force is in sight
      salient = new Set((values.get("saliency") ?? "").split(",").filter(Boolean));
      const kept = chosen.unit();
      if (kept) choose(kept);
      done({ push: false });
      tellLinks();
    }

    /** Links to the lab's own page take along what is on this one. */
    function tellLinks() {
      for (const link of element.querySelectorAll("a[data-lab-link]")) {
        const [page] = (link.getAttribute("href") ?? "").split("#");
        link.setAttribute("href", page + location.hash);
      }
    }

    state.onchange((/** @type {Map<string, string>} */ values) => {
      past = [];
      restore(values);
    });
    restore(state.read());
    const beginning = digits.get(Number(element.dataset.begin ?? NaN));
    if (beginning && isBlank(content)) {
      set({ strokes: [], digit: beginning }); // nothing that the reader did: it is in no address, and nothing to undo
      done({ push: false });
    }
  }

  /**
   * Where the panels of a network would be, one line says why they are not.
   * @param {HTMLElement} element
   * @param {string} name
   * @param {string} why
   */
  function excuse(element, name, why) {
    for (const panel of element.querySelectorAll(`[data-answer="${name}"], [data-network="${name}"]`)) {
      const title = panel.querySelector(".lab-name");
      const line = document.createElement("p");
      line.className = "lab-note";
      line.textContent = why;
      panel.replaceChildren(...(title ? [title] : []), line);
    }
  }

  /** @param {Content} content */
  function isBlank({ strokes, digit }) {
    return !digit && strokes.length === 0;
  }

  /** @param {Answer} answer @returns {number} the probability of the digit that it names */
  function surety({ digit, reading }) {
    return reading.probabilities[digit];
  }

  /** @param {Float32Array} values @returns {number} the place of the largest */
  function largest(values) {
    return values.reduce((best, value, place) => (value > values[best] ? place : best), 0);
  }

  /** @param {string} text base64 @returns {Uint8Array} */
  function bytes(text) {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  }

  for (const element of document.querySelectorAll("[data-lab]")) makeLab(/** @type {HTMLElement} */ (element));
})();
