// The neighbours of the marked image in each layer's own space, as pictures; each leads on to its own neighbours.
//
// In: the panels, the marked image. Out: a row of buttons for each panel. What is near is told by data/map-<network>.js.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  const TILE = 28; // CSS pixels of a picture

  class Nearby {
    /** @param {{painter: () => any, panels: () => any[], keep: (image: number) => void}} deeds */
    constructor(deeds) {
      this.deeds = deeds;
      this.shared = /** @type {MapShared} */ (lab.map.shared());
      this.root = lab.element("div", { className: "map-nearby" });
    }

    /** @param {number} image or -1 */
    show(image) {
      const rows = image < 0 ? [] : this.deeds.panels().map((panel) => this.row(panel, image));
      const title = lab.element("h3", { className: "map-name", textContent: "Nearest to it in the layer\u2019s own space" });
      const found = rows.flatMap((row) => (row ? [row] : []));
      this.root.replaceChildren(...(found.length ? [title, ...found] : []));
    }

    /** @param {any} panel @param {number} image @returns {HTMLElement | undefined} nothing where it has no neighbours */
    row(panel, image) {
      const images = /** @type {number[]} */ (panel.nearby(image));
      if (!images.length) return undefined;
      const { labels, set } = this.shared;
      const alike = images.filter((each) => labels[each] === labels[image]).length;
      const name = `${panel.network.title} \u00b7 ${panel.layer.title}`;
      const when = panel.isLast ? "" : ", at the end of training";
      return lab.element("div", { role: "group", "aria-label": `Nearest in ${name}` },
        lab.element("p", { className: "map-note", textContent: `${name}${when}: ${alike} of ${images.length} of the same ${set.kind}` }),
        lab.element("div", { className: "map-options" }, ...images.map((each) => this.button(each))));
    }

    /** @param {HTMLElement} from the button @param {number} image to be marked next; the keyboard stays in that row */
    follow(from, image) {
      const row = [...this.root.children].indexOf(/** @type {Element} */ (from.closest("[role=group]")));
      this.deeds.keep(image);
      this.root.children[row]?.querySelector("button")?.focus({ preventScroll: true });
    }

    /** @param {number} image @returns {HTMLElement} */
    button(image) {
      const { labels, index, set } = this.shared;
      const picture = lab.element("canvas", { width: 2 * TILE, height: 2 * TILE, "aria-hidden": "true" });
      this.deeds.painter().digit(picture.getContext("2d"), image, 0, 0, 2 * TILE);
      const name = `${lab.map.called(set.names[labels[image]], "a")}: test image ${lab.map.grouped(index[image])}`;
      const made = lab.element("button", { type: "button", className: `map-near c${labels[image]}`, title: name, "aria-label": `Mark ${name}` }, picture);
      made.addEventListener("click", () => this.follow(made, image));
      return made;
    }
  }

  Object.assign(lab.map, { Nearby });
})();
