// The map: puts panels, controls and details together, and keeps them and the page's address in step.
//
// In: <div data-map> on the page, data/map.js, and the parts of the other scripts of this folder. Out: the page's map.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const MOVE = 700; // milliseconds in which images move to another map
  const STEP = { many: 420, few: 1500 }; // and to the next epoch while playing, where there are many or few

  class Atlas {
    /** @param {HTMLElement} host @param {HTMLImageElement} sheet */
    constructor(host, sheet) {
      const { element } = lab;
      host.querySelector("[data-map-wait]")?.remove();
      this.sheet = sheet;
      /** @type {Map<string, any>} panels by network; one that is made stays */
      this.panels = new Map();
      /** @type {any[]} on each of them */
      this.hands = [];
      this.state = /** @type {MapState} */ (lab.map.readState());
      this.looked = -1;
      this.tool = "point";
      this.timer = 0;
      this.changes = 0;
      this.grid = element("div", { className: "map-grid" });
      this.trouble = element("p", { className: "map-trouble", role: "alert", hidden: true });
      const above = element("div", { className: "map-controls", role: "group", "aria-label": "What the map shows" });
      const below = element("div", { className: "map-controls", role: "group", "aria-label": "How it is shown" });
      const keys = element("p", { className: "map-keys", id: "map-keys",
        textContent: "On a map: arrow keys go from dot to dot, n and p to the next and previous misreading, Enter picks, Space picks with neighbours, + and \u2212 zoom, 0 shows all, Escape lets go. A wheel zooms with Ctrl, two fingers pinch." });
      const beside = element("div", {});
      host.append(above, this.trouble, this.grid, below, keys, beside);
      this.controls = lab.map.controls(above, below, {
        change: (/** @type {Partial<MapState>} */ part, /** @type {boolean} */ push) => this.change(part, push),
        play: () => (this.timer ? this.stop() : this.play()),
        tool: (/** @type {string} */ tool) => this.take(tool),
      });
      this.detail = new lab.map.Detail(beside, {
        painter: () => this.shown()[0].painter,
        panels: () => this.shown(),
        pick: (/** @type {number[]} */ images, /** @type {boolean} */ add) => this.pick(images, add),
        keep: (/** @type {number} */ image) => this.keep(image, true),
      });
      lab.state.onchange(() => {
        this.stop();
        this.state = lab.map.readState();
        this.update(true);
      });
      new ResizeObserver(() => this.refresh()).observe(this.grid);
      new MutationObserver(() => this.refresh()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.refresh());
    }

    /** @returns {any[]} the panels on the page now */
    shown() {
      return [...this.grid.children].map((root) => [...this.panels.values()].find((panel) => panel.root === root)).filter((panel) => !panel.root.hidden);
    }

    /** @param {Partial<MapState>} part @param {boolean} push whether "back" undoes it */
    change(part, push) {
      if (this.timer && "epoch" in part) this.stop();
      const state = { ...this.state, ...part };
      state.depth = Math.min(state.depth, lab.map.depths(state.networks) - 1);
      const methods = lab.map.methods(state.networks, state.depth);
      if (!methods.includes(state.method)) state.method = methods[0];
      this.state = state;
      lab.map.writeState(state, push);
      this.update(true);
    }

    /**
     * Shows the state: fetches what is lacking, then moves every panel there.
     * @param {boolean} moving whether images move to their places or are there at once
     * @param {{lasts?: number, linear?: boolean}} [motion]
     */
    async update(moving, motion = { lasts: MOVE }) {
      const change = (this.changes += 1);
      const state = this.state;
      this.controls.sync(state, this.timer !== 0, this.tool);
      let panels;
      try {
        panels = await Promise.all(state.networks.map((name) => this.panel(name)));
      } catch (error) {
        this.trouble.textContent = `The map\u2019s data could not be read: ${/** @type {Error} */ (error).message}. The rest of the page is not affected.`;
        this.trouble.hidden = false;
        return;
      }
      if (change !== this.changes) return; // the reader has gone on
      this.trouble.hidden = true;
      const roots = panels.map((panel) => panel.root);
      if (roots.some((root, at) => this.grid.children[at] !== root) || this.grid.children.length !== roots.length) {
        for (const hands of this.hands) hands.forget();
        this.grid.replaceChildren(...roots);
      }
      for (const panel of panels) panel.choose(state, moving && !calm.matches ? motion : {});
      this.grid.dataset.panels = String(this.shown().length);
      this.refresh();
      this.mark(this.looked < 0 ? state.image : this.looked);
      this.detail.pickedNow(state.picked);
      this.detail.measure();
    }

    /** @param {string} name of a network @returns {Promise<any>} its panel */
    async panel(name) {
      const data = await lab.map.load(name);
      const found = this.panels.get(name);
      if (found) return found;
      const panel = new lab.map.Panel(lab.map.chosen([name])[0], data, this.sheet);
      this.hands.push(new lab.map.Hands(panel, {
        look: (/** @type {number} */ image) => this.look(image),
        mark: (/** @type {number} */ image, /** @type {boolean} */ keyboard) => this.keep(image, keyboard),
        pick: (/** @type {number[]} */ images, /** @type {boolean} */ add) => this.pick(images, add),
        lasso: () => this.tool === "lasso",
        marked: () => this.state.image,
        misread: (/** @type {any} */ each, /** @type {number} */ step) => this.misread(each, step),
      }));
      panel.next.addEventListener("click", () => this.misread(panel, 1));
      panel.root.dataset.tool = this.tool;
      this.panels.set(name, panel);
      return panel;
    }

    /** @param {number} image under the pointer, or -1; it is marked as long as the pointer stays */
    look(image) {
      if (image === this.looked) return;
      this.looked = image;
      this.mark(image < 0 ? this.state.image : image);
    }

    /** @param {number} image to stay marked, or -1 @param {boolean} keyboard */
    keep(image, keyboard) {
      this.looked = -1;
      this.state = { ...this.state, image };
      lab.map.writeState(this.state, !keyboard);
      this.mark(image, keyboard);
      this.detail.announce();
    }

    /** @param {number} image @param {boolean} [seek] */
    mark(image, seek = false) {
      for (const panel of this.shown()) panel.mark(image, seek);
      if (this.shown().length) this.detail.show(image, this.state.image);
    }

    /** @param {any} panel @param {number} step 1 for the next image that its network misreads, -1 for the one before */
    misread(panel, step) {
      const answers = panel.data.answers[panel.epoch];
      const wrong = [...answers.keys()].filter((image) => panel.shown[image] && answers[image] !== panel.labels[image]);
      if (!wrong.length) return;
      const after = wrong.findIndex((image) => image > this.state.image);
      const before = wrong.filter((image) => image < this.state.image).length - 1;
      const at = step > 0 ? Math.max(0, after) : before < 0 ? wrong.length - 1 : before;
      this.keep(wrong[at], true);
    }

    /** @param {number[]} images @param {boolean} add to those that are picked, or instead of them */
    pick(images, add) {
      const picked = new Set(add ? [...this.state.picked, ...images] : images);
      this.change({ picked }, true);
    }

    /** @param {string} tool "point" or "lasso" */
    take(tool) {
      this.tool = tool;
      for (const panel of this.panels.values()) panel.root.dataset.tool = tool;
    }

    /** Lets the epochs pass, from the first where the last is shown. Stops at the last. */
    play() {
      const epochs = lab.map.epochs(this.state);
      const at = lab.map.closest(epochs, this.state.epoch);
      this.pass(at === epochs.length - 1 ? 0 : at + 1, true);
    }

    /** @param {number} at the place of the epoch that is shown, and after a while the next @param {boolean} push */
    pass(at, push) {
      const epochs = lab.map.epochs(this.state);
      const lasts = epochs.length > 5 ? STEP.many : STEP.few;
      this.state = { ...this.state, epoch: epochs[at] };
      lab.map.writeState(this.state, push);
      if (at === epochs.length - 1) this.stop();
      else this.timer = window.setTimeout(() => this.pass(this.next(), false), lasts);
      this.update(true, { lasts, linear: true });
    }

    /** @returns {number} the place of the epoch after the one shown, among those of the map that is by now chosen */
    next() {
      const epochs = lab.map.epochs(this.state);
      return Math.min(lab.map.closest(epochs, this.state.epoch) + 1, epochs.length - 1);
    }

    stop() {
      window.clearTimeout(this.timer);
      this.timer = 0;
      this.controls.sync(this.state, false, this.tool);
    }

    /** Draws anew at the page's size and colours. */
    refresh() {
      for (const panel of this.shown()) panel.refresh();
    }
  }

  /** @param {HTMLElement} host */
  async function open(host) {
    lab.map.declareState();
    try {
      const atlas = new Atlas(host, await lab.map.sheet());
      await atlas.update(false);
      host.dataset.ready = "";
    } catch (error) {
      host.append(lab.element("p", { role: "alert", textContent: `The map could not be opened: ${/** @type {Error} */ (error).message}.` }));
    }
  }

  const host = /** @type {HTMLElement | null} */ (document.querySelector("[data-map]"));
  if (host) open(host);
})();
