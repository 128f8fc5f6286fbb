// The digit lab: what is on the board goes through all networks of the page, and everything shows what they make of it.
//
// In: the element with [data-lab] (templates/partials/lab.html), the networks and the shelf (data/*.js, fetched), the address.
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
  const NONE = "none"; // in an address: nothing is on the board, where something would be at first

  /** @param {HTMLElement} element */
  function makeLab(element) {
    /** @type {Map<string, Network>} */
    const networks = InsideMNIST.networks();
    for (const [name, why] of InsideMNIST.unusable()) InsideMNIST.excuse(element, name, why);
    /** @type {Map<number, ShelfDigit>} */
    const digits = new Map(InsideMNIST.data.shelf.digits.map((/** @type {ShelfDigit} */ each) => [each.index, each]));
    const { names, side } = InsideMNIST.data.shelf.set; // of the data set: its classes and the side of its images
    const { called, means } = InsideMNIST.data.shelf;
    const scales = InsideMNIST.makeScales(networks, means);
    const calledOf = (/** @type {Unit} */ { condition, layer, unit }) => called[condition]?.[layer]?.[unit] ?? "";
    const effects = InsideMNIST.makeEffects({ networks, names, scales, calledOf });
    /** @type {Content} */
    let content = BLANK;
    /** @type {Content[]} what was on the board before, for undo */
    let past = [];
    /** @type {Set<string>} the networks whose saliency is shown */
    let salient = new Set();
    /** @type {Map<string, Answer>} by network; empty where nothing is drawn */
    let answers = new Map();
    /** @type {Map<string, Answer>} those before the last stroke, which changes of units leave no trace of */
    let before = new Map();
    /** @type {Map<string, Answer>} of the networks whose units are changed: what they answer with none changed */
    let untouched = new Map();
    /** @type {Look | null} what the arithmetic is shown of */
    let look = null;
    /** @type {Float32Array | null} what is on the board, as the networks read it */
    let pixels = null;
    let waiting = false; // for the next frame
    /** @type {ShelfDigit | null} on the board where the address says nothing */
    const usual = digits.get(Number(element.dataset.begin ?? NaN)) ?? null;

    const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`[data-${name}]`));
    const live = part("live");
    const seen = /** @type {HTMLCanvasElement} */ (part("seen"));
    const picture = /** @type {HTMLCanvasElement} */ (part("test-digit"));
    const open = /** @type {HTMLDetailsElement | null} */ (part("open"));
    const heard = /** @type {HTMLElement} */ (element.querySelector(".lab-heard"));

    const board = InsideMNIST.makeBoard(part("board"), {
      onstart() {
        begin(content.digit ? new Map() : answers);
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
      InsideMNIST.bring(heard);
    });
    const changes = InsideMNIST.makeChanges(part("inside"), { onreset: reset });
    const chosen = InsideMNIST.makeChosen(part("chosen"), {
      portraits: element.dataset.portraits ?? null,
      names,
      calledOf,
      onscale: scale,
      ondone: () => done(),
    });
    const sums = InsideMNIST.makeSums(part("sums"), {
      names,
      calledOf,
      onlook: lookAt,
      onsay: (/** @type {string} */ text) => (live.textContent = text),
    });

    /** @type {Map<string, {show: Function, showSaliency: Function, mark: Function}>} */
    const cards = new Map();
    /** @type {Map<string, {show: Function}>} each network seen whole, where the insides are folded away */
    const strips = new Map();
    /** @type {Map<string, {show: Function, name: Function, mark: Function}>} */
    const insides = new Map();
    for (const [name, network] of networks) {
      const card = /** @type {HTMLElement | null} */ (element.querySelector(`[data-answer="${name}"]`));
      if (!card) continue;
      const onsaliency = (/** @type {boolean} */ on) => showSaliency(name, on);
      const onwhy = (/** @type {number | null} */ logit) => why(name, logit);
      cards.set(name, InsideMNIST.makeAnswer(card, { names, onsaliency, onwhy }));
      const strip = card.querySelector("[data-strip]");
      if (strip) strips.set(name, InsideMNIST.makeStrip(strip, network, InsideMNIST.data.shelf.tall[name] ?? {}));
    }
    open?.addEventListener("toggle", () => done({ push: false }));

    /** Builds the insides when they are first looked at. */
    function makeInsides() {
      const onchoose = (/** @type {Unit} */ unit) => lookAt({ unit, at: null });
      const calls = { readout: part("readout"), onchoose, onscale: scale, ondone: () => done(), settingOf: scales.of, calledOf };
      for (const [name, network] of networks) {
        const inside = /** @type {HTMLElement | null} */ (element.querySelector(`[data-network="${name}"]`));
        const tall = InsideMNIST.data.shelf.tall[name] ?? {};
        if (inside) insides.set(name, InsideMNIST.makeInside(inside, network, tall, calls));
      }
    }

    // What the reader does

    let changing = false;

    /** A change begins. @param {Map<string, Answer>} [last] what the new answers are compared with: none of another image */
    function begin(last = new Map()) {
      if (changing) return;
      changing = true;
      before = last;
    }

    /** A change is made. @param {{push?: boolean}} [options] */
    function done({ push = true } = {}) {
      changing = false;
      compute();
      for (const inside of insides.values()) inside.name();
      live.textContent = `${part("verdict").textContent} ${part("effect").textContent}`.trim();
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

    /** Takes a stroke back, and what it or "clear" replaced; a digit of the shelf has none. */
    function undo() {
      if (content.digit) return void (live.textContent = "There is no stroke to undo.");
      const last = past.pop() ?? { strokes: content.strokes.slice(0, -1), digit: null };
      if (isBlank(content) && isBlank(last)) return;
      begin(last.digit ? new Map() : answers);
      set(last);
      done();
    }

    /** @param {Content} next */
    function set(next) {
      content = next;
      board.set(next.strokes);
    }

    /** @param {Look} next of what the arithmetic is shown from now on; no step that "back" would take back */
    function lookAt(next) {
      const same = look && InsideMNIST.lookText({ ...look, at: null }) === InsideMNIST.lookText({ ...next, at: null });
      look = next;
      if (open) open.open = true;
      compute();
      write({ push: false });
      if (!same) live.textContent = `Chosen: ${part("chosen-name").textContent}, ${part("chosen-called").textContent}.`;
    }

    /** @param {string} name of a network @param {number | null} logit null: of its answer, less that of the next */
    function why(name, logit) {
      const { title, layers } = /** @type {Network} */ (networks.get(name));
      const [last] = layers.slice(-1);
      const answer = answers.get(name);
      const unit = { condition: name, title, layer: last.name, kind: last.kind, unit: logit ?? answer?.digit ?? 0 };
      const minus = answer && logit === null ? InsideMNIST.runnerUp(answer.reading.logits, answer.digit) : undefined;
      lookAt({ unit, at: null, minus });
      const bench = element.querySelector(".lab-bench"); // on a narrow screen no box of its own
      const panels = [bench, part("sums"), part("chosen")];
      InsideMNIST.bring(/** @type {Element} */ (panels.find((each) => each?.getClientRects().length)));
    }

    /** @param {Unit} unit @param {Setting} setting */
    function scale(unit, setting) {
      begin();
      scales.set(unit, setting);
      if (look?.unit.layer !== unit.layer || look.unit.unit !== unit.unit || look.unit.condition !== unit.condition) {
        look = { unit, at: null };
      }
      refresh();
    }

    /** @param {Unit | null} unit null: all */
    function reset(unit) {
      begin();
      if (unit) scales.set(unit, 1);
      else scales.setAll("");
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
      const levels = content.digit ? InsideMNIST.bytes(content.digit.pixels) : raster.toImage(content.strokes, side);
      pixels = levels ? Float32Array.from(levels, (level) => level / 255) : null;
      answers = pixels ? read(pixels) : new Map();
      untouched = pixels ? read(pixels, true) : new Map();
      showBoard(levels);
      if (insides.size === 0 && (!open || open.open)) makeInsides();
      const span = InsideMNIST.spanOf(answers.values());
      for (const name of cards.keys()) showNetwork(name, levels, span);
      changes.show(scales.list(), scales.text());
      part("effect").textContent = effects.told(untouched, answers);
      showLook();
    }

    function showLook() {
      const network = look && networks.get(look.unit.condition);
      const reading = look && answers.get(look.unit.condition)?.reading;
      const setting = look ? scales.of(look.unit) : 1;
      chosen.show(look, setting);
      for (const inside of insides.values()) inside.mark(look?.unit ?? null);
      const looked = look?.unit.layer === "logits" ? [look.unit.unit, look.minus] : [];
      for (const [name, card] of cards) card.mark(look?.unit.condition === name ? looked : []);
      sums.show(look, network && reading && pixels ? { network, pixels, reading, options: scales.options(network), setting } : null);
    }

    /**
     * @param {Float32Array} pixels
     * @param {boolean} [whole] those networks whose units are changed, with none changed; else all, as they are
     * @returns {Map<string, Answer>}
     */
    function read(pixels, whole = false) {
      const found = new Map();
      for (const [name, network] of networks) {
        if (whole && scales.in(name).length === 0) continue;
        const reading = InsideMNIST.forward(network, pixels, whole ? {} : scales.options(network));
        found.set(name, { digit: InsideMNIST.answerOf(reading.logits), reading });
      }
      return found;
    }

    /** @param {string} name @param {Uint8Array | null} levels @param {Span} span */
    function showNetwork(name, levels, span) {
      const network = /** @type {Network} */ (networks.get(name));
      const [answer, last] = [answers.get(name) ?? null, untouched.get(name) ?? before.get(name) ?? null];
      cards.get(name)?.show(answer, last, span);
      strips.get(name)?.show(answer?.reading ?? null);
      const options = { ...scales.options(network), target: { hook: "logits", index: answer?.digit ?? 0 } };
      const seen = pixels;
      const gradient = seen && (() => InsideMNIST.gradient(network, seen, options));
      cards.get(name)?.showSaliency(salient.has(name), levels, gradient);
      const aside = element.querySelector(`[data-aside="${name}"]`);
      if (aside) aside.textContent = answer ? names[answer.digit] : "\u2013";
      if (!open || open.open) insides.get(name)?.show(answer?.reading ?? null, last?.reading ?? null);
    }

    /** @param {Uint8Array | null} levels */
    function showBoard(levels) {
      const { digit } = content;
      InsideMNIST.paint.grey(seen, levels);
      picture.hidden = !digit;
      if (digit && levels) InsideMNIST.paint.grey(picture, levels);
      part("invite").hidden = !isBlank(content);
      part("undo").setAttribute("aria-disabled", String(digit !== null)); // not disabled: it keeps the focus
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
      return label + said;
    }

    // The address

    state.declare({
      strokes: (/** @type {string} */ text) => raster.decode(text) !== null,
      digit: (/** @type {string} */ text) => text === NONE || (/^\d{1,6}$/.test(text) && digits.has(Number(text))),
      scale: (/** @type {string} */ text) => scales.parse(text) !== null,
      look: (/** @type {string} */ text) => InsideMNIST.parseLook(text, networks) !== null,
      saliency: (/** @type {string} */ text) => text.split(",").every((name) => networks.has(name)),
    });

    /** @param {{push?: boolean}} [options] */
    function write({ push = true } = {}) {
      const { strokes, digit } = content;
      const told = {
        strokes: digit || strokes.length === 0 ? null : raster.encode(strokes),
        digit: digit ? String(digit.index) : usual && isBlank(content) ? NONE : null,
        scale: scales.text() || null,
        look: InsideMNIST.lookText(look) || null,
        saliency: [...salient].join(",") || null,
      };
      state.write(told, { push });
      tellLinks();
    }

    /** @param {Map<string, string>} values */
    function restore(values) {
      changing = false;
      before = new Map();
      const told = values.get("digit");
      const digit = told ? (digits.get(Number(told)) ?? null) : usual;
      const strokes = told ? [] : (raster.decode(values.get("strokes") ?? "") ?? []);
      set({ strokes, digit: strokes.length ? null : digit });
      scales.setAll(values.get("scale"));
      look = InsideMNIST.parseLook(values.get("look") ?? "", networks);
      if (open && (scales.list().length > 0 || look)) open.open = true; // what is in force is in sight
      salient = new Set((values.get("saliency") ?? "").split(",").filter(Boolean));
      done({ push: false });
      tellLinks();
    }

    /** Links to the lab's own page take along what is on this one. */
    function tellLinks() {
      const here = location.hash || (content.digit ? `#digit=${content.digit.index}` : "");
      for (const link of element.querySelectorAll("a[data-lab-link]")) {
        const [page] = (link.getAttribute("href") ?? "").split("#");
        link.setAttribute("href", page + here);
      }
    }

    state.onchange((/** @type {Map<string, string>} */ values) => {
      past = [];
      restore(values);
    });
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".tries a[data-state]"))) {
      InsideMNIST.leads(link, heard.parentElement ?? heard);
    }
    restore(state.read());
    element.dataset.ready = "";
  }

  /** @param {Content} content */
  function isBlank({ strokes, digit }) {
    return !digit && strokes.length === 0;
  }

  /** @returns {Promise<void>} kept when the page has been painted, in a task of its own: so it answers in between */
  function painted() {
    return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }

  /** @param {HTMLElement} element opens the lab: what it shows is fetched when the page is there */
  async function open(element) {
    await painted();
    try {
      await Promise.all(["data/networks.js", "data/shelf.js"].map(InsideMNIST.fetched));
    } catch (error) {
      const told = `The networks could not be read: ${/** @type {Error} */ (error).message}. The rest of the page is not affected.`;
      element.prepend(InsideMNIST.element("p", { role: "alert", textContent: told }));
      return;
    }
    InsideMNIST.networks(); // decoded and tried
    await painted();
    makeLab(element);
  }

  const host = /** @type {HTMLElement | null} */ (document.querySelector("[data-lab]"));
  if (host) open(host);
})();
