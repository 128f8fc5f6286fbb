// One network's map on the page: its heading, canvas, zoom buttons and the line that says what the network answers.
//
// In: a network, its places (data.js) and the reader's choices (state.js). Out: a panel that draws itself when
// something has changed, and moves its images from one map to the next.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};
  const { element } = lab;

  /** @param {number} number @returns {string} "2,000", as in the text of the pages */
  function grouped(number) {
    return number.toLocaleString("en-GB");
  }

  /** @param {number} percent rounded down @returns {string} */
  function sure(percent) {
    return percent >= 99 ? "over 99\u202f%" : `${percent}\u202f%`;
  }

  /** @param {number} epoch @returns {string} */
  function epochName(epoch) {
    return epoch === 0 ? "untrained" : `epoch ${epoch}`;
  }

  class Panel {
    /**
     * @param {MapNetwork} network
     * @param {MapPlaces} data
     * @param {HTMLImageElement} sheet
     */
    constructor(network, data, sheet) {
      const shared = /** @type {MapShared} */ (lab.map.shared());
      this.network = network;
      this.data = data;
      this.labels = shared.labels;
      this.names = shared.set.names;
      this.title = element("h2", { className: "map-title", "data-condition": network.name });
      this.note = element("p", { className: "map-note" });
      this.next = element("button", {
        type: "button", className: "map-next", textContent: "Next misreading", "aria-label": `Next misreading: ${network.title}`,
      });
      this.answer = element("p", { className: "map-answer" });
      this.canvas = element("canvas", {
        className: "map-canvas", tabIndex: 0, role: "application", "aria-roledescription": "map", "aria-describedby": "map-keys",
      });
      this.root = element("section", { className: "map-panel" },
        element("header", { className: "map-head" }, this.title, this._zoomButtons()),
        element("div", { className: "map-frame" }, this.canvas),
        element("div", { className: "map-foot" }, this.note, this.next), this.answer);
      this.painter = new lab.map.Painter(this.canvas, sheet, shared.columns);
      /** @type {MapScene} */
      this.scene = {
        places: new Float32Array(2 * shared.count), centres: new Float32Array(2 * shared.set.names.length), style: new Uint8Array(shared.count),
        faint: new Uint8Array(shared.count), ring: new Uint8Array(shared.count), above: new Uint8Array(shared.count),
        answers: new Uint8Array(shared.count), marked: -1, nearby: [], line: [], numerals: true,
      };
      this.shown = new Uint8Array(shared.count).fill(1); // 1: of a class that is not filtered out
      this.wrong = 0;
      this.many = false; // whether more is misread than can be marked
      /** @type {MapLayer | undefined} */
      this.layer = undefined;
      this.epoch = 0;
      this.isLast = false; // whether that is the end of training
      /** @type {{from: Float32Array[], to: Float32Array[], began: number, lasts: number, linear: boolean} | null} */
      this.moving = null;
      this.waiting = false;
      /** @type {WeakMap<Float32Array, Float32Array>} */
      this.centres = new WeakMap();
      /** @type {Float32Array | undefined} the places of the map shown, to which images may yet be moving */
      this.target = undefined;
    }

    _zoomButtons() {
      const button = (/** @type {string} */ sign, /** @type {string} */ name, /** @type {() => void} */ act) => {
        const made = element("button", { type: "button", textContent: sign, "aria-label": `${name}: ${this.network.title}`, title: name });
        made.addEventListener("click", () => {
          act();
          this.paint();
        });
        return made;
      };
      return element("div", { className: "map-zoom" },
        button("\u2212", "Zoom out", () => this.painter.zoom(1 / 1.6)),
        button("+", "Zoom in", () => this.painter.zoom(1.6)),
        button("Fit", "Fit the whole map", () => this.painter.zoom(0)));
    }

    /**
     * Takes up the reader's choices.
     * @param {MapState} state
     * @param {{lasts?: number, linear?: boolean}} [motion] milliseconds in which images move to their places
     * @returns {boolean} whether this network has such a layer
     */
    choose(state, motion = {}) {
      const layer = /** @type {MapLayer | undefined} */ (lab.map.layerAt(this.network, state.depth));
      const has = layer !== undefined && state.method in layer.epochs;
      this.root.hidden = !has;
      if (!has) return false;
      const epochs = layer.epochs[state.method];
      const at = lab.map.closest(epochs, state.epoch);
      this.layer = layer;
      this.epoch = epochs[at];
      this.isLast = this.epoch === this.data.answers.length - 1;
      const answers = this.data.answers[this.epoch];
      this._styles(state, answers);
      this._move(this.data.frames(layer.name, state.method)[at], motion);
      this.title.textContent = `${this.network.title} \u00b7 ${layer.title}`;
      const many = state.rings !== "off" && this.many ? ", too many to be marked" : "";
      this.note.textContent = `${epochName(this.epoch)}: ${grouped(this.wrong)} of ${grouped(this._count())} misread${many}`;
      this.next.disabled = this.wrong === 0;
      this.canvas.setAttribute("aria-label", `${this.network.title}, ${layer.title}, ${epochName(this.epoch)}`);
      return true;
    }

    /** @returns {number} images of the classes that are shown */
    _count() {
      return this.shown.reduce((sum, each) => sum + each, 0);
    }

    /** @param {MapState} state @param {Uint8Array} answers */
    _styles(state, answers) {
      const { style, faint, ring, above } = this.scene;
      this.scene.answers = answers;
      this.wrong = 0;
      for (let image = 0; image < style.length; image += 1) {
        const right = answers[image] === this.labels[image];
        const shown = state.digits[this.labels[image]];
        if (state.colour === "digit") style[image] = this.labels[image];
        else if (state.colour === "answer") style[image] = answers[image];
        else style[image] = this.names.length + Number(!right); // behind the classes, see draw.js
        this.shown[image] = Number(shown);
        faint[image] = Number(!shown || (state.picked.size > 0 && !state.picked.has(image)));
        ring[image] = Number(state.rings === "on" && !right);
        above[image] = Number(state.rings === "above" && !right && !faint[image]);
        this.wrong += Number(shown && !right);
      }
      this.many = this.wrong > style.length / 4; // an untrained network: rings would hide the map
      if (this.many) for (const marks of [ring, above]) marks.fill(0);
      this.scene.numerals = !above.includes(1); // they would hide what each is read as
      if (!this.scene.numerals) faint.forEach((_, image) => { faint[image] = 1 - above[image]; });
    }

    /** @param {Float32Array} target @param {{lasts?: number, linear?: boolean}} motion */
    _move(target, { lasts = 0, linear = false }) {
      const centres = this.centres.get(target) || lab.map.centres(target, this.labels);
      this.centres.set(target, centres);
      if (lasts && this.target) {
        const from = [this.scene.places.slice(), this.scene.centres.slice()];
        this.moving = { from, to: [target, centres], began: -1, lasts, linear };
      } else {
        this.moving = null;
        this.scene.places.set(target);
        this.scene.centres.set(centres);
      }
      this.target = target;
      this.paint();
    }

    /** Asks for the panel to be drawn before the next frame. */
    paint() {
      if (this.waiting) return;
      this.waiting = true;
      requestAnimationFrame((now) => {
        this.waiting = false;
        this._step(now);
        if (!this.root.hidden) this.painter.draw(this.scene);
        if (this.moving) this.paint();
      });
    }

    /** @param {number} now moves the images on */
    _step(now) {
      const { moving, scene } = this;
      if (!moving) return;
      if (moving.began < 0) moving.began = now;
      const passed = Math.min(1, (now - moving.began) / moving.lasts);
      const share = moving.linear ? passed : passed * passed * (3 - 2 * passed);
      mixed(scene.places, moving.from[0], moving.to[0], share);
      mixed(scene.centres, moving.from[1], moving.to[1], share);
      if (passed >= 1) this.moving = null;
    }

    /** Takes up the page's size and colours. */
    refresh() {
      if (this.root.hidden) return;
      this.painter.refresh();
      this.paint();
    }

    /** @param {number} image marked, or -1 @param {boolean} [seek] whether to bring it into sight */
    mark(image, seek = false) {
      const { scene } = this;
      scene.marked = image;
      scene.nearby = this.isLast ? this.nearby(image) : [];
      if (image >= 0 && seek) this.painter.show(scene.places[2 * image], scene.places[2 * image + 1]);
      this.answer.textContent = image < 0 ? "" : this.says(image);
      this.answer.dataset.right = image < 0 ? "" : String(this.data.answers[this.epoch][image] === this.labels[image]);
      this.paint();
    }

    /** @param {number} image or -1 @returns {number[]} the images nearest to it in the layer's own space, at the end of training */
    nearby(image) {
      return image < 0 || !this.layer ? [] : this.data.nearby(this.layer.name, image);
    }

    /** @param {number} image @returns {string} what the network answers at the epoch shown */
    says(image) {
      const answer = this.data.answers[this.epoch][image];
      const verdict = answer === this.labels[image] ? "right" : `wrong, it is ${called(this.names[this.labels[image]])}`;
      return `reads ${this.names[answer]}, ${sure(this.data.confidence[this.epoch][image])} (${verdict})`;
    }
  }

  /** @param {string} name of a class @returns {string} "a 7", "circle" */
  function called(name) {
    return /^\d+$/.test(name) ? `a ${name}` : name;
  }

  /** @param {Float32Array} into @param {Float32Array} from @param {Float32Array} to @param {number} share */
  function mixed(into, from, to, share) {
    for (let at = 0; at < into.length; at += 1) into[at] = from[at] + share * (to[at] - from[at]);
  }

  Object.assign(lab.map, { Panel, grouped, sure, epochName });
})();
