// Beside the maps: the marked image and what all networks answer, the picked images, and the map in numbers.
//
// In: the marked image, the picked ones, the panels. Out: text and small pictures; what is new is told to screen readers.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const MOST = 60; // picked images whose pictures are shown
  const TILE = 28; // CSS pixels of each

  /** @param {(Node | string)[][]} rows the first one the heading, the first cell of each row its name @param {string} caption @returns {HTMLElement} */
  function table(rows, caption) {
    const { element } = lab;
    const row = (/** @type {(Node | string)[]} */ cells, /** @type {boolean} */ head) => element("tr", {}, ...cells.map((cell, at) => {
      if (head) return element("th", { scope: "col" }, cell);
      return at ? element("td", {}, cell) : element("th", { scope: "row" }, cell);
    }));
    const body = rows.slice(1).map((cells) => row(cells, false));
    return element("div", { className: "scroll map-scroll", tabIndex: 0, role: "group", "aria-label": caption },
      element("table", {}, element("caption", { className: "unseen", textContent: caption }),
        element("thead", {}, row(rows[0], true)), element("tbody", {}, ...body)));
  }

  /** @param {number} side in CSS pixels @param {number} [height] @returns {HTMLCanvasElement} */
  function canvas(side, height = side) {
    const made = lab.element("canvas", { width: side * 2, height: height * 2 });
    made.style.width = `${side}px`;
    made.style.height = `${height}px`;
    return made;
  }

  class Detail {
    /** @param {HTMLElement} host @param {{painter: () => any, panels: () => any[], pick: (images: number[], add: boolean) => void, keep: (image: number) => void}} deeds */
    constructor(host, deeds) {
      const { element } = lab;
      this.deeds = deeds;
      this.shelf = new Set((host.closest("[data-shelf]")?.getAttribute("data-shelf") ?? "").split(" ").filter(Boolean).map(Number));
      this.shared = /** @type {MapShared} */ (lab.map.shared());
      const { noun, plural } = this.shared.set;
      this.none = `No ${noun} marked`;
      this.status = element("p", { className: "unseen", role: "status" });
      this.picture = canvas(84);
      this.picture.className = "map-digit-picture";
      this.picture.setAttribute("aria-hidden", "true");
      this.name = element("h2", { className: "map-name", textContent: this.none });
      this.body = element("div", { className: "map-answers" });
      this.nearby = new lab.map.Nearby(deeds);
      const card = element("section", { className: "map-card", "aria-label": `The marked ${noun}` },
        element("div", { className: "map-who" }, this.picture, this.name), this.body, this.nearby.root);
      this.count = element("p", { className: "map-count" });
      this.strip = element("div", { className: "map-strip" });
      this.pickOne = this.button(`Pick the marked ${noun}`, () => deeds.pick([this.marked], true));
      this.pickNear = this.button(`Pick it and its ${lab.map.NEIGHBOURS} nearest on the map`, () => deeds.pick(this.around(), true));
      this.clear = this.button("Clear", () => deeds.pick([], false));
      const picked = element("section", { className: "map-card", "aria-label": `Picked ${plural}` },
        element("h2", { className: "map-name", textContent: `Picked ${plural}` }), this.count,
        element("div", { className: "map-options" }, this.pickOne, this.pickNear, this.clear), this.strip);
      this.numbers = element("div", {});
      this.more = element("details", { className: "map-numbers" }, element("summary", { textContent: "The map in numbers" }), this.numbers);
      this.more.addEventListener("toggle", () => this.measure());
      host.append(this.status, element("div", { className: "map-cards" }, card, picked), this.more);
      this.marked = -1;
    }

    /** @param {string} text @param {() => void} act */
    button(text, act) {
      const made = lab.element("button", { type: "button", className: "map-button", textContent: text });
      made.addEventListener("click", act);
      return made;
    }

    /** @returns {number[]} the marked image and its neighbours in the first map */
    around() {
      const { scene, shown } = this.deeds.panels()[0];
      return lab.map.neighbours(scene.places, shown, this.marked, lab.map.NEIGHBOURS);
    }

    /** @param {number} image @returns {string} */
    title(image) {
      const name = this.shared.set.names[this.shared.labels[image]];
      return `${lab.map.called(name, "a")}: test image ${lab.map.grouped(this.shared.index[image])}`;
    }

    /** @param {number} looked the image to show, or -1 @param {number} marked the one that stays marked, or -1 */
    show(looked, marked) {
      this.marked = marked;
      this.pickOne.disabled = this.pickNear.disabled = marked < 0;
      const context = /** @type {CanvasRenderingContext2D} */ (this.picture.getContext("2d"));
      context.clearRect(0, 0, 168, 168);
      this.name.textContent = looked < 0 ? this.none : this.title(looked);
      this.nearby.show(looked);
      if (looked < 0) {
        this.body.replaceChildren(lab.element("p", { textContent: "Point at a dot, tap it, or step from dot to dot with the arrow keys." }));
        return;
      }
      this.deeds.painter().digit(context, looked, 0, 0, 168);
      const rows = this.shared.networks.map((network) => {
        const answer = network.final.answers[looked];
        const right = answer === this.shared.labels[looked];
        const told = lab.element("span", { className: right ? "map-yes" : "map-no", textContent: `${this.shared.set.names[answer]} ${right ? "right" : "wrong"}` });
        return [network.title, told, lab.map.sure(network.final.confidence[looked])];
      });
      const told = table([["Trained network", "Answer", "Probability"], ...rows], "What each network answers at the end of training");
      this.body.replaceChildren(told, ...this.toLab(this.shared.index[looked]));
    }

    /** @param {number} index in the test set @returns {HTMLElement[]} a link to the lab with that image, if it is on its shelf */
    toLab(index) {
      if (!this.shelf.has(index)) return [];
      const link = lab.element("a", { href: `lab.html#digit=${index}`, textContent: "Open it in the lab" });
      return [lab.element("p", {}, link)];
    }

    /** Tells screen readers which image is marked, and what the networks shown say of it. */
    announce() {
      if (this.marked < 0) this.status.textContent = `${this.none}.`;
      else {
        const says = this.deeds.panels().map((panel) => `${panel.network.title} ${panel.says(this.marked)}`);
        this.status.textContent = `${this.title(this.marked)}. ${says.join(". ")}.`;
      }
    }

    /** @param {Set<number>} picked */
    pickedNow(picked) {
      const { element } = lab;
      const { grouped } = lab.map;
      const { names, noun, plural, kind } = this.shared.set;
      this.clear.setAttribute("aria-disabled", String(picked.size === 0)); // not disabled: it keeps the focus
      this.strip.replaceChildren();
      if (picked.size === 0) {
        this.count.textContent = `None. Draw around dots with the lasso, or pick the marked ${noun}; picked ${plural} stand out in every map.`;
        return;
      }
      const images = [...picked].sort((a, b) => this.shared.labels[a] - this.shared.labels[b] || a - b);
      const counts = names.map(() => 0);
      for (const image of images) counts[this.shared.labels[image]] += 1;
      const told = counts.flatMap((count, label) => (count ? [`${names[label]}: ${count}`] : []));
      this.count.textContent = `${grouped(picked.size)} picked. By true ${kind} \u2013 ${told.join(", ")}.`;
      const columns = Math.max(6, Math.floor((this.strip.clientWidth || 280) / TILE));
      const shown = images.slice(0, MOST);
      const sheet = canvas(columns * TILE, Math.ceil(shown.length / columns) * TILE);
      sheet.style.height = "auto"; // on a narrower page it is scaled, not squeezed
      const context = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
      shown.forEach((image, at) => {
        this.deeds.painter().digit(context, image, (at % columns) * 2 * TILE, Math.floor(at / columns) * 2 * TILE, 2 * TILE);
      });
      sheet.setAttribute("role", "img");
      sheet.setAttribute("aria-label", images.length > MOST ? `The first ${MOST} of the picked ${plural}` : `The picked ${plural}`);
      this.strip.append(sheet);
      if (images.length > MOST) this.strip.append(element("p", { className: "map-note", textContent: `The first ${MOST} of them.` }));
    }

    /** What the maps show, as a table: it stands for them where they cannot be seen. Computed when it is opened. */
    measure() {
      if (!this.more.open) return;
      const { names, kind } = this.shared.set;
      const rows = this.deeds.panels().map((panel) => {
        const same = lab.map.sameNeighbour(panel.target, panel.shown, this.shared.labels);
        const centres = lab.map.centres(panel.target, this.shared.labels);
        return same.map((/** @type {number} */ share, /** @type {number} */ label) => [
          panel.shown.some((/** @type {number} */ each, /** @type {number} */ image) => each && this.shared.labels[image] === label)
            ? `${(100 * share).toFixed(0)}\u202f%` : "\u2013",
          names[nextTo(centres, label)] ?? "\u2013",
        ]);
      });
      const heads = this.deeds.panels().flatMap((panel) => [`${panel.title.textContent}: same ${kind} next to it`, `nearest other ${kind}`]);
      const body = names.map((name, label) => [name, ...rows.flatMap((each) => each[label])]);
      this.numbers.replaceChildren(
        lab.element("p", { textContent: `For each ${kind}: the share of its images whose nearest neighbour in the map is of the same ${kind}, and the ${kind} whose middle lies nearest to its own.` }),
        table([[lab.map.called(kind, kind), ...heads], ...body], "The map in numbers"));
    }
  }

  /** @param {Float32Array} centres (class, 2) @param {number} label @returns {number} the class whose centre is nearest, or -1 */
  function nextTo(centres, label) {
    const length = centres.length / 2;
    const there = Uint8Array.from({ length }, (_, each) => Number(each !== label && Number.isFinite(centres[2 * each])));
    return lab.map.nearest(centres, there, centres[2 * label], centres[2 * label + 1]);
  }

  Object.assign(lab.map, { Detail });
})();
