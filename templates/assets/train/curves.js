// A small chart of what two networks read while they learn: a line for each, and fainter those of the run before.
//
// In: points (pair.js). Out: an SVG, drawn at the size that its place on the page has; colours are the style sheet's.

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const HEIGHT = 184;
  const [LEFT, RIGHT, TOP, BOTTOM] = [56, 44, 10, 38]; // pixels about the lines
  const APART = 12; // pixels between the names of two lines
  const FAR = 60; // and between two numbers below the chart, at least

  class Curves {
    /**
     * @param {HTMLElement} host
     * @param {{title: string, measure: string, sides: string[], top: number, marks: number[], told: (value: number) => string}} how
     *   measure: what the upright axis says; top: the value at the upper edge; marks: the values that have a line; told: a value in words
     */
    constructor(host, { title, measure, sides, top, marks, told }) {
      this.title = title;
      this.measure = measure;
      this.sides = sides;
      this.top = top;
      this.marks = marks;
      this.told = told;
      this.svg = shape("svg", { role: "img", class: "train-chart", height: HEIGHT });
      this.grid = shape("g", { class: "train-grid" });
      const line = (/** @type {string} */ name) => shape("polyline", { class: name });
      this.made = ""; // of what the frame was drawn
      this.before = sides.map((side) => line(`train-curve is-before is-${side}`));
      this.lines = sides.map((side) => line(`train-curve is-${side}`));
      this.names = sides.map((side) => shape("text", { class: `train-name is-${side}` }, side));
      this.svg.append(this.grid, ...this.before, ...this.lines, ...this.names);
      const heading = InsideMNIST.element("p", { className: "train-title", textContent: title });
      host.append(InsideMNIST.element("div", { className: "train-panel" }, heading, this.svg));
    }

    /**
     * @param {{images: number, values: number[]}[]} points a value for each side
     * @param {{images: number, values: number[]}[]} before those of the last run
     * @param {number} reach images at the right edge
     */
    draw(points, before, reach) {
      const width = Math.round(this.svg.getBoundingClientRect().width);
      if (!width) return;
      const across = (/** @type {number} */ images) => LEFT + ((width - LEFT - RIGHT) * images) / reach;
      const up = (/** @type {number} */ value) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * Math.min(value, this.top)) / this.top;
      this._frame(width, reach, across, up);
      const drawn = (/** @type {typeof points} */ all, /** @type {number} */ side) =>
        all.filter(({ values }) => Number.isFinite(values[side])).map(({ images, values }) => `${across(images).toFixed(1)},${up(values[side]).toFixed(1)}`);
      this.sides.forEach((_, side) => {
        this.lines[side].setAttribute("points", drawn(points, side).join(" "));
        this.before[side].setAttribute("points", drawn(before.filter(({ images }) => images <= reach), side).join(" "));
      });
      this._name(points[points.length - 1], across, up);
    }

    /** @param {number} width @param {number} reach @param {(images: number) => number} across @param {(value: number) => number} up */
    _frame(width, reach, across, up) {
      const asked = `${width} ${reach}`;
      if (asked === this.made) return;
      this.made = asked;
      this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
      const rows = this.marks.flatMap((mark) => [
        shape("line", { x1: LEFT, x2: width - RIGHT, y1: up(mark), y2: up(mark) }),
        shape("text", { x: LEFT - 6, y: up(mark) + 4, "text-anchor": "end" }, this.told(mark)),
      ]);
      const many = [4, 2, 1].find((each) => (width - LEFT - RIGHT) / each > FAR) ?? 1;
      const columns = Array.from({ length: many + 1 }, (_, at) => (reach * at) / many).map((images) =>
        shape("text", { x: across(images), y: HEIGHT - BOTTOM + 17, "text-anchor": "middle" }, InsideMNIST.train.grouped(images)));
      const middle = (HEIGHT - BOTTOM + TOP) / 2;
      const axes = [
        shape("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "images seen"),
        shape("text", { transform: `translate(11 ${middle}) rotate(-90)`, "text-anchor": "middle" }, this.measure),
      ];
      this.grid.replaceChildren(...rows, ...columns, ...axes);
    }

    /**
     * The names of the lines at their ends, one above the other where the lines meet.
     * @param {{images: number, values: number[]} | undefined} point
     * @param {(images: number) => number} across
     * @param {(value: number) => number} up
     */
    _name(point, across, up) {
      const places = this.sides.map((_, side) => (point && Number.isFinite(point.values[side]) ? up(point.values[side]) : NaN));
      const gap = places[1] - places[0];
      if (Math.abs(gap) < APART) {
        const middle = (places[0] + places[1]) / 2;
        places.forEach((_, side) => (places[side] = middle + ((side === 0) === gap > 0 ? -1 : 1) * (APART / 2)));
      }
      this.names.forEach((name, side) => {
        name.toggleAttribute("hidden", Number.isNaN(places[side]));
        name.style.display = Number.isNaN(places[side]) ? "none" : "";
        if (!point || Number.isNaN(places[side])) return;
        name.setAttribute("x", String(across(point.images) + 5));
        name.setAttribute("y", String(places[side] + 4));
      });
    }

    /** What a screen reader is told. @param {{images: number, values: number[]} | undefined} point */
    tell(point) {
      const now = point ? this.sides.map((side, at) => `${side} ${this.told(point.values[at])}`).join(", ") : "nothing yet";
      this.svg.setAttribute("aria-label", `${this.title}: ${now}${point ? `, after ${InsideMNIST.train.grouped(point.images)} images` : ""}.`);
    }
  }

  /** @param {string} tag @param {Object<string, string | number>} attributes @param {string} [text] @returns {SVGElement} */
  function shape(tag, attributes, text = "") {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    made.textContent = text;
    return made;
  }

  /** @param {number} many @returns {string} with separators between thousands, as in the text of the pages */
  function grouped(many) {
    return Math.round(many).toLocaleString("en-GB");
  }

  Object.assign(InsideMNIST.train, { Curves, grouped });
})();
